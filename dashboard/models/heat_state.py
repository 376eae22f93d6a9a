"""What the heat page shows, as it stands in its address and in those of its data."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Literal, get_args

from dashboard.models.incident_filters import YEARS
from geo.model.incident import SOURCES
from geo.operations.heat_cases import Per, Period, Question
from geo.operations.heat_shared import SHARED, find_quarters
from geo.operations.heat_units import Unit

Measure = Literal["count", "rate", "hot", "trend"]
Comparison = Literal["previous", "last_year"]

UNITS: Final[tuple[Unit, ...]] = get_args(Unit)
SMOOTH: Final = "smooth"
MEASURES: Final[tuple[Measure, ...]] = get_args(Measure)
COMPARISONS: Final[tuple[Comparison, ...]] = get_args(Comparison)
PERS: Final[tuple[Per, ...]] = get_args(Per)
SPANS_DAYS: Final = (28, 84, 364)
_USUAL_DAYS: Final = 364
_MOST_DAYS: Final = 3660
_LAST_YEAR_DAYS: Final = 364
_QUESTION: Final = ("unit", "per", "category", "source", "hours", "weekdays")
PARAMS: Final = (*_QUESTION, "measure", "days", "since", "until", "compare", "cell", "shared")


@dataclass(frozen=True, slots=True)
class HeatState:
    """What is shown.

    Attributes:
        question: what is counted.
        period: when.
        measure: what of it the colours say.
        is_smooth: whether a surface is drawn in place of cells; a click then opens a hexagon.
        days: how many days up to today the period has; None where it was chosen by date.
        comparison: which period it is compared with.
        cell: the cell whose card is open.
        is_shared: whether others look at the screen: then everything is of whole quarters, by grid.
    """

    question: Question
    period: Period
    measure: Measure = "rate"
    is_smooth: bool = False
    days: int | None = _USUAL_DAYS
    comparison: Comparison | None = None
    cell: int | None = None
    is_shared: bool = False

    @property
    def before(self) -> Period | None:
        """The period that this one is compared with: as long, the weekdays the same."""
        days = {"previous": self.period.days, "last_year": _LAST_YEAR_DAYS}.get(self.comparison or "")
        if days is None:
            return None
        shift = timedelta(days=days)
        return Period(self.period.since - shift, self.period.until - shift)


def parse_heat_state(
    params: Mapping[str, str], known_codes: Collection[str], today: date
) -> tuple[HeatState, tuple[str, ...]]:
    """Read a state from query parameters.

    Returns:
        The state, and the names of parameters that make no sense and count as not given.
    """
    given = {name: params[name].strip() for name in PARAMS if params.get(name, "").strip()}
    unit = given.get("unit")
    read: dict[str, Any] = {
        "unit": unit if unit in (*UNITS, SMOOTH) else None,
        "per": _pick(given.get("per"), PERS),
        "category": _pick_all(given.get("category"), known_codes),
        "source": _pick_all(given.get("source"), SOURCES),
        "hours": _read_hours(given.get("hours", "")),
        "weekdays": _read_weekdays(given.get("weekdays", "")),
        "measure": _pick(given.get("measure"), MEASURES),
        "days": _read_number(given.get("days", ""), _MOST_DAYS),
        "since": _read_day(given.get("since", "")),
        "until": _read_day(given.get("until", "")),
        "compare": _pick(given.get("compare"), COMPARISONS),
        "cell": _read_number(given.get("cell", ""), None),
        "shared": given.get("shared") == "1" or None,
    }
    period, days = _choose_period(read, today)
    if days is not None:
        read |= {"since": None, "until": None}
    question = Question(
        unit="hexagon" if unit == SMOOTH else read["unit"] or "hexagon",
        per=read["per"],
        categories=read["category"] or (),
        sources=read["source"] or (),
        hours=read["hours"] or (0, 24),
        weekdays=read["weekdays"] or (),
    )
    # Nothing is left beside all cases.
    if question.per == "others" and not question.categories:
        question = replace(question, per=None)
    state = HeatState(
        question=question,
        period=period,
        measure=read["measure"] or "rate",
        is_smooth=unit == SMOOTH,
        days=days,
        comparison=read["compare"],
        cell=read["cell"],
    )
    if read["shared"]:
        state = share(state, today)
    return state, tuple(name for name in given if read[name] is None)


def format_heat_state(state: HeatState) -> dict[str, str | None]:
    """Write a state as :func:`parse_heat_state` reads it; None for what need not be said."""
    question = state.question
    unit = SMOOTH if state.is_smooth else question.unit
    is_usual = state.days == _USUAL_DAYS
    return {
        "unit": None if unit == "hexagon" else unit,
        "per": question.per,
        "category": ",".join(question.categories) or None,
        "source": ",".join(question.sources) or None,
        "hours": None if question.hours == (0, 24) else "{}-{}".format(*question.hours),
        "weekdays": ",".join(str(day + 1) for day in question.weekdays) or None,
        "measure": None if state.measure == "rate" else state.measure,
        "days": None if is_usual or state.days is None else str(state.days),
        "since": None if state.days else state.period.since.isoformat(),
        "until": None if state.days else (state.period.until - timedelta(days=1)).isoformat(),
        "compare": state.comparison,
        "cell": None if state.cell is None else str(state.cell),
        "shared": "1" if state.is_shared else None,
    }


def share(state: HeatState, today: date) -> HeatState:
    """Return what may be seen of a state on a shared screen: no more than is asked for, and nothing finer."""
    groups = tuple(code for code in state.question.categories if len(code) <= len("E12"))
    return HeatState(
        question=replace(SHARED, categories=groups),
        period=find_quarters(state.period, today),
        measure="rate" if state.measure == "trend" else state.measure,
        days=state.days,
        is_shared=True,
    )


def fix_period(state: HeatState) -> HeatState:
    """Return the state with its days by date, as the address of data must have them."""
    return replace(state, days=None, cell=None)


def _choose_period(read: Mapping[str, Any], today: date) -> tuple[Period, int | None]:
    tomorrow = today + timedelta(days=1)
    since, until = read["since"], read["until"]
    if since and until and since <= until and (until - since).days < _MOST_DAYS:
        return Period(since, until + timedelta(days=1)), None
    days = read["days"] or _USUAL_DAYS
    return Period(tomorrow - timedelta(days=days), tomorrow), days


def _pick(text: str | None, known: Collection[str]) -> str | None:
    return text if text in known else None


def _pick_all(text: str | None, known: Collection[str]) -> tuple[str, ...] | None:
    values = tuple(dict.fromkeys((text or "").split(",")))
    return values if text and all(value in known for value in values) else None


def _read_hours(text: str) -> tuple[int, int] | None:
    since, _, until = text.partition("-")
    if not (_is_number(since) and _is_number(until)):
        return None
    hours = (int(since), int(until))
    return hours if hours[0] < 24 and hours[1] <= 24 and hours[0] != hours[1] else None


def _read_weekdays(text: str) -> tuple[int, ...] | None:
    days = text.split(",")
    return tuple(sorted({int(day) - 1 for day in days})) if set(days) <= set("1234567") else None


def _read_number(text: str, most: int | None) -> int | None:
    if not _is_number(text):
        return None
    number = int(text)
    return number if most is None or 1 <= number <= most else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if len(text) == len("2026-11-22") and day.year in YEARS else None

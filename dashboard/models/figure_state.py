"""What the page of figures shows, as it stands in its address; nothing personal is ever put there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from geo.model.indicator import LEVELS, WHOLE, Level
from geo.rules.indicators import INDICATORS
from geo.rules.periods import (
    Period,
    PeriodKind,
    find_compared,
    find_kind,
    find_period,
    format_period,
    go_back,
    is_kept,
    parse_period,
)

Part = Literal["numerator", "rest"]
View = Literal["figures", "packs", "score"]

VIEWS: Final[tuple[View, ...]] = ("figures", "packs", "score")
USUAL_BY: Final = "on_time_rate"
LINE_PERIODS: Final = 13
LONGEST_ID: Final = 18
MOST_CHOICES: Final[Mapping[PeriodKind, int]] = {"day": 31, "week": 26, "month": 24, "quarter": 12}


@dataclass(frozen=True, slots=True)
class FigureState:
    """What is shown.

    Attributes:
        period: a whole day, week, month or quarter.
        level: by what; at each but that of the community, of one indicator.
        by: that indicator.
        figure, key: the figure that is open: an indicator, and of which place or party it is.
        part: which of its cases are listed.
        party: the property company whose pack is shown.
    """

    period: Period
    view: View = "figures"
    level: Level = "community"
    by: str = USUAL_BY
    figure: str | None = None
    key: str = WHOLE
    part: Part = "numerator"
    party: int | None = None

    @property
    def kind(self) -> PeriodKind:
        """Return whether the period is a day, a week, a month or a quarter."""
        return find_kind(self.period) or "month"


@dataclass(frozen=True, slots=True)
class Spans:
    """The days that are measured.

    Attributes:
        now: the period, as far as it is over or runs.
        before, year_before: what it is compared with: as many days of a period that still runs, else all;
            None where no case was kept yet.
        line: periods before and the period itself, the oldest first.
    """

    now: Period
    before: Period | None
    year_before: Period | None
    line: tuple[Period, ...]

    def list_all(self) -> tuple[Period, ...]:
        """Return each once, in the order in which they are measured."""
        asked = (self.now, self.before, self.year_before, *self.line)
        return tuple(dict.fromkeys(period for period in asked if period is not None))


def parse_state(params: Mapping[str, str], today: date) -> FigureState:
    """Read the state from query parameters; what makes no sense counts as not given."""
    period = parse_period(params.get("period", ""))
    if period is None or period.first > today:
        period = find_period("month", today)
    level = params.get("level", "")
    by = params.get("by", "")
    view = params.get("view", "")
    party = params.get("party", "")
    return FigureState(
        period=period,
        view=view if view in VIEWS else "figures",
        level=level if level in LEVELS else "community",
        by=by if by in INDICATORS else USUAL_BY,
        **parse_opened(params.get("open", "")),
        part="rest" if params.get("part") == "rest" else "numerator",
        party=int(party) if party.isdecimal() and len(party) <= LONGEST_ID else None,
    )


def list_ignored(params: Mapping[str, str], state: FigureState) -> tuple[str, ...]:
    """Return the query parameters that make no sense, by the state that was read from them."""
    read = {
        "view": state.view,
        "period": format_period(state.period),
        "level": state.level,
        "by": state.by,
        "open": format_opened(state),
        "party": "" if state.party is None else str(state.party),
    }
    return tuple(name for name, value in read.items() if params.get(name, "") not in {"", value})


def format_state(state: FigureState, today: date) -> dict[str, str | None]:
    """Write the state as :func:`parse_state` reads it; None for what need not be said."""
    return {
        "view": None if state.view == "figures" else state.view,
        "period": None if state.period == find_period("month", today) else format_period(state.period),
        "level": None if state.level == "community" else state.level,
        "by": None if state.level == "community" or state.by == USUAL_BY else state.by,
        "open": format_opened(state),
        "part": "rest" if state.figure and state.part == "rest" else None,
        "party": None if state.party is None else str(state.party),
    }


def parse_opened(words: str) -> dict[str, Any]:
    """Read which figure is open, and of which place: ``figure`` and ``key`` of the state."""
    figure, _, key = words.partition("-")
    return {"figure": figure, "key": key} if figure in INDICATORS else {"figure": None, "key": WHOLE}


def format_opened(state: FigureState) -> str | None:
    """Write which figure is open as :func:`parse_opened` reads it, and as the table names its rows."""
    return f"{state.figure}-{state.key}" if state.figure and state.key else state.figure


def list_choices(kind: PeriodKind, first_report: date, today: date) -> list[Period]:
    """Return the periods of a kind that can be chosen, the newest first."""
    periods = [find_period(kind, today)]
    while len(periods) < MOST_CHOICES[kind] and periods[-1].first > first_report:
        periods.append(go_back(periods[-1], 1, kind))
    return periods


def find_spans(period: Period, kept_from: date, today: date) -> Spans:
    """Return what is measured for a period: what is not over yet is compared with as many days before.

    Args:
        period: a whole day, week, month or quarter.
        kept_from: the first day of which cases were kept.
        today: the day in China, which counts.
    """
    kind = find_kind(period) or "month"
    before, year_before = (
        earlier if is_kept(earlier, kept_from) else None for earlier in find_compared(period, kind, today)
    )
    line = (go_back(period, steps, kind) for steps in range(LINE_PERIODS - 1, 0, -1))
    return Spans(
        now=period,
        before=before,
        year_before=year_before,
        line=(*(each for each in line if each.end > kept_from), period),
    )

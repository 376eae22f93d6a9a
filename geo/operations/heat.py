"""Where it is hot: how many cases a place had, against what lives there, and how sure that is.

A question says what is counted, by which cells, over which denominator; a period says when. Whatever an
answer shows, it can say what it counted, how many, and how many of them nobody could place.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import monotonic
from typing import Any, Final, Literal, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import shapely
from cachetools import LRUCache

from geo.operations.heat_units import Dwelling, Layout, Unit, lay_out
from geo.patterns.density import Raster, smooth_density, spread_cases
from geo.patterns.emerging import Emerging, classify_cells
from geo.patterns.hotspots import LEVEL, Change, Hotspots, compare_periods, find_hotspots
from geo.patterns.neighbours import Flags, Floats
from geo.patterns.rates import Rates, compute_rates, divide
from geo.store.patterns import (
    DAY_MIN,
    SOURCES,
    Cases,
    Columns,
    Looks,
    count_days,
    count_minutes,
    read_columns,
    read_looks,
)

Per = Literal["households", "residents", "merchants", "others"]

_LEAST_AT_RISK: Final[Mapping[Per, float]] = {
    "households": 10,
    "residents": 10,
    "merchants": 5,
    "others": 2,
}
_Made = TypeVar("_Made")

WEEKS_SHOWN: Final = 4
"""How many weeks each picture of the slider adds up."""

_LOOKED_DAYS: Final = 365
_YEAR_DAYS: Final = 364
_LOOKS_KEPT_S: Final = 300.0
_WEEK_DAYS: Final = 7
_DAY_HOURS: Final = 24
_KEPT_ANSWERS: Final = 256
# Fewer cases expected, or households, residents or merchants nearby, say nothing of a rate.
_LEAST_EXPECTED: Final = 1.0
_LEAST_PER_HECTARE: Final = 2.0
# What shops do. Vendors, flyers and clutter are in the street, wherever there are shops or none.
_SHOP_MATTERS: Final = frozenset({"E2", "E201", "E204", "E205", "E206", "E702"})
_MOST_CODES: Final = 256


@dataclass(frozen=True, slots=True)
class Period:
    """Days in China from ``since`` on and before ``until``."""

    since: date
    until: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.until - self.since).days


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted, by what, over what.

    Attributes:
        unit: the cells.
        per: the denominator of rates: what lives there, or all other cases that were reported there; None for
            what explains the cases best.
        categories: codes of either level; none means all that may be counted.
        sources: where the cases came from; none means from anywhere.
        hours: first hour of the day, and the hour before which; over midnight where the first is later.
        weekdays: from Monday, which is 0; none means all.
    """

    unit: Unit = "hexagon"
    per: Per | None = None
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    hours: tuple[int, int] = (0, _DAY_HOURS)
    weekdays: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class State:
    """A community in one state: its columns, and who has been looked at; equal ``tag``, equal answers."""

    tag: str
    columns: Columns
    looks: Looks
    answers: LRUCache[tuple[object, ...], Any] = field(default_factory=lambda: LRUCache(_KEPT_ANSWERS))


@dataclass(frozen=True, eq=False)
class Answer:
    """What was counted in a period; n cells.

    Attributes:
        period: when.
        per: over what.
        layout: the cells.
        counted: cases that fit the question.
        unplaced: those of them that lie in no cell.
        silent_buildings: row ids of those with neither a case nor a visit.
        rates: of the cells; ``is_unknown`` where there is a building and neither a case of any kind nor a
            visit for a year, or for the period if it is longer.
        spots: where there is more than what lives there explains.
        is_hidden: on shared screens, where too few cases are to be told; nowhere else.
    """

    period: Period
    per: Per
    layout: Layout
    counted: int
    unplaced: int
    silent_buildings: npt.NDArray[np.int64]
    rates: Rates
    spots: Hotspots
    is_hidden: Flags

    @property
    def mean_rate(self) -> float:
        """The rate of all cells together."""
        living = self.rates.at_risk > 0
        at_risk = float(self.rates.at_risk[living].sum())
        return float(self.rates.count[living].sum()) / at_risk if at_risk else 0.0


@dataclass(frozen=True, eq=False)
class Surface:
    """The cases of a period as a smooth surface.

    Attributes:
        density: cases per hectare; NaN outside the community.
        rate: over the density of what they are counted over; NaN where too little of that is near.
    """

    density: Raster
    rate: Floats


@dataclass(frozen=True, eq=False)
class Weeks:
    """The weeks of a period, the last complete; n cells × m weeks.

    Attributes:
        first: the day on which the first week begins.
        count: cases of each week.
        shown: cases of the :data:`WEEKS_SHOWN` weeks up to each.
        smoothed: their rates, smoothed.
        emerging: where it was hot in them, and what became of it.
    """

    first: date
    count: Floats
    shown: Floats
    smoothed: Floats
    emerging: Emerging

    @property
    def window(self) -> Period:
        """A period as long as what each picture shows."""
        return Period(self.first, self.first + timedelta(days=WEEKS_SHOWN * _WEEK_DAYS))


def read_state(community_id: int) -> State:
    """Return the present state of a community; visits may be some minutes old.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    columns = read_columns(community_id)
    with _guard:
        kept = _states.get(columns)
    if kept is None or monotonic() > kept[0]:
        looks = read_looks(community_id, columns.ground)
        state = State(f"{columns.tag}-{len(looks.day)}", columns, looks)
        kept = (monotonic() + _LOOKS_KEPT_S, state)
        with _guard:
            _states[columns] = kept
    return kept[1]


def measure(state: State, question: Question, period: Period) -> Answer:
    """Count the cases of a period, cell by cell."""
    return recall(state, ("measure", question, period), lambda: _measure(state, question, period))


def follow_weeks(state: State, question: Question, period: Period) -> Weeks:
    """Count the cases of the whole weeks in a period; the last ends with it."""
    return recall(state, ("weeks", question, period), lambda: _follow_weeks(state, question, period))


def compare(state: State, question: Question, before: Period, after: Period) -> Change:
    """Compare two periods cell by cell, relative to what the whole community did."""

    def make() -> Change:
        first, second = (measure(state, question, period) for period in (before, after))
        return compare_periods(first.rates.count, second.rates.count, first.layout.neighbours)

    return recall(state, ("compare", question, before, after), make)


def smooth(state: State, question: Question, period: Period) -> Surface:
    """Smooth the cases of a period, and what they are counted over, to a surface."""
    return recall(state, ("smooth", question, period), lambda: _smooth(state, question, period))


def find_spots(
    state: State, question: Question, period: Period, *, shared_by: int = 1
) -> tuple[Answer, list[int]]:
    """Return where it is hot, the surest first, with the answer that says how.

    Args:
        state: the community.
        question: what is counted.
        period: when.
        shared_by: how many questions are asked at once, so that all together are no less sure.
    """
    answer = measure(state, question, period)
    rates, neighbours = answer.rates, answer.layout.neighbours
    spots = find_hotspots(rates.count, rates.at_risk, neighbours, level=LEVEL / max(shared_by, 1))
    rows = np.flatnonzero(spots.is_hot)
    return answer, rows[np.argsort(-rates.low[rows], kind="stable")].tolist()


def list_counted_categories(state: State, period: Period) -> tuple[str, ...]:
    """Return the categories of which there were cases in a period."""
    cases = state.columns.cases
    present = np.unique(cases.category[_slice(cases, period)])
    return tuple(cases.categories[number] for number in present)


def choose_per(columns: Columns, question: Question) -> Per:
    """Return what explains cases best: shops those of shops, other cases those of streets, homes the rest."""
    if not question.categories:
        return "households"
    if _SHOP_MATTERS.issuperset(question.categories):
        return "merchants"
    cases = columns.cases
    wanted = _choose_categories(cases, question.categories)[cases.category]
    # A case in no building is one of the street; and a building has no street.
    is_outside = np.count_nonzero(cases.building[wanted] < 0) * 2 > np.count_nonzero(wanted)
    return "others" if is_outside and question.unit != "building" else "households"


def select_cases(cases: Cases, question: Question, period: Period) -> npt.NDArray[np.intp]:
    """Return the rows of the cases that fit a question, in the order of their report."""
    rows = _slice(cases, period)
    fits = _choose_categories(cases, question.categories)[cases.category[rows]]
    if question.sources:
        wanted = np.zeros(len(SOURCES) + 1, bool)
        wanted[[SOURCES.index(source) for source in question.sources]] = True
        fits &= wanted[cases.source[rows]]
    hours = _choose_hours(question)
    if not hours.all():
        fits &= hours[cases.hour[rows]]
    return np.asarray(np.flatnonzero(fits) + rows.start)


def count_weeks(cases: Cases, layout: Layout, rows: npt.NDArray[np.intp], period: Period) -> Floats:
    """Count the cases of some rows by cell and by week of a period, whose weeks are whole."""
    weeks = period.days // _WEEK_DAYS
    week = (cases.reported_min[rows] - count_minutes(period.since)) // (_WEEK_DAYS * DAY_MIN)
    cell = layout.of_case[rows]
    is_in = cell >= 0
    slot = cell[is_in].astype(np.int64) * weeks + week[is_in]
    return _count(slot, len(layout) * weeks).reshape(len(layout), weeks)


def _measure(state: State, question: Question, period: Period) -> Answer:
    columns = state.columns
    layout = lay_out(columns, question.unit)
    per = question.per or choose_per(columns, question)
    rows = select_cases(columns.cases, question, period)
    count = _count(layout.of_case[rows], len(layout))
    at_risk = _find_at_risk(columns, layout, question, per, period)
    return Answer(
        period=period,
        per=per,
        layout=layout,
        counted=len(rows),
        unplaced=len(rows) - int(count.sum()),
        silent_buildings=columns.ground.building_ids[
            _count_signs(state, lay_out(columns, "building"), period) == 0
        ],
        rates=compute_rates(
            count,
            at_risk,
            visits=_count_signs(state, layout, period),
            neighbours=layout.neighbours,
            least_at_risk=_LEAST_AT_RISK[per],
        ),
        spots=find_hotspots(count, at_risk, layout.neighbours),
        is_hidden=np.zeros(len(layout), bool),
    )


def _follow_weeks(state: State, question: Question, period: Period) -> Weeks:
    columns = state.columns
    layout = lay_out(columns, question.unit)
    per = question.per or choose_per(columns, question)
    weeks = max(period.days // _WEEK_DAYS, 1)
    first = period.until - timedelta(days=weeks * _WEEK_DAYS)
    whole = Period(first, period.until)
    rows = select_cases(columns.cases, question, whole)
    count = count_weeks(columns.cases, layout, rows, whole)
    at_risk = _find_at_risk(columns, layout, question, per, whole)
    shown = _add_up(count, WEEKS_SHOWN)
    smoothed = [compute_rates(column, at_risk).smoothed for column in shown.T]
    emerging = classify_cells(count, at_risk, layout.neighbours)
    return Weeks(first, count, shown, np.column_stack(smoothed), emerging)


def _smooth(state: State, question: Question, period: Period) -> Surface:
    columns = state.columns
    ground, cases = columns.ground, columns.cases
    rows = select_cases(cases, question, period)
    rows = rows[~np.isnan(cases.x_m[rows])]
    bounds = ground.outline.bounds
    x_m, y_m = cases.x_m[rows].astype(np.float64), cases.y_m[rows].astype(np.float64)
    density = smooth_density(x_m, y_m, bounds)
    height, width = density.values.shape
    middles = np.meshgrid(
        density.west_m + (np.arange(width) + 0.5) * density.pixel_m,
        density.south_m + (np.arange(height) + 0.5) * density.pixel_m,
    )
    shapely.prepare(ground.outline)
    is_inside = shapely.contains_xy(ground.outline, *middles)
    per = question.per or choose_per(columns, question)
    dwellings = lay_out(columns, "building").dwellings["households" if per == "others" else per]
    places_m = ground.places_m
    living = smooth_density(places_m[:, 0], places_m[:, 1], bounds, weights=dwellings).values
    is_peopled = living >= _LEAST_PER_HECTARE
    return Surface(
        density=replace(density, values=np.where(is_inside, density.values, np.nan)),
        rate=divide(density.values, np.where(is_inside & is_peopled, living, 0.0)),
    )


def _find_at_risk(columns: Columns, layout: Layout, question: Question, per: Per, period: Period) -> Floats:
    if per != "others":
        dwelling: Dwelling = per
        return layout.dwellings[dwelling]
    cases = columns.cases
    rows = _slice(cases, Period(period.until - timedelta(days=_YEAR_DAYS), period.until))
    is_other = ~_choose_categories(cases, question.categories)[cases.category[rows]]
    is_other &= (cases.building[rows] < 0) & ~np.isnan(cases.x_m[rows])
    expected = spread_cases(
        cases.x_m[rows][is_other].astype(np.float64),
        cases.y_m[rows][is_other].astype(np.float64),
        layout.places_m[:, 0],
        layout.places_m[:, 1],
        layout.land_m2,
    )
    expected *= period.days / _YEAR_DAYS
    # Where next to nothing is ever reported there is nothing to compare with.
    return np.where(expected >= _LEAST_EXPECTED, expected, 0.0)


def _count_signs(state: State, layout: Layout, period: Period) -> Floats:
    """Count what shows that somebody looked at a cell: visits, and cases of any kind; open land is known."""
    looked = Period(min(period.since, period.until - timedelta(days=_LOOKED_DAYS)), period.until)
    rows = _slice(state.columns.cases, looked)
    days = (count_days(looked.since), count_days(looked.until))
    is_in = (state.looks.day >= days[0]) & (state.looks.day < days[1])
    visits = _count(layout.of_building[state.looks.building[is_in]], len(layout))
    return visits + _count(layout.of_case[rows], len(layout)) + ~layout.has_building


def _add_up(count: Floats, span: int) -> Floats:
    """Return for each week the sum of the ``span`` weeks up to it."""
    total = np.cumsum(count, axis=1)
    total[:, span:] -= total[:, :-span].copy()
    return np.asarray(total)


def _slice(cases: Cases, period: Period) -> slice:
    bounds = (count_minutes(period.since), count_minutes(period.until))
    start, stop = np.searchsorted(cases.reported_min, bounds)
    return slice(int(start), int(stop))


def _choose_categories(cases: Cases, codes: tuple[str, ...]) -> Flags:
    wanted = np.zeros(_MOST_CODES, bool)
    for number, code in enumerate(cases.categories):
        wanted[number] = not codes or code in codes or cases.parents[number] in codes
    return wanted


def _choose_hours(question: Question) -> Flags:
    since, until = question.hours
    hour = np.arange(_DAY_HOURS)
    wanted = (hour >= since) & (hour < until) if since < until else (hour >= since) | (hour < until)
    day = np.array([not question.weekdays or each in question.weekdays for each in range(_WEEK_DAYS)])
    return np.asarray(day[:, None] & wanted).ravel()


def _count(cells: npt.NDArray[np.integer], size: int) -> Floats:
    return np.bincount(cells[cells >= 0], minlength=size).astype(np.float64)


def recall(state: State, key: tuple[object, ...], make: Callable[[], _Made]) -> _Made:
    """Return what was made of a state under a key, or make it."""
    with _guard:
        found = state.answers.get(key)
    if found is None:
        found = make()
        with _guard:
            state.answers[key] = found
    made: _Made = found
    return made


_guard: Final = threading.Lock()
_states: WeakKeyDictionary[Columns, tuple[float, State]] = WeakKeyDictionary()

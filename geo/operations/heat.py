"""Where it is hot: how many cases a place had, against what lives there, and how sure that is.

A question says what is counted, by which cells, over which denominator; a period says when. Whatever an
answer shows, it can say what it counted, how many, and how many of them nobody could place.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from time import monotonic
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import shapely
from cachetools import LRUCache

from geo.operations.heat_cases import (
    LEAST_AT_RISK,
    YEAR_DAYS,
    Per,
    Period,
    Question,
    choose_per,
    count_cells,
    find_at_risk,
    find_others,
    select_cases,
    slice_cases,
)
from geo.operations.heat_units import Layout, lay_out
from geo.patterns.density import Raster, smooth_density
from geo.patterns.emerging import Emerging, classify_cells
from geo.patterns.hotspots import LEVEL, Change, Hotspots, compare_periods, find_hotspots
from geo.patterns.neighbours import Flags, Floats
from geo.patterns.rates import Rates, compute_rates, divide, smooth_globally
from geo.store.pattern_cases import DAY_MIN, Cases, count_days, count_minutes
from geo.store.patterns import Columns, Looks, read_columns, read_looks

_Made = TypeVar("_Made")

WEEKS_SHOWN: Final = 4
"""How many weeks each picture of the slider adds up."""

_LOOKED_DAYS: Final = 365
_LOOKS_KEPT_S: Final = 300.0
_WEEK_DAYS: Final = 7
_KEPT_ANSWERS: Final = 256
# Fewer of these near a place, by the hectare, say nothing of a rate.
_LEAST_PER_HECTARE: Final[Mapping[Per, float]] = {
    "households": 2.0,
    "residents": 5.0,
    "merchants": 0.5,
    "others": 0.2,
}


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
        known = _known.get(columns)
    if known is None or monotonic() > known.good_until_s:
        looks = read_looks(community_id, columns.ground)
        known = _Known(monotonic() + _LOOKS_KEPT_S, looks, LRUCache(_KEPT_ANSWERS))
        with _guard:
            _known[columns] = known
    return State(f"{columns.tag}-{len(known.looks.day)}", columns, known.looks, known.answers)


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
        return compare_periods(first.rates.count, second.rates.count, first.layout.windows)

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
    rates, windows = answer.rates, answer.layout.windows
    spots = find_hotspots(rates.count, rates.at_risk, windows, level=LEVEL / max(shared_by, 1))
    rows = np.flatnonzero(spots.is_hot)
    return answer, rows[np.argsort(-spots.low[rows], kind="stable")].tolist()


def list_counted_categories(state: State, period: Period) -> tuple[str, ...]:
    """Return the categories of which there were cases in a period."""
    cases = state.columns.cases
    present = np.unique(cases.category[slice_cases(cases, period)])
    return tuple(cases.categories[number] for number in present)


def count_weeks(cases: Cases, layout: Layout, rows: npt.NDArray[np.intp], period: Period) -> Floats:
    """Count the cases of some rows by cell and by week of a period, whose weeks are whole."""
    weeks = period.days // _WEEK_DAYS
    week = (cases.reported_min[rows] - count_minutes(period.since)) // (_WEEK_DAYS * DAY_MIN)
    cell = layout.of_case[rows]
    is_in = cell >= 0
    slot = cell[is_in].astype(np.int64) * weeks + week[is_in]
    return count_cells(slot, len(layout) * weeks).reshape(len(layout), weeks)


def _measure(state: State, question: Question, period: Period) -> Answer:
    columns = state.columns
    layout = lay_out(columns, question.unit)
    per = question.per or choose_per(columns, question)
    rows = select_cases(columns.cases, question, period)
    count = count_cells(layout.of_case[rows], len(layout))
    at_risk = find_at_risk(columns, layout, question, per, period)
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
            least_at_risk=LEAST_AT_RISK[per],
        ),
        spots=find_hotspots(count, at_risk, layout.windows),
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
    at_risk = find_at_risk(columns, layout, question, per, whole)
    shown = _add_up(count, WEEKS_SHOWN)
    # Of other cases a picture may expect no more than its share of the period.
    seen = at_risk * (WEEKS_SHOWN / weeks) if per == "others" else at_risk
    smoothed = [smooth_globally(column, seen) for column in shown.T]
    emerging = classify_cells(count, at_risk, layout.windows)
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
    if per == "others":
        near = smooth_density(*find_others(cases, question, period), bounds).values
        near = near * (period.days / YEAR_DAYS)
    else:
        dwellings = lay_out(columns, "building").dwellings[per]
        near = smooth_density(ground.places_m[:, 0], ground.places_m[:, 1], bounds, weights=dwellings).values
    is_enough = near >= _LEAST_PER_HECTARE[per]
    return Surface(
        density=replace(density, values=np.where(is_inside, density.values, np.nan)),
        rate=divide(density.values, np.where(is_inside & is_enough, near, 0.0)),
    )


def _count_signs(state: State, layout: Layout, period: Period) -> Floats:
    """Count what shows that somebody looked at a cell: visits, and cases of any kind; open land is known."""
    looked = Period(min(period.since, period.until - timedelta(days=_LOOKED_DAYS)), period.until)
    rows = slice_cases(state.columns.cases, looked)
    days = (count_days(looked.since), count_days(looked.until))
    is_in = (state.looks.day >= days[0]) & (state.looks.day < days[1])
    visits = count_cells(layout.of_building[state.looks.building[is_in]], len(layout))
    return visits + count_cells(layout.of_case[rows], len(layout)) + ~layout.has_building


def _add_up(count: Floats, span: int) -> Floats:
    """Return for each week the sum of the ``span`` weeks up to it."""
    total = np.cumsum(count, axis=1)
    total[:, span:] -= total[:, :-span].copy()
    return np.asarray(total)


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


@dataclass(frozen=True)
class _Known:
    """What goes with columns for as long as somebody has them; it must not hold them itself."""

    good_until_s: float
    looks: Looks
    answers: LRUCache[tuple[object, ...], Any]


_guard: Final = threading.Lock()
_known: WeakKeyDictionary[Columns, _Known] = WeakKeyDictionary()

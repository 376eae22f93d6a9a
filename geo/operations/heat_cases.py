"""Which cases a question about heat is about, and over what they are counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from geo.model.incident import SOURCES
from geo.operations.heat_units import Dwelling, Layout, Unit
from geo.patterns.density import spread_cases
from geo.patterns.neighbours import Flags, Floats
from geo.store.pattern_cases import Cases, count_minutes
from geo.store.patterns import Columns

Per = Literal["households", "residents", "merchants", "others"]

LEAST_AT_RISK: Final[Mapping[Per, float]] = {
    "households": 10,
    "residents": 10,
    "merchants": 5,
    "others": 2,
}
"""Fewer say nothing of a rate."""

YEAR_DAYS: Final = 364
_DAY_HOURS: Final = 24
_WEEK_DAYS: Final = 7
# Where less is ever reported, there is nothing to compare with.
_LEAST_EXPECTED: Final = 0.1
# What shops do. Vendors, flyers and clutter are in the street, wherever there are shops or none.
_SHOP_MATTERS: Final = frozenset({"E2", "E201", "E204", "E205", "E206", "E702", "E904"})
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
    rows = slice_cases(cases, period)
    fits = _choose_categories(cases, question.categories)[cases.category[rows]]
    if question.sources:
        wanted = np.zeros(len(SOURCES) + 1, bool)
        wanted[[SOURCES.index(source) for source in question.sources]] = True
        fits &= wanted[cases.source[rows]]
    hours = _choose_hours(question)
    if not hours.all():
        fits &= hours[cases.hour[rows]]
    return np.asarray(np.flatnonzero(fits) + rows.start)


def find_at_risk(columns: Columns, layout: Layout, question: Question, per: Per, period: Period) -> Floats:
    """Return over what the cases of each cell are counted.

    Args:
        columns: the community.
        layout: the cells.
        question: what is counted.
        per: over what.
        period: when; of other cases, as many as a year lets expect in as many days.
    """
    if per != "others":
        dwelling: Dwelling = per
        return layout.dwellings[dwelling]
    x_m, y_m = find_others(columns.cases, question, period)
    expected = spread_cases(x_m, y_m, layout.places_m[:, 0], layout.places_m[:, 1], layout.land_m2)
    expected *= period.days / YEAR_DAYS
    return np.where(expected >= _LEAST_EXPECTED, expected, 0.0)


def find_others(cases: Cases, question: Question, period: Period) -> tuple[Floats, Floats]:
    """Return where in the street all other cases were, of the year up to the end of a period, in metres."""
    rows = slice_cases(cases, Period(period.until - timedelta(days=YEAR_DAYS), period.until))
    is_other = ~_choose_categories(cases, question.categories)[cases.category[rows]]
    is_other &= (cases.building[rows] < 0) & ~np.isnan(cases.x_m[rows])
    return cases.x_m[rows][is_other].astype(np.float64), cases.y_m[rows][is_other].astype(np.float64)


def slice_cases(cases: Cases, period: Period) -> slice:
    """Return the rows of a period."""
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


def count_cells(cells: npt.NDArray[np.integer], size: int) -> Floats:
    """Count how often each cell comes; -1 is none."""
    return np.bincount(cells[cells >= 0], minlength=size).astype(np.float64)

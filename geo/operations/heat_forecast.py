"""Where to walk next: the tenth of the land in which most is to be expected, and how well that has served.

A hot spot is where there is more than there should be; most of what comes next comes from where much always
comes. So the cells are ranked by what :mod:`geo.patterns.prediction` expects on a square metre. How well that
serves is told beside it, with what a smooth density of the same cases would have caught on as much land: both
are asked what the last weeks of the period brought, from what was before them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import numpy as np

from geo.operations.heat import State, count_weeks, recall
from geo.operations.heat_cases import Period, Question, count_cells, select_cases, slice_cases
from geo.operations.heat_units import Layout, lay_out
from geo.patterns.density import smooth_density
from geo.patterns.neighbours import Flags, Floats
from geo.patterns.prediction import Capture, choose_cells, forecast_counts, measure_capture

LAND_SHARE: Final = 0.1
"""So much of the land is walked."""

TRIED_DAYS: Final = 28
"""How many days at the end of a period show how well a forecast serves."""

_WEEK_DAYS: Final = 7
_LEAST_WEEKS: Final = 8
_PIXEL_M: Final = 10.0


@dataclass(frozen=True, eq=False)
class Forecast:
    """Where most is to be expected after a period; n cells.

    Attributes:
        layout: the cells.
        expected: cases in the four weeks after it.
        is_chosen: the cells to walk, :data:`LAND_SHARE` of the land.
    """

    layout: Layout
    expected: Floats
    is_chosen: Flags


@dataclass(frozen=True)
class Trial:
    """What forecasts would have caught in the last days of a period, of ``came`` cases.

    Attributes:
        came: how many cases the days brought.
        ours: what the forecast caught of them.
        smooth: what the smooth density of the cases before them caught.
    """

    came: int
    ours: Capture
    smooth: Capture


def forecast(state: State, question: Question, period: Period) -> Forecast:
    """Say where most is to be expected in the four weeks after a period.

    Args:
        state: the community.
        question: what is counted; over what does not matter.
        period: what is known.
    """
    return recall(state, ("forecast", question, period), lambda: _forecast(state, question, period))


def rank_cells(known: Forecast) -> list[int]:
    """Return the rows of the cells to walk, the most expected cases on a square metre first."""
    rows = np.flatnonzero(known.is_chosen & (known.expected > 0))
    density = known.expected[rows] / np.maximum(known.layout.land_m2[rows], 1e-9)
    return [int(row) for row in rows[np.argsort(-density, kind="stable")]]


def try_forecast(state: State, question: Question, period: Period) -> Trial | None:
    """Tell how well forecasts would have served in the last days of a period; None where it is too short.

    Args:
        state: the community.
        question: what is counted.
        period: its last :data:`TRIED_DAYS` days are those to be caught, from the days before.
    """
    split = period.until - timedelta(days=TRIED_DAYS)
    before = Period(period.since, split)
    if before.days < _LEAST_WEEKS * _WEEK_DAYS:
        return None
    known = forecast(state, question, before)
    layout, land_m2 = known.layout, known.layout.land_m2
    came = _count(state, question, layout, Period(split, period.until))
    is_smooth = choose_cells(_smooth(state, question, layout, before), land_m2, LAND_SHARE)
    return Trial(
        came=int(came.sum()),
        ours=measure_capture(known.is_chosen, land_m2, came),
        smooth=measure_capture(is_smooth, land_m2, came),
    )


def sum_trials(trials: Sequence[Trial | None]) -> Trial | None:
    """Put trials of several questions together, each by how many cases it had; None where none had."""
    tried = [trial for trial in trials if trial is not None and trial.came]
    came = sum(trial.came for trial in tried)
    if not came:
        return None

    def average(captures: Sequence[Capture]) -> Capture:
        weights = [trial.came / came for trial in tried]
        return Capture(
            sum(weight * capture.area_share for weight, capture in zip(weights, captures, strict=True)),
            sum(weight * capture.hit_rate for weight, capture in zip(weights, captures, strict=True)),
        )

    return Trial(came, average([trial.ours for trial in tried]), average([trial.smooth for trial in tried]))


def _forecast(state: State, question: Question, period: Period) -> Forecast:
    layout = lay_out(state.columns, question.unit)
    weeks = max(period.days // _WEEK_DAYS, 1)
    whole = Period(period.until - timedelta(days=weeks * _WEEK_DAYS), period.until)
    rows = select_cases(state.columns.cases, question, whole)
    counts = count_weeks(state.columns.cases, layout, rows, whole)
    weekly = forecast_counts(counts, _count_others(state, question, layout, whole), layout.windows)
    expected = weekly * (TRIED_DAYS / _WEEK_DAYS)
    return Forecast(layout, expected, choose_cells(expected, layout.land_m2, LAND_SHARE))


def _count(state: State, question: Question, layout: Layout, period: Period) -> Floats:
    return count_cells(layout.of_case[select_cases(state.columns.cases, question, period)], len(layout))


def _count_others(state: State, question: Question, layout: Layout, period: Period) -> Floats:
    """Count all other matters of the kind of place; where nothing is left, those who live there."""
    cases = state.columns.cases
    every = slice_cases(cases, period)
    is_other = np.ones(every.stop - every.start, bool)
    asked = select_cases(cases, replace(question, sources=(), hours=(0, 24), weekdays=()), period)
    is_other[asked - every.start] = False
    is_outside = cases.building[every] < 0
    of_street = np.count_nonzero(is_outside[~is_other]) * 2 > np.count_nonzero(~is_other)
    others = count_cells(layout.of_case[every][is_other & (is_outside == of_street)], len(layout))
    return others if others.any() else layout.dwellings["households"]


def _smooth(state: State, question: Question, layout: Layout, period: Period) -> Floats:
    cases = state.columns.cases
    rows = select_cases(cases, question, period)
    rows = rows[~np.isnan(cases.x_m[rows])]
    x_m, y_m = cases.x_m[rows].astype(np.float64), cases.y_m[rows].astype(np.float64)
    density = smooth_density(x_m, y_m, state.columns.ground.outline.bounds, pixel_m=_PIXEL_M)
    return density.read(layout.places_m[:, 0], layout.places_m[:, 1]) * layout.land_m2

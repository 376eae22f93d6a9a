"""How a hot spot comes and goes: new, growing, persistent, fading, sporadic; over a cube of cells × steps.

A step is a week, say. Which cells have a pattern is asked on seven maps: of all steps, of each half and
of each quarter of them (:mod:`geo.patterns.hotspots`, no halo). With nothing hot at any time, anything
at all has a pattern in at most ``level`` of cubes. In these cells each step is judged by the cases of
its last ``span`` steps in the cell and its neighbours, given the cases of all cells in the same steps:
what the whole town does, season and holidays included, falls out.

The trend is the change of the cell's share of all cases per step: a score test given both margins (the
exact form of Cochran and Armitage). Where there are two cycles (years) or more, steps are only compared
with steps of the same season, so that a place with a season of its own has no trend for it.

==========  =============================================================================================
NEW         hot for the first time in the last ``recent`` steps
GROWING     hot lately and at least half the time since it first was, and rising
PERSISTENT  hot lately and at least half the time since it first was, neither rising nor falling
FADING      falling since it first was hot
SPORADIC    hot now and then
==========  =============================================================================================
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import special

from geo.patterns.hotspots import LEAST_CASES, LEAST_RATIO, LEVEL, mark_hot, tail_binomial
from geo.patterns.neighbours import Flags, Floats, Neighbours, sum_around

# Weeks of a year.
CYCLE: Final = 52
# Of the time since a place first was hot.
_LASTING: Final = 0.5
# Steps judged together: a month, two, a quarter, half a year; in fewer cases than these nothing can be seen.
_SPANS: Final = (4, 8, 13, 26)
_ENOUGH_CASES: Final = 50
_QUARTERS: Final = 4


class Pattern(IntEnum):
    """How a cell has been hot."""

    NONE = 0
    NEW = 1
    GROWING = 2
    PERSISTENT = 3
    FADING = 4
    SPORADIC = 5


@dataclass(frozen=True)
class Trend:
    """Relative change of a cell's share of all cases from one step to the next; nan where it had none.

    Attributes:
        growth: 0.02 is 2 % more each step.
        low: lower end of its 95 % interval.
        high: its upper end.
        p: chance of a change as large, up or down, if there were none.
    """

    growth: Floats
    low: Floats
    high: Floats
    p: Floats


@dataclass(frozen=True)
class Emerging:
    """What became of each cell.

    Attributes:
        pattern: n, values of :class:`Pattern`.
        span: steps whose cases are judged together.
        is_hot: n × steps; hot by the cases of the last ``span`` steps.
        trend: of each cell and its neighbours over all steps.
    """

    pattern: npt.NDArray[np.int8]
    span: int
    is_hot: Flags
    trend: Trend


def classify_cells(
    counts: Floats, at_risk: Floats, neighbours: Neighbours, *, span: int | None = None, recent: int = 8,
    cycle: int = CYCLE, least_ratio: float = LEAST_RATIO, level: float = LEVEL,
) -> Emerging:  # fmt: skip
    """Say of each cell how it has been hot.

    Args:
        counts: n × steps, cases; the last step is the latest.
        at_risk: n households, residents or merchants; where there are none, cases count for nothing.
        neighbours: n × n.
        span: steps whose cases are judged together; unless given, as few as see fifty cases in all cells.
        recent: steps that count as lately.
        cycle: steps of a year.
        least_ratio: how many times the rate elsewhere is hot at the least.
        level: which share of cubes with nothing hot may show anything.
    """
    people = np.asarray(at_risk, dtype=np.float64)
    cases = np.where(people[:, None] > 0, counts, 0.0)
    everywhere = cases.sum(axis=0)
    around = sum_around(neighbours, cases)
    (rows,) = np.nonzero(_mark_ever_hot(cases, people, neighbours, least_ratio, level))
    chosen = span or _choose_span(everywhere)
    is_hot = np.zeros(cases.shape, bool)
    is_hot[rows] = _find_hot_steps(
        _sum_back(around[rows], chosen), _sum_back(everywhere[None], chosen)[0],
        (sum_around(neighbours, people) / max(people.sum(), 1e-300))[rows], least_ratio, level,
    )  # fmt: skip
    rows = rows[is_hot[rows].any(axis=1)]
    pattern = np.zeros(len(people), dtype=np.int8)
    pattern[rows] = _name_patterns(is_hot[rows], around[rows], everywhere, recent, cycle, level)
    return Emerging(pattern, chosen, is_hot, measure_trend(around, everywhere, cycle=cycle))


def measure_trend(
    counts: Floats, everywhere: Floats, *, cycle: int = CYCLE, is_used: Flags | None = None
) -> Trend:
    """Return the trend of places within that of all, season against season where there are years to compare.

    Args:
        counts: n × steps, cases of each place.
        everywhere: cases of each step, those of the places among them.
        cycle: steps of a year.
        is_used: n × steps to look at, all unless given.
    """
    steps = counts.shape[1]
    used = np.ones((1, steps)) if is_used is None else is_used.astype(np.float64)
    # Each week is compared with itself in other years; under two years all with all.
    season = np.arange(steps) % cycle if steps >= 2 * cycle else np.zeros(steps, dtype=np.int64)
    into = (season[:, None] == np.arange(season.max() + 1)).astype(np.float64)
    time = np.arange(steps) - (steps - 1) / 2
    weight = used * everywhere
    cases, all_cases = (used * counts) @ into, weight @ into
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nan_to_num((weight * time) @ into / all_cases)
        spread = np.nan_to_num((weight * time**2) @ into / all_cases) - mean**2
        score = (used * counts) @ time - (cases * mean).sum(axis=1)
        left = np.maximum(all_cases - cases, 0.0)
        variance = (cases * np.nan_to_num(left / (all_cases - 1)) * spread).sum(axis=1)
        information = (cases * np.nan_to_num(left / all_cases) * spread).sum(axis=1)
        z = score / np.sqrt(variance)
        slope, error = score / information, special.ndtri(0.975) / np.sqrt(information)
    is_known = (variance > 0) & (information > 0)
    growth, low, high = (
        np.where(is_known, np.expm1(np.where(is_known, part, 0.0)), np.nan)
        for part in (slope, slope - error, slope + error)
    )
    return Trend(growth, low, high, np.where(is_known, 2 * special.ndtr(-np.abs(z)), np.nan))


def _sum_back(values: Floats, span: int) -> Floats:
    """Return for each step the sum of it and those before it, ``span`` together."""
    total = np.cumsum(values, axis=1)
    total[:, span:] -= total[:, :-span].copy()
    return total


def _choose_span(everywhere: Floats) -> int:
    """Return the fewest of so many steps in which enough cases are to be expected."""
    enough = [span for span in _SPANS if span * everywhere.mean() >= _ENOUGH_CASES]
    return enough[0] if enough else _SPANS[-1]


def _mark_ever_hot(
    cases: Floats, people: Floats, neighbours: Neighbours, least_ratio: float, level: float
) -> Flags:
    """Return the cells that are hot over all steps, over one of their halves or one of their quarters."""
    ends = np.linspace(0, cases.shape[1], _QUARTERS + 1).astype(np.int64)
    spans = [(ends[i], ends[i + size]) for size in (4, 2, 1) for i in range(0, _QUARTERS, size)]
    spans = [(start, stop) for start, stop in spans if stop > start]
    hot = [
        mark_hot(
            cases[:, start:stop].sum(axis=1), people, neighbours,
            least_ratio=least_ratio, level=level / len(spans),
        )
        for start, stop in spans
    ]  # fmt: skip
    return np.asarray(np.any(hot, axis=0))


def _find_hot_steps(
    cases: Floats, all_cases: Floats, share: Floats, least_ratio: float, level: float
) -> Flags:
    """Return in which steps cells are hot; of cells with the same rate always, ``level`` have any."""
    odds = share / np.maximum(1 - share, 1e-300)
    is_tested = (cases >= LEAST_CASES) & (cases > least_ratio * odds[:, None] * (all_cases - cases))
    row, step = np.nonzero(is_tested)
    is_hot = np.zeros(cases.shape, bool)
    p = tail_binomial(cases[row, step], all_cases[step], np.minimum(share[row], 1.0))
    is_hot[row, step] = p <= level / cases.shape[1]
    return is_hot


def _name_patterns(
    is_hot: Flags, around: Floats, everywhere: Floats, recent: int, cycle: int, level: float
) -> npt.NDArray[np.int8]:
    """Return the patterns of cells that were hot at some step."""
    steps = is_hot.shape[1]
    first = is_hot.argmax(axis=1)
    # What made it hot the first time is no part of its trend: it was chosen for being high.
    since = np.arange(steps) > first[:, None]
    trend = measure_trend(around, everywhere, cycle=cycle, is_used=since)
    with np.errstate(invalid="ignore"):
        is_rising = (trend.p <= level) & (trend.growth > 0)
        is_falling = (trend.p <= level) & (trend.growth < 0)
    is_late = is_hot[:, -recent:].any(axis=1)
    is_lasting = is_late & (is_hot.sum(axis=1) / (steps - first) >= _LASTING)
    chosen = np.select(
        [first >= steps - recent, is_lasting & is_rising, is_falling, is_lasting],
        [Pattern.NEW, Pattern.GROWING, Pattern.FADING, Pattern.PERSISTENT],
        Pattern.SPORADIC,
    )
    return chosen.astype(np.int8)

"""Rebound after a campaign, named while it happens: from what was known in each week.

After a campaign a place falls from the level before to a floor; some day it may rise again. Two
hypotheses for each cell and week: still at the floor, or risen in one of the weeks since. The rates are
nobody's to know.

* The level before, b, differs from cell to cell: Gamma distributed, fitted to the counts before of all cells.
* The floor is a share f of b, the level after the rise f + r (1 - f) of it. How f and r are distributed
  is learnt from all cells together, and so is how often cells rise (the hazard of a week), anew each week
  from the weeks so far: one cell has a few cases in a month, all of them have hundreds.
* A cell that hardly fell (f of 0.8 and more) has nothing to rebound from and never does.

Given f, r and the week of the rise, the counts before and after together have a closed form (the Gamma
level integrated out), and what is asked, the chance that the rise has begun, is a sum over all of these:
Shiryaev's rule, the one that names a change soonest for a given share of false alarms where the levels
are known, with what is not known averaged over. Because it is a probability, its threshold is the
precision that is asked for.

A week's ``season`` says how many times the usual is reported then everywhere (a holiday, a wet summer): a
rise that the whole town shares is no rebound.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from geo.patterns.following import Flags, Floats, Ints

# The probability at which a rebound is named.
CERTAINTY: Final = 0.9
_FLOORS: Final = np.array([0.02, 0.06, 0.12, 0.2, 0.28, 0.36, 0.45, 0.55, 0.66, 0.78, 0.9, 1.05])
_FELL: Final = _FLOORS < 0.8
_RISES: Final = np.array([0.4, 0.7, 1.0, 1.4])
# Before anything is learnt: one cell in so many rises in a week, known as well as from these cell-weeks.
_HAZARD: Final = 1 / 52
_HAZARD_WEEKS: Final = 52.0
_ROUNDS: Final = 4


@dataclass(frozen=True)
class Rebounds:
    """What is known of each cell after each week.

    Attributes:
        probability: cells × weeks; that the rebound has begun by the end of the week.
        named_in: cells; the first week it is named in, -1 where it is not.
        began_in: cells; the likeliest week it began in, judged from the last, -1 where it is not named.
    """

    probability: Floats
    named_in: Ints
    began_in: Ints


@dataclass(frozen=True)
class ReboundIndex:
    """How much of what a campaign won is lost again: 0 at the floor, 1 back at the level before.

    Attributes:
        index: (now - floor) / (before - floor), of rates; ``nan`` where it is not known.
        low: lower end of its interval.
        high: upper end.
        is_known: whether the level before was surely above the floor; where it was not, nothing was won
            that could be lost, and the ratio would be of two accidents.
    """

    index: Floats
    low: Floats
    high: Floats
    is_known: Flags


def find_rebounds(
    before: Ints,
    after: Ints,
    *,
    season_before: Floats | None = None,
    season_after: Floats | None = None,
    certainty: float = CERTAINTY,
) -> Rebounds:
    """Name the cells whose rate is rising again, and the week in which that was first known.

    Args:
        before: cells × weeks, counts before the campaign.
        after: cells × weeks, counts since its end.
        season_before: of each week before, how many times the usual is reported then; 1 for all by default.
        season_after: the same of each week after.
        certainty: the probability at which a rebound is named.
    """
    cells, weeks = after.shape
    lasted_before = float(before.shape[1] if season_before is None else season_before.sum())
    lasted = np.append(0.0, np.cumsum(np.ones(weeks) if season_after is None else season_after))
    total = before.sum(axis=1).astype(float)
    seen = np.concatenate([np.zeros((cells, 1)), np.cumsum(after, axis=1)], axis=1)
    shape, known_weeks = _fit_levels(total, lasted_before)
    shape, known_weeks = shape + total, known_weeks + lasted_before
    learnt = _Learnt(np.full(len(_FLOORS), 1 / len(_FLOORS)), np.full(len(_RISES), 1 / len(_RISES)), _HAZARD)
    probability = np.zeros((cells, weeks))
    rose = np.zeros((cells, max(weeks, 1)))
    for week in range(weeks):
        still, risen = _compare(shape, known_weeks, seen[:, : week + 2], lasted[: week + 2])
        for _ in range(_ROUNDS):
            rose, learnt = _weigh(still, risen, learnt)
        probability[:, week] = rose.sum(axis=1)
    named = probability >= certainty
    is_named = named.any(axis=1)
    # A column to spare, for there may be no week yet.
    first = np.pad(named, ((0, 0), (0, 1))).argmax(axis=1)
    return Rebounds(probability, np.where(is_named, first, -1), np.where(is_named, rose.argmax(axis=1), -1))


def measure_rebound(
    before: Ints,
    before_weeks: float,
    floor: Ints,
    floor_weeks: float,
    now: Ints,
    now_weeks: float,
    *,
    level: float = 0.95,
) -> ReboundIndex:
    """Return the rebound index of each place with its interval (Fieller's, one case added to each variance).

    Args:
        before: cases before the campaign, one number a place.
        before_weeks: in so many weeks; where a season is known, in so many usual ones.
        floor: cases at the floor.
        floor_weeks: in so many weeks.
        now: cases of late, in none of the weeks of the floor.
        now_weeks: in so many weeks.
        level: of the interval, and how sure the level before is above the floor (one-sided half of the rest).
    """
    weeks = np.array([before_weeks, floor_weeks, now_weeks])[:, None]
    counts = np.array([before, floor, now], dtype=float)
    rates, variances = counts / weeks, (counts + 1) / weeks**2
    risen, won = rates[2] - rates[1], rates[0] - rates[1]
    z2 = special.ndtri((1 + level) / 2) ** 2
    across = won**2 - z2 * (variances[0] + variances[1])
    middle = risen * won - z2 * variances[1]
    square = risen**2 - z2 * (variances[2] + variances[1])
    is_known = (won > 0) & (across > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.sqrt(np.maximum(middle**2 - across * square, 0))
        ends = [risen / won, (middle - reach) / across, (middle + reach) / across]
    index, low, high = (np.where(is_known, end, np.nan) for end in ends)
    return ReboundIndex(index, low, high, is_known)


def _fit_levels(total: Floats, weeks: float) -> tuple[float, float]:
    """Return shape and weeks of the Gamma distribution of the levels before, by moments."""
    mean = max(float(total.mean()) if len(total) else 0.0, 0.5) / weeks
    variance = float(((total - mean * weeks) ** 2 - total).mean()) / weeks**2 if len(total) else 0.0
    variance = max(variance, 1e-3 * mean**2)
    return mean**2 / variance, mean / variance


@dataclass(frozen=True)
class _Learnt:
    """What all cells say: how many have each floor and each rise, and how often one rises in a week."""

    floors: Floats
    rises: Floats
    hazard: float


def _compare(shape: Floats, known_weeks: float, seen: Floats, lasted: Floats) -> tuple[Floats, Floats]:
    """Return how likely the weeks so far are, as multiples of the likeliest explanation of each cell.

    Returns:
        Cells × floors, still at the floor; and cells × weeks of the rise × floors of those that fell × rises.
    """
    weeks = lasted[-1]
    shape = shape + seen[:, -1]
    still = seen[:, -1, None] * np.log(_FLOORS) - shape[:, None] * np.log(known_weeks + weeks * _FLOORS)
    floor = _FLOORS[_FELL, None]
    level = floor + _RISES * (1 - floor)
    low, low_weeks = seen[:, :-1], lasted[:-1]
    high, high_weeks = seen[:, -1:] - low, weeks - low_weeks
    lasting = np.log(known_weeks + low_weeks[:, None, None] * floor + high_weeks[:, None, None] * level)
    risen = low[..., None, None] * np.log(floor) + high[..., None, None] * np.log(level)
    risen -= shape[:, None, None, None] * lasting
    most = np.maximum(still.max(axis=1), risen.max(axis=(1, 2, 3)))
    return np.exp(still - most[:, None]), np.exp(risen - most[:, None, None, None])


def _weigh(still: Floats, risen: Floats, learnt: _Learnt) -> tuple[Floats, _Learnt]:
    """Return the chance of a rise in each week, cells × weeks, and what all cells say of the rest."""
    weeks = risen.shape[1]
    waiting = (1 - learnt.hazard) ** np.arange(weeks)
    fell = learnt.floors[_FELL]
    # Cells that did not fall cannot rise.
    stays = still * learnt.floors * np.where(_FELL, (1 - learnt.hazard) ** weeks, 1.0)
    by_floor = (risen @ learnt.rises) * fell * (learnt.hazard * waiting)[:, None]
    each = 1 / (stays.sum(axis=1) + by_floor.sum(axis=(1, 2)))
    stays *= each[:, None]
    by_floor *= each[:, None, None]
    rose = by_floor.sum(axis=2)
    shares = np.tensordot(each[:, None] * (learnt.hazard * waiting), risen, axes=2)
    by_rise = (fell @ shares) * learnt.rises
    of_floor = stays.sum(axis=0)
    of_floor[_FELL] += by_floor.sum(axis=(0, 1))
    at_risk = (rose * np.arange(1, weeks + 1)).sum() + weeks * stays[:, _FELL].sum()
    # One cell's worth of every floor and rise, so that none is ruled out.
    return rose, _Learnt(
        (of_floor + 1 / len(_FLOORS)) / (len(stays) + 1),
        (by_rise + 1 / len(_RISES)) / (by_rise.sum() + 1),
        float((rose.sum() + _HAZARD * _HAZARD_WEEKS) / (at_risk + _HAZARD_WEEKS)),
    )

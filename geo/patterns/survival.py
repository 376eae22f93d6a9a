"""How long it stays quiet after closing: Kaplan-Meier curves, beside what chance alone would leave."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from scipy import special

from geo.patterns.following import Floats, Ints
from geo.patterns.relapse import Watch

# Of fewer closings no curve is drawn.
LEAST_CLOSINGS: Final = 10


@dataclass(frozen=True)
class Survival:
    """The share of closings that nothing has come back to, by days since closing.

    Attributes:
        days: 0, 1, 2 … up to the longest watch.
        quiet: share nothing came back to by then; ``nan`` on days that nobody was watched for.
        low: lower end of the pointwise interval.
        high: upper end.
        at_risk: closings still watched and quiet at the beginning of the day.
        expected: share that would be quiet if only chance brought cases.
        closed: closings in the curve.
        returned: of these, those something came back to.
    """

    days: Ints
    quiet: Floats
    low: Floats
    high: Floats
    at_risk: Ints
    expected: Floats
    closed: int
    returned: int

    def read(self, day: int) -> tuple[float, float, float]:
        """Return the share quiet by a day, with its interval; ``nan`` where nobody was watched so long."""
        if day >= len(self.days):
            return (np.nan, np.nan, np.nan)
        return float(self.quiet[day]), float(self.low[day]), float(self.high[day])


def estimate_survival(
    watch: Watch, group: Ints, groups: int, *, level: float = 0.95
) -> list[Survival | None]:
    """Return the curve of each group of closings, None where they are fewer than :data:`LEAST_CLOSINGS`.

    A closing is watched until something came back, its watch is over or the data end; the unknown is not
    taken for quiet. Intervals are Greenwood's on the scale of log(-log), and exact while nothing came back.

    Args:
        watch: the watched closings, as long as the curve is to be: 90 days for the checks after a quarter.
        group: for each of them its group (a category, a party), -1 for none.
        groups: how many groups there are.
        level: of the interval.
    """
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(groups + 1))
    horizon = int(np.ceil(watch.watched_days.max(initial=0)))
    return [
        _draw_curve(watch, order[begin:end], horizon, level) if end - begin >= LEAST_CLOSINGS else None
        for begin, end in pairwise(ends)
    ]


def _draw_curve(watch: Watch, rows: Ints, horizon: int, level: float) -> Survival:
    """Return the curve of some closings."""
    came = watch.has_returned[rows]
    lasted = np.sort(np.where(came, watch.days_to_return[rows], watch.watched_days[rows]))
    days = np.arange(horizon + 1)
    moments, returned = np.unique(watch.days_to_return[rows][came], return_counts=True)
    left = len(rows) - np.searchsorted(lasted, moments)
    step = np.searchsorted(moments, days, side="right")
    quiet = np.append(1.0, np.cumprod(1 - returned / left))[step]
    spread = np.append(0.0, np.cumsum(returned / (left * np.maximum(left - returned, 1))))[step]
    tail = (1 - level) / 2
    at_risk = len(rows) - np.searchsorted(lasted, days)
    low, high = np.zeros(horizon + 1), np.ones(horizon + 1)
    some, none, every = (quiet > 0) & (quiet < 1), quiet <= 0, quiet >= 1
    logarithm = np.log(quiet[some])
    reach = special.ndtri(1 - tail) * np.sqrt(spread[some]) / -logarithm
    low[some], high[some] = np.exp(logarithm * np.exp(reach)), np.exp(logarithm * np.exp(-reach))
    # Where none or all came back Greenwood's formula knows no doubt: the exact bounds of none among so many.
    low[every] = tail ** (1 / np.maximum(at_risk[every], 1))
    high[none] = 1 - tail ** (1 / len(rows))
    unknown = (days > lasted[-1]) & (quiet > 0)
    quiet, low, high = (np.where(unknown, np.nan, values) for values in (quiet, low, high))
    shape, rate_days = watch.shape[rows], watch.rate_days[rows]
    expected = np.array([((rate_days / (rate_days + day)) ** shape).mean() for day in days])
    return Survival(days, quiet, low, high, at_risk, expected, len(rows), int(came.sum()))

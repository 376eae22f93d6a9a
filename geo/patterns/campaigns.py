"""What a campaign changed: the places it went to, before and after, beside comparable places.

A clean-up goes where it is worst, and where it is worst just now it is partly so by accident: next month
there would have been less without anybody's doing (regression to the mean), and less also if the season
turned. So what is compared with is not the month before, but what was to be expected (the empirical-Bayes
before-after method of Hauer 1997):

* The rates of all places of a kind are Gamma distributed; the distribution is fitted to the counts
  before, when there was no campaign anywhere. A place's own count draws its expectation away from that of
  its kind by as much as it says: (a + count) / (b + exposure). So it does not matter that places were
  chosen for their counts.
* What changed for everybody is the trend: the cases after of places without the campaign, over what was
  expected of them.

The effect is the ratio of the cases after to those expected, with an exact interval for the ratio of two
Poisson numbers, the second being as many cases as the expectation is sure of. Where comparable places
vary from before to after by more than chance, both numbers are taken for less by that factor.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from geo.patterns.following import Flags, Floats, Ints

# With fewer cases expected the numbers are shown, and no verdict.
LEAST_EXPECTED: Final = 5.0
# A kind with fewer places is taken together with all.
_LEAST_PLACES: Final = 10
_SHAPES: Final = np.geomspace(0.05, 200, 60)


@dataclass(frozen=True)
class Effect:
    """A campaign's effect on the places it went to.

    Attributes:
        places: places it went to.
        peers: comparable places.
        before: cases before, at the former.
        after: cases after, at the former.
        expected: cases expected after, had there been no campaign.
        trend: what the comparable places saw after, over what was expected of them.
        naive: after over before, day by day: what would be said without comparing.
        ratio: after over expected; ``nan`` where there is nothing to compare with.
        low: lower end of its interval.
        high: upper end.
        is_few: too few cases are expected for a verdict.
    """

    places: int
    peers: int
    before: int
    after: int
    expected: float
    trend: float
    naive: float
    ratio: float
    low: float
    high: float
    is_few: bool

    @property
    def averted(self) -> float:
        """Cases that did not come; less than nothing where more came."""
        return self.expected - self.after


def compare_campaign(
    before: Ints,
    after: Ints,
    exposure: Floats,
    is_treated: Flags,
    *,
    before_days: float,
    after_days: float,
    kind: Ints | None = None,
    level: float = 0.95,
) -> Effect:
    """Return the effect of a campaign; its own days belong to neither time, for it finds what it looks for.

    Args:
        before: n counts of the campaign's categories, one a place (a building, a hexagon).
        after: n counts of the days after.
        exposure: n households, or ones where places are alike; places of 0 are left out.
        is_treated: whether the campaign went there.
        before_days: how many days were counted before.
        after_days: and after.
        kind: what is comparable: the number of its type; all by default.
        level: of the interval.
    """
    counted = exposure > 0
    before, after, treated = before[counted], after[counted], is_treated[counted]
    units = exposure[counted].astype(float)
    like = np.zeros(len(before), dtype=np.int64) if kind is None else kind[counted]
    shape, known = _fit_places(before, units * before_days, like)
    shape, known = shape + before, known + units * before_days
    usual = shape / known * units * after_days
    doubt = shape / known**2 * (units * after_days) ** 2

    peers_usual, peers_after = float(usual[~treated].sum()), int(after[~treated].sum())
    trend = peers_after / peers_usual if peers_usual else np.nan
    expected = float(usual[treated].sum() * trend)
    total_before, total_after = int(before[treated].sum()), int(after[treated].sum())
    low, high = np.nan, np.nan
    if expected > 0:
        spread = doubt[treated].sum() / usual[treated].sum() ** 2
        spread += 1 / peers_after + doubt[~treated].sum() / peers_usual**2
        apart = ((after - trend * usual)[~treated] ** 2).sum()
        excess = max(1.0, float(apart / (trend * usual + trend**2 * doubt)[~treated].sum()))
        sure = 1 / spread
        ends = _bound_ratio(total_after / excess, sure / excess, level)
        low, high = (float(end * sure / expected) for end in ends)
    return Effect(
        places=int(treated.sum()),
        peers=int((~treated).sum()),
        before=total_before,
        after=total_after,
        expected=expected,
        trend=float(trend),
        naive=total_after / after_days / (total_before / before_days) if total_before else np.nan,
        ratio=total_after / expected if expected > 0 else np.nan,
        low=low,
        high=high,
        is_few=not expected >= LEAST_EXPECTED,
    )


def _fit_places(before: Ints, units: Floats, like: Ints) -> tuple[Floats, Floats]:
    """Return for each place shape and exposure of the Gamma distribution of the rates of its kind.

    Its mean is that of the counts; its shape the likeliest (of a negative binomial) of a series of shapes.
    """
    shape, known = np.zeros(len(before)), np.zeros(len(before))
    for number in np.unique(like):
        mine = like == number
        kind = mine if mine.sum() >= _LEAST_PLACES else np.ones_like(mine)
        count, usual = before[kind][:, None], units[kind][:, None]
        mean = max(float(count.sum()), 0.5) / float(usual.sum())
        likelihood = special.gammaln(count + _SHAPES) - special.gammaln(_SHAPES)
        likelihood -= _SHAPES * np.log1p(mean * usual / _SHAPES) + count * np.log(_SHAPES / mean + usual)
        likeliest = float(_SHAPES[likelihood.sum(axis=0).argmax()])
        shape[mine], known[mine] = likeliest, likeliest / mean
    return shape, known


def _bound_ratio(count: float, other: float, level: float) -> tuple[float, float]:
    """Return the exact interval of the ratio of two Poisson means, from a number seen of each."""
    tail = (1 - level) / 2
    low = special.betaincinv(count, other + 1, tail) if count > 0 else 0.0
    high = special.betaincinv(count + 1, other, 1 - tail)
    return float(low / (1 - low)), float(high / (1 - high))

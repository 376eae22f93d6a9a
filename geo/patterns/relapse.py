"""Relapse 回潮: what was closed and came back, and how often it would have come back by chance alone.

A case that follows a closing within so many days, of the same category, in the same building or near, is a
*return*. In a busy place returns are no news: something is reported there every month, whether anything was
closed or not. So each closing has a chance of its own that a return would come anyway, from what is
reported at the very place in the days around, outside of the closing's own watch; the *excess* is what came
beyond these chances.

How the chance is worked out. At the place of a closing, cases are reported at a rate of r a day (a Poisson
process). r is learnt from the half-years before the case was reported and after its watch ended: y cases in
t days. Places that have seen little say little, so r is shrunk to its category: r ~ Gamma(a, b), a and b by
moments over all closings of the category, then r given y ~ Gamma(a + y, b + t). The chance that w days of
watching see a case is 1 - E exp(-r w) = 1 - ((b + t) / (b + t + w)) ** (a + y). The case itself and what
follows within its own watch never enter, so that a return is not its own excuse; returns to *other*
closings of the place do, for a place that sees one every fortnight is busy and not relapsing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import special

from geo.patterns.following import DAY_US, Cases, Flags, Floats, Following, Ints, to_micros

WITHIN_M: Final = 50.0
WITHIN_DAYS: Final = 30.0
# The days before and after, from which a place's own rate is learnt.
AROUND_DAYS: Final = 180.0
# What came back is called a relapse where that is likelier than chance.
LIKELY: Final = 0.5
# The closings of its pool weigh as much as this many of a place's own.
_PLACE_STRENGTH: Final = 1.0
_AT_ONCE: Final = 1 << 12
# Shares of closings that relapse, as they are integrated over: close to each other at both ends.
_SHARE_EDGES: Final = np.sin(np.linspace(0, np.pi / 2, 61)) ** 2
_SHARES: Final = (_SHARE_EDGES[1:] + _SHARE_EDGES[:-1]) / 2


@dataclass(frozen=True)
class Pairs:
    """A closed case and one that followed it, by row; a case may follow several."""

    earlier: Ints
    later: Ints


@dataclass(frozen=True)
class Watch:
    """What came after each closing, one row a closing of a counted category.

    Attributes:
        row: row of the closed case.
        watched_days: of the days after closing, those before the data end.
        days_to_return: from closing to the first return; ``inf`` where none came in these days.
        first: row of that return, -1 where none came.
        shape: of the Gamma distribution of the place's rate: cases it is known by.
        rate_days: of that distribution: days it is known by; ``shape / rate_days`` is the rate.
        expected: the chance that the place would have seen a case in the watched days anyway.
        doubt: standard deviation of that chance, for the place's rate is an estimate.
    """

    row: Ints
    watched_days: Floats
    days_to_return: Floats
    first: Ints
    shape: Floats
    rate_days: Floats
    expected: Floats
    doubt: Floats

    @property
    def has_returned(self) -> Flags:
        """Whether a case came back within the watch."""
        return np.isfinite(self.days_to_return)


@dataclass(frozen=True)
class Excess:
    """Returns beyond chance, one row a group of closings.

    Attributes:
        closed: closings.
        watched_days: days they were watched, all together.
        returned: closings something came back after.
        expected: how many of them by chance.
        excess: ``returned - expected``.
        low: lower end of the interval of the excess.
        high: upper end.
        p: the chance of as many or more, if nothing but chance brought them.
        likely: the excess as far as it can be told from chance: of the returned those that are relapses by
            :func:`judge_returns` and would not have come anyway.
    """

    closed: Ints
    watched_days: Floats
    returned: Ints
    expected: Floats
    excess: Floats
    low: Floats
    high: Floats
    p: Floats
    likely: Floats


def find_returns(cases: Cases, *, within_m: float = WITHIN_M, within_days: float = WITHIN_DAYS) -> Pairs:
    """Return which case followed which closing: near, of its category, until the days are over.

    A case also follows the one it was linked to by hand, wherever and whenever that was. The pairs are
    those of the view ``relapse``, but for cases within millimetres of ``within_m``: the view measures on
    the ellipsoid, this in the plane of the Gauss–Krüger zone.

    Args:
        cases: the cases.
        within_m: how far a return may be where it is not in the same building.
        within_days: how long after the closing, that moment not included.

    Returns:
        The pairs, those of one closing together, each pair once.
    """
    rows, since_us = _list_closings(cases)
    until_us = since_us + round(within_days * DAY_US)
    at, later = Following(cases, within_m).find_all(rows, since_us, until_us)
    return _join_pairs(cases, rows[at], later)


def find_first_returns(cases: Cases, following: Following, *, within_days: float = WITHIN_DAYS) -> Pairs:
    """Return of the pairs of :func:`find_returns` the first of each closing, and those linked by hand.

    In a town with ten times as many cases each closing is followed by ten times as many, but by one first.

    Args:
        cases: the cases.
        following: the same, as they follow each other.
        within_days: how long after the closing, that moment not included.
    """
    rows, since_us = _list_closings(cases)
    first = following.find_first(rows, since_us, since_us + round(within_days * DAY_US))
    came = first >= 0
    return _join_pairs(cases, rows[came], first[came])


def _list_closings(cases: Cases) -> tuple[Ints, Ints]:
    """Return the rows of what was closed, and when it was, in microseconds."""
    rows = np.flatnonzero(~np.isnat(cases.closed_at) & (cases.category >= 0))
    return rows, to_micros(cases.closed_at[rows])


def _join_pairs(cases: Cases, earlier: Ints, later: Ints) -> Pairs:
    """Return pairs in order, with those linked by hand."""
    if cases.linked_to is not None:
        linked = np.flatnonzero(cases.linked_to >= 0)
        earlier, later = np.append(earlier, cases.linked_to[linked]), np.append(later, linked)
    pairs = np.sort(earlier * len(cases) + later)
    # Those linked by hand may have been found as well.
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return Pairs(*np.divmod(pairs, max(len(cases), 1)))


def watch_closings(
    cases: Cases,
    pairs: Pairs,
    *,
    begin: np.datetime64,
    end: np.datetime64,
    following: Following | None = None,
    within_m: float = WITHIN_M,
    within_days: float = WITHIN_DAYS,
    around_days: float = AROUND_DAYS,
) -> Watch:
    """Watch every closing for returns, and work out how likely one was anyway.

    Args:
        cases: the cases.
        pairs: their returns, or the first of each closing, within the same metres and as many days or more.
            A return linked by hand that came later counts for nothing here.
        begin: the first moment the data cover.
        end: the moment after the last; later returns are not known, so later days are not watched.
        following: the cases as they follow each other within ``within_m``, if that is known already.
        within_m: how far a return may be where it is not in the same building.
        within_days: how long a closing is watched.
        around_days: the days before the report and after the watch, from which the place's rate is learnt.
    """
    begin_us, end_us = (int(to_micros(np.array([moment]))[0]) for moment in (begin, end))
    at_us, closed_us = to_micros(cases.reported_at), to_micros(cases.closed_at)
    following = following or Following(cases, within_m)
    is_watched = ~np.isnat(cases.closed_at) & (cases.category >= 0) & (closed_us < end_us)
    row = np.flatnonzero(is_watched)
    closing, watched_us = closed_us[row], np.minimum(closed_us[row] + round(within_days * DAY_US), end_us)
    position = np.full(len(cases), -1, dtype=np.int64)
    position[row] = np.arange(len(row))

    followed = position[pairs.earlier] >= 0
    place, later = position[pairs.earlier[followed]], pairs.later[followed]
    came = (at_us[later] >= closing[place]) & (at_us[later] < watched_us[place])
    place, later = place[came], later[came]
    order = np.lexsort((at_us[later], place))
    order = order[np.flatnonzero(np.diff(place[order], prepend=-1))]
    first = np.full(len(row), -1, dtype=np.int64)
    first[place[order]] = later[order]
    days_to_return = np.where(first >= 0, (at_us[first] - closing) / DAY_US if len(cases) else 0.0, np.inf)

    reach_us = round(around_days * DAY_US)
    since_us = np.maximum(at_us[row] - reach_us, begin_us)
    until_us = np.minimum(watched_us + reach_us, end_us)
    seen = following.count(row, since_us, np.minimum(at_us[row], until_us))
    seen += following.count(row, np.maximum(watched_us, since_us), until_us)
    asked_us = np.maximum(at_us[row] - since_us, 0) + np.maximum(until_us - watched_us, 0)
    shape, rate_days = _learn_rates(seen, asked_us / DAY_US, cases.category[row])
    watched_days = (watched_us - closing) / DAY_US
    quiet = (rate_days / (rate_days + watched_days)) ** shape
    spread = (rate_days / (rate_days + 2 * watched_days)) ** shape - quiet**2
    doubt = np.sqrt(np.maximum(spread, 0))
    return Watch(row, watched_days, days_to_return, first, shape, rate_days, 1 - quiet, doubt)


def _learn_rates(seen: Ints, days: Floats, category: Ints) -> tuple[Floats, Floats]:
    """Return shape and days of the Gamma distribution of each place's daily rate, given what was seen there.

    Moments of the negative binomial, by category: E(y) = m t and Var(y) = m t + v t².
    """
    kinds = int(category.max(initial=-1)) + 1
    all_days = np.maximum(np.bincount(category, days, kinds), 1e-9)
    # Half a case is added, lest a category that was seen nowhere else could never come by chance.
    mean = (np.bincount(category, seen, kinds) + 0.5) / all_days
    apart = (seen - mean[category] * days) ** 2 - seen
    variance = np.bincount(category, apart, kinds) / np.maximum(np.bincount(category, days**2, kinds), 1e-9)
    # Where places differ by no more than chance they are all like their category.
    variance = np.maximum(variance, 1e-4 * mean**2)
    return (mean**2 / variance)[category] + seen, (mean / variance)[category] + days


def measure_excess(
    watch: Watch, probability: Floats, group: Ints, groups: int, *, level: float = 0.95
) -> Excess:
    """Return for each group of closings how many came back beyond chance.

    The interval is Garwood's exact one for the number that came back, joined with the doubt about the
    expected number (MOVER, Zou and Donner 2008); p is that of a negative binomial whose mean has this
    doubt. Closings that share one return are one piece of evidence: where a return counts for m closings on
    average, interval and p are those of a number m times smaller.

    Args:
        watch: the watched closings.
        probability: for each of them that it relapsed, from :func:`judge_returns`.
        group: for each of them its group (a place and category, a party, a campaign), -1 for none.
        groups: how many groups there are.
        level: of the interval.
    """
    chosen = np.flatnonzero(group >= 0)
    place = group[chosen]

    def add(values: Floats | Ints | Flags) -> Floats:
        return np.asarray(np.bincount(place, values[chosen], groups), dtype=np.float64)

    closed = np.bincount(place, minlength=groups)
    came = watch.has_returned
    returned, expected = add(came), add(watch.expected)
    shared = 1 / _weigh_evidence(watch, group, groups)
    doubt = np.sqrt(add(watch.doubt**2) * shared)
    tail = (1 - level) / 2
    counted = returned / shared
    fewest = np.where(returned > 0, special.gammaincinv(np.maximum(counted, 1e-9), tail), 0.0) * shared
    most = np.minimum(special.gammaincinv(counted + 1, 1 - tail) * shared, closed)
    reach = special.ndtri(1 - tail) * doubt
    excess = returned - expected
    return Excess(
        closed=closed,
        watched_days=add(watch.watched_days),
        returned=returned.astype(np.int64),
        expected=expected,
        excess=excess,
        low=excess - np.hypot(returned - fewest, np.minimum(reach, closed - expected)),
        high=excess + np.hypot(np.maximum(most - returned, 0), np.minimum(reach, expected)),
        p=_find_chance(counted, expected / shared, doubt / shared),
        likely=add(probability * (1 - watch.expected)),
    )


def _find_chance(count: Floats, mean: Floats, doubt: Floats) -> Floats:
    """Return the chance of ``count`` or more of a Poisson number whose mean is Gamma distributed."""
    mean = np.maximum(mean, 1e-12)
    shape = (mean / np.maximum(doubt, 1e-6 * mean)) ** 2
    return np.where(count > 0, special.betainc(np.maximum(count, 1e-9), shape, mean / (mean + shape)), 1.0)


def rank_by_excess(excess: Excess) -> Ints:
    """Return the groups something came back in, those first where most of it is more than chance."""
    order = np.lexsort((-excess.excess, -np.round(excess.likely, 3)))
    return order[excess.returned[order] > 0]


def judge_returns(watch: Watch, family: Ints, pool: Ints, place: Ints) -> Floats:
    """Return how likely what came back after each closing is a relapse, and not what the place sees anyway.

    Of the closings of a pool a share s relapses, and a place sees a case by chance whether it relapsed or
    not: a return comes with s + (1 - s) e, where e is the closing's own chance, and is a relapse with s /
    (s + (1 - s) e). No single return proves itself: it is the pool that came back more often than its
    places explain, or the place that did so within its pool. So s is learnt in two steps. The shares of the
    pools of a family are Beta distributed, with a mean and strength that are weighed by how well they
    explain all its pools. The share of a place is Beta distributed around that of its pool, which weighs as
    much as one closing. Nothing is picked, all is averaged over.

    Args:
        watch: the watched closings.
        family: for each of them which pools it is compared with: what campaigns closed with other
            campaigns, everyday work with everyday work.
        pool: what it is judged with: its campaign; in everyday work its category.
        place: the number of its place.

    Returns:
        Probabilities, one a closing; 0 where nothing came back.
    """
    answer = np.zeros(len(watch.row))
    came = np.flatnonzero(watch.has_returned)
    if not len(came):
        return answer
    key = family * (int(pool.max()) + 1) + pool
    _, first, pool = np.unique(key, return_index=True, return_inverse=True)
    seen = _weigh_shares(watch, pool, len(first))
    average = np.zeros(len(first))
    for number in np.unique(family[first]):
        mine = family[first] == number
        average[mine] = _average_shares(seen[mine])
    # Only the places something came back to are judged.
    spot = pool * (int(place.max()) + 1) + place
    spots, first, mine = np.unique(spot[came], return_index=True, return_inverse=True)
    at = np.minimum(np.searchsorted(spots, spot), len(spots) - 1)
    seen = _weigh_shares(watch, np.where(spots[at] == spot, at, -1), len(spots))
    around = _spread_shares(average, _PLACE_STRENGTH)[pool[came[first]]]
    shares = special.softmax(seen + around, axis=1) * _SHARES
    for part in _cut(len(came)):
        row = came[part]
        returns = _SHARES + (1 - _SHARES) * watch.expected[row, None]
        answer[row] = (shares[mine[part]] / returns).sum(axis=1)
    return answer


def _average_shares(seen: Floats) -> Floats:
    """Return the mean share of each pool of a family, given the likelihood of each share in it."""
    spreads = _spread_pools()
    fit = np.array([special.logsumexp(seen + spread, axis=1).sum() for spread in spreads])
    means = np.array([special.softmax(seen + spread, axis=1) @ _SHARES for spread in spreads])
    return np.asarray(special.softmax(fit) @ means)


def _weigh_shares(watch: Watch, group: Ints, groups: int) -> Floats:
    """Return the logarithm of the likelihood of each share in each group: groups × shares."""
    quiet = ~watch.has_returned & (group >= 0)
    seen: Floats = np.bincount(group[quiet], minlength=groups)[:, None] * np.log1p(-_SHARES)
    came = np.flatnonzero(watch.has_returned & (group >= 0))
    came = came[np.argsort(group[came], kind="stable")]
    for part in _cut(len(came)):
        row = came[part]
        gained = np.log(_SHARES + (1 - _SHARES) * watch.expected[row, None])
        first = np.flatnonzero(np.diff(group[row], prepend=-1))
        seen[group[row[first]]] += np.add.reduceat(gained, first, axis=0)
    return seen * _weigh_evidence(watch, group, groups)[:, None]


def _cut(size: int) -> Iterator[slice]:
    """Yield parts of so many rows, each of which is weighed for all shares in little memory."""
    for start in range(0, size, _AT_ONCE):
        yield slice(start, start + _AT_ONCE)


def _weigh_evidence(watch: Watch, group: Ints, groups: int) -> Floats:
    """Return how many returns each group saw per closing that came back: two may share one."""
    came = np.flatnonzero(watch.has_returned & (group >= 0))
    cases = int(watch.first.max(initial=0)) + 1
    shared = np.sort(group[came] * cases + watch.first[came])
    alone = shared[np.diff(shared, prepend=-1) > 0] // cases
    returned = np.bincount(group[came], minlength=groups)
    return np.where(returned > 0, np.bincount(alone, minlength=groups) / np.maximum(returned, 1), 1.0)


def _spread_shares(mean: Floats, strength: float) -> Floats:
    """Return the logarithm of the weight of each share under Beta distributions: means × shares."""
    mean = mean[:, None]
    below = special.betainc(strength * mean, strength * (1 - mean), _SHARE_EDGES)
    return np.log(np.maximum(np.diff(below, axis=1), 1e-300))


@lru_cache(maxsize=1)
def _spread_pools() -> list[Floats]:
    """Return the distributions that the shares of pools may have."""
    means = np.geomspace(1e-3, 0.5, 10)
    return [row for strength in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0) for row in _spread_shares(means, strength)]

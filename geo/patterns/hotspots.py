"""Where there is more than the people there explain: hot spots, and what changed between two periods.

Which p-value, and why
----------------------
The field's number is Getis–Ord Gi*: the sum of the rates in a cell and its neighbours, in standard deviations
of what random rearrangements of the rates give. Its p from the normal curve is wrong here twice. Rates of few
people scatter more than rates of many, so that rearranging them is not what chance does; and sums of a few
rare cases have a long right tail, where the normal curve sees wonders. It is given as ``z``, to be set beside
the figures of other programs, and decides nothing.

What decides is exact. If nothing but the number at risk mattered, each case would fall into a window (a cell
and its neighbours) with the chance *at risk there / at risk everywhere*: given all cases, those of a window
are binomial, and ``p`` is the chance of so many or more. It is what rearranging the cases among the people
(not the rates among the cells) a million times would give. Season and growth of the whole town fall out,
since all cases are given. Where those at risk are themselves counted cases (the same matter in another
period), there is chance in them too, and the cases of the window are hypergeometric (Fisher's exact test).

All windows are judged together: ``q`` is how many windows with so small a p, or a smaller one, a town has in
which nothing is hot (Boole's inequality over the p-values each window can have, since those of few people
cannot be small; Tarone 1990). So of towns with nothing hot at most ``level`` show anything, whatever hangs
together with what; and in any town the chance that a false spot is told is no larger, which bounds the share
of false discoveries as well. The bar of Benjamini and Hochberg, which is lowered by what was found, found
hardly more and let in places that only differ by their nature.

Hot means surely more, and by ``least_ratio`` at the least: with enough cases every difference is sure.

What is painted
---------------
A hot window's neighbours are hot too, because they share its cells: a halo. So the surest window is taken
first, and its cells are taken out; others stay hot only if they are as sure without them. Of a window's cells
those are painted that are beyond chance by themselves, and always the surest one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special, stats

from geo.patterns.neighbours import Flags, Floats, Neighbours, sum_around
from geo.patterns.rates import divide

# Less than half as much again is how places differ anyway.
LEAST_RATIO: Final = 1.5
LEVEL: Final = 0.05
# Fewer cases are no spot, however few people live there: a register may miss some.
LEAST_CASES: Final = 3
# From so many expected cases on, p is as good as continuous; under it, so many steps are never reached.
_FEW: Final = 5.0
_MOST_STEPS: Final = 60
_TINY: Final = 1e-300


@dataclass(frozen=True)
class Hotspots:
    """One row a cell; its window is the cell and its neighbours.

    Attributes:
        z: Getis–Ord Gi* of the rates; nan where nobody is at risk.
        window_count: cases in the window.
        window_at_risk: those at risk in it.
        ratio: rate in the window over the rate elsewhere; inf where there is none elsewhere, nan for nothing
            over nothing.
        low: lower end of the exact 95 % interval of the ratio.
        high: its upper end.
        p: chance of so many cases or more if the rate were the same everywhere; 1 where that is not asked.
        q: how many such windows, or surer ones, a town has where nothing is hot; 1 where p is over the level.
        is_hot: cells to paint.
    """

    z: Floats
    window_count: Floats
    window_at_risk: Floats
    ratio: Floats
    low: Floats
    high: Floats
    p: Floats
    q: Floats
    is_hot: Flags


@dataclass(frozen=True)
class Change:
    """What changed from one period to another, beyond what changed everywhere; one row a cell and its window.

    Attributes:
        before: cases in the window in the first period.
        after: cases in the window in the second.
        ratio: how many times as many as before, over how many times as many elsewhere.
        low: lower end of the exact 95 % interval of the ratio.
        high: its upper end.
        has_risen: cells to paint as risen.
        has_fallen: cells to paint as fallen.
    """

    before: Floats
    after: Floats
    ratio: Floats
    low: Floats
    high: Floats
    has_risen: Flags
    has_fallen: Flags


@dataclass(frozen=True)
class _Split:
    """Cases and those at risk, here and elsewhere; arrays of one length."""

    cases: Floats
    at_risk: Floats
    other_cases: Floats
    other_at_risk: Floats

    @property
    def ratio(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((self.cases * self.other_at_risk) / (self.other_cases * self.at_risk))

    def take(self, rows: Flags) -> "_Split":
        return _Split(self.cases[rows], self.at_risk[rows], self.other_cases[rows], self.other_at_risk[rows])


def find_hotspots(
    count: Floats, at_risk: Floats, neighbours: Neighbours, *,
    least_ratio: float = LEAST_RATIO, level: float = LEVEL,
) -> Hotspots:  # fmt: skip
    """Find the cells with more than those at risk there explain.

    Args:
        count: n cases.
        at_risk: n households, residents or merchants; for matters of the street, see
            :func:`geo.patterns.density.spread_cases`. Where nobody is at risk, cases count for nothing.
        neighbours: n × n.
        least_ratio: how many times the rate elsewhere is hot at the least.
        level: which share of towns with nothing hot may show anything.
    """
    people = np.asarray(at_risk, dtype=np.float64)
    return _find(np.where(people > 0, count, 0.0), people, neighbours, least_ratio, level, is_counted=False)


def compare_periods(
    before: Floats, after: Floats, neighbours: Neighbours, *,
    least_ratio: float = LEAST_RATIO, level: float = LEVEL,
) -> Change:  # fmt: skip
    """Find the cells that rose or fell otherwise than the rest of the town did.

    The lengths of the periods do not matter, nor does the season, as long as it is the same everywhere.

    Args:
        before: n cases of the first period.
        after: n cases of the second.
        neighbours: n × n.
        least_ratio: how much more or less is told at the least.
        level: which share of what is told may be false, for rises and for falls each.
    """
    first, second = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    risen = _find(second, first, neighbours, least_ratio, level, is_counted=True)
    fallen = _find(first, second, neighbours, least_ratio, level, is_counted=True)
    return Change(
        before=risen.window_at_risk, after=risen.window_count,
        ratio=risen.ratio, low=risen.low, high=risen.high,
        has_risen=risen.is_hot, has_fallen=fallen.is_hot,
    )  # fmt: skip


def score_getis_ord(values: Floats, neighbours: Neighbours) -> Floats:
    """Return Gi* (Ord and Getis 1995) in standard deviations, with binary weights.

    Args:
        values: n rates, or n × m, each column for itself; a cell whose value is nan is left out.
        neighbours: n × n.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    size = known.sum(axis=0)
    around = sum_around(neighbours, known.astype(np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = filled.sum(axis=0) / size
        variance = np.where(known, filled - mean, 0.0)
        deviation = np.sqrt((variance**2).sum(axis=0) / size)
        scatter = deviation * np.sqrt(np.maximum(size * around - around**2, 0.0) / (size - 1))
        score = (sum_around(neighbours, filled) - around * mean) / scatter
    return np.where(known & (scatter > 0), score, np.nan)


def adjust_p(p: Floats) -> Floats:
    """Return p-values after Benjamini and Hochberg, all of an array together."""
    return np.asarray(stats.false_discovery_control(p, axis=None)).reshape(p.shape) if p.size else p


def tail_binomial(cases: Floats, all_cases: Floats, share: Floats) -> Floats:
    """Return the chance of so many of all cases or more, each with the chance ``share``."""
    return np.asarray(special.betainc(np.maximum(cases, _TINY), all_cases - cases + 1, share))


def mark_hot(
    count: Floats, at_risk: Floats, neighbours: Neighbours, *,
    least_ratio: float = LEAST_RATIO, level: float = LEVEL,
) -> Flags:  # fmt: skip
    """Return only the cells to paint, as :func:`find_hotspots` does."""
    people = np.asarray(at_risk, dtype=np.float64)
    cases = np.where(people > 0, count, 0.0)
    return _mark(cases, people, neighbours, least_ratio, level, is_counted=False)[-1]


def _find(
    cases: Floats, at_risk: Floats, neighbours: Neighbours, least_ratio: float, level: float, *,
    is_counted: bool,
) -> Hotspots:  # fmt: skip
    windows, p, q, is_hot = _mark(cases, at_risk, neighbours, least_ratio, level, is_counted=is_counted)
    low, high = _bound_ratio(windows, is_counted=is_counted)
    return Hotspots(
        z=score_getis_ord(divide(cases, at_risk), neighbours),
        window_count=windows.cases, window_at_risk=windows.at_risk,
        ratio=windows.ratio, low=low, high=high, p=p, q=q, is_hot=is_hot,
    )  # fmt: skip


def _mark(
    cases: Floats, at_risk: Floats, neighbours: Neighbours, least_ratio: float, level: float, *,
    is_counted: bool,
) -> tuple[_Split, Floats, Floats, Flags]:  # fmt: skip
    """Return the windows, their p and q, and the cells to paint."""
    windows = _split(cases, at_risk, neighbours)
    is_asked = (at_risk > 0) | (cases > 0)
    p = np.where(is_asked, _test(windows, is_counted=is_counted), 1.0)
    q = adjust_p(p) if is_counted else _count_chances(p, windows, is_asked, level)
    with np.errstate(invalid="ignore"):
        is_chosen = (q <= level) & (windows.ratio >= least_ratio)
    return windows, p, q, _paint(p, is_chosen, cases, at_risk, neighbours, is_counted=is_counted)


def _split(cases: Floats, at_risk: Floats, neighbours: Neighbours | None = None) -> _Split:
    here = cases if neighbours is None else sum_around(neighbours, cases)
    at_risk_here = at_risk if neighbours is None else sum_around(neighbours, at_risk)
    return _Split(here, at_risk_here, cases.sum() - here, at_risk.sum() - at_risk_here)


def _paint(
    p: Floats, is_chosen: Flags, cases: Floats, at_risk: Floats, neighbours: Neighbours, *, is_counted: bool
) -> Flags:
    """Return the cells to paint: of the surest window first, then of what is as sure without its cells."""
    is_hot = np.zeros(len(p), bool)
    rows = np.flatnonzero(is_chosen)
    if not len(rows):
        return is_hot
    alone = _test(_split(cases, at_risk), is_counted=is_counted, least_cases=1)
    left, left_at_risk, around = cases.copy(), at_risk.copy(), neighbours[rows]
    bar, sureness = p[rows].max(), p[rows]
    while (sureness <= bar).any():
        best = np.argmin(sureness)
        window = around.indices[around.indptr[best] : around.indptr[best + 1]]
        window = window[left[window] > 0]
        is_hot[window[alone[window] <= LEVEL]] = True
        is_hot[window[np.argmin(alone[window])]] = True
        left[window], left_at_risk[window] = 0.0, 0.0
        here, here_at_risk = sum_around(around, left), sum_around(around, left_at_risk)
        rest = _Split(here, here_at_risk, left.sum() - here, left_at_risk.sum() - here_at_risk)
        sureness = _test(rest, is_counted=is_counted)
    return is_hot


def _test(split: _Split, *, is_counted: bool, least_cases: int = LEAST_CASES) -> Floats:
    """Return the chance of so many cases or more, were the rate the same everywhere; 1 for few or no more."""
    p = np.ones(len(split.cases))
    with np.errstate(invalid="ignore"):
        is_tested = (split.cases >= least_cases) & (split.ratio > 1)
    here = split.take(is_tested)
    if is_counted:
        p[is_tested] = _tail_fisher(here)
    else:
        share = here.at_risk / (here.at_risk + here.other_at_risk)
        p[is_tested] = tail_binomial(here.cases, here.cases + here.other_cases, share)
    return p


def _count_chances(p: Floats, windows: _Split, is_asked: Flags, level: float) -> Floats:
    """Return how many windows with such a p, or a smaller one, a town has with the same rate everywhere.

    What is over ``level`` is 1. Where many cases make p nearly continuous, a window counts with p itself.
    """
    q = np.ones(len(p))
    (small,) = np.nonzero(p <= level)
    if not len(small):
        return q
    total = windows.cases[0] + windows.other_cases[0]
    share = (windows.at_risk / (windows.at_risk + windows.other_at_risk))[is_asked]
    is_few = total * share < _FEW
    number = np.arange(LEAST_CASES, min(_MOST_STEPS, total + 1))
    # Values under the smallest p are of no interest, not even those of the largest window.
    is_reached = tail_binomial(number, total, share[is_few].max(initial=0.0)) > p[small].min()
    number = number[: int(is_reached.sum()) + 1, None]
    value = tail_binomial(number, total, share[is_few])
    # What a window adds when the bar rises over one of its values: the chance of just that many cases.
    step = value - np.vstack([value[1:], np.zeros(value.shape[1])])
    by_value = np.argsort(value, axis=None)
    reached = np.searchsorted(value.ravel()[by_value], p[small], side="right")
    expected = np.append(0.0, np.cumsum(step.ravel()[by_value]))[reached] + p[small] * (~is_few).sum()
    q[small] = np.minimum(expected, 1.0)
    return q


def _tail_fisher(split: _Split) -> Floats:
    """Return the upper tail of the hypergeometric distribution: so many of the cases here, or more."""
    cases, inside = split.cases, split.cases + split.at_risk
    all_cases, all_at_risk = cases + split.other_cases, split.at_risk + split.other_at_risk
    log_chance = _log_choose(all_cases, cases) + _log_choose(all_at_risk, split.at_risk)
    log_chance -= _log_choose(all_cases + all_at_risk, inside)
    deviation = np.sqrt(inside * all_cases * all_at_risk) / (all_cases + all_at_risk)
    # Each further case is rarer by a factor known; beyond ten deviations nothing is left to add.
    terms = int(min(10 * deviation.max(initial=0) + 40, np.minimum(inside, all_cases).max(initial=0) + 1))
    further = cases[:, None] + np.arange(terms)
    rarer = (all_cases[:, None] - further) * (inside[:, None] - further)
    rarer /= (further + 1) * ((all_at_risk - inside)[:, None] + further + 1)
    return np.asarray(np.minimum(np.exp(log_chance) * (1 + np.cumprod(rarer, axis=1).sum(axis=1)), 1.0))


def _log_choose(n: Floats, k: Floats) -> Floats:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def _bound_ratio(split: _Split, *, is_counted: bool, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact (Clopper–Pearson) interval of the ratio; of counted cases, given those elsewhere."""
    tail = (1 - level) / 2
    # Of the first and second together, the first are binomial; their odds are the ratio times the weight.
    first = split.cases
    second, over, under = (
        (split.at_risk, split.other_cases, split.other_at_risk)
        if is_counted
        else (split.other_cases, split.at_risk, split.other_at_risk)
    )
    least = special.betaincinv(np.maximum(first, _TINY), second + 1, tail)
    most = special.betaincinv(first + 1, np.maximum(second, _TINY), 1 - tail)
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = over / under
        low = np.where(first > 0, least / (1 - least), 0.0) / weight
        high = np.where(second > 0, most / (1 - most), np.inf) / weight
    is_known = (over > 0) & (under > 0)
    return np.where(is_known, low, np.nan), np.where(is_known, high, np.nan)

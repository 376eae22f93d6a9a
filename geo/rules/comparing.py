"""One number of cases against an earlier one: by the day, and beside what chance alone may do.

Cases are taken as Poisson. Where one event is reported by many people they come in clusters, and what is
called a rise here may be one event: the page leads to the cases behind each.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

Ints = npt.NDArray[np.int64]
Verdict = Literal["up", "down", "even", "small", "unknown"]

SMALL: Final = 10
"""Two numbers below so many cases together say nothing that a colour or a rank may repeat."""

_FALSE_SHARE: Final = 0.05
_SURE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Change:
    """A number of cases against an earlier one.

    Attributes:
        now: cases of the period.
        then: cases of the earlier one; None where nothing was kept yet.
        expected: cases there would be now at the earlier rate a day; None as ``then``.
        ratio: of the rates a day; None where there was no case then, or none is known.
        low: lower end of its 95 % interval; None only where ``then`` is.
        high: upper end; None where it has none.
        verdict: ``up`` or ``down`` where it is more than chance explains, among all that were compared with
            it; ``small`` below :data:`SMALL`.
    """

    now: int
    then: int | None
    expected: float | None
    ratio: float | None
    low: float | None
    high: float | None
    verdict: Verdict


def compare_counts(now: Ints, then: Ints | None, now_days: int, then_days: int) -> list[Change]:
    """Compare numbers of cases with earlier ones, each with its own, and judge all of them together.

    The rates a day have a ratio whose exact interval follows from the binomial share of the cases that fall
    into the later period (Clopper and Pearson). Of many ratios some look sure by chance: ``up`` and ``down``
    go to those that the procedure of Benjamini and Hochberg keeps at 5 % false among them. Small numbers are
    not tested, whose absence
    makes nothing else look surer: which they are does not depend on when the cases fell.

    Args:
        now: cases, one number a row.
        then: as many earlier numbers; None where nothing was kept then.
        now_days: days in which ``now`` was counted, more than 0.
        then_days: days of ``then``; 0 is as None.
    """
    if then is None or then_days <= 0:
        return [Change(int(n), None, None, None, None, None, "unknown") for n in now]
    both = now + then
    low, high = _find_share_interval(now, both)
    fair = now_days / (now_days + then_days)
    p = np.minimum(1.0, 2 * np.minimum(stats.binom.cdf(now, both, fair), stats.binom.sf(now - 1, both, fair)))
    is_tested = both >= SMALL
    is_sure = np.zeros(len(now), bool)
    if is_tested.any():
        is_sure[is_tested] = stats.false_discovery_control(p[is_tested]) <= _FALSE_SHARE
    per_day = then_days / now_days
    changes = []
    for row in range(len(now)):
        ratio = now[row] / then[row] * per_day if then[row] else None
        is_more = now[row] > then[row] / per_day
        verdict: Verdict = (
            "small" if not is_tested[row] else ("up" if is_more else "down") if is_sure[row] else "even"
        )
        changes.append(
            Change(
                now=int(now[row]),
                then=int(then[row]),
                expected=float(then[row] / per_day),
                ratio=None if ratio is None else float(ratio),
                low=float(low[row] / (1 - low[row]) * per_day),
                high=float(high[row] / (1 - high[row]) * per_day) if high[row] < 1 else None,
                verdict=verdict,
            )
        )
    return changes


def hide_small_cells(counts: Ints, least: int) -> npt.NDArray[np.bool_]:
    """Tell which cells of a table must not be shown where others look on, so that none can be worked out.

    Every cell below ``least`` is hidden, those with no case too, so that a hidden cell does not say whether
    there is one. Where a row or column hides a single cell, its sum would tell it: then the smallest of the
    others is hidden as well. What this does not do: it does not keep apart two tables with other places or
    months that are laid side by side, nor somebody who knows all cases of a cell but one.

    Args:
        counts: two-dimensional, places by kinds; the sums of rows and columns are shown.
        least: the smallest number that is shown.
    """
    hidden: npt.NDArray[np.bool_] = counts < least
    # What is hidden for a row may leave a column with one; each round hides a cell at least.
    while (lonely := _find_lonely(counts, hidden)) is not None:
        hidden[lonely] = True
    return hidden


def _find_lonely(counts: Ints, hidden: npt.NDArray[np.bool_]) -> Any:
    """Find the cell to hide beside one that is hidden alone in its row or column, if there is one."""
    for table, mask, is_turned in ((counts, hidden, False), (counts.T, hidden.T, True)):
        for line in np.flatnonzero(mask.sum(axis=1) == 1):
            shown = np.flatnonzero(~mask[line])
            # Nothing is told of a cell without a case but that: there is nobody to protect.
            if len(shown) and table[line][mask[line]][0] > 0:
                beside = shown[np.argmin(table[line][shown])]
                return (beside, line) if is_turned else (line, beside)
    return None


def _find_share_interval(now: Ints, both: Ints) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    tail = (1 - _SURE) / 2
    then = both - now
    low = np.where(now > 0, stats.beta.ppf(tail, np.maximum(now, 1), then + 1), 0.0)
    high = np.where(then > 0, stats.beta.ppf(1 - tail, now + 1, np.maximum(then, 1)), 1.0)
    return low, high

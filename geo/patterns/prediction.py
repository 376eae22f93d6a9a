"""Where the next cases are to be expected, and how much of them a tenth of the area catches.

A hot spot says where there is too much; where to walk next month is another question, for much also comes
from where many live. So the cases of a cell are forecast: its rate, drawn towards that of all and of its
neighbours by as much as it is uncertain, times those at risk in it. What lies further back counts less.

The best measure of those at risk is then not households but all other matters of the kind of place reported
there: they know where in a yard people stand, which no register does.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from geo.patterns.neighbours import Flags, Floats, Neighbours, sum_around
from geo.patterns.rates import divide, smooth_globally, smooth_locally

# Those at risk are not always in their own cell: so much of them is spread over the neighbours.
_SPREAD: Final = 0.2


@dataclass(frozen=True)
class Capture:
    """What a choice of cells caught of the cases that came afterwards.

    Attributes:
        area_share: share of the area chosen.
        hit_rate: share of the cases in it; nan where none came.
    """

    area_share: float
    hit_rate: float

    @property
    def accuracy_index(self) -> float:
        """Predictive accuracy index (PAI): how many times as much as any area of the size would catch."""
        return self.hit_rate / self.area_share if self.area_share else float("nan")


def forecast_counts(
    counts: Floats, at_risk: Floats, neighbours: Neighbours, *, half_life: float = 26.0
) -> Floats:
    """Return the cases to be expected in each cell in the next step.

    Args:
        counts: n × steps, cases; the last step is the latest.
        at_risk: n; cases of other categories there, or households. Where none are near, none are expected.
        neighbours: n × n.
        half_life: after how many steps a case counts half.
    """
    weight = 0.5 ** (np.arange(counts.shape[1])[::-1] / half_life)
    around = divide(sum_around(neighbours, at_risk), sum_around(neighbours, np.ones(len(at_risk))))
    present = (1 - _SPREAD) * at_risk + _SPREAD * around
    cases, watched = counts @ weight, present * weight.sum()
    rate = (smooth_globally(cases, watched) + smooth_locally(cases, watched, neighbours)) / 2
    return np.where(watched > 0, rate * present, 0.0)


def choose_cells(expected: Floats, area_m2: Floats, share: float = 0.1) -> Flags:
    """Return the cells with the most expected cases on a square metre, as many as fit a share of the area.

    Args:
        expected: n cases.
        area_m2: n.
        share: of the whole area.
    """
    order = np.argsort(-expected / np.maximum(area_m2, 1e-9), kind="stable")
    chosen = np.zeros(len(expected), bool)
    chosen[order[np.cumsum(area_m2[order]) <= share * area_m2.sum()]] = True
    return chosen


def measure_capture(is_chosen: Flags, area_m2: Floats, came: Floats) -> Capture:
    """Return how much of the cases that came the chosen cells caught.

    Args:
        is_chosen: n.
        area_m2: n.
        came: n cases of the time after the choice.
    """
    total = came.sum()
    hit_rate = float(came[is_chosen].sum() / total) if total else float("nan")
    return Capture(float(area_m2[is_chosen].sum() / area_m2.sum()), hit_rate)

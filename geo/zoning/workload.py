"""The one formula of how much work a building is.

    workload = household × households
             + resident × residents
             + incident × Σ (weight of its category), over the incidents of the last 90 days
             + merchant × merchants
             + three_no_household × households, in a three-no compound
             + elderly_resident × elderly, where they are elderly_share of the residents or more
             + chat_group × chat groups

The weights are those of ``geo.model.workload``, or what a community has set instead. The unit is the work one
household makes.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from geo.model.workload import BuildingCounts, WorkloadWeights
from geo.zoning.problem import Floats

Flags = npt.NDArray[np.bool_]


class Part(StrEnum):
    """What a workload is the sum of, in the order of the columns."""

    HOUSEHOLDS = "households"
    RESIDENTS = "residents"
    INCIDENTS = "incidents"
    MERCHANTS = "merchants"
    THREE_NO = "three_no"
    ELDERLY = "elderly"
    CHAT_GROUPS = "chat_groups"


def weigh_buildings(counts: BuildingCounts, weights: WorkloadWeights) -> Floats:
    """Weigh n buildings.

    Returns:
        n × 7, a column for each :class:`Part` in its order; the workload of a building is the sum of its row.
    """
    by_category = np.array([_weigh_category(code, counts, weights) for code in counts.categories], np.float64)
    is_old = find_elderly_heavy(counts, weights)
    parts = {
        Part.HOUSEHOLDS: weights.household * counts.households,
        Part.RESIDENTS: weights.resident * counts.residents,
        Part.INCIDENTS: weights.incident * (counts.incidents @ by_category),
        Part.MERCHANTS: weights.merchant * counts.merchants,
        Part.THREE_NO: weights.three_no_household * counts.households * counts.is_three_no,
        Part.ELDERLY: weights.elderly_resident * counts.elderly * is_old,
        Part.CHAT_GROUPS: weights.chat_group * counts.chat_groups,
    }
    return np.stack([parts[part] for part in Part], axis=1)


def find_elderly_heavy(counts: BuildingCounts, weights: WorkloadWeights) -> Flags:
    """Find in which of n buildings so many are elderly that they count."""
    return np.asarray((counts.residents > 0) & (counts.elderly >= weights.elderly_share * counts.residents))


def _weigh_category(code: str, counts: BuildingCounts, weights: WorkloadWeights) -> float:
    known = weights.categories
    return known.get(code, known.get(counts.parents.get(code, ""), 1.0))

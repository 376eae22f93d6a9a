"""What the buildings of a community ask of whoever holds them, as counted, and what each count weighs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]

USUAL_CATEGORY_WEIGHTS: Final[Mapping[str, float]] = {
    "E4": 1.5,  # fire safety: looked at again and again
    "E5": 1.5,  # building without leave
    "E9": 2.0,  # disputes: several meetings each
    "E10": 2.0,  # care
    "E11": 2.0,  # security
    "E12": 0.5,  # enquiries: answered on the spot
}


@dataclass(frozen=True, slots=True)
class WorkloadWeights:
    """How much work each thing is, one household being 1 unless a community counts it otherwise.

    Attributes:
        household: one household.
        resident: one resident, beside the household.
        incident: one incident of the last 90 days of a category that weighs 1.
        merchant: one merchant.
        three_no_household: one household in a three-no compound, which nobody else looks after.
        elderly_resident: one elderly resident of a building where many are.
        chat_group: one chat group; that of a compound is shared by its buildings as their households are.
        elderly_share: from which share of its residents on a building has many elderly.
        categories: what an incident of a category weighs; one not named weighs what its parent does, or 1.
    """

    household: float = 1.0
    resident: float = 0.1
    incident: float = 3.0
    merchant: float = 2.0
    three_no_household: float = 0.5
    elderly_resident: float = 0.5
    chat_group: float = 10.0
    elderly_share: float = 0.3
    categories: Mapping[str, float] = field(default_factory=lambda: dict(USUAL_CATEGORY_WEIGHTS))


@dataclass(frozen=True)
class BuildingCounts:
    """What is counted in each of n buildings.

    Attributes:
        building_ids: n, ascending.
        households, residents, elderly, merchants, chat_groups: n each; groups may be parts of one.
        is_three_no: n; whether the building stands in a three-no compound.
        incidents: n × c; of the last 90 days.
        categories: c codes.
        parents: of each category that has one, its parent's code.
    """

    building_ids: tuple[int, ...]
    households: Counts
    residents: Counts
    elderly: Counts
    merchants: Counts
    chat_groups: Counts
    is_three_no: npt.NDArray[np.bool_]
    incidents: Counts
    categories: tuple[str, ...]
    parents: Mapping[str, str]

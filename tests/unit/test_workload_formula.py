"""The workload of a building is the sum of its parts, each weighed as the community has it."""

from dataclasses import replace

import numpy as np
import pytest

from geo.model.workload import BuildingCounts, WorkloadWeights
from geo.zoning.workload import Part, weigh_buildings

_WEIGHTS = WorkloadWeights(
    household=1, resident=0.1, incident=3, merchant=2, three_no_household=0.5, elderly_resident=0.5,
    chat_group=10, elderly_share=0.25, categories={"E1": 2, "E101": 4},
)  # fmt: skip


def _count(**changes: object) -> BuildingCounts:
    """Two buildings of 40 households: the first has everything, the second nothing beside them."""
    counts = BuildingCounts(
        building_ids=(1, 2),
        households=np.array([40.0, 40]),
        residents=np.array([100.0, 0]),
        elderly=np.array([25.0, 0]),
        merchants=np.array([3.0, 0]),
        chat_groups=np.array([1.5, 0]),
        is_three_no=np.array([True, False]),
        incidents=np.array([[1.0, 2, 5], [0, 0, 0]]),
        categories=("E101", "E102", "E901"),
        parents={"E101": "E1", "E102": "E1", "E901": "E9"},
    )
    return replace(counts, **changes)  # type: ignore[arg-type]


def test_each_part_is_its_count_times_its_weight() -> None:
    parts = weigh_buildings(_count(), _WEIGHTS)
    assert dict(zip(Part, parts[0].tolist(), strict=True)) == {
        Part.HOUSEHOLDS: 40,
        Part.RESIDENTS: pytest.approx(10),
        # One of E101 at its own weight 4, two of E102 at their parent's 2, five of E901 at 1.
        Part.INCIDENTS: 3 * (1 * 4 + 2 * 2 + 5 * 1),
        Part.MERCHANTS: 6,
        Part.THREE_NO: 20,
        Part.ELDERLY: 12.5,
        Part.CHAT_GROUPS: 15,
    }
    assert parts[1].tolist() == [40, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("elderly", "work"), [(24.0, 0.0), (25.0, 12.5)])
def test_the_elderly_count_from_a_share_on(elderly: float, work: float) -> None:
    counts = _count(elderly=np.array([elderly, 0]))
    assert weigh_buildings(counts, _WEIGHTS)[0, list(Part).index(Part.ELDERLY)] == work


def test_an_empty_building_has_no_many_elderly() -> None:
    counts = _count(residents=np.zeros(2), elderly=np.zeros(2))
    assert (
        weigh_buildings(counts, replace(_WEIGHTS, elderly_share=0))[:, list(Part).index(Part.ELDERLY)].sum()
        == 0
    )


def test_a_community_without_incidents_has_no_work_of_them() -> None:
    counts = _count(incidents=np.empty((2, 0)), categories=())
    assert weigh_buildings(counts, _WEIGHTS)[:, list(Part).index(Part.INCIDENTS)].tolist() == [0, 0]

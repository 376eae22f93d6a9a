"""The town as zones are drawn on it: its buildings, who touches whom, and what each asks of its holder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import compress
from typing import Final

from geo.operations.suggesting import Load, pose_question
from geo.store import choices
from geo.zoning.problem import Floats, Neighbourhood
from geo.zoning.workload import find_elderly_heavy

_LOADS: Final = (Load.HOUSEHOLDS, Load.RESIDENTS, Load.WORKLOAD)


@dataclass(frozen=True)
class Town:
    """What stays as it is while a plan is drawn.

    Attributes:
        building_ids: n; the order of the units.
        names: n.
        areas: buildings by area: its layer, ``grids`` or ``compounds``, and row id.
        neighbourhood: of the n buildings.
        loads: n × 3: households, residents, workload.
        three_no: buildings in a three-no compound.
        elderly: buildings in which many are elderly, as the community's weights say.
    """

    building_ids: tuple[int, ...]
    names: tuple[str, ...]
    areas: Mapping[tuple[str, int], frozenset[int]]
    neighbourhood: Neighbourhood
    loads: Floats
    three_no: frozenset[int] = frozenset()
    elderly: frozenset[int] = frozenset()

    @cached_property
    def unit_of(self) -> dict[int, int]:
        """The number of the unit of each building."""
        return {building_id: unit for unit, building_id in enumerate(self.building_ids)}


def read_town(community_id: int, on_day: date) -> Town:
    """Return the town as whoever acts sees it on a day.

    Raises:
        InputRefused: it has no building.
        NotFound: there is no such community, or whoever asks does not see it.
    """
    posed = pose_question(community_id, None, on_day, zone_count=1, balance=_LOADS)
    names = {building.id: building.name for building in choices.list_buildings(community_id)}
    return Town(
        building_ids=posed.building_ids,
        names=tuple(names[building_id] for building_id in posed.building_ids),
        areas=choices.list_area_buildings(community_id, on_day),
        neighbourhood=posed.question.problem.neighbourhood,
        loads=posed.question.loads,
        three_no=frozenset(compress(posed.building_ids, posed.workload.counts.is_three_no)),
        elderly=frozenset(
            compress(posed.building_ids, find_elderly_heavy(posed.workload.counts, posed.workload.weights))
        ),
    )

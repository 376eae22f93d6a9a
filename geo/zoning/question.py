"""What a search is asked, in a form that goes from one process to another."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import orjson
import shapely

from geo.zoning.adjacency import link_buildings
from geo.zoning.problem import Floats, Ints, Problem, pose_problem


@dataclass(frozen=True)
class Question:
    """How to share out n buildings.

    Attributes:
        points_m: n × 2; a point on each building, in metres.
        outline: the community in the same system.
        waters: rivers and lakes that part neighbours.
        compounds: n; the walled compound of each building, -1 for none.
        loads: n × k; the first is the one that counts as moved with a building.
        zone_count: how many zones there are to be.
        holder: n; the zone that holds each building today, or ``NO_ZONE``.
        fixed: n; the zone each locked building must be in, or ``NO_ZONE``.
        closed: zones that neither give nor take.
    """

    points_m: Floats
    outline: shapely.Geometry
    waters: tuple[shapely.Geometry, ...]
    compounds: Ints
    loads: Floats
    zone_count: int
    holder: Ints
    fixed: Ints
    closed: tuple[int, ...]

    @cached_property
    def problem(self) -> Problem:
        """The question as the search takes it.

        Raises:
            InputRefused: no plan can be like that.
        """
        ground, _ = link_buildings(
            self.points_m, self.outline, waters=np.asarray(self.waters, object), compound=self.compounds
        )
        return pose_problem(
            ground,
            self.loads,
            self.zone_count,
            holder=self.holder,
            fixed=self.fixed,
            closed=self.closed,
        )

    def write(self) -> bytes:
        """Write it down as one line of JSON."""
        told: dict[str, Any] = {
            "points_m": self.points_m,
            "outline": shapely.to_wkb(self.outline, hex=True),
            "waters": [shapely.to_wkb(water, hex=True) for water in self.waters],
            "compounds": self.compounds,
            "loads": self.loads,
            "zone_count": self.zone_count,
            "holder": self.holder,
            "fixed": self.fixed,
            "closed": self.closed,
        }
        return orjson.dumps(_lay_out(told), option=orjson.OPT_SERIALIZE_NUMPY)


def _lay_out(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: np.ascontiguousarray(value) if isinstance(value, np.ndarray) else value
        for name, value in told.items()
    }


def read_question(line: bytes) -> Question:
    """Read what :meth:`Question.write` wrote."""
    told = orjson.loads(line)
    return Question(
        points_m=np.asarray(told["points_m"], np.float64).reshape(-1, 2),
        outline=shapely.from_wkb(told["outline"]),
        waters=tuple(shapely.from_wkb(water) for water in told["waters"]),
        compounds=np.asarray(told["compounds"], np.int64),
        loads=np.asarray(told["loads"], np.float64),
        zone_count=told["zone_count"],
        holder=np.asarray(told["holder"], np.int64),
        fixed=np.asarray(told["fixed"], np.int64),
        closed=tuple(told["closed"]),
    )

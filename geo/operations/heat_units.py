"""What is counted by: hexagons, grids, compounds or buildings, with who lives there and what lies in them."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, TypedDict
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import shapely

from geo.patterns.hexagons import Hexagons, lay_hexagons
from geo.patterns.neighbours import Flags, Floats, Neighbours, link_nobody, link_touching, link_within
from geo.store.pattern_places import Areas, Ground
from geo.store.patterns import Columns

Unit = Literal["hexagon", "grid", "compound", "building"]
Dwelling = Literal["households", "residents", "merchants"]

HEXAGON_M: Final = 60.0
"""From side to side: about a building and what is around it. Shared screens have grids instead."""

# Between neighbouring compounds or grids there is a road.
_ROAD_M: Final = 40.0
_NEAR_M: Final[Mapping[Unit, float]] = {"hexagon": 1.1 * HEXAGON_M, "building": 75.0}

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Layout:
    """The cells of a community, n of them.

    Attributes:
        unit: what they are.
        ids: row ids; of hexagons their numbers.
        names: of a hexagon, the compound most of whose households live in it, or the building next to it.
        places_m: n × 2; a point in each.
        shapes: n, in metres; points, of buildings.
        outline: the community.
        of_case, of_building: the cell of each case and each building; -1 for none.
        dwellings: what lives or trades in each.
        has_building: n.
    """

    unit: Unit
    ids: npt.NDArray[np.int64]
    names: tuple[str, ...]
    places_m: Floats
    shapes: npt.NDArray[np.object_]
    outline: shapely.MultiPolygon
    of_case: Ints
    of_building: Ints
    dwellings: Mapping[Dwelling, Floats]
    has_building: Flags

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def land_m2(self) -> Floats:
        """The area of each cell that lies inside the community."""
        return np.asarray(shapely.area(shapely.intersection(self.shapes, self.outline)), np.float64)

    @cached_property
    def windows(self) -> Neighbours:
        """Which cells are judged together: small ones with their neighbours, grids and compounds alone.

        A grid and all that touch it are a quarter of the town.
        """
        return self.neighbours if self.unit in _NEAR_M else link_nobody(len(self))

    @cached_property
    def neighbours(self) -> Neighbours:
        """Which cells lie around which."""
        if self.unit in _NEAR_M:
            return link_within(self.places_m[:, 0], self.places_m[:, 1], _NEAR_M[self.unit])
        return link_touching(shapely.buffer(self.shapes, _ROAD_M / 2))


def lay_out(columns: Columns, unit: Unit) -> Layout:
    """Return the cells of a kind; made once for each state of the columns."""
    with _guard:
        made = _layouts.setdefault(columns, {})
    if unit not in made:
        made[unit] = _LAY_OUT[unit](columns)
    return made[unit]


_guard: Final = threading.Lock()
_layouts: WeakKeyDictionary[Columns, dict[Unit, Layout]] = WeakKeyDictionary()


def _lay_buildings(columns: Columns) -> Layout:
    ground = columns.ground
    points = np.asarray(shapely.points(ground.places_m), np.object_)
    numbers = np.arange(len(points), dtype=np.int32)
    return Layout(
        unit="building",
        ids=ground.building_ids,
        names=ground.building_names,
        places_m=ground.places_m,
        shapes=points,
        outline=ground.outline,
        of_case=columns.cases.building,
        of_building=numbers,
        **_sum_up(ground, numbers, len(points)),
    )


def _lay_compounds(columns: Columns) -> Layout:
    ground = columns.ground
    return _lay_areas(ground, "compound", ground.compounds, columns.cases.compound, ground.compound_of)


def _lay_grids(columns: Columns) -> Layout:
    ground = columns.ground
    return _lay_areas(ground, "grid", ground.grids, columns.cases.grid, ground.grid_of)


def _lay_areas(
    ground: Ground, unit: Unit, areas: Areas, of_case: npt.NDArray[np.int16], of_building: Ints
) -> Layout:
    return Layout(
        unit=unit,
        ids=areas.ids,
        names=areas.names,
        places_m=_find_places(areas.shapes),
        shapes=areas.shapes,
        outline=ground.outline,
        of_case=of_case.astype(np.int32),
        of_building=of_building,
        **_sum_up(ground, of_building, len(areas.ids)),
    )


def _lay_hexagons(columns: Columns) -> Layout:
    ground, cases = columns.ground, columns.cases
    hexagons = lay_hexagons(ground.outline, HEXAGON_M)
    of_building = hexagons.locate(*ground.places_m.T)
    count = len(hexagons.up)
    # A yard lies across the border from its houses: its cases count where its people do.
    of_case = np.append(of_building, np.int32(-1))[cases.building]
    outside = np.flatnonzero(cases.building < 0)
    of_case[outside] = hexagons.locate(cases.x_m[outside], cases.y_m[outside])
    return Layout(
        unit="hexagon",
        ids=np.arange(count, dtype=np.int64),
        names=_name_hexagons(hexagons, of_building, ground),
        places_m=hexagons.middles_m,
        shapes=np.asarray(shapely.polygons(hexagons.list_corners()), np.object_),
        outline=ground.outline,
        of_case=of_case,
        of_building=of_building,
        **_sum_up(ground, of_building, count),
    )


_LAY_OUT: Final = {
    "building": _lay_buildings,
    "compound": _lay_compounds,
    "grid": _lay_grids,
    "hexagon": _lay_hexagons,
}


class _Sums(TypedDict):
    dwellings: Mapping[Dwelling, Floats]
    has_building: Flags


def _sum_up(ground: Ground, cell_of: Ints, cells: int) -> _Sums:
    """Add up what is in the buildings of each cell."""
    is_in = cell_of >= 0

    def add(counts: Floats) -> Floats:
        return np.asarray(np.bincount(cell_of[is_in], counts[is_in], cells), np.float64)

    return {
        "dwellings": {
            "households": add(ground.households),
            "residents": add(ground.residents),
            "merchants": add(ground.merchants),
        },
        "has_building": add(np.ones(len(cell_of))) > 0,
    }


def _find_places(shapes: npt.NDArray[np.object_]) -> Floats:
    return np.asarray(shapely.get_coordinates(shapely.point_on_surface(shapes)), np.float64)


def _name_hexagons(hexagons: Hexagons, of_building: Ints, ground: Ground) -> tuple[str, ...]:
    if not len(ground.places_m):
        return ("",) * len(hexagons.up)
    tree = shapely.STRtree(np.asarray(shapely.points(ground.places_m), np.object_))
    nearest = np.asarray(tree.nearest(np.asarray(shapely.points(hexagons.middles_m), np.object_)))
    names = [ground.building_names[building] for building in nearest]
    is_in = (of_building >= 0) & (ground.compound_of >= 0)
    pairs = np.column_stack([of_building[is_in], ground.compound_of[is_in]])
    kinds, pair_of = np.unique(pairs, axis=0, return_inverse=True)
    # Those with the most households come last, and stay.
    for pair in np.argsort(np.bincount(pair_of.ravel(), ground.households[is_in]), kind="stable"):
        names[kinds[pair, 0]] = ground.compounds.names[kinds[pair, 1]]
    return tuple(names)

"""Who is whose neighbour among buildings: the land nearest to each, cut where a river lies between."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.zoning.problem import Floats, Ints, Neighbourhood, label_pieces

Shapes = npt.NDArray[Any]

# A border shorter than this is a corner.
_CORNER_M: Final = 0.5
# Of a border along a wall, the share that counts: zones may reach across a wall, but gain little by it.
_WALL_SHARE: Final = 0.25


def link_buildings(
    points_m: Floats,
    outline: shapely.Geometry,
    *,
    waters: Shapes | None = None,
    compound: Ints | None = None,
) -> tuple[Neighbourhood, Shapes]:
    """Link buildings whose land touches, the land being what lies nearer to one than to any other (Voronoi).

    Two buildings are not neighbours if the straight way between them crosses water. Parts that nothing ties
    together are bridged at their nearest buildings, and the bridges named.

    Args:
        points_m: n × 2, a point on each building, in metres (the community's Gauss–Krüger zone).
        outline: the community's polygon in the same system.
        waters: polygons of rivers and lakes.
        compound: n; the walled compound of each building, -1 for none.

    Returns:
        The neighbourhood, and n polygons of land.
    """
    points = _part_twins(points_m)
    land = _divide_land(points, outline)
    left, right = _pair_touching(land)
    borders_m = shapely.length(shapely.intersection(land[left], land[right]))
    if waters is not None and len(waters):
        ways = shapely.linestrings(np.stack([points[left], points[right]], axis=1))
        blocked, _ = shapely.STRtree(waters).query(ways, predicate="intersects")
        borders_m[np.unique(blocked)] = 0
    kept = borders_m > _CORNER_M
    left, right, borders_m = left[kept], right[kept], borders_m[kept]
    areas_m2, perimeters_m = shapely.area(land), shapely.length(land)
    ground = _compress(left, right, borders_m, areas_m2, perimeters_m)
    bridges = _bridge_parts(ground, points)
    if len(bridges):
        left, right = np.append(left, bridges[:, 0]), np.append(right, bridges[:, 1])
        borders_m = np.append(borders_m, np.zeros(len(bridges)))
        ground = _compress(left, right, borders_m, areas_m2, perimeters_m, bridges)
    if compound is not None:
        source = np.repeat(np.arange(ground.size), np.diff(ground.starts))
        is_walled = compound[source] != compound[ground.neighbours]
        ground = replace(ground, wall_shares=np.where(is_walled, _WALL_SHARE, 1.0))
    return ground, land


def _part_twins(points_m: Floats) -> Floats:
    """Move points that coincide apart by centimetres, in a spiral: two buildings cannot share their land."""
    points = points_m.astype(np.float64).copy()
    _, first, inverse = np.unique(np.round(points, 2), axis=0, return_index=True, return_inverse=True)
    twins = np.flatnonzero(first[inverse.ravel()] != np.arange(len(points)))
    turns = np.arange(1, len(twins) + 1)
    points[twins] += (0.02 * turns * np.stack([np.cos(turns), np.sin(turns)])).T
    return points


def _divide_land(points: Floats, outline: shapely.Geometry) -> Shapes:
    if len(points) == 1:
        return np.asarray([outline])
    cells = shapely.get_parts(
        shapely.voronoi_polygons(shapely.multipoints(points), extend_to=outline, ordered=True)
    )
    inside = shapely.intersection(cells, outline)
    # A building outside the outline keeps its whole cell: it belongs to somebody all the same.
    return np.where(shapely.area(inside) > 0, inside, cells)


def _pair_touching(land: Shapes) -> tuple[Ints, Ints]:
    left, right = shapely.STRtree(land).query(land, predicate="intersects")
    once = left < right
    return left[once], right[once]


def _compress(
    left: Ints,
    right: Ints,
    borders_m: Floats,
    areas_m2: Floats,
    perimeters_m: Floats,
    bridges: Ints | None = None,
) -> Neighbourhood:
    source, target = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.lexsort((target, source))
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=len(areas_m2)))])
    return Neighbourhood(
        starts.astype(np.int64),
        target[order].astype(np.int64),
        np.tile(borders_m, 2)[order].astype(np.float64),
        areas_m2,
        perimeters_m,
        np.empty((0, 2), np.int64) if bridges is None else bridges,
    )


def _bridge_parts(ground: Neighbourhood, points: Floats) -> Ints:
    """Tie each part to the rest at its nearest building, smallest parts first."""
    bridges: list[tuple[int, int]] = []
    spots = np.asarray(shapely.points(points))
    count, part = label_pieces(ground, np.zeros(ground.size, np.int64))
    while count > 1:
        smallest = int(np.argmin(np.bincount(part)))
        inside, outside = np.flatnonzero(part == smallest), np.flatnonzero(part != smallest)
        nearest, distance_m = shapely.STRtree(spots[outside]).query_nearest(
            spots[inside], return_distance=True, all_matches=False
        )
        pick = int(np.argmin(distance_m))
        here, there = int(inside[nearest[0][pick]]), int(outside[nearest[1][pick]])
        bridges.append((min(here, there), max(here, there)))
        part[part == smallest] = part[there]
        _, part = np.unique(part, return_inverse=True)
        count -= 1
    return np.asarray(bridges, np.int64).reshape(-1, 2)

"""Which building, compound and grid a row lies in.

Polygons are few and points may be a million: each polygon, prepared once, is asked about the points in its
own stretch of x, which is several times faster than asking a tree about each point, or the database.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from etl.importing.draft import Draft
from geo.crs import Coordinates, LocalPlane
from geo.store.imports import Places

# A case at a building's wall is the building's: positions are read off maps and phones.
_NEAR_BUILDING_M = 5.0

NOWHERE = -1

Positions = npt.NDArray[np.int64]


def find_containing(xy: Coordinates, polygons: npt.NDArray[Any]) -> Positions:
    """Find the first polygon that contains each point, edges included.

    Args:
        xy: shape (n, 2), in the polygons' units; NaN lies nowhere.
        polygons: shape (m,), the one to prefer on a shared edge first.

    Returns:
        Shape (n,): positions in ``polygons``, -1 where no polygon contains the point.
    """
    found = np.full(len(xy), NOWHERE, dtype=np.int64)
    order = np.argsort(xy[:, 0], kind="stable")
    sorted_xy = xy[order]
    # Last to first, so that the first polygon has the last word.
    for position in reversed(range(len(polygons))):
        polygon = polygons[position]
        west, south, east, north = polygon.bounds
        start = np.searchsorted(sorted_xy[:, 0], west, side="left")
        stop = np.searchsorted(sorted_xy[:, 0], east, side="right")
        y = sorted_xy[start:stop, 1]
        near = np.flatnonzero((y >= south) & (y <= north)) + start
        shapely.prepare(polygon)
        inside = near[shapely.intersects_xy(polygon, sorted_xy[near, 0], sorted_xy[near, 1])]
        found[order[inside]] = position
    return found


def find_nearest(xy: Coordinates, polygons: npt.NDArray[Any], within_m: float) -> Positions:
    """Find the polygon each point lies in or is nearest to.

    Args:
        xy: shape (n, 2), metres.
        polygons: shape (m,), in the same metres.
        within_m: a polygon farther away than this is not near.

    Returns:
        Shape (n,): positions in ``polygons``, -1 where none is near.
    """
    found = find_containing(xy, polygons)
    candidates = np.flatnonzero(
        (found == NOWHERE) & (find_containing(xy, shapely.buffer(polygons, within_m)) != NOWHERE)
    )
    if len(candidates):
        tree = shapely.STRtree(polygons)
        (asked, nearest) = tree.query_nearest(
            shapely.points(xy[candidates]), max_distance=within_m, all_matches=False
        )
        found[candidates[asked]] = nearest
    return found


def _take(ids: pd.Series, positions: Positions) -> pd.Series:
    """Turn positions into ids, null for nowhere."""
    known = pd.array([*ids, None], dtype="Int64")
    return pd.Series(known.take(positions))


def place_incidents(draft: Draft, places: Places, plane: LocalPlane) -> None:
    """Assign each incident its building, compound and grid, and say how well its place is known.

    The grid is the building's where there is one, for buildings are never divided between grids; it is the
    community grid valid on the day of the report.
    """
    xy = plane.to_metres(draft.points)
    buildings = find_nearest(
        xy, plane.geometry_to_metres(places.buildings["geom"].to_numpy()), _NEAR_BUILDING_M
    )
    at_building = buildings != NOWHERE
    compounds = _take(places.buildings["compound_id"], buildings)
    in_compound = _take(
        places.compounds["id"], find_containing(draft.points, places.compounds["geom"].to_numpy())
    )
    draft.values["building_id"] = _take(places.buildings["id"], buildings)
    draft.values["compound_id"] = compounds.where(at_building, in_compound)
    anchors = shapely.get_coordinates(shapely.point_on_surface(places.buildings["geom"].to_numpy()))
    held_at = draft.points.copy()
    held_at[at_building] = anchors[buildings[at_building]]
    draft.values["grid_id"] = find_grids(held_at, draft.values["reported_at"], places.grids)
    quality = np.select(
        [~draft.located, at_building, draft.values["compound_id"].notna()],
        ["none", "building", "compound"],
        "street",
    )
    draft.values["geocode_quality"] = pd.Series(quality, dtype="str")
    draft.assumed["geocode_quality"] = ~draft.located


def find_grids(points: Coordinates, moments: pd.Series, grids: pd.DataFrame) -> pd.Series:
    """Find the community grid at each point on the day of each moment (China's calendar); null for none."""
    community = grids[grids["kind"] == "community"]
    result = pd.Series(pd.array([None] * len(points), dtype="Int64"))
    days = (moments + pd.Timedelta(hours=8)).dt.tz_localize(None)
    # Grids are redrawn rarely: most files meet one division, and each is asked once.
    for _, division in community.groupby(["valid_from", "valid_to"], dropna=False):
        since, until = division["valid_from"].iloc[0], division["valid_to"].iloc[0]
        in_force = (days >= pd.Timestamp(since)) & result.isna()
        if until is not None:
            in_force &= days < pd.Timestamp(until)
        chosen = in_force.to_numpy(bool)
        if chosen.any():
            found = find_containing(points[chosen], division["geom"].to_numpy())
            result[chosen] = _take(division["id"], found).array
    return result


def place_in_buildings(draft: Draft, places: Places, plane: LocalPlane) -> None:
    """Assign each row the building it lies in or stands at."""
    outlines = plane.geometry_to_metres(places.buildings["geom"].to_numpy())
    found = find_nearest(plane.to_metres(draft.points), outlines, _NEAR_BUILDING_M)
    draft.values["building_id"] = _take(places.buildings["id"], found)


def place_in_compounds(draft: Draft, places: Places) -> pd.Series:
    """Find the compound each row's point lies in; null for none."""
    return _take(places.compounds["id"], find_containing(draft.points, places.compounds["geom"].to_numpy()))

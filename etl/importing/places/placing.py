"""Which building, compound and grid a row lies in.

Polygons are few and points may be a million: each polygon, prepared once, is asked about the points in its
own stretch of x, which is several times faster than asking a tree about each point, or the database.
"""

from dataclasses import dataclass
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

Positions = npt.NDArray[np.int64 | np.int32]


class Points:
    """Positions in the order of x, so that a polygon meets only those in its own stretch.

    Args:
        xy: shape (n, 2); NaN lies nowhere.
    """

    def __init__(self, xy: Coordinates) -> None:
        self._order = np.argsort(xy[:, 0], kind="stable")
        self._x, self._y = xy[self._order].T.copy()

    def find_containing(self, polygons: npt.NDArray[Any]) -> Positions:
        """Find the first polygon that contains each point, edges included.

        Args:
            polygons: shape (m,), in the points' units, the one to prefer on a shared edge first.

        Returns:
            Shape (n,): positions in ``polygons``, -1 where no polygon contains the point.
        """
        found = np.full(len(self._x), NOWHERE, dtype=np.int64)
        shapely.prepare(polygons)
        # Last to first, so that the first polygon has the last word.
        for position in reversed(range(len(polygons))):
            west, south, east, north = polygons[position].bounds
            start = np.searchsorted(self._x, west, side="left")
            stop = np.searchsorted(self._x, east, side="right")
            y = self._y[start:stop]
            near = np.flatnonzero((y >= south) & (y <= north)) + start
            inside = shapely.intersects_xy(polygons[position], self._x[near], self._y[near])
            found[near[inside]] = position
        result = np.empty_like(found)
        result[self._order] = found
        return result


def find_nearest(xy: Coordinates, polygons: npt.NDArray[Any], within_m: float) -> Positions:
    """Find the polygon each point lies in or is nearest to.

    Args:
        xy: shape (n, 2), metres.
        polygons: shape (m,), in the same metres.
        within_m: a polygon farther away than this is not near.

    Returns:
        Shape (n,): positions in ``polygons``, -1 where none is near.
    """
    points = Points(xy)
    found = points.find_containing(polygons)
    around = points.find_containing(shapely.buffer(polygons, within_m))
    candidates = np.flatnonzero((found == NOWHERE) & (around != NOWHERE))
    if len(candidates):
        tree = shapely.STRtree(polygons)
        asked, nearest = tree.query_nearest(
            shapely.points(xy[candidates]), max_distance=within_m, all_matches=False
        )
        found[candidates[asked]] = nearest
    return found


def _take(ids: pd.Series, positions: Positions) -> pd.Series:
    """Turn positions into ids, null for nowhere."""
    known = pd.array([*ids, None], dtype="Int64")
    return pd.Series(known.take(positions))


@dataclass(frozen=True)
class ToldPlaces:
    """What addresses say of rows.

    Attributes:
        building: shape (n,), positions in the community's buildings, -1 for none.
        compound: shape (n,), positions in its compounds, -1 for none.
        quality: shape (n,), how well the place is known; empty where no address was asked.
    """

    building: Positions
    compound: Positions
    quality: npt.NDArray[Any]

    def take(self, rows: npt.NDArray[np.int64]) -> "ToldPlaces":
        """Return those of some rows."""
        return ToldPlaces(self.building[rows], self.compound[rows], self.quality[rows])


class IncidentPlacer:
    """Assigns incidents their building, compound and grid, and says how well their place is known.

    The grid is the building's where there is one, for buildings are never divided between grids; it is the
    community grid valid on the day of the report.
    """

    columns = ("building_id", "compound_id", "grid_id", "geocode_quality")

    def __init__(self, places: Places, plane: LocalPlane, told: ToldPlaces | None = None) -> None:
        self._places = places
        self._told = told
        self._plane = plane
        outlines = places.buildings["geom"].to_numpy()
        self._buildings_m = plane.geometry_to_metres(outlines)
        self._anchors = shapely.get_coordinates(shapely.point_on_surface(outlines))

    def place(
        self, points: Coordinates, moments: pd.Series, rows: npt.NDArray[np.int64]
    ) -> dict[str, pd.Series]:
        """Place incidents.

        Args:
            points: shape (n, 2), EPSG:4490 degrees, NaN where there is none.
            moments: shape (n,), when they were reported.
            rows: shape (n,), which rows they are of those whose addresses were asked: what an address says
                goes before where a point lies.

        Returns:
            The columns named in ``columns``.
        """
        places = self._places
        told = None if self._told is None else self._told.take(rows)
        unasked = np.ones(len(points), dtype=bool) if told is None else told.quality == ""
        found, around = (np.full(len(points), NOWHERE, dtype=np.int64) for _ in range(2))
        if unasked.any():
            found[unasked] = find_nearest(
                self._plane.to_metres(points[unasked]), self._buildings_m, _NEAR_BUILDING_M
            )
            outlines = places.compounds["geom"].to_numpy()
            around[unasked] = Points(points[unasked]).find_containing(outlines)
        if told is not None:
            found, around = (
                np.where(unasked, mine, theirs)
                for mine, theirs in ((found, told.building), (around, told.compound))
            )
        at_building = found != NOWHERE
        in_compound = _take(places.compounds["id"], around)
        compounds = _take(places.buildings["compound_id"], found).where(at_building, in_compound)
        held_at = points.copy()
        held_at[at_building] = self._anchors[found[at_building]]
        quality = np.select(
            [np.isnan(points[:, 0]), at_building, compounds.notna()],
            ["none", "building", "compound"],
            "street",
        )
        return {
            "building_id": _take(places.buildings["id"], found),
            "compound_id": compounds,
            "grid_id": find_grids(held_at, moments.reset_index(drop=True), places.grids),
            "geocode_quality": pd.Series(
                quality if told is None else np.where(unasked, quality, told.quality), dtype="str"
            ),
        }


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
            found = Points(points[chosen]).find_containing(division["geom"].to_numpy())
            result[chosen] = _take(division["id"], found).array
    return result


def place_in_buildings(draft: Draft, places: Places, plane: LocalPlane) -> None:
    """Assign each row the building it lies in or stands at."""
    outlines = plane.geometry_to_metres(places.buildings["geom"].to_numpy())
    found = find_nearest(plane.to_metres(draft.points), outlines, _NEAR_BUILDING_M)
    draft.values["building_id"] = _take(places.buildings["id"], found)


def place_in_compounds(draft: Draft, places: Places) -> pd.Series:
    """Find the compound each row's point lies in; null for none."""
    return _take(
        places.compounds["id"], Points(draft.points).find_containing(places.compounds["geom"].to_numpy())
    )

"""The places of a community as columns: its buildings, who lives in them, and the areas they lie in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.crs import STORE_SRID, LocalPlane
from geo.store.engine import load_queries

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

_MOST_IN_TABLE: Final = 1 << 20


@dataclass(frozen=True, eq=False)
class Areas:
    """Compounds or grids: n ids in ascending order, names, and shapes in metres."""

    ids: npt.NDArray[np.int64]
    names: tuple[str, ...]
    shapes: npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Ground:
    """The places of a community.

    Attributes:
        plane: its plane; metres everywhere here are on it.
        epsg: the Gauss–Krüger system of the community.
        outline: the community, in metres.
        building_ids: n, ascending.
        building_names: n, with the compound's.
        anchors: n × 2; a point in each building, in EPSG:4490 degrees.
        places_m: n × 2; the same in metres.
        compound_of, grid_of: n; number of the building's compound and grid of the day, -1 for none.
        households, residents, merchants: n.
        compounds, grids: of the day.
    """

    plane: LocalPlane
    epsg: int
    outline: shapely.MultiPolygon
    building_ids: npt.NDArray[np.int64]
    building_names: tuple[str, ...]
    anchors: Floats
    places_m: Floats
    compound_of: Ints
    grid_of: Ints
    households: Floats
    residents: Floats
    merchants: Floats
    compounds: Areas
    grids: Areas


def load_ground(connection: PostgresConnection, community_id: int, on_day: date) -> Ground | None:
    """Read the places of a community as of a day; None where whoever acts may not see it."""
    queries = load_queries("patterns")
    found = queries.find_pattern_outline(connection, community_id=community_id)
    if found is None:
        return None
    outline, epsg = found
    shape = shapely.MultiPolygon(shapely.get_parts(shapely.from_wkb(bytes(outline))).tolist())
    plane = LocalPlane(shape.centroid.x, shape.centroid.y)
    rows = list(queries.list_pattern_buildings(connection, community_id=community_id, on_day=on_day))
    table = np.array([(row[0], *row[2:]) for row in rows], np.float64).reshape(-1, 8)
    compounds = _load_areas(queries.list_pattern_compounds(connection, community_id=community_id), plane)
    grids = _load_areas(
        queries.list_pattern_grids(connection, community_id=community_id, on_day=on_day), plane
    )
    return Ground(
        plane=plane,
        epsg=epsg,
        outline=shapely.transform(shape, plane.to_metres),
        building_ids=table[:, 0].astype(np.int64),
        building_names=tuple(row[1] for row in rows),
        anchors=table[:, 1:3],
        places_m=plane.to_metres(table[:, 1:3]),
        compound_of=Numbers(compounds.ids).find(table[:, 3].astype(np.int64)),
        grid_of=Numbers(grids.ids).find(table[:, 4].astype(np.int64)),
        households=table[:, 5],
        residents=table[:, 6],
        merchants=table[:, 7],
        compounds=compounds,
        grids=grids,
    )


def _load_areas(rows: Iterable[tuple[int, str, memoryview]], plane: LocalPlane) -> Areas:
    listed = list(rows)
    shapes = shapely.from_wkb(np.array([bytes(row[2]) for row in listed], np.object_))
    return Areas(
        np.array([row[0] for row in listed], np.int64),
        tuple(row[1] for row in listed),
        plane.geometry_to_metres(shapes),
    )


class Numbers:
    """Where each id stands among those that are known.

    Args:
        known: in ascending order.
    """

    def __init__(self, known: npt.NDArray[np.int64]) -> None:
        self._known = known
        self._least = int(known[0]) if len(known) else 0
        span = int(known[-1]) - self._least + 1 if len(known) else 0
        self._table: Ints | None = None
        # Ids were given one after the other: mostly, a table of all between them is small.
        if span <= _MOST_IN_TABLE:
            self._table = np.full(span + 1, -1, np.int32)
            self._table[known - self._least] = np.arange(len(known))

    def find(self, ids: npt.NDArray[np.int64]) -> Ints:
        """Return the number of each id, -1 where it is not known."""
        if self._table is not None:
            # The last entry is that of none.
            at = ids - self._least
            at[(at < 0) | (at >= len(self._table))] = -1
            return self._table[at]
        at = np.minimum(np.searchsorted(self._known, ids), len(self._known) - 1)
        return np.where(self._known[at] == ids, at, -1).astype(np.int32)


@lru_cache
def find_system(epsg: int) -> Any:
    """Return the way from EPSG:4490 degrees to a Gauss–Krüger system, in the order x, y."""
    return pyproj.Transformer.from_crs(STORE_SRID, epsg, always_xy=True)

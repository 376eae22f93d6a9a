"""A small town for tests, drawn in metres east and north of 120°E 32°N."""

from copy import copy
from datetime import date

import numpy as np
import pyproj
import shapely
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

START = date(2024, 1, 1)

_to_degrees = pyproj.Transformer.from_crs(4549, 4490, always_xy=True)
_ORIGIN_M = pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(120.0, 32.0)


def to_degrees(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape given in metres of the town as EPSG:4490, longitude first."""

    def move(points: np.ndarray) -> np.ndarray:
        return np.column_stack(_to_degrees.transform(*(points + _ORIGIN_M).T))

    return shapely.transform(shape, move)


class Town:
    """Rows of one community; shapes are in metres, whatever is not given does not matter to the test.

    Args:
        connection: where the rows go; the test commits.
        code: code of the community.
        outline: the community's polygon.
    """

    def __init__(
        self, connection: PostgresConnection, code: str = "A", outline: BaseGeometry | None = None
    ) -> None:
        self.connection = connection
        outline = box(0, 0, 1000, 1000) if outline is None else outline
        self.id = self._insert(
            "community", {"code": code, "name": f"{code}社区", "metric_epsg": 4549, "geom": outline}
        )

    def seen_through(self, connection: PostgresConnection) -> "Town":
        """Return the same community for work on another connection."""
        other = copy(self)
        other.connection = connection
        return other

    def add(self, table: str, **values: object) -> int:
        """Insert one row of this community and return its id."""
        return self._insert(table, {"community_id": self.id, **values})

    def grid(self, code: str, shape: BaseGeometry, **values: object) -> int:
        """Add a grid in force since :data:`START`."""
        return self.add(
            "grid",
            **{"kind": "community", "code": code, "name": f"第{code}网格", "valid_from": START, "geom": shape}
            | values,
        )

    def building(self, code: str, shape: BaseGeometry, **values: object) -> int:
        """Add a building."""
        return self.add("building", **{"code": code, "name": f"{code}号楼", "geom": shape} | values)

    def party(self, code: str, kind: str = "staff", **values: object) -> int:
        """Add a party active since :data:`START`."""
        return self.add("party", **{"kind": kind, "code": code, "name": code, "active_from": START} | values)

    def plan(self, **values: object) -> int:
        """Add a plan for grid workers in force since :data:`START`."""
        return self.add(
            "zone_plan",
            **{"kind": "grid_worker", "name": "plan", "state": "published", "valid_from": START} | values,
        )

    def zone(
        self, plan_id: int, code: str, *buildings: int, lead: int | None = None, **lead_values: object
    ) -> int:
        """Add a zone of some buildings, and its lead since :data:`START`."""
        zone_id = self.add("zone", plan_id=plan_id, code=code, name=f"责任区{code}")
        for building_id in buildings:
            self._insert(
                "zone_unit",
                {"community_id": self.id, "plan_id": plan_id, "zone_id": zone_id, "building_id": building_id},
                returning=False,
            )
        if lead is not None:
            self.add(
                "zone_party",
                **{
                    "plan_id": plan_id,
                    "zone_id": zone_id,
                    "party_id": lead,
                    "role": "lead",
                    "valid_from": START,
                }
                | lead_values,
            )
        return zone_id

    def incident(self, **values: object) -> int:
        """Add an incident; one with a shape is placed by hand."""
        placed = {"geocode_quality": "manual"} if values.get("geom") is not None else {}
        return self.add(
            "incident",
            **{"category_code": "E101", "source": "patrol", "reported_at": "2024-06-01T09:00+08"}
            | placed
            | values,
        )

    def _insert(self, table: str, values: dict[str, object], *, returning: bool = True) -> int:
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        if returning:
            statement += sql.SQL(" RETURNING id")
        with self.connection.cursor() as cursor:
            cursor.execute(
                statement, [to_wkb(v) if isinstance(v, BaseGeometry) else v for v in values.values()]
            )
            return int(cursor.fetchall()[0][0]) if returning else 0


def to_wkb(shape: BaseGeometry) -> str:
    """Return a shape given in metres of the town as hexadecimal EWKB, a polygon as a multipolygon."""
    shape = to_degrees(shape)
    if isinstance(shape, Polygon):
        shape = MultiPolygon([shape])
    return shapely.to_wkb(shapely.set_srid(shape, 4490), hex=True, include_srid=True)

"""Columns of values into a table by COPY."""

from io import BytesIO
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import shapely
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the driver names it so
from shapely import MultiPolygon, Polygon

from etl.demo.town.terrain import to_degrees

Columns = dict[str, Any]


def reserve_ids(cursor: Cursor, table: str, count: int) -> NDArray[np.int64]:
    """Return ``count`` row ids nobody else will get, ascending."""
    cursor.execute(
        "SELECT array_agg(nextval(pg_get_serial_sequence(%s, 'id'))) FROM generate_series(1, %s)",
        (table, count),
    )
    row = cursor.fetchone()
    return np.sort(np.array(row[0] if row and row[0] else [], dtype=np.int64))


def copy_rows(cursor: Cursor, table: str, columns: Columns) -> None:
    """Write columns of equal length into a table; an id given is kept, None is NULL."""
    rows = pa.table(columns)
    buffer = BytesIO()
    pa.csv.write_csv(rows, buffer, pa.csv.WriteOptions(include_header=False))
    buffer.seek(0)
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    cursor.copy_expert(statement, buffer)


def write_shapes(shapes: list[Any] | NDArray[Any], *, multi: bool = False) -> list[str]:
    """Return EPSG:4545 geometries as hexadecimal EWKB in EPSG:4490, for COPY."""
    given = np.array(shapes, dtype=object)
    if multi:
        given = np.array(
            [MultiPolygon([s]) if isinstance(s, Polygon) else s for s in given.tolist()], dtype=object
        )
    placed = shapely.set_srid(to_degrees(given), 4490)
    return list(shapely.to_wkb(placed, hex=True, include_srid=True).tolist())


def pick(ids: NDArray[np.int64], positions: Any) -> pa.Array:
    """Return the ids at the given positions, NULL where the position is negative."""
    at = np.asarray(positions, dtype=np.int64)
    return pa.array(ids[np.maximum(at, 0)] if len(ids) else np.zeros(len(at), np.int64), mask=at < 0)


def write_list(values: list[str] | tuple[str, ...]) -> str:
    """Return words as a PostgreSQL array literal."""
    return "{" + ",".join(values) + "}"

"""Import batches: what an import needs to know beforehand, and the rows it writes.

A batch inserts rows and updates rows. Both carry its ``import_batch_id`` and its time as ``changed_at``; of a
row it updates, ``import_change`` keeps the state before, to the bit.
"""

import io
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.crs import Coordinates
from geo.errors import NotFound
from geo.store.bulk import copy_rows, defer_upkeep
from geo.store.engine import load_queries

# A row of an id and two coordinates, and what stands before the rows, in COPY's binary format.
_POSITION = np.dtype(
    {
        "names": ["id", "x", "y"],
        "formats": [">i8", ">f8", ">f8"],
        "offsets": [6, 18, 30],
        "itemsize": 38,
    }
)
_COPY_HEADER_BYTES = 19

# As in layer_rows.sql.
_CASE_NUMBER = (
    "coalesce(external_id, "
    "concat('W', id, to_char(reported_at AT TIME ZONE 'Asia/Shanghai', '-YYYYMMDDHH24MISS')))"
)

# From here on it pays to build indexes anew, if the batch also outweighs what is already there.
_BULK_ROWS = 100_000


@dataclass(frozen=True)
class ImportCommunity:
    """The community a file is for; ``boundary`` is a shapely geometry in EPSG:4490."""

    id: int
    code: str
    name: str
    boundary: Any


@dataclass(frozen=True)
class Places:
    """The places of a community that rows are assigned to; ``geom`` holds shapely geometries."""

    grids: pd.DataFrame
    compounds: pd.DataFrame
    buildings: pd.DataFrame


@dataclass(frozen=True)
class RowCounts:
    """What became of a file's rows; the last four add up to the first."""

    total: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int


def lock_imports(connection: PostgresConnection) -> None:
    """Wait until no other import runs, and keep others waiting until the transaction ends."""
    load_queries("imports").lock_imports(connection)


def find_community(connection: PostgresConnection, code: str | None) -> ImportCommunity:
    """Find the community a file is for; ``code`` may be None where there is only one.

    Raises:
        NotFound: there is none of that code, none at all, or several to choose from.
    """
    rows = list(load_queries("imports").list_communities(connection))
    found = [row for row in rows if code in {None, row[1]}]
    if len(found) == 1:
        identity, found_code, name, boundary = found[0]
        return ImportCommunity(identity, found_code, name, shapely.from_wkb(bytes(boundary)))
    known = ", ".join(row[1] for row in rows[:20]) + (" …" if len(rows) > 20 else "")
    if not rows:
        message = "There is no community yet that a file could be for; make one with wangge community add."
    elif code is None:
        message = (
            f"There are {len(rows)} communities; say with --community which one the file is for: {known}."
        )
    else:
        message = f"There is no community “{code}”; there is {known}."
    raise NotFound(message)


def read_places(connection: PostgresConnection, community_id: int) -> Places:
    """Read grids, compounds and buildings of a community, each in the order of its codes."""
    queries = load_queries("imports")
    return Places(
        grids=_frame(
            queries.list_grids(connection, community_id=community_id),
            ["id", "code", "name", "kind", "valid_from", "valid_to", "geom"],
        ),
        compounds=_frame(
            queries.list_compounds(connection, community_id=community_id),
            ["id", "code", "name", "aliases", "geom"],
        ),
        buildings=_frame(
            queries.list_buildings(connection, community_id=community_id),
            ["id", "code", "compound_id", "residents", "elderly", "geom"],
        ),
    )


def _frame(rows: Sequence[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=columns)
    frame["geom"] = shapely.from_wkb([bytes(wkb) for wkb in frame["geom"]])
    return frame


def read_categories(connection: PostgresConnection) -> list[tuple[Any, ...]]:
    """Read (code, parent_code, name, name_en, identifier, sensitivity, national codes) of every category."""
    return list(load_queries("imports").list_categories(connection))


def mask_texts(connection: PostgresConnection, texts: Sequence[str]) -> list[str]:
    """Blot out what names a person in each text."""
    clean = [text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8") for text in texts]
    return [row[0] for row in load_queries("imports").mask_texts(connection, texts=clean)]


def read_identities(
    connection: PostgresConnection, table: str, community_id: int, by: list[str]
) -> pd.DataFrame:
    """Read what identifies the rows of a community: ``id`` and the columns named.

    A case of our own has no external id: it is known by the number it is taken out under.
    """
    columns = ["id", *by]
    values = [
        sql.SQL(_CASE_NUMBER) if (table, name) == ("incident", "external_id") else sql.Identifier(name)
        for name in columns
    ]
    statement = sql.SQL("SELECT {} FROM {} WHERE community_id = %s").format(
        sql.SQL(", ").join(values), sql.Identifier(table)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, (community_id,))
        return pd.DataFrame(cursor.fetchall(), columns=columns)


def read_positions(connection: PostgresConnection, table: str, ids: npt.NDArray[np.int64]) -> Coordinates:
    """Read where rows are: the point, or the centroid of the outline.

    Args:
        connection: the caller's transaction.
        table: a layer's table.
        ids: shape (n,), rows of the table.

    Returns:
        Shape (n, 2), EPSG:4490 degrees, NaN where a row has no place.
    """
    statement = sql.SQL(
        "COPY (SELECT id, ST_X(place), ST_Y(place) FROM {}, ST_Centroid(geom) AS place "
        "WHERE geom IS NOT NULL AND id = ANY (CAST({} AS bigint[]))) TO STDOUT (FORMAT binary)"
    ).format(sql.Identifier(table), sql.Literal("{" + ",".join(map(str, ids.tolist())) + "}"))
    stream = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, stream)
        count = cursor.rowcount
    found = np.frombuffer(stream.getbuffer(), _POSITION, count, _COPY_HEADER_BYTES)
    rows = pd.Index(found["id"].astype(np.int64)).get_indexer(pd.Index(ids))
    positions = np.column_stack([found["x"], found["y"]]).astype(np.float64)
    return np.vstack([positions, [np.nan, np.nan]])[rows]


def reserve_ids(connection: PostgresConnection, table: str, count: int) -> list[int]:
    """Take some of the numbers that new rows of a table get, for rows that refer to each other."""
    statement = "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
    with connection.cursor() as cursor:
        cursor.execute(statement, (table, count))
        return [number for (number,) in cursor.fetchall()]


def open_batch(
    connection: PostgresConnection,
    *,
    community_id: int,
    layer: str,
    file_name: str,
    file_sha256: str,
    source_crs: str | None,
    encoding: str | None,
    mapping: Mapping[str, str],
    account: int | None = None,
) -> int:
    """Record a batch that has no rows yet, and who brings it in; return its number."""
    (batch,) = load_queries("imports").open_batch(
        connection,
        community_id=community_id,
        layer=layer,
        file_name=file_name,
        file_sha256=file_sha256,
        source_crs=source_crs,
        encoding=encoding,
        mapping=json.dumps(mapping, ensure_ascii=False),
        account=account,
    )
    return int(batch)


def close_batch(connection: PostgresConnection, batch: int, counts: RowCounts, rejections: pa.Table) -> None:
    """Record what became of a batch's rows; ``rejections`` has row_number, column_name, reason."""
    load_queries("imports").close_batch(
        connection,
        batch=batch,
        total=counts.total,
        inserted=counts.inserted,
        updated=counts.updated,
        unchanged=counts.unchanged,
        rejected=counts.rejected,
    )
    if rejections.num_rows:
        numbers = pa.array([batch] * rejections.num_rows, pa.int64())
        copy_rows(connection, "import_rejection", [rejections.append_column("batch_id", numbers)])


def find_same(
    connection: PostgresConnection, community_id: int, file_sha256: str, arrived_at: datetime
) -> int | None:
    """Return the batch that a file of this content was already, where nothing newer has come since.

    Args:
        connection: the caller's transaction, which holds the lock of imports.
        community_id: whose file it is.
        file_sha256: the hash of its content.
        arrived_at: since when it has been there.
    """
    found = load_queries("imports").find_same(
        connection, community_id=community_id, file_sha256=file_sha256, arrived_at=arrived_at
    )
    return None if found is None else int(found)


def note_import(connection: PostgresConnection, batch: int, account: int | None, row_count: int) -> None:
    """Write into the log who brought a batch in or took it back; nothing of what is in it."""
    load_queries("imports").note_import(connection, batch=batch, account=account, row_count=row_count)


def insert_rows(
    connection: PostgresConnection,
    table: str,
    batches: Iterable[pa.Table],
    *,
    community_id: int,
    count: int,
    columns: Collection[str],
    on_progress: Callable[[int], None],
    may_lock: bool = True,
) -> None:
    """Insert a batch's new rows; a batch that outweighs the table may have its indexes built afterwards.

    Args:
        connection: the caller's transaction.
        table: the layer's table.
        batches: the rows, some at a time.
        community_id: the community they all belong to.
        count: how many rows that will be.
        columns: the columns they have.
        on_progress: called with the number of rows sent so far.
        may_lock: whether whoever reads the table, or one that it refers to, may be kept waiting for that.
    """
    upkeep: AbstractContextManager[bool] = nullcontext(enter_result=False)
    if may_lock and count >= _BULK_ROWS and count >= _count_rows(connection, table, count):
        upkeep = defer_upkeep(connection, table, columns, community_id)
    with upkeep as is_new:
        if is_new and "id" not in columns:
            with _number_rows(connection, table, batches) as numbered:
                copy_rows(connection, table, numbered, on_progress, frozen=True)
        else:
            copy_rows(connection, table, batches, on_progress, frozen=is_new)


@contextmanager
def _number_rows(
    connection: PostgresConnection, table: str, batches: Iterable[pa.Table]
) -> Iterator[Iterator[pa.Table]]:
    """Give rows the numbers they would get one by one; only while nobody else can write into the table."""
    (first,) = reserve_ids(connection, table, 1)
    following = first

    def number() -> Iterator[pa.Table]:
        nonlocal following
        for batch in batches:
            ids = np.arange(following, following + batch.num_rows)
            following += batch.num_rows
            yield batch.append_column("id", pa.array(ids))

    yield number()
    with connection.cursor() as cursor:
        statement = "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)"
        cursor.execute(statement, (table, max(first, following - 1)))


def _count_rows(connection: PostgresConnection, table: str, most: int) -> int:
    statement = sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT %s) AS first_rows").format(
        sql.Identifier(table)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, (most + 1,))
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def list_names(names: Sequence[str]) -> sql.Composed:
    """Write column names one after the other."""
    return sql.SQL(", ").join(map(sql.Identifier, names))


def describe_row(columns: Sequence[tuple[str, str]]) -> sql.Composed:
    """Write row ``t`` as JSON that restores it to the bit; GeoJSON would round a geometry, EWKB does not."""
    pairs = [
        sql.SQL("{}, CAST(t.{} AS text)" if kind == "geometry" else "{}, t.{}").format(
            sql.Literal(name), sql.Identifier(name)
        )
        for name, kind in columns
    ]
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(pairs))

"""Rows by the hundred thousand: binary COPY from Arrow columns, and a table's upkeep put off until after."""

import io
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import errors, sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812 - the driver names it so

from geo.crs import STORE_SRID
from geo.store.engine import load_queries

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_NULL = pa.scalar(b"\xff\xff\xff\xff", pa.binary())
_SEND_BYTES = 1 << 20
_EPOCH_2000_US = 946_684_800_000_000
_EPOCH_2000_DAYS = 10_957
_TEXT_OID = 25

# The kinds of shapes in well-known binary, and what stands before a shape's numbers: order of bytes and kind.
_POLYGON, _MULTIPOLYGON = b"\3", b"\6"
_WKB_HEAD_BYTES = 5
_NO_SHAPE = bytes(_WKB_HEAD_BYTES)
# Without an end to cut at, Arrow reckons with less than nothing.
_LONGEST = 1 << 31
_NOTHING = pa.scalar(b"", pa.large_binary())

# What PostgreSQL calls a type, and the Arrow type its binary form is made from.
_ARROW_TYPES = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "boolean": pa.uint8(),
    "real": pa.float32(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us", "UTC"),
    "text": pa.binary(),
    "text[]": pa.list_(pa.string()),
    "geometry": pa.binary(),
}

# A few MiB for each process that sorts: what fits into a processor's own cache is sorted in half the time,
# and merging costs little. The server would let none help with so little unless the table says so.
_SORT_MEMORY = "12MB"
_SORT_HELPERS = 2

# What is derived from a table's rows at commit, in a table of its own.
_DERIVED = {"building": "building_grid"}

# Shorter than deadlock_timeout: a reader that we stand in the way of must not be the one to be cancelled.
_LOCK_WAIT = "500ms"
_LOCK_PATIENCE_S = 30.0


def encode_points(xy: npt.NDArray[np.float64]) -> pa.Array:
    """Write points of shape (n, 2), in EPSG:4490 degrees, as EWKB; a row with a NaN becomes null."""
    ewkb = np.empty(len(xy), dtype=[("order", "u1"), ("type", "<u4"), ("srid", "<u4"), ("xy", "<f8", 2)])
    ewkb["order"], ewkb["type"], ewkb["srid"], ewkb["xy"] = 1, 0x20000001, STORE_SRID, xy
    return pc.if_else(pa.array(~np.isnan(xy).any(axis=1)), _fixed(ewkb), pa.scalar(None, pa.binary()))


def encode_outlines(wkb: pa.LargeBinaryArray) -> pa.Array:
    """Write polygons and multipolygons in EPSG:4490 degrees as EWKB of multipolygons; null stays null.

    Lines, which only the ground of the map has, stay what they are.

    Args:
        wkb: well-known binary, lowest byte first.
    """
    srid = STORE_SRID.to_bytes(4, "little")
    one = (1).to_bytes(4, "little")
    # What is null would be too short to be cut.
    known = pc.fill_null(wkb, _NO_SHAPE)
    kind, body = pc.binary_slice(known, 1, 2), pc.binary_slice(known, _WKB_HEAD_BYTES, _LONGEST)
    is_polygon = pc.equal(kind, pa.scalar(_POLYGON, kind.type))
    # The bytes of a polygon stand in those of a multipolygon as they are.
    heads = pc.if_else(is_polygon, pa.scalar(_MULTIPOLYGON, kind.type), kind)
    joined = pc.binary_join_element_wise(
        pa.scalar(b"\x01", kind.type),
        heads,
        pa.scalar(b"\0\0\x20" + srid, kind.type),
        pc.if_else(is_polygon, pc.binary_join_element_wise(pa.scalar(one, kind.type), known, _NOTHING), body),
        _NOTHING,
    )
    return pc.if_else(wkb.is_valid(), joined, pa.scalar(None, kind.type))


def copy_rows(
    connection: PostgresConnection,
    table: str,
    batches: Iterable[pa.Table],
    on_progress: Callable[[int], None] = lambda _rows: None,
    *,
    frozen: bool = False,
) -> None:
    """Append rows to a table by binary COPY; the next batch is made and encoded while the last one is sent.

    Args:
        connection: the caller's transaction.
        table: a table of the search path.
        batches: some 10,000 to 100,000 rows each; columns named as the table's, geometries as EWKB.
        on_progress: called with the number of rows sent so far.
        frozen: write the rows as old ones, which no vacuum needs to visit; only into a file begun in this
            transaction, see :func:`defer_upkeep`.
    """
    iterator = iter(batches)
    first = next(iterator, None)
    if first is None:
        return
    types = dict(load_queries("imports").list_column_types(connection, table=table))
    schema = pa.schema([(name, _ARROW_TYPES[types[name]]) for name in first.column_names])
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary, FREEZE {})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, first.column_names)),
        sql.Literal(frozen),
    )
    stream = _CopyStream(_encode_ahead(chain([first], iterator), schema, on_progress))
    with connection.cursor() as cursor:
        cursor.copy_expert(statement, stream, size=_SEND_BYTES)


class _CopyStream(io.RawIOBase):
    """Pieces of bytes as the file that psycopg2 reads."""

    def __init__(self, pieces: Iterator[memoryview]) -> None:
        super().__init__()
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        while not self._rest:  # An empty piece is not the end.
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        target = memoryview(buffer)
        size = min(len(target), len(self._rest))
        target[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _encode_ahead(
    batches: Iterator[pa.Table], schema: pa.Schema, on_progress: Callable[[int], None]
) -> Iterator[memoryview]:
    def encode_next() -> tuple[int, memoryview] | None:
        batch = next(batches, None)
        return None if batch is None else (batch.num_rows, _encode(batch.cast(schema)))

    yield memoryview(_HEADER)
    sent = 0
    with ThreadPoolExecutor(max_workers=1) as pool:
        encoded = pool.submit(encode_next).result()
        while encoded is not None:
            following = pool.submit(encode_next)
            yield encoded[1]
            sent += encoded[0]
            on_progress(sent)
            encoded = following.result()
    yield memoryview(_TRAILER)


def _encode(rows: pa.Table) -> memoryview:
    """Encode rows in COPY's binary format: the number of columns, then each value behind its length."""
    parts: list[pa.Array | pa.Scalar] = [pa.scalar(rows.num_columns.to_bytes(2, "big"), pa.binary())]
    for column in rows.itercolumns():
        parts += _encode_column(column.combine_chunks())
    joined = pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.binary()))
    _, offsets, content = joined.buffers()
    # The buffer may be longer than what is in it.
    start, stop = np.frombuffer(offsets, np.int32)[[joined.offset, joined.offset + len(joined)]]
    return memoryview(content).cast("B")[start:stop]


def _encode_column(values: pa.Array) -> list[pa.Array]:
    if pa.types.is_list(values.type):
        values = pa.array([_encode_texts(texts) for texts in values.to_pylist()], pa.binary())
    if pa.types.is_binary(values.type):
        lengths = pc.fill_null(pc.binary_length(values), -1).to_numpy(zero_copy_only=False)
        return [_fixed(lengths.astype(">i4")), pc.fill_null(values, b"")]
    numbers = _to_numbers(values)
    record = np.empty(len(values), dtype=[("length", ">i4"), ("value", numbers.dtype.newbyteorder(">"))])
    record["length"], record["value"] = numbers.dtype.itemsize, numbers
    encoded = _fixed(record)
    return [pc.if_else(values.is_valid(), encoded, _NULL) if values.null_count else encoded]


def _to_numbers(values: pa.Array) -> npt.NDArray[Any]:
    shift = 0
    if pa.types.is_timestamp(values.type):
        values, shift = values.cast(pa.int64()), _EPOCH_2000_US
    elif pa.types.is_date(values.type):
        values, shift = values.cast(pa.int32()), _EPOCH_2000_DAYS
    numbers: npt.NDArray[Any] = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return numbers - shift if shift else numbers


def _fixed(record: npt.NDArray[Any]) -> pa.Array:
    width, buffers = pa.binary(record.dtype.itemsize), [None, pa.py_buffer(record)]
    return pa.FixedSizeBinaryArray.from_buffers(width, len(record), buffers).cast(pa.binary())


def _encode_texts(texts: list[str] | None) -> bytes | None:
    if texts is None:
        return None
    # One dimension from 1 on, or none where there is nothing in it; no nulls; the elements' type.
    header = [1, 0, _TEXT_OID, len(texts), 1] if texts else [0, 0, _TEXT_OID]
    words = [text.encode() for text in texts]
    body = b"".join(len(word).to_bytes(4, "big") + word for word in words)
    return b"".join(number.to_bytes(4, "big") for number in header) + body


@contextmanager
def defer_upkeep(
    connection: PostgresConnection, table: str, written: Collection[str], community_id: int
) -> Iterator[bool]:
    """Do without a table's indexes, foreign keys and notes inside the block, and make up for them at its end.

    Building an index once over all rows, and checking a foreign key as a set, takes a fraction of what it
    costs row by row; so does noting that a community has changed, against keeping a second copy of every row
    for the triggers that note it. A table that never held a row begins a new file, of which nothing needs to
    be logged before it is whole. All happens in the caller's transaction: whoever reads the table waits until
    it is over. Where the tables cannot be locked without making somebody fail, the block runs with all upkeep
    in place.

    Args:
        connection: the caller's transaction.
        table: a layer's table.
        written: the columns the block writes; an index of nothing but rows that have another is not in the
            way.
        community_id: the community whose rows the block inserts.

    Yields:
        Whether the table's file is new, so that rows may be copied into it frozen.
    """
    queries = load_queries("imports")
    derived = _DERIVED.get(table)
    tables = [table, derived] if derived else [table]
    keys = [key for own in tables for key in queries.list_foreign_keys(connection, table=own)]
    # All at once: who holds one and waits for another stands in the way of those who wait for the first.
    if not _lock_tables(connection, {*tables}.union(*((holder, named) for _, holder, named, _ in keys))):
        yield False
        return
    with _do_without_upkeep(connection, table, written) as is_new:
        yield is_new
    queries.note_bulk_insert(connection, table=table, community_id=community_id)
    if derived:
        # Now rather than at commit, where nothing is then left to derive.
        with _do_without_upkeep(connection, derived, ()), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS publish_touched_layers IMMEDIATE")
            cursor.execute("SET CONSTRAINTS publish_touched_layers DEFERRED")


@contextmanager
def _do_without_upkeep(
    connection: PostgresConnection, table: str, written: Collection[str]
) -> Iterator[bool]:
    """Drop a locked table's upkeep for a while; see :func:`defer_upkeep`."""
    queries = load_queries("imports")
    keys = list(queries.list_foreign_keys(connection, table=table))
    indexes = [
        (name, definition)
        for name, definition, needed in queries.list_plain_indexes(connection, table=table)
        if needed is None or needed in written
    ]
    unique = list(queries.list_unique_constraints(connection, table=table))
    triggers = list(queries.list_costly_triggers(connection, table=table))
    is_new = bool(queries.never_held_rows(connection, table=table))
    with connection.cursor() as cursor:
        for name, _ in triggers:
            cursor.execute(sql.SQL("DROP TRIGGER {} ON {}").format(*map(sql.Identifier, (name, table))))
        for name, holder, _, _ in keys:
            cursor.execute(_alter(holder, "DROP CONSTRAINT", name))
        for name, _ in unique:
            cursor.execute(_alter(table, "DROP CONSTRAINT", name))
        for name, _ in indexes:
            cursor.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        if is_new:
            cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
    yield is_new
    with connection.cursor() as cursor:
        with _sort_in_cache(cursor, table):
            for name, definition in unique:
                cursor.execute(_alter(table, "ADD CONSTRAINT", name, definition))
            for _, definition in indexes:
                cursor.execute(definition)
        # A glance tells the planner which columns are empty: their foreign keys are then checked by an empty
        # index. The autovacuum looks closer later.
        cursor.execute("SET LOCAL default_statistics_target = 10")
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(table)))
        cursor.execute("SET LOCAL default_statistics_target TO DEFAULT")
        for name, holder, _, definition in keys:
            cursor.execute(_alter(holder, "ADD CONSTRAINT", name, definition))
        for _, definition in triggers:
            cursor.execute(definition)


@contextmanager
def _sort_in_cache(cursor: PostgresCursor, table: str) -> Iterator[None]:
    """Let indexes be built by several processes that each sort little at a time."""
    of_table = sql.SQL("ALTER TABLE {} ").format(sql.Identifier(table))
    cursor.execute("SELECT set_config('maintenance_work_mem', %s, true)", (_SORT_MEMORY,))
    cursor.execute(of_table + sql.SQL("SET (parallel_workers = {})").format(sql.Literal(_SORT_HELPERS)))
    yield
    cursor.execute(of_table + sql.SQL("RESET (parallel_workers)"))
    cursor.execute("SET LOCAL maintenance_work_mem TO DEFAULT")


def _alter(table: str, change: str, name: str, definition: str = "") -> sql.Composed:
    parts = (sql.SQL("ALTER TABLE"), sql.Identifier(table), sql.SQL(change), sql.Identifier(name))
    return sql.SQL(" ").join((*parts, sql.SQL(definition)))


def _lock_tables(connection: PostgresConnection, tables: Collection[str]) -> bool:
    """Lock tables against everybody; where one is busy, give up all of them and try anew."""
    statement = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(
        sql.SQL(", ").join(map(sql.Identifier, sorted(tables)))
    )
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SAVEPOINT lock_tables")
            try:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", (_LOCK_WAIT,))
                cursor.execute(statement)
            except errors.LockNotAvailable:
                cursor.execute("ROLLBACK TO SAVEPOINT lock_tables")
                time.sleep(0.1)
            else:
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT; RELEASE SAVEPOINT lock_tables")
                return True
    return False

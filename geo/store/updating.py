"""Rows that a batch changes: what is stored gives way where a file says otherwise, and what that comes to.

Everything is compared where it is stored, and of what differs the state before is kept.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812 - the driver names it so

from geo.store.bulk import copy_rows
from geo.store.engine import load_queries
from geo.store.imports import describe_row, list_names
from geo.store.staging import settle_stage

_STAGE: Final = "import_stage"

# What a case that has been worked on here keeps, whatever a file says: see keep_moved_case.
_OWN_WORK: Final = frozenset(
    {
        "state", "party_id", "due_at", "original_due_at", "first_response_at", "handled_at", "closed_at",
        "outcome",
    }
)  # fmt: skip
# What people wrote of a case is nobody's business in a list of differences.
_WORDS: Final = frozenset({"title", "description", "address"})
_BLOTTED: Final = "●●●"
# What is told by name and not by number.
_NAMED: Final[Mapping[str, str]] = {
    "building_id": "building",
    "compound_id": "compound",
    "grid_id": "grid",
    "parent_id": "grid",
    "merchant_id": "merchant",
}
# Written by every batch, and no difference; what follows from the place is told by the place.
_UNTOLD: Final = frozenset({"import_batch_id", "changed_at", "period", "original_due_at"})


@dataclass(frozen=True)
class Updates:
    """What became of some rows that are stored already.

    Attributes:
        changed: how many were changed; of each the state before is kept.
        kept: of how many the file knows otherwise what was done here, which stays as it is.
        torn: ids of rows whose times, together with those that are stored, would be out of order; nothing of
            them was changed.
        counts: field → in how many rows it was changed.
    """

    changed: int
    kept: int
    torn: npt.NDArray[np.int64]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Difference:
    """One field that a batch changed in one row.

    Attributes:
        id: the stored row.
        name: what the row is called: its number, or its name.
        field: the store's column.
        before: its value before as text; None where there was none.
        after: its value after.
        moved_m: of a place, how far it moved.
    """

    id: int
    name: str
    field: str
    before: str | None
    after: str | None
    moved_m: float | None


def update_rows(
    connection: PostgresConnection, table: str, batch: int, rows: pa.Table, following_place: Collection[str]
) -> Updates:
    """Update rows by their ``id`` where anything differs; a null leaves what is stored.

    Args:
        connection: the caller's transaction.
        table: the layer's table.
        batch: the batch that the rows then belong to.
        rows: ``id`` and the columns to write.
        following_place: columns that follow ``geom``: where that is given, their null counts.
    """
    if table == "incident" and "state" in rows.column_names:
        # A case that is opened again loses them, whether the file has columns for them or not.
        for name in ("handled_at", "closed_at"):
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.timestamp("us", "UTC")))
    written = [name for name in rows.column_names if name != "id"]
    new = {name: _write_new(name, table, written, following_place) for name in written}
    parts = {
        "table": sql.Identifier(table),
        "stage": sql.Identifier(_STAGE),
        "columns": list_names(rows.column_names),
        "before": describe_row(load_queries("imports").list_writable_columns(connection, table=table)),
        "new": sql.SQL(", ").join(new.values()),
        "old": sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(name)) for name in written),
        "targets": list_names(written),
        "differ": sql.SQL(", ").join(
            sql.SQL("count(*) FILTER (WHERE {} IS DISTINCT FROM t.{})").format(value, sql.Identifier(name))
            for name, value in new.items()
        ),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMP TABLE {stage} AS SELECT {columns} FROM {table} LIMIT 0").format(**parts)
        )
        copy_rows(connection, _STAGE, [rows])
        settle_stage(cursor, table, _STAGE, rows.column_names)
        torn = _set_apart_torn(cursor, new) if table == "incident" else np.empty(0, np.int64)
        kept = _count_kept(cursor, table, written) if table == "incident" else 0
        cursor.execute(
            sql.SQL(
                "WITH changed AS ("
                "INSERT INTO import_change (batch_id, row_id, before) "
                "SELECT %s, t.id, {before} FROM {table} AS t JOIN {stage} AS s ON s.id = t.id "
                "WHERE ROW({new}) IS DISTINCT FROM ROW({old}) RETURNING row_id) "
                "SELECT count(*), {differ} FROM changed AS c "
                "JOIN {table} AS t ON t.id = c.row_id JOIN {stage} AS s ON s.id = c.row_id"
            ).format(**parts),
            (batch,),
        )
        changed, *counts = cursor.fetchone() or (0,)
        cursor.execute(
            sql.SQL(
                "UPDATE {table} AS t SET ({targets}, import_batch_id) = ROW({new}, %s) "
                "FROM {stage} AS s, import_change AS c "
                "WHERE s.id = t.id AND c.batch_id = %s AND c.row_id = t.id"
            ).format(**parts),
            (batch, batch),
        )
        cursor.execute(sql.SQL("DROP TABLE {stage}").format(**parts))
    told = {name: number for name, number in zip(written, counts, strict=True) if name not in _UNTOLD}
    return Updates(changed, kept, torn, told)


def _write_new(
    name: str, table: str, written: Collection[str], following_place: Collection[str]
) -> sql.Composable:
    """Write what a column of stored row ``t`` becomes by staged row ``s``."""
    column = sql.Identifier(name)
    if name in following_place and "geom" in written:
        return sql.SQL("CASE WHEN s.geom IS NULL THEN t.{0} ELSE s.{0} END").format(column)
    value: sql.Composable = sql.SQL("coalesce(s.{0}, t.{0})").format(column)
    if table != "incident" or name not in _OWN_WORK:
        return value
    if "state" in written:
        # Who says no more than that a case is over, or is being looked at, does not open it again.
        is_over = "t.state IN ('closed', 'rated')"
        state = (
            f"CASE WHEN {is_over} AND s.state = 'verifying' THEN t.state ELSE coalesce(s.state, t.state) END"
        )
        if name == "state":
            value = sql.SQL(state)
        elif name == "closed_at":
            value = sql.SQL(
                f"CASE WHEN ({state}) IN ('closed', 'rated') THEN coalesce(s.{name}, t.{name}) END"
            )
        elif name == "handled_at":
            value = sql.SQL(
                f"CASE WHEN (t.state = 'verifying' OR {is_over}) "
                f"AND ({state}) NOT IN ('verifying', 'closed', 'rated') THEN s.{name} "
                f"ELSE coalesce(s.{name}, t.{name}) END"
            )
    return sql.SQL("CASE WHEN t.version > 0 THEN t.{} ELSE {} END").format(column, value)


def _set_apart_torn(cursor: PostgresCursor, new: Mapping[str, sql.Composable]) -> npt.NDArray[np.int64]:
    """Take out of the stage what would put the times of a case out of order; return those ids."""
    times = {
        name: new.get(name, sql.SQL("t.{}").format(sql.Identifier(name)))
        for name in (
            "reported_at",
            "due_at",
            "original_due_at",
            "first_response_at",
            "handled_at",
            "closed_at",
        )
    }
    cursor.execute(
        sql.SQL(
            "DELETE FROM {stage} AS s USING incident AS t WHERE t.id = s.id "
            "AND (least({due_at}, {original_due_at}, {first_response_at}, {handled_at}, {closed_at}) "
            "< {reported_at} OR {closed_at} < {handled_at}) RETURNING s.id"
        ).format(stage=sql.Identifier(_STAGE), **times)
    )
    return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def _count_kept(cursor: PostgresCursor, table: str, written: Collection[str]) -> int:
    own_work = [name for name in written if name in _OWN_WORK]
    if not own_work:
        return 0
    cursor.execute(
        sql.SQL(
            "SELECT count(*) FROM {table} AS t JOIN {stage} AS s ON s.id = t.id "
            "WHERE t.version > 0 AND ({differs})"
        ).format(
            table=sql.Identifier(table),
            stage=sql.Identifier(_STAGE),
            differs=sql.SQL(" OR ").join(
                sql.SQL("s.{0} <> t.{0} OR (s.{0} IS NOT NULL AND t.{0} IS NULL)").format(
                    sql.Identifier(name)
                )
                for name in own_work
            ),
        )
    )
    return int((cursor.fetchone() or (0,))[0])


def find_changed(connection: PostgresConnection, batch: int) -> npt.NDArray[np.int64]:
    """Return the ids of the stored rows that a batch has changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_id FROM import_change WHERE batch_id = %s", (batch,))
        return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)


def tell_events(connection: PostgresConnection, batch: int) -> None:
    """Add to the history of cases how a batch found them to have gone on elsewhere."""
    load_queries("imports").tell_events(connection, batch=batch)


def list_differences(connection: PostgresConnection, table: str, batch: int, most: int) -> list[Difference]:
    """List the first fields that a batch has changed, row by row; words about cases are blotted out.

    Args:
        connection: the caller's transaction, in which the batch has changed its rows.
        table: the layer's table.
        batch: the batch's number.
        most: how many at most.
    """
    columns = [
        (name, kind)
        for name, kind in load_queries("imports").list_writable_columns(connection, table=table)
        if name not in _UNTOLD
    ]
    seen = sql.SQL("t.sensitivity <> 'S3' AND t.category_code <> ALL (sealed_categories())")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT t.id, {name}, told.field, told.before, told.after, told.moved_m "
                "FROM (SELECT c.row_id, c.before FROM import_change AS c WHERE c.batch_id = %s "
                "ORDER BY c.row_id LIMIT %s) AS c "
                "JOIN {table} AS t ON t.id = c.row_id "
                "CROSS JOIN LATERAL (VALUES {fields}) AS told (position, field, before, after, moved_m) "
                "WHERE told.before IS DISTINCT FROM told.after AND {seen} "
                "ORDER BY t.id, told.position LIMIT %s"
            ).format(
                name=sql.SQL(
                    "coalesce(t.external_id, CAST(t.id AS text))"
                    if table == "incident"
                    else "coalesce(t.name, t.code)"
                ),
                table=sql.Identifier(table),
                fields=sql.SQL(", ").join(
                    _compare_field(position, name, kind) for position, (name, kind) in enumerate(columns)
                ),
                seen=seen if table == "incident" else sql.SQL("true"),
            ),
            (batch, most, most),
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    is_case = table == "incident"
    differences = []
    for identity, name, field, before, after, moved_m in rows:
        if is_case and field in _WORDS:
            before, after = _BLOTTED, _BLOTTED  # noqa: PLW2901 - what is told of it
        elif field == "geom":
            before, after = None, None  # noqa: PLW2901
        differences.append(Difference(identity, name, field, before, after, moved_m))
    return differences


def _compare_field(position: int, name: str, kind: str) -> sql.Composed:
    """Write a row of position, field, value before, value after, and how far it moved if it is a place."""
    column, key = sql.Identifier(name), sql.Literal(name)
    before: sql.Composable = sql.SQL("c.before ->> {}").format(key)
    after: sql.Composable = sql.SQL("CAST(t.{} AS text)").format(column)
    moved: sql.Composable = sql.SQL("CAST(NULL AS double precision)")
    if name in _NAMED:
        table = sql.Identifier(_NAMED[name])
        before, after = (
            sql.SQL("(SELECT k.name FROM {} AS k WHERE k.id = {})").format(table, value)
            for value in (sql.SQL("CAST({} AS bigint)").format(before), sql.SQL("t.{}").format(column))
        )
    elif kind == "geometry":
        moved = sql.SQL(
            "CASE WHEN {0} IS DISTINCT FROM {1} THEN ST_Distance("
            "CAST(ST_Centroid(CAST({0} AS geometry)) AS geography), "
            "CAST(ST_Centroid(t.{2}) AS geography)) END"
        ).format(before, after, column)
    elif kind == "timestamp with time zone":
        # As a clock on the wall shows it.
        before, after = (
            sql.SQL("to_char({} AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')").format(value)
            for value in (sql.SQL("CAST({} AS timestamptz)").format(before), sql.SQL("t.{}").format(column))
        )
    elif kind.endswith("[]") or kind == "boolean":
        after = sql.SQL("to_jsonb(t) ->> {}").format(key)
    return sql.SQL("({}, {}, {}, {}, {})").format(sql.Literal(position), key, before, after, moved)

"""Undoing an import batch: the exact state before it, or a sentence about what stands in the way.

A row that somebody changed after the batch is known by its ``changed_at``, no longer the batch's; one
that a later batch changed is known by that batch's record of the state before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, NotFound
from geo.store.engine import load_queries
from geo.store.imports import list_names, lock_imports

# Derived as a transaction commits, never written by anybody.
_DERIVED_TABLES = {"building_grid"}


@dataclass(frozen=True)
class UndoneBatch:
    """What undoing a batch did."""

    batch: int
    layer: str
    file_name: str
    deleted: int
    restored: int


def undo_batch(
    connection: PostgresConnection, batch: int, tables: Mapping[str, str], community: str | None = None
) -> UndoneBatch:
    """Bring back the exact state before a batch, in the caller's transaction.

    Args:
        connection: the caller's transaction.
        batch: the batch's number.
        tables: layer name → table.
        community: code of the community that it must be of; None for any.

    Raises:
        NotFound: there is no such batch, or it is another community's.
        Conflict: it is undone already, or something built on it since stands in the way, as the message says.
    """
    queries = load_queries("imports")
    lock_imports(connection)
    found = queries.find_batch(connection, batch=batch, community=community)
    if found is None:
        message = f"There is no import batch {batch}."
        raise NotFound(message)
    layer, file_name, imported_at, undone_at, inserted = found
    if undone_at is not None:
        message = f"Batch {batch} ({file_name}) was undone already, on {undone_at:%Y-%m-%d %H:%M} UTC."
        raise Conflict(message)
    table = tables[layer]
    obstacles = _find_obstacles(connection, batch, table, imported_at, inserted)
    if obstacles:
        message = f"Batch {batch} ({file_name}) cannot be undone: {'; '.join(obstacles)}."
        raise Conflict(message)

    columns = [name for name, _ in queries.list_writable_columns(connection, table=table)]
    parts = {
        "table": sql.Identifier(table),
        "targets": list_names(columns),
        "restored": sql.SQL(", ").join(sql.SQL("old.{}").format(sql.Identifier(name)) for name in columns),
    }
    queries.forget_events(connection, batch=batch)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "DELETE FROM {table} AS t WHERE import_batch_id = %s AND NOT EXISTS "
                "(SELECT FROM import_change AS c WHERE c.batch_id = %s AND c.row_id = t.id)"
            ).format(**parts),
            (batch, batch),
        )
        deleted = cursor.rowcount
        cursor.execute(
            sql.SQL(
                "UPDATE {table} AS t SET ({targets}) = ROW({restored}) FROM import_change AS c "
                "CROSS JOIN LATERAL jsonb_populate_record(CAST(NULL AS {table}), c.before) AS old "
                "WHERE c.batch_id = %s AND t.id = c.row_id"
            ).format(**parts),
            (batch,),
        )
        restored = cursor.rowcount
    queries.forget_changes(connection, batch=batch)
    queries.forget_choices(connection, batch=batch)
    queries.mark_undone(connection, batch=batch)
    return UndoneBatch(batch, layer, file_name, deleted, restored)


def _find_obstacles(
    connection: PostgresConnection, batch: int, table: str, imported_at: Any, inserted: int
) -> list[str]:
    queries = load_queries("imports")
    parts = {"table": sql.Identifier(table)}
    obstacles = []
    later = [str(number) for (number,) in queries.list_later_batches(connection, batch=batch)]
    if later:
        obstacles.append(f"batch {', '.join(later)} changed the same rows later; undo that first")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {table} WHERE import_batch_id = %s AND changed_at <> %s").format(
                **parts
            ),
            (batch, imported_at),
        )
        edited = _first_number(cursor)
        if edited:
            obstacles.append(f"{edited:,} of its rows were changed by hand since")
        cursor.execute(
            sql.SQL(
                "SELECT count(*) FROM import_change AS c WHERE batch_id = %s "
                "AND NOT EXISTS (SELECT FROM {table} AS t WHERE t.id = c.row_id)"
            ).format(**parts),
            (batch,),
        )
        gone = _first_number(cursor)
        if gone:
            obstacles.append(f"{gone:,} of the rows it changed were deleted since")
        for holder, column in queries.list_references(connection, table=table) if inserted else ():
            if holder in _DERIVED_TABLES:
                continue
            cursor.execute(
                sql.SQL(
                    "WITH own AS (SELECT id FROM {table} AS t WHERE import_batch_id = %(batch)s "
                    "AND NOT EXISTS (SELECT FROM import_change AS c "
                    "WHERE c.batch_id = %(batch)s AND c.row_id = t.id)) "
                    "SELECT count(*) FROM {holder} AS h "
                    "WHERE h.{column} IN (SELECT id FROM own) AND {foreign}"
                ).format(
                    **parts,
                    holder=sql.Identifier(holder),
                    column=sql.Identifier(column),
                    foreign=sql.SQL("h.id NOT IN (SELECT id FROM own)" if holder == table else "true"),
                ),
                {"batch": batch},
            )
            referring = _first_number(cursor)
            if referring:
                obstacles.append(f"{referring:,} {holder.replace('_', ' ')} rows refer to its {table} rows")
    return obstacles


def _first_number(cursor: Any) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0

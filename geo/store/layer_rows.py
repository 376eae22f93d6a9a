"""Whole layers, read a few thousand rows at a time to be taken out: no more than a reader may see."""

from collections.abc import Generator
from datetime import date
from typing import Any, Final

from geo.store.engine import connect, get_actor, load_queries

LAYERS: Final = ("grids", "compounds", "buildings", "merchants", "incidents", "zones")
_BATCH_ROWS: Final = 10_000


def read_rows(
    layer: str, *, community_id: int, on_day: date, zone_kind: str = "grid_worker"
) -> Generator[tuple[list[str], list[tuple[Any, ...]]]]:
    """Read a layer in batches of rows, in one transaction that lasts until the generator is closed.

    A command, which acts as the database's owner, reads all there is. A reader is given nothing sealed or
    sensitive, and what people wrote of cases only masked, under names that begin with ``masked_``.

    Args:
        layer: one of :data:`LAYERS`.
        community_id: whose rows.
        on_day: the day in China whose plan of zones counts; grids that had ended by then are left out.
        zone_kind: which kind of plan the zones are of.

    Yields:
        The columns' names, ``shape`` last, and some rows; once at least, though there be no row at all.
    """
    name = "read_shown_incidents" if layer == "incidents" and get_actor() else f"read_{layer}"
    query = getattr(load_queries("layer_rows"), name).sql
    with connect() as connection, connection.cursor("layer_rows") as cursor:
        cursor.execute(query, {"community_id": community_id, "on_day": on_day, "kind": zone_kind})
        while True:
            rows = cursor.fetchmany(_BATCH_ROWS)
            yield [column.name for column in cursor.description or ()], rows
            if len(rows) < _BATCH_ROWS:
                return

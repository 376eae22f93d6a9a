"""Vector tiles made by the database: places one by one near the ground, counts in hexagons from above.

Hexagons are derived when a tile needs them and their layer has moved since, for the communities that moved:
no write pays for them, and what was written is in the next tile.
"""

import math
from datetime import date
from typing import Final

import psycopg2.extensions

from geo.errors import NotFound
from geo.store.engine import connect, load_queries, transaction
from geo.store.versions import LAYER_SOURCES

FINEST_ZOOM: Final = 22
# Labels are few, and written by what knows the others: they come as features only.
TILE_LAYERS: Final = tuple(layer for layer in LAYER_SOURCES if layer != "labels")
# The first zoom at which a layer's places are drawn one by one; below it, hexagons, or nothing for zones.
_FIRST_ZOOM: Final = {"buildings": 13, "incidents": 14, "zones": 13}
_HEXAGON_LAYERS: Final = frozenset({"buildings", "incidents"})
_COARSEST_LEVEL: Final = 6
_FINEST_LEVEL: Final = 14
# A tile with more places than this is drawn as hexagons at any zoom: no old PC draws so many.
MOST_PLACES: Final = 20_000


def draw_tile(layer: str, z: int, x: int, y: int, *, community_id: int | None, on_day: date) -> bytes:
    """Return a Mapbox vector tile, 4,096 units wide; empty bytes where nothing lies in it.

    Args:
        layer: a layer of the map; ``TILE_LAYERS`` names them.
        z: zoom.
        x: column of the tile, from the west.
        y: row of the tile, from the north.
        community_id: whose places; None for all communities.
        on_day: the day in China whose grids and zones count.

    Raises:
        NotFound: there is no such layer or tile.
        DatabaseUnavailable: the database does not answer.
    """
    if layer not in TILE_LAYERS:
        msg = f"there is no layer '{layer}': ask for one of {', '.join(TILE_LAYERS)}"
        raise NotFound(msg)
    if not (0 <= z <= FINEST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        msg = f"there is no tile {z}/{x}/{y}: zooms end at {FINEST_ZOOM}, columns and rows at 2^zoom - 1"
        raise NotFound(msg)
    if layer == "zones" and z < _FIRST_ZOOM[layer]:
        return b""
    with connect() as connection:
        if not (layer in _HEXAGON_LAYERS and _is_stale(connection, layer, community_id)):
            return _draw(connection, layer, z, x, y, community_id, on_day)
    refresh_hexagons(layer, community_id)
    with connect() as connection:
        return _draw(connection, layer, z, x, y, community_id, on_day)


def _draw(
    connection: psycopg2.extensions.connection,
    layer: str,
    z: int,
    x: int,
    y: int,
    community_id: int | None,
    on_day: date,
) -> bytes:
    queries = load_queries("tiles")
    queries.prepare_for_tiles(connection)
    if layer in _HEXAGON_LAYERS and (
        z < _FIRST_ZOOM[layer] or _is_crowded(connection, layer, z, x, y, community_id)
    ):
        level = min(max(z, _COARSEST_LEVEL), _FINEST_LEVEL)
        draw = getattr(queries, f"draw_{layer.removesuffix('s')}_hexagons")
        span = _span_hexagons(z, x, y, level)
        return bytes(draw(connection, level=level, z=z, x=x, y=y, community_id=community_id, **span))
    draw = getattr(queries, f"draw_{layer}")
    return bytes(draw(connection, z=z, x=x, y=y, community_id=community_id, on_day=on_day))


def _is_stale(connection: psycopg2.extensions.connection, layer: str, community_id: int | None) -> bool:
    return bool(load_queries("tiles").has_stale_hexagons(connection, layer=layer, community_id=community_id))


def _is_crowded(
    connection: psycopg2.extensions.connection, layer: str, z: int, x: int, y: int, community_id: int | None
) -> bool:
    count = getattr(load_queries("tiles"), f"count_{layer}")
    span = _span_hexagons(z, x, y, _FINEST_LEVEL)
    return bool(count(connection, level=_FINEST_LEVEL, community_id=community_id, **span) > MOST_PLACES)


def _span_hexagons(z: int, x: int, y: int, level: int) -> dict[str, int]:
    """Return the numbers of the first and last hexagons that may touch a tile."""
    # Half a hexagon's width in tiles of this zoom; rows are √3 apart, and one further out may still reach in.
    half_width = 2.0 ** (z - level) / 64
    half_height = half_width * math.sqrt(3)
    column, row = x - 2.0 ** (z - 1), 2.0 ** (z - 1) - y
    return {
        "first_across": math.floor(column / half_width) - 1,
        "last_across": math.ceil((column + 1) / half_width) + 1,
        "first_up": math.floor((row - 1) / half_height) - 1,
        "last_up": math.ceil(row / half_height) + 1,
    }


def refresh_hexagons(layer: str, community_id: int | None = None, *, url: str | None = None) -> None:
    """Derive the hexagons of the communities whose places have changed since, in one transaction.

    Args:
        layer: ``buildings`` or ``incidents``.
        community_id: only this community; None for all.
        url: the database; the installation's own where None.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with transaction(url) as connection:
        load_queries("tiles").refresh_hexagons(
            connection, layer=layer, community_id=community_id, coarsest=_COARSEST_LEVEL
        )

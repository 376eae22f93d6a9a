"""``/tiles/{layer}/{z}/{x}/{y}.mvt``: a layer as Mapbox vector tiles, for context at the scale of a city.

Parameters, both optional: ``community`` and ``v``, as for ``/features``. Feature ids are row ids. Buildings
and incidents come as hexagons with counts where there are too many to draw one by one, in layers of their own
(``building_hexagons``: buildings, households; ``incident_hexagons``: incidents, open_incidents); zones,
painted on their buildings, from zoom 13 on. A tile without anything in it is an empty answer.
"""

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from starlette.types import Scope

from dashboard.routes.cache import DataCache, get_cache
from dashboard.routes.features import find_community, read_parameters, today_in_china
from dashboard.routes.replies import (
    DataEndpoint,
    Reply,
    make_data_reply,
    make_unchanged_reply,
    matches_tag,
)
from geo.errors import NotFound
from geo.store.engine import get_actor
from geo.store.tiles import FINEST_ZOOM, TILE_LAYERS, draw_tile

ROOT: Final = "/tiles/"
_PATH: Final = re.compile(r"(\w+)/(\d{1,2})/(\d{1,7})/(\d{1,7})\.mvt", re.ASCII)
_PARAMETERS: Final = frozenset({"community", "v"})
_MEDIA_TYPE: Final = b"application/vnd.mapbox-vector-tile"


@dataclass(frozen=True, slots=True)
class TileRequest:
    """What an address asks for."""

    layer: str
    z: int
    x: int
    y: int
    community: str | None
    v: str | None


@lru_cache(maxsize=16_384)
def read_request(path: str, query: bytes) -> TileRequest:
    """Read an address below ``/tiles/``.

    Raises:
        NotFound: it names no layer, or a tile outside the world.
        InputRefused: a parameter is unknown.
    """
    match = _PATH.fullmatch(path)
    if match is None or match[1] not in TILE_LAYERS:
        layers = ", ".join(TILE_LAYERS)
        msg = f"there is no tile at this address: ask for /tiles/LAYER/Z/X/Y.mvt, LAYER one of {layers}"
        raise NotFound(msg)
    layer, (z, x, y) = match[1], map(int, match.groups()[1:])
    if z > FINEST_ZOOM or x >= 2**z or y >= 2**z:
        msg = f"there is no tile {z}/{x}/{y}: zooms end at {FINEST_ZOOM}, columns and rows at 2^zoom - 1"
        raise NotFound(msg)
    given = read_parameters(query, _PARAMETERS, layer)
    return TileRequest(layer, z, x, y, given.get("community"), given.get("v"))


def make_endpoint(cache: DataCache | None = None) -> DataEndpoint:
    """Return what answers below ``/tiles/``; ``cache`` is the process's own unless given."""

    async def answer(scope: Scope) -> Reply:
        data = cache or get_cache()
        asked = read_request(scope["path"].removeprefix(ROOT), scope["query_string"])
        versions = await data.read_versions()
        actor = get_actor()
        community_id = find_community(asked.community, versions, actor)
        today = today_in_china()
        tag = versions.tag(asked.layer, community_id, today, actor)
        if matches_tag(scope, tag):
            return make_unchanged_reply(tag=tag, asked_tag=asked.v, layer=asked.layer)
        where = (asked.layer, asked.z, asked.x, asked.y)
        packed = await data.fetch(
            "tiles",
            ("tiles", *where, community_id, tag),
            partial(draw_tile, *where, community_id=community_id, on_day=today),
        )
        return make_data_reply(
            scope, packed, media_type=_MEDIA_TYPE, tag=tag, asked_tag=asked.v, layer=asked.layer
        )

    return DataEndpoint("tiles", answer)

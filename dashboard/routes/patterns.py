"""``/patterns/{document}.json``: what the heat map is drawn from, cell by cell.

Documents: ``cells``, the period that is asked for; ``before``, the one it is compared with; ``change``, the
difference; ``weeks``, the period week by week; ``surface`` and ``surface_before``, the periods as smooth
surfaces; ``hexagons``, their outlines as GeoJSON.

Parameters: ``community``, its code; ``v``, the state that the page shows, with which a browser keeps the
answer for good; and those of the page's own address (``dashboard.models.heat_state``), the period by days.
"""

import asyncio
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

from starlette.types import Scope

from dashboard.models.heat_data import DOCUMENTS, write_document
from dashboard.models.heat_state import PARAMS, HeatState, parse_heat_state
from dashboard.routes.cache import DataCache, get_cache
from dashboard.routes.features import find_community, read_parameters, today_in_china
from dashboard.routes.replies import (
    DataEndpoint,
    Reply,
    make_data_reply,
    make_unchanged_reply,
    matches_tag,
)
from geo.errors import InputRefused, NotFound
from geo.operations.heat import read_state
from geo.store.engine import get_actor

ROOT: Final = "/patterns/"
_PARAMETERS: Final = frozenset({"community", "v", *PARAMS})
# What there is on shared screens.
_SHARED: Final = ("cells", "hexagons")
_MEDIA_TYPE: Final = b"application/json"


@dataclass(frozen=True, slots=True)
class PatternRequest:
    """What an address asks for."""

    document: str
    community: str | None
    v: str | None
    params: tuple[tuple[str, str], ...]


@lru_cache(maxsize=1024)
def read_request(path: str, query: bytes) -> PatternRequest:
    """Read an address below ``/patterns/``.

    Raises:
        NotFound: it names no document.
        InputRefused: a parameter is unknown.
    """
    document, _, ending = path.rpartition(".")
    if ending != "json" or document not in DOCUMENTS:
        names = ", ".join(DOCUMENTS)
        msg = (
            f"there are no patterns at this address: ask for /patterns/DOCUMENT.json, DOCUMENT one of {names}"
        )
        raise NotFound(msg)
    given = read_parameters(query, _PARAMETERS, document)
    params = tuple((name, value) for name, value in given.items() if name in PARAMS)
    return PatternRequest(document, given.get("community"), given.get("v"), params)


def make_endpoint(cache: DataCache | None = None) -> DataEndpoint:
    """Return what answers below ``/patterns/``; ``cache`` is the process's own unless given."""

    async def answer(scope: Scope) -> Reply:
        data = cache or get_cache()
        request = read_request(scope["path"].removeprefix(ROOT), scope["query_string"])
        community_id = find_community(request.community, await data.read_versions(), get_actor())
        if community_id is None:
            msg = "patterns are those of one community: name it, as in ?community=D"
            raise InputRefused(msg)
        town = await asyncio.to_thread(read_state, community_id)
        tag = town.tag
        if matches_tag(scope, tag):
            return make_unchanged_reply(tag=tag, asked_tag=request.v, layer=request.document)
        asked = _read_state(request, town.columns.cases.codes)
        packed = await data.fetch(
            "patterns",
            ("patterns", request.document, community_id, asked, tag),
            partial(write_document, request.document, town, asked),
        )
        return make_data_reply(
            scope, packed, media_type=_MEDIA_TYPE, tag=tag, asked_tag=request.v, layer=request.document
        )

    return DataEndpoint("patterns", answer)


def _read_state(request: PatternRequest, codes: frozenset[str]) -> HeatState:
    asked, ignored = parse_heat_state(dict(request.params), codes, today_in_china())
    if ignored:
        msg = f"the parameter '{ignored[0]}' makes no sense here: write it as the heat page's address has it"
        raise InputRefused(msg)
    if asked.days is not None and request.document != "hexagons":
        msg = "patterns are those of a period: say since and until, as days such as 2026-11-22"
        raise InputRefused(msg)
    if asked.is_shared and request.document not in _SHARED:
        msg = f"on a shared screen there is no '{request.document}': ask for {' or '.join(_SHARED)}"
        raise InputRefused(msg)
    if asked.before is None and request.document in {"before", "change", "surface_before"}:
        msg = f"'{request.document}' is of two periods: say compare=previous or compare=last_year"
        raise InputRefused(msg)
    return asked

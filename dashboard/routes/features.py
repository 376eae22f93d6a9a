"""``/features/{layer}.geojson``: a layer as GeoJSON, for what people click and for lists beside the map.

Parameters, all optional:

``community``
    Code of the community; all communities where it is missing.
``v``
    Tag of the layer, as ``geo.store.versions.list_layer_tags`` gives it. With the present tag a browser keeps
    the answer for good; with another, or none, it asks again each time and is told when nothing has changed.
``limit``
    The most features to send, by default 20,000, of incidents the newest 5,000. Where there are more, the
    collection's member ``truncated`` is true.
``kind``
    Zones only: the kind of plan, ``grid_worker`` unless given.
``open``, ``since``, ``until``, ``category``
    Incidents only: ``1`` for open and ``0`` for settled ones; reported from ``since`` on and before
    ``until``, each a day in China or a time with its zone; category codes joined by commas, each with those
    below it.

Nothing sealed or sensitive is ever sent, nor words that somebody wrote about an incident.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from typing import Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from starlette.types import Scope

from dashboard.models.incident_filters import YEARS
from dashboard.routes.cache import DataCache, get_cache
from dashboard.routes.replies import (
    DataEndpoint,
    Reply,
    make_data_reply,
    make_unchanged_reply,
    matches_tag,
)
from geo.errors import InputRefused, NotFound
from geo.model.actor import Actor
from geo.store.engine import get_actor
from geo.store.features import ZONE_KINDS, find_features
from geo.store.versions import LAYER_SOURCES, LayerVersions

ROOT: Final = "/features/"
CHINA: Final = ZoneInfo("Asia/Shanghai")
MOST_FEATURES: Final = 50_000
_USUAL_FEATURES: Final = 20_000
_USUAL_INCIDENTS: Final = 5_000
_FOR_ALL: Final = frozenset({"community", "v", "limit"})
_FOR_LAYER: Final = {"zones": {"kind"}, "incidents": {"open", "since", "until", "category"}}
_LONGEST_QUERY: Final = 1000
_CATEGORY: Final = re.compile(r"E\d{1,4}")


@dataclass(frozen=True, slots=True)
class FeatureRequest:
    """What an address asks for."""

    layer: str
    limit: int
    community: str | None = None
    v: str | None = None
    zone_kind: str = "grid_worker"
    is_open: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    categories: tuple[str, ...] | None = None


@lru_cache(maxsize=1024)
def read_request(path: str, query: bytes) -> FeatureRequest:
    """Read an address below ``/features/``.

    Raises:
        NotFound: it names no layer.
        InputRefused: a parameter is unknown, not for this layer, or makes no sense.
    """
    layer, _, ending = path.rpartition(".")
    if ending != "geojson" or layer not in LAYER_SOURCES:
        layers = ", ".join(LAYER_SOURCES)
        msg = f"there is no layer at this address: ask for /features/LAYER.geojson, LAYER one of {layers}"
        raise NotFound(msg)
    given = read_parameters(query, _FOR_ALL | _FOR_LAYER.get(layer, set()), layer)
    usual = _USUAL_INCIDENTS if layer == "incidents" else _USUAL_FEATURES
    return FeatureRequest(
        layer=layer,
        limit=_read_limit(given.get("limit"), usual),
        community=given.get("community"),
        v=given.get("v"),
        zone_kind=_read_kind(given.get("kind", "grid_worker")),
        is_open=_read_flag(given.get("open")),
        since=_read_time("since", given.get("since")),
        until=_read_time("until", given.get("until")),
        categories=_read_categories(given.get("category")),
    )


def read_parameters(query: bytes, known: frozenset[str] | set[str], layer: str) -> dict[str, str]:
    """Read a query string.

    Raises:
        InputRefused: a parameter is none of those known, or not UTF-8, or all are too long to be meant.
    """
    if len(query) > _LONGEST_QUERY:
        msg = f"the parameters of this address are too long: use no more than {_LONGEST_QUERY} characters"
        raise InputRefused(msg)
    try:
        given = dict(parse_qsl(query.decode("ascii"), errors="strict", max_num_fields=20))
    except ValueError:
        msg = "the parameters of this address cannot be read: write them as name=value, joined by &, in UTF-8"
        raise InputRefused(msg) from None
    for name in given:
        if name not in known:
            msg = f"layer {layer} knows no parameter '{name[:40]}': use {', '.join(sorted(known))}"
            raise InputRefused(msg)
    if "\0" in "".join(given.values()):
        msg = "the parameters of this address contain a zero byte: leave it out"
        raise InputRefused(msg)
    return given


def find_community(code: str | None, versions: LayerVersions, actor: Actor | None) -> int | None:
    """Return the row id of a community by its code, and None where no code is given.

    Raises:
        NotFound: no community that the actor may see has that code.
    """
    if code is None:
        return None
    found = versions.community_ids.get(code)
    if found is None or (actor is not None and found not in actor.community_ids):
        msg = f"there is no community '{code[:40]}': use the code of one that is on the map"
        raise NotFound(msg)
    return found


def today_in_china() -> date:
    """Return the day by which grids, zones and holders are in force."""
    return datetime.now(CHINA).date()


def _read_limit(text: str | None, usual: int) -> int:
    if text is None:
        return usual
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not 1 <= int(text) <= MOST_FEATURES:
        msg = f"limit must be a whole number from 1 to {MOST_FEATURES}"
        raise InputRefused(msg)
    return int(text)


def _read_kind(text: str) -> str:
    if text not in ZONE_KINDS:
        msg = f"kind must be one of {', '.join(ZONE_KINDS)}"
        raise InputRefused(msg)
    return text


def _read_flag(text: str | None) -> bool | None:
    if text not in {None, "0", "1"}:
        msg = "open must be 1 for open incidents or 0 for settled ones"
        raise InputRefused(msg)
    return None if text is None else text == "1"


def _read_time(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        given = datetime.fromisoformat(text)
        if len(text) == len("2026-11-22"):
            given = given.replace(tzinfo=CHINA)
        # PostgreSQL knows no zone as far off as Python does.
        at = given.astimezone(CHINA) if given.tzinfo else None
    except (ValueError, OverflowError):
        at = None
    if at is None or at.year not in YEARS:
        msg = (
            f"{name} must be a day such as 2026-11-22 or a time with its zone such as 2026-11-22T08:00+08:00,"
            f" of the years {YEARS[0]} to {YEARS[-1]}"
        )
        raise InputRefused(msg)
    return at


def _read_categories(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    codes = tuple(sorted(set(text.split(","))))
    if not all(_CATEGORY.fullmatch(code) for code in codes):
        msg = "category must be codes such as E1 or E101, joined by commas"
        raise InputRefused(msg)
    return codes


def make_endpoint(cache: DataCache | None = None) -> DataEndpoint:
    """Return what answers below ``/features/``; ``cache`` is the process's own unless given."""

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
        packed = await data.fetch(
            "features",
            (replace(asked, v=None), community_id, tag),
            partial(_produce, asked, community_id, today),
        )
        return make_data_reply(
            scope, packed, media_type=b"application/geo+json", tag=tag, asked_tag=asked.v, layer=asked.layer
        )

    return DataEndpoint("features", answer)


def _produce(asked: FeatureRequest, community_id: int | None, on_day: date) -> bytes:
    return find_features(
        asked.layer,
        community_id=community_id,
        on_day=on_day,
        most=asked.limit,
        zone_kind=asked.zone_kind,
        is_open=asked.is_open,
        since=asked.since,
        until=asked.until,
        categories=asked.categories,
    ).encode()

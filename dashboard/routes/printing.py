"""``/print/morning?community=CODE&lang=zh``: the morning on one sheet of A4, as its reader may see it.

Every word on the sheet is escaped by the template; it may load nothing, and run nothing but its own line. The
name of whoever prints and the time lie across it.
"""

import json
import secrets
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import parse_qsl

from jinja2 import Environment, StrictUndefined, Template
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from dashboard.i18n import LANGUAGES, Text
from dashboard.maps import palette
from dashboard.maps.sketch import Sketch, draw_sketch
from dashboard.models.map_page import choose_community, enclose
from dashboard.models.morning import MorningPage, build_page
from dashboard.models.morning_map import build_map
from dashboard.routes.replies import DataEndpoint, Reply
from geo.errors import Forbidden, NotFound, NotSignedIn
from geo.model.actor import NOBODY, Actor
from geo.operations.morning import gather_morning
from geo.rules.access import is_allowed
from geo.rules.morning import find_day
from geo.settings import get_settings
from geo.store.engine import get_actor
from geo.store.features import find_features
from geo.store.morning import Morning
from geo.store.places import Community, list_communities

# Eighteen millimetres lower than there is room for: wrapped lines must not make a second page.
_SKETCH_MM: Final = (186.0, 100.0)
_MOST_FEATURES: Final = 5_000
_LAYERS: Final = ("ground", "communities", "compounds", "buildings")

_WORDS: Final = {
    "print": "morning.print",
    "first": "morning.first_things",
    "why": "morning.print_why",
    "with": "morning.print_with",
    "done": "morning.print_done",
    "map": "morning.map_title",
    "metres": "unit.metres",
    "three_no": "legend.three_no",
    "unknown_building": "morning.legend_unknown",
    "notice": "map.notice",
    "unheld": "morning.unheld",
    "all_held": "morning.all_held",
    "unknown": "morning.unknown",
    "all_known": "morning.all_known",
}


def routes() -> list[BaseRoute]:
    """Return the sheets, to stand behind whatever says who asks."""
    return [Route("/print/morning", DataEndpoint("print", _answer))]


async def _answer(scope: Scope) -> Reply:
    return await run_in_threadpool(_print_morning, scope["query_string"])


def _print_morning(query: bytes) -> Reply:
    given = dict(parse_qsl(query.decode("latin-1"), max_num_fields=20))
    actor = _find_reader()
    community = _find_community(given.get("community"))
    language = given.get("lang", "")
    text = Text(language if language in LANGUAGES else get_settings().language)
    morning = gather_morning(community.id, datetime.now(UTC))
    page = build_page(morning, community.name, text)
    nonce = secrets.token_urlsafe(16)
    body = (
        _load_template()
        .render(
            language="zh-CN" if text.language == "zh" else text.language,
            words={name: text(key) for name, key in _WORDS.items()},
            title=text("morning.print_title", heading=text.join([community.name, page.day])),
            page=page,
            sketch=_draw(community, morning, page),
            palette=palette,
            watermark=text("morning.printed_by", name=actor.name or actor.role, at=text.moment(morning.now)),
            nonce=nonce,
        )
        .encode()
    )
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; base-uri 'none'"
    return Reply(
        200,
        [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ],
        body,
    )


def _find_reader() -> Actor:
    actor = get_actor()
    if actor is None or actor == NOBODY:
        msg = "nobody is signed in here: sign in, then print again"
        raise NotSignedIn(msg)
    if not is_allowed(actor.role, "morning"):
        msg = "the morning sheet is not open to your role: ask an administrator if you need it"
        raise Forbidden(msg)
    return actor


def _find_community(code: str | None) -> Community:
    community = choose_community(list_communities(), code)
    if community is None or code not in {None, community.code}:
        msg = f"there is no community '{(code or '')[:40]}': print from the page of the one you want"
        raise NotFound(msg)
    return community


def _draw(community: Community, morning: Morning, page: MorningPage) -> Sketch:
    shown = build_map(morning, page.first_things)
    layers: dict[str, Any] = {
        layer: json.loads(
            find_features(layer, community_id=community.id, on_day=find_day(morning.now), most=_MOST_FEATURES)
        )
        for layer in _LAYERS
    }
    return draw_sketch(
        layers,
        enclose([community]),
        unknown=shown.unknown_buildings,
        numbers=shown.numbers,
        width_mm=_SKETCH_MM[0],
        most_height_mm=_SKETCH_MM[1],
    )


@lru_cache
def _load_template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("dashboard.routes") / "print_morning.html"
    return environment.from_string(source.read_text(encoding="utf-8"))

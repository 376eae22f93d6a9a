"""``/print/morning?community=CODE&lang=zh``: the morning on one sheet of A4, as its reader may see it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from dashboard.maps import palette
from dashboard.maps.sketch import Sketch, draw_sketch
from dashboard.models.map_notice import write_map_notice
from dashboard.models.map_page import enclose
from dashboard.models.morning import MorningPage, build_page
from dashboard.models.morning_map import build_map
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.operations.morning import gather_morning
from geo.rules.morning import find_day
from geo.store.features import find_features
from geo.store.morning import Morning
from geo.store.places import Community

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
    "unheld": "morning.unheld",
    "all_held": "morning.all_held",
    "unknown": "morning.unknown",
    "all_known": "morning.all_known",
}


def routes() -> list[BaseRoute]:
    """Return ``/print/morning``."""
    return [Route("/print/morning", make_sheet_endpoint("print_morning", "print_morning.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text, community = asked.text, asked.community
    morning = gather_morning(community.id, asked.now)
    page = build_page(morning, community.name, text)
    return {
        "words": {name: text(key) for name, key in _WORDS.items()} | {"notice": write_map_notice(text)},
        "title": text("morning.print_title", heading=text.join([community.name, page.day])),
        "page": page,
        "sketch": _draw(community, morning, page),
        "palette": palette,
    }


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

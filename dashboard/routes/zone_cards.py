"""``/print/zones?community=CODE&kind=KIND&lang=zh``: the public cards of the zones in force."""

import json
from collections.abc import Mapping
from typing import Any, Final

from starlette.routing import BaseRoute, Route

from dashboard.maps import palette
from dashboard.maps.sketch import Box, Sketch, draw_sketch
from dashboard.models.map_notice import write_map_notice
from dashboard.models.zone_cards import ZoneCard, build_cards
from dashboard.models.zones import KINDS
from dashboard.routes.sheets import SheetRequest, make_sheet_endpoint
from geo.errors import NotFound
from geo.model.zone import ZoneKind
from geo.operations.deadlines import find_day
from geo.operations.supervision import read_supervision_phone
from geo.operations.zone_plans import read_plan_in_force
from geo.operations.zone_town import read_town
from geo.store import choices
from geo.store.features import find_features

_SKETCH_MM: Final = (186.0, 130.0)
_MOST_FEATURES: Final = 5_000
_LAYERS: Final = ("ground", "communities", "compounds", "buildings")
# How far beyond its buildings a zone's picture looks, in degrees; about 60 m.
_AROUND: Final = 0.0006

_WORDS: Final = {
    "print": "morning.print",
    "extent": "zones.card_extent",
    "people": "zones.card_people",
    "phone": "zones.card_phone",
    "supervision": "zones.card_supervision",
    "map": "morning.map_title",
    "metres": "unit.metres",
}


def routes() -> list[BaseRoute]:
    """Return ``/print/zones``."""
    return [Route("/print/zones", make_sheet_endpoint("print_zones", "print_zones.html", _fill))]


def _fill(asked: SheetRequest) -> Mapping[str, Any]:
    text, community = asked.text, asked.community
    today = find_day(asked.now)
    kind = _read_kind(asked.given.get("kind", ZoneKind.GRID_WORKER))
    plan = read_plan_in_force(community.id, kind, today)
    if plan is None:
        msg = "no plan of this kind is in force today: publish one first"
        raise NotFound(msg)
    cards = build_cards(
        plan,
        read_town(community.id, today),
        choices.list_areas(community.id, today),
        {card.party_id: card for card in choices.list_party_cards(community.id)},
        today,
        text,
    )
    layers = {
        layer: json.loads(find_features(layer, community_id=community.id, on_day=today, most=_MOST_FEATURES))[
            "features"
        ]
        for layer in _LAYERS
    }
    return {
        "words": {name: text(key) for name, key in _WORDS.items()} | {"notice": write_map_notice(text)},
        "title": text("zones.card_title", community=community.name, kind=text(KINDS[kind])),
        "community": community.name,
        "supervision_phone": read_supervision_phone(community.id),
        "since": text("zones.card_since", day=plan.head.valid_from),
        "cards": [(card, _draw(card, layers)) for card in cards],
        "palette": palette,
    }


def _read_kind(given: str) -> ZoneKind:
    try:
        return ZoneKind(given)
    except ValueError:
        msg = f"there is no kind of responsibility '{given[:40]}': print from the page of the zones"
        raise NotFound(msg) from None


def _draw(card: ZoneCard, layers: Mapping[str, list[Any]]) -> Sketch:
    own = frozenset(card.buildings)
    boxes = {
        feature["properties"]["id"]: _find_box(feature["geometry"]["coordinates"])
        for feature in layers["buildings"]
    }
    mine = [boxes[building_id] for building_id in own if building_id in boxes]
    west, south, east, north = (
        min(box[0] for box in mine) - _AROUND,
        min(box[1] for box in mine) - _AROUND,
        max(box[2] for box in mine) + _AROUND,
        max(box[3] for box in mine) + _AROUND,
    )
    near = {
        layer: {
            "features": [
                feature
                for feature in features
                if _meet(_find_box(feature["geometry"]["coordinates"]), (west, south, east, north))
            ]
        }
        for layer, features in layers.items()
    }
    return draw_sketch(
        near,
        (west, south, east, north),
        unknown=own,
        numbers=(),
        width_mm=_SKETCH_MM[0],
        most_height_mm=_SKETCH_MM[1],
    )


def _find_box(coordinates: Any) -> Box:
    if isinstance(coordinates[0], int | float):
        return (coordinates[0], coordinates[1], coordinates[0], coordinates[1])
    boxes = [_find_box(part) for part in coordinates]
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )


def _meet(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]

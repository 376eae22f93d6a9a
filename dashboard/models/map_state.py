"""What a map shows, as it stands in the address of the page; it can be refreshed and sent to a colleague."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LAYERS: Final = ("grids", "compounds", "buildings", "merchants", "incidents")
PLACE_LAYERS: Final = ("communities", *LAYERS)
_WIDEST_ZOOM: Final = 3.0
_CLOSEST_ZOOM: Final = 20.0
_NEAR_ZOOM: Final = 15.7


@dataclass(frozen=True)
class View:
    """Where a map looks: degrees, and deck.gl's zoom (the world is 512 pixels wide at 0)."""

    latitude: float
    longitude: float
    zoom: float


@dataclass(frozen=True)
class PlaceKey:
    """One place of one layer."""

    layer: str
    id: int


@dataclass(frozen=True)
class MapState:
    """What the address asks for; None where it does not say.

    Attributes:
        community: code of the community, ``*`` for all of them.
        layers: the layers switched on, in drawing order.
        selected: the place whose card is open.
        view: where the map opens.
    """

    community: str | None
    layers: tuple[str, ...]
    selected: PlaceKey | None
    view: View | None


def is_near(view: View) -> bool:
    """Whether a map looks so closely that buildings have room for their names."""
    return view.zoom >= _NEAR_ZOOM


def parse_map_state(params: Mapping[str, str]) -> MapState:
    """Read a state from query parameters; what makes no sense counts as not said."""
    wanted = params.get("layers")
    return MapState(
        community=params.get("community") or None,
        layers=LAYERS if wanted is None else tuple(layer for layer in LAYERS if layer in wanted.split(",")),
        selected=parse_place(params.get("selected", "")),
        view=parse_view(params.get("at", "")),
    )


def format_layers(layers: tuple[str, ...]) -> str | None:
    """Write the layers switched on; None where all are, for that need not be said."""
    return None if set(layers) == set(LAYERS) else ",".join(layers)


def parse_place(text: str) -> PlaceKey | None:
    """Read ``buildings-12``."""
    layer, _, number = text.partition("-")
    is_place = layer in PLACE_LAYERS and number.isascii() and number.isdigit() and len(number) < 19
    return PlaceKey(layer, int(number)) if is_place else None


def format_place(place: PlaceKey | None) -> str | None:
    """Write a place as :func:`parse_place` reads it."""
    return f"{place.layer}-{place.id}" if place else None


def parse_view(text: str) -> View | None:
    """Read ``24.32100_109.41000_15.50``: latitude, longitude, zoom."""
    try:
        latitude, longitude, zoom = map(float, text.split("_"))
    except ValueError:
        return None
    is_on_map = abs(latitude) <= 85 and abs(longitude) <= 180 and math.isfinite(zoom)
    return View(latitude, longitude, min(max(zoom, _WIDEST_ZOOM), _CLOSEST_ZOOM)) if is_on_map else None


def format_view(view: View) -> str:
    """Write a view to the metre, as :func:`parse_view` reads it."""
    return f"{view.latitude:.5f}_{view.longitude:.5f}_{view.zoom:.2f}"


def fit_view(west: float, south: float, east: float, north: float, *, width_px: int, height_px: int) -> View:
    """Return the view in which a box of degrees just fits into a map of so many pixels."""
    top, bottom = _mercator(north), _mercator(south)
    scale = min(
        width_px / max((east - west) / 360 * 512, 1e-9),
        height_px / max((top - bottom) / math.tau * 512, 1e-9),
    )
    middle = math.degrees(2 * math.atan(math.exp((top + bottom) / 2)) - math.pi / 2)
    return View(middle, (west + east) / 2, min(max(math.log2(scale), _WIDEST_ZOOM), _CLOSEST_ZOOM))


def _mercator(latitude: float) -> float:
    return math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))

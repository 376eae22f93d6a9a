"""A file's features as deck.gl layers, over what is known of a community."""

from collections.abc import Mapping
from typing import Any, Final

import pydeck as pdk

from dashboard.maps import palette
from dashboard.maps.palette import rgba
from dashboard.maps.parts import build_geojson, choose_colour, literal

STATE_COLOURS: Final[Mapping[str, str]] = {
    "new": palette.ACCENT,
    "updated": palette.CHANGE[-1],
    "unchanged": palette.QUIET_TEXT,
    "refused": palette.OVERDUE,
}


def build_file(layer_id: str, features: Mapping[str, Any] | None, colour: str) -> list[pdk.Layer]:
    """Build the features of a file in one colour.

    Args:
        layer_id: what deck.gl calls the layer; another one for other features.
        features: GeoJSON in EPSG:4490 degrees; nothing is built of None.
        colour: ``#RRGGBB``.
    """
    return _build(layer_id, features, rgba(colour), str(rgba(colour, 0.25)))


def build_rows(features: Mapping[str, Any] | None) -> list[pdk.Layer]:
    """Build the rows of a file by what becomes of them."""
    line = choose_colour("state", dict(STATE_COLOURS), palette.UNKNOWN)
    fills = " : ".join(
        f"properties.state == '{state}' ? {rgba(colour, 0.3)}" for state, colour in STATE_COLOURS.items()
    )
    return _build("file-rows", features, line, f"{fills} : {rgba(palette.UNKNOWN, 0.3)}")


def build_land(land: Mapping[str, Any] | None) -> list[pdk.Layer]:
    """Build where grids overlap or leave land between them."""
    return _build("seams", land, rgba(palette.TEXT), str(rgba(palette.TEXT, 0.55)))


def _build(
    layer_id: str, features: Mapping[str, Any] | None, line: str | list[int], fill: str
) -> list[pdk.Layer]:
    if not features:
        return []
    return [
        build_geojson(
            layer_id,
            dict(features),
            pickable=True,
            sub_layers={
                "polygons-fill": {"getFillColor": "@@=" + fill},
                "points-circle": {"getFillColor": "@@=" + fill},
            },
            point_type=literal("circle"),
            point_radius_units=literal("pixels"),
            get_point_radius=5,
            get_line_color=line,
            get_line_width=1.6,
            line_width_units=literal("pixels"),
        )
    ]

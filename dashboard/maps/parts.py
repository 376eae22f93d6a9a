"""What all deck.gl layers of a map are made of.

Streamlit dims every ``getFillColor`` of the whole map while something is selected. Fills are therefore given
to the parts of a GeoJSON layer (``_subLayerProps``), which it leaves alone, and what is selected is drawn as
a layer of its own. Outlines take no part in picking: deck.gl draws the map again for each click, and they
cost most of that.
"""

import base64
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import pydeck as pdk

from dashboard.maps.palette import rgba
from dashboard.models.morning_map import find_runs

TEXT_STACK: Final = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif"
_HATCH_PX: Final = 64
literal = pdk.types.String


def build_geojson(
    layer_id: str, data: str | dict[str, Any], *, sub_layers: dict[str, Any] | None = None, **props: Any
) -> pdk.Layer:
    """Build a layer of GeoJSON, from an address or as it is; ``sub_layers`` are properties of its parts."""
    return pdk.Layer(
        "GeoJsonLayer",
        id=layer_id,
        data=data,
        **({"_sub_layer_props": sub_layers} if sub_layers else {}),
        **{"pickable": False, **props},
    )


def build_hatch(layer_id: str, url: str, colour: str, line_colour: str, *, line_px: float) -> pdk.Layer:
    """Build a diagonal hatch, in the colour that an expression gives."""
    return build_geojson(
        layer_id,
        url,
        sub_layers={"polygons-fill": {"getFillColor": "@@=" + colour}},
        get_line_color=line_colour,
        get_line_width=line_px,
        line_width_units=literal("pixels"),
        extensions=[{"@@type": "FillStyleExtension", "pattern": True}],
        fill_pattern_atlas=literal(_read_hatch()),
        fill_pattern_mapping={
            "hatch": {"x": 0, "y": 0, "width": _HATCH_PX, "height": _HATCH_PX, "mask": True}
        },
        fill_pattern_mask=True,
        get_fill_pattern=literal("hatch"),
        get_fill_pattern_scale=0.6,
    )


def choose_colour(name: str, colours: dict[str, str], otherwise: str) -> str:
    """Write which colour a feature has by the value of a property, as an expression."""
    cases = "".join(
        f"properties.{name} == '{value}' ? {rgba(colour)} : " for value, colour in colours.items()
    )
    return cases + str(rgba(otherwise))


def is_among(ids: Iterable[int]) -> str:
    """Write whether a feature's id is one of these, as an expression."""
    runs = [
        f"properties.id == {first}"
        if first == last
        else f"properties.id >= {first} && properties.id <= {last}"
        for first, last in find_runs(ids)
    ]
    return f"({' || '.join(f'({run})' for run in runs)})" if runs else "false"


@lru_cache
def _read_hatch() -> str:
    tile = (files("dashboard.maps") / "hatch.png").read_bytes()
    return "data:image/png;base64," + base64.b64encode(tile).decode("ascii")

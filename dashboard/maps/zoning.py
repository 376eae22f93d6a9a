"""The map of a zone plan, as MapLibre draws it: the ground, and buildings in the colours of their zones.

Which zone a building is in, whether that one is open and whether the building is picked, the page paints into
the state of the buildings (``colour``, ``chosen``, ``picked``); what is remarkable about some of them, it
filters the layers named below by. The names of the zones it puts into the source ``zones``, as points.
"""

from collections.abc import Mapping
from typing import Any, Final

from dashboard.maps import palette
from dashboard.maps.parts import TEXT_STACK

NOBODY: Final = "#E4E8EC"
"""The fill of a building that is in no zone."""

_SOURCES: Final = ("ground", "communities", "compounds", "buildings", "labels")
_STATE_COLOUR: Final = ["to-color", ["coalesce", ["feature-state", "colour"], NOBODY]]
_PICKED: Final = ["boolean", ["feature-state", "picked"], False]
_CHOSEN: Final = ["boolean", ["feature-state", "chosen"], False]
_WIDTH_M: Final = ["max", 1, ["coalesce", ["get", "width_m"], 4]]
_IS_WAY: Final = ["==", ["geometry-type"], "LineString"]
_ROUND: Final = {"line-cap": "round", "line-join": "round"}

Layer = dict[str, Any]


def build_zone_style(urls: Mapping[str, str]) -> dict[str, Any]:
    """Return the style of the map: layers from the addresses of ground, outlines, buildings and names."""
    sources: dict[str, Any] = {name: {"type": "geojson", "data": urls[name]} for name in _SOURCES}
    sources["buildings"]["promoteId"] = "id"
    sources["zones"] = {"type": "geojson", "data": {"type": "FeatureCollection", "features": []}}
    return {
        "version": 8,
        "sources": sources,
        "layers": [
            {"id": "background", "type": "background", "paint": {"background-color": palette.GROUND}},
            *_build_ground(),
            *_build_outlines(),
            *_build_buildings(),
            *_build_labels(),
        ],
    }


def _build_ground() -> list[Layer]:
    areas = ["match", ["get", "kind"], "water", palette.WATER, "green", palette.GREEN, palette.SQUARE]
    ways = ["match", ["get", "kind"], "water", palette.WATER, "rail", palette.RAIL, palette.ROAD]
    return [
        _fill("areas", "ground", {"fill-color": areas}, filter=["==", ["geometry-type"], "Polygon"]),
        _line(
            "way-edges",
            "ground",
            {"line-color": palette.ROAD_EDGE, "line-width": _scale_metres(["+", _WIDTH_M, 2])},
            filter=["all", _IS_WAY, ["==", ["get", "kind"], "road"]],
            layout=_ROUND,
        ),
        _line(
            "ways",
            "ground",
            {"line-color": ways, "line-width": _scale_metres(_WIDTH_M)},
            filter=_IS_WAY,
            layout=_ROUND,
        ),
    ]


def _build_outlines() -> list[Layer]:
    three_no = ["boolean", ["get", "is_three_no"], False]
    return [
        _line(
            "communities",
            "communities",
            {"line-color": palette.ACCENT, "line-opacity": 0.55, "line-width": 2},
        ),
        _fill("compounds", "compounds", {"fill-color": palette.COMPOUND, "fill-opacity": 0.7}),
        _line(
            "compound-edges",
            "compounds",
            {
                "line-color": ["case", three_no, palette.THREE_NO, palette.OUTLINE],
                "line-width": ["case", three_no, 1.6, 0.8],
            },
        ),
    ]


def _build_buildings() -> list[Layer]:
    text, accent, over = palette.TEXT, palette.ACCENT, palette.OVERDUE
    return [
        # From afar a building is a speck; its halo lets the zone be seen.
        _line(
            "halo",
            "buildings",
            {
                "line-color": _STATE_COLOUR,
                "line-opacity": ["case", _CHOSEN, 0.8, 0.38],
                "line-width": ["interpolate", ["linear"], ["zoom"], 12, 4, 15, 11, 18, 22],
            },
            layout={"line-join": "round"},
        ),
        _fill("buildings", "buildings", {"fill-color": _STATE_COLOUR}),
        _mark("stated", "fill", {"fill-pattern": "hatch-stated"}),
        _mark("nobody", "fill", {"fill-pattern": "hatch-nobody"}),
        _line(
            "building-edges",
            "buildings",
            {"line-color": "#FFFFFF", "line-opacity": 0.8, "line-width": 0.7},
        ),
        _mark("fixed", "line", {"line-color": text, "line-width": _widen(1.6), "line-dasharray": [1, 1.2]}),
        _mark("moved", "line", {"line-color": accent, "line-width": _widen(2.4), "line-dasharray": [3, 1.5]}),
        _mark("broken", "line", {"line-color": over, "line-width": _widen(2.5)}),
        _fill(
            "picked-fill",
            "buildings",
            {"fill-color": "#FFFFFF", "fill-opacity": ["case", _PICKED, 0.45, 0]},
        ),
        _line(
            "picked",
            "buildings",
            {"line-color": text, "line-width": _widen(2.5), "line-opacity": ["case", _PICKED, 1, 0]},
        ),
    ]


def _build_labels() -> list[Layer]:
    return [
        _write("compounds", rank=2, size_px=12, colour=palette.QUIET_TEXT, from_zoom=13),
        _write("buildings", rank=0, size_px=11, colour=palette.TEXT, from_zoom=16.2),
        # Last, so that it is placed first: the names of the town give way to those of the zones.
        {
            "id": "labels-zones",
            "type": "symbol",
            "source": "zones",
            "layout": {
                "text-field": ["get", "name"],
                "text-size": 12,
                "text-font": [TEXT_STACK],
                "text-padding": 1,
                "text-variable-anchor": ["center", "top", "bottom", "left", "right"],
                "text-radial-offset": 0.5,
            },
            "paint": {"text-color": palette.TEXT, "text-halo-color": "#FFFFFF", "text-halo-width": 2},
        },
    ]


def _fill(name: str, source: str, paint: Layer, **more: Any) -> Layer:
    return {"id": name, "type": "fill", "source": source, "paint": paint, **more}


def _line(name: str, source: str, paint: Layer, **more: Any) -> Layer:
    return {"id": name, "type": "line", "source": source, "paint": paint, **more}


def _mark(name: str, kind: str, paint: Layer) -> Layer:
    """Make a layer of some of the buildings; which, the page says."""
    return {
        "id": f"buildings-{name}",
        "type": kind,
        "source": "buildings",
        "paint": paint,
        "filter": ["in", ["get", "id"], ["literal", []]],
    }


def _write(name: str, *, rank: int, size_px: int, colour: str, from_zoom: float) -> Layer:
    return {
        "id": f"labels-{name}",
        "type": "symbol",
        "source": "labels",
        "filter": ["==", ["get", "rank"], rank],
        "minzoom": from_zoom,
        "layout": {
            "text-field": ["get", "name"],
            "text-size": size_px,
            "text-font": [TEXT_STACK],
            "text-padding": 3,
        },
        "paint": {"text-color": colour, "text-halo-color": "#FFFFFF", "text-halo-width": 1.4},
    }


def _widen(width_px: float) -> list[Any]:
    """Write an outline that is half as wide from afar, where it would hide the building."""
    return ["interpolate", ["linear"], ["zoom"], 13.5, width_px / 2, 16.5, width_px]


def _scale_metres(width_m: list[Any]) -> list[Any]:
    """Write a width on the ground in pixels: at zoom 16 one is about a metre in the south of China."""
    return [
        *("interpolate", ["exponential", 2], ["zoom"]),
        *(12, ["/", width_m, 16], 16, width_m, 20, ["*", width_m, 16]),
    ]

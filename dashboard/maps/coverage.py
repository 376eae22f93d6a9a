"""What is not covered as deck.gl layers: bare land, buildings in no grid, and those nobody holds or knows."""

from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

import pydeck as pdk

from dashboard.maps import palette
from dashboard.maps.cases import build_unknown
from dashboard.maps.palette import rgba
from dashboard.maps.parts import build_geojson, is_among, literal
from dashboard.models.coverage_page import CoverageMap
from geo.model.coverage import GapKind

_COLOURS: Final[Mapping[GapKind, str]] = {
    "silent": palette.QUIET_TEXT,
    "unheld": palette.OVERDUE,
    "uncovered": palette.TEXT,
}


def build_gaps(buildings_url: str, shown: CoverageMap) -> list[pdk.Layer]:
    """Return the marks, those that matter most on top.

    Args:
        buildings_url: of the buildings' GeoJSON.
        shown: what to mark.
    """
    return [
        *_build_land(shown),
        *build_unknown(buildings_url, shown.ids["silent"]),
        *_build_marked("unheld", buildings_url, shown.ids["unheld"], palette.OVERDUE, 0.28),
        *_build_marked("uncovered", buildings_url, shown.ids["uncovered"], palette.TEXT, 0.8),
        *(_build_rings(kind, shown.places[kind], colour) for kind, colour in _COLOURS.items()),
    ]


def _build_rings(kind: GapKind, places: Sequence[tuple[float, float]], colour: str) -> pdk.Layer:
    """Ring the buildings, which from afar are too small to be seen."""
    return pdk.Layer(
        "ScatterplotLayer",
        id=f"rings-{kind}",
        data=[{"at": list(place)} for place in places],
        get_position="at",
        get_radius=8,
        radius_units=literal("pixels"),
        filled=False,
        stroked=True,
        get_line_color=rgba(colour, 0.85),
        get_line_width=1.6,
        line_width_units=literal("pixels"),
    )


def _build_land(shown: CoverageMap) -> list[pdk.Layer]:
    if shown.land is None:
        return []
    feature = {"type": "Feature", "geometry": shown.land, "properties": {}}
    return [
        build_geojson(
            "bare-land",
            {"type": "FeatureCollection", "features": [feature]},
            sub_layers={"polygons-fill": {"getFillColor": rgba(palette.TEXT, 0.16)}},
            get_line_color=rgba(palette.TEXT, 0.7),
            get_line_width=1.2,
            line_width_units=literal("pixels"),
        )
    ]


def _build_marked(name: str, url: str, ids: Sequence[int], colour: str, opacity: float) -> list[pdk.Layer]:
    if not ids:
        return []
    is_marked = is_among(ids)
    return [
        build_geojson(
            # deck.gl does not see that an expression has changed; it sees another layer.
            f"{name}-{crc32(is_marked.encode()):08x}",
            url,
            sub_layers={
                "polygons-fill": {"getFillColor": f"@@={is_marked} ? {rgba(colour, opacity)} : [0, 0, 0, 0]"}
            },
            get_line_color=f"{is_marked} ? {rgba(colour)} : [0, 0, 0, 0]",
            get_line_width=2,
            line_width_units=literal("pixels"),
        )
    ]

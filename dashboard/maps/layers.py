"""The places of a map as deck.gl layers, each fed by an address, in the order they are drawn."""

from typing import Any

import pydeck as pdk

from dashboard.maps import palette
from dashboard.maps.palette import rgba
from dashboard.maps.parts import TEXT_STACK, build_geojson, build_hatch, choose_colour, literal


def build_ground(url: str) -> list[pdk.Layer]:
    """Water, green, squares, rails and roads; a road's white has an edge of one more layer beneath it."""
    fills = {"water": palette.WATER, "green": palette.GREEN}
    lines = {"water": palette.WATER, "rail": palette.RAIL, "road": palette.ROAD}
    width = "properties.width_m || 4"
    return [
        build_geojson(
            "ground-edges",
            url,
            stroked=True,
            filled=False,
            sub_layers={"polygons-stroke": {"visible": False}},
            get_line_color=f"properties.kind == 'road' ? {rgba(palette.ROAD_EDGE)} : [0, 0, 0, 0]",
            get_line_width=f"({width}) + 2",
            line_width_min_pixels=2,
            line_cap_rounded=True,
            line_joint_rounded=True,
        ),
        build_geojson(
            "ground",
            url,
            sub_layers={
                "polygons-fill": {"getFillColor": "@@=" + choose_colour("kind", fills, palette.SQUARE)},
                "polygons-stroke": {"visible": False},
            },
            get_line_color=choose_colour("kind", lines, palette.GREEN),
            get_line_width=width,
            line_width_min_pixels=1,
            line_cap_rounded=True,
            line_joint_rounded=True,
        ),
    ]


def build_communities(url: str, *, pickable: bool) -> list[pdk.Layer]:
    """Outlines of communities; they can be clicked where no single one is open."""
    return [
        build_geojson(
            "communities",
            url,
            pickable=pickable,
            filled=pickable,
            sub_layers={"polygons-fill": {"getFillColor": rgba(palette.ACCENT, 0.03)}},
            get_line_color=rgba(palette.ACCENT, 0.55),
            get_line_width=2,
            line_width_units=literal("pixels"),
        )
    ]


def build_grids(url: str) -> list[pdk.Layer]:
    """Grids: a quiet outline that can be clicked wherever nothing else stands."""
    return [
        build_geojson(
            "grids",
            url,
            pickable=True,
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.ACCENT, 0.02)},
                "polygons-stroke": {"pickable": False},
            },
            get_line_color=(
                f"properties.kind == 'micro' ? {rgba(palette.ACCENT, 0.3)} : {rgba(palette.ACCENT, 0.55)}"
            ),
            get_line_width="properties.kind == 'micro' ? 0.7 : 1.3",
            line_width_units=literal("pixels"),
        )
    ]


def build_compounds(url: str) -> list[pdk.Layer]:
    """Compounds."""
    return [
        build_geojson(
            "compounds",
            url,
            pickable=True,
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.COMPOUND, 0.9)},
                "polygons-stroke": {"pickable": False},
            },
            get_line_color=rgba(palette.OUTLINE),
            get_line_width=1,
            line_width_units=literal("pixels"),
        )
    ]


def build_three_no(url: str) -> list[pdk.Layer]:
    """Over the buildings, the diagonal hatch by which three-no compounds are seen at first glance."""
    return [
        build_hatch("compounds-three-no", url, _shade_three_no(0.8), _shade_three_no(1), line_px=2.5),
    ]


def build_buildings(url: str) -> list[pdk.Layer]:
    """Buildings."""
    return [
        build_geojson(
            "buildings",
            url,
            pickable=True,
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.BUILDING)},
                "polygons-stroke": {"pickable": False},
            },
            get_line_color=rgba(palette.OUTLINE),
            get_line_width=1,
            line_width_units=literal("pixels"),
        )
    ]


def build_merchants(url: str) -> list[pdk.Layer]:
    """Merchants as small dots; partners are filled with the accent."""
    partner = f"properties.is_partner ? {rgba(palette.ACCENT)} : [255, 255, 255, 230]"
    return [
        build_geojson(
            "merchants",
            url,
            pickable=True,
            point_type=literal("circle"),
            point_radius_units=literal("meters"),
            point_radius_min_pixels=1.3,
            point_radius_max_pixels=6,
            get_point_radius="properties.is_partner ? 6 : 4",
            sub_layers={"points-circle": {"getFillColor": "@@=" + partner}},
            get_line_color=f"properties.is_partner ? [255, 255, 255, 255] : {rgba(palette.MERCHANT)}",
            get_line_width=1,
            line_width_min_pixels=0.4,
            line_width_max_pixels=1.2,
        )
    ]


def build_labels(url: str, *, is_near: bool, lowest_rank: int = 1) -> list[pdk.Layer]:
    """Names. Where they collide the lower rank is silent, a three-no compound never.

    Args:
        url: of the labels' GeoJSON.
        is_near: whether there is room for every name.
        lowest_rank: the rank below which names are silent from afar; buildings are 0, grids 1, compounds 2.
    """
    colour = (
        f"properties.is_three_no ? {rgba(palette.THREE_NO)} : properties.rank > 1 ? {rgba(palette.TEXT)} : "
        f"properties.rank > 0 ? {rgba(palette.ACCENT)} : {rgba(palette.QUIET_TEXT)}"
    )
    return [
        build_geojson(
            "labels",
            url,
            # Given to the part, for Streamlit replaces the triggers of the layer.
            sub_layers={"points-text": {"updateTriggers": {"getText": is_near}}},
            point_type=literal("text"),
            get_text=literal(
                "@@=" + ("" if is_near else f"properties.rank < {lowest_rank} ? '' : ") + "properties.name"
            ),
            get_text_size="properties.rank > 1 ? 14 : properties.rank > 0 ? 11.5 : 10.5",
            get_text_color=colour,
            text_character_set=literal("auto"),
            text_font_family=literal(TEXT_STACK),
            text_font_settings={"sdf": True, "fontSize": 48, "buffer": 6, "radius": 10, "cutoff": 0.2},
            text_outline_color=[255, 255, 255, 235],
            text_outline_width=4,
            extensions=[{"@@type": "CollisionFilterExtension"}],
            get_collision_priority="properties.rank + (properties.is_three_no ? 1 : 0)",
            collision_test_props={"sizeScale": 1.3},
        )
    ]


def build_selection(outline: dict[str, Any]) -> list[pdk.Layer]:
    """The selected place: a line of the accent around it, drawn over everything."""
    feature = {"type": "Feature", "geometry": outline, "properties": {}}
    return [
        build_geojson(
            "selection",
            {"type": "FeatureCollection", "features": [feature]},
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.ACCENT, 0.16)},
                "points-circle": {"getFillColor": rgba(palette.ACCENT, 0.16)},
            },
            point_type=literal("circle"),
            point_radius_units=literal("pixels"),
            get_point_radius=10,
            get_line_color=rgba(palette.ACCENT),
            get_line_width=3,
            line_width_units=literal("pixels"),
        )
    ]


def _shade_three_no(opacity: float) -> str:
    return f"properties.is_three_no ? {rgba(palette.THREE_NO, opacity)} : [0, 0, 0, 0]"

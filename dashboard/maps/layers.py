"""deck.gl layers, each fed by an address, in the order they are drawn.

Streamlit dims every ``getFillColor`` of the whole map while something is selected. Fills are therefore given
to the parts of a GeoJSON layer (``_subLayerProps``), which it leaves alone, and what is selected is drawn as
a layer of its own. Outlines take no part in picking: deck.gl draws the map again for each click, and they
cost most of that.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final
from zlib import crc32

import pydeck as pdk

from dashboard.maps import palette
from dashboard.maps.palette import rgba
from dashboard.models.morning_map import find_runs

_TEXT_STACK: Final = "PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Source Han Sans SC, sans-serif"
_HATCH_PX: Final = 64
_literal = pdk.types.String


def build_ground(url: str) -> list[pdk.Layer]:
    """Water, green, squares, rails and roads; a road's white has an edge of one more layer beneath it."""
    fills = {"water": palette.WATER, "green": palette.GREEN}
    lines = {"water": palette.WATER, "rail": palette.RAIL, "road": palette.ROAD}
    width = "properties.width_m || 4"
    return [
        _build_geojson(
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
        _build_geojson(
            "ground",
            url,
            sub_layers={
                "polygons-fill": {"getFillColor": "@@=" + _choose("kind", fills, palette.SQUARE)},
                "polygons-stroke": {"visible": False},
            },
            get_line_color=_choose("kind", lines, palette.GREEN),
            get_line_width=width,
            line_width_min_pixels=1,
            line_cap_rounded=True,
            line_joint_rounded=True,
        ),
    ]


def build_communities(url: str, *, pickable: bool) -> list[pdk.Layer]:
    """Outlines of communities; they can be clicked where no single one is open."""
    return [
        _build_geojson(
            "communities",
            url,
            pickable=pickable,
            filled=pickable,
            sub_layers={"polygons-fill": {"getFillColor": rgba(palette.ACCENT, 0.03)}},
            get_line_color=rgba(palette.ACCENT, 0.55),
            get_line_width=2,
            line_width_units=_literal("pixels"),
        )
    ]


def build_grids(url: str) -> list[pdk.Layer]:
    """Grids: a quiet outline that can be clicked wherever nothing else stands."""
    return [
        _build_geojson(
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
            line_width_units=_literal("pixels"),
        )
    ]


def build_compounds(url: str) -> list[pdk.Layer]:
    """Compounds."""
    return [
        _build_geojson(
            "compounds",
            url,
            pickable=True,
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.COMPOUND, 0.9)},
                "polygons-stroke": {"pickable": False},
            },
            get_line_color=rgba(palette.OUTLINE),
            get_line_width=1,
            line_width_units=_literal("pixels"),
        )
    ]


def build_three_no(url: str) -> list[pdk.Layer]:
    """Over the buildings, the diagonal hatch by which three-no compounds are seen at first glance."""
    return [
        _build_hatch("compounds-three-no", url, _shade_three_no(0.8), _shade_three_no(1), line_px=2.5),
    ]


def build_buildings(url: str) -> list[pdk.Layer]:
    """Buildings."""
    return [
        _build_geojson(
            "buildings",
            url,
            pickable=True,
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.BUILDING)},
                "polygons-stroke": {"pickable": False},
            },
            get_line_color=rgba(palette.OUTLINE),
            get_line_width=1,
            line_width_units=_literal("pixels"),
        )
    ]


def build_merchants(url: str) -> list[pdk.Layer]:
    """Merchants as small dots; partners are filled with the accent."""
    partner = f"properties.is_partner ? {rgba(palette.ACCENT)} : [255, 255, 255, 230]"
    return [
        _build_geojson(
            "merchants",
            url,
            pickable=True,
            point_type=_literal("circle"),
            point_radius_units=_literal("meters"),
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


def build_incidents(url: str, now: datetime, amber: Sequence[int] = ()) -> list[pdk.Layer]:
    """Open incidents of one community, by whether they are overdue at ``now``, or among the ``amber`` ids."""
    minute = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M}"
    overdue = f"properties.due_at && properties.due_at < '{minute}'"
    in_time = f"{_is_among(amber)} ? {rgba(palette.AMBER)} : {rgba(palette.IN_TIME)}"
    return [
        _build_geojson(
            "incidents",
            url,
            pickable=True,
            point_type=_literal("circle"),
            point_radius_units=_literal("meters"),
            point_radius_min_pixels=3.2,
            point_radius_max_pixels=6,
            get_point_radius=6,
            sub_layers={
                "points-circle": {"getFillColor": f"@@={overdue} ? {rgba(palette.OVERDUE)} : {in_time}"}
            },
            update_triggers={"getFillColor": minute},
            get_line_color=[255, 255, 255],
            get_line_width=1,
            line_width_min_pixels=0.3,
            line_width_max_pixels=1.2,
        )
    ]


def build_other_cases(url: str) -> list[pdk.Layer]:
    """Open incidents that the list beside the map does not show: pale, to be clicked all the same."""
    return [
        _build_geojson(
            "other-cases",
            url,
            pickable=True,
            point_type=_literal("circle"),
            point_radius_units=_literal("pixels"),
            get_point_radius=3,
            sub_layers={"points-circle": {"getFillColor": rgba(palette.UNKNOWN, 0.55)}},
            stroked=False,
        )
    ]


def build_cases(points: dict[str, Any]) -> list[pdk.Layer]:
    """The cases of a list, by how each stands against its clock."""
    tones = {"over": palette.OVERDUE, "amber": palette.AMBER, "in_time": palette.IN_TIME}
    return [
        _build_geojson(
            "cases",
            points,
            pickable=True,
            point_type=_literal("circle"),
            point_radius_units=_literal("pixels"),
            get_point_radius=6,
            sub_layers={"points-circle": {"getFillColor": "@@=" + _choose("tone", tones, palette.UNKNOWN)}},
            get_line_color=[255, 255, 255],
            get_line_width=1.2,
            line_width_units=_literal("pixels"),
        )
    ]


def build_incident_tiles(url: str, worker_url: str) -> list[pdk.Layer]:
    """Incidents of a whole city: hexagons from above, dots from near; ``url`` names ``{z}/{x}/{y}``."""
    steps = (2, 5, 15, 50, 150)
    shade = "".join(
        f"properties.incidents < {step} ? {rgba(colour, 0.75)} : "
        for step, colour in zip(steps, palette.HEAT, strict=False)
    )
    darkest = rgba(palette.HEAT[-1], 0.75)
    return [
        pdk.Layer(
            "MVTLayer",
            id="incident-tiles",
            data=_literal(url),
            pickable=False,
            load_options={"mvt": {"workerUrl": worker_url}},
            get_fill_color=f"properties.incidents ? ({shade}{darkest}) : {rgba(palette.UNKNOWN, 0.6)}",
            stroked=False,
            point_radius_units=_literal("pixels"),
            get_point_radius=2,
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
        _build_geojson(
            "labels",
            url,
            # Given to the part, for Streamlit replaces the triggers of the layer.
            sub_layers={"points-text": {"updateTriggers": {"getText": is_near}}},
            point_type=_literal("text"),
            get_text=_literal(
                "@@=" + ("" if is_near else f"properties.rank < {lowest_rank} ? '' : ") + "properties.name"
            ),
            get_text_size="properties.rank > 1 ? 14 : properties.rank > 0 ? 11.5 : 10.5",
            get_text_color=colour,
            text_character_set=_literal("auto"),
            text_font_family=_literal(_TEXT_STACK),
            text_font_settings={"sdf": True, "fontSize": 48, "buffer": 6, "radius": 10, "cutoff": 0.2},
            text_outline_color=[255, 255, 255, 235],
            text_outline_width=4,
            extensions=[{"@@type": "CollisionFilterExtension"}],
            get_collision_priority="properties.rank + (properties.is_three_no ? 1 : 0)",
            collision_test_props={"sizeScale": 1.3},
        )
    ]


def build_zone_loads(url: str, load_levels: Mapping[int, int], unheld: Sequence[int]) -> list[pdk.Layer]:
    """Zones, the darker the more is open in them; a red line around those nobody leads.

    Args:
        url: of the zones' GeoJSON.
        load_levels: level of each zone by id, an index into :data:`palette.LOAD_OPACITIES`.
        unheld: ids of the zones nobody leads.
    """
    shade = rgba(palette.ACCENT, palette.LOAD_OPACITIES[0])
    fill = "".join(
        f"{_is_among([zone for zone, of in load_levels.items() if of == level])} ? "
        f"{rgba(palette.ACCENT, opacity)} : "
        for level, opacity in enumerate(palette.LOAD_OPACITIES)
        if level in load_levels.values()
    )
    line = f"{_is_among(unheld)} ? {rgba(palette.OVERDUE)} : {rgba(palette.ACCENT, 0.35)}"
    return [
        _build_geojson(
            # deck.gl does not see that an expression has changed; it sees another layer.
            f"zones-{crc32((fill + line).encode()):08x}",
            url,
            sub_layers={"polygons-fill": {"getFillColor": f"@@={fill}{shade}"}},
            get_line_color=line,
            get_line_width=f"{_is_among(unheld)} ? 2 : 1",
            line_width_units=_literal("pixels"),
        )
    ]


def build_unknown(url: str, ids: Sequence[int]) -> list[pdk.Layer]:
    """Over the buildings of these ids, the hatch of what nobody has looked at."""
    if not ids:
        return []
    is_unknown = _is_among(ids)
    return [
        _build_hatch(
            f"unknown-{crc32(is_unknown.encode()):08x}",
            url,
            f"{is_unknown} ? {rgba(palette.UNKNOWN)} : [0, 0, 0, 0]",
            f"{is_unknown} ? {rgba(palette.QUIET_TEXT)} : [0, 0, 0, 0]",
            line_px=1.5,
        )
    ]


def build_numbers(places: Sequence[tuple[int, float, float]]) -> list[pdk.Layer]:
    """Numbered discs at places: number, longitude, latitude."""
    data = [{"number": str(number), "at": [longitude, latitude]} for number, longitude, latitude in places]
    return [
        pdk.Layer(
            "ScatterplotLayer",
            id="first-things",
            data=data,
            get_position="at",
            get_radius=10,
            radius_units=_literal("pixels"),
            stroked=True,
            get_fill_color=rgba(palette.TEXT),
            get_line_color=[255, 255, 255],
            get_line_width=1.5,
            line_width_units=_literal("pixels"),
        ),
        pdk.Layer(
            "TextLayer",
            id="first-numbers",
            data=data,
            get_position="at",
            get_text="number",
            get_size=12,
            get_color=[255, 255, 255],
            font_weight=700,
            font_family=_literal(_TEXT_STACK),
        ),
    ]


def _is_among(ids: Iterable[int]) -> str:
    """Write whether a feature's id is one of these, as an expression."""
    runs = [
        f"properties.id == {first}"
        if first == last
        else f"properties.id >= {first} && properties.id <= {last}"
        for first, last in find_runs(ids)
    ]
    return f"({' || '.join(f'({run})' for run in runs)})" if runs else "false"


def build_selection(outline: dict[str, Any]) -> list[pdk.Layer]:
    """The selected place: a line of the accent around it, drawn over everything."""
    feature = {"type": "Feature", "geometry": outline, "properties": {}}
    return [
        _build_geojson(
            "selection",
            {"type": "FeatureCollection", "features": [feature]},
            sub_layers={
                "polygons-fill": {"getFillColor": rgba(palette.ACCENT, 0.16)},
                "points-circle": {"getFillColor": rgba(palette.ACCENT, 0.16)},
            },
            point_type=_literal("circle"),
            point_radius_units=_literal("pixels"),
            get_point_radius=10,
            get_line_color=rgba(palette.ACCENT),
            get_line_width=3,
            line_width_units=_literal("pixels"),
        )
    ]


def _build_geojson(
    layer_id: str, data: str | dict[str, Any], *, sub_layers: dict[str, Any] | None = None, **props: Any
) -> pdk.Layer:
    return pdk.Layer(
        "GeoJsonLayer",
        id=layer_id,
        data=data,
        **({"_sub_layer_props": sub_layers} if sub_layers else {}),
        **{"pickable": False, **props},
    )


def _build_hatch(layer_id: str, url: str, colour: str, line_colour: str, *, line_px: float) -> pdk.Layer:
    """Build a diagonal hatch, in the colour that an expression gives."""
    return _build_geojson(
        layer_id,
        url,
        sub_layers={"polygons-fill": {"getFillColor": "@@=" + colour}},
        get_line_color=line_colour,
        get_line_width=line_px,
        line_width_units=_literal("pixels"),
        extensions=[{"@@type": "FillStyleExtension", "pattern": True}],
        fill_pattern_atlas=_literal(_read_hatch()),
        fill_pattern_mapping={
            "hatch": {"x": 0, "y": 0, "width": _HATCH_PX, "height": _HATCH_PX, "mask": True}
        },
        fill_pattern_mask=True,
        get_fill_pattern=_literal("hatch"),
        get_fill_pattern_scale=0.6,
    )


def _shade_three_no(opacity: float) -> str:
    return f"properties.is_three_no ? {rgba(palette.THREE_NO, opacity)} : [0, 0, 0, 0]"


def _choose(name: str, colours: dict[str, str], otherwise: str) -> str:
    cases = "".join(
        f"properties.{name} == '{value}' ? {rgba(colour)} : " for value, colour in colours.items()
    )
    return cases + str(rgba(otherwise))


@lru_cache
def _read_hatch() -> str:
    tile = (files("dashboard.maps") / "hatch.png").read_bytes()
    return "data:image/png;base64," + base64.b64encode(tile).decode("ascii")

"""What happens at places, as deck.gl layers: incidents, load, first things, what nobody has looked at."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import pydeck as pdk

from dashboard.maps import palette
from dashboard.maps.palette import rgba
from dashboard.maps.parts import TEXT_STACK, build_geojson, build_hatch, choose_colour, is_among, literal


def build_incidents(url: str, now: datetime, amber: Sequence[int] = ()) -> list[pdk.Layer]:
    """Open incidents of one community, by whether they are overdue at ``now``, or among the ``amber`` ids."""
    minute = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M}"
    overdue = f"properties.due_at && properties.due_at < '{minute}'"
    in_time = f"{is_among(amber)} ? {rgba(palette.AMBER)} : {rgba(palette.IN_TIME)}"
    return [
        build_geojson(
            "incidents",
            url,
            pickable=True,
            point_type=literal("circle"),
            point_radius_units=literal("meters"),
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
        build_geojson(
            "other-cases",
            url,
            pickable=True,
            point_type=literal("circle"),
            point_radius_units=literal("pixels"),
            get_point_radius=3,
            sub_layers={"points-circle": {"getFillColor": rgba(palette.UNKNOWN, 0.55)}},
            stroked=False,
        )
    ]


def build_cases(points: dict[str, Any]) -> list[pdk.Layer]:
    """The cases of a list, by how each stands against its clock."""
    tones = {"over": palette.OVERDUE, "amber": palette.AMBER, "in_time": palette.IN_TIME}
    return [
        build_geojson(
            "cases",
            points,
            pickable=True,
            point_type=literal("circle"),
            point_radius_units=literal("pixels"),
            get_point_radius=6,
            sub_layers={
                "points-circle": {"getFillColor": "@@=" + choose_colour("tone", tones, palette.UNKNOWN)}
            },
            get_line_color=[255, 255, 255],
            get_line_width=1.2,
            line_width_units=literal("pixels"),
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
            data=literal(url),
            pickable=False,
            load_options={"mvt": {"workerUrl": worker_url}},
            get_fill_color=f"properties.incidents ? ({shade}{darkest}) : {rgba(palette.UNKNOWN, 0.6)}",
            stroked=False,
            point_radius_units=literal("pixels"),
            get_point_radius=2,
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
        f"{is_among([zone for zone, of in load_levels.items() if of == level])} ? "
        f"{rgba(palette.ACCENT, opacity)} : "
        for level, opacity in enumerate(palette.LOAD_OPACITIES)
        if level in load_levels.values()
    )
    line = f"{is_among(unheld)} ? {rgba(palette.OVERDUE)} : {rgba(palette.ACCENT, 0.35)}"
    return [
        build_geojson(
            # deck.gl does not see that an expression has changed; it sees another layer.
            f"zones-{crc32((fill + line).encode()):08x}",
            url,
            sub_layers={"polygons-fill": {"getFillColor": f"@@={fill}{shade}"}},
            get_line_color=line,
            get_line_width=f"{is_among(unheld)} ? 2 : 1",
            line_width_units=literal("pixels"),
        )
    ]


def build_unknown(url: str, ids: Sequence[int]) -> list[pdk.Layer]:
    """Over the buildings of these ids, the hatch of what nobody has looked at."""
    if not ids:
        return []
    is_unknown = is_among(ids)
    return [
        build_hatch(
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
            radius_units=literal("pixels"),
            stroked=True,
            get_fill_color=rgba(palette.TEXT),
            get_line_color=[255, 255, 255],
            get_line_width=1.5,
            line_width_units=literal("pixels"),
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
            font_family=literal(TEXT_STACK),
        ),
    ]

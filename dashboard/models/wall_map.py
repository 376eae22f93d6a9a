"""The map of a screen on a wall: outlines in whole metres, and what each of its pictures paints on them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from dashboard.i18n import Text
from dashboard.models.heat_scale import choose_scale, find_factor, list_labels, shade_answer
from geo.model.coverage import GAP_KINDS
from geo.operations.wall import Ground, Wall

# Cividis from its second quarter on, dark to light: on a dark ground the lightest is the hottest.
HEAT: Final = ("#31446B", "#575D6D", "#7C7B78", "#A59C74", "#D3C164", "#FEE838")
NOT_COVERED: Final = "#6FC3F0"
UNKNOWN: Final = "#C3CFDC"
THREE_NO: Final = "#D68BD2"

_DEGREE_M: Final = 111_320.0
_SIMPLE_M: Final = 1.0
_HOTTEST: Final = 3
_BOARD: Final = 4
# As many communities as are shown at once; what is drawn once for each is drawn again for others.
_MOST_DRAWN: Final = 16

Ring = list[int]
View = dict[str, Any]


@dataclass(frozen=True)
class _Plane:
    """Degrees to metres east and south of a community's north-western corner, right enough for a drawing."""

    west: float
    north: float
    narrow: float

    def bring(self, degrees: BaseGeometry) -> BaseGeometry:
        """Return a shape in metres, without what nobody would see."""

        def move(points: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
            east = (points[:, 0] - self.west) * self.narrow
            return np.column_stack([east, (self.north - points[:, 1])]) * _DEGREE_M

        moved: BaseGeometry = shapely.transform(degrees, move).simplify(_SIMPLE_M)
        return moved


@lru_cache(maxsize=_MOST_DRAWN)
def build_ground(ground: Ground) -> Mapping[str, Any]:
    """Return what lies under all pictures: ``size``, and rings and lines, each x, y, x, y, in metres."""
    plane = _lay_plane(ground)
    outline = plane.bring(_read_shapes(ground, "communities")[0][1])
    _, _, width, height = outline.bounds
    land = _read_shapes(ground, "ground")
    return {
        "size": [round(width), round(height)],
        "outline": _list_rings(outline),
        "water": _draw(plane, (each for each in land if each[0]["kind"] == "water")),
        "green": _draw(plane, (each for each in land if each[0]["kind"] in {"green", "square"})),
        "ways": [
            {"rail": properties["kind"] == "rail", "width": properties["width_m"] or 4, "line": line}
            for properties, geometry in land
            if properties["kind"] in {"road", "rail"}
            for line in _list_lines(plane.bring(geometry))
        ],
        "compounds": _draw(plane, _read_shapes(ground, "compounds")),
        # Of a large town rather none than some.
        "buildings": []
        if ground.layers["buildings"].get("truncated")
        else _draw(plane, _read_shapes(ground, "buildings")),
        "grids": [
            {
                "id": properties["id"],
                "name": _shorten(properties),
                "rings": _list_rings(metres),
                "at": _find_middle(metres),
            }
            for properties, geometry in _read_shapes(ground, "grids")
            if properties["kind"] == "community"
            for metres in [plane.bring(geometry)]
        ],
    }


def build_heat(wall: Wall, text: Text) -> View:
    """Return where there was most for those who live there, by grid, in the last quarter that is over."""
    answer = wall.heat
    scale = choose_scale("rate", [answer])
    shades = shade_answer(answer, "rate", scale)
    rates = answer.rates.smoothed * find_factor(answer.per, answer.period)
    order = [row for row in np.argsort(-rates, kind="stable") if shades[row] >= 0][:_HOTTEST]
    grids = wall.ground.layers["grids"]["features"]
    names = {grid["properties"]["id"]: grid["properties"]["name"] for grid in grids}
    labels = list_labels(scale, "rate", text)
    quarter = (answer.period.since.month + 2) // 3
    return {
        "id": "heat",
        "title": text("wall.heat"),
        "about": text("wall.heat_about", year=answer.period.since.year, quarter=quarter),
        "cells": {
            str(id_): {
                "colour": HEAT[shade] if shade >= 0 else None,
                "dots": bool(hidden),
                "marked": bool(hot),
            }
            for id_, shade, hidden, hot in zip(
                answer.layout.ids.tolist(),
                shades.tolist(),
                answer.is_hidden,
                answer.spots.is_hot,
                strict=True,
            )
        },
        "marks": [],
        "legend": [
            *({"colour": colour, "label": label} for colour, label in zip(HEAT, labels, strict=True)),
            {"dots": True, "label": text("wall.hidden", least=wall.least)},
            *([{"outline": True, "label": text("wall.surely")}] if answer.spots.is_hot.any() else []),
        ],
        "rows": [
            {"name": names.get(int(answer.layout.ids[row]), ""), "value": text.number(rates[row], digits=1)}
            for row in order
        ],
        "none": text("wall.heat_none"),
    }


def build_uncovered(wall: Wall, text: Text) -> View:
    """Return what is not covered: buildings in no grid, held by nobody, or of which nobody has heard."""
    plane = _lay_plane(wall.ground)
    words = {
        "uncovered": text("wall.uncovered"),
        "unheld": text("wall.unheld"),
        "silent": text("wall.silent"),
    }
    marks: list[dict[str, Any]] = []
    for gap in wall.gaps.gaps:
        # A house of few households is counted, and not pointed at.
        if gap.households and gap.households < wall.least:
            continue
        at = shapely.get_coordinates(plane.bring(shapely.Point(gap.longitude, gap.latitude)))[0]
        marks.append(
            {
                "at": np.rint(at).astype(int).tolist(),
                "colour": UNKNOWN if gap.kind == "silent" else NOT_COVERED,
                "hollow": gap.kind == "silent",
            }
        )
    counts = {kind: len(wall.gaps.list_kind(kind)) for kind in GAP_KINDS}
    return {
        "id": "uncovered",
        "title": text("wall.uncovered_title"),
        "about": text("wall.uncovered_about", buildings=text.number(wall.gaps.buildings)),
        "cells": {},
        "areas": [
            {"rings": _list_rings(plane.bring(shape(wall.gaps.land))), "colour": NOT_COVERED, "hatch": True}
        ]
        if wall.gaps.land
        else [],
        "marks": marks,
        "legend": [
            {"colour": NOT_COVERED, "round": True, "label": text("wall.not_covered")},
            {"colour": UNKNOWN, "round": True, "hollow": True, "label": text("wall.silent_long")},
        ],
        "rows": [{"name": words[kind], "value": text.number(count)} for kind, count in counts.items()],
        "none": "",
    }


def build_three_no(wall: Wall, text: Text) -> View:
    """Return the three-no compounds and what is open in them."""
    wanted = {compound.id: str(number) for number, compound in enumerate(wall.three_no[:_BOARD], start=1)}
    return {
        "id": "three_no",
        "title": text("wall.three_no"),
        "about": text(
            "wall.three_no_about", households=text.number(sum(c.households for c in wall.three_no))
        ),
        "cells": {},
        "areas": [
            {
                "rings": rings,
                "colour": THREE_NO,
                "hatch": True,
                "label": wanted.get(id_, ""),
                "at": middle,
            }
            for id_, rings, middle in _draw_three_no(wall.ground)
        ],
        "marks": [],
        "legend": [{"colour": THREE_NO, "hatch": True, "label": text("wall.three_no_legend")}],
        "rows": [
            {
                "name": f"{wanted[compound.id]}  {compound.name}",
                "value": text("wall.fewer", least=wall.least)
                if compound.open_cases is None
                else text.number(compound.open_cases),
            }
            for compound in wall.three_no[:_BOARD]
        ],
        "more": text("wall.more", n=len(wall.three_no) - _BOARD) if len(wall.three_no) > _BOARD else "",
        "none": text("wall.three_no_none"),
    }


@lru_cache(maxsize=_MOST_DRAWN)
def _draw_three_no(ground: Ground) -> list[tuple[int, list[Ring], list[int]]]:
    """Return the id, the rings and a point inside of each three-no compound."""
    plane = _lay_plane(ground)
    return [
        (properties["id"], _list_rings(metres), _find_middle(metres))
        for properties, geometry in _read_shapes(ground, "compounds")
        if properties["is_three_no"]
        for metres in [plane.bring(geometry)]
    ]


@lru_cache(maxsize=_MOST_DRAWN)
def _lay_plane(ground: Ground) -> _Plane:
    west, south, _, north = _read_shapes(ground, "communities")[0][1].bounds
    return _Plane(west, north, cos(radians((south + north) / 2)))


def _read_shapes(ground: Ground, layer: str) -> list[tuple[dict[str, Any], BaseGeometry]]:
    return [
        (feature["properties"], shape(feature["geometry"]))
        for feature in ground.layers[layer]["features"]
        if feature["geometry"]
    ]


def _draw(plane: _Plane, shapes: Iterable[tuple[dict[str, Any], BaseGeometry]]) -> list[Ring]:
    return [ring for _, geometry in shapes for ring in _list_rings(plane.bring(geometry))]


def _list_rings(metres: BaseGeometry) -> list[Ring]:
    return [
        _flatten(ring)
        for part in shapely.get_parts(metres).tolist()
        if part.geom_type == "Polygon"
        for ring in (part.exterior, *part.interiors)
    ]


def _list_lines(metres: BaseGeometry) -> list[Ring]:
    return [
        _flatten(part) for part in shapely.get_parts(metres).tolist() if part.geom_type == "LineString"
    ] or _list_rings(metres)


def _shorten(grid: Mapping[str, Any]) -> str:
    """Return what fits into a grid on the map: its number, where its name has one."""
    numbers = re.findall(r"\d+", grid["name"])
    return numbers[0] if len(numbers) == 1 else str(grid["name"])


def _find_middle(metres: BaseGeometry) -> list[int]:
    middle: list[int] = (
        np.rint(shapely.get_coordinates(metres.representative_point())[0]).astype(int).tolist()
    )
    return middle


def _flatten(line: BaseGeometry) -> Ring:
    points = np.rint(shapely.get_coordinates(line)).astype(int)
    flat: Ring = points.ravel().tolist()
    return flat

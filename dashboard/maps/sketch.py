"""A community drawn for paper: paths and names in millimetres, with north up, from the layers' GeoJSON."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

# Wider in both directions than what is drawn, so that no outline is cut.
_MARGIN_MM: Final = 2.0
_DEGREE_M: Final = 111_320.0
_LEAST_LINE_MM: Final = 0.15

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Stroke:
    """One path: ``d`` as SVG has it; ``width_mm`` is None where the style sheet decides."""

    kind: str
    d: str
    width_mm: float | None = None


@dataclass(frozen=True)
class Mark:
    """Words or a number at a place."""

    kind: str
    words: str
    x_mm: float
    y_mm: float


@dataclass(frozen=True)
class Sketch:
    """A drawing of so many millimetres; ``bar_mm`` is how long ``bar_m`` metres are in it."""

    width_mm: float
    height_mm: float
    strokes: tuple[Stroke, ...]
    marks: tuple[Mark, ...]
    bar_m: int
    bar_mm: float


def draw_sketch(
    layers: Mapping[str, Mapping[str, Any]],
    box: Box,
    *,
    unknown: Iterable[int],
    numbers: Sequence[tuple[int, float, float]],
    width_mm: float,
    most_height_mm: float,
) -> Sketch:
    """Draw the ground, the community, its compounds and buildings, and numbers at places.

    Args:
        layers: GeoJSON of ``ground``, ``communities``, ``compounds`` and ``buildings``, in degrees.
        box: west, south, east, north in degrees.
        unknown: ids of the buildings to hatch.
        numbers: number, longitude and latitude of what is to be found.
        width_mm: of the drawing.
        most_height_mm: of the drawing; it is narrower where it would be higher.
    """
    paper = _Paper(box, width_mm, most_height_mm)
    hatched = frozenset(unknown)
    strokes = [
        *_draw_ground(layers["ground"], paper),
        *_draw(layers["compounds"], paper, lambda place: "three-no" if place["is_three_no"] else "compound"),
        *_draw(layers["buildings"], paper, lambda place: "unknown" if place["id"] in hatched else "building"),
        *_draw(layers["communities"], paper, lambda _: "community"),
    ]
    names = [
        Mark("name", feature["properties"]["name"], *paper.place(*_find_middle(feature["geometry"])))
        for feature in layers["compounds"]["features"]
    ]
    found = [
        Mark("number", str(number), *paper.place(longitude, latitude))
        for number, longitude, latitude in numbers
    ]
    bar_m = max(
        size for size in (50, 100, 200, 500, 1000) if size * paper.mm_per_m <= width_mm / 4 or size == 50
    )
    return Sketch(
        width_mm=round(paper.width_mm, 1),
        height_mm=round(paper.height_mm, 1),
        strokes=tuple(strokes),
        marks=(*names, *found),
        bar_m=bar_m,
        bar_mm=round(bar_m * paper.mm_per_m, 2),
    )


class _Paper:
    """Degrees to millimetres; a community is so small that a plane touching it will do."""

    def __init__(self, box: Box, width_mm: float, most_height_mm: float) -> None:
        west, south, east, north = box
        self._west, self._north = west, north
        self._shrink = math.cos(math.radians((south + north) / 2))
        wide, high = (east - west) * self._shrink, north - south
        room_mm = (width_mm - 2 * _MARGIN_MM, most_height_mm - 2 * _MARGIN_MM)
        self._scale = min(room_mm[0] / max(wide, 1e-9), room_mm[1] / max(high, 1e-9))
        self.mm_per_m = self._scale / _DEGREE_M
        self.width_mm = wide * self._scale + 2 * _MARGIN_MM
        self.height_mm = high * self._scale + 2 * _MARGIN_MM

    def place(self, longitude: float, latitude: float) -> tuple[float, float]:
        x = (longitude - self._west) * self._shrink * self._scale + _MARGIN_MM
        y = (self._north - latitude) * self._scale + _MARGIN_MM
        return round(x, 2), round(y, 2)

    def trace(self, geometry: Mapping[str, Any]) -> str:
        closed = "Z" if geometry["type"].endswith("Polygon") else ""
        return "".join(
            "M" + "L".join(f"{x} {y}" for x, y in (self.place(*point[:2]) for point in line)) + closed
            for line in _list_lines(geometry)
        )


def _draw_ground(layer: Mapping[str, Any], paper: _Paper) -> Iterator[Stroke]:
    for feature in layer["features"]:
        place, geometry = feature["properties"], feature["geometry"]
        if geometry["type"].endswith("LineString"):
            width_mm = max((place["width_m"] or 4) * paper.mm_per_m, _LEAST_LINE_MM)
            yield Stroke(f"{place['kind']}-line", paper.trace(geometry), round(width_mm, 2))
        else:
            yield Stroke(place["kind"], paper.trace(geometry))


def _draw(layer: Mapping[str, Any], paper: _Paper, name: Any) -> Iterator[Stroke]:
    for feature in layer["features"]:
        yield Stroke(name(feature["properties"]), paper.trace(feature["geometry"]))


def _list_lines(geometry: Mapping[str, Any]) -> list[Any]:
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "LineString":
            return [coordinates]
        case "MultiLineString" | "Polygon":
            return list(coordinates)
        case "MultiPolygon":
            return [ring for polygon in coordinates for ring in polygon]
        case _:
            return []


def _find_middle(geometry: Mapping[str, Any]) -> tuple[float, float]:
    points = [point for line in _list_lines(geometry) for point in line]
    longitudes, latitudes = [p[0] for p in points], [p[1] for p in points]
    return (min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2

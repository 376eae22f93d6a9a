"""Streets: how land is cut into blocks, from arterials down to lanes, and what the streets are called."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import shapely
from shapely import LineString, Point, Polygon
from shapely.affinity import rotate
from shapely.ops import split

from etl.demo.names import STREET_WORDS, draw_names

StreetKind = Literal["arterial", "collector", "lane", "rail"]
WIDTH_M: dict[StreetKind, float] = {"arterial": 36.0, "collector": 22.0, "lane": 11.0, "rail": 24.0}
_SMALL_TOWN_WIDTH_M: dict[StreetKind, float] = {
    "arterial": 20.0,
    "collector": 13.0,
    "lane": 7.0,
    "rail": 24.0,
}


@dataclass(frozen=True)
class Street:
    """One street: its kind and its middle line, in the plan or on the ground."""

    kind: StreetKind
    line: LineString
    width_m: float
    name: str = ""


def choose_width(kind: StreetKind, *, small_town: bool) -> float:
    """Return the full width of a street in metres."""
    return (_SMALL_TOWN_WIDTH_M if small_town else WIDTH_M)[kind]


def measure_sides(polygon: Polygon) -> tuple[float, float]:
    """Return the long and the short side of the tightest rectangle around a polygon."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(polygon))
    lengths = np.hypot(*np.diff(corners[:3], axis=0).T)
    return float(lengths.max()), float(lengths.min())


def cut_across(polygon: Polygon, share: float, skew_deg: float) -> tuple[Polygon, Polygon, LineString] | None:
    """Cut a polygon across its longer extent, north-south or east-west.

    Args:
        polygon: land to cut, metres.
        share: where along the longer extent, 0 to 1.
        skew_deg: how far the cut turns away from square.

    Returns:
        The two parts and the cut between them, or None where the cut makes other than two parts.
    """
    west, south, east, north = polygon.bounds
    if east - west >= north - south:
        middle = Point(west + share * (east - west), (south + north) / 2)
        line = LineString([(middle.x, south - 9_000), (middle.x, north + 9_000)])
    else:
        middle = Point((west + east) / 2, south + share * (north - south))
        line = LineString([(west - 9_000, middle.y), (east + 9_000, middle.y)])
    return cut_along(polygon, rotate(line, skew_deg, origin=middle))


def cut_along(polygon: Polygon, line: LineString) -> tuple[Polygon, Polygon, LineString] | None:
    """Cut a polygon along a line; None where that makes other than two parts."""
    parts = [part for part in split(polygon, line).geoms if part.area > 1]
    inside = polygon.intersection(line)
    if len(parts) != 2 or not isinstance(inside, LineString):
        return None
    first, second = (Polygon(part.exterior) for part in parts if isinstance(part, Polygon))
    return first, second, inside


def divide(
    land: Polygon,
    wanted_m2: Callable[[Polygon], float],
    rng: np.random.Generator,
    *,
    arterial_m2: float,
    collector_m2: float,
    least_width_m: float,
) -> tuple[list[Polygon], list[tuple[StreetKind, LineString]]]:
    """Cut land into blocks of about the wanted size by ever smaller streets.

    Args:
        land: what to divide, in the plan.
        wanted_m2: the size a block should have, by where it lies.
        rng: source of chance.
        arterial_m2: land larger than this is cut by an arterial.
        collector_m2: land larger than this, and no larger than the former, by a collector; the rest by lanes.
        least_width_m: no block gets narrower than this.

    Returns:
        The blocks, and the streets that cut them as (kind, middle line).
    """
    waiting, blocks, streets = [land], [], []
    while waiting:
        here = waiting.pop()
        if here.area < 1.45 * wanted_m2(here):
            blocks.append(here)
            continue
        kind: StreetKind = (
            "arterial" if here.area > arterial_m2 else "collector" if here.area > collector_m2 else "lane"
        )
        for _ in range(8):
            parts = cut_across(here, rng.uniform(0.41, 0.59), rng.normal(0, 4.0))
            if parts and all(
                measure_sides(p)[1] > least_width_m and p.area > 0.25 * here.area for p in parts[:2]
            ):
                waiting += parts[:2]
                streets.append((kind, parts[2]))
                break
        else:
            blocks.append(here)
    return blocks, streets


def name_streets(streets: list[Street], rng: np.random.Generator) -> tuple[Street, ...]:
    """Return the streets with a name each; the two riverside roads are named for their bank before this."""
    named = list(streets)
    for kind, words in STREET_WORDS.items():
        mine = [i for i, street in enumerate(streets) if street.kind == kind and not street.name]
        for i, name in zip(mine, draw_names(words, len(mine), rng), strict=True):
            named[i] = replace(streets[i], name=name)
    return tuple(named)

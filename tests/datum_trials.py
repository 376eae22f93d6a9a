"""Communities drawn by lot in five Chinese cities, and files about them in every coordinate system."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
import shapely
from shapely import Polygon, affinity
from shapely.geometry.base import BaseGeometry

from etl.importing.places.datum import Evidence, weigh_hypotheses
from etl.importing.places.fitting import sample_points
from etl.importing.places.ground import Ground
from geo.crs import Coordinates, LocalPlane, gauss_kruger_epsg, wgs84_to_bd09, wgs84_to_gcj02
from geo.store.imports import ImportCommunity, Places

CITIES = {
    "柳州": LocalPlane(109.43, 24.33),
    "南通": LocalPlane(120.86, 32.00),
    "上海普陀": LocalPlane(121.39, 31.25),
    "重庆渝中": LocalPlane(106.55, 29.555),
    "济南": LocalPlane(117.00, 36.66),
}
# How far around the community the half lies that is not in it.
BANDS_M = (200, 500, 1000, 3000)
SHIFT_M = 500.0

Shift = Callable[[Coordinates], Coordinates]


def _project(epsg: int) -> Shift:
    transformer = pyproj.Transformer.from_crs(4326 if epsg == 3857 else 4490, epsg, always_xy=True)
    return lambda xy: np.column_stack(transformer.transform(*xy.T))


def list_systems(lon: float) -> dict[str, Shift]:
    """Every system a file about a place may come in, by name, and how to bring EPSG:4490 degrees into it."""
    central = gauss_kruger_epsg(lon)
    six_degrees = int(lon // 6) + 1
    mercator = _project(3857)
    numbers = (central, central - 21, central + 1, six_degrees - 13 + 4491)
    return {
        "4490": lambda xy: xy,
        "gcj02": wgs84_to_gcj02,
        "bd09": wgs84_to_bd09,
        "gcj02x2": lambda xy: wgs84_to_gcj02(wgs84_to_gcj02(xy)),
        "EPSG:3857": mercator,
        "gcj02+EPSG:3857": lambda xy: mercator(wgs84_to_gcj02(xy)),
        **{f"EPSG:{number}": _project(number) for number in numbers},
    }


@dataclass(frozen=True)
class Neighbourhood:
    """A community drawn by lot, in metres, with houses in yards, and a street every 150 m."""

    plane: LocalPlane
    area: Polygon
    houses: list[Polygon]
    yards: list[Polygon]

    def make_ground(self, known_share: float, rng: np.random.Generator) -> Ground:
        """The ground as somebody knows it who has stored a share of the houses and yards."""

        def frame(shapes: list[Polygon], **columns: object) -> pd.DataFrame:
            kept = [shape for shape in shapes if rng.random() < known_share]
            degrees = shapely.transform(np.array(kept, dtype=object), self.plane.to_degrees)
            names = [f"第{number}处" for number in range(len(kept))]
            return pd.DataFrame(
                {"id": range(len(kept)), "code": names, "name": names, "geom": degrees, **columns}
            )

        places = Places(
            grids=frame([], kind="community", valid_from=None, valid_to=None),
            compounds=frame(self.yards).assign(aliases=""),
            buildings=frame(self.houses, compound_id=None),
        )
        boundary = shapely.transform(self.area, self.plane.to_degrees)
        return Ground(ImportCommunity(1, "A", "甲社区", boundary), places)

    def scatter_in(self, shape: BaseGeometry, count: int, rng: np.random.Generator) -> Coordinates:
        """Places anywhere in a shape, in metres."""
        west, south, east, north = shape.bounds
        found = np.empty((0, 2))
        while len(found) < count:
            drawn = rng.uniform((west, south), (east, north), (4 * count + 50, 2))
            found = np.vstack([found, drawn[shapely.contains_xy(shape, *drawn.T)]])
        return found[:count]

    def scatter_half(self, count: int, band_m: float, rng: np.random.Generator) -> Coordinates:
        """Places of which half lie in the community and half around it."""
        around = self.area.buffer(band_m).difference(self.area)
        inside = self.scatter_in(self.area, count - count // 2, rng)
        return np.vstack([inside, self.scatter_in(around, count // 2, rng)])

    def scatter_at_houses(self, count: int, rng: np.random.Generator) -> Coordinates:
        """Places in houses, as shops and residents are; a fifth anywhere."""
        chosen = rng.integers(0, len(self.houses), count)
        at = np.vstack([self.scatter_in(self.houses[house], 1, rng) for house in chosen])
        astray = rng.random(count) < 0.2
        at[astray] = self.scatter_in(self.area, int(astray.sum()), rng)
        return at

    def scatter_on_streets(self, count: int, rng: np.random.Generator) -> Coordinates:
        """Places on streets, as potholes and parked cars are."""
        at = self.scatter_in(self.area, count, rng)
        along = rng.random(count) < 0.5
        at[along, 0] = np.round(at[along, 0] / 150) * 150 + rng.normal(0, 4, along.sum())
        at[~along, 1] = np.round(at[~along, 1] / 150) * 150 + rng.normal(0, 4, (~along).sum())
        return at

    def scatter_in_clusters(self, count: int, rng: np.random.Generator) -> Coordinates:
        """Places in a few clusters, as the cases of a construction site or a market are."""
        middles = self.scatter_in(self.area, 4, rng)
        return middles[rng.integers(0, 4, count)] + rng.normal(0, 60, (count, 2))


def draw_neighbourhood(plane: LocalPlane, rng: np.random.Generator, area_km2: float = 1.0) -> Neighbourhood:
    """Draw a community of an uneven outline, built up to two thirds or so."""
    corners = int(rng.integers(5, 10))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False) + rng.uniform(-0.3, 0.3, corners)
    radii = rng.uniform(0.6, 1.2, corners)
    outline = Polygon(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])).buffer(0)
    outline = affinity.scale(outline, 1, rng.uniform(0.5, 1))
    factor = np.sqrt(rng.uniform(0.6, 1.6) * area_km2 * 1e6 / outline.area)
    area = affinity.scale(outline, factor, factor, origin=(0, 0))
    yards, houses = [], []
    west, south, east, north = area.bounds
    for x in np.arange(np.floor(west / 150) * 150, east, 150):
        for y in np.arange(np.floor(south / 150) * 150, north, 150):
            yard = shapely.box(x + 10, y + 10, x + 140, y + 140)
            if rng.random() < 0.3 or not area.contains(yard):
                continue
            yards.append(yard)
            length, depth, pitch = rng.uniform(30, 60), rng.uniform(10, 14), rng.uniform(25, 40)
            houses += [
                shapely.box(x + left, y + low, x + left + length, y + low + depth)
                for left in (14, 75)
                for low in np.arange(14, 120, pitch)
            ]
    return Neighbourhood(plane, area, houses, yards)


def propose(town: Neighbourhood, rng: np.random.Generator, band_m: float) -> tuple[bool, Evidence]:
    """Write 20 to 40 places in a system drawn by lot, and see whether it is the one proposed."""
    ground = town.make_ground(0, rng)
    systems = list_systems(town.plane.lon)
    crs = str(rng.choice(list(systems)))
    is_swapped = bool(rng.random() < 0.3)
    xy = systems[crs](town.plane.to_degrees(town.scatter_half(int(rng.integers(20, 40)), band_m, rng)))
    evidence = weigh_hypotheses(sample_points(xy[:, ::-1] if is_swapped else xy), ground, None)
    best = evidence.proposed
    return best is not None and (best.crs, best.is_swapped) == (crs, is_swapped), evidence


def is_flagged(evidence: Evidence) -> bool:
    """Whether a person is told of a doubt, or that it cannot be known."""
    return evidence.rival is not None or evidence.drift is not None or not evidence.is_sure


def shift_by_lot(rng: np.random.Generator) -> Callable[[LocalPlane, Coordinates], Coordinates]:
    """GCJ-02 taken for WGS-84, or WGS-84 for GCJ-02, or 500 m in any direction: metres in, degrees out."""
    bearing = rng.uniform(0, 2 * np.pi)
    move_m = SHIFT_M * np.array([np.cos(bearing), np.sin(bearing)])
    kind = int(rng.integers(0, 2))
    if kind == 0:
        return lambda plane, metres: wgs84_to_gcj02(plane.to_degrees(metres))
    return lambda plane, metres: plane.to_degrees(metres + move_m)

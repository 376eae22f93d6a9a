"""The lie of the land: where communities sit side by side, how the plan bends, where the river runs.

Two planes, both in metres. The *plan* is a chessboard of communities with straight edges, in which streets
and blocks are laid out. The *ground* is EPSG:4545 (CGCS2000, Gauss-Krüger, central meridian 108°E). The plan
is bent into it by two shears and a turn, which keep every area: a community is as large as programmed.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import LineString, Polygon, box
from shapely.geometry.base import BaseGeometry

from etl.demo.chance import make_rng
from etl.demo.program import Program

METRIC_EPSG = 4545
# A place in southern China that is nobody's in particular: the middle of community D.
_ORIGIN_LON, _ORIGIN_LAT = 109.4, 24.3
# The same corner may be 1 mm off between two communities, never between two grids of one.
PRECISION_M = 0.001
_STEP_M = 25.0
_EMBANKMENT_M = 36.0

Floats = NDArray[np.float64]


@lru_cache(maxsize=1)
def _find_transformer() -> Transformer:
    return Transformer.from_crs(METRIC_EPSG, 4490, always_xy=True)


@lru_cache(maxsize=1)
def _find_origin() -> tuple[float, float]:
    x, y = Transformer.from_crs(4490, METRIC_EPSG, always_xy=True).transform(_ORIGIN_LON, _ORIGIN_LAT)
    return round(x), round(y)


def to_degrees(shapes: Any) -> Any:
    """Return EPSG:4545 geometries (one or an array) as EPSG:4490, longitude first, to 1e-9 degrees."""

    def convert(xy: Floats) -> Floats:
        lon, lat = _find_transformer().transform(xy[:, 0], xy[:, 1])
        return np.round(np.column_stack([lon, lat]), 9)

    return shapely.transform(shapes, convert)


class DoesNotFit(ValueError):
    """A layout did not come out; another attempt will."""


@dataclass(frozen=True)
class Site:
    """One community's place: its cell of the plan and the bends everybody shares.

    Attributes:
        program: what is to be built here.
        code: the community's code, ``D`` or ``D07``.
        column: cell of the plan, counted eastwards.
        row: cell of the plan, counted northwards for D and southwards for Y.
        seed: the seed of the whole city, whose bends and river go through all its communities.
        attempt: which layout this is, where earlier ones did not fit.
    """

    program: Program
    code: str
    column: int
    row: int
    seed: int
    attempt: int = 0

    def make_rng(self, noun: str) -> np.random.Generator:
        """Return the random stream of one noun in this community."""
        return make_rng(self.seed, self.code, noun if self.attempt == 0 else f"{noun} {self.attempt}")

    @property
    def name(self) -> str:
        """The community's name, numbered where there are several."""
        return f"{self.code}社区"

    @property
    def west_m(self) -> float:
        """Western edge in the plan."""
        return (self.column - 0.5) * self.program.width_m

    @property
    def south_m(self) -> float:
        """Southern edge in the plan; Y's communities lie south of D's with open land between."""
        if self.program.code == "D":
            return (self.row - 0.5) * self.program.height_m
        return -3_000.0 - (self.row + 1) * self.program.height_m

    @property
    def cell(self) -> Polygon:
        """The community's rectangle of the plan."""
        west, south = self.west_m, self.south_m
        return box(west, south, west + self.program.width_m, south + self.program.height_m)

    @property
    def has_river(self) -> bool:
        """Every third row of communities lies on the river."""
        return self.row % 3 == 0

    @property
    def has_railway(self) -> bool:
        """The railway follows every second row of the large communities."""
        return self.program.code == "D" and self.row % 2 == 0

    def bend(self, shapes: Any) -> Any:
        """Return plan geometries on the ground, in EPSG:4545 metres, long edges curved."""
        return shapely.transform(shapely.segmentize(shapes, _STEP_M), self._bend_points)

    def _bend_points(self, uv: Floats) -> Floats:
        f1, f2, g1, g2 = make_rng(self.seed, "city", "bend").uniform(0, 2 * np.pi, 4)
        scale = self.program.width_m / 2641.3
        u, v = uv[:, 0], uv[:, 1]
        x = u + scale * (52 * np.sin(v / (scale * 520) + f1) + 21 * np.sin(v / (scale * 240) + f2))
        y = v + scale * (58 * np.sin(x / (scale * 560) + g1) + 20 * np.sin(x / (scale * 230) + g2))
        turn = np.radians(6.0)
        east, north = _find_origin()
        return np.column_stack(
            [x * np.cos(turn) - y * np.sin(turn) + east, x * np.sin(turn) + y * np.cos(turn) + north]
        )

    def trace_river(self, offset_m: float) -> LineString:
        """Return the line ``offset_m`` north of the river's middle, in the plan, beyond the cell's edges."""
        program = self.program
        p1, p2 = make_rng(self.seed, "city", f"river {self.row}").uniform(0, 2 * np.pi, 2)
        u = np.arange(self.west_m - 300, self.west_m + program.width_m + 301, 20.0)
        long, short = program.width_m / 5.6, program.width_m / 13.0
        v = (
            self.south_m
            + 0.23 * program.height_m
            + 0.075 * program.height_m * np.sin(u / long + p1)
            + 0.016 * program.height_m * np.sin(u / short + p2)
        )
        du, dv = np.gradient(u), np.gradient(v)
        length = np.hypot(du, dv)
        widening = 1 + 0.16 * np.sin(u / (program.width_m / 7) + p2)
        off = offset_m * widening if abs(offset_m) <= program.river_width_m / 2 else offset_m
        return LineString(np.column_stack([u - off * dv / length, v + off * du / length]))

    def shape_river(self, half_width_m: float) -> BaseGeometry:
        """Return the strip ``half_width_m`` to either side of the river's middle in the cell, in the plan."""
        north, south = self.trace_river(half_width_m), self.trace_river(-half_width_m)
        ring = np.concatenate([np.asarray(north.coords), np.asarray(south.coords)[::-1]])
        return Polygon(ring).intersection(self.cell)

    @property
    def water_half_width_m(self) -> float:
        """From the river's middle to its bank, before it widens and narrows."""
        return self.program.river_width_m / 2

    @property
    def corridor_half_width_m(self) -> float:
        """From the river's middle to the middle of the riverside road: water, embankment, half a road."""
        return self.program.river_width_m * 0.58 + _EMBANKMENT_M * min(1.0, self.program.width_m / 1500)


def lay_out_sites(program: Program, scale: int, seed: int) -> list[Site]:
    """Return the sites of ``scale`` communities side by side, as square a city as they make."""
    columns = int(np.ceil(np.sqrt(scale)))
    width = max(2, len(str(scale)))
    codes = [program.code] if scale == 1 else [f"{program.code}{i + 1:0{width}d}" for i in range(scale)]
    return [Site(program, code, i % columns, i // columns, seed) for i, code in enumerate(codes)]

"""Hexagons of one size over an area: which there are, and what lies in which."""

from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

# East and north of the six corners, in radii; every hexagon stands on a corner.
_CORNERS: Final = np.array(
    [(sqrt(3) / 2, 0.5), (0, 1), (-sqrt(3) / 2, 0.5), (-sqrt(3) / 2, -0.5), (0, -1), (sqrt(3) / 2, -0.5)]
)


@dataclass(frozen=True, eq=False)
class Hexagons:
    """The hexagons that touch an area; n of them, row by row from the south-west.

    Attributes:
        width_m: from side to side, which is also how far neighbours' middles are apart.
        across, up: n; a hexagon's place in its skew row, and its row.
    """

    width_m: float
    across: Ints
    up: Ints

    @property
    def middles_m(self) -> Floats:
        """East and north of the middles, n × 2."""
        return np.column_stack(
            [self.width_m * (self.across + self.up / 2), self.width_m * sqrt(3) / 2 * self.up]
        )

    @property
    def area_m2(self) -> float:
        """The area of one."""
        return self.width_m**2 * sqrt(3) / 2

    def list_corners(self) -> Floats:
        """Return the corners in metres, n × 6 × 2, against the clock."""
        corners: Floats = self.middles_m[:, None] + _CORNERS * (self.width_m / sqrt(3))
        return corners

    def locate(self, x_m: npt.NDArray[np.floating], y_m: npt.NDArray[np.floating]) -> Ints:
        """Return the number of the hexagon each point lies in; -1 outside all, and for what is nowhere."""
        up = np.asarray(y_m, np.float64) / (self.width_m * sqrt(3) / 2)
        across = np.asarray(x_m, np.float64) / self.width_m - up / 2
        third = -across - up
        rounded = [np.rint(part) for part in (across, up, third)]
        off = [np.abs(whole - part) for whole, part in zip(rounded, (across, up, third), strict=True)]
        # Of the three, which must be nought together, the one that was rounded furthest gives way.
        is_first = (off[0] > off[1]) & (off[0] > off[2])
        is_second = ~is_first & (off[1] > off[2])
        column = np.where(is_first, -rounded[1] - rounded[2], rounded[0])
        row = np.where(is_second, -rounded[0] - rounded[2], rounded[1])
        return self._look_up(column, row)

    @cached_property
    def _table(self) -> tuple[int, int, Ints]:
        left, low = int(self.across.min()), int(self.up.min())
        table = np.full((int(np.ptp(self.up)) + 1, int(np.ptp(self.across)) + 1), -1, np.int32)
        table[self.up - low, self.across - left] = np.arange(len(self.up))
        return left, low, table

    def _look_up(self, across: Ints | Floats, up: Ints | Floats) -> Ints:
        if not len(self.up):
            return np.full(len(up), -1, np.int32)
        left, low, table = self._table
        column, row = across - left, up - low
        # What is nowhere is not a number, and in no interval.
        is_in = (row >= 0) & (row < table.shape[0]) & (column >= 0) & (column < table.shape[1])
        found = table[np.where(is_in, row, 0).astype(np.int64), np.where(is_in, column, 0).astype(np.int64)]
        return np.where(is_in, found, -1).astype(np.int32)


def lay_hexagons(area: shapely.Polygon | shapely.MultiPolygon, width_m: float) -> Hexagons:
    """Return the hexagons that touch an area; the lattice has a middle at (0, 0).

    Args:
        area: in metres.
        width_m: of a hexagon, from side to side.
    """
    west, south, east, north = area.bounds
    rise_m = width_m * sqrt(3) / 2
    rows = np.arange(floor(south / rise_m) - 1, ceil(north / rise_m) + 2)
    columns = np.arange(floor(west / width_m) - 1, ceil(east / width_m) + 2)
    up = np.repeat(rows, len(columns))
    # Rows lean: the same column of a higher row lies further east.
    across = np.tile(columns, len(rows)) - np.floor_divide(up, 2)
    whole = Hexagons(width_m, across.astype(np.int32), up.astype(np.int32))
    shapely.prepare(area)
    touches = np.asarray(shapely.contains_xy(area, *whole.middles_m.T))
    # Those of which the middle is outside touch it by a corner, if they do.
    outside = np.flatnonzero(~touches)
    touches[outside] = shapely.intersects(area, shapely.polygons(whole.list_corners()[outside]))
    return Hexagons(width_m, whole.across[touches], whole.up[touches])

"""Smooth density of cases on a raster: a picture of how many, not of more than there should be.

A Gaussian of ``bandwidth_m`` around each case, added up. It is a map of people as much as of matters, which
is why the hot spots of :mod:`geo.patterns.hotspots` are drawn over it. On shared screens it is drawn from
what :mod:`geo.patterns.disclosure` shows, each cell's cases at the cell's middle: a single case makes a
hill that anybody can read.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from geo.patterns.neighbours import Floats

_HECTARE_M2 = 10_000.0
# A hill is cut off here, in bandwidths; beyond it lies less than 1 in 2,900 of a case.
_REACH = 4.0


@dataclass(frozen=True)
class Raster:
    """Cases per hectare in square pixels.

    Attributes:
        values: rows × columns; the first row lies in the south, the first column in the west.
        west_m: easting of the western edge.
        south_m: northing of the southern edge.
        pixel_m: side of a pixel.
    """

    values: Floats
    west_m: float
    south_m: float
    pixel_m: float

    def read(self, x_m: Floats, y_m: Floats) -> Floats:
        """Return the density at points, in cases per hectare; 0 outside the raster.

        Args:
            x_m: eastings.
            y_m: northings.
        """
        # Values are those of the middles of pixels; between them it goes straight.
        column = (np.asarray(x_m) - self.west_m) / self.pixel_m - 0.5
        row = (np.asarray(y_m) - self.south_m) / self.pixel_m - 0.5
        return np.asarray(
            ndimage.map_coordinates(self.values, [row, column], order=1, mode="grid-constant", cval=0.0)
        )


def smooth_density(
    x_m: Floats, y_m: Floats, bounds_m: tuple[float, float, float, float], *,
    bandwidth_m: float = 100.0, pixel_m: float = 20.0, weights: Floats | None = None,
) -> Raster:  # fmt: skip
    """Return the smooth density of cases; the time it takes hardly depends on how many there are.

    Args:
        x_m: eastings of the cases.
        y_m: their northings.
        bounds_m: west, south, east, north of the raster. Cases outside count as far as they reach into it.
        bandwidth_m: standard deviation of the hill each case makes.
        pixel_m: side of a pixel; a quarter of the bandwidth or less is smooth.
        weights: how much each case counts, 1 unless given.
    """
    west, south, east, north = bounds_m
    columns, rows = (max(1, int(np.ceil((b - a) / pixel_m))) for a, b in ((west, east), (south, north)))
    around = int(np.ceil(_REACH * bandwidth_m / pixel_m)) + 1
    wide, high = columns + 2 * around, rows + 2 * around
    column = np.floor((np.asarray(x_m) - west) / pixel_m) + around
    row = np.floor((np.asarray(y_m) - south) / pixel_m) + around
    # What is nowhere is not a number, and near nothing.
    is_near = (column >= 0) & (column < wide) & (row >= 0) & (row < high)
    pixel = (row[is_near] * wide + column[is_near]).astype(np.int64)
    counted = np.bincount(pixel, None if weights is None else weights[is_near], wide * high)
    # Lying anywhere in its pixel has smoothed a case already, by a twelfth of the pixel's square.
    spread = np.sqrt(max(bandwidth_m**2 - pixel_m**2 / 12, 0.0)) / pixel_m
    smooth = ndimage.gaussian_filter(
        counted.reshape(high, wide).astype(np.float64), spread, mode="constant", truncate=_REACH
    )
    inner = smooth[around : around + rows, around : around + columns]
    return Raster(inner * (_HECTARE_M2 / pixel_m**2), west, south, pixel_m)


def spread_cases(
    x_m: Floats, y_m: Floats, middle_x_m: Floats, middle_y_m: Floats, area_m2: Floats | float, *,
    bandwidth_m: float = 150.0,
) -> Floats:  # fmt: skip
    """Return how much happens in cells at all, as the denominator of matters nobody lives next to.

    Households do not explain what happens in the street; how many other matters of the street are reported
    thereabouts does. They are smoothed, so that chance in them is of little weight.

    Args:
        x_m: eastings of a year's matters of the street, of all other categories.
        y_m: their northings.
        middle_x_m: n eastings of the middles of the cells.
        middle_y_m: n northings.
        area_m2: land of the cells inside the community.
        bandwidth_m: how far they are smoothed.

    Returns:
        n expected cases.
    """
    bounds = (
        float(middle_x_m.min()),
        float(middle_y_m.min()),
        float(middle_x_m.max()),
        float(middle_y_m.max()),
    )
    pixel_m = bandwidth_m / 5
    wider = (bounds[0] - pixel_m, bounds[1] - pixel_m, bounds[2] + pixel_m, bounds[3] + pixel_m)
    raster = smooth_density(x_m, y_m, wider, bandwidth_m=bandwidth_m, pixel_m=pixel_m)
    return raster.read(middle_x_m, middle_y_m) * area_m2 / _HECTARE_M2

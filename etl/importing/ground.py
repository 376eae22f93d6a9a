"""The ground a file's rows should lie on: a community's area with a narrow edge, in metres and in degrees."""

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import Coordinates, LocalPlane
from geo.store.imports import ImportCommunity

# The envelope of China that the database allows.
_CHINA = (73.0, 3.0, 136.0, 54.0)

# A case at the kerb across the street is still the community's.
_EDGE_M = 30.0


class Ground:
    """A community's area, for asking which of many places lie in it.

    Attributes:
        name: the community's name.
        plane: metres around the community's centre.
    """

    def __init__(self, community: ImportCommunity) -> None:
        centre = community.boundary.centroid
        self.name = community.name
        self.plane = LocalPlane(centre.x, centre.y)
        self._area = self.plane.geometry_to_metres(np.array([community.boundary]))[0]
        self._area_with_edge = shapely.buffer(self._area, _EDGE_M)
        shapely.prepare(self._area_with_edge)

    def contains(self, xy: Coordinates) -> npt.NDArray[np.bool_]:
        """Whether EPSG:4490 degrees of shape (n, 2) lie in the community or within 30 m of it."""
        metres = self.plane.to_metres(xy)
        inside: npt.NDArray[np.bool_] = shapely.intersects_xy(
            self._area_with_edge, metres[:, 0], metres[:, 1]
        )
        return inside

    def measure_distance_m(self, xy: Coordinates) -> npt.NDArray[np.float64]:
        """How far EPSG:4490 degrees of shape (n, 2) lie from the community; 0 inside."""
        distance_m: npt.NDArray[np.float64] = shapely.distance(
            self._area, shapely.points(self.plane.to_metres(xy))
        )
        return distance_m


def is_in_china(xy: Coordinates) -> npt.NDArray[np.bool_]:
    """Whether EPSG:4490 degrees of shape (n, 2) lie in the envelope the database allows; NaN does not."""
    west, south, east, north = _CHINA
    with np.errstate(invalid="ignore"):
        inside: npt.NDArray[np.bool_] = (
            (xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north)
        )
    return inside

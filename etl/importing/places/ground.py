"""The ground a file's rows should lie on: a community's area with a narrow edge, and what is known there."""

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from geo.crs import Coordinates, LocalPlane
from geo.store.imports import ImportCommunity, Places

# The envelope of China that the database allows.
_CHINA = (73.0, 3.0, 136.0, 54.0)

# A case at the kerb across the street is still the community's.
_EDGE_M = 30.0

# How far around a known place others are likely to be known as well.
_BUILT_UP_M = 60.0


class Ground:
    """A community's area, for asking which of many places lie in it.

    Attributes:
        name: the community's name.
        plane: metres around the community's centre.
        places: the community's grids, compounds and buildings; None where nobody has looked.
        area: the community in metres of the plane.
    """

    def __init__(self, community: ImportCommunity, places: Places | None = None) -> None:
        centre = community.boundary.centroid
        self.name = community.name
        self.plane = LocalPlane(centre.x, centre.y)
        self.places = places
        self.area = self.plane.geometry_to_metres(np.array([community.boundary]))[0]
        self.area_with_edge = shapely.buffer(self.area, _EDGE_M)
        shapely.prepare(self.area_with_edge)

    def contains(self, xy: Coordinates) -> npt.NDArray[np.bool_]:
        """Whether EPSG:4490 degrees of shape (n, 2) lie in the community or within 30 m of it."""
        metres = self.plane.to_metres(xy)
        inside: npt.NDArray[np.bool_] = shapely.intersects_xy(self.area_with_edge, metres[:, 0], metres[:, 1])
        return inside

    def measure_distance_m(self, xy: Coordinates) -> npt.NDArray[np.float64]:
        """How far EPSG:4490 degrees of shape (n, 2) lie from the community; 0 inside."""
        distance_m: npt.NDArray[np.float64] = shapely.distance(
            self.area, shapely.points(self.plane.to_metres(xy))
        )
        return distance_m

    @cached_property
    def landmarks(self) -> "Landmarks | None":
        """The known places by kind of ground; None where no building and no compound is known."""
        if self.places is None or not len(self.places.buildings) + len(self.places.compounds):
            return None
        return Landmarks(self)


class Landmarks:
    """Four kinds of ground in a community: open, near known places, in compounds, in buildings.

    Attributes:
        areas_m2: shape (4,), how much of each there is.
    """

    def __init__(self, ground: Ground) -> None:
        places = ground.places
        assert places is not None  # noqa: S101 - Ground.landmarks looks first

        def to_metres(frame: Any) -> npt.NDArray[Any]:
            shapes: npt.NDArray[Any] = frame["geom"].to_numpy()
            return ground.plane.geometry_to_metres(shapes[~shapely.is_missing(shapes)])

        buildings, compounds = to_metres(places.buildings), to_metres(places.compounds)
        # Outwards to whole steps, so that houses in a row share one box.
        bounds = shapely.bounds(np.concatenate([buildings, compounds])) / _BUILT_UP_M
        steps = np.column_stack([np.floor(bounds[:, :2]) - 1, np.ceil(bounds[:, 2:]) + 1])
        around = np.unique(steps, axis=0) * _BUILT_UP_M
        self._in_building = _unite(buildings)
        self._in_compound = _unite(np.concatenate([compounds, [self._in_building]]))
        near = _unite(np.concatenate([shapely.box(*around.T), [self._in_compound]]))
        self._near = shapely.intersection(near, ground.area_with_edge)
        nested = [ground.area_with_edge, self._near, self._in_compound, self._in_building]
        self.areas_m2 = np.append(-np.diff(shapely.area(nested)), shapely.area(self._in_building)).clip(1.0)
        shapely.prepare([self._in_building, self._in_compound, self._near])

    def classify(self, metres: Coordinates) -> npt.NDArray[np.int64]:
        """The kind of ground at some places in the community, shape (n,): 0, open, to 3, in a building."""
        x, y = metres.T
        kinds = np.zeros(len(metres), dtype=np.int64)
        for kind, shape in ((1, self._near), (2, self._in_compound), (3, self._in_building)):
            kinds[shapely.intersects_xy(shape, x, y)] = kind
        return kinds


def _unite(shapes: npt.NDArray[Any]) -> Any:
    # Buildings hardly ever touch: those that do not are put side by side as they are.
    return shapely.disjoint_subset_union_all(shapes)


def is_in_china(xy: Coordinates) -> npt.NDArray[np.bool_]:
    """Whether EPSG:4490 degrees of shape (n, 2) lie in the envelope the database allows; NaN does not."""
    west, south, east, north = _CHINA
    with np.errstate(invalid="ignore"):
        inside: npt.NDArray[np.bool_] = (
            (xy[:, 0] >= west) & (xy[:, 0] <= east) & (xy[:, 1] >= south) & (xy[:, 1] <= north)
        )
    return inside

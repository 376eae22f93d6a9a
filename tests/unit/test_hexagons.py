"""Hexagons over an area: none is missing, each point is in the one that contains it."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.patterns.hexagons import lay_hexagons

AREA = shapely.Polygon([(-900, -300), (1000, -500), (800, 700), (-200, 900)])


def test_they_cover_the_area_without_overlap_and_none_is_beside_it() -> None:
    hexagons = lay_hexagons(AREA, 150)
    shapes = np.asarray(shapely.polygons(hexagons.list_corners()), np.object_)
    whole = shapely.union_all(shapes)
    assert shapely.area(shapely.difference(AREA, whole)) == pytest.approx(0, abs=1e-6)
    assert shapely.area(whole) == pytest.approx(len(shapes) * hexagons.area_m2)
    assert shapely.intersects(AREA, shapes).all()


@given(x=st.floats(-200, 700), y=st.floats(-200, 500), width_m=st.floats(40, 400))
def test_a_point_is_in_the_hexagon_it_is_said_to_be_in(x: float, y: float, width_m: float) -> None:
    hexagons = lay_hexagons(AREA, width_m)
    (number,) = hexagons.locate(np.array([x]), np.array([y]))
    distance_m = np.hypot(*(hexagons.middles_m - (x, y)).T)
    assert distance_m[number] == pytest.approx(distance_m.min())


def test_what_is_elsewhere_or_nowhere_is_in_none() -> None:
    hexagons = lay_hexagons(AREA, 150)
    x = np.array([np.nan, 1e7, -1e7, 5000.0, 0.0])
    assert hexagons.locate(x, np.zeros(5)).tolist()[:4] == [-1, -1, -1, -1]
    assert hexagons.locate(x, np.full(5, np.nan))[4] == -1

"""Which polygon a point lies in or is nearest to, against shapely asked one by one."""

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, box

from etl.importing.places.placing import NOWHERE, Points, find_nearest

coordinate = st.integers(0, 12).map(float)


@given(
    corners=st.lists(st.tuples(coordinate, coordinate), max_size=6),
    points=st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=20),
)
def test_first_polygon_that_contains_the_point_is_found(
    corners: list[tuple[float, float]], points: list[tuple[float, float]]
) -> None:
    # Whole numbers, so that many points lie on edges and corners.
    polygons = np.array([box(x, y, x + 4, y + 3) for x, y in corners], dtype=object)
    expected = [
        next((n for n, polygon in enumerate(polygons) if polygon.intersects(Point(point))), NOWHERE)
        for point in points
    ]
    assert Points(np.array(points)).find_containing(polygons).tolist() == expected


def test_point_without_a_place_lies_nowhere() -> None:
    xy = np.array([[np.nan, np.nan], [1.0, 1.0], [1.0, np.nan]])
    assert Points(xy).find_containing(np.array([box(0, 0, 2, 2)])).tolist() == [NOWHERE, 0, NOWHERE]


def test_nearest_is_found_within_reach_and_containing_goes_first() -> None:
    polygons = np.array([box(0, 0, 10, 10), box(14, 0, 20, 10), box(16, 2, 18, 4)])
    xy = np.array([[5.0, 5.0], [13.0, 5.0], [11.0, 5.0], [17.0, 3.0], [5.0, 15.1], [np.nan, np.nan]])
    assert find_nearest(xy, polygons, within_m=5.0).tolist() == [0, 1, 0, 1, NOWHERE, NOWHERE]


def test_holes_are_outside() -> None:
    ring = box(0, 0, 10, 10).difference(box(4, 4, 6, 6))
    assert Points(np.array([[5.0, 5.0], [1.0, 1.0]])).find_containing(np.array([ring])).tolist() == [
        NOWHERE,
        0,
    ]
    assert shapely.is_prepared(ring)

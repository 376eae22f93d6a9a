"""Figures of a plan under way: what no zone has counts in nobody's load, but in the mean."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.zoning.adjacency import link_buildings
from geo.zoning.draft import measure_draft
from geo.zoning.problem import NO_ZONE, Neighbourhood, measure_plan, pose_problem


def lay_grid(columns: int, rows: int) -> Neighbourhood:
    """Squares of 100 m, numbered along the rows."""
    points = np.array([(100 * x + 50, 100 * y + 50) for y in range(rows) for x in range(columns)], float)
    return link_buildings(points, shapely.box(0, 0, 100 * columns, 100 * rows))[0]


def test_a_zone_in_two_parts_names_the_lighter_one_as_apart() -> None:
    ground = lay_grid(5, 1)
    loads = np.array([[1.0], [1.0], [5.0], [9.0], [9.0]])
    figures = measure_draft(ground, loads, np.array([0, 0, 1, 0, 0]), 2)
    assert [part.tolist() for part in figures.parts[0]] == [[3, 4], [0, 1]]
    assert [part.tolist() for part in figures.parts[1]] == [[2]]


def test_units_in_no_zone_are_nobodys_load_but_count_in_the_mean() -> None:
    ground = lay_grid(4, 1)
    loads = np.array([[10.0], [10.0], [10.0], [10.0]])
    figures = measure_draft(ground, loads, np.array([0, NO_ZONE, NO_ZONE, 1]), 2)
    assert figures.loads[:, 0].tolist() == [10, 10]
    assert figures.shares[:, 0].tolist() == [0.5, 0.5]
    # The border between the two that nobody holds belongs to no zone either.
    assert figures.areas_m2 == pytest.approx([10_000, 10_000])
    assert figures.compactness == pytest.approx([np.pi / 4, np.pi / 4])
    assert [len(parts) for parts in figures.parts] == [1, 1]


def test_an_empty_zone_has_figures_too() -> None:
    figures = measure_draft(lay_grid(2, 1), np.array([[3.0], [5.0]]), np.array([1, 1]), 3)
    assert figures.sizes.tolist() == [0, 2, 0]
    assert figures.compactness[[0, 2]].tolist() == [0, 0]
    assert figures.parts[0] == ()
    assert figures.shares[:, 0] == pytest.approx([0, 3, 0])


def test_where_nothing_is_to_be_shared_there_is_no_share() -> None:
    figures = measure_draft(lay_grid(2, 1), np.zeros((2, 1)), np.array([0, 1]), 2)
    assert figures.shares.tolist() == [[0], [0]]


@given(st.data())
def test_a_whole_plan_measures_as_the_search_measures_it(data: st.DataObject) -> None:
    columns, rows = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    size = columns * rows
    zone_count = data.draw(st.integers(1, min(size, 4)))
    rest = data.draw(
        st.lists(st.integers(0, zone_count - 1), min_size=size - zone_count, max_size=size - zone_count)
    )
    plan = np.array([*range(zone_count), *rest])
    loads = np.array(data.draw(st.lists(st.integers(0, 50), min_size=size, max_size=size)), float)[:, None]
    ground = lay_grid(columns, rows)
    draft = measure_draft(ground, loads, plan, zone_count)
    figures = measure_plan(pose_problem(ground, loads, zone_count), plan)
    assert draft.loads.tolist() == figures.loads.tolist()
    assert draft.compactness == pytest.approx(figures.compactness)
    assert [len(parts) for parts in draft.parts] == figures.pieces.tolist()
    if loads.sum():
        assert draft.shares - 1 == pytest.approx(figures.deviations)

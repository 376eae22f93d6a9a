"""Smooth density: so many cases as there are, where they are; and the denominators of the street."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.patterns.density import smooth_density, spread_cases

BOUNDS = (0.0, 0.0, 2_000.0, 1_500.0)


def draw_cases(seed: int, count: int = 300) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    return chance.uniform(600, 1_400, count), chance.uniform(500, 1_000, count)


def test_is_the_sum_of_hills() -> None:
    x_m, y_m = draw_cases(0)
    raster = smooth_density(x_m, y_m, BOUNDS, bandwidth_m=100, pixel_m=10)
    at_x, at_y = np.array([605.0, 995.0, 1_505.0]), np.array([705.0, 705.0, 405.0])
    away_m2 = (x_m - at_x[:, None]) ** 2 + (y_m - at_y[:, None]) ** 2
    exact = np.exp(-away_m2 / 2 / 100**2).sum(axis=1) / (2 * np.pi * 100**2) * 10_000
    np.testing.assert_allclose(raster.read(at_x, at_y), exact, rtol=0.01)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([60.0, 100.0, 120.0]))
def test_adds_up_to_the_cases(seed: int, bandwidth_m: float) -> None:
    x_m, y_m = draw_cases(seed)
    raster = smooth_density(x_m, y_m, BOUNDS, bandwidth_m=bandwidth_m)
    assert raster.values.sum() * raster.pixel_m**2 / 10_000 == pytest.approx(300, rel=1e-3)


def test_shifting_every_case_shifts_the_picture() -> None:
    x_m, y_m = draw_cases(1)
    there, here = (smooth_density(x_m + shift, y_m, BOUNDS).values for shift in (0, 100))
    np.testing.assert_allclose(here[:, 5:], there[:, :-5], atol=1e-9)


def test_rows_go_north_and_columns_east() -> None:
    values = smooth_density(np.array([1_900.0]), np.array([100.0]), BOUNDS).values
    assert np.argwhere(values == values.max()).tolist() == [[5, 95]]
    assert values.shape == (75, 100)


def test_cases_just_outside_reach_in_and_far_ones_do_not() -> None:
    inside = smooth_density(np.array([50.0]), np.array([700.0]), BOUNDS).values.sum()
    just_outside = smooth_density(np.array([-50.0]), np.array([700.0]), BOUNDS).values.sum()
    far = smooth_density(np.array([-5_000.0, np.nan]), np.array([700.0, 1.0]), BOUNDS).values.sum()
    assert 0 < just_outside < inside
    assert far == 0


def test_weights_count() -> None:
    x_m, y_m = draw_cases(2, 4)
    double = smooth_density(x_m, y_m, BOUNDS, weights=np.full(4, 2.0)).values
    np.testing.assert_allclose(double, 2 * smooth_density(x_m, y_m, BOUNDS).values)


def test_street_denominators_follow_what_is_reported_and_the_land() -> None:
    x, y = (part.ravel() for part in np.meshgrid(np.arange(0, 3_000, 60.0), np.arange(0, 3_000, 60.0)))
    chance = np.random.default_rng(0)
    cases_x, cases_y = chance.normal(1_500, 150, (2, 4_000))
    weight = spread_cases(cases_x, cases_y, x, y, 60.0**2)
    assert weight.sum() == pytest.approx(4_000, rel=0.01)
    middle = np.argmin(np.hypot(x - 1_500, y - 1_500))
    away = np.argmin(np.hypot(x - 1_800, y - 1_500))
    # Two normal curves on another: 150 m and 150 m make 212 m.
    assert weight[away] / weight[middle] == pytest.approx(np.exp(-(300**2) / 2 / (2 * 150**2)), rel=0.1)
    np.testing.assert_allclose(spread_cases(cases_x, cases_y, x, y, 30.0**2), weight / 4)

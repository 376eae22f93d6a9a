"""What the first eleven months say of the twelfth: more than a smooth density of the same area does."""

import numpy as np
import pytest

from geo.patterns.density import smooth_density
from geo.patterns.prediction import choose_cells, forecast_counts, measure_capture
from tests.unit.lattice_town import CELL_M, build_town


def test_catches_a_fifth_more_than_smooth_density_of_the_same_area() -> None:
    place, ours, smooth = build_town(), [], []
    area_m2 = np.full(len(place.households), CELL_M**2)
    side_m = 45 * CELL_M
    for seed in range(20):
        chance = np.random.default_rng(seed)
        rate = 240 / 12 * place.households / place.households.sum()
        for cell in chance.choice(np.flatnonzero((place.households > 20) & place.is_inside()), 3):
            rate[place.find_around(int(cell), 75.0)] *= 8
        months = chance.poisson(rate[:, None], (len(rate), 12)).astype(np.float64)
        past, came = months[:, :11], months[:, 11]
        forecast = forecast_counts(past, place.households, place.neighbours)
        ours.append(measure_capture(choose_cells(forecast, area_m2), area_m2, came).accuracy_index)
        cell = np.repeat(np.arange(len(rate)), past.sum(axis=1).astype(int))
        raster = smooth_density(
            place.x_m[cell] + CELL_M / 2, place.y_m[cell] + CELL_M / 2, (0, 0, side_m, side_m)
        )
        density = raster.read(place.x_m + CELL_M / 2, place.y_m + CELL_M / 2)
        smooth.append(measure_capture(choose_cells(density, area_m2), area_m2, came).accuracy_index)
    assert np.mean(ours) >= 1.2 * np.mean(smooth)
    assert np.mean(smooth) > 2


def test_forecast_is_as_many_as_come() -> None:
    place, chance = build_town(25), np.random.default_rng(0)
    cube = np.stack([place.draw_quiet(chance, 100) for _ in range(40)], axis=1)
    assert forecast_counts(cube, place.households, place.neighbours).sum() == pytest.approx(100, rel=0.05)


def test_what_is_long_ago_counts_less() -> None:
    place = build_town(25)
    early, late = np.zeros((625, 52)), np.zeros((625, 52))
    cell = int(np.argmax(place.households))
    early[cell, :4], late[cell, -4:] = 5, 5
    rest = np.tile(place.households[:, None] / 1_000, (1, 52))
    before, lately = (
        forecast_counts(cube + rest, place.households, place.neighbours)[cell] for cube in (early, late)
    )
    assert lately > 1.5 * before


def test_chosen_cells_fit_the_share_and_are_the_densest() -> None:
    area_m2 = np.array([100.0, 50, 100, 250, 500])
    expected = np.array([10.0, 9, 1, 30, 20])
    assert choose_cells(expected, area_m2, 0.3).tolist() == [False, True, False, True, False]
    capture = measure_capture(choose_cells(expected, area_m2, 0.3), area_m2, np.array([1.0, 2, 0, 4, 3]))
    assert (capture.area_share, capture.hit_rate) == (0.3, 0.6)
    assert capture.accuracy_index == pytest.approx(2)


def test_without_cases_nothing_can_be_said() -> None:
    capture = measure_capture(np.array([True, False]), np.ones(2), np.zeros(2))
    assert np.isnan(capture.hit_rate)
    assert np.isnan(measure_capture(np.zeros(2, bool), np.ones(2), np.ones(2)).accuracy_index)

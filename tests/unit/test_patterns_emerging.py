"""How hot spots come and go, season taken out; and what a year moved into another changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.patterns.emerging import Pattern, classify_cells, measure_trend
from geo.patterns.neighbours import Floats
from tests.unit.lattice_town import CELL_M, build_town

STEPS = 52
PLACE = build_town(25, households=4_000)
# The busiest cells away from the edge and from one another.
SPOT = int(np.argmax(PLACE.households * PLACE.is_inside()))
AROUND = PLACE.find_around(SPOT, CELL_M)
HALO = PLACE.find_around(SPOT, 2.9 * CELL_M) & ~AROUND


def draw_cube(
    seed: int, *, a_week: float = 15.0, course: Floats | None = None, season: float = 0.5
) -> Floats:
    """Return quiet weeks with a season of the whole town, and ``course`` cases a week more in the spot."""
    chance = np.random.default_rng(seed)
    wave = 1 + season * np.sin(np.arange(STEPS) / STEPS * 2 * np.pi)
    share = PLACE.households / PLACE.households.sum()
    cube: Floats = chance.poisson(a_week * share[:, None] * wave).astype(np.float64)
    if course is not None:
        rate = np.outer(AROUND / AROUND.sum(), course * wave)
        cube += chance.poisson(rate)
    return cube


def classify(course: Floats, seed: int) -> Pattern:
    """Return the pattern most cells of the spot have."""
    pattern = classify_cells(draw_cube(seed, course=course), PLACE.households, PLACE.neighbours).pattern
    found = pattern[AROUND][pattern[AROUND] > 0]
    return Pattern(int(np.bincount(found).argmax())) if len(found) else Pattern.NONE


WEEK = np.arange(STEPS)
COURSES = {
    Pattern.NEW: 8.0 * (WEEK >= 46),
    Pattern.GROWING: 2.0 + 10.0 * WEEK / STEPS,
    Pattern.PERSISTENT: np.full(STEPS, 6.0),
    Pattern.FADING: 10.0 * (WEEK < 30),
    Pattern.SPORADIC: 10.0 * (WEEK % 16 < 4),
}


@pytest.mark.parametrize("pattern", COURSES, ids=lambda pattern: pattern.name)
def test_courses_have_their_names(pattern: Pattern) -> None:
    named = [classify(COURSES[pattern], seed) for seed in range(20)]
    assert named.count(pattern) >= 17


def test_of_quiet_cubes_no_more_than_one_in_twenty_has_a_pattern() -> None:
    named = [
        classify_cells(draw_cube(seed), PLACE.households, PLACE.neighbours, least_ratio=1.0).pattern.any()
        for seed in range(150)
    ]
    assert np.mean(named) <= 0.08


def test_the_season_of_the_town_is_no_pattern_and_no_trend() -> None:
    cube = draw_cube(1, a_week=400, season=0.9)
    emerging = classify_cells(cube, PLACE.households, PLACE.neighbours)
    assert not emerging.pattern.any()
    assert 0.01 < np.mean(emerging.trend.p[PLACE.households > 0] < 0.05) < 0.1


def test_neighbours_of_a_spot_are_not_painted() -> None:
    painted = [
        classify_cells(draw_cube(s, course=COURSES[Pattern.PERSISTENT]), PLACE.households, PLACE.neighbours)
        .pattern > 0
        for s in range(10)
    ]  # fmt: skip
    assert np.mean([mask[HALO].mean() for mask in painted]) < 0.02
    assert np.mean([mask[AROUND].any() for mask in painted]) == 1


def test_trend_is_as_large_as_it_is() -> None:
    growth = 0.02
    counts = np.random.default_rng(0).poisson(20 * np.exp(growth * WEEK), (200, STEPS)).astype(np.float64)
    everywhere = np.full(STEPS, 1e6)
    trend = measure_trend(counts, everywhere)
    assert trend.growth.mean() == pytest.approx(np.expm1(growth), rel=0.15)
    assert (trend.p < 0.01).mean() > 0.9


def test_trend_of_chance_alone_is_told_as_often_as_it_says() -> None:
    chance = np.random.default_rng(0)
    counts = chance.multinomial(9, np.full(STEPS, 1 / STEPS), size=4_000).astype(np.float64)
    trend = measure_trend(counts, np.full(STEPS, 50_000.0))
    assert np.mean(trend.p < 0.05) == pytest.approx(0.05, abs=0.012)
    held = (trend.low <= 0) & (trend.high >= 0)
    assert held.mean() == pytest.approx(0.95, abs=0.012)


def test_a_place_with_a_season_of_its_own_has_no_trend_where_there_are_years_to_compare() -> None:
    # A night market from April to September: in a cube from October to September it looks like growth.
    summer = np.where(np.arange(104) % 52 >= 26, 12.0, 1.0)
    counts = np.random.default_rng(0).poisson(summer, (300, 104)).astype(np.float64)
    everywhere = np.full(104, 5_000.0)
    assert np.mean(measure_trend(counts[:, :52], everywhere[:52]).p < 0.05) > 0.95
    assert np.mean(measure_trend(counts, everywhere).p < 0.05) < 0.09


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 1000))
def test_moving_a_year_behind_another_turns_the_trend(first: int, second: int) -> None:
    # Two years in the other order: what rose from year to year falls, by the same chance.
    chance = np.random.default_rng([first, second])
    before, after = chance.poisson(2.0, (30, STEPS)), chance.poisson(3.0, (30, STEPS))
    everywhere = np.full(2 * STEPS, 4_000.0)
    one = measure_trend(np.hstack([before, after]).astype(np.float64), everywhere)
    other = measure_trend(np.hstack([after, before]).astype(np.float64), everywhere)
    np.testing.assert_allclose(np.log1p(one.growth), -np.log1p(other.growth), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(one.p, other.p, rtol=1e-6, atol=1e-12)


def test_mirrored_time_turns_growing_into_falling() -> None:
    counts = np.random.default_rng(3).poisson(np.linspace(1, 6, STEPS), (20, STEPS)).astype(np.float64)
    everywhere = np.random.default_rng(4).poisson(3_000, STEPS).astype(np.float64)
    there, back = measure_trend(counts, everywhere), measure_trend(counts[:, ::-1], everywhere[::-1])
    np.testing.assert_allclose(np.log1p(there.growth), -np.log1p(back.growth), rtol=1e-9)
    np.testing.assert_allclose(there.p, back.p, rtol=1e-9)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_cells_does_not_matter(seed: int) -> None:
    cube = draw_cube(seed, course=COURSES[Pattern.GROWING])
    order = np.random.default_rng(seed).permutation(len(cube))
    one = classify_cells(cube, PLACE.households, PLACE.neighbours)
    other = classify_cells(cube[order], PLACE.households[order], PLACE.neighbours[order][:, order])
    np.testing.assert_array_equal(other.pattern, one.pattern[order])


def test_so_many_steps_are_judged_together_as_see_fifty_cases() -> None:
    spans = [
        classify_cells(draw_cube(0, a_week=a_week), PLACE.households, PLACE.neighbours).span
        for a_week in (1, 3, 5, 9, 60)
    ]
    assert spans == [26, 26, 13, 8, 4]


def test_a_spot_of_one_quarter_only_is_not_lost_in_the_year() -> None:
    burst = classify_cells(draw_cube(0, course=14.0 * (WEEK // 13 == 1)), PLACE.households, PLACE.neighbours)
    assert (burst.pattern[AROUND] == Pattern.FADING).any()
    hot_weeks = np.flatnonzero(burst.is_hot[AROUND].any(axis=0))
    assert 13 <= hot_weeks.min() <= 15
    assert hot_weeks.max() <= 25 + burst.span


def test_without_cases_there_is_nothing_to_say() -> None:
    emerging = classify_cells(np.zeros((625, STEPS)), PLACE.households, PLACE.neighbours)
    assert not emerging.pattern.any()
    assert np.isnan(emerging.trend.growth).all()

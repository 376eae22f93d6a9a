"""Rates: exact, drawn to the mean as far as they are uncertain, and silent where nobody looked."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from geo.patterns.neighbours import link_nobody, link_touching, link_within
from geo.patterns.rates import bound_rates, compute_rates, smooth_globally, smooth_locally

COUNTS = arrays.arrays(np.float64, 12, elements=st.integers(0, 40).map(float))
PEOPLE = arrays.arrays(np.float64, 12, elements=st.integers(0, 500).map(float))


def test_rates_of_nobody_are_not_known_and_their_cases_are_in_no_mean() -> None:
    count, households = np.array([4.0, 2.0, 9.0]), np.array([100.0, 50.0, 0.0])
    rates = compute_rates(count, households, neighbours=link_nobody(3))
    for values in (rates.rate, rates.low, rates.high, rates.smoothed, rates.smoothed_locally):
        assert np.isnan(values).tolist() == [False, False, True]
    np.testing.assert_allclose(rates.smoothed[:2], 6 / 150)


def test_cell_without_case_and_without_visit_is_unknown() -> None:
    count, visits = np.array([0.0, 0.0, 3.0, 3.0]), np.array([0.0, 2.0, 0.0, 2.0])
    rates = compute_rates(count, np.full(4, 100.0), visits=visits)
    assert rates.is_unknown.tolist() == [True, False, False, False]
    assert not compute_rates(count, np.full(4, 100.0)).is_unknown.any()


def test_few_at_risk_get_no_colour() -> None:
    rates = compute_rates(np.ones(3), np.array([9.0, 10.0, 0.0]))
    assert rates.is_few.tolist() == [True, False, True]


def test_interval_is_the_exact_one() -> None:
    # Garwood's, as in every table: 0 → 3.689, 5 → 1.623 to 11.668.
    low, high = bound_rates(np.array([0.0, 5.0]), np.array([1.0, 1.0]))
    np.testing.assert_allclose(low, [0, 1.6235], atol=1e-4)
    np.testing.assert_allclose(high, [3.6889, 11.6683], atol=1e-4)


@pytest.mark.parametrize("mean", [0.4, 2.0, 7.3, 40.0])
def test_interval_holds_the_true_rate_as_often_as_it_says(mean: float) -> None:
    count = np.arange(200.0)
    low, high = bound_rates(count, np.ones(200))
    held = stats.poisson.pmf(count, mean)[(low <= mean) & (mean <= high)].sum()
    assert held >= 0.95


@given(COUNTS, PEOPLE)
def test_smoothed_lies_between_the_rate_and_the_mean(count: np.ndarray, people: np.ndarray) -> None:
    smoothed = smooth_globally(count, people)
    known = people > 0
    assert (np.isnan(smoothed) == ~known).all() or not known.any()
    if known.any():
        mean = count[known].sum() / people[known].sum()
        rate = count[known] / people[known]
        slack = 1e-12 * (1 + rate.max())
        assert (smoothed[known] >= np.minimum(rate, mean) - slack).all()
        assert (smoothed[known] <= np.maximum(rate, mean) + slack).all()


@given(COUNTS, PEOPLE, st.floats(0.1, 50))
def test_rates_of_more_people_are_less_by_as_much(
    count: np.ndarray, people: np.ndarray, factor: float
) -> None:
    # Whether households or tenths of households are counted changes the unit, nothing else.
    neighbours = link_within(np.arange(12.0), np.zeros(12), 1.5)
    np.testing.assert_allclose(
        smooth_locally(count, people * factor, neighbours),
        smooth_locally(count, people, neighbours) / factor,
        rtol=1e-6, atol=1e-9,
    )  # fmt: skip


def test_smoothing_is_nearer_to_the_truth_than_the_raw_rate() -> None:
    chance = np.random.default_rng(3)
    people = np.round(chance.lognormal(3, 1, 900)) + 1
    truth = 0.05 * chance.gamma(4, 0.25, 900)
    count = chance.poisson(truth * people).astype(float)
    raw = np.abs(count / people - truth).mean()
    assert np.abs(smooth_globally(count, people) - truth).mean() < 0.6 * raw


def test_cells_without_difference_beyond_chance_get_the_mean() -> None:
    count, people = np.array([5.0, 5.0, 5.0, 5.0]), np.full(4, 100.0)
    np.testing.assert_allclose(smooth_globally(count, people), 0.05)


def test_neighbours_are_oneself_and_who_touches() -> None:
    boxes = np.array([shapely.box(x, y, x + 1, y + 1) for y in range(3) for x in range(3)])
    touching = link_touching(boxes).toarray()
    x, y = (part.ravel().astype(float) for part in np.meshgrid(np.arange(3), np.arange(3)))
    np.testing.assert_array_equal(touching, link_within(x, y, 1.5).toarray())
    assert touching.diagonal().all()
    assert touching.sum(axis=1).tolist() == [4, 6, 4, 6, 9, 6, 4, 6, 4]

"""Hot spots: true where nothing is hot and where something is, and changed with the town as theory says."""

from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from geo.patterns.hotspots import compare_periods, find_hotspots, score_getis_ord
from geo.patterns.neighbours import link_nobody
from tests.unit.lattice_town import CELL_M, LatticeTown, build_town


@lru_cache
def town(size: int = 25) -> LatticeTown:
    return build_town(size, households=size**2 * 6.4)


# -- with nothing planted ------------------------------------------------------------------------------------


@pytest.mark.parametrize("expected", [12, 60, 400, 6_000])
def test_of_quiet_towns_no_more_than_one_in_twenty_is_called_hot(expected: int) -> None:
    # 300 towns: a true share of 4 % shows more than 7.3 % in fewer than one of 300 runs of this test.
    chance, place = np.random.default_rng(expected), town()
    hot = [
        find_hotspots(place.draw_quiet(chance, expected), place.households, place.neighbours, least_ratio=1.0)
        .is_hot.any()
        for _ in range(300)
    ]  # fmt: skip
    assert np.mean(hot) <= 0.073


def test_the_normal_curve_calls_nearly_every_quiet_town_hot() -> None:
    # Why the exact p decides: the same towns by Gi* of the rates, with the same false-discovery control.
    chance, place = np.random.default_rng(1), town()
    hot = 0
    for _ in range(100):
        count = place.draw_quiet(chance, 60)
        with np.errstate(invalid="ignore", divide="ignore"):
            z = score_getis_ord(count / place.households, place.neighbours)
        p = stats.norm.sf(z[np.isfinite(z)])
        hot += bool((stats.false_discovery_control(p) <= 0.05).any())
    assert hot > 60


def test_of_periods_that_differ_by_chance_alone_no_more_than_one_in_twenty_is_told() -> None:
    chance, place = np.random.default_rng(5), town()
    told = []
    for _ in range(150):
        before, after = place.draw_quiet(chance, 400), place.draw_quiet(chance, 250)
        change = compare_periods(before, after, place.neighbours, least_ratio=1.0)
        told.append([change.has_risen.any(), change.has_fallen.any()])
    assert (np.mean(told, axis=0) <= 0.073).all()


# -- with spots planted --------------------------------------------------------------------------------------


def test_planted_spots_are_found_and_little_else() -> None:
    place, found, true, false, raw_true = build_town(), 0, 0, 0, 0.0
    for seed in range(20):
        count, spots = place.plant(np.random.default_rng(seed), 300, ratio=10.0, spots=3)
        is_hot = find_hotspots(count, place.households, place.neighbours).is_hot
        planted = np.any(spots, axis=0)
        found += sum(bool((is_hot & spot).any()) for spot in spots)
        true, false = true + (is_hot & planted).sum(), false + (is_hot & ~planted).sum()
        raw_true += planted[np.argsort(-count, kind="stable")[: is_hot.sum()]].sum()
    assert found >= 0.9 * 60
    assert false <= 0.05 * (true + false)
    # A map of raw counts, with as many cells painted, shows where people live.
    assert raw_true < 0.8 * true


def test_a_spot_has_no_halo() -> None:
    place = build_town(15, households=15**2 * 20)
    count = np.round(place.households * 0.1)
    middle = int(np.argmax(place.households[: 15 * 8] * place.is_inside()[: 15 * 8]))
    count[middle] += 60
    spots = find_hotspots(count, place.households, place.neighbours)
    assert np.flatnonzero(spots.is_hot).tolist() == [middle]
    assert (spots.q <= 0.05).sum() > 1


def test_change_of_a_place_is_told_beyond_that_of_the_town() -> None:
    place, chance = town(), np.random.default_rng(2)
    before = place.draw_quiet(chance, 600)
    after = place.draw_quiet(chance, 1_200)
    spot = place.find_around(int(np.argmax(place.households * place.is_inside())), CELL_M)
    after[spot] += chance.poisson(25, spot.sum())
    change = compare_periods(before, after, place.neighbours)
    assert change.has_risen[spot].any()
    assert not change.has_risen[~spot].any()
    back = compare_periods(after, before, place.neighbours)
    np.testing.assert_array_equal(back.has_fallen, change.has_risen)


def test_cases_where_there_were_none_before_have_risen() -> None:
    before, after = np.array([0.0, 50, 50, 50]), np.array([30.0, 50, 50, 50])
    change = compare_periods(before, after, link_nobody(4))
    assert change.has_risen.tolist() == [True, False, False, False]
    assert np.isinf(change.ratio[0])


# -- exactness -----------------------------------------------------------------------------------------------


def test_p_is_that_of_the_binomial_test() -> None:
    place = town()
    count = place.draw_quiet(np.random.default_rng(0), 300)
    spots = find_hotspots(count, place.households, place.neighbours)
    cell = int(np.argmin(spots.p))
    exact = stats.binomtest(
        int(spots.window_count[cell]), int(count.sum()),
        spots.window_at_risk[cell] / place.households.sum(), alternative="greater",
    )  # fmt: skip
    assert spots.p[cell] == pytest.approx(exact.pvalue, rel=1e-9)


def test_p_of_a_change_is_that_of_fisher() -> None:
    before, after = np.array([3.0, 40, 25]), np.array([14.0, 45, 20])
    change = compare_periods(before, after, link_nobody(3), least_ratio=1.0, level=1.0)
    p = stats.fisher_exact(np.array([[14, 65], [3, 65]]), alternative="greater").pvalue
    told = compare_periods(before, after, link_nobody(3), level=p * 3 * 1.001)
    silent = compare_periods(before, after, link_nobody(3), level=p * 3 * 0.999)
    assert told.has_risen.tolist() == [True, False, False]
    assert not silent.has_risen.any()
    assert change.ratio[0] == pytest.approx(14 / 3)


@pytest.mark.parametrize("scale", [1, 30, 3_000])
def test_bar_of_a_change_is_that_of_fisher_however_many_cases(scale: int) -> None:
    # The rise is chosen so that p lies just on either side of the level.
    before = np.array([20.0, 60, 80]) * scale
    for rise in range(2_000):
        after = before + np.array([rise * max(1, scale // 40), 0, 0])
        table = np.array([[after[0], after[1:].sum()], [before[0], before[1:].sum()]]).astype(int)
        p = stats.hypergeom.sf(table[0, 0] - 1, table.sum(), table[0].sum(), table[:, 0].sum())
        told = compare_periods(before, after, link_nobody(3), least_ratio=1.0).has_risen[0]
        assert told == (3 * p <= 0.05) or abs(3 * p - 0.05) < 1e-6
        if p < 1e-4:
            return
    pytest.fail("never rare enough")


def test_interval_of_the_ratio_is_that_of_the_conditional_test() -> None:
    count, people = np.array([12.0, 88.0]), np.array([50.0, 950.0])
    spots = find_hotspots(count, people, link_nobody(2))
    bounds = stats.binomtest(12, 100).proportion_ci(0.95, method="exact")
    expected = [bound / (1 - bound) * 950 / 50 for bound in bounds]
    np.testing.assert_allclose([spots.low[0], spots.high[0]], expected, rtol=1e-9)
    assert spots.ratio[0] == pytest.approx(12 / 50 / (88 / 950))
    assert spots.low[0] < spots.ratio[0] < spots.high[0]


# -- what a changed town must change -------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(-4, 4))
def test_shifting_every_case_and_household_shifts_the_spots(seed: int, east: int, north: int) -> None:
    # 100 m are two cells. The town lies in the middle of empty land, so that nothing falls over the edge.
    chance = np.random.default_rng(seed)
    households, count = np.zeros((25, 25)), np.zeros((25, 25))
    households[8:17, 8:17] = np.round(chance.lognormal(3, 0.8, (9, 9)))
    count[8:17, 8:17] = chance.poisson(households[8:17, 8:17] * 0.1)
    count[12, 12] += 25
    there = find_hotspots(count.ravel(), households.ravel(), town().neighbours)
    moved, homes = (np.roll(part, (north, east), (0, 1)).ravel() for part in (count, households))
    here = find_hotspots(moved, homes, town().neighbours)
    for name in ("p", "q", "z", "is_hot"):
        expected = np.roll(getattr(there, name).reshape(25, 25), (north, east), (0, 1)).ravel()
        np.testing.assert_allclose(getattr(here, name), expected, rtol=1e-6, atol=1e-12)


def test_shifting_cases_away_from_their_households_leaves_the_spot_where_the_cases_are() -> None:
    households, count = np.full((15, 15), 20.0), np.full((15, 15), 1.0)
    count[4, 4] += 30
    place = build_town(15)
    for shift in (0, 2):
        spots = find_hotspots(np.roll(count, shift, 1).ravel(), households.ravel(), place.neighbours)
        assert np.argwhere(spots.is_hot.reshape(15, 15)).tolist() == [[4, 4 + shift]]


def test_doubling_the_households_of_a_place_halves_its_ratio_and_cools_it() -> None:
    households, count = np.full(100, 50.0), np.full(100, 5.0)
    count[7] = 18
    hot = find_hotspots(count, households, link_nobody(100))
    households[7] *= 2
    cooler = find_hotspots(count, households, link_nobody(100))
    assert cooler.ratio[7] == pytest.approx(hot.ratio[7] / 2)
    assert hot.is_hot[7]
    assert not cooler.is_hot[7]
    assert (cooler.ratio[:7] > 0.999 * hot.ratio[:7]).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 1000))
def test_the_unit_of_those_at_risk_does_not_matter(seed: int, factor: float) -> None:
    place = town()
    count, _ = place.plant(np.random.default_rng(seed), 200, ratio=8.0)
    one = find_hotspots(count, place.households, place.neighbours)
    other = find_hotspots(count, place.households * factor, place.neighbours)
    np.testing.assert_allclose(other.p, one.p, rtol=1e-6)
    np.testing.assert_array_equal(other.is_hot, one.is_hot)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_cells_does_not_matter(seed: int) -> None:
    place, chance = town(), np.random.default_rng(seed)
    count, _ = place.plant(chance, 200, ratio=8.0, spots=2)
    order = chance.permutation(len(count))
    one = find_hotspots(count, place.households, place.neighbours)
    shuffled = sparse.csr_array(place.neighbours[order][:, order])
    other = find_hotspots(count[order], place.households[order], shuffled)
    np.testing.assert_allclose(other.q, one.q[order], rtol=1e-9)
    assert other.is_hot.sum() == one.is_hot.sum()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 624), st.integers(1, 30))
def test_more_cases_in_a_place_never_make_its_p_larger(seed: int, cell: int, more: int) -> None:
    place = town()
    count = place.draw_quiet(np.random.default_rng(seed), 300)
    raised = count.copy()
    raised[cell] += more
    before, after = (find_hotspots(c, place.households, place.neighbours).p[cell] for c in (count, raised))
    assert after <= before * (1 + 1e-9)


# -- nothing to say ------------------------------------------------------------------------------------------


def test_without_cases_or_people_nothing_is_hot() -> None:
    place = town()
    nothing = np.zeros(len(place.households))
    for count, people in ((nothing, place.households), (place.households, nothing), (nothing, nothing)):
        spots = find_hotspots(count, people, place.neighbours)
        assert not spots.is_hot.any()
        assert (spots.q == 1).all()


def test_cases_where_nobody_lives_make_nothing_hot() -> None:
    place = town()
    empty = int(np.flatnonzero(place.households == 0)[40])
    count = place.draw_quiet(np.random.default_rng(0), 300)
    loud = count.copy()
    loud[empty] += 500
    one, other = (find_hotspots(c, place.households, place.neighbours) for c in (count, loud))
    np.testing.assert_array_equal(one.p, other.p)
    assert np.isnan(other.z[empty])


def test_two_cases_are_no_spot() -> None:
    households = np.full(200, 500.0)
    households[0] = 1
    count = np.ones(200)
    count[0] = 2
    assert not find_hotspots(count, households, link_nobody(200)).is_hot.any()
    count[0] = 3
    assert find_hotspots(count, households, link_nobody(200)).is_hot[0]

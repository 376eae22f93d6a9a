"""Rebounds: named while they happen, beside what peers would use; how much of a success is lost again."""

import numpy as np
import pytest

from geo.patterns.rebound import CERTAINTY, find_rebounds, measure_rebound
from tests.rebounds import FLOOR, LEVEL, WEEKS_AFTER, name_by_cusum, name_by_month, score, simulate


def test_rebounds_are_named_within_twelve_weeks_where_peers_are_late_or_wrong() -> None:
    ours, month, cusum = [], [], []
    for seed in range(8):
        campaign = simulate(400, np.random.default_rng(seed))
        ours.append(score(campaign, find_rebounds(campaign.before, campaign.after).named_in))
        month.append(score(campaign, name_by_month(campaign)))
        cusum.append(score(campaign, name_by_cusum(campaign)))
    recall, precision = np.mean(ours, axis=0)
    assert recall >= 0.85
    assert precision >= 0.9
    # The peers come out as they were measured, or the comparison would be worth nothing.
    np.testing.assert_allclose(np.mean(month, axis=0), (0.72, 0.40), atol=0.04)
    np.testing.assert_allclose(np.mean(cusum, axis=0), (0.83, 0.91), atol=0.03)


def test_a_name_is_right_as_often_as_it_says() -> None:
    """Late names count here: by then the rebound had begun."""
    for seed, options in enumerate([{}, {"rising": 0.1}, {"floor": 0.2}, {"level": 1.0}]):
        campaign = simulate(600, np.random.default_rng(seed), **options)
        named = find_rebounds(campaign.before, campaign.after).named_in
        begun = (campaign.began_in >= 0) & (named >= campaign.began_in)
        assert begun[named >= 0].mean() >= CERTAINTY - 0.04


@pytest.mark.parametrize("floor", [0.1, 0.4, 1.0])
def test_where_nothing_rises_hardly_anything_is_named(floor: float) -> None:
    """Not even where the campaign won nothing."""
    campaign = simulate(600, np.random.default_rng(1), floor=floor, rising=0.0)
    assert (find_rebounds(campaign.before, campaign.after).named_in >= 0).mean() <= 0.01


def test_each_week_knows_only_the_weeks_so_far() -> None:
    campaign = simulate(100, np.random.default_rng(2))
    whole = find_rebounds(campaign.before, campaign.after).probability
    part = find_rebounds(campaign.before, campaign.after[:, :9]).probability
    np.testing.assert_allclose(whole[:, :9], part, rtol=1e-12)


def test_the_week_it_began_in_is_about_right() -> None:
    campaign = simulate(400, np.random.default_rng(3), floor=0.2)
    found = find_rebounds(campaign.before, campaign.after)
    both = (found.named_in >= 0) & (campaign.began_in >= 0)
    away = np.abs(found.began_in[both] - campaign.began_in[both])
    assert np.median(away) <= 1
    assert away.mean() < 1.5
    assert (found.began_in[found.named_in < 0] == -1).all()


def test_a_rise_of_the_whole_town_is_no_rebound() -> None:
    chance = np.random.default_rng(4)
    season = np.ones(WEEKS_AFTER)
    season[10:18] = 2.5
    after = chance.poisson(np.full((200, WEEKS_AFTER), FLOOR * LEVEL) * season)
    before = chance.poisson(LEVEL, (200, 26))
    assert (find_rebounds(before, after).named_in >= 0).mean() > 0.3
    assert (find_rebounds(before, after, season_after=season).named_in >= 0).mean() <= 0.02


def test_the_same_cells_in_another_order_and_twice() -> None:
    campaign = simulate(150, np.random.default_rng(5))
    found = find_rebounds(campaign.before, campaign.after).probability
    order = np.random.default_rng(6).permutation(150)
    mixed = find_rebounds(campaign.before[order], campaign.after[order]).probability
    np.testing.assert_allclose(mixed, found[order], rtol=1e-9)
    twice = find_rebounds(*(np.tile(counts, (2, 1)) for counts in (campaign.before, campaign.after)))
    # More cells say the same, so the prior weighs less.
    np.testing.assert_allclose(twice.probability[:150], found, atol=0.1)
    np.testing.assert_array_equal(twice.probability[:150], twice.probability[150:])


def test_no_cells_and_no_weeks() -> None:
    none = np.empty((0, 5), dtype=np.int64)
    assert find_rebounds(none, none).probability.shape == (0, 5)
    found = find_rebounds(np.ones((3, 4), dtype=np.int64), np.empty((3, 0), dtype=np.int64))
    assert found.named_in.tolist() == [-1, -1, -1]


def index(before: int, floor: int, now: int, weeks: tuple[float, float, float] = (26, 10, 8)) -> list[float]:
    counts = [np.array([count]) for count in (before, floor, now)]
    found = measure_rebound(counts[0], weeks[0], counts[1], weeks[1], counts[2], weeks[2])
    return [float(found.index[0]), float(found.low[0]), float(found.high[0])]


def test_the_index_is_nothing_at_the_floor_and_one_at_the_level_before() -> None:
    assert index(52, 10, 8)[0] == pytest.approx(0)
    assert index(52, 10, 16)[0] == pytest.approx(1)
    assert index(52, 10, 12)[0] == pytest.approx(0.5)
    assert index(5_200, 1_000, 1_200, (2_600, 1_000, 800))[1:] == pytest.approx([0.40, 0.60], abs=0.02)


def test_what_was_never_won_cannot_be_lost() -> None:
    assert np.isnan(index(13, 4, 8)).all()
    assert np.isnan(index(10, 30, 40)).all()
    assert np.isnan(index(0, 0, 0)).all()


def test_the_index_does_not_mind_the_measure_of_time_nor_a_season_that_is_known() -> None:
    once = index(520, 40, 64)
    assert index(520, 40, 64, (26 * 7, 10 * 7, 8 * 7)) == pytest.approx(once)


@pytest.mark.parametrize("now", [0.8, 1.4, 2.0])
def test_the_interval_of_the_index_covers_the_truth(now: float) -> None:
    chance = np.random.default_rng(7)
    before, floor, late = chance.poisson([2.0 * 26, 0.8 * 12, now * 8], (4_000, 3)).T
    found = measure_rebound(before, 26, floor, 12, late, 8)
    truth = (now - 0.8) / (2.0 - 0.8)
    covered = (found.low <= truth) & (truth <= found.high)
    assert found.is_known.mean() > 0.8
    assert covered[found.is_known].mean() >= 0.94

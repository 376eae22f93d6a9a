"""Campaigns beside comparable places: what they changed, and what would have changed without them."""

from typing import Any

import numpy as np
import pytest

from geo.patterns.campaigns import Effect, compare_campaign
from geo.patterns.following import Flags, Floats, Ints

DAYS = 90.0


def draw_town(
    chance: np.random.Generator,
    *,
    effect: float = 1.0,
    trend: float = 1.0,
    size: int = 400,
    rate: float = 0.02,
    worst: bool = False,
) -> tuple[Ints, Ints, Floats, Flags]:
    """Return counts before and after; the campaign goes to 60 places, or to those with the most before."""
    households = chance.integers(20, 60, size).astype(float)
    rates = chance.gamma(0.8, rate / 0.8, size) * households / 40
    before = chance.poisson(rates * DAYS)
    treated = np.zeros(size, dtype=bool)
    chosen = np.argsort(-before, kind="stable")[:60] if worst else chance.choice(size, 60, replace=False)
    treated[chosen] = True
    after = chance.poisson(rates * DAYS * trend * np.where(treated, effect, 1.0))
    return before, after, households, treated


def compare(town: tuple[Ints, Ints, Floats, Flags], **options: Any) -> Effect:
    return compare_campaign(*town, **{"before_days": DAYS, "after_days": DAYS} | options)


@pytest.mark.parametrize("worst", [False, True])
@pytest.mark.parametrize(("effect", "trend"), [(1.0, 1.0), (0.5, 1.0), (0.5, 2.0), (1.0, 0.5), (0.1, 1.0)])
def test_the_interval_covers_the_effect_wherever_the_campaign_went(
    effect: float, trend: float, worst: bool
) -> None:
    """A campaign that goes where it was worst by accident is no success, nor one before a quiet season."""
    chance = np.random.default_rng(1)
    found = [
        compare(draw_town(chance, effect=effect, trend=trend, worst=worst, rate=0.01)) for _ in range(150)
    ]
    covered = [e.low <= effect <= e.high for e in found]
    assert np.mean(covered) >= 0.9
    assert np.mean([e.ratio for e in found]) == pytest.approx(effect, rel=0.08)
    if worst and effect == trend == 1:
        assert np.mean([e.naive for e in found]) < 0.85


def test_twice_the_households_change_nothing() -> None:
    before, after, households, treated = draw_town(np.random.default_rng(2), effect=0.5)
    once = compare((before, after, households, treated))
    twice = compare((before, after, 2 * households, treated))
    assert twice.expected == pytest.approx(once.expected)
    assert (twice.low, twice.high) == pytest.approx((once.low, once.high))


def test_a_second_town_like_the_first_is_as_good_and_surer() -> None:
    town = draw_town(np.random.default_rng(3), effect=0.6)
    before, after, households, treated = town
    again = (np.tile(before, 2), np.tile(after, 2), np.tile(households, 2), np.tile(treated, 2))
    once, twice = compare(town), compare(again)
    assert twice.ratio == pytest.approx(once.ratio, rel=0.01)
    assert twice.expected == pytest.approx(2 * once.expected, rel=0.01)
    assert twice.high - twice.low < 0.8 * (once.high - once.low)


def test_another_measure_of_time_changes_nothing_but_a_shorter_one_is_expected_to_see_less() -> None:
    town = draw_town(np.random.default_rng(4))
    months = compare(town, before_days=3.0, after_days=3.0)
    assert months.expected == pytest.approx(compare(town).expected)
    # The comparable places tell how long it was: only what is said without comparing goes by the days.
    shorter = compare(town, after_days=30.0)
    assert shorter.expected == pytest.approx(months.expected)
    assert shorter.naive == pytest.approx(3 * months.naive)


def test_places_are_compared_with_their_own_kind() -> None:
    """Where the treated are of a kind that sees five times as much, all together would mislead."""
    chance = np.random.default_rng(5)
    kind = (np.arange(600) % 2).astype(np.int64)
    rates = np.where(kind == 0, 0.01, 0.05)
    before, after = chance.poisson(rates * 10, (2, 600))
    treated = (kind == 1) & (chance.random(600) < 0.3)
    mine = compare((before, after, np.ones(600), treated), before_days=10, after_days=10, kind=kind)
    all_ = compare((before, after, np.ones(600), treated), before_days=10, after_days=10)
    truth = float(rates[treated].sum() * 10)
    assert abs(mine.expected - truth) < abs(all_.expected - truth)
    assert mine.expected == pytest.approx(truth, rel=0.15)


def test_few_cases_are_no_verdict_and_no_peers_nothing_to_compare_with() -> None:
    chance = np.random.default_rng(6)
    few = compare(draw_town(chance, rate=0.0005))
    assert few.is_few
    assert few.low < 1 < few.high
    before, after, households, treated = draw_town(chance)
    alone = compare((before, after, households, np.ones_like(treated)))
    assert np.isnan([alone.ratio, alone.low, alone.high, alone.trend]).all()
    assert alone.is_few
    nowhere = compare((before, after, households, np.zeros_like(treated)))
    assert nowhere.places == 0
    assert np.isnan(nowhere.ratio)


def test_none_after_is_not_none_for_ever() -> None:
    before, after, households, treated = draw_town(np.random.default_rng(7))
    found = compare((before, np.where(treated, 0, after), households, treated))
    assert found.ratio == found.low == 0
    assert 0 < found.high < 0.1
    assert found.averted == pytest.approx(found.expected)


def test_where_comparable_places_vary_more_than_chance_the_interval_is_wider() -> None:
    chance = np.random.default_rng(8)
    covered = []
    for _ in range(150):
        before, _, households, treated = draw_town(chance, rate=0.05)
        rates = np.maximum(before, 0.5) * chance.gamma(2, 1 / 2, len(before))
        found = compare((before, chance.poisson(rates), households, treated))
        covered.append(found.low <= 1 <= found.high)
    assert np.mean(covered) >= 0.9

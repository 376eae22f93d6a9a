"""Relapses: found as anybody would by hand, and told from what a busy place sees anyway."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.patterns.following import DAY_US, Cases, Floats, Ints, to_micros
from geo.patterns.relapse import (
    LIKELY,
    Pairs,
    find_returns,
    judge_returns,
    measure_excess,
    rank_by_excess,
    watch_closings,
)

BEGIN, END = np.datetime64("2025-01-01", "us"), np.datetime64("2026-01-01", "us")
FAR_M = 10_000.0


def to_moments(days: Floats) -> np.ndarray:
    """Return moments so many days after the beginning, NaT for nan."""
    us = np.where(np.isnan(days), np.iinfo(np.int64).min, np.nan_to_num(days) * DAY_US).astype(np.int64)
    moments = us.astype("timedelta64[us]") + BEGIN
    moments[np.isnan(days)] = np.datetime64("NaT")
    return moments


def make_cases(
    x_m: object, y_m: object, building: object, category: object, reported: object, closed: object
) -> Cases:
    return Cases(
        np.asarray(x_m, dtype=float), np.asarray(y_m, dtype=float),
        np.asarray(building, dtype=np.int64), np.asarray(category, dtype=np.int64),
        to_moments(np.asarray(reported, dtype=float)), to_moments(np.asarray(closed, dtype=float)),
    )  # fmt: skip


def pair_by_hand(cases: Cases, within_days: float = 30.0) -> set[tuple[int, int]]:
    """Return the pairs as the view states them, case by case."""
    found = set()
    for before in range(len(cases)):
        for again in range(len(cases)):
            gap = cases.reported_at[again] - cases.closed_at[before]
            if (
                before == again
                or np.isnat(gap)
                or cases.category[before] < 0
                or cases.category[before] != cases.category[again]
                or not np.timedelta64(0) <= gap < np.timedelta64(round(within_days * DAY_US), "us")
            ):
                continue
            away_m = np.hypot(cases.x_m[before] - cases.x_m[again], cases.y_m[before] - cases.y_m[again])
            same = cases.building[before] == cases.building[again] >= 0
            if same or away_m <= 50:
                found.add((before, again))
    return found


def list_pairs(pairs: Pairs) -> list[tuple[int, int]]:
    return list(zip(pairs.earlier.tolist(), pairs.later.tolist(), strict=True))


@st.composite
def _cases(draw: st.DrawFn) -> Cases:
    """A few cases on whole metres and days, so that many lie exactly on a limit."""
    size = draw(st.integers(0, 30))
    chance = np.random.default_rng(draw(st.integers(0, 10_000)))
    step = draw(st.sampled_from([1.0, 25.0, 50.0]))
    x_m, y_m = chance.integers(-6, 6, (2, size)) * step
    lost = chance.random(size) < 0.15
    x_m[lost] = np.nan
    reported = chance.integers(0, 70, size).astype(float)
    closed = reported + chance.choice([0.0, 0.5, 1.0, 10.0, np.nan], size)
    return make_cases(
        x_m, y_m, chance.integers(-1, 3, size), chance.integers(-1, 2, size), reported, closed
    )  # fmt: skip


@given(_cases(), st.sampled_from([1.0, 30.0]))
@settings(max_examples=200, deadline=None)
def test_pairs_are_those_found_by_hand(cases: Cases, within_days: float) -> None:
    found = list_pairs(find_returns(cases, within_days=within_days))
    assert len(found) == len(set(found))
    assert set(found) == pair_by_hand(cases, within_days)


@pytest.mark.parametrize(
    ("away_m", "days", "is_return"),
    [(50, 0, True), (50.01, 0, False), (0, 29.9999, True), (0, 30, False), (0, -0.0001, False)],
)
def test_fifty_metres_count_and_the_thirtieth_day_does_not(
    away_m: float, days: float, is_return: bool
) -> None:
    cases = make_cases([0, away_m], [0, 0], [-1, -1], [0, 0], [0, 5 + days], [5, np.nan])
    assert len(find_returns(cases).earlier) == is_return


def test_a_stray_place_at_the_other_end_of_the_world_is_no_trouble() -> None:
    cases = make_cases([0, 10, 4e12], [0, 0, -4e12], [-1, -1, 10**12], [0, 0, 900], [0, 7, 9], [5, 8, 10])
    assert list_pairs(find_returns(cases)) == [(0, 1)]


def test_a_case_linked_by_hand_follows_wherever_it_is_and_once() -> None:
    cases = make_cases([0, 10, FAR_M], [0, 0, 0], [-1] * 3, [0, 0, 1], [0, 7, 9], [5, np.nan, np.nan])
    linked = replace(cases, linked_to=np.array([-1, 0, 0]))
    assert list_pairs(find_returns(linked)) == [(0, 1), (0, 2)]


def scatter(places: int, rates: Floats, chance: np.random.Generator, days: float = 365.0) -> Cases:
    """Return cases that come by chance alone at places far from each other, closed after two days."""
    count = chance.poisson(rates * days)
    place = np.repeat(np.arange(places), count)
    reported = chance.random(len(place)) * days
    return make_cases(place * FAR_M, 0 * place, place, 0 * place, reported, reported + 2)


def watch(cases: Cases, within_m: float = 50.0):  # type: ignore[no-untyped-def]
    return watch_closings(
        cases, find_returns(cases, within_m=within_m), begin=BEGIN, end=END, within_m=within_m
    )


def shift(cases: Cases, metres: float = 0.0, days: int = 0) -> Cases:
    later = np.timedelta64(days, "D")
    return replace(
        cases, x_m=cases.x_m + metres, y_m=cases.y_m - metres,
        reported_at=cases.reported_at + later, closed_at=cases.closed_at + later,
    )  # fmt: skip


@pytest.fixture(scope="module")
def town() -> Cases:
    """Cases on whole metres, some in houses: shifting them rounds nothing."""
    chance = np.random.default_rng(3)
    size = 3_000
    x_m, y_m = chance.integers(0, 1500, (2, size)).astype(float)
    building = np.where(chance.random(size) < 0.5, (x_m // 60 * 30 + y_m // 60).astype(int), -1)
    reported = np.round(chance.random(size) * 365, 3)
    closed = np.where(chance.random(size) < 0.8, reported + np.round(chance.exponential(3, size), 3), np.nan)
    return make_cases(x_m, y_m, building, chance.integers(-1, 4, size), reported, closed)


@pytest.mark.parametrize(("metres", "days"), [(100, 0), (-7, 0), (0, 365), (12_345, -3_650)])
def test_moving_everything_or_another_year_changes_nothing(town: Cases, metres: float, days: int) -> None:
    moved = shift(town, metres, days)
    pairs, again = find_returns(town), find_returns(moved)
    assert list_pairs(again) == list_pairs(pairs)
    later = np.timedelta64(days, "D")
    before = watch_closings(town, pairs, begin=BEGIN, end=END)
    after = watch_closings(moved, again, begin=BEGIN + later, end=END + later)
    np.testing.assert_array_equal(after.expected, before.expected)
    np.testing.assert_array_equal(after.days_to_return, before.days_to_return)


def test_the_order_of_the_rows_changes_nothing(town: Cases) -> None:
    order = np.random.default_rng(0).permutation(len(town))
    mixed = Cases(*(
        getattr(town, name)[order]
        for name in ("x_m", "y_m", "building", "category", "reported_at", "closed_at")
    ))  # fmt: skip
    found = {(int(order[a]), int(order[b])) for a, b in list_pairs(find_returns(mixed))}
    assert found == set(list_pairs(find_returns(town)))


def test_a_second_town_like_the_first_doubles_every_number(town: Cases) -> None:
    twice = Cases(
        np.append(town.x_m, town.x_m + FAR_M), np.append(town.y_m, town.y_m),
        np.append(town.building, np.where(town.building >= 0, town.building + 10_000, -1)),
        np.append(town.category, town.category), np.append(town.reported_at, town.reported_at),
        np.append(town.closed_at, town.closed_at),
    )  # fmt: skip
    one, two = watch(town), watch(twice)
    assert two.has_returned.sum() == 2 * one.has_returned.sum()
    # The half case each category is given for nothing is a case fewer in each of two towns.
    assert two.expected.sum() == pytest.approx(2 * one.expected.sum(), rel=2e-3)


def test_days_after_the_end_are_not_watched_and_an_open_case_is_not() -> None:
    cases = make_cases(
        np.arange(4) * FAR_M, np.zeros(4), [-1] * 4, [0] * 4, [1, 350, 364, 10], [2, 355, 366, np.nan]
    )
    found = watch(cases)
    assert found.row.tolist() == [0, 1]
    assert found.watched_days.tolist() == [30, 10]
    assert found.expected[1] < found.expected[0]


def test_of_those_given_a_chance_so_many_come_back() -> None:
    """Among places quiet and busy: the crux, for a wrong baseline fits only the whole."""
    chance = np.random.default_rng(5)
    found = watch(scatter(6_000, chance.gamma(0.6, 0.02, 6_000), chance))
    edges = [0.1, 0.2, 0.3, 0.5, 0.7, 0.9]
    band = np.digitize(found.expected, edges)
    for number in range(len(edges) + 1):
        here = band == number
        returned = found.has_returned[here].mean()
        assert found.expected[here].mean() == pytest.approx(returned, abs=4 * np.sqrt(0.25 / here.sum()))
    assert found.expected.sum() == pytest.approx(found.has_returned.sum(), rel=0.03)


def test_the_interval_of_the_excess_covers_nothing_where_there_is_nothing() -> None:
    chance = np.random.default_rng(6)
    covered, surprised, asked = 0, 0, 0
    for _ in range(6):
        rates = chance.gamma(0.6, 0.02, 2_400)
        cases = scatter(2_400, rates, chance)
        found = watch(cases)
        group = cases.building[found.row] % 100
        excess = measure_excess(found, np.zeros(len(group)), group, 100)
        covered += int(((excess.low <= 0) & (excess.high >= 0)).sum())
        surprised += int((excess.p <= 0.05).sum())
        asked += 100
    assert covered / asked >= 0.95
    assert surprised / asked <= 0.05


def plant(cases: Cases, share: float, chance: np.random.Generator) -> tuple[Cases, Ints, np.ndarray]:
    """Add a campaign's closings in 60 places, of which a share comes back; say which these are."""
    size = 60
    # Where there is something to close: a place the likelier the more is reported there.
    place = chance.choice(
        np.unique(cases.building),
        size,
        replace=False,
        p=np.bincount(cases.building)[np.unique(cases.building)] / len(cases),
    )
    reported = chance.uniform(100, 110, size)
    back = chance.random(size) < share
    again = reported[back] + 1 + chance.uniform(2, 28, back.sum())
    where = np.concatenate([cases.building, place, place[back]])
    campaign = np.concatenate([np.full(len(cases), -1), np.zeros(size), np.full(back.sum(), -1)])
    together = make_cases(
        where * FAR_M, 0 * where, where, 0 * where,
        np.concatenate([(cases.reported_at - BEGIN) / np.timedelta64(1, "D"), reported, again]),
        np.concatenate([(cases.closed_at - BEGIN) / np.timedelta64(1, "D"), reported + 1, again + 2]),
    )  # fmt: skip
    planted = np.zeros(len(where), dtype=bool)
    planted[len(cases) + np.flatnonzero(back)] = True
    return together, campaign.astype(np.int64), planted


def judge(cases: Cases, campaign: Ints):  # type: ignore[no-untyped-def]
    found = watch(cases)
    mine = campaign[found.row]
    return found, judge_returns(
        found, (mine >= 0).astype(np.int64), np.maximum(mine, 0), cases.building[found.row]
    )


def test_a_probability_of_relapse_is_the_share_of_relapses() -> None:
    """With returns by chance beside the planted ones, as the demo has none."""
    chance = np.random.default_rng(8)
    likely, named, planted_all, planted_named = 0.0, [], 0, 0
    for _ in range(12):
        background = scatter(1_500, chance.gamma(0.6, 0.006, 1_500), chance)
        cases, campaign, planted = plant(background, 0.4, chance)
        found, probability = judge(cases, campaign)
        likely += probability[campaign[found.row] >= 0].sum()
        is_planted = planted[found.row]
        is_named = probability >= LIKELY
        named += probability[is_named].tolist()
        planted_all += int(is_planted.sum())
        planted_named += int((is_named & is_planted).sum())
    assert likely == pytest.approx(planted_all, rel=0.1)
    assert planted_named / len(named) == pytest.approx(np.mean(named), abs=0.06)
    assert planted_named / planted_all >= 0.9


def test_where_nothing_relapses_hardly_anything_is_called_a_relapse() -> None:
    chance = np.random.default_rng(9)
    returned = named = 0
    for _ in range(6):
        cases, campaign, _ = plant(scatter(1_500, chance.gamma(0.6, 0.02, 1_500), chance), 0.0, chance)
        found, probability = judge(cases, campaign)
        returned += int(found.has_returned.sum())
        named += int((probability >= LIKELY).sum())
    assert returned > 3_000
    assert named / returned <= 0.01


def test_a_quiet_place_where_everything_came_back_ranks_before_a_busy_one() -> None:
    """By excess, not by count: the busy place has many more returns."""
    chance = np.random.default_rng(10)
    rates = np.full(400, 0.003)
    rates[7] = 0.25
    background = scatter(400, rates, chance)
    # Quiet for half a year; then closed four times, and back each time within two weeks.
    reported = np.array([200.0, 212, 225, 236, 246])
    cases = make_cases(
        np.append(background.x_m, np.full(5, 401 * FAR_M)), np.append(background.y_m, np.zeros(5)),
        np.append(background.building, np.full(5, 401)), np.append(background.category, np.zeros(5)),
        np.append((background.reported_at - BEGIN) / np.timedelta64(1, "D"), reported),
        np.append((background.closed_at - BEGIN) / np.timedelta64(1, "D"), reported + 1),
    )  # fmt: skip
    found, probability = judge(cases, np.full(len(cases), -1))
    excess = measure_excess(found, probability, cases.building[found.row], 402)
    order = rank_by_excess(excess).tolist()
    assert order[0] == 401
    assert excess.returned[7] > 10 * excess.returned[401]
    assert excess.likely[7] < excess.likely[401]
    assert excess.expected[7] == pytest.approx(excess.returned[7], rel=0.1)


def test_nothing_in_gives_nothing_out() -> None:
    empty = make_cases([], [], [], [], [], [])
    found = watch(empty)
    assert judge_returns(found, *[np.empty(0, dtype=np.int64)] * 3).tolist() == []
    excess = measure_excess(found, np.empty(0), np.empty(0, dtype=np.int64), 2)
    assert excess.expected.tolist() == [0, 0]
    assert rank_by_excess(excess).tolist() == []


def test_moments_are_counted_in_microseconds_whatever_their_unit() -> None:
    assert to_micros(np.array(["1970-01-02"], dtype="datetime64[D]")).tolist() == [DAY_US]

"""Who follows whom, against looking at every pair."""

import numpy as np
import pytest

from geo.patterns import following
from geo.patterns.following import DAY_US, Cases, Following, Ints

START = np.datetime64("2025-01-01", "us")
WITHIN_M = 50.0


def draw_town(seed: int, *, size: int = 250, is_in_order: bool = True) -> Cases:
    """Few moments, places and categories, so that much happens at once; some are nowhere or not counted."""
    generator = np.random.default_rng(seed)
    day = generator.integers(0, 60, size)
    if is_in_order:
        day.sort()
    x_m, y_m = generator.integers(-8, 8, (2, size)).astype(np.float64) * 25 + 4_000
    x_m[generator.random(size) < 0.1] = np.nan
    reported_at = START + day * np.timedelta64(1, "D")
    # Some are closed the moment they are told.
    closed_at = reported_at + generator.integers(0, 5, size) * np.timedelta64(1, "D")
    building, category = generator.integers(-1, 6, size), generator.integers(-1, 3, size) * 100
    return Cases(x_m, y_m, building, category, reported_at, closed_at)


def ask(cases: Cases, *, days: int = 20) -> tuple[Ints, Ints, Ints]:
    """Return counted rows in no order, and spans of which some are empty."""
    generator = np.random.default_rng(0)
    rows = generator.permutation(np.flatnonzero(cases.category >= 0))
    since_us = cases.closed_at[rows].astype(np.int64)
    return rows, since_us, since_us + generator.integers(-2, days, len(rows)) * DAY_US


def look_at_every_pair(cases: Cases, rows: Ints, since_us: Ints, until_us: Ints) -> set[tuple[int, int]]:
    """Return positions and rows of what followed."""
    at_us = cases.reported_at.astype(np.int64)
    found = set()
    for position, row in enumerate(rows.tolist()):
        with np.errstate(invalid="ignore"):
            is_near = np.hypot(cases.x_m - cases.x_m[row], cases.y_m - cases.y_m[row]) <= WITHIN_M
        if cases.building[row] >= 0:
            is_near |= cases.building == cases.building[row]
        is_near &= (cases.category == cases.category[row]) & (np.arange(len(cases)) != row)
        is_near &= (at_us >= since_us[position]) & (at_us < until_us[position])
        found |= {(position, again) for again in np.flatnonzero(is_near).tolist()}
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("is_in_order", [True, False])
def test_all_that_followed_are_found_once_and_counted(seed: int, is_in_order: bool) -> None:
    cases = draw_town(seed, is_in_order=is_in_order)
    rows, since_us, until_us = ask(cases)
    expected = look_at_every_pair(cases, rows, since_us, until_us)
    town = Following(cases, WITHIN_M)
    at, again = town.find_all(rows, since_us, until_us)
    found = list(zip(at.tolist(), again.tolist(), strict=True))
    assert len(found) == len(expected) > 150
    assert set(found) == expected
    counts = np.bincount([position for position, _ in expected], minlength=len(rows))
    np.testing.assert_array_equal(town.count(rows, since_us, until_us), counts)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("is_in_order", [True, False])
def test_the_first_that_followed_is_the_earliest_and_of_one_moment_the_first_row(
    seed: int, is_in_order: bool
) -> None:
    cases = draw_town(seed, is_in_order=is_in_order)
    rows, since_us, until_us = ask(cases)
    first = np.full(len(rows), -1)
    for position, again in sorted(
        look_at_every_pair(cases, rows, since_us, until_us),
        key=lambda pair: (cases.reported_at[pair[1]], pair[1]), reverse=True,
    ):  # fmt: skip
        first[position] = again
    assert 80 < np.count_nonzero(first >= 0) < len(rows)
    np.testing.assert_array_equal(Following(cases, WITHIN_M).find_first(rows, since_us, until_us), first)


def test_what_is_looked_at_in_parts_and_at_once_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = draw_town(1)
    asked = ask(cases)
    whole = Following(cases, WITHIN_M).find_all(*asked)
    monkeypatch.setattr(following, "_AT_ONCE", 7)
    monkeypatch.setattr(following, "_MANY", 0)
    parts = Following(cases, WITHIN_M).find_all(*asked)
    assert sorted(zip(*(column.tolist() for column in whole), strict=True)) == sorted(
        zip(*(column.tolist() for column in parts), strict=True)
    )


def test_nothing_follows_where_there_is_nothing() -> None:
    nothing = draw_town(1, size=0)
    empty = np.empty(0, dtype=np.int64)
    town = Following(nothing, WITHIN_M)
    assert len(town.find_first(empty, empty, empty)) == len(town.count(empty, empty, empty)) == 0
    alone = draw_town(1, size=1)
    assert not len(Following(alone, WITHIN_M).find_all(*ask(alone))[0])

"""Colours of zones: never a neighbour's, and no more change than there must be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.zoning.colouring import HUES, pair_neighbours, settle_colours
from geo.zoning.problem import NO_ZONE

# Ten by ten buildings, in 25 zones of two by two.
LATTICE = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
SQUARES = (LATTICE[:, 0] // 2 * 5 + LATTICE[:, 1] // 2).astype(np.int64)


def pair(points: list[tuple[float, float]], zone: list[int]) -> set[tuple[int, int]]:
    return pair_neighbours(np.asarray(points, np.float64).reshape(-1, 2), np.asarray(zone, np.int64))


def test_zones_side_by_side_are_neighbours_and_far_ones_are_not() -> None:
    pairs = pair_neighbours(LATTICE, SQUARES)
    beside = {(z, z + 1) for z in range(25) if z % 5 < 4} | {(z, z + 5) for z in range(20)}
    corners = {(z, z + 6) for z in range(19) if z % 5 < 4} | {(z, z + 4) for z in range(20) if z % 5}
    assert beside <= pairs <= beside | corners


@pytest.mark.parametrize(
    ("points", "zone", "pairs"),
    [
        pytest.param([], [], set(), id="nothing"),
        pytest.param([(0, 0)], [1], set(), id="one"),
        pytest.param([(0, 0), (5, 5)], [7, 3], {(3, 7)}, id="two"),
        pytest.param([(2, 2), (0, 0), (1, 1)], [3, 1, 2], {(1, 2), (2, 3)}, id="on a line, out of order"),
        pytest.param([(0, 0), (0, 0), (0, 0)], [1, 2, 2], {(1, 2)}, id="on one spot"),
        pytest.param([(0, 0), (4, 0), (2, 1), (2, 1)], [1, 1, 1, 2], {(1, 2)}, id="a twin inside"),
        pytest.param([(0, 0), (1, 0), (2, 0)], [1, NO_ZONE, 2], set(), id="nobody's in between"),
    ],
)
def test_neighbours_of_few(
    points: list[tuple[float, float]], zone: list[int], pairs: set[tuple[int, int]]
) -> None:
    assert pair(points, zone) == pairs


def test_more_zones_than_hues_are_told_apart() -> None:
    pairs = pair_neighbours(LATTICE, SQUARES)
    colours = settle_colours(dict.fromkeys(range(25)), pairs)
    assert set(colours.values()) <= set(HUES)
    assert len(colours) == 25
    assert all(colours[a] != colours[b] for a, b in pairs)
    assert settle_colours(colours, pairs) == {}, "what is settled stays"


def test_only_one_of_two_alike_changes() -> None:
    colours = {1: HUES[0], 2: HUES[0], 3: HUES[1]}
    assert settle_colours(colours, {(1, 3)}) == {}, "alike, but apart"
    (changed,) = settle_colours(colours, {(1, 2), (2, 3)}).items()
    assert changed[0] == 1, "the one with fewer neighbours"
    assert changed[1] not in {HUES[0], HUES[1]}


@pytest.mark.parametrize("kept", [1, 2])
def test_whoever_was_just_painted_keeps_it(kept: int) -> None:
    changed = settle_colours({1: "#AABBCC", 2: "#AABBCC", 3: HUES[1]}, {(1, 2), (2, 3)}, kept={kept})
    assert changed.keys() == {3 - kept}


def test_a_zone_with_too_many_neighbours_shares_the_hue_least_used() -> None:
    colours: dict[int, str | None] = {0: None} | {n + 1: HUES[n % 12] for n in range(23)}
    assert settle_colours(colours, {(0, n) for n in range(1, 24)}) == {0: HUES[11]}


@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=40),
    st.lists(st.sampled_from([None, *HUES[:3]]), min_size=10, max_size=10),
)
def test_no_two_neighbours_alike_as_long_as_hues_suffice(
    buildings: list[tuple[int, int, int]], painted: list[str | None]
) -> None:
    pairs = pair([(x, y) for x, y, _ in buildings], [zone for *_, zone in buildings])
    before = dict(enumerate(painted))
    after = before | settle_colours(before, pairs)
    assert None not in after.values()
    assert all(after[a] != after[b] for a, b in pairs)

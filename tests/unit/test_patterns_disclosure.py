"""Shared screens: no answer, and no two answers compared, tell of fewer than k cases."""

from datetime import date
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.patterns.disclosure import Atoms, hide_few, number_blocks
from geo.patterns.hotspots import find_hotspots
from tests.unit.lattice_town import build_town

K = 5
SHAPE = (4, 3, 3)
COUNTS = st.lists(st.integers(0, 12), min_size=36, max_size=36).map(lambda n: np.array(n).reshape(SHAPE))


def publish(counts: np.ndarray) -> Atoms:
    cell, block, group = np.repeat(np.indices(SHAPE).reshape(3, -1), counts.ravel(), axis=1)
    return hide_few(cell, block, group, np.arange(counts.sum()), shape=SHAPE, least=K)


def list_filters() -> list[tuple[np.ndarray, np.ndarray]]:
    some = [np.array(part) for size in (1, 2, 3) for part in combinations(range(3), size)]
    return list(product(some, some))


@settings(max_examples=60, deadline=None)
@given(COUNTS)
def test_no_two_filters_differ_by_fewer_than_k_cases(counts: np.ndarray) -> None:
    atoms = publish(counts)
    answers = {
        (tuple(blocks), tuple(groups)): atoms.answer(blocks, groups) for blocks, groups in list_filters()
    }
    for (wide, narrow) in product(answers, answers):  # fmt: skip
        if set(narrow[0]) <= set(wide[0]) and set(narrow[1]) <= set(wide[1]):
            between = answers[wide] - answers[narrow]
            assert ((between == 0) | (between >= K)).all()


@settings(max_examples=60, deadline=None)
@given(COUNTS, st.data())
def test_a_single_case_more_or_less_in_a_hidden_atom_is_in_no_answer(
    counts: np.ndarray, data: st.DataObject
) -> None:
    few = np.argwhere(counts < K)
    if not len(few):
        return
    place = tuple(few[data.draw(st.integers(0, len(few) - 1))])
    other = counts.copy()
    other[place] = data.draw(st.integers(0, K - 1))
    one, same = publish(counts), publish(other)
    for blocks, groups in list_filters():
        np.testing.assert_array_equal(one.answer(blocks, groups), same.answer(blocks, groups))
    people = np.full(SHAPE[0], 10.0)
    np.testing.assert_array_equal(one.fill(people), same.fill(people))


def test_hiding_small_answers_alone_would_reveal_a_case() -> None:
    # What the rule is for: 6 in two blocks, 5 in the first, so 1 in the second.
    counts = np.zeros(SHAPE, dtype=int)
    counts[0, 0, 0], counts[0, 1, 0] = 5, 1
    naive_wide, naive_narrow = counts[0, :2].sum(), counts[0, :1].sum()
    assert naive_wide >= K
    assert naive_narrow >= K
    assert naive_wide - naive_narrow == 1
    atoms = publish(counts)
    wide, narrow = (atoms.answer(blocks=slice(end))[0] for end in (2, 1))
    assert wide - narrow == 0


def test_nought_and_too_few_look_alike() -> None:
    counts = np.zeros(SHAPE, dtype=int)
    counts[1], counts[2] = K - 1, K
    assert publish(counts).answer().tolist() == [0, 0, 9 * K, 0]


def test_a_case_entered_twice_counts_once() -> None:
    rows = np.zeros(6, dtype=np.int64)
    twice = np.array([1, 2, 3, 4, 4, 4])
    assert hide_few(rows, rows, rows, twice, shape=(1, 1, 1)).answer().tolist() == [0]
    assert hide_few(rows, rows, rows, np.arange(6), shape=(1, 1, 1)).answer().tolist() == [6]


def test_what_lies_in_no_cell_block_or_group_is_left_out() -> None:
    rows = np.zeros(7, dtype=np.int64)
    out = rows.copy()
    out[:2] = -1
    for columns in ((out, rows, rows), (rows, out, rows), (rows, rows, out)):
        assert hide_few(*columns, np.arange(7), shape=(1, 1, 1)).answer().tolist() == [5]


def test_blocks_are_those_of_the_calendar() -> None:
    days = np.array(
        [date(2025, 12, 31), date(2026, 1, 1), date(2026, 3, 31), date(2026, 4, 1)], "datetime64[D]"
    )
    assert np.diff(number_blocks(days)).tolist() == [1, 0, 1]
    assert np.diff(number_blocks(days, 1)).tolist() == [1, 2, 1]
    assert np.diff(number_blocks(days, 12)).tolist() == [1, 0, 0]
    # The same day of another year lies in the same part of it.
    assert number_blocks(days[1:2] + 365)[0] - number_blocks(days[1:2])[0] == 4


@pytest.mark.parametrize("expected", [1_000.0, 3_000.0])
def test_hidden_atoms_are_filled_by_what_is_to_be_expected(expected: float) -> None:
    place, chance = build_town(25, households=4_000), np.random.default_rng(1)
    count = place.draw_quiet(chance, expected).astype(np.int64)
    cell = np.repeat(np.arange(len(count)), count)
    nowhere = np.zeros(len(cell), dtype=np.int64)
    atoms = hide_few(cell, nowhere, nowhere, np.arange(len(cell)), shape=(len(count), 1, 1))
    filled = atoms.fill(place.households)
    assert filled.sum() == pytest.approx(count.sum(), rel=0.1)
    assert atoms.shown.sum() < 0.9 * count.sum()


def test_a_quiet_town_is_not_hot_on_shared_screens_either() -> None:
    place, chance, hot = build_town(25, households=4_000), np.random.default_rng(2), 0
    for _ in range(150):
        count = place.draw_quiet(chance, 1_500).astype(np.int64)
        cell = np.repeat(np.arange(len(count)), count)
        nowhere = np.zeros(len(cell), dtype=np.int64)
        atoms = hide_few(cell, nowhere, nowhere, np.arange(len(cell)), shape=(len(count), 1, 1))
        filled = atoms.fill(place.households).sum(axis=(1, 2))
        hot += bool(find_hotspots(filled, place.households, place.neighbours, least_ratio=1.0).is_hot.any())
    assert hot <= 0.08 * 150

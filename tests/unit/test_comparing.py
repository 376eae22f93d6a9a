"""One month against another: against exact answers, and what a careless comparison would say instead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.rules.comparing import SMALL, Ints, compare_counts, hide_small_cells


def ints(*values: int) -> Ints:
    return np.array(values, np.int64)


def test_the_interval_is_the_exact_one_of_the_binomial_share() -> None:
    (change,) = compare_counts(ints(14), ints(4), 30, 31)
    share = stats.binomtest(14, 18).proportion_ci(0.95, method="exact")
    assert change.low == pytest.approx(share.low / (1 - share.low) * 31 / 30)
    assert change.high == pytest.approx(share.high / (1 - share.high) * 31 / 30)
    assert change.ratio == pytest.approx(14 / 4 * 31 / 30)


def test_months_of_different_length_are_compared_by_the_day() -> None:
    # As many a day: 280 in 28 days after 310 in 31 are no fall, though they are thirty fewer.
    (change,) = compare_counts(ints(280), ints(310), 28, 31)
    assert change.ratio == pytest.approx(1)
    assert change.expected == pytest.approx(280)
    assert change.verdict == "even"


def test_a_small_number_has_no_verdict_however_much_it_grew() -> None:
    changes = compare_counts(ints(SMALL - 1, SMALL), ints(0, 0), 30, 30)
    assert [change.verdict for change in changes] == ["small", "up"]


def test_after_none_there_is_no_ratio_but_a_lower_bound() -> None:
    (change,) = compare_counts(ints(20), ints(0), 30, 30)
    assert (change.ratio, change.high) == (None, None)
    assert change.low is not None
    assert change.low > 4


def test_what_was_not_kept_is_unknown_and_not_nothing() -> None:
    for changes in (compare_counts(ints(50), None, 30, 30), compare_counts(ints(50), ints(0), 30, 0)):
        assert changes[0].verdict == "unknown"
        assert changes[0].then is None


def test_nothing_is_compared_with_nothing() -> None:
    assert compare_counts(ints(), ints(), 30, 30) == []


def test_months_that_differ_by_chance_alone_hardly_ever_show_a_rise() -> None:
    random = np.random.default_rng(7)
    runs, flagged, tested_alone = 300, 0, 0
    for _ in range(runs):
        changes = compare_counts(random.poisson(25, 60), random.poisson(25, 60), 30, 30)
        flagged += any(change.verdict in {"up", "down"} for change in changes)
        tested_alone += any(change.low is not None and change.low > 1 for change in changes)
    assert flagged / runs <= 0.05
    # What would be flagged in nearly every month without looking at all of them together.
    assert tested_alone / runs > 0.5


def test_a_real_rise_among_many_is_found() -> None:
    random = np.random.default_rng(8)
    now, then = random.poisson(20, 60), random.poisson(20, 60)
    now[17], then[17] = 48, 16
    verdicts = [change.verdict for change in compare_counts(now, then, 30, 30)]
    assert verdicts[17] == "up"
    assert verdicts.count("up") == 1


@given(st.integers(0, 60), st.integers(0, 60), st.integers(28, 31), st.integers(14, 31))
def test_looking_from_the_other_month_turns_everything_round(
    now: int, then: int, days: int, earlier_days: int
) -> None:
    (forward,) = compare_counts(ints(now), ints(then), days, earlier_days)
    (backward,) = compare_counts(ints(then), ints(now), earlier_days, days)
    turned = {"up": "down", "down": "up"}
    assert backward.verdict == turned.get(forward.verdict, forward.verdict)
    if forward.high is not None and forward.low:
        assert backward.low == pytest.approx(1 / forward.high)
        assert backward.high == pytest.approx(1 / forward.low)


def test_a_cell_hidden_alone_in_its_row_is_not_told_by_the_sum() -> None:
    counts = np.array([[12, 3, 9], [20, 15, 11], [8, 9, 30]])
    hidden = hide_small_cells(counts, 5)
    assert hidden[0, 1]
    for mask in (hidden, hidden.T):
        assert all(line.sum() != 1 for line in mask)


def test_a_hidden_cell_does_not_say_whether_there_is_a_case() -> None:
    hidden = hide_small_cells(np.array([[0, 4], [7, 9]]), 5)
    assert hidden[0].all()
    assert not hide_small_cells(np.array([[5, 8], [7, 9]]), 5).any()


@given(st.lists(st.lists(st.integers(0, 12), min_size=4, max_size=4), min_size=1, max_size=6))
def test_no_hidden_case_follows_from_what_is_shown(rows: list[list[int]]) -> None:
    counts = np.array(rows)
    hidden = hide_small_cells(counts, 5)
    assert hidden[counts < 5].all()
    for table, mask in ((counts, hidden), (counts.T, hidden.T)):
        for line, out in zip(table, mask, strict=True):
            # Alone hidden: only where it is the whole line, or there is nobody to protect.
            assert out.sum() != 1 or len(line) == 1 or line[out].sum() == 0

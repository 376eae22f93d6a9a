"""Days, weeks, months and quarters of the calendar."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.rules.periods import (
    PERIOD_KINDS,
    Period,
    PeriodKind,
    cut_period,
    find_compared,
    find_kind,
    find_month,
    find_period,
    format_month,
    format_period,
    go_back,
    parse_month,
    parse_period,
    same_last_year,
)

FEBRUARY = Period(date(2024, 2, 1), date(2024, 3, 1))


def test_a_month_has_its_days() -> None:
    assert find_month(date(2024, 2, 29)) == FEBRUARY
    assert FEBRUARY.days == 29
    assert find_month(date(2024, 12, 31)).end == date(2025, 1, 1)


@pytest.mark.parametrize(
    ("months", "first"),
    [(1, date(2024, 1, 1)), (2, date(2023, 12, 1)), (12, date(2023, 2, 1)), (-11, date(2025, 1, 1))],
)
def test_months_are_counted_across_years(months: int, first: date) -> None:
    assert go_back(FEBRUARY, months) == find_month(first)


def test_a_period_is_cut_to_what_is_over_and_to_what_was_kept() -> None:
    assert cut_period(FEBRUARY, until=date(2024, 2, 11)) == Period(date(2024, 2, 1), date(2024, 2, 11))
    assert cut_period(FEBRUARY, since=date(2024, 2, 20)) == Period(date(2024, 2, 20), date(2024, 3, 1))
    assert cut_period(FEBRUARY, until=date(2024, 2, 1)) is None
    assert cut_period(FEBRUARY, since=date(2024, 3, 1)) is None


def test_a_month_is_read_as_it_is_written() -> None:
    assert parse_month(format_month(FEBRUARY)) == FEBRUARY
    for words in ("", "2024", "2024-13", "2024-2-1", "二月"):
        assert parse_month(words) is None


@pytest.mark.parametrize(
    ("kind", "words", "first", "end"),
    [
        ("day", "2026-01-01", date(2026, 1, 1), date(2026, 1, 2)),
        # The first of January 2026 is a Thursday: its week began in 2025.
        ("week", "2026-W01", date(2025, 12, 29), date(2026, 1, 5)),
        ("month", "2026-01", date(2026, 1, 1), date(2026, 2, 1)),
        ("quarter", "2026-Q1", date(2026, 1, 1), date(2026, 4, 1)),
    ],
)
def test_a_day_is_in_one_period_of_each_kind(kind: PeriodKind, words: str, first: date, end: date) -> None:
    period = Period(first, end)
    assert find_period(kind, date(2026, 1, 1)) == period == parse_period(words)
    assert (find_kind(period), format_period(period)) == (kind, words)


@given(st.dates(date(1990, 1, 1), date(2190, 12, 31)), st.sampled_from(PERIOD_KINDS), st.integers(-30, 30))
def test_periods_follow_each_other_without_a_gap(day: date, kind: PeriodKind, steps: int) -> None:
    period = find_period(kind, day)
    assert period.first <= day < period.end
    assert go_back(period, -1, kind).first == period.end
    assert go_back(go_back(period, steps, kind), -steps, kind) == period
    assert parse_period(format_period(period)) == period
    assert find_kind(same_last_year(period, kind)) == kind


@pytest.mark.parametrize(
    ("words", "year_before"),
    [
        ("2026-Q3", "2025-Q3"),
        ("2026-02", "2025-02"),
        ("2024-02-29", "2023-02-28"),
        ("2021-W01", "2020-W01"),
        # 2026 has a week 53, 2025 has none.
        ("2026-W53", "2025-W52"),
    ],
)
def test_last_year_had_the_same(words: str, year_before: str) -> None:
    period = parse_period(words)
    kind = find_kind(period) if period else None
    assert period is not None
    assert kind is not None
    assert format_period(same_last_year(period, kind)) == year_before


def test_what_is_not_over_is_compared_with_as_many_days() -> None:
    march = find_month(date(2026, 3, 1))
    day_by_day = find_compared(march, "month", date(2026, 3, 10))
    assert day_by_day == (
        Period(date(2026, 2, 1), date(2026, 2, 11)),
        Period(date(2025, 3, 1), date(2025, 3, 11)),
    )
    assert find_compared(march, "month", date(2026, 3, 30))[0] == find_month(date(2026, 2, 1)), (
        "it has no 30th"
    )
    assert find_compared(march, "month", date(2026, 4, 1)) == (go_back(march, 1), go_back(march, 12))


@pytest.mark.parametrize(
    "words", ["", "2026-Q5", "2026-W54", "2025-W53", "2026-02-30", "2026-W1", "2026", "二月"]
)
def test_what_is_no_period_is_none(words: str) -> None:
    assert parse_period(words) is None


def test_any_other_days_are_written_by_their_ends() -> None:
    assert format_period(Period(date(2026, 10, 2), date(2026, 10, 5))) == "2026-10-02/2026-10-04"

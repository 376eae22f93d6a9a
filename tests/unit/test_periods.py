"""Months of the calendar."""

from datetime import date

import pytest

from geo.rules.periods import Period, cut_period, find_month, format_month, go_back, parse_month

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

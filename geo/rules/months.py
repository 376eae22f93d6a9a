"""Months of the calendar, and what one is compared with."""

import calendar
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in China, from ``first`` to before ``end``."""

    first: date
    end: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.first).days


def find_month(day: date) -> Period:
    """Return the month a day is in."""
    first = day.replace(day=1)
    return Period(first, first + timedelta(days=calendar.monthrange(day.year, day.month)[1]))


def go_back(period: Period, months: int) -> Period:
    """Return the month that lies some months before the one a period begins in; negative: after it."""
    counted = period.first.year * 12 + period.first.month - 1 - months
    return find_month(date(counted // 12, counted % 12 + 1, 1))


def cut_period(period: Period, *, since: date | None = None, until: date | None = None) -> Period | None:
    """Return what of a period lies from one day to before another; None where nothing does."""
    first = max(period.first, since or period.first)
    end = min(period.end, until or period.end)
    return Period(first, end) if first < end else None


def parse_month(words: str) -> Period | None:
    """Read a month such as 2026-10; None where it is none."""
    try:
        return find_month(date.fromisoformat(f"{words}-01"))
    except ValueError:
        return None


def format_month(period: Period) -> str:
    """Write the month a period begins in, such as 2026-10."""
    return f"{period.first:%Y-%m}"

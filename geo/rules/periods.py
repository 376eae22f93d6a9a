"""Days, weeks, months and quarters of the calendar, and what one is compared with."""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

PeriodKind = Literal["day", "week", "month", "quarter"]
PERIOD_KINDS: Final[tuple[PeriodKind, ...]] = ("day", "week", "month", "quarter")

_MONTHS: Final[Mapping[PeriodKind, int]] = {"month": 1, "quarter": 3}
_YEAR_MONTHS: Final = 12
_QUIET_DAYS: Final = 3
_QUARTER: Final = re.compile(r"(\d{4})-Q([1-4])")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in China, from ``first`` to before ``end``."""

    first: date
    end: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.end - self.first).days


def find_period(kind: PeriodKind, day: date) -> Period:
    """Return the day, the week from Monday on, the month or the quarter that a day is in."""
    if kind == "day":
        return Period(day, day + timedelta(days=1))
    if kind == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(monday, monday + timedelta(days=7))
    months = _MONTHS[kind]
    counted = day.year * _YEAR_MONTHS + day.month - 1
    return _take_months(counted - counted % months, months)


def find_month(day: date) -> Period:
    """Return the month a day is in."""
    return find_period("month", day)


def find_kind(period: Period) -> PeriodKind | None:
    """Return what a period is; None where it is a part of one, or of several."""
    return next((kind for kind in PERIOD_KINDS if find_period(kind, period.first) == period), None)


def go_back(period: Period, steps: int, kind: PeriodKind = "month") -> Period:
    """Return the month, or other period, some steps before the one a period begins in; negative: after it."""
    if kind in _MONTHS:
        months = _MONTHS[kind]
        start = find_period(kind, period.first).first
        return _take_months(start.year * _YEAR_MONTHS + start.month - 1 - steps * months, months)
    days = find_period(kind, period.first).days
    return find_period(kind, period.first - timedelta(days=steps * days))


def same_last_year(period: Period, kind: PeriodKind = "month") -> Period:
    """Return the same month, quarter, numbered week or date of the year before.

    Where that year had none (a 29th of February, a week 53), the last before it.
    """
    if kind in _MONTHS:
        return go_back(period, _YEAR_MONTHS // _MONTHS[kind], kind)
    if kind == "week":
        year, week, _ = period.first.isocalendar()
        # The 28th of December is always in the last week.
        last = date(year - 1, 12, 28).isocalendar().week
        return find_period("week", date.fromisocalendar(year - 1, min(week, last), 1))
    first = period.first
    last_day = calendar.monthrange(first.year - 1, first.month)[1]
    return find_period("day", date(first.year - 1, first.month, min(first.day, last_day)))


def is_kept(period: Period, kept_from: date) -> bool:
    """Whether cases were kept of a period, but for a day a week at its beginning that may have been quiet."""
    quiet = min(period.days // 7, _QUIET_DAYS)
    return period.first + timedelta(days=quiet) >= kept_from


def cut_period(period: Period, *, since: date | None = None, until: date | None = None) -> Period | None:
    """Return what of a period lies from one day to before another; None where nothing does."""
    first = max(period.first, since or period.first)
    end = min(period.end, until or period.end)
    return Period(first, end) if first < end else None


def find_compared(period: Period, kind: PeriodKind, today: date) -> tuple[Period, Period]:
    """Return the period before and the same of last year, with which one may be compared.

    Of one that is not over they have as many days as have begun of it, so that like is compared with like.
    """
    earlier = go_back(period, 1, kind), same_last_year(period, kind)
    days = (today - period.first).days + 1
    if not 0 < days < period.days:
        return earlier
    before, year_before = (
        Period(each.first, min(each.end, each.first + timedelta(days=days))) for each in earlier
    )
    return before, year_before


def parse_period(words: str) -> Period | None:
    """Read 2026-10-05, 2026-W45, 2026-10 or 2026-Q3; None where it is none of these."""
    try:
        if quarter := _QUARTER.fullmatch(words):
            return _take_months(int(quarter[1]) * _YEAR_MONTHS + (int(quarter[2]) - 1) * 3, 3)
        if re.fullmatch(r"\d{4}-W\d{2}", words):
            return find_period("week", date.fromisoformat(f"{words}-1"))
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
            return find_period("day", date.fromisoformat(words))
    except ValueError:
        return None
    return parse_month(words)


def parse_month(words: str) -> Period | None:
    """Read a month such as 2026-10; None where it is none."""
    try:
        return find_month(date.fromisoformat(f"{words}-01"))
    except ValueError:
        return None


def format_period(period: Period) -> str:
    """Write a period so that it is read again; of any other days the first and the last."""
    first = period.first
    match find_kind(period):
        case "day":
            return first.isoformat()
        case "week":
            year, week, _ = first.isocalendar()
            return f"{year}-W{week:02d}"
        case "month":
            return format_month(period)
        case "quarter":
            return f"{first.year}-Q{(first.month + 2) // 3}"
    return f"{first}/{period.end - timedelta(days=1)}"


def format_month(period: Period) -> str:
    """Write the month a period begins in, such as 2026-10."""
    return f"{period.first:%Y-%m}"


def _take_months(counted: int, months: int) -> Period:
    """Return so many months from one on, both counted from the year nought."""
    first, end = (
        date(number // _YEAR_MONTHS, number % _YEAR_MONTHS + 1, 1) for number in (counted, counted + months)
    )
    return Period(first, end)

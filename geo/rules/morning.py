"""From when a morning looks back."""

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from geo.rules.calendar import WorkingCalendar

_CHINA: Final = ZoneInfo("Asia/Shanghai")
_MOST_DAYS_OFF: Final = 60


def find_last_working_day(calendar: WorkingCalendar, day: date) -> date:
    """Return the last working day before a day; the day before where two months have none."""
    return next(
        (
            earlier
            for earlier in (day - timedelta(days=n) for n in range(1, _MOST_DAYS_OFF))
            if calendar.is_workday(earlier)
        ),
        day - timedelta(days=1),
    )


def find_last_close(calendar: WorkingCalendar, day: date) -> datetime:
    """Return when work ended on the last working day before a day."""
    _, closes_min = calendar.hours.intervals_min[-1]
    return start_of_day(find_last_working_day(calendar, day)) + timedelta(minutes=closes_min)


def find_day(at: datetime) -> date:
    """Return the day it is in China at a moment."""
    return at.astimezone(_CHINA).date()


def start_of_day(day: date) -> datetime:
    """Return midnight in China, with which a day begins."""
    return datetime.combine(day, time(), tzinfo=_CHINA)

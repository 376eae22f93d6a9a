"""From when a morning looks back, and what a case looks like on it."""

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


def measure_share(
    reported_at: datetime, amber_at: datetime | None, due_at: datetime | None, now: datetime
) -> float | None:
    """Return the share of the time allowed that is used, above 1 when overdue; None without a limit.

    The stored moment at which a case turns amber already knows of working hours and pauses, so that the share
    is read off the line through the report (0), amber (0.75) and the due time (1); what is over is measured
    by the length of that whole time.
    """
    if due_at is None:
        return None
    allowed = max(due_at - reported_at, timedelta(minutes=1))
    if now > due_at:
        return 1 + (now - due_at) / allowed
    turn = amber_at if amber_at and reported_at < amber_at < due_at else reported_at + 0.75 * allowed
    if now >= turn:
        return 1 if now == due_at else 0.75 + 0.25 * ((now - turn) / (due_at - turn))
    return 0.75 * (max(now - reported_at, timedelta(0)) / (turn - reported_at))

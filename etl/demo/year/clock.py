"""Working time for the demo's year: 08:30-12:00 and 14:30-18:00 on working days. Seconds since 1970, UTC."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from geo.rules.calendar import WorkingCalendar

Seconds = NDArray[np.float64]

HOUR_S = 3_600.0
DAY_S = 86_400.0
WORKING_DAY_S = 7 * HOUR_S
# China Standard Time, without summer time since 1991.
LOCAL_OFFSET_S = 8 * HOUR_S
_SHIFTS = ((8.5, 12.0), (14.5, 18.0))
_CALENDAR = WorkingCalendar()


def find_midnight(day: date) -> float:
    """Return the instant a day begins in Asia/Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() - LOCAL_OFFSET_S


def is_working_day(day: date) -> bool:
    """Tell whether offices are open."""
    return _CALENDAR.is_workday(day)


def go_back(day: date, working_days: int) -> date:
    """Return the working day so many working days before a day."""
    while working_days:
        day -= timedelta(days=1)
        working_days -= is_working_day(day)
    return day


class WorkingTime:
    """Working seconds between two days, to count forwards and back.

    Args:
        first: the day counting begins.
        last: the last day counted.
        every_day: also weekends and holidays, as the community's own desk is open (无假日社区).
    """

    def __init__(self, first: date, last: date, *, every_day: bool = False) -> None:
        starts: list[float] = []
        ends: list[float] = []
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            if every_day or is_working_day(day):
                midnight = find_midnight(day)
                starts += [midnight + begin * HOUR_S for begin, _ in _SHIFTS]
                ends += [midnight + end * HOUR_S for _, end in _SHIFTS]
        self._starts, self._ends = np.array(starts), np.array(ends)
        self._worked_after = np.cumsum(self._ends - self._starts)
        self._worked_before = self._worked_after - (self._ends - self._starts)

    def measure(self, instants: Seconds) -> Seconds:
        """Return the working seconds from the first day to each instant."""
        shift = np.clip(np.searchsorted(self._starts, instants, side="right") - 1, 0, len(self._starts) - 1)
        into = np.clip(instants - self._starts[shift], 0, self._ends[shift] - self._starts[shift])
        return np.asarray(self._worked_before[shift] + into)

    def locate(self, worked: Seconds) -> Seconds:
        """Return the instant at which that many seconds have been worked."""
        shift = np.clip(np.searchsorted(self._worked_after, worked, side="left"), 0, len(self._starts) - 1)
        return np.asarray(self._starts[shift] + (worked - self._worked_before[shift]))

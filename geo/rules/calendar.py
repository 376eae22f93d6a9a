"""Working time: which days are worked, and where in working time a moment lies.

Moments are ``datetime64`` in UTC. The days are those of China Standard Time, eight hours ahead; before 1992
China had summer time, which is not counted: an hour of those summers may be an hour off.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

import chinese_calendar
import numpy as np
from numpy.typing import NDArray

from geo.model.working_time import DEFAULT_HOURS, WorkingHours

Moments = NDArray[np.datetime64]
Micros = NDArray[np.int64]

DAY_US: Final = 86_400_000_000
_MINUTE_US: Final = 60_000_000
_LOCAL_OFFSET_US: Final = 8 * 60 * _MINUTE_US
# Moments outside are taken for the ends: no incident is older, and a due time beyond is as good as none.
_FIRST_DAY, _LAST_DAY = np.datetime64("1950-01-01", "D"), np.datetime64("2199-12-31", "D")
_FIRST_US: Final = int(_FIRST_DAY.astype("datetime64[us]").astype(np.int64))
_DAYS: Final = int((_LAST_DAY - _FIRST_DAY).astype(np.int64)) + 1
# A year's notice is known once it has its autumn: a New Year's weekend may be published with the year before.
KNOWN_YEARS: Final = frozenset(day.year for day in chinese_calendar.holidays if day.month == 10)


@lru_cache
def _list_national_workdays() -> NDArray[np.bool_]:
    """Return for each day of the span whether it is worked: Monday to Friday, put right by the notices."""
    # Asked day by day the library would look through all its holidays each time.
    weekday = (np.arange(_DAYS) + _FIRST_DAY.item().weekday()) % 7
    is_workday: NDArray[np.bool_] = weekday < 5
    is_workday[[_number(day) for day in chinese_calendar.holidays]] = False
    is_workday[[_number(day) for day in chinese_calendar.workdays]] = True
    is_workday.flags.writeable = False
    return is_workday


def _number(day: date) -> int:
    return int((np.datetime64(day, "D") - _FIRST_DAY).astype(np.int64))


class WorkingCalendar:
    """The working time of a community, to be measured and located; make it once and keep it.

    Working days are those of the State Council's yearly notices, 调休 included, as far as the installed
    library knows them, and Monday to Friday in other years.

    Args:
        hours: when people are at work on a working day.
        overrides: days the community works (True) or rests (False) whatever the notice says.
    """

    def __init__(
        self, hours: WorkingHours = DEFAULT_HOURS, overrides: Mapping[date, bool] | None = None
    ) -> None:
        self.hours = hours
        self._overrides = dict(overrides or {})
        is_workday = _list_national_workdays().copy()
        for day, is_worked in self._overrides.items():
            if 0 <= _number(day) < _DAYS:
                is_workday[_number(day)] = is_worked
        self._is_workday = is_workday
        self._workdays = np.flatnonzero(is_workday)
        self._workdays_before: NDArray[np.int64] = np.cumsum(is_workday) - is_workday
        intervals = np.array(hours.intervals_min, dtype=np.int64) * _MINUTE_US
        self._opens, self._closes = intervals[:, 0], intervals[:, 1]
        self._worked_by_close = np.cumsum(self._closes - self._opens)
        self._worked_by_open = self._worked_by_close - (self._closes - self._opens)
        self.day_us: Final = int(self._worked_by_close[-1])

    def is_workday(self, day: date) -> bool:
        """Tell whether a day is worked."""
        return bool(self._is_workday[min(max(_number(day), 0), _DAYS - 1)])

    def is_known(self, day: date) -> bool:
        """Tell whether a day is by a notice or the community's own word, not merely by its weekday."""
        return day.year in KNOWN_YEARS or day in self._overrides

    def measure(self, moments: Moments) -> Micros:
        """Return the working microseconds from the beginning of the calendar to each moment."""
        day, time = self._split(moments)
        worked = np.clip(time[..., None] - self._opens, 0, self._closes - self._opens).sum(axis=-1)
        return np.asarray(self._workdays_before[day] * self.day_us + self._is_workday[day] * worked)

    def locate(self, worked: Micros) -> Moments:
        """Return the first moment by which so many microseconds are worked: closing, not the next opening."""
        nth = np.clip((worked - 1) // self.day_us, 0, len(self._workdays) - 1)
        rest = np.clip(worked - nth * self.day_us, 0, self.day_us)
        interval = np.searchsorted(self._worked_by_close, rest, side="left")
        time = self._opens[interval] + rest - self._worked_by_open[interval]
        return self._join(self._workdays[nth], time)

    def find_opening(self, moments: Moments) -> Moments:
        """Return each moment itself if it is in working time, else the next opening."""
        day, time = self._split(moments)
        is_before_closing = self._is_workday[day] & (time < self._closes[-1])
        nth = self._workdays_before[day] + (self._is_workday[day] & ~is_before_closing)
        interval = np.searchsorted(self._closes[:-1], time, side="right")
        today = np.maximum(time, self._opens[interval])
        return self._join(
            self._workdays[np.minimum(nth, len(self._workdays) - 1)],
            np.where(is_before_closing, today, self._opens[0]),
        )

    @staticmethod
    def _split(moments: Moments) -> tuple[NDArray[np.int64], Micros]:
        """Return the day of each moment, counted from the first, and the microseconds since its midnight."""
        local = to_us(moments) + (_LOCAL_OFFSET_US - _FIRST_US)
        day, time = np.divmod(np.clip(local, 0, _DAYS * DAY_US - 1), DAY_US)
        return day, np.asarray(time)

    @staticmethod
    def _join(day: NDArray[np.int64], time: Micros) -> Moments:
        return to_moments(day * DAY_US + time + (_FIRST_US - _LOCAL_OFFSET_US))


def to_us(moments: Moments) -> Micros:
    """Return moments as microseconds since 1970 in UTC."""
    return np.asarray(moments, dtype="datetime64[us]").astype(np.int64)


def to_moments(us: Any) -> Moments:
    """Return microseconds since 1970 as moments."""
    return np.asarray(us, dtype=np.int64).astype("datetime64[us]")

"""Working time counted minute by minute: slow, and plain to see that it is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import chinese_calendar

from geo.model.working_time import DEFAULT_HOURS, WorkingHours

CHINA = timezone(timedelta(hours=8))
MINUTE = timedelta(minutes=1)


@lru_cache
def is_national_workday(day: date) -> bool:
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < 5


@dataclass(frozen=True)
class SlowClock:
    """Looks at every minute by itself; ``is_working`` False counts them all."""

    is_working: bool = True
    hours: WorkingHours = DEFAULT_HOURS
    overrides: Mapping[date, bool] = field(default_factory=dict)
    pauses: Sequence[tuple[datetime, datetime]] = ()

    def runs(self, moment: datetime) -> bool:
        """Whether the minute that begins at a moment counts."""
        if any(started <= moment < ended for started, ended in self.pauses):
            return False
        return not self.is_working or self.is_open(moment)

    def is_open(self, moment: datetime) -> bool:
        local = moment.astimezone(CHINA)
        minute = local.hour * 60 + local.minute
        return self.is_workday(local.date()) and any(
            opens <= minute < closes for opens, closes in self.hours.intervals_min
        )

    def is_workday(self, day: date) -> bool:
        if day in self.overrides:
            return self.overrides[day]
        return is_national_workday(day)

    def count(self, start: datetime, end: datetime) -> int:
        """Return the minutes that count between two moments."""
        minutes = 0
        while start < end:
            minutes += self.runs(start)
            start += MINUTE
        return minutes

    def find_due(self, start: datetime, minutes: int) -> datetime:
        """Return when so many minutes have counted; for none, when the first would begin to."""
        if minutes == 0:
            while not self.runs(start):
                start += MINUTE
            return start
        while minutes:
            minutes -= self.runs(start)
            start += MINUTE
        return start

"""How much time a case is given, how it stands, and the hours in which working time runs."""

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from geo.errors import InputRefused

_DAY_MIN: Final = 24 * 60
_MOST_UNITS: Final = 10_000


class Unit(StrEnum):
    """What time is counted in, as the database names it."""

    WORKING_HOUR = "working_hour"
    WORKING_DAY = "working_day"
    HOUR = "hour"
    DAY = "day"

    @property
    def is_working(self) -> bool:
        """Whether it runs in working hours only; hours and days run by the clock on the wall."""
        return self in {Unit.WORKING_HOUR, Unit.WORKING_DAY}


@dataclass(frozen=True, slots=True)
class Allowance:
    """An amount of time.

    Attributes:
        amount: from 0 to 10,000, fractions allowed.
        unit: what it is counted in.

    Raises:
        InputRefused: the amount is out of range, or not a number.
    """

    amount: float
    unit: Unit

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amount) and 0 <= self.amount <= _MOST_UNITS):
            msg = f"a time of {self.amount:g} {self.unit}s cannot be given: choose 0 to {_MOST_UNITS:,}"
            raise InputRefused(msg)


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When people are at work on a working day.

    Attributes:
        intervals_min: (opens, closes) in minutes after local midnight, in order and apart; 1440 is midnight.

    Raises:
        InputRefused: the intervals are none, backwards, overlapping or out of the day.
    """

    intervals_min: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        bounds = [0, *(minute for interval in self.intervals_min for minute in interval), _DAY_MIN]
        in_order = all(before <= after for before, after in pairwise(bounds))
        if (
            not self.intervals_min
            or not in_order
            or any(opens == closes for opens, closes in self.intervals_min)
        ):
            told = str(self) or "without an interval"
            msg = f"working hours {told} make no day: give them in order and apart"
            raise InputRefused(msg)

    def __str__(self) -> str:
        """Write them as people do: ``08:30-12:00, 14:30-18:00``."""
        return ", ".join(f"{tell_clock(opens)}-{tell_clock(closes)}" for opens, closes in self.intervals_min)


class WorkingTime(NamedTuple):
    """What a community sets for itself: its hours, and the days it works or rests against the notice."""

    hours: WorkingHours
    overrides: dict[date, bool]


def tell_clock(minutes: int) -> str:
    """Write minutes after midnight as a clock shows them; the end of a day is 24:00."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


DEFAULT_HOURS: Final = WorkingHours(((8 * 60 + 30, 12 * 60), (14 * 60 + 30, 18 * 60)))


class Status(StrEnum):
    """How a case stands against its due time."""

    IN_TIME = "in_time"
    AMBER = "amber"
    OVER = "over"
    NO_LIMIT = "no_limit"


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a case stands: the share of its time that is used (None without a limit), and what that means."""

    share: float | None
    status: Status

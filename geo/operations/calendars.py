"""The working time and the clocks of a community as its keepers set them, each change noted in the log.

Whoever changes something says what he saw. If somebody else was faster, nothing is changed and he is told.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, InputRefused
from geo.model.working_time import WorkingHours
from geo.operations.duties import keep_to_keepers
from geo.rules.inert import strip_controls
from geo.store import calendars
from geo.store.calendars import CategoryClock, OwnClock, OwnDay
from geo.store.duties import record_change
from geo.store.engine import connect, transaction

_LONGEST_NOTE: Final = 100
# Beyond these no due time is reckoned; see geo.rules.calendar.
_FIRST_DAY, _LAST_DAY = date(1950, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class CommunityTime:
    """What a community has set for itself, and what it leaves as it is everywhere.

    Attributes:
        hours: its own working hours; None for the usual ones.
        days: those it works or rests against the yearly notice.
        clocks: of every category, by code.
    """

    hours: WorkingHours | None
    days: Mapping[date, OwnDay]
    clocks: Mapping[str, OwnClock]


def read_community_time(community_id: int) -> CommunityTime:
    """Return the working time and the clocks of a community."""
    with connect() as connection:
        return _read(connection, community_id)


def set_hours(community_id: int, seen: WorkingHours | None, hours: WorkingHours | None) -> None:
    """Set the working hours; None for the usual ones.

    Raises:
        Conflict: they are not those that were seen.
        Forbidden: whoever acts does not keep the working time of that community.
    """
    with _change(community_id) as (connection, present):
        _expect(present.hours == seen, "the working hours")
        if hours == present.hours:
            return
        calendars.write_hours(connection, community_id, hours)
        change = {"what": "hours", "from": present.hours and str(present.hours), "to": hours and str(hours)}
        record_change(connection, "calendar_changed", community_id, "community", community_id, change)


def set_day(community_id: int, day: date, seen: OwnDay | None, wanted: OwnDay | None) -> None:
    """Let a community work or rest on a day whatever the notice says; None leaves it to the notice.

    Raises:
        InputRefused: the day is out of reach, or the note too long.
        Conflict: the day is not set as it was seen.
        Forbidden: whoever acts does not keep the working time of that community.
    """
    if not _FIRST_DAY <= day <= _LAST_DAY:
        msg = f"no time is reckoned on {day}: choose a day between {_FIRST_DAY.year} and {_LAST_DAY.year}"
        raise InputRefused(msg)
    if wanted is not None:
        note = strip_controls(wanted.note or "").strip() or None
        if note is not None and len(note) > _LONGEST_NOTE:
            msg = f"the note has {len(note):,} characters: shorten it to {_LONGEST_NOTE}"
            raise InputRefused(msg)
        wanted = OwnDay(wanted.is_workday, note)
    with _change(community_id) as (connection, present):
        _expect(present.days.get(day) == seen, f"the day {day}")
        if wanted == seen:
            return
        calendars.write_day(connection, community_id, day, wanted)
        change = {"what": "day", "day": day, "from": seen and asdict(seen), "to": wanted and asdict(wanted)}
        record_change(connection, "calendar_changed", community_id, "community", community_id, change)


def set_clock(community_id: int, category_code: str, seen: CategoryClock, wanted: CategoryClock) -> None:
    """Set a community's own times for a category; None leaves one as the category has it.

    Raises:
        InputRefused: there is no such category, or a time is nothing.
        Conflict: the times are not those that were seen.
        Forbidden: whoever acts does not keep the clocks of that community.
    """
    for allowance in (wanted.response, wanted.deadline):
        if allowance is not None and allowance.amount <= 0:
            msg = "a time is longer than nothing: give a number above 0, or leave it empty"
            raise InputRefused(msg)
    with _change(community_id) as (connection, present):
        if category_code not in present.clocks:
            msg = f"there is no category {category_code}: choose one of the list"
            raise InputRefused(msg)
        _expect(present.clocks[category_code].own == seen, f"the times of category {category_code}")
        if wanted == seen:
            return
        calendars.write_clock(connection, community_id, category_code, wanted)
        change = {"what": "clock", "category": category_code, "from": asdict(seen), "to": asdict(wanted)}
        record_change(connection, "calendar_changed", community_id, "community", community_id, change)


@contextmanager
def _change(community_id: int) -> Iterator[tuple[PostgresConnection, CommunityTime]]:
    """Yield a transaction in which nobody else changes the working time, and the time as it stands."""
    with keep_to_keepers(), transaction() as connection:
        calendars.lock_calendar(connection, community_id)
        yield connection, _read(connection, community_id)


def _read(connection: PostgresConnection, community_id: int) -> CommunityTime:
    return CommunityTime(
        calendars.load_own_hours(connection, community_id),
        calendars.load_own_days(connection, community_id),
        calendars.load_own_clocks(connection, community_id),
    )


def _expect(is_as_seen: bool, what: str) -> None:
    if not is_as_seen:
        msg = f"somebody else has set {what} meanwhile: look at it again"
        raise Conflict(msg)

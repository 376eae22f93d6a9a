"""Working time and clocks as a community has set them; nothing is kept here, whoever asks often keeps it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.working_time import DEFAULT_HOURS, Allowance, Unit, WorkingHours, WorkingTime, tell_clock
from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class CategoryClock:
    """How much time a category gives: to answer, and to settle. None without a limit."""

    response: Allowance | None
    deadline: Allowance | None


@dataclass(frozen=True, slots=True)
class OwnDay:
    """A day that a community works or rests whatever the yearly notice says."""

    is_workday: bool
    note: str | None = None


@dataclass(frozen=True, slots=True)
class OwnClock:
    """The times of a category everywhere, and those a community has set instead; None where it has not."""

    standard: CategoryClock
    own: CategoryClock


def load_working_time(connection: PostgresConnection, community_id: int) -> WorkingTime:
    """Return a community's hours, the default ones where it has none, and the days it works or rests.

    Together they make a :class:`geo.rules.calendar.WorkingCalendar`.
    """
    hours = load_own_hours(connection, community_id) or DEFAULT_HOURS
    return WorkingTime(
        hours, dict(load_queries("calendars").list_days(connection, community_id=community_id))
    )


def load_own_hours(connection: PostgresConnection, community_id: int) -> WorkingHours | None:
    """Return the hours that a community has set; None where it keeps the usual ones."""
    intervals_min = tuple(load_queries("calendars").list_hours(connection, community_id=community_id))
    return WorkingHours(intervals_min) if intervals_min else None


def load_own_days(connection: PostgresConnection, community_id: int) -> dict[date, OwnDay]:
    """Return the days that a community has set, in order, with its notes."""
    rows = load_queries("calendars").list_own_days(connection, community_id=community_id)
    return {day: OwnDay(is_workday, note) for day, is_workday, note in rows}


def load_own_clocks(connection: PostgresConnection, community_id: int) -> dict[str, OwnClock]:
    """Return the times of every category, and those that a community has set instead."""
    rows = load_queries("calendars").list_own_clocks(connection, community_id=community_id)
    return {
        code: OwnClock(
            CategoryClock(read_allowance(*times[0:2]), read_allowance(*times[2:4])),
            CategoryClock(read_allowance(*times[4:6]), read_allowance(*times[6:8])),
        )
        for code, *times in rows
    }


def lock_calendar(connection: PostgresConnection, community_id: int) -> None:
    """Wait until nobody else changes the working time of a community; hold until the transaction ends."""
    load_queries("calendars").lock_calendar(connection, community_id=community_id)


def write_hours(connection: PostgresConnection, community_id: int, hours: WorkingHours | None) -> None:
    """Set the hours of a community in place of those it had; None for the usual ones."""
    queries = load_queries("calendars")
    queries.delete_hours(connection, community_id=community_id)
    for opens, closes in hours.intervals_min if hours else ():
        queries.insert_hours(
            connection, community_id=community_id, opens=tell_clock(opens), closes=tell_clock(closes)
        )


def write_day(connection: PostgresConnection, community_id: int, day: date, own: OwnDay | None) -> None:
    """Set a day of a community; None leaves it to the notice."""
    queries = load_queries("calendars")
    queries.delete_day(connection, community_id=community_id, day=day)
    if own is not None:
        queries.insert_day(
            connection, community_id=community_id, day=day, is_workday=own.is_workday, note=own.note
        )


def write_clock(
    connection: PostgresConnection, community_id: int, category_code: str, own: CategoryClock
) -> None:
    """Set a community's own times for a category; none at all leaves them as they are everywhere."""
    queries = load_queries("calendars")
    queries.delete_clock(connection, community_id=community_id, category_code=category_code)
    if own.response is not None or own.deadline is not None:
        queries.insert_clock(
            connection,
            community_id=community_id,
            category_code=category_code,
            response_amount=own.response and own.response.amount,
            response_unit=own.response and own.response.unit,
            deadline_amount=own.deadline and own.deadline.amount,
            deadline_unit=own.deadline and own.deadline.unit,
        )


def load_clocks(connection: PostgresConnection, community_id: int) -> dict[str, CategoryClock]:
    """Return the times in force in a community by category code, of either level."""
    rows = load_queries("calendars").list_clocks(connection, community_id=community_id)
    return {
        code: CategoryClock(
            read_allowance(response_amount, response_unit), read_allowance(deadline_amount, deadline_unit)
        )
        for code, response_amount, response_unit, deadline_amount, deadline_unit in rows
    }


def read_allowance(amount: Decimal | None, unit: str | None) -> Allowance | None:
    """Return an amount and a unit of the database as one; both are NULL or neither is."""
    return None if amount is None or unit is None else Allowance(float(amount), Unit(unit))

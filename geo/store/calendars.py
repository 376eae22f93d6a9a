"""Working time and clocks as a community has set them; nothing is kept here, whoever asks often keeps it."""

from dataclasses import dataclass
from decimal import Decimal

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.working_time import DEFAULT_HOURS, Allowance, Unit, WorkingHours, WorkingTime
from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class CategoryClock:
    """How much time a category gives: to answer, and to settle. None without a limit."""

    response: Allowance | None
    deadline: Allowance | None


def load_working_time(connection: PostgresConnection, community_id: int) -> WorkingTime:
    """Return a community's hours, the default ones where it has none, and the days it works or rests.

    Together they make a :class:`geo.rules.calendar.WorkingCalendar`.
    """
    queries = load_queries("calendars")
    intervals_min = tuple(queries.list_hours(connection, community_id=community_id))
    hours = WorkingHours(intervals_min) if intervals_min else DEFAULT_HOURS
    return WorkingTime(hours, dict(queries.list_days(connection, community_id=community_id)))


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

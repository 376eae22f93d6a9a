"""Whose time it was, in the history of the demo and in one made here."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.demo.load import load_demo
from geo.errors import NotFound
from geo.operations.case_view import view_case
from geo.rules.calendar import Moments, WorkingCalendar
from geo.rules.clock import find_dues
from geo.store.calendars import load_clocks
from geo.store.engine import acting_as
from tests.actors import find_secretary

AS_OF = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_bounced_cases_of_the_demo_show_each_party(database_url: str, connection: PostgresConnection) -> None:
    bounced = load_demo(database_url, community="Y", as_of=AS_OF).truth.bounced
    assert bounced
    secretary = find_secretary(database_url)
    for planted in bounced:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, party_id, state FROM incident WHERE external_id = %s", (planted["incident"],)
            )
            incident_id, party_id, state = cursor.fetchall()[0]
            cursor.execute(
                "SELECT actor_party_id, at FROM incident_event "
                "WHERE incident_id = %s AND to_state = 'returned' ORDER BY at",
                (incident_id,),
            )
            returns = cursor.fetchall()
        with acting_as(secretary):
            legs = view_case(incident_id, NOW).legs

        assert [(leg.party_id, leg.ended_at) for leg in legs[: len(returns)]] == returns
        if state != "returned":
            assert legs[-1].party_id == party_id
        assert all(leg.used > timedelta(0) for leg in legs if leg.ended_at != leg.started_at)
        assert sum(leg.ran_out for leg in legs) <= 1, "a due time passes once"


@pytest.mark.usefixtures("secretary")
def test_an_unknown_case_is_refused() -> None:
    with pytest.raises(NotFound, match="no case 1 "):
        view_case(1, NOW)


def test_due_times_of_the_demo_are_those_of_the_clock(
    database_url: str, connection: PostgresConnection
) -> None:
    """The demo reckons by itself, over a spring festival and two worked Saturdays."""
    load_demo(database_url, community="Y", as_of=AS_OF)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.category_code, e.at, i.original_due_at FROM incident AS i "
            "JOIN incident_event AS e ON e.incident_id = i.id AND e.to_state = 'registered' "
            "WHERE i.original_due_at IS NOT NULL"
        )
        cases = cursor.fetchall()
    clocks = load_clocks(connection, 1)
    dues = find_dues(
        WorkingCalendar(),
        to_columns([at for _, at, _ in cases]),
        np.array([clocks[code].deadline.amount for code, *_ in cases]),  # type: ignore[union-attr]
        np.array([clocks[code].deadline.unit.value for code, *_ in cases]),  # type: ignore[union-attr]
    )
    apart = dues - to_columns([due for *_, due in cases])
    assert len(cases) > 500
    assert np.abs(apart).max() <= np.timedelta64(1, "s"), "written to the second"


def to_columns(moments: list[datetime]) -> Moments:
    return np.array([moment.astimezone(UTC).replace(tzinfo=None) for moment in moments], "datetime64[us]")

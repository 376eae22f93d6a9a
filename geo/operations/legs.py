"""Whose time it was: the legs of one case, on the clock of its community."""

from datetime import datetime

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.operations.deadlines import find_unit, load_calendar
from geo.rules.legs import Leg, build_legs, read_history
from geo.store import incidents


def list_legs(connection: PostgresConnection, incident_id: int, moment: datetime) -> list[Leg]:
    """Return who was responsible for a case from when to when, and how much of the time each used.

    Args:
        connection: for reading, as whoever looks.
        incident_id: the case.
        moment: as of when the leg that is still on is judged.

    Raises:
        NotFound: the case is not there, or not to be seen.
    """
    case = incidents.get_clock_facts(connection, incident_id)
    history = read_history(
        incidents.list_events(connection, incident_id),
        party_id=case.party_id,
        due_at=case.due_at,
        original_due_at=case.original_due_at,
    )
    return build_legs(
        history, load_calendar(connection, case.community_id), find_unit(connection, case), moment
    )

"""Absences in the database: who is away, who stands in, and what somebody has in hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.absence import (
    Absence,
    AbsenceReason,
    DutyKind,
    HandedBuilding,
    HandedCase,
    HeldDuty,
    Return,
    Substitute,
)
from geo.model.zone import ZoneKind
from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class PartyFacts:
    """Of whom an absence or a leaving is."""

    community_id: int
    kind: str
    name: str
    active_from: date
    active_to: date | None


@dataclass(frozen=True, slots=True)
class StrandedCase:
    """An open case of somebody who is away or gone; ``target_id`` is who does his work, None for nobody."""

    id: int
    version: int
    party_id: int
    target_id: int | None


@dataclass(frozen=True, slots=True)
class AwaitedCase:
    """An open case that went on while a party was away that is there now; the ``position``-th it was with."""

    id: int
    version: int
    party_id: int
    position: int


def get_party(connection: PostgresConnection, party_id: int) -> PartyFacts:
    """Return who a party is.

    Raises:
        NotFound: there is no such one that whoever acts may see.
    """
    row = load_queries("absences").get_party(connection, party_id=party_id)
    if row is None:
        msg = "there is no such party in this community: choose one of the list"
        raise NotFound(msg)
    return PartyFacts(*row)


def list_absences(connection: PostgresConnection, community_id: int, on_day: date) -> list[Absence]:
    """Return the absences in force on a day and those to come; who stands in is said of the former."""
    queries = load_queries("absences")
    standing: dict[int, list[Substitute]] = {}
    for lead, *substitute in queries.list_substitutes(connection, community_id=community_id, on_day=on_day):
        standing.setdefault(lead, []).append(Substitute(*substitute))
    absences = []
    for row in queries.list_absences(connection, community_id=community_id, on_day=on_day):
        *head, reason, note, cases = row
        absence = replace(
            Absence(*head), reason=None if reason is None else AbsenceReason(reason), note=note, cases=cases
        )
        if absence.covers(on_day):
            absence = replace(absence, substitutes=tuple(standing.get(absence.party_id, ())))
        absences.append(absence)
    return absences


def insert_absence(
    connection: PostgresConnection,
    community_id: int,
    party_id: int,
    *,
    valid_from: date,
    valid_to: date | None,
    reason: AbsenceReason,
    note: str | None,
    stand_in_id: int | None,
) -> int:
    """Enter an absence and return its id."""
    absence_id: int = load_queries("absences").insert_absence(
        connection,
        community_id=community_id,
        party_id=party_id,
        valid_from=valid_from,
        valid_to=valid_to,
        reason=reason,
        note=note,
        stand_in_id=stand_in_id,
    )
    return absence_id


def find_overlapping(
    connection: PostgresConnection, party_id: int, valid_from: date, valid_to: date | None
) -> date | None:
    """Return from when a party is away in a time already; None if it is not."""
    found: date | None = load_queries("absences").find_overlapping(
        connection, party_id=party_id, valid_from=valid_from, valid_to=valid_to
    )
    return found


def get_absence(connection: PostgresConnection, absence_id: int) -> tuple[int, int, date, date | None]:
    """Return community, party, first day and first day back of an absence.

    Raises:
        NotFound: there is no such one.
    """
    row = load_queries("absences").get_absence(connection, absence_id=absence_id)
    if row is None:
        msg = "there is no such absence any more: look at the list again"
        raise NotFound(msg)
    return row[0], row[1], row[2], row[3]


def lock_absences(connection: PostgresConnection, community_id: int) -> None:
    """Wait until nobody else enters absences of a community; hold until the transaction ends."""
    load_queries("absences").lock_absences(connection, community_id=community_id)


def end_absence(connection: PostgresConnection, absence_id: int, valid_to: date) -> int:
    """Let an absence end, with its first day for not at all; return how many rows that changed."""
    return int(load_queries("absences").end_absence(connection, absence_id=absence_id, valid_to=valid_to))


def list_turning_days(
    connection: PostgresConnection, community_id: int, valid_from: date, valid_to: date | None
) -> list[date]:
    """Return the days in a time on which it changes who is there or who is appointed, in order."""
    rows = load_queries("absences").list_turning_days(
        connection, community_id=community_id, valid_from=valid_from, valid_to=valid_to
    )
    return [day for (day,) in rows]


def list_gaps(connection: PostgresConnection, party_id: int, on_day: date) -> dict[ZoneKind, list[int]]:
    """Return the buildings that nobody holds on a day because a party is away, by kind of responsibility."""
    gaps: dict[ZoneKind, list[int]] = {}
    for kind, building_id in load_queries("absences").list_gaps(connection, party_id=party_id, on_day=on_day):
        gaps.setdefault(ZoneKind(kind), []).append(building_id)
    return gaps


def list_held(
    connection: PostgresConnection, community_id: int, kind: ZoneKind, on_day: date
) -> Mapping[int, int]:
    """Return who holds which building on a day."""
    return dict(
        load_queries("absences").list_held(connection, community_id=community_id, kind=kind, on_day=on_day)
    )


def list_takers(connection: PostgresConnection, community_id: int, kind: ZoneKind, on_day: date) -> list[int]:
    """Return who is there on a day to take buildings for a kind of responsibility."""
    rows = load_queries("absences").list_takers(
        connection, community_id=community_id, kind=kind, on_day=on_day
    )
    return [party_id for (party_id,) in rows]


def insert_covers(
    connection: PostgresConnection,
    absence_id: int,
    community_id: int,
    kind: ZoneKind,
    taker_of: Mapping[int, int],
) -> None:
    """Note who takes which building while somebody is away."""
    for building_id, party_id in taker_of.items():
        load_queries("absences").insert_cover(
            connection,
            absence_id=absence_id,
            community_id=community_id,
            building_id=building_id,
            kind=kind,
            party_id=party_id,
        )


def list_stranded_cases(
    connection: PostgresConnection, community_id: int, on_day: date
) -> list[StrandedCase]:
    """Return the open cases of those who are away or gone on a day."""
    rows = load_queries("absences").list_stranded_cases(connection, community_id=community_id, on_day=on_day)
    return [StrandedCase(*row) for row in rows]


def await_holder(
    connection: PostgresConnection, community_id: int, incident_id: int, version: int, party_id: int
) -> None:
    """Note that a case has gone on from a version because a party is away, so that it comes back to it."""
    case = {"incident_id": incident_id, "version": version}
    queries = load_queries("absences")
    queries.forget_awaiting(connection, **case, position=None)
    queries.raise_awaiting(connection, **case)
    queries.insert_awaiting(connection, **case, community_id=community_id, party_id=party_id)


def end_awaiting(connection: PostgresConnection, incident_id: int, version: int, position: int) -> None:
    """Note that a case has gone back, from a version, to the one at a position; those before it wait on."""
    queries = load_queries("absences")
    queries.forget_awaiting(connection, incident_id=incident_id, version=version, position=position)
    queries.raise_awaiting(connection, incident_id=incident_id, version=version)


def list_awaited_cases(connection: PostgresConnection, community_id: int, on_day: date) -> list[AwaitedCase]:
    """Return the open cases that come back on a day to whoever is there again: nobody has worked on them."""
    rows = load_queries("absences").list_awaited_cases(connection, community_id=community_id, on_day=on_day)
    return [AwaitedCase(*row) for row in rows]


def list_returns(
    connection: PostgresConnection, community_id: int, since: date, on_day: date
) -> list[Return]:
    """Return who has come back after a day and until another, with what came back to them."""
    rows = load_queries("absences").list_returns(
        connection, community_id=community_id, since=since, on_day=on_day
    )
    return [Return(*row) for row in rows]


def find_acting(
    connection: PostgresConnection, party_id: int, building_id: int | None, on_day: date
) -> int | None:
    """Return who does the work of a party on a day: itself where it is there; None where nobody does."""
    acting: int | None = load_queries("absences").find_acting(
        connection, party_id=party_id, building_id=building_id, on_day=on_day
    )
    return acting


def end_service(connection: PostgresConnection, party_id: int, last_day: date) -> None:
    """End with a day whatever a party is."""
    load_queries("absences").end_service(connection, party_id=party_id, last_day=last_day)


def list_duties(connection: PostgresConnection, party_id: int, on_day: date) -> list[HeldDuty]:
    """Return what a party is and has on a day."""
    rows = load_queries("absences").list_duties(connection, party_id=party_id, on_day=on_day)
    return [HeldDuty(DutyKind(kind), *rest) for kind, *rest in rows]


def list_handed_cases(connection: PostgresConnection, party_id: int, on_day: date) -> list[HandedCase]:
    """Return the open cases of a party and of the buildings it leads, those due first at the front."""
    rows = load_queries("absences").list_handed_cases(connection, party_id=party_id, on_day=on_day)
    return [HandedCase(*row) for row in rows]


def list_handed_buildings(
    connection: PostgresConnection, party_id: int, on_day: date
) -> list[HandedBuilding]:
    """Return the buildings a party leads, those visited longest ago first."""
    rows = load_queries("absences").list_handed_buildings(connection, party_id=party_id, on_day=on_day)
    return [HandedBuilding(*row) for row in rows]

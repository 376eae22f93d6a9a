"""Absences: somebody is away for some days, others step in and his open cases follow; or he leaves for good.

Backups of his zones step in by themselves. Buildings of zones without one are shared among those present.
What follows of it day by day is in :mod:`geo.operations.hand_overs`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused
from geo.model.absence import Absence, AbsenceReason, HandOver, HandOverSheet, HeldDuty
from geo.operations.case_fields import clean_text
from geo.operations.clashes import tell_clashes
from geo.operations.deadlines import find_day
from geo.operations.hand_overs import bring_back, cover_gaps, move_on, settle
from geo.rules.access import is_allowed
from geo.store import absences as store
from geo.store.duties import record_change
from geo.store.engine import connect, get_actor, transaction

_LONGEST_NOTE: Final = 400


def list_absences(community_id: int, on_day: date) -> list[Absence]:
    """Return who is away on a day with who stands in, and the absences to come."""
    with connect() as connection:
        return store.list_absences(connection, community_id, on_day)


def list_stood_in_for(community_id: int, party_id: int, on_day: date) -> list[Absence]:
    """Return the absences on a day in which a party stands in, for buildings or for what belongs to none."""
    return [
        absence
        for absence in list_absences(community_id, on_day)
        if absence.covers(on_day)
        and party_id in {absence.stand_in_id, *(each.party_id for each in absence.substitutes)}
    ]


def mark_absent(
    party_id: int,
    first_day: date,
    back_on: date | None,
    reason: AbsenceReason,
    *,
    note: str | None = None,
    stand_in_id: int | None = None,
) -> HandOver:
    """Enter that somebody is away, and see to it that others do his work.

    His buildings go to the backups of their zones; where there is none who is there, they are shared among
    the others. His open cases go to whoever has their building, or else to the one who stands in: at once if
    he is away today already, otherwise as the first day begins. Neither state nor clock of a case changes.

    Args:
        party_id: who.
        first_day: the first day he is away, in Asia/Shanghai.
        back_on: the first day he is back; None until further notice.
        reason: why.
        note: what else there is to say; shown to the secretary and to himself.
        stand_in_id: who does what belongs to no building.

    Raises:
        InputRefused: the dates are not in order, he is away then already, or he stands in for himself.
        NotFound: there is no such party.
        Forbidden: whoever acts does not keep absences there.
    """
    today = find_day(datetime.now(UTC))
    if back_on is not None and back_on <= max(first_day, today):
        msg = "the first day back is not after the first day away, or is past: choose a later one"
        raise InputRefused(msg)
    if stand_in_id == party_id:
        msg = "nobody stands in for himself: choose somebody else, or nobody"
        raise InputRefused(msg)
    clean = clean_text(note, _LONGEST_NOTE, "note")
    with _keep_to_keepers(), transaction() as connection:
        party = store.get_party(connection, party_id)
        if not _is_active(party.active_from, party.active_to, first_day):
            msg = f"{party.name} does not work here on {first_day}: choose a day on which he does"
            raise InputRefused(msg)
        store.lock_absences(connection, party.community_id)
        if clash := store.find_overlapping(connection, party_id, first_day, back_on):
            msg = f"{party.name} is away from {clash} already: end that absence first"
            raise InputRefused(msg)
        absence_id = store.insert_absence(
            connection, party.community_id, party_id,
            valid_from=first_day, valid_to=back_on, reason=reason, note=clean, stand_in_id=stand_in_id,
        )  # fmt: skip
        days = store.list_turning_days(connection, party.community_id, first_day, back_on)
        taken, untaken = cover_gaps(
            connection, party.community_id, absence_id, party_id, sorted({first_day, *days})
        )
        _record(connection, party.community_id, absence_id, {"from": first_day, "to": back_on})
        moved, left = move_on(connection, party.community_id, today, of_party_id=party_id)
        return HandOver(absence_id, taken, tuple(untaken), moved, left)


def end_absence(absence_id: int, back_on: date) -> HandOver:
    """Let somebody be back on a day, today or later; an absence that would not last a day is called off.

    His buildings are his again from that day on, and so are the cases that went on meanwhile; but those that
    others have begun stay with them.

    Returns:
        What has come back by now, and what others have newly taken if he is away longer.

    Raises:
        InputRefused: the day is past.
        Conflict: the absence is over already.
        NotFound: there is no such absence.
        Forbidden: whoever acts does not keep absences there.
    """
    today = find_day(datetime.now(UTC))
    if back_on < today:
        msg = "the first day back is past: choose today or a later day"
        raise InputRefused(msg)
    with _keep_to_keepers(), transaction() as connection:
        community_id, party_id, first_day, _ = store.get_absence(connection, absence_id)
        store.lock_absences(connection, community_id)
        if not store.end_absence(connection, absence_id, max(first_day, back_on)):
            msg = "the absence is over already: look at the list again"
            raise Conflict(msg)
        done = HandOver(absence_id)
        if back_on > first_day:
            days = store.list_turning_days(connection, community_id, first_day, back_on)
            taken, untaken = cover_gaps(
                connection, community_id, absence_id, party_id, sorted({first_day, *days})
            )
            done = replace(done, taken=taken, untaken=tuple(untaken))
        _record(connection, community_id, absence_id, {"to": back_on})
        return replace(done, returned=bring_back(connection, community_id, today, to_party_id=party_id))


def settle_hand_overs(community_id: int) -> HandOver:
    """See to it that today nothing is with somebody who is away or gone, as far as others are there.

    The server does so as a day begins; whoever does not want to wait until then asks for it: when a new plan
    has come into force, or somebody has left.

    Raises:
        Forbidden: whoever acts does not keep absences there.
    """
    with _keep_to_keepers(), transaction() as connection:
        return settle(connection, community_id, find_day(datetime.now(UTC)))


def list_duties(party_id: int, on_day: date) -> list[HeldDuty]:
    """Return what somebody is and has on a day: what needs a new holder if it is his last."""
    with connect() as connection:
        return store.list_duties(connection, party_id, on_day)


def end_service(party_id: int, last_day: date) -> list[HeldDuty]:
    """Let somebody leave for good: his posts, zones, offices and sign-in end with his last day.

    Returns:
        What needs a new holder, with who does it meanwhile.

    Raises:
        InputRefused: the day is past, he has left already, or whoever acts would dismiss herself.
        NotFound: there is no such party.
        Forbidden: whoever acts does not keep absences there.
    """
    actor = get_actor()
    if actor is not None and actor.party_id == party_id:
        msg = "nobody ends his own service: ask somebody else to"
        raise InputRefused(msg)
    today = find_day(datetime.now(UTC))
    if last_day < today:
        msg = "the last day is past: choose today or a later day"
        raise InputRefused(msg)
    with _keep_to_keepers(), transaction() as connection:
        party = store.get_party(connection, party_id)
        if last_day < party.active_from or (party.active_to is not None and party.active_to <= last_day):
            msg = f"{party.name} does not work here on {last_day}: choose a day on which he does"
            raise InputRefused(msg)
        duties = store.list_duties(connection, party_id, last_day)
        store.end_service(connection, party_id, last_day)
        return duties


def read_hand_over_sheet(party_id: int, on_day: date) -> HandOverSheet:
    """Return what somebody hands over, as whoever acts may read it.

    Raises:
        NotFound: there is no such party.
    """
    with connect() as connection:
        party = store.get_party(connection, party_id)
        entered = store.list_absences(connection, party.community_id, on_day)
        return HandOverSheet(
            name=party.name,
            absence=next((a for a in entered if a.party_id == party_id), None),
            cases=tuple(store.list_handed_cases(connection, party_id, on_day)),
            buildings=tuple(store.list_handed_buildings(connection, party_id, on_day)),
        )


def _is_active(active_from: date, active_to: date | None, day: date) -> bool:
    return active_from <= day and (active_to is None or day < active_to)


def _record(
    connection: PostgresConnection, community_id: int, absence_id: int, change: Mapping[str, object]
) -> None:
    # Not why: the log is read by others than those who may know.
    record_change(connection, "absence_changed", community_id, "absence", absence_id, change)


@contextmanager
def _keep_to_keepers() -> Iterator[None]:
    """Refuse what a role may not change, before the database does, and say its refusals as ours."""
    msg = "only the secretary enters who is away or leaves, in her own community: ask her"
    actor = get_actor()
    if actor is not None and not is_allowed(actor.role, "keep_absences"):
        raise Forbidden(msg)
    try:
        with tell_clashes():
            yield
    except psycopg2.errors.InsufficientPrivilege as refusal:
        raise Forbidden(msg) from refusal

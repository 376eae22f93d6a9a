"""Absences: somebody is away for some days, others step in and his open cases follow; or he leaves for good.

Backups of his zones step in by themselves. Buildings of zones without one are shared among those present.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from itertools import groupby, islice
from typing import Final

import numpy as np
import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused
from geo.model.absence import Absence, AbsenceReason, HandOver, HandOverSheet, HeldDuty
from geo.model.zone import ZoneKind
from geo.operations.case_fields import clean_text
from geo.operations.deadlines import find_day
from geo.operations.incidents import act_on_many
from geo.operations.workload import Workload, read_workload
from geo.rules.access import is_allowed
from geo.rules.handover import Floats, share_buildings
from geo.store import absences as store
from geo.store.absences import StrandedCase
from geo.store.duties import record_change
from geo.store.engine import connect, get_actor, transaction

_LONGEST_NOTE: Final = 400
_DEGREE_M: Final = 111_320.0
_FAR_M: Final = 1e9
_AT_ONCE: Final = 500

Taken = dict[tuple[ZoneKind, int], int]
Untaken = list[tuple[ZoneKind, int]]


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
    the others. If he is away today already, his open cases go to whoever has their building, or else to the
    one who stands in; neither state nor clock of a case changes by it.

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
        taken, untaken = _cover(
            connection, party.community_id, absence_id, party_id, sorted({first_day, *days})
        )
        _record(connection, party.community_id, absence_id, {"from": first_day, "to": back_on})
    moved, left = _move_cases(party.community_id, today, of_party_id=party_id)
    return HandOver(absence_id, taken, tuple(untaken), moved, left)


def end_absence(absence_id: int, back_on: date) -> None:
    """Let somebody be back on a day, today or later; an absence that would not last a day is called off.

    His buildings are his again from that day on. Cases that others have begun stay with them.

    Raises:
        InputRefused: the day is past.
        Conflict: the absence is over already.
        NotFound: there is no such absence.
        Forbidden: whoever acts does not keep absences there.
    """
    if back_on < find_day(datetime.now(UTC)):
        msg = "the first day back is past: choose today or a later day"
        raise InputRefused(msg)
    with _keep_to_keepers(), transaction() as connection:
        community_id, party_id, first_day, _ = store.get_absence(connection, absence_id)
        store.lock_absences(connection, community_id)
        if not store.end_absence(connection, absence_id, max(first_day, back_on)):
            msg = "the absence is over already: look at the list again"
            raise Conflict(msg)
        if back_on > first_day:
            days = store.list_turning_days(connection, community_id, first_day, back_on)
            _cover(connection, community_id, absence_id, party_id, sorted({first_day, *days}))
        _record(connection, community_id, absence_id, {"to": back_on})


def settle_hand_overs(community_id: int) -> HandOver:
    """See to it that today nothing is with somebody who is away or gone, as far as others are there.

    What is in order stays as it is, so that it may be asked for at any time: when an absence begins that was
    entered beforehand, a new plan came into force, or somebody has left.

    Raises:
        Forbidden: whoever acts does not keep absences there.
    """
    today = find_day(datetime.now(UTC))
    taken: Taken = {}
    untaken: Untaken = []
    with _keep_to_keepers(), transaction() as connection:
        store.lock_absences(connection, community_id)
        for absence in store.list_absences(connection, community_id, today):
            if absence.covers(today):
                found, missing = _cover(connection, community_id, absence.id, absence.party_id, [today])
                taken |= found
                untaken += missing
    moved, left = _move_cases(community_id, today)
    return HandOver(None, taken, tuple(untaken), moved, left)


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


def _cover(
    connection: PostgresConnection, community_id: int, absence_id: int, party_id: int, days: Sequence[date]
) -> tuple[Taken, Untaken]:
    """Share out what nobody holds because of an absence, day by day of those on which something turns."""
    taken: Taken = {}
    untaken: Untaken = []
    work: Workload | None = None
    for day in days:
        for kind, building_ids in store.list_gaps(connection, party_id, day).items():
            takers = store.list_takers(connection, community_id, kind, day)
            if not takers:
                untaken += [(kind, building_id) for building_id in building_ids]
                continue
            work = work or read_workload(community_id, find_day(datetime.now(UTC)))
            taker_of = _share(
                work, building_ids, takers, store.list_held(connection, community_id, kind, day)
            )
            store.insert_covers(connection, absence_id, community_id, kind, taker_of)
            taken |= {(kind, building_id): taker for building_id, taker in taker_of.items()}
    return taken, untaken


def _share(
    work: Workload, building_ids: Sequence[int], takers: Sequence[int], held: Mapping[int, int]
) -> dict[int, int]:
    row_of = {building_id: row for row, building_id in enumerate(work.counts.building_ids)}
    rows = [row_of[building_id] for building_id in building_ids]
    own = [[row_of[b] for b, party_id in held.items() if party_id == taker] for taker in takers]
    distances_m = np.column_stack([_measure_m(work, rows, theirs) for theirs in own])
    loads = np.array([work.total[theirs].sum() for theirs in own], np.float64)
    shared = share_buildings(work.total[rows], loads, distances_m)
    return {building_id: takers[int(nth)] for building_id, nth in zip(building_ids, shared, strict=True)}


def _measure_m(work: Workload, rows: Sequence[int], others: Sequence[int]) -> Floats:
    """Measure how far each of some buildings is from the nearest of others, roughly: to tell who is near."""
    if not others:
        return np.full(len(rows), _FAR_M)
    narrow = np.array([np.cos(np.radians(work.ground.places[:, 1].mean())), 1.0]) * _DEGREE_M
    places = work.ground.places * narrow
    apart = places[list(rows)][:, None, :] - places[list(others)][None, :, :]
    return np.asarray(np.hypot(apart[..., 0], apart[..., 1]).min(axis=1), np.float64)


def _move_cases(
    community_id: int, today: date, *, of_party_id: int | None = None
) -> tuple[dict[int, int], tuple[int, ...]]:
    """Let the open cases of those who are away or gone go on to whoever does their work."""
    with connect() as connection:
        stranded = [
            case
            for case in store.list_stranded_cases(connection, community_id, today)
            if of_party_id in {None, case.party_id}
        ]
    moved: dict[int, int] = {}

    def find_target(case: StrandedCase) -> int:
        return case.target_id or 0

    for target, cases in groupby(sorted(stranded, key=find_target), key=find_target):
        while target and (some := list(islice(cases, _AT_ONCE))):
            outcome = act_on_many([(c.id, c.version) for c in some], "hand_over", to_party_id=target)
            moved |= dict.fromkeys(outcome.done, target)
    return moved, tuple(case.id for case in stranded if case.id not in moved)


def _is_active(active_from: date, active_to: date | None, day: date) -> bool:
    return active_from <= day and (active_to is None or day < active_to)


def _record(
    connection: PostgresConnection, community_id: int, absence_id: int, change: Mapping[str, object]
) -> None:
    # Not why: the log is read by others than those who may know.
    record_change(connection, "absence_changed", community_id, "absence", absence_id, change)


@contextmanager
def _keep_to_keepers() -> Iterator[None]:
    """Refuse what a role may not change, before the database does, and say its refusal as ours."""
    msg = "only the secretary enters who is away or leaves, in her own community: ask her"
    actor = get_actor()
    if actor is not None and not is_allowed(actor.role, "keep_absences"):
        raise Forbidden(msg)
    try:
        yield
    except psycopg2.errors.InsufficientPrivilege as refusal:
        raise Forbidden(msg) from refusal

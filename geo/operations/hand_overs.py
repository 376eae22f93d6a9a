"""What follows from who is away: buildings that nobody holds are shared, open cases go on and come back.

Everything is asked of the day, and only what is not in order is changed: it may be asked for at any time and
by several servers at once. The server asks as a day begins.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Final

import numpy as np
import psycopg2
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import DatabaseUnavailable, WanggeError
from geo.model.absence import HandOver
from geo.model.actor import Actor
from geo.model.zone import ZoneKind
from geo.operations.deadlines import find_day
from geo.operations.incidents import act_within
from geo.operations.workload import Workload, read_workload
from geo.rules.handover import Floats, share_buildings
from geo.store import absences as store
from geo.store.engine import acting_as, transaction
from geo.store.versions import list_community_codes

_DEGREE_M: Final = 111_320.0
_FAR_M: Final = 1e9
# Nobody's account: what the calendar brings about, in the secretary's stead, is signed with it.
_CALENDAR: Final = -1

Taken = dict[tuple[ZoneKind, int], int]
Untaken = list[tuple[ZoneKind, int]]


def begin_day(today: date) -> list[HandOver]:
    """See to it in every community that on this day nothing is with somebody who is away or gone.

    Each community is a transaction of its own, and one that fails keeps no other waiting. Nobody has to be
    signed in; the history says that it was the calendar.

    Args:
        today: in Asia/Shanghai; cases never go by another day than the present one.

    Raises:
        DatabaseUnavailable: the database does not answer.
        ExceptionGroup: what went wrong in the communities that failed, once all were tried.
    """
    done, failures = [], []
    for community_id in sorted(list_community_codes().values()):
        calendar = Actor(account_id=_CALENDAR, role="secretary", community_ids=(community_id,))
        try:
            with acting_as(calendar), transaction() as connection:
                done.append(settle(connection, community_id, today))
        except DatabaseUnavailable:
            raise
        except (WanggeError, psycopg2.Error) as failure:
            failures.append(failure)
    if failures:
        msg = f"the day could not be begun in {len(failures)} communities"
        raise ExceptionGroup(msg, failures)
    return done


def settle(connection: PostgresConnection, community_id: int, today: date) -> HandOver:
    """Share what nobody holds today because of an absence, and let cases come back and go on."""
    store.lock_absences(connection, community_id)
    taken: Taken = {}
    untaken: Untaken = []
    for absence in store.list_absences(connection, community_id, today):
        if absence.covers(today):
            found, missing = cover_gaps(connection, community_id, absence.id, absence.party_id, [today])
            taken |= found
            untaken += missing
    # First, for who is back has his cases from whoever has them now, be he away or not.
    returned = bring_back(connection, community_id, today)
    moved, left = move_on(connection, community_id, today)
    return HandOver(None, taken, tuple(untaken), moved, left, returned)


def cover_gaps(
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


def move_on(
    connection: PostgresConnection, community_id: int, today: date, *, of_party_id: int | None = None
) -> tuple[dict[int, int], tuple[int, ...]]:
    """Let the open cases of those who are away or gone go on to whoever does their work.

    Returns:
        The cases that went on, each with the party that has it now; and those that stayed.
    """
    moved: dict[int, int] = {}
    left = []
    for case in store.list_stranded_cases(connection, community_id, today):
        if of_party_id not in {None, case.party_id}:
            continue
        target = case.target_id
        if target is not None and _hand_over(connection, case.id, case.version, target, "holder_away"):
            store.await_holder(connection, community_id, case.id, case.version, case.party_id)
            moved[case.id] = target
        else:
            left.append(case.id)
    return moved, tuple(left)


def bring_back(
    connection: PostgresConnection, community_id: int, today: date, *, to_party_id: int | None = None
) -> dict[int, int]:
    """Let the cases come back that went on because somebody was away, and that nobody has worked on since.

    A case that went on twice comes back to the first of those it was with who is there.

    Returns:
        The cases that came back, each with the party that has it again.
    """
    returned = {}
    for case in store.list_awaited_cases(connection, community_id, today):
        if to_party_id in {None, case.party_id} and _hand_over(
            connection, case.id, case.version, case.party_id, "holder_back"
        ):
            store.end_awaiting(connection, case.id, case.version, case.position)
            returned[case.id] = case.party_id
    return returned


def _hand_over(
    connection: PostgresConnection, incident_id: int, version: int, to_party_id: int, reason: str
) -> bool:
    """Hand a case over; one that is just being worked on, or that may not go there, stays where it is."""
    try:
        act_within(connection, incident_id, "hand_over", version, to_party_id=to_party_id, reason=reason)
    except WanggeError:
        return False
    return True


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

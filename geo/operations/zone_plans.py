"""Zone plans from the first draft to publication: listing, reading, beginning, discarding, publishing.

What is changed inside a draft is in :mod:`geo.operations.zone_drafts`.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused
from geo.model.zone import (
    Obstacle,
    ObstacleKind,
    Plan,
    PlanHead,
    PlanState,
    Zone,
    ZoneKind,
    ZoneRole,
)
from geo.operations.clashes import tell_clashes
from geo.operations.deadlines import find_day
from geo.operations.hand_overs import settle
from geo.rules.access import is_allowed
from geo.rules.inert import strip_controls
from geo.store import duties, zones
from geo.store.engine import connect, get_actor, transaction
from geo.zoning.colouring import pair_neighbours, settle_colours
from geo.zoning.problem import NO_ZONE

_LONGEST_NAME: Final = 60
_MOST_NAMED: Final = 5

# Whom the zones of a kind may be given to.
_HOLDERS: Final[Mapping[ZoneKind, tuple[str, ...]]] = {
    ZoneKind.GRID_WORKER: ("staff",),
    ZoneKind.PARTY_BRANCH: ("party_branch",),
    ZoneKind.VOLUNTEER: ("volunteer_team", "social_organisation"),
    ZoneKind.PROPERTY: ("property_company", "residents_committee"),
    ZoneKind.INSPECTION: ("staff", "department", "residents_committee"),
}


def list_plans(community_id: int, kind: ZoneKind | None = None) -> list[PlanHead]:
    """Return a community's plans, drafts first, then the newest; drafts only to who draws them."""
    with connect() as connection:
        return zones.list_plans(connection, community_id, kind)


def read_plan(plan_id: int) -> Plan:
    """Return a plan as it stands.

    Raises:
        NotFound: there is none that whoever acts may see.
    """
    with connect() as connection:
        return zones.load_plan(connection, plan_id)


def read_plan_in_force(community_id: int, kind: ZoneKind, on_day: date) -> Plan | None:
    """Return the plan of a kind in force on a day; None if there is none."""
    with connect() as connection:
        plan_id = zones.find_plan_in_force(connection, community_id, kind, on_day)
        return None if plan_id is None else zones.load_plan(connection, plan_id)


def list_candidates(community_id: int, kind: ZoneKind, on_day: date) -> list[tuple[int, str]]:
    """Return whom zones of a kind may be given to on a day: id and name of each party."""
    with connect() as connection:
        return zones.list_candidates(connection, community_id, _HOLDERS[kind], on_day)


def start_draft(community_id: int, kind: ZoneKind, name: str, *, based_on: int | None = None) -> Plan:
    """Begin a draft, empty or as a copy of another plan of its kind.

    Args:
        community_id: whose buildings it is to share out.
        kind: of responsibility.
        name: what people call it.
        based_on: the plan to copy; whoever has left a zone by today stays behind, and so do locks.

    Raises:
        InputRefused: it has no name, or the other plan is of another kind or community.
        NotFound: there is no such other plan.
        Forbidden: whoever acts does not draw plans there.
    """
    checked = check_name(name)
    with keep_to_secretary(), transaction() as connection:
        if based_on is not None:
            origin = zones.load_plan(connection, based_on).head
            if (origin.community_id, origin.kind) != (community_id, kind):
                msg = "the plan to begin from is of another kind or community: choose one of the list"
                raise InputRefused(msg)
        plan_id = zones.insert_plan(connection, community_id, kind, checked, based_on, find_account())
        if based_on is not None:
            zones.copy_plan(connection, plan_id, based_on, find_day(datetime.now(UTC)))
            copy = zones.load_plan(connection, plan_id)
            zones.paint_zones(connection, plan_id, find_colours(connection, copy))
        return zones.load_plan(connection, plan_id)


def rename_plan(plan_id: int, name: str) -> Plan:
    """Give a draft another name.

    Raises:
        InputRefused: it has none.
        Conflict: it is no draft any more.
        Forbidden: whoever acts does not draw plans there.
    """
    checked = check_name(name)
    with open_draft(plan_id) as (connection, _):
        zones.rename_plan(connection, plan_id, checked)
        return zones.load_plan(connection, plan_id)


def discard_draft(plan_id: int) -> None:
    """Throw a draft away, its journal included; the log keeps that there was one.

    Raises:
        Conflict: it is no draft any more.
        Forbidden: whoever acts does not draw plans there.
    """
    with open_draft(plan_id) as (connection, plan):
        zones.delete_plan(connection, plan_id)
        _record(connection, "plan_discarded", plan, {"name": plan.head.name, "kind": plan.head.kind})


def list_obstacles(plan_id: int, valid_from: date) -> list[Obstacle]:
    """Return everything that keeps a draft from being published from a day on.

    Raises:
        NotFound: there is no such plan.
    """
    with connect() as connection:
        return _find_obstacles(connection, zones.load_plan(connection, plan_id), valid_from)


def publish(plan_id: int, valid_from: date, *, seen_revision: int) -> PlanHead:
    """Publish a draft: from a day on it is in force, and the plan before it ends on that day.

    Args:
        plan_id: the draft.
        valid_from: its first day, in Asia/Shanghai.
        seen_revision: of the draft as whoever publishes it has seen it.

    Raises:
        InputRefused: something is missing; the sentence says the first thing, :func:`list_obstacles` all.
        Conflict: it is no draft any more, or has changed since it was seen.
        Forbidden: whoever acts does not draw plans there.
    """
    with open_draft(plan_id) as (connection, plan):
        if plan.head.revision != seen_revision:
            msg = "the draft has changed since you looked at it: look at it again before you publish it"
            raise Conflict(msg)
        zones.lock_kind(connection, plan.head.community_id, plan.head.kind)
        obstacles = _find_obstacles(connection, plan, valid_from)
        if obstacles:
            raise InputRefused(_say_obstacle(obstacles[0]))
        last = zones.find_last_plan(connection, plan.head.community_id, plan.head.kind)
        zones.publish_plan(
            connection, plan_id, valid_from, find_account(), after=None if last is None else last[0]
        )
        _record(
            connection,
            "plan_published",
            plan,
            {"name": plan.head.name, "kind": plan.head.kind, "valid_from": valid_from},
        )
        today = find_day(datetime.now(UTC))
        if valid_from == today:
            # Some of those who lead its zones may be away; what begins later, the server looks after.
            settle(connection, plan.head.community_id, today)
        return zones.load_plan(connection, plan_id).head


def _find_obstacles(connection: PostgresConnection, plan: Plan, valid_from: date) -> list[Obstacle]:
    found = [*_find_obstacles_of_days(connection, plan, valid_from)]
    if not plan.zones:
        found.append(Obstacle(ObstacleKind.NO_ZONE))
    unassigned = zones.list_unassigned(connection, plan.head.id)
    if unassigned:
        found.append(
            Obstacle(
                ObstacleKind.BUILDING_UNASSIGNED,
                building_ids=tuple(building_id for building_id, _ in unassigned),
                names=tuple(name for _, name in unassigned),
            )
        )
    leads = {zone.id: zone.find_party(ZoneRole.LEAD, valid_from) for zone in plan.zones}
    named = {party_id for party_id in leads.values() if party_id is not None}
    active = zones.find_active_parties(connection, plan.head.community_id, named, valid_from)
    held = set(plan.units.values())
    for kind, wanting in (
        (ObstacleKind.ZONE_WITHOUT_BUILDING, [zone for zone in plan.zones if zone.id not in held]),
        (ObstacleKind.ZONE_WITHOUT_LEAD, [zone for zone in plan.zones if leads[zone.id] not in active]),
    ):
        if wanting:
            ids, names = tuple(zone.id for zone in wanting), tuple(zone.name for zone in wanting)
            found.append(Obstacle(kind, zone_ids=ids, names=names))
    return found


def _find_obstacles_of_days(
    connection: PostgresConnection, plan: Plan, valid_from: date
) -> Iterator[Obstacle]:
    today = find_day(datetime.now(UTC))
    if valid_from < today:
        yield Obstacle(ObstacleKind.DAY_IN_THE_PAST, day=today)
    last = zones.find_last_plan(connection, plan.head.community_id, plan.head.kind)
    if last is not None and valid_from <= last[2]:
        yield Obstacle(
            ObstacleKind.DAY_BEFORE_OTHER_PLAN,
            plan_id=last[0],
            names=(last[1],),
            day=last[2] + timedelta(days=1),
        )


def _say_obstacle(obstacle: Obstacle) -> str:
    count = max(len(obstacle.building_ids), len(obstacle.zone_ids))
    names = ", ".join(obstacle.names[:_MOST_NAMED]) + (" …" if count > _MOST_NAMED else "")
    match obstacle.kind:
        case ObstacleKind.DAY_IN_THE_PAST:
            return f"a plan does not begin in the past: choose {obstacle.day} or a later day"
        case ObstacleKind.DAY_BEFORE_OTHER_PLAN:
            return f"the plan “{names}” begins on that day or later: choose {obstacle.day} or a later day"
        case ObstacleKind.NO_ZONE:
            return "the plan has no zone: add one and put buildings into it"
        case ObstacleKind.BUILDING_UNASSIGNED:
            return f"buildings in no zone: {count} ({names}); assign them or state why nobody is to hold them"
        case ObstacleKind.ZONE_WITHOUT_BUILDING:
            return f"zones without a building: {count} ({names}); give them some or merge them"
        case ObstacleKind.ZONE_WITHOUT_LEAD:
            return f"zones that nobody leads on the first day: {count} ({names}); appoint somebody"


@contextmanager
def open_draft(plan_id: int) -> Iterator[tuple[PostgresConnection, Plan]]:
    """Yield a transaction in which nobody else changes a draft, and the draft as it stands.

    Raises:
        NotFound: there is no such plan.
        Conflict: it is no draft any more.
        Forbidden: whoever acts does not draw plans there.
    """
    with keep_to_secretary(), transaction() as connection:
        zones.lock_plan(connection, plan_id)
        plan = zones.load_plan(connection, plan_id)
        if plan.head.state is not PlanState.DRAFT:
            msg = "the plan has been published and stays as it is: begin a draft from it"
            raise Conflict(msg)
        yield connection, plan


@contextmanager
def keep_to_secretary() -> Iterator[None]:
    """Refuse what a role may not change, before the database does, and say its refusals as ours.

    Raises:
        Forbidden: whoever acts does not draw plans, or not for that community.
        Conflict: an import has just deleted what this is about.
    """
    msg = "only the secretary draws and publishes zone plans, in her own community: ask her"
    actor = get_actor()
    if actor is not None and not is_allowed(actor.role, "edit_zones"):
        raise Forbidden(msg)
    try:
        with tell_clashes():
            yield
    except psycopg2.errors.InsufficientPrivilege as refusal:
        raise Forbidden(msg) from refusal


def find_account() -> int | None:
    """Return the acting account; None for a command."""
    actor = get_actor()
    return None if actor is None else actor.account_id


def check_name(name: str) -> str:
    """Return a name as it is kept.

    Raises:
        InputRefused: it is empty or too long.
    """
    kept = " ".join(strip_controls(name).split())
    if not 1 <= len(kept) <= _LONGEST_NAME:
        msg = f"a plan or a zone needs a name of 1 to {_LONGEST_NAME} characters"
        raise InputRefused(msg)
    return kept


def find_colours(connection: PostgresConnection, plan: Plan, *, kept: Collection[int] = ()) -> dict[int, str]:
    """Return colours for zones of a plan that have none, or a neighbour's; those kept stay as they are."""
    present = [zone.colour for zone in plan.zones]
    if None not in present and len(set(present)) == len(present):
        return {}
    neighbours = _pair_zones(connection, plan)
    return settle_colours({zone.id: zone.colour for zone in plan.zones}, neighbours, kept=kept)


def list_neighbours(plan: Plan, zone_id: int) -> list[Zone]:
    """Return the zones beside one on the map, whose colours it cannot have."""
    with connect() as connection:
        pairs = _pair_zones(connection, plan)
    beside = {one if other == zone_id else other for one, other in pairs if zone_id in {one, other}}
    return [zone for zone in plan.zones if zone.id in beside]


def _pair_zones(connection: PostgresConnection, plan: Plan) -> set[tuple[int, int]]:
    building_ids, points = zones.locate_buildings(connection, plan.head.id)
    # Somebody else may have changed the draft since it was read.
    holder = np.asarray([plan.units.get(building_id, NO_ZONE) for building_id in building_ids], np.int64)
    # Degrees of longitude are shorter than those of latitude; to tell what lies beside what that will do.
    points = points * (np.cos(np.radians(points[:, 1].mean() if len(points) else 0.0)), 1.0)
    return pair_neighbours(points, holder)


def _record(connection: PostgresConnection, action: str, plan: Plan, details: Mapping[str, object]) -> None:
    duties.record_change(connection, action, plan.head.community_id, "zone_plan", plan.head.id, details)

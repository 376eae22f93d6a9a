"""Changing a draft of a zone plan: each change one transaction and one step of its journal.

Whoever changes something says which revision of the draft he saw. If the same buildings or zones have been
changed since, by somebody else or by himself in another window, nothing is changed and he is told; changes of
other places go through side by side.
Everybody takes back only his own steps, the last first.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, InputRefused, NotFound
from geo.model.zone import Change, Journal, Plan, Step, Zone, ZoneRole
from geo.operations.deadlines import find_day
from geo.operations.zone_plans import check_name, find_account, find_colours, open_draft
from geo.rules import drafts
from geo.rules.inert import strip_controls
from geo.store import zones
from geo.store.engine import connect

_LONGEST_REASON: Final = 200
_LONGEST_LABEL: Final = 120


def list_steps(plan_id: int) -> list[Step]:
    """Return the last steps of a draft, the last first."""
    with connect() as connection:
        return zones.list_steps(connection, plan_id)


def read_journal(plan_id: int) -> Journal:
    """Return what whoever acts can take back, and what he can make again."""
    with connect() as connection:
        account = find_account()
        return Journal(
            zones.find_undoable(connection, plan_id, account),
            zones.find_redoable(connection, plan_id, account),
        )


def assign_units(
    plan_id: int, building_ids: Collection[int], zone_id: int | None, *, seen_revision: int, label: str
) -> Plan:
    """Put buildings into a zone, or out of any; return the plan as it stands then.

    Args:
        plan_id: the draft.
        building_ids: which.
        zone_id: where to; None for nowhere.
        seen_revision: of the draft as whoever acts has seen it.
        label: what to call the step in the journal.

    Raises:
        InputRefused: a lock stands in the way.
        Conflict: somebody else has changed the same buildings since, one of them is gone, or it is no draft.
        NotFound: there is no such plan or zone.
        Forbidden: whoever acts does not draw plans there.
    """
    wanted = dict.fromkeys(building_ids, zone_id)
    with open_draft(plan_id) as (connection, plan):
        return _take_step(connection, plan, drafts.assign(plan, wanted), seen_revision, label)


def redraw_zones(
    plan_id: int,
    wanted: Mapping[int, int],
    *,
    fresh: Mapping[str, Collection[int]],
    dropped: Collection[int],
    seen_revision: int,
    label: str,
) -> Plan:
    """Put each building into a zone of its own choice, add zones and drop others, all in one step.

    Args:
        plan_id: the draft.
        wanted: the zone of each building that is to be in one the draft has.
        fresh: new zones, and the buildings of each, by name.
        dropped: zones that are to be no more; buildings that are put nowhere else are then in none.
        seen_revision: of the draft as whoever acts has seen it.
        label: what to call the step in the journal.

    Raises:
        InputRefused: a lock stands in the way, or a zone has no name.
        Conflict: somebody else has changed the same buildings since, one of them is gone, or it is no draft.
        NotFound: there is no such plan or zone.
        Forbidden: whoever acts does not draw plans there.
    """
    names = {check_name(name): building_ids for name, building_ids in fresh.items()}
    with open_draft(plan_id) as (connection, plan):
        there, placed = plan, dict(wanted)
        for name, building_ids in names.items():
            zone = _insert_zone(connection, there, name)
            there = replace(there, zones=(*there.zones, zone))
            placed |= dict.fromkeys(building_ids, zone.id)
        made = there.zones[len(plan.zones) :]
        return _take_step(connection, plan, drafts.redraw(plan, placed, made, dropped), seen_revision, label)


def lock_units(
    plan_id: int, building_ids: Collection[int], *, is_locked: bool, seen_revision: int, label: str
) -> Plan:
    """Let buildings stay in their zones, or let them go; raises as :func:`assign_units`."""
    with open_draft(plan_id) as (connection, plan):
        change = drafts.lock_units(plan, building_ids, is_locked=is_locked)
        return _take_step(connection, plan, change, seen_revision, label)


def state_gap(
    plan_id: int, building_ids: Collection[int], reason: str | None, *, seen_revision: int, label: str
) -> Plan:
    """Say why nobody is to hold some buildings, None takes it back; raises as :func:`assign_units`."""
    kept = None if reason is None else " ".join(strip_controls(reason).split())
    if kept is not None and not 1 <= len(kept) <= _LONGEST_REASON:
        msg = f"say in 1 to {_LONGEST_REASON} characters why nobody is to hold these buildings"
        raise InputRefused(msg)
    with open_draft(plan_id) as (connection, plan):
        return _take_step(connection, plan, drafts.state_gap(plan, building_ids, kept), seen_revision, label)


def add_zone(
    plan_id: int, name: str, *, seen_revision: int, label: str, building_ids: Collection[int] = ()
) -> Plan:
    """Add a zone, code and colour its own, and put buildings into it; raises as :func:`assign_units`."""
    checked = check_name(name)
    with open_draft(plan_id) as (connection, plan):
        change = drafts.open_zone(plan, building_ids, _insert_zone(connection, plan, checked))
        return _take_step(connection, plan, change, seen_revision, label)


def split_zone(
    plan_id: int, zone_id: int, building_ids: Collection[int], name: str, *, seen_revision: int, label: str
) -> Plan:
    """Put some of a zone's buildings into a new one nobody leads yet; raises as :func:`assign_units`."""
    checked = check_name(name)
    with open_draft(plan_id) as (connection, plan):
        fresh = _insert_zone(connection, plan, checked)
        change = drafts.split_zone(plan, zone_id, building_ids, fresh)
        return _take_step(connection, plan, change, seen_revision, label)


def merge_zones(
    plan_id: int, zone_ids: Collection[int], into: int, *, seen_revision: int, label: str
) -> Plan:
    """Put all buildings of some zones into one, and drop the others; raises as :func:`assign_units`."""
    with open_draft(plan_id) as (connection, plan):
        change = drafts.merge_zones(plan, zone_ids, into)
        return _take_step(connection, plan, change, seen_revision, label)


def rename_zone(plan_id: int, zone_id: int, name: str, *, seen_revision: int, label: str) -> Plan:
    """Give a zone another name; raises as :func:`assign_units`."""
    checked = check_name(name)
    with open_draft(plan_id) as (connection, plan):
        zone = replace(drafts.find_zone(plan, zone_id), name=checked)
        return _take_step(connection, plan, drafts.change_zone(plan, zone), seen_revision, label)


def colour_zone(plan_id: int, zone_id: int, colour: str, *, seen_revision: int, label: str) -> Plan:
    """Give a zone a colour, ``#RRGGBB``; a neighbour of that colour gets another; as :func:`assign_units`."""
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", colour):
        msg = "a colour is written like #708090: choose one of the list"
        raise InputRefused(msg)
    with open_draft(plan_id) as (connection, plan):
        zone = replace(drafts.find_zone(plan, zone_id), colour=colour.upper())
        return _take_step(connection, plan, drafts.change_zone(plan, zone), seen_revision, label)


def lock_zone(plan_id: int, zone_id: int, *, is_locked: bool, seen_revision: int, label: str) -> Plan:
    """Let a zone neither give nor take buildings, or open it again; raises as :func:`assign_units`."""
    with open_draft(plan_id) as (connection, plan):
        zone = replace(drafts.find_zone(plan, zone_id), is_locked=is_locked)
        return _take_step(connection, plan, drafts.change_zone(plan, zone), seen_revision, label)


def appoint(
    plan_id: int,
    zone_id: int,
    party_id: int | None,
    role: ZoneRole,
    *,
    seen_revision: int,
    label: str,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> Plan:
    """Give a role in a zone to somebody, in place of whoever has it in those days; None leaves it empty.

    Args:
        plan_id: the draft.
        zone_id: the zone.
        party_id: who.
        role: lead or backup.
        seen_revision: of the draft as whoever acts has seen it.
        label: what to call the step in the journal.
        valid_from: the first day; by default today, so that it holds whenever the plan begins.
        valid_to: the first day no more; None for no end.

    Raises:
        InputRefused: the days are not in order, or whoever is named is nobody of this community then.
    """
    start = valid_from or find_day(datetime.now(UTC))
    if valid_to is not None and valid_to <= start:
        msg = "a role ends after it begins: choose a later last day"
        raise InputRefused(msg)
    with open_draft(plan_id) as (connection, plan):
        if party_id is not None and not zones.find_active_parties(
            connection, plan.head.community_id, [party_id], start
        ):
            msg = "whoever is named is not active in this community: choose somebody else"
            raise InputRefused(msg)
        zone = drafts.appoint(drafts.find_zone(plan, zone_id), party_id, role, start, valid_to)
        return _take_step(connection, plan, drafts.change_zone(plan, zone), seen_revision, label)


def undo(plan_id: int) -> Plan:
    """Take back the last step of whoever acts.

    Raises:
        NotFound: there is none.
        Conflict: somebody else has changed the same buildings or zones since.
        Forbidden: whoever acts does not draw plans there.
    """
    with open_draft(plan_id) as (connection, plan):
        step = zones.find_undoable(connection, plan_id, find_account())
        if step is None:
            msg = "there is no step of yours to take back"
            raise NotFound(msg)
        return _repeat_step(connection, plan, step, step.change.reverse(), is_undone=True)


def redo(plan_id: int) -> Plan:
    """Make the step again that whoever acts has taken back last; raises as :func:`undo`."""
    with open_draft(plan_id) as (connection, plan):
        step = zones.find_redoable(connection, plan_id, find_account())
        if step is None:
            msg = "there is no step of yours to make again"
            raise NotFound(msg)
        return _repeat_step(connection, plan, step, step.change, is_undone=False)


def _insert_zone(connection: PostgresConnection, plan: Plan, name: str) -> Zone:
    code = drafts.choose_code(plan)
    return Zone(zones.insert_zone(connection, plan.head, code, name), code, name)


def _take_step(
    connection: PostgresConnection, plan: Plan, change: Change, seen_revision: int, label: str
) -> Plan:
    if not change:
        return plan
    for step in zones.list_steps_since(connection, plan.head.id, seen_revision):
        if step.change.touches(change):
            msg = f"somebody else was faster at the same place ({step.label}): look at the plan as it is now"
            if step.account_id == find_account():
                msg = f"you have changed the same place in another window ({step.label}): look at it again"
            raise Conflict(msg)
    missing = zones.find_missing_buildings(connection, plan.head.community_id, change.units)
    if missing:
        msg = f"buildings that are no longer in this community: {len(missing)}; load the plan again"
        raise Conflict(msg)
    after = _write(connection, plan, change)
    kept_label = " ".join(strip_controls(label).split())[:_LONGEST_LABEL]
    zones.insert_step(connection, plan.head, find_account(), kept_label, change, after.head.revision)
    return after


def _repeat_step(
    connection: PostgresConnection, plan: Plan, step: Step, change: Change, *, is_undone: bool
) -> Plan:
    """Take a step back, or make it again; a building that an import has deleted since is left out."""
    for other in zones.list_steps_since(connection, plan.head.id, step.revision):
        is_own = other.account_id == find_account()
        if not is_own and not other.is_undone and other.change.touches(change):
            msg = f"somebody else has changed the same place since ({other.label}): this step stays as it is"
            raise Conflict(msg)
    missing = zones.find_missing_buildings(connection, plan.head.community_id, change.units)
    there = {key: pair for key, pair in change.units.items() if key not in missing}
    after = _write(connection, plan, Change(there, change.zones))
    zones.mark_step(connection, plan.head.id, step.number, after.head.revision, is_undone=is_undone)
    return after


def _write(connection: PostgresConnection, plan: Plan, change: Change) -> Plan:
    """Write a change that the plan allows, and colours that the zones then need; return the plan after it."""
    drafts.check_change(plan, change)
    after = drafts.apply_change(plan, change)
    zones.write_change(connection, after, change)
    painted = {
        zone_id
        for zone_id, (before, zone) in change.zones.items()
        if before is not None and zone is not None and before.colour != zone.colour
    }
    is_redrawn = bool(change.units) or after.head.zone_count != plan.head.zone_count
    colours = find_colours(connection, after, kept=painted) if is_redrawn or painted else {}
    if colours:
        zones.paint_zones(connection, plan.head.id, colours)
    revision = zones.raise_revision(connection, plan.head.id)
    if change.zones:
        return zones.load_plan(connection, plan.head.id)
    return replace(
        after,
        head=replace(after.head, revision=revision),
        zones=tuple(replace(zone, colour=colours.get(zone.id, zone.colour)) for zone in after.zones),
    )

"""What an edit of a zone plan changes, whether the plan allows it, and how the plan stands after it.

Pure: a plan and a wish in, a :class:`~geo.model.zone.Change` or another plan out. Colours are no part of what
an edit is judged by: they follow the neighbours of the moment.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from geo.errors import Conflict, InputRefused, NotFound
from geo.model.zone import (
    UNASSIGNED,
    Appointment,
    Change,
    Plan,
    Unit,
    Zone,
    ZoneRole,
    sort_appointments,
)


def find_zone(plan: Plan, zone_id: int) -> Zone:
    """Return a zone of a plan.

    Raises:
        NotFound: it is not there, or not any more.
    """
    zone = plan.find_zone(zone_id)
    if zone is None:
        msg = "the zone is no longer in this plan: look at the plan as it is now"
        raise NotFound(msg)
    return zone


def assign(plan: Plan, wanted: Mapping[int, int | None]) -> Change:
    """Put buildings into zones, or out of any; a stated gap ends where a zone begins."""
    return redraw(plan, wanted, [], [])


def redraw(
    plan: Plan, wanted: Mapping[int, int | None], fresh: Collection[Zone], dropped: Iterable[int]
) -> Change:
    """Put buildings into zones, some of them new, and drop others; what is left in those is in none."""
    gone = [find_zone(plan, zone_id) for zone_id in dict.fromkeys(dropped)]
    made = {zone.id for zone in fresh}
    for zone_id in set(wanted.values()) - made:
        if zone_id is not None:
            find_zone(plan, zone_id)
    left = dict.fromkeys(plan.list_buildings(*(zone.id for zone in gone)))
    units = {}
    for building_id, zone_id in {**left, **wanted}.items():
        before = plan.find_unit(building_id)
        if before.zone_id != zone_id:
            units[building_id] = (before, Unit(zone_id))
    zones: dict[int, tuple[Zone | None, Zone | None]] = {zone.id: (None, zone) for zone in fresh}
    return Change(units, zones | {zone.id: (zone, None) for zone in gone})


def lock_units(plan: Plan, building_ids: Collection[int], *, is_locked: bool) -> Change:
    """Let buildings stay in their zones, or let them go; one that is in none cannot be locked."""
    units = {}
    for building_id in building_ids:
        before = plan.find_unit(building_id)
        if before.zone_id is not None and before.is_locked != is_locked:
            units[building_id] = (before, replace(before, is_locked=is_locked))
    return Change(units)


def state_gap(plan: Plan, building_ids: Collection[int], reason: str | None) -> Change:
    """Say why nobody is to hold some buildings, which takes them out of their zones; None takes it back."""
    units = {}
    for building_id in building_ids:
        before = plan.find_unit(building_id)
        after = Unit(gap=reason) if reason is not None else UNASSIGNED if before.gap else before
        if after != before:
            units[building_id] = (before, after)
    return Change(units)


def change_zone(plan: Plan, zone: Zone) -> Change:
    """Let a zone be as given."""
    before = find_zone(plan, zone.id)
    return Change(zones={zone.id: (before, zone)} if before != zone else {})


def merge_zones(plan: Plan, zone_ids: Iterable[int], into: int) -> Change:
    """Put all buildings of some zones into one of them; the others go, with those who held them."""
    gone = [find_zone(plan, zone_id) for zone_id in dict.fromkeys(zone_ids) if zone_id != into]
    moved = assign(plan, dict.fromkeys(plan.list_buildings(*(zone.id for zone in gone)), into))
    find_zone(plan, into)
    return Change(moved.units, {zone.id: (zone, None) for zone in gone})


def split_zone(plan: Plan, zone_id: int, building_ids: Collection[int], fresh: Zone) -> Change:
    """Put some of a zone's buildings into a new zone.

    Raises:
        InputRefused: nothing would be left of the zone, or nothing come into the new one.
    """
    zone = find_zone(plan, zone_id)
    held = set(plan.list_buildings(zone_id))
    taken = held & set(building_ids)
    if not taken or taken == held:
        msg = f"choose some of the buildings of zone {zone.code}, and not all: a zone is split in two"
        raise InputRefused(msg)
    return open_zone(plan, taken, fresh)


def open_zone(plan: Plan, building_ids: Collection[int], fresh: Zone) -> Change:
    """Add a zone, and put some buildings into it."""
    units = {building_id: (plan.find_unit(building_id), Unit(fresh.id)) for building_id in building_ids}
    return Change(units, {fresh.id: (None, fresh)})


def appoint(
    zone: Zone, party_id: int | None, role: ZoneRole, valid_from: date, valid_to: date | None
) -> Zone:
    """Give a role in a zone to somebody for some days, in place of whoever has it then; None empties it."""
    kept = []
    for present in zone.appointments:
        is_clear = present.role is not role or (
            (valid_to is not None and present.valid_from >= valid_to)
            or (present.valid_to is not None and present.valid_to <= valid_from)
        )
        if is_clear:
            kept.append(present)
            continue
        if present.valid_from < valid_from:
            kept.append(replace(present, valid_to=valid_from))
        if valid_to is not None and (present.valid_to is None or present.valid_to > valid_to):
            kept.append(replace(present, valid_from=valid_to))
    if party_id is not None:
        kept.append(Appointment(party_id, role, valid_from, valid_to))
    return replace(zone, appointments=sort_appointments(kept))


def choose_code(plan: Plan) -> str:
    """Return a short code that no zone of the plan has."""
    taken = {zone.code for zone in plan.zones}
    return next(code for n in range(1, len(taken) + 2) if (code := f"Z{n:02d}") not in taken)


def check_change(plan: Plan, change: Change) -> None:
    """Refuse a change that the plan does not allow as it stands.

    Raises:
        InputRefused: a lock stands in the way.
        Conflict: what it changes is no longer as it was, or a zone would go while it holds buildings.
    """
    if any(plan.find_unit(building_id) != before for building_id, (before, _) in change.units.items()) or any(
        _plain(plan.find_zone(zone_id)) != _plain(before) for zone_id, (before, _) in change.zones.items()
    ):
        msg = "somebody else has changed the same buildings or zones since: look at the plan as it is now"
        raise Conflict(msg)
    after = apply_change(plan, change)
    there = {zone.id for zone in after.zones}
    if not there.issuperset(after.units.values()):
        msg = "buildings would be in a zone that is no longer there: look at the plan as it is now"
        raise Conflict(msg)
    codes = Counter(zone.code for zone in after.zones)
    code, count = codes.most_common(1)[0] if codes else ("", 0)
    if count > 1:
        msg = f"another zone is called {code} by now: add the one that would come back anew"
        raise Conflict(msg)
    _refuse_locked(plan, change)


def _refuse_locked(plan: Plan, change: Change) -> None:
    locked = {zone.id: zone for zone in plan.zones if zone.is_locked}
    kept = 0
    for before, after in change.units.values():
        if before.zone_id == after.zone_id:
            continue
        for zone_id in (before.zone_id, after.zone_id):
            if zone_id in locked:
                msg = f"zone {locked[zone_id].code} is locked: unlock it before it gives or takes buildings"
                raise InputRefused(msg)
        kept += before.is_locked
    if kept:
        msg = f"buildings that are locked in their zone: {kept}; unlock them first, or choose others"
        raise InputRefused(msg)
    for zone_id, (_, zone) in change.zones.items():
        if zone is None and zone_id in locked:
            msg = f"zone {locked[zone_id].code} is locked: unlock it before it is merged"
            raise InputRefused(msg)


def apply_change(plan: Plan, change: Change) -> Plan:
    """Return the plan after a change.

    A colour is taken over only where the change was about it: others may have been given another since.
    """
    units, gaps, locked = dict(plan.units), dict(plan.gaps), set(plan.locked_units)
    for building_id, (_, unit) in change.units.items():
        units.pop(building_id, None)
        gaps.pop(building_id, None)
        locked.discard(building_id)
        if unit.zone_id is not None:
            units[building_id] = unit.zone_id
        if unit.gap is not None:
            gaps[building_id] = unit.gap
        if unit.is_locked:
            locked.add(building_id)
    zones = {zone.id: zone for zone in plan.zones}
    for zone_id, (before, after) in change.zones.items():
        present = zones.pop(zone_id, None)
        if after is not None:
            is_kept = present and before and before.colour == after.colour
            zones[zone_id] = replace(after, colour=present.colour) if present and is_kept else after
    return replace(
        plan,
        head=replace(plan.head, zone_count=len(zones), building_count=len(units)),
        zones=tuple(sorted(zones.values(), key=lambda zone: zone.code)),
        units=units,
        locked_units=frozenset(locked),
        gaps=gaps,
    )


def _plain(zone: Zone | None) -> Zone | None:
    return None if zone is None else replace(zone, colour=None)

"""Zone plans in the database: reading them whole, writing what a step of a draft changes, publishing."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.zone import (
    Appointment,
    Change,
    Plan,
    PlanHead,
    PlanState,
    Step,
    Unit,
    Zone,
    ZoneKind,
    ZoneRole,
    sort_appointments,
)
from geo.store.engine import load_queries

_MOST_STEPS: Final = 200


def list_plans(connection: PostgresConnection, community_id: int, kind: ZoneKind | None) -> list[PlanHead]:
    """Return a community's plans, drafts first, then the newest; of one kind if given."""
    rows = load_queries("zones").list_plans(connection, community_id=community_id, kind=kind)
    return [_read_head(row) for row in rows]


def find_plan_in_force(
    connection: PostgresConnection, community_id: int, kind: ZoneKind, on_day: date
) -> int | None:
    """Return the plan of a kind in force on a day; None if there is none."""
    plan_id: int | None = load_queries("zones").find_plan_in_force(
        connection, community_id=community_id, kind=kind, on_day=on_day
    )
    return plan_id


def load_plan(connection: PostgresConnection, plan_id: int) -> Plan:
    """Return a plan with its zones and what it says of each building.

    Raises:
        NotFound: there is none that whoever asks may see.
    """
    queries = load_queries("zones")
    head = queries.get_plan(connection, plan_id=plan_id)
    if head is None:
        msg = f"there is no zone plan {plan_id} that you can see"
        raise NotFound(msg)
    appointments = defaultdict(list)
    names = {}
    for zone_id, party_id, role, valid_from, valid_to, name in queries.list_appointments(
        connection, plan_id=plan_id
    ):
        appointments[zone_id].append(Appointment(party_id, ZoneRole(role), valid_from, valid_to))
        names[party_id] = name
    zones = tuple(
        Zone(zone_id, code, name, colour, is_locked, sort_appointments(appointments[zone_id]))
        for zone_id, code, name, colour, is_locked in queries.list_zones(connection, plan_id=plan_id)
    )
    units = list(queries.list_units(connection, plan_id=plan_id))
    return Plan(
        head=_read_head(head),
        zones=tuple(sorted(zones, key=lambda zone: zone.code)),
        units={building_id: zone_id for building_id, zone_id, _ in units},
        locked_units=frozenset(building_id for building_id, _, is_locked in units if is_locked),
        gaps=dict(queries.list_gaps(connection, plan_id=plan_id)),
        party_names=names,
    )


def lock_plan(connection: PostgresConnection, plan_id: int) -> None:
    """Wait until nobody else changes a plan; hold until the transaction ends."""
    load_queries("zones").lock_plan(connection, plan_id=plan_id)


def find_missing_buildings(
    connection: PostgresConnection, community_id: int, building_ids: Collection[int]
) -> set[int]:
    """Return which of some buildings are not, or no longer, of a community."""
    rows = load_queries("zones").find_missing(
        connection, community_id=community_id, building_ids=list(building_ids)
    )
    return {building_id for (building_id,) in rows}


def locate_buildings(
    connection: PostgresConnection, plan_id: int
) -> tuple[list[int], npt.NDArray[np.float64]]:
    """Return the buildings of a plan and a point on each, n × 2, EPSG:4490, longitude first."""
    rows = list(load_queries("zones").locate_buildings(connection, plan_id=plan_id))
    points = np.asarray([row[1:] for row in rows], np.float64).reshape(-1, 2)
    return [row[0] for row in rows], points


def insert_plan(
    connection: PostgresConnection,
    community_id: int,
    kind: ZoneKind,
    name: str,
    based_on: int | None,
    account_id: int | None,
) -> int:
    """Begin a draft without zones, and return its id."""
    plan_id: int = load_queries("zones").insert_plan(
        connection, community_id=community_id, kind=kind, name=name, based_on=based_on, account_id=account_id
    )
    return plan_id


def copy_plan(connection: PostgresConnection, plan_id: int, based_on: int, on_day: date) -> None:
    """Fill a draft with another plan's zones, buildings, gaps, and whoever has a role on a day or later."""
    queries = load_queries("zones")
    queries.copy_zones(connection, plan_id=plan_id, based_on=based_on)
    queries.copy_appointments(connection, plan_id=plan_id, based_on=based_on, on_day=on_day)
    queries.copy_units(connection, plan_id=plan_id, based_on=based_on)
    queries.copy_gaps(connection, plan_id=plan_id, based_on=based_on)


def rename_plan(connection: PostgresConnection, plan_id: int, name: str) -> None:
    """Give a draft another name."""
    load_queries("zones").rename_plan(connection, plan_id=plan_id, name=name)


def delete_plan(connection: PostgresConnection, plan_id: int) -> None:
    """Throw a draft away, its journal included."""
    load_queries("zones").delete_plan(connection, plan_id=plan_id)


def insert_zone(connection: PostgresConnection, plan: PlanHead, code: str, name: str) -> int:
    """Add a zone without buildings, and return its id."""
    zone_id: int = load_queries("zones").insert_zone(
        connection, plan_id=plan.id, community_id=plan.community_id, code=code, name=name
    )
    return zone_id


def write_change(connection: PostgresConnection, plan: Plan, change: Change) -> None:
    """Write a change of a draft; ``plan`` is the draft as it is to be after it."""
    queries = load_queries("zones")
    whose = {"plan_id": plan.head.id, "community_id": plan.head.community_id}
    if change.zones:
        _write_zones(connection, plan, change)
    if change.units:
        after = {building_id: unit for building_id, (_, unit) in change.units.items()}
        held = {key: unit for key, unit in after.items() if unit.zone_id is not None}
        left = {key: unit.gap for key, unit in after.items() if unit.gap is not None}
        out = list(after.keys() - held.keys())
        queries.delete_units(connection, plan_id=plan.head.id, buildings=out)
        queries.delete_gaps(connection, plan_id=plan.head.id, buildings=list(after.keys() - left.keys()))
        queries.write_units(
            connection,
            **whose,
            buildings=list(held),
            zones=[unit.zone_id for unit in held.values()],
            locks=[unit.is_locked for unit in held.values()],
        )
        queries.write_gaps(connection, **whose, buildings=list(left), reasons=list(left.values()))
    # Last, for what is still in them would go with them.
    gone = [zone_id for zone_id, (_, zone) in change.zones.items() if zone is None]
    if gone:
        queries.delete_zones(connection, plan_id=plan.head.id, ids=gone)


def _write_zones(connection: PostgresConnection, plan: Plan, change: Change) -> None:
    queries = load_queries("zones")
    whose = {"plan_id": plan.head.id, "community_id": plan.head.community_id}
    kept = [zone for zone in plan.zones if zone.id in change.zones]
    queries.write_zones(
        connection,
        **whose,
        ids=[zone.id for zone in kept],
        codes=[zone.code for zone in kept],
        names=[zone.name for zone in kept],
        colours=[zone.colour for zone in kept],
        locks=[zone.is_locked for zone in kept],
    )
    held = [(zone.id, appointment) for zone in kept for appointment in zone.appointments]
    queries.delete_appointments(connection, plan_id=plan.head.id, ids=[zone.id for zone in kept])
    queries.insert_appointments(
        connection,
        **whose,
        ids=[zone_id for zone_id, _ in held],
        parties=[a.party_id for _, a in held],
        roles=[a.role for _, a in held],
        starts=[a.valid_from for _, a in held],
        ends=[a.valid_to for _, a in held],
    )


def paint_zones(connection: PostgresConnection, plan_id: int, colours: Mapping[int, str]) -> None:
    """Give zones other colours, which is no step of the journal."""
    load_queries("zones").paint_zones(
        connection, plan_id=plan_id, ids=list(colours), colours=list(colours.values())
    )


def raise_revision(connection: PostgresConnection, plan_id: int) -> int:
    """Count a change of a draft, and return its revision."""
    revision: int = load_queries("zones").raise_revision(connection, plan_id=plan_id)
    return revision


def insert_step(
    connection: PostgresConnection,
    plan: PlanHead,
    account_id: int | None,
    label: str,
    change: Change,
    revision: int,
) -> None:
    """Write a step into the journal of a draft."""
    load_queries("zones").insert_step(
        connection,
        plan_id=plan.id,
        community_id=plan.community_id,
        account_id=account_id,
        label=label,
        changes=json.dumps(_encode_change(change), ensure_ascii=False),
        revision=revision,
    )


def mark_step(
    connection: PostgresConnection, plan_id: int, number: int, revision: int, *, is_undone: bool
) -> None:
    """Note that a step was taken back, or made again."""
    load_queries("zones").mark_step(
        connection, plan_id=plan_id, number=number, revision=revision, is_undone=is_undone
    )


def list_steps(connection: PostgresConnection, plan_id: int) -> list[Step]:
    """Return the last steps of a draft, the last first."""
    return _read_steps(load_queries("zones").list_steps(connection, plan_id=plan_id, most=_MOST_STEPS))


def list_steps_since(connection: PostgresConnection, plan_id: int, since: int) -> list[Step]:
    """Return what has been made, taken back or made again since a revision."""
    return _read_steps(load_queries("zones").list_steps_since(connection, plan_id=plan_id, since=since))


def find_undoable(connection: PostgresConnection, plan_id: int, account_id: int | None) -> Step | None:
    """Return the last step of an account that it has not taken back."""
    row = load_queries("zones").find_undoable(connection, plan_id=plan_id, account_id=account_id)
    return None if row is None else _read_step(row)


def find_redoable(connection: PostgresConnection, plan_id: int, account_id: int | None) -> Step | None:
    """Return the first step that an account has taken back and has made no new one since."""
    row = load_queries("zones").find_redoable(connection, plan_id=plan_id, account_id=account_id)
    return None if row is None else _read_step(row)


def list_candidates(
    connection: PostgresConnection, community_id: int, kinds: Collection[str], on_day: date
) -> list[tuple[int, str]]:
    """Return whom zones may be given to on a day: id and name of the parties of some kinds."""
    return list(
        load_queries("zones").list_candidates(
            connection, community_id=community_id, kinds=list(kinds), on_day=on_day
        )
    )


def find_active_parties(
    connection: PostgresConnection, community_id: int, party_ids: Iterable[int], on_day: date
) -> set[int]:
    """Return which of some parties are there on a day."""
    rows = load_queries("zones").list_active(
        connection, community_id=community_id, party_ids=list(party_ids), on_day=on_day
    )
    return {party_id for (party_id,) in rows}


def list_unassigned(connection: PostgresConnection, plan_id: int) -> list[tuple[int, str]]:
    """Return buildings that a plan neither puts into a zone nor says why not: id and name."""
    return list(load_queries("zones").list_unassigned(connection, plan_id=plan_id))


def lock_kind(connection: PostgresConnection, community_id: int, kind: ZoneKind) -> None:
    """Wait until nobody else publishes a plan of a kind; hold until the transaction ends."""
    load_queries("zones").lock_kind(connection, community_id=community_id, kind=kind)


def find_last_plan(
    connection: PostgresConnection, community_id: int, kind: ZoneKind
) -> tuple[int, str, date] | None:
    """Return id, name and first day of the published plan of a kind that begins last."""
    row: tuple[int, str, date] | None = load_queries("zones").find_last_plan(
        connection, community_id=community_id, kind=kind
    )
    return row


def publish_plan(
    connection: PostgresConnection,
    plan_id: int,
    valid_from: date,
    account_id: int | None,
    *,
    after: int | None,
) -> None:
    """Publish a draft, and end the plan that it follows as it begins."""
    queries = load_queries("zones")
    queries.put_off_plan_check(connection)
    queries.publish_plan(connection, plan_id=plan_id, valid_from=valid_from, account_id=account_id)
    if after is not None:
        queries.supersede_plan(connection, plan_id=after, valid_to=valid_from)


def _read_head(row: tuple[Any, ...]) -> PlanHead:
    plan_id, community_id, kind, name, state, *rest = row
    return PlanHead(plan_id, community_id, ZoneKind(kind), name, PlanState(state), *rest)


def _read_steps(rows: Iterable[tuple[Any, ...]]) -> list[Step]:
    return [_read_step(row) for row in rows]


def _read_step(row: tuple[Any, ...]) -> Step:
    number, account_id, at, label, revision, changes, is_undone = row
    return Step(number, account_id, at, label, revision, _decode_change(changes), is_undone)


def _encode_change(change: Change) -> dict[str, dict[str, list[object]]]:
    return {
        "units": {str(key): [_encode_unit(unit) for unit in pair] for key, pair in change.units.items()},
        "zones": {str(key): [_encode_zone(zone) for zone in pair] for key, pair in change.zones.items()},
    }


def _decode_change(changes: Mapping[str, Mapping[str, list[Any]]]) -> Change:
    return Change(
        {int(key): (Unit(*pair[0]), Unit(*pair[1])) for key, pair in changes["units"].items()},
        {int(key): (_decode_zone(pair[0]), _decode_zone(pair[1])) for key, pair in changes["zones"].items()},
    )


def _encode_unit(unit: Unit) -> list[object]:
    return [unit.zone_id, unit.is_locked, unit.gap]


def _encode_zone(zone: Zone | None) -> dict[str, object] | None:
    if zone is None:
        return None
    return {
        "id": zone.id,
        "code": zone.code,
        "name": zone.name,
        "colour": zone.colour,
        "is_locked": zone.is_locked,
        "appointments": [
            [a.party_id, a.role, a.valid_from.isoformat(), a.valid_to and a.valid_to.isoformat()]
            for a in zone.appointments
        ],
    }


def _decode_zone(values: Mapping[str, Any] | None) -> Zone | None:
    if values is None:
        return None
    appointments = tuple(
        Appointment(
            party_id,
            ZoneRole(role),
            date.fromisoformat(start),
            None if end is None else date.fromisoformat(end),
        )
        for party_id, role, start, end in values["appointments"]
    )
    return Zone(**{**values, "appointments": appointments})

"""Suggestions for a zone plan: what is asked about a community, and what an answer means there.

Between the two lies :mod:`geo.operations.searching`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import count, islice
from typing import Final

import numpy as np
import shapely

from geo.crs import LocalPlane
from geo.errors import InputRefused
from geo.model.zone import Plan
from geo.operations.searching import Found
from geo.operations.workload import Workload, read_workload
from geo.zoning.explain import Reason, explain_moves
from geo.zoning.problem import NO_ZONE, Floats, Ints
from geo.zoning.question import Question

_MOST_ZONES: Final = 500


class Load(StrEnum):
    """What can be shared out evenly."""

    HOUSEHOLDS = "households"
    RESIDENTS = "residents"
    WORKLOAD = "workload"
    INCIDENTS = "incidents"


@dataclass(frozen=True, slots=True)
class SuggestedZone:
    """A zone of a suggestion: one of the plan it began from, or a new one, whose id is None."""

    id: int | None
    code: str
    name: str


@dataclass(frozen=True)
class Posed:
    """A question about the buildings of a community.

    Attributes:
        question: as the search takes it.
        building_ids: n, in its order.
        codes, names: n; of the buildings.
        zones: those that are to be, in its order.
        balance: the loads in its order.
        holders: n; the id of the zone each building is in today, also if that zone is to be no more.
        gaps: n; whether nobody is to hold the building, on purpose.
        dissolved: zones that are to be no more.
        workload: what the loads were taken from, building by building.
    """

    question: Question
    building_ids: tuple[int, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    zones: tuple[SuggestedZone, ...]
    balance: tuple[Load, ...]
    holders: tuple[int | None, ...]
    gaps: frozenset[int]
    dissolved: tuple[SuggestedZone, ...]
    workload: Workload


@dataclass(frozen=True, slots=True)
class ToldMove:
    """Buildings that go together, and why; zones None where nobody held them.

    Attributes:
        buildings: their ids.
        names: what to call them.
        giver, taker: the zones.
        reason: what the move is good for.
        households: how many go with them.
        giver_before, giver_after, taker_before, taker_after: shares of the mean; 1 is the mean.
    """

    buildings: tuple[int, ...]
    names: tuple[str, ...]
    giver: SuggestedZone | None
    taker: SuggestedZone
    reason: Reason
    households: float
    giver_before: float
    giver_after: float
    taker_before: float
    taker_after: float


def pose_question(
    community_id: int,
    plan: Plan | None,
    on_day: date,
    *,
    zone_count: int | None = None,
    balance: Sequence[Load] = (Load.HOUSEHOLDS, Load.WORKLOAD),
    without: Sequence[int] = (),
) -> Posed:
    """Ask how to share out a community's buildings, starting from a plan, its locks kept.

    Args:
        community_id: whose buildings.
        plan: who holds what today, and what is locked; None where nobody holds anything.
        on_day: whose loads are shared out.
        zone_count: how many zones there are to be; as many as now where not given. For fewer, the smallest
            that are not locked go.
        balance: what to share out evenly, what counts as moved first.
        without: zones of the plan that are to be no more, as when their holders leave.

    Raises:
        InputRefused: no plan can be like that.
        NotFound: there is no such community, or whoever asks does not see it.
    """
    if not balance:
        msg = f"nothing is to be even: choose some of {', '.join(Load)}"
        raise InputRefused(msg)
    workload = read_workload(community_id, on_day)
    ids = workload.counts.building_ids
    held = [None if plan is None else plan.units.get(building_id) for building_id in ids]
    zones, dissolved = _choose_zones(plan, held, workload, zone_count, without)
    number_of = {zone.id: number for number, zone in enumerate(zones) if zone.id is not None}
    holder = np.array([NO_ZONE if zone is None else number_of.get(zone, NO_ZONE) for zone in held], np.int64)
    is_locked = np.array([plan is not None and building_id in plan.locked_units for building_id in ids], bool)
    gaps = frozenset(ids) & frozenset(plan.gaps if plan else ())
    loads = np.stack([_list_load(workload, load) for load in balance], axis=1)
    loads[[building_id in gaps for building_id in ids]] = 0
    question = _lay_on_plane(
        workload,
        loads,
        zone_count=len(zones),
        holder=holder,
        fixed=np.where(is_locked, holder, NO_ZONE),
        closed=tuple(number_of[zone.id] for zone in (plan.zones if plan else ()) if zone.is_locked),
    )
    return Posed(
        question=question,
        building_ids=ids,
        codes=workload.ground.codes,
        names=workload.ground.names,
        zones=zones,
        balance=tuple(balance),
        holders=tuple(held),
        gaps=gaps,
        dissolved=dissolved,
        workload=workload,
    )


def _choose_zones(
    plan: Plan | None,
    held: Sequence[int | None],
    workload: Workload,
    zone_count: int | None,
    without: Sequence[int],
) -> tuple[tuple[SuggestedZone, ...], tuple[SuggestedZone, ...]]:
    """Choose which zones stay, and make up new ones; return them, and those that go."""
    present = list(plan.zones) if plan else []
    locked = {zone.id for zone in present if zone.is_locked}
    refused = sorted(locked & set(without))
    if refused:
        name = next(zone.name for zone in present if zone.id == refused[0])
        msg = f"zone {name} is locked: unlock it before it is dissolved"
        raise InputRefused(msg)
    wanted = len([zone for zone in present if zone.id not in without]) if zone_count is None else zone_count
    if wanted < max(1, len(locked)) or wanted > _MOST_ZONES:
        msg = f"there cannot be {wanted} zones: ask for {max(1, len(locked))} to {_MOST_ZONES}"
        raise InputRefused(msg)
    households = dict.fromkeys((zone.id for zone in present), 0.0)
    for zone_id, weight in zip(held, workload.counts.households, strict=True):
        if zone_id in households:
            households[zone_id] += weight
    # Locked ones stay first, then the large.
    ranked = sorted(
        (zone for zone in present if zone.id not in without),
        key=lambda zone: (zone.id not in locked, -households[zone.id]),
    )
    kept = {zone.id for zone in ranked[:wanted]}
    staying = [SuggestedZone(zone.id, zone.code, zone.name) for zone in present if zone.id in kept]
    codes = {zone.code for zone in present}
    fresh = (code for code in (f"N{number}" for number in count(1)) if code not in codes)
    made = [SuggestedZone(None, code, code) for code in islice(fresh, wanted - len(staying))]
    gone = tuple(SuggestedZone(zone.id, zone.code, zone.name) for zone in present if zone.id not in kept)
    return (*staying, *made), gone


def _list_load(workload: Workload, load: Load) -> Floats:
    return {
        Load.HOUSEHOLDS: workload.counts.households,
        Load.RESIDENTS: workload.counts.residents,
        Load.WORKLOAD: workload.total,
        Load.INCIDENTS: workload.incidents,
    }[load]


def _lay_on_plane(
    workload: Workload, loads: Floats, *, zone_count: int, holder: Ints, fixed: Ints, closed: tuple[int, ...]
) -> Question:
    ground = workload.ground
    middle = shapely.centroid(ground.outline)
    plane = LocalPlane(middle.x, middle.y)
    outline, *waters = plane.geometry_to_metres(np.asarray([ground.outline, *ground.waters], object))
    return Question(
        points_m=plane.to_metres(ground.places),
        outline=outline,
        waters=tuple(waters),
        compounds=np.where(ground.compound_ids > 0, ground.compound_ids, -1),
        loads=loads,
        zone_count=zone_count,
        holder=holder,
        fixed=fixed,
        closed=closed,
    )


def list_assignment(posed: Posed, found: Found) -> dict[int, SuggestedZone]:
    """Return the zone of each building; those that nobody is to hold are left out."""
    return {
        building_id: posed.zones[zone]
        for building_id, zone in zip(posed.building_ids, found.plan.tolist(), strict=True)
        if building_id not in posed.gaps
    }


def list_moves(posed: Posed, found: Found) -> list[ToldMove]:
    """Explain every move from who holds a building today to a suggestion; the heaviest first."""
    gone = {zone.id: zone for zone in posed.dissolved}
    told = []
    for move in explain_moves(posed.question.problem, found.plan):
        units = [unit for unit in move.units if posed.building_ids[unit] not in posed.gaps]
        if not units:
            continue
        # Of a zone that is to be no more, the search knows nothing.
        giver = gone.get(posed.holders[units[0]]) if move.giver == NO_ZONE else posed.zones[move.giver]
        told.append(
            ToldMove(
                buildings=tuple(posed.building_ids[unit] for unit in units),
                names=tuple(posed.names[unit] for unit in units),
                giver=giver,
                taker=posed.zones[move.taker],
                reason=Reason.DISSOLVED if move.giver == NO_ZONE and giver is not None else move.reason,
                households=move.load,
                giver_before=move.giver_before,
                giver_after=move.giver_after,
                taker_before=move.taker_before,
                taker_after=move.taker_after,
            )
        )
    return told

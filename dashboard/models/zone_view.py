"""A zone plan laid over the town: which building is where, and how the plan stands."""

from dataclasses import dataclass, replace

import numpy as np

from geo.model.zone import Plan
from geo.operations.zone_town import Town
from geo.zoning.draft import DraftFigures, measure_draft
from geo.zoning.problem import NO_ZONE, Ints


@dataclass(frozen=True)
class PlanView:
    """A plan laid over the town: who is where, and how it stands.

    Attributes:
        plan: the plan.
        town: the town.
        units: n zone numbers, in the order of the plan's zones.
        figures: how it stands.
        is_partial: its reader sees some buildings only, so that the figures are not those of the zones.
    """

    plan: Plan
    town: Town
    units: Ints
    figures: DraftFigures
    is_partial: bool = False

    @property
    def unassigned(self) -> list[int]:
        """Buildings in no zone and without a stated reason."""
        ids, gaps = self.town.building_ids, self.plan.gaps
        return [ids[unit] for unit in np.flatnonzero(self.units == NO_ZONE) if ids[unit] not in gaps]

    @property
    def breaks(self) -> list[list[int]]:
        """Parts of zones that lie apart from the zone's main part, the heaviest first."""
        ids = self.town.building_ids
        apart = [part for parts in self.figures.parts for part in parts[1:]]
        apart.sort(key=lambda units: -float(self.town.loads[units, 0].sum()))
        return [[ids[unit] for unit in part] for part in apart]

    def list_colours_before(self, other: "PlanView | None") -> dict[int, str | None]:
        """List the colours of the zones that what has moved was in, as this plan has them."""
        if other is None:
            return {}
        there = list_codes(other.plan)
        colours = {zone.code: zone.colour for zone in (*other.plan.zones, *self.plan.zones)}
        return {key: colours.get(there.get(key, "")) for key in self.list_moved(other)}

    def list_moved(self, other: "PlanView | None") -> list[int]:
        """List the buildings that are in another zone than in another plan, told by their codes."""
        if other is None:
            return []
        here, there = list_codes(self.plan), list_codes(other.plan)
        return [key for key in self.town.building_ids if here.get(key) != there.get(key)]


def lay_plan(plan: Plan, town: Town, *, is_partial: bool = False) -> PlanView:
    """Lay a plan over the town and measure it; buildings that are gone are left out."""
    number = {zone.id: index for index, zone in enumerate(plan.zones)}
    units = np.array(
        [number.get(plan.units.get(key, NO_ZONE), NO_ZONE) for key in town.building_ids], np.int64
    )
    figures = measure_draft(town.neighbourhood, town.loads, units, len(plan.zones))
    return PlanView(plan, town, units, figures, is_partial)


def keep_seen(plan: Plan, town: Town) -> Plan:
    """Return a plan with those zones only in which its reader sees a building; the mean is then theirs."""
    seen = {plan.units.get(building_id) for building_id in town.building_ids}
    return replace(plan, zones=tuple(zone for zone in plan.zones if zone.id in seen))


def list_codes(plan: Plan) -> dict[int, str]:
    """Return the code of the zone each building is in; plans copied from one another share their codes."""
    codes = {zone.id: zone.code for zone in plan.zones}
    return {building_id: codes[zone_id] for building_id, zone_id in plan.units.items() if zone_id in codes}

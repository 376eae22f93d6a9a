"""A suggestion taken over into a draft."""

from collections.abc import Callable

from geo.model.zone import Plan
from geo.operations.searching import Found
from geo.operations.suggesting import Posed, list_assignment
from geo.operations.zone_drafts import add_zone, apply_suggestion, merge_zones


def take_over(
    plan_id: int,
    posed: Posed,
    found: Found,
    *,
    seen_revision: int,
    label: str,
    name_zone: Callable[[str], str],
) -> Plan:
    """Put every building where a suggestion has it, in one step, and one more for each zone made or dropped.

    Each step can be taken back; should one be refused, those before it stand.

    Args:
        plan_id: the draft the question was posed from.
        posed: the question.
        found: the suggestion.
        seen_revision: of the draft as whoever acts has seen it.
        label: what to call the steps in the journal.
        name_zone: what to call a new zone, by its code.

    Raises:
        InputRefused: a lock stands in the way.
        Conflict: somebody else has changed the same buildings since, or one of them is gone.
        Forbidden: whoever acts does not draw plans there.
    """
    wanted = list_assignment(posed, found)
    kept = {building_id: zone.id for building_id, zone in wanted.items() if zone.id is not None}
    plan = apply_suggestion(plan_id, kept, seen_revision=seen_revision, label=label)
    for zone in posed.zones:
        if zone.id is None:
            own = [building_id for building_id, to in wanted.items() if to == zone]
            plan = add_zone(
                plan_id, name_zone(zone.code), seen_revision=seen_revision, label=label, building_ids=own
            )
    heir = next((zone.id for zone in posed.zones if zone.id is not None), None)
    for zone in posed.dissolved:
        if zone.id is not None and heir is not None:
            plan = merge_zones(plan_id, [zone.id], heir, seen_revision=seen_revision, label=label)
    return plan

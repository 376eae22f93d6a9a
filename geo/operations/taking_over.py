"""A suggestion taken over into a draft."""

from collections.abc import Callable

from geo.model.zone import Plan
from geo.operations.searching import Found
from geo.operations.suggesting import Posed, list_assignment
from geo.operations.zone_drafts import redraw_zones


def take_over(
    plan_id: int,
    posed: Posed,
    found: Found,
    *,
    seen_revision: int,
    label: str,
    name_zone: Callable[[str], str],
) -> Plan:
    """Put every building where a suggestion has it, zones made and dropped included: one step, or nothing.

    Args:
        plan_id: the draft the question was posed from.
        posed: the question.
        found: the suggestion.
        seen_revision: of the draft as whoever acts has seen it.
        label: what to call the step in the journal.
        name_zone: what to call a new zone, by its code.

    Raises:
        InputRefused: a lock stands in the way.
        Conflict: somebody else has changed the same buildings since, or one of them is gone.
        Forbidden: whoever acts does not draw plans there.
    """
    wanted = list_assignment(posed, found)
    return redraw_zones(
        plan_id,
        {building_id: zone.id for building_id, zone in wanted.items() if zone.id is not None},
        fresh={
            name_zone(zone.code): [building_id for building_id, to in wanted.items() if to == zone]
            for zone in posed.zones
            if zone.id is None
        },
        dropped=[zone.id for zone in posed.dissolved if zone.id is not None],
        seen_revision=seen_revision,
        label=label,
    )

"""A case as somebody looks at it: whose time it was, and the duty rule that gave it to whoever has it."""

from dataclasses import dataclass
from datetime import datetime

from geo.model.duty import DutyRule
from geo.model.incident import Case
from geo.operations.deadlines import find_day, find_unit, load_calendar
from geo.rules.legs import Leg, build_legs, read_history
from geo.store import incidents
from geo.store.duties import find_duty_rule
from geo.store.engine import connect


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case, the legs of its clock in order, and its duty rule; None where no rule fitted."""

    case: Case
    legs: tuple[Leg, ...]
    rule: DutyRule | None


def view_case(incident_id: int, now: datetime) -> CaseView:
    """Return a case as whoever acts may see it, its clocks judged at ``now``.

    Raises:
        NotFound: it is not there, or not to be seen.
    """
    with connect() as connection:
        case = incidents.read_case(connection, incident_id)
        facts = incidents.get_clock_facts(connection, incident_id)
        history = read_history(
            case.events,
            party_id=case.party_id,
            due_at=case.due_at,
            original_due_at=case.original_due_at,
        )
        unit = find_unit(connection, facts)
        legs = build_legs(history, load_calendar(connection, case.community_id), unit, now)
        rule = find_duty_rule(connection, case.duty_rule_id, find_day(now)) if case.duty_rule_id else None
    return CaseView(case, tuple(legs), rule)

"""To whom a case goes and until when: duty rules and clocks of its community, applied to one case."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.working_time import Allowance, Unit, WorkingHours
from geo.rules.calendar import WorkingCalendar
from geo.rules.clock import Pause, find_due, resume_due
from geo.rules.routing import Why, find_place_type, route
from geo.store import absences, calendars, duties, incidents
from geo.store.incidents import ClockFacts

CHINA: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class RouteAndDue:
    """Where a case goes.

    Attributes:
        party_id: who has to deal with it.
        duty_rule_id: the rule that says so; None where none does.
        due_at: until when; None without a limit.
        why: the reason, for a page to put into words.
    """

    party_id: int
    duty_rule_id: int | None
    due_at: datetime | None
    why: Why


def find_day(moment: datetime) -> date:
    """Return the day of a moment in Asia/Shanghai."""
    return moment.astimezone(CHINA).date()


def choose_route_and_due(
    connection: PostgresConnection,
    community_id: int,
    category_code: str,
    start: datetime,
    *,
    building_id: int | None = None,
    compound_id: int | None = None,
    merchant_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> RouteAndDue:
    """Return to whom a case goes, why, and when it is due if its time begins at ``start``.

    What goes to the residents' committee goes to whoever holds the building for it, if somebody does. What a
    property company is not shown does not go to one, whatever the rule says. While somebody is away, it goes
    to whoever does his work.

    Args:
        connection: for reading, as whoever acts.
        community_id: of the case.
        category_code: of the case.
        start: when the clock begins.
        building_id: it is in.
        compound_id: it lies in.
        merchant_id: whose premises it is at.
        point: EPSG:4490, longitude first.

    Raises:
        NotFound: no rule fits and the community has neither a residents' committee nor a secretary.
    """
    day = find_day(start)
    facts = duties.load_place_facts(
        connection, community_id, day,
        merchant_id=merchant_id, compound_id=compound_id, building_id=building_id, point=point,
    )  # fmt: skip
    fallback = duties.find_fallback(connection, community_id, day)
    chosen = route(
        category_code,
        duties.load_category_parents(connection).get(category_code),
        find_place_type(facts),
        duties.load_duty_rules(connection, community_id, day),
        fallback,
        property_company_id=facts.property_company_id,
    )
    if incidents.is_withheld(connection, chosen.lead_party_id, category_code):
        chosen = replace(chosen, lead_party_id=fallback.party_id, rule_id=None)
    allowance = chosen.deadline or _find_category_allowance(connection, community_id, category_code)
    holder = incidents.find_hand(connection, chosen.lead_party_id, building_id, category_code, day)
    due_at = (
        None if allowance is None else find_due(load_calendar(connection, community_id), start, allowance)
    )
    lead = holder or chosen.lead_party_id
    acting = absences.find_acting(connection, lead, building_id, day) or fallback.party_id
    return RouteAndDue(acting, chosen.rule_id, due_at, chosen.why)


def find_new_due(connection: PostgresConnection, case: ClockFacts, start: datetime) -> datetime | None:
    """Return when a case is due if its time begins anew at ``start``; None without a limit."""
    allowance = _find_allowance(connection, case)
    if allowance is None:
        return None
    return find_due(load_calendar(connection, case.community_id), start, allowance)


def find_resumed_dues(
    connection: PostgresConnection, case: ClockFacts, since: datetime, until: datetime
) -> tuple[datetime | None, datetime | None]:
    """Return the due time and the original one of a case whose clock stood for a while."""
    unit = find_unit(connection, case)
    calendar = load_calendar(connection, case.community_id)
    pause = Pause(since, until)
    dues = (case.due_at, case.original_due_at)
    due_at, original_due_at = (
        None if due is None else resume_due(calendar, due, unit, pause) for due in dues
    )
    return due_at, original_due_at


def find_unit(connection: PostgresConnection, case: ClockFacts) -> Unit:
    """Return what the time of a case is counted in; without a limit it runs in working time."""
    allowance = _find_allowance(connection, case)
    return Unit.WORKING_DAY if allowance is None else allowance.unit


def load_calendar(connection: PostgresConnection, community_id: int) -> WorkingCalendar:
    """Return the working time of a community."""
    time = calendars.load_working_time(connection, community_id)
    return _make_calendar(time.hours, tuple(sorted(time.overrides.items())))


@lru_cache(maxsize=64)
def _make_calendar(hours: WorkingHours, overrides: tuple[tuple[date, bool], ...]) -> WorkingCalendar:
    return WorkingCalendar(hours, dict(overrides))


def _find_allowance(connection: PostgresConnection, case: ClockFacts) -> Allowance | None:
    """Return the time that the rule of a case gives, or else its category."""
    if case.duty_rule_id is not None:
        rule = duties.find_duty_rule(connection, case.duty_rule_id, find_day(datetime.now(UTC)))
        if rule is not None and rule.deadline is not None:
            return rule.deadline
    return _find_category_allowance(connection, case.community_id, case.category_code)


def _find_category_allowance(
    connection: PostgresConnection, community_id: int, category_code: str
) -> Allowance | None:
    clock = calendars.load_clocks(connection, community_id).get(category_code)
    return None if clock is None else clock.deadline

"""Inspecting: what is due today, who was there, what a month comes to, what a community asks for."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Final

import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.incident import NewIncident
from geo.model.inspection import USUAL_TEMPLATES, Finding, Subject, Template
from geo.operations.deadlines import load_calendar
from geo.operations.incidents import report_and_keep
from geo.rules.inspections import (
    DueList,
    MonthOfInspections,
    find_cycles,
    find_keeper,
    find_running,
    list_due,
    sum_month,
    verify_templates,
)
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period
from geo.store import inspections
from geo.store.duties import record_change
from geo.store.engine import connect, get_actor, transaction

_DAY: Final = timedelta(days=1)


def read_templates(community_id: int) -> tuple[Template, ...]:
    """Return what a community inspects: its own templates, or the usual ones.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        return inspections.list_templates(connection, community_id) or USUAL_TEMPLATES


def change_templates(community_id: int, templates: Sequence[Template], seen: Sequence[Template]) -> None:
    """Change what a community inspects.

    Args:
        community_id: whose.
        templates: all of them as they are to be.
        seen: all of them as whoever changes them saw them.

    Raises:
        InputRefused: they make no sense together.
        Conflict: somebody else has changed them meanwhile.
        Forbidden: whoever acts does not keep the community's settings.
    """
    verify_templates(templates)
    try:
        with transaction() as connection:
            inspections.lock_templates(connection, community_id)
            if (inspections.list_templates(connection, community_id) or USUAL_TEMPLATES) != tuple(seen):
                msg = "somebody else has changed the inspections meanwhile: look at them again"
                raise Conflict(msg)
            inspections.write_templates(connection, community_id, templates)
            record_change(
                connection,
                "community_changed",
                community_id,
                "inspection_template",
                community_id,
                {"templates": [asdict(template) for template in templates]},
            )
    except psycopg2.errors.InsufficientPrivilege as refusal:
        msg = "your role does not keep the community's settings: ask the secretary"
        raise Forbidden(msg) from refusal
    except psycopg2.errors.CheckViolation as refusal:
        msg = "a value of the inspections is out of its range: see the form"
        raise InputRefused(msg) from refusal


def list_due_inspections(
    community_id: int, now: datetime, *, party_id: int | None = None
) -> tuple[DueList, ...]:
    """Return what is still to be looked at in the cycles that run, a list for each template.

    Args:
        community_id: whose.
        now: the moment.
        party_id: only what this party answers for; everybody's where None.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    today = find_day(now)
    with connect() as connection:
        calendar = load_calendar(connection, community_id)
        templates = [
            template
            for template in inspections.list_templates(connection, community_id) or USUAL_TEMPLATES
            if template.is_on
        ]
        cycles = [find_running(template.cadence, today, calendar.is_workday) for template in templates]
        first = min((cycle.first for cycle in cycles if cycle), default=today)
        looks = inspections.list_looks(
            connection, community_id, start_of_day(first), start_of_day(today + _DAY)
        )
        holders = inspections.list_holders(connection, community_id, [today]) if party_id is not None else {}
        lists = []
        for template, cycle in zip(templates, cycles, strict=True):
            places = [
                place
                for place in inspections.list_places(connection, community_id, template.subject)
                if party_id is None or find_keeper(place, template.zone_kind, today, holders) == party_id
            ]
            lists.append(list_due(template, cycle, places, looks))
    return tuple(lists)


def record_inspection(
    community_id: int, subject: Subject, place_id: int, finding: Finding = "checked"
) -> None:
    """Keep that whoever acts was at a place just now.

    Raises:
        Forbidden: the place is not his, or his role records no visits.
        NotFound: there is no such place.
    """
    with _refuse_places(), transaction() as connection:
        _add_visit(connection, community_id, (subject, place_id), finding)


def _add_visit(
    connection: PostgresConnection, community_id: int, place: tuple[Subject, int], finding: Finding
) -> None:
    actor = get_actor()
    inspections.add_visit(connection, community_id, place, actor.party_id if actor else None, finding)


@contextmanager
def _refuse_places() -> Iterator[None]:
    """Say in words why a visit is not kept."""
    try:
        yield
    except psycopg2.errors.InsufficientPrivilege as refusal:
        msg = "this place is not in your area: let whoever holds it say that he was there"
        raise Forbidden(msg) from refusal
    except psycopg2.errors.ForeignKeyViolation as refusal:
        msg = "there is no such place in this community any more: load the page again"
        raise NotFound(msg) from refusal


def report_problem(
    community_id: int, subject: Subject, place_id: int, category_code: str, description: str
) -> int:
    """Take in what an inspection found, and keep that whoever acts was there: both, or neither.

    Asked twice on a day for the same place and kind, as by a double click, it opens one case.

    Returns:
        The id of the case.

    Raises:
        InputRefused, NotFound, Forbidden, Conflict: as :func:`geo.operations.incidents.report_incident` and
            :func:`record_inspection`.
    """
    new = NewIncident(
        community_id=community_id,
        category_code=category_code,
        source="patrol",
        description=description,
        building_id=place_id if subject in {"building", "home"} else None,
        merchant_id=place_id if subject == "merchant" else None,
        compound_id=place_id if subject == "three_no" else None,
        client_id=f"inspection {subject} {place_id} {category_code} {find_day(datetime.now(UTC))}",
    )
    with _refuse_places():
        return report_and_keep(
            new,
            lambda connection: _add_visit(connection, community_id, (subject, place_id), "problem_found"),
        )


def review_inspections(
    community_id: int, month: Period, now: datetime
) -> tuple[MonthOfInspections, dict[int, str]]:
    """Return what a month of inspections comes to, and the names of those who answered for them.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    today = find_day(now)
    with connect() as connection:
        calendar = load_calendar(connection, community_id)
        templates = inspections.list_templates(connection, community_id) or USUAL_TEMPLATES
        cycles = [
            cycle
            for template in templates
            if template.is_on
            for cycle in find_cycles(template.cadence, month, calendar.is_workday)
        ]
        last_days: set[date] = {cycle.end - _DAY for cycle in cycles if cycle.end <= today}
        until = max((cycle.end for cycle in cycles), default=month.end)
        summed = sum_month(
            month,
            templates,
            {
                template.subject: inspections.list_places(connection, community_id, template.subject)
                for template in templates
            },
            inspections.list_looks(connection, community_id, start_of_day(month.first), start_of_day(until)),
            inspections.list_holders(connection, community_id, last_days),
            today=today,
            is_workday=calendar.is_workday,
        )
        parties = [party for party in summed.of_parties if party is not None]
        return summed, inspections.list_names(connection, community_id, parties)

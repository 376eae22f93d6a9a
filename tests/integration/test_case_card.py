"""What the card of a case says of its holder and of who did what."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg2
import pytest

from dashboard.i18n import Text
from dashboard.models.incident_card import CaseCard, build_card, tell_changes
from geo.model.duty import DutyTerms, LeadKind
from geo.operations.case_view import view_case
from geo.operations.duties import add_rule
from geo.operations.incidents import act, get_case, report_incident
from geo.store.engine import acting_as
from tests.case_town import CaseTown, found_town

TEXT = Text("zh")


@pytest.fixture
def town(database_url: str) -> Iterator[CaseTown]:
    """A town whose secretary acts, for whom a party stands."""
    found = found_town(database_url)
    with acting_as(found.actor("secretary")):
        yield found


def show(case_id: int) -> CaseCard:
    now = datetime.now(UTC)
    return build_card(view_case(case_id, now), {}, {}, TEXT, now)


def dispatch(case_id: int, party_id: int) -> None:
    act(case_id, "accept", get_case(case_id).version)
    act(case_id, "register", get_case(case_id).version)
    act(case_id, "dispatch", get_case(case_id).version, to_party_id=party_id, note="请办")


def add_duty(town: CaseTown, lead: int) -> int:
    return add_rule(town.id, DutyTerms("E402", None, LeadKind.PARTY, lead, None, None, None, None))


def test_why_is_said_of_whom_the_case_was_routed_to(town: CaseTown) -> None:
    without = report_incident(town.report())
    assert show(without).why == TEXT("why.no_rule")
    add_duty(town, town.department)
    assert show(report_incident(town.report())).why.startswith("责任规则第 ")


def test_why_is_not_said_of_whom_it_was_given_by_hand(town: CaseTown) -> None:
    by_fallback = report_incident(town.report())
    dispatch(by_fallback, town.department)
    assert show(by_fallback).why == ""
    add_duty(town, town.department)
    by_rule = report_incident(town.report())
    dispatch(by_rule, town.company)
    assert show(by_rule).why == ""
    act(by_rule, "dispatch", get_case(by_rule).version, to_party_id=town.department, note="请办")
    assert show(by_rule).why.startswith("责任规则第 "), "back with whom the rule names"


@pytest.mark.parametrize("is_ruled", [False, True])
def test_of_an_imported_case_only_a_rule_that_names_its_holder_is_told(
    town: CaseTown, database_url: str, *, is_ruled: bool
) -> None:
    rule_id = add_duty(town, town.department) if is_ruled else None
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incident"
            " (community_id, category_code, source, state, reported_at, party_id, duty_rule_id)"
            " VALUES (%s, 'E402', 'patrol', 'handling', now(), %s, %s) RETURNING id",
            (town.id, town.department, rule_id),
        )
        ((case_id,),) = cursor.fetchall()
    connection.close()
    assert show(case_id).why.startswith("责任规则") == is_ruled
    assert bool(show(case_id).why) == is_ruled


def test_history_says_as_what_somebody_acted(town: CaseTown) -> None:
    case_id = report_incident(town.report())
    with acting_as(replace(town.actor("secretary"), role="grid_worker")):
        act(case_id, "accept", 1)
    assert [line.what for line in show(case_id).history] == ["受理 S（网格员）", "上报 S（书记） → W"]
    assert tell_changes(get_case(case_id).events, 1, TEXT)[0].endswith("受理 S（网格员）")

"""What the page of the zones asks of the database: the town, suggestions taken over, news, public cards."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg2
import pytest

from geo.errors import Conflict, InputRefused, WanggeError
from geo.model.actor import Actor
from geo.model.zone import Plan, ZoneKind, ZoneRole
from geo.operations import zone_drafts, zone_plans
from geo.operations.deadlines import find_day
from geo.operations.searching import Found
from geo.operations.suggesting import Posed, pose_question
from geo.operations.taking_over import take_over
from geo.operations.zone_news import list_zone_news
from geo.operations.zone_town import read_town
from geo.store import choices
from geo.store.engine import acting_as
from geo.zoning.problem import Goal
from tests.case_town import CaseTown, found_town

TODAY = find_day(datetime.now(UTC))
TOMORROW = TODAY + timedelta(days=1)


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


@pytest.fixture
def secretary(town: CaseTown) -> Actor:
    return town.actor("secretary")


def begin_draft(town: CaseTown) -> Plan:
    (head,) = zone_plans.list_plans(town.id, ZoneKind.GRID_WORKER)
    return zone_plans.start_draft(town.id, ZoneKind.GRID_WORKER, "next", based_on=head.id)


def suggest(posed: Posed, numbers: list[int]) -> Found:
    count = len(posed.zones)
    return Found(
        Goal.FAIREST,
        np.array(numbers),
        np.ones((count, 2)),
        np.ones(count),
        np.ones(count, np.int64),
        0.0,
        0.0,
        1,
        0.0,
    )


def publish(town: CaseTown, plan: Plan, day: date = TOMORROW) -> None:
    zone_plans.publish(plan.head.id, day, seen_revision=plan.head.revision)


def test_the_town_knows_its_buildings_areas_and_neighbours(town: CaseTown, secretary: Actor) -> None:
    with acting_as(secretary):
        seen = read_town(town.id, TODAY)
    assert seen.building_ids == (town.building, town.far_building)
    assert seen.areas["compounds", town.compound] == {town.building}
    assert seen.areas["grids", town.grid] == {town.building}
    assert seen.neighbourhood.neighbours.tolist() == [1, 0]
    assert seen.names[0].startswith("甲小区")


def test_a_property_company_sees_the_town_of_its_own_buildings(town: CaseTown) -> None:
    with acting_as(town.actor("company")):
        seen = read_town(town.id, TODAY)
    assert seen.building_ids == (town.building,)
    assert all(members <= {town.building} for members in seen.areas.values())


def test_a_town_without_a_building_says_so(town: CaseTown, database_url: str) -> None:
    actor = Actor(account_id=1, role="secretary", community_ids=(town.other_id,))
    with acting_as(actor), pytest.raises(InputRefused, match="no building"):
        read_town(town.other_id, TODAY)


def test_a_suggestion_is_taken_over_in_one_step_and_back(town: CaseTown, secretary: Actor) -> None:
    with acting_as(secretary):
        draft = begin_draft(town)
        posed = pose_question(town.id, draft, TODAY)
        first, second = (zone.id for zone in posed.zones)
        after = take_over(
            draft.head.id, posed, suggest(posed, [1, 0]),
            seen_revision=draft.head.revision, label="fairest", name_zone=str,
        )  # fmt: skip
        assert after.units == {town.building: second, town.far_building: first}
        assert zone_drafts.undo(draft.head.id).units == draft.units


def test_new_zones_come_with_their_buildings_and_dissolved_ones_go(town: CaseTown, secretary: Actor) -> None:
    with acting_as(secretary):
        draft = begin_draft(town)
        second = draft.zones[1]
        posed = pose_question(town.id, draft, TODAY, zone_count=2, without=[second.id])
        made = [zone for zone in posed.zones if zone.id is None]
        assert len(made) == 1
        after = take_over(
            draft.head.id, posed, suggest(posed, [0, 1]),
            seen_revision=draft.head.revision, label="fairest", name_zone=lambda code: f"new {code}",
        )  # fmt: skip
        back = zone_drafts.undo(draft.head.id)
        again = zone_drafts.redo(draft.head.id)
        assert len(zone_drafts.list_steps(draft.head.id)) == 1
    names = {zone.name for zone in after.zones}
    assert second.name not in names
    assert f"new {made[0].code}" in names
    assert set(after.units) == set(draft.units)
    assert len(set(after.units.values())) == 2
    assert back.units == draft.units
    assert [zone.name for zone in back.zones] == [zone.name for zone in draft.zones]
    assert (again.units, again.zones) == (after.units, after.zones)


@pytest.mark.parametrize(
    ("table", "event"),
    [("zone", "INSERT"), ("zone_unit", "UPDATE"), ("zone", "DELETE"), ("zone_step", "INSERT")],
)
def test_a_crash_between_two_statements_takes_over_nothing(
    town: CaseTown, secretary: Actor, database_url: str, table: str, event: str
) -> None:
    with acting_as(secretary):
        draft = begin_draft(town)
        posed = pose_question(town.id, draft, TODAY, zone_count=2, without=[draft.zones[1].id])
        revision = draft.head.revision

        def take() -> Plan:
            return take_over(
                draft.head.id, posed, suggest(posed, [1, 0]),
                seen_revision=revision, label="fairest", name_zone=str,
            )  # fmt: skip

        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
                "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
            )
            cursor.execute(
                f"CREATE TRIGGER crash AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION crash()"
            )
        with pytest.raises(WanggeError):
            take()
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION crash CASCADE")
        assert zone_plans.read_plan(draft.head.id) == draft
        assert zone_drafts.list_steps(draft.head.id) == []
        assert {zone.name for zone in take().zones} == {draft.zones[0].name, "N1"}


def test_a_suggestion_for_a_draft_others_have_changed_is_refused(town: CaseTown, secretary: Actor) -> None:
    with acting_as(secretary):
        draft = begin_draft(town)
        posed = pose_question(town.id, draft, TODAY)
    with acting_as(town.actor("worker", "secretary")):
        zone_drafts.assign_units(
            draft.head.id, [town.building], None, seen_revision=draft.head.revision, label="other"
        )
    with acting_as(secretary):
        with pytest.raises(Conflict):
            take_over(
                draft.head.id, posed, suggest(posed, [1, 0]),
                seen_revision=draft.head.revision, label="fairest", name_zone=str,
            )  # fmt: skip
        assert zone_plans.read_plan(draft.head.id).units == {town.far_building: draft.zones[1].id}


def test_whose_zone_changes_is_told_and_nobody_else(town: CaseTown, secretary: Actor) -> None:
    with acting_as(secretary):
        draft = begin_draft(town)
        first, second = draft.zones
        plan = zone_drafts.assign_units(
            draft.head.id, [town.building], second.id, seen_revision=draft.head.revision, label="move"
        )
        plan = zone_drafts.merge_zones(
            draft.head.id, [first.id], second.id, seen_revision=plan.head.revision, label="merge"
        )
        assert list_zone_news(town.id, town.worker, TODAY) == []
        publish(town, plan)
        (lost,) = list_zone_news(town.id, town.worker, TODAY)
        (won,) = list_zone_news(town.id, town.colleague, TODAY)
        assert list_zone_news(town.id, town.secretary, TODAY) == []
        assert list_zone_news(town.id, town.colleague, TODAY + timedelta(days=9)) == []
    assert (lost.gained, lost.lost, lost.zones) == (0, 1, ())
    assert (won.gained, won.lost, won.zones) == (1, 0, (second.name,))
    assert won.valid_from == TOMORROW


def test_who_keeps_his_buildings_is_told_nothing(town: CaseTown, secretary: Actor) -> None:
    with acting_as(secretary):
        draft = begin_draft(town)
        plan = zone_drafts.appoint(
            draft.head.id, draft.zones[0].id, town.colleague, ZoneRole.BACKUP,
            seen_revision=draft.head.revision, label="backup",
        )  # fmt: skip
        publish(town, plan)
        assert list_zone_news(town.id, town.worker, TODAY) == []


def test_public_cards_name_staff_with_their_numbers_at_work(town: CaseTown, database_url: str) -> None:
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO party_contact (party_id, community_id, full_name, work_phone, mobile_phone)"
            " VALUES (%s, %s, '欧阳小宝', '0772-1234567', '13812341234')",
            (town.worker, town.id),
        )
    with acting_as(town.actor("leader")):
        (card,) = choices.list_party_cards(town.id)
    assert card == choices.PartyCard(town.worker, "欧阳小宝", "0772-1234567")

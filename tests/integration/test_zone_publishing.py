"""Publishing zone plans: what keeps one from it, what is history afterwards, what nobody changes any more."""

import threading
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from psycopg2 import errors

from geo.errors import Conflict, InputRefused, WanggeError
from geo.model.zone import ObstacleKind, Plan, PlanState, ZoneKind, ZoneRole
from geo.operations.zone_drafts import add_zone, appoint, assign_units, state_gap, undo
from geo.operations.zone_plans import (
    discard_draft,
    list_candidates,
    list_obstacles,
    list_plans,
    publish,
    read_plan,
    read_plan_in_force,
    rename_plan,
    start_draft,
)
from geo.store.engine import acting_as
from tests.plan_town import KIND, TODAY, TOMORROW, YESTERDAY, PlanTown, add_led_zone
from tests.town import START
from tests.trust import open_session

NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def town(database_url: str) -> PlanTown:
    return PlanTown(database_url)


@pytest.fixture
def draft(town: PlanTown) -> Iterator[Plan]:
    """A draft in which Zhao takes the first two buildings, and the first secretary at work on it."""
    with acting_as(town.actor(1)):
        yield add_led_zone(town.draft(), town.workers[2], *town.buildings[:2])


def find_kinds(plan: Plan, day: date = TOMORROW) -> set[ObstacleKind]:
    return {obstacle.kind for obstacle in list_obstacles(plan.head.id, day)}


def test_the_plan_before_it_ends_as_it_begins(town: PlanTown, draft: Plan) -> None:
    head = publish(draft.head.id, NEXT_WEEK, seen_revision=draft.head.revision)
    assert (head.state, head.valid_from, head.valid_to, head.published_by) == (
        "published",
        NEXT_WEEK,
        None,
        1,
    )
    before = read_plan(town.published).head
    assert (before.state, before.valid_to) == (PlanState.SUPERSEDED, NEXT_WEEK)
    first = town.buildings[0]
    assert town.holders(NEXT_WEEK - timedelta(days=1))[first] == town.workers[0]
    assert town.holders(NEXT_WEEK)[first] == town.workers[2]
    assert town.holders(date(2024, 5, 1)).keys() == set(town.buildings), "what was, stays"
    assert [plan.id for plan in list_plans(town.id, KIND)] == [draft.head.id, town.published]
    now = read_plan_in_force(town.id, KIND, TODAY)
    assert now is not None
    assert now.head.id == town.published


def test_maps_and_log_hear_of_it_once(town: PlanTown, draft: Plan) -> None:
    before = town.versions()
    publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
    assert town.versions() == before | {"zones": before["zones"] + 1}
    (noted,) = town.run("SELECT action, account_id, details FROM audit_log WHERE action LIKE 'plan%%'")
    assert noted[:2] == ("plan_published", 1)
    assert noted[2] == {"name": "冬季方案", "kind": "grid_worker", "valid_from": TOMORROW.isoformat()}


def test_one_kind_leaves_the_others_alone(town: PlanTown) -> None:
    with acting_as(town.actor()):
        plan = start_draft(town.id, ZoneKind.INSPECTION, "巡查")
        plan = add_led_zone(plan, town.workers[0], *town.buildings)
        publish(plan.head.id, TODAY, seen_revision=plan.head.revision)
    assert town.run("SELECT state FROM zone_plan WHERE id = %s", town.published) == [("published",)]


class TestObstacles:
    def test_a_complete_plan_has_none(self, draft: Plan) -> None:
        assert find_kinds(draft) == set()

    def test_every_building_is_held_or_left_on_purpose(self, town: PlanTown, draft: Plan) -> None:
        chosen = town.buildings[3:10]
        plan = assign_units(draft.head.id, chosen, None, seen_revision=99, label="")
        (found,) = list_obstacles(plan.head.id, TOMORROW)
        assert (found.kind, list(found.building_ids)) == (ObstacleKind.BUILDING_UNASSIGNED, chosen)
        with pytest.raises(InputRefused, match=r"no zone: 7 \(03号楼, .*, 07号楼 …\)"):
            publish(plan.head.id, TOMORROW, seen_revision=plan.head.revision)
        plan = state_gap(draft.head.id, chosen, "整栋空置", seen_revision=99, label="")
        publish(plan.head.id, TOMORROW, seen_revision=plan.head.revision)
        assert town.holders(TOMORROW).keys() == set(town.buildings) - set(chosen)

    def test_a_building_that_came_since_counts(self, town: PlanTown, draft: Plan) -> None:
        town.run(
            "INSERT INTO building (community_id, code, name, geom) "
            "SELECT community_id, '99', '99', geom FROM building WHERE code = '01'"
        )
        with pytest.raises(InputRefused, match="no zone: 1 "):
            publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)

    @pytest.mark.parametrize(
        "statement",
        [
            pytest.param("DELETE FROM zone_party WHERE plan_id = %s AND party_id = %s", id="no lead"),
            pytest.param(
                "UPDATE zone_party SET role = 'backup' WHERE plan_id = %s AND party_id = %s", id="a backup"
            ),
            pytest.param(
                f"UPDATE zone_party SET valid_to = '{TOMORROW}' WHERE plan_id = %s AND party_id = %s",
                id="a lead until the day before",
            ),
            pytest.param(
                f"UPDATE zone_party SET valid_from = '{NEXT_WEEK}' WHERE plan_id = %s AND party_id = %s",
                id="a lead from later on",
            ),
            pytest.param(
                f"WITH plan AS (SELECT %s) UPDATE party SET active_to = '{TOMORROW}' WHERE id = %s",
                id="a lead who has left",
            ),
        ],
    )
    def test_each_zone_has_a_lead_on_the_first_day(self, statement: str, town: PlanTown, draft: Plan) -> None:
        town.run(statement, draft.head.id, town.workers[2])
        (found,) = list_obstacles(draft.head.id, TOMORROW)
        assert (found.kind, found.names) == (ObstacleKind.ZONE_WITHOUT_LEAD, ("新区",))
        with pytest.raises(InputRefused, match="1 \\(新区\\)"):
            publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)

    def test_no_zone_is_empty(self, town: PlanTown, draft: Plan) -> None:
        plan = add_led_zone(draft, town.workers[1])
        assert find_kinds(plan) == {ObstacleKind.ZONE_WITHOUT_BUILDING}

    def test_days_go_forward(self, town: PlanTown, draft: Plan) -> None:
        assert find_kinds(draft, YESTERDAY) == {ObstacleKind.DAY_IN_THE_PAST}
        publish(draft.head.id, NEXT_WEEK, seen_revision=draft.head.revision)
        following = town.draft()
        (found,) = list_obstacles(following.head.id, NEXT_WEEK)
        assert (found.kind, found.plan_id) == (ObstacleKind.DAY_BEFORE_OTHER_PLAN, draft.head.id)
        assert found.day == NEXT_WEEK + timedelta(days=1)
        with pytest.raises(InputRefused, match=str(found.day)):
            publish(following.head.id, TOMORROW, seen_revision=0)
        publish(following.head.id, found.day, seen_revision=0)

    def test_an_empty_plan_is_none(self, town: PlanTown) -> None:
        with acting_as(town.actor()):
            plan = start_draft(town.id, KIND, "x")
            assert find_kinds(plan) == {ObstacleKind.NO_ZONE, ObstacleKind.BUILDING_UNASSIGNED}

    def test_who_can_be_chosen(self, town: PlanTown) -> None:
        with acting_as(town.actor()):
            assert [name for _, name in list_candidates(town.id, KIND, TODAY)] == ["li", "wang", "zhao"]
            assert list_candidates(town.id, ZoneKind.PROPERTY, TODAY) == []


class TestTogether:
    def test_a_draft_that_has_changed_is_looked_at_again(self, town: PlanTown, draft: Plan) -> None:
        with acting_as(town.actor(2)):
            now = assign_units(
                draft.head.id, [town.buildings[5]], draft.zones[1].id, seen_revision=99, label=""
            )
        with pytest.raises(Conflict):
            publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
        assert read_plan(draft.head.id).head.state is PlanState.DRAFT
        publish(draft.head.id, TOMORROW, seen_revision=now.head.revision)

    def test_whoever_still_edits_is_told(self, town: PlanTown, draft: Plan) -> None:
        publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
        published = read_plan(draft.head.id)
        for edit in (
            lambda: assign_units(draft.head.id, town.buildings[:1], None, seen_revision=99, label=""),
            lambda: add_zone(draft.head.id, "x", seen_revision=99, label=""),
            lambda: undo(draft.head.id),
            lambda: rename_plan(draft.head.id, "x"),
            lambda: discard_draft(draft.head.id),
            lambda: publish(draft.head.id, NEXT_WEEK, seen_revision=published.head.revision),
        ):
            with pytest.raises(Conflict, match="begin a draft from it"):
                edit()
        assert read_plan(draft.head.id) == published

    def test_an_edit_waits_for_a_publication_under_way(self, town: PlanTown, draft: Plan) -> None:
        """Two at once on one draft: whichever comes second finds what the first has left."""
        told: list[str] = []

        def edit() -> None:
            with acting_as(town.actor(2)):
                try:
                    assign_units(draft.head.id, [town.buildings[5]], None, seen_revision=99, label="")
                    told.append("edited")
                except Conflict:
                    told.append("edit told")

        def announce() -> None:
            with acting_as(town.actor(1)):
                try:
                    publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
                    told.append("published")
                except Conflict:
                    told.append("publication told")

        threads = [threading.Thread(target=work) for work in (edit, announce)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) in (["edit told", "published"], ["edited", "publication told"])

    def test_of_two_drafts_for_one_day_one_is_published(self, town: PlanTown, draft: Plan) -> None:
        other = town.draft()
        told: list[str] = []

        def announce(plan: Plan) -> None:
            with acting_as(town.actor(1)):
                try:
                    publish(plan.head.id, TOMORROW, seen_revision=plan.head.revision)
                    told.append("published")
                except InputRefused as refusal:
                    told.append(str(refusal).split(":")[0])

        threads = [threading.Thread(target=announce, args=(plan,)) for plan in (draft, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(told) == ["published", "the plan “冬季方案” begins on that day or later"]

    @pytest.mark.parametrize("table", ["zone_plan", "audit_log"])
    def test_a_crash_between_two_statements_leaves_nothing_half_done(
        self, table: str, town: PlanTown, draft: Plan
    ) -> None:
        """Once as the plan before it is about to end, once after everything is written."""
        event = "UPDATE" if table == "zone_plan" else "INSERT"
        condition = "WHEN (NEW.state = 'superseded')" if table == "zone_plan" else ""
        town.run(
            "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
        )
        town.run("ALTER FUNCTION crash() SECURITY DEFINER")
        town.run(
            f"CREATE TRIGGER crash BEFORE {event} ON {table} FOR EACH ROW {condition} "
            "EXECUTE FUNCTION crash()"
        )
        with pytest.raises(WanggeError):
            publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
        town.run(f"DROP TRIGGER crash ON {table}")
        assert read_plan(draft.head.id) == draft
        assert read_plan(town.published).head.state is PlanState.PUBLISHED
        assert town.holders(TOMORROW)[town.buildings[0]] == town.workers[0]
        publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)


REWRITING = [
    "UPDATE zone_plan SET name = 'x' WHERE id = {plan}",
    "UPDATE zone_plan SET state = 'draft', published_at = NULL WHERE id = {plan}",
    "UPDATE zone_plan SET published_at = NULL WHERE id = {plan}",
    "UPDATE zone_plan SET valid_from = '2024-02-01' WHERE id = {plan}",
    "UPDATE zone_plan SET kind = 'volunteer' WHERE id = {plan}",
    # Ended without anything after it.
    "UPDATE zone_plan SET state = 'superseded', valid_to = '{tomorrow}' WHERE id = {plan}",
    "UPDATE zone_plan SET valid_to = '{tomorrow}' WHERE id = {plan}",
    # Published without the seal.
    "UPDATE zone_plan SET state = 'published', valid_from = '2020-01-01', valid_to = '2021-01-01' "
    "WHERE id = {draft}",
    "DELETE FROM zone_plan WHERE id = {plan}",
    "UPDATE zone SET name = 'x' WHERE plan_id = {plan}",
    "UPDATE zone SET colour = '#000000' WHERE plan_id = {plan}",
    "DELETE FROM zone WHERE plan_id = {plan}",
    "INSERT INTO zone (community_id, plan_id, code, name) VALUES ({community}, {plan}, 'x', 'x')",
    "DELETE FROM zone_unit WHERE plan_id = {plan}",
    "DELETE FROM zone_unit WHERE building_id = {building}",
    "UPDATE zone_unit SET zone_id = {other} WHERE building_id = {building} AND plan_id = {plan}",
    "UPDATE zone_unit SET is_locked = true WHERE plan_id = {plan}",
    "UPDATE zone_unit SET plan_id = {draft}, zone_id = {drawn} "
    "WHERE plan_id = {plan} AND building_id = {building}",
    "INSERT INTO zone_gap (community_id, plan_id, building_id, reason) "
    "VALUES ({community}, {plan}, {building}, 'x')",
    "INSERT INTO zone_step (community_id, plan_id, number, label, changes, revision) "
    "VALUES ({community}, {plan}, 1, 'x', '{{}}', 1)",
    # Who held it until yesterday.
    "DELETE FROM zone_party WHERE plan_id = {plan}",
    "UPDATE zone_party SET party_id = {zhao} WHERE plan_id = {plan}",
    "UPDATE zone_party SET role = 'backup' WHERE plan_id = {plan}",
    "UPDATE zone_party SET valid_from = '2024-02-01' WHERE plan_id = {plan}",
    "UPDATE zone_party SET valid_to = '{yesterday}' WHERE plan_id = {plan}",
    "INSERT INTO zone_party (community_id, plan_id, zone_id, party_id, role, valid_from) "
    "VALUES ({community}, {plan}, {other}, {zhao}, 'backup', '{yesterday}')",
]


class TestWhatWasPublished:
    @pytest.fixture
    def names(self, town: PlanTown, draft: Plan) -> dict[str, object]:
        """The published plan: one unit of the draft away, so that nothing of the two is alike by chance."""
        assign_units(draft.head.id, town.buildings[:1], None, seen_revision=99, label="")
        zones = [zone for (zone,) in town.run("SELECT id FROM zone WHERE plan_id = %s", town.published)]
        return {
            "plan": town.published, "community": town.id, "draft": draft.head.id, "zhao": town.workers[2],
            "building": town.buildings[0], "other": max(zones), "drawn": draft.zones[0].id,
            "tomorrow": TOMORROW, "yesterday": YESTERDAY,
        }  # fmt: skip

    @pytest.mark.parametrize("statement", REWRITING)
    def test_nobody_changes_it(self, statement: str, town: PlanTown, names: dict[str, object]) -> None:
        """Neither the secretary through the application's role, nor the database's owner."""
        before = read_plan(town.published), town.run("SELECT * FROM zone_party ORDER BY id")
        with open_session(town.url) as session:
            session.tell({"role": "secretary", "communities": f"{{{town.id}}}"})
            with pytest.raises(errors.RestrictViolation):
                session.ask(statement.format(**names))
        with pytest.raises(errors.RestrictViolation):
            town.run(statement.format(**names))
        assert (read_plan(town.published), town.run("SELECT * FROM zone_party ORDER BY id")) == before

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE zone_party SET valid_to = '{tomorrow}' WHERE plan_id = {plan}",
            "INSERT INTO zone_party (community_id, plan_id, zone_id, party_id, role, valid_from) "
            "VALUES ({community}, {plan}, {other}, {zhao}, 'backup', '{tomorrow}')",
        ],
    )
    def test_people_come_and_go_from_today_on(
        self, statement: str, town: PlanTown, names: dict[str, object]
    ) -> None:
        before = town.versions()["zones"]
        town.run(statement.format(**names))
        assert town.versions()["zones"] == before + 1, "the map shows who holds what"

    def test_a_building_goes_with_an_import_and_takes_nothing_along(
        self, town: PlanTown, draft: Plan
    ) -> None:
        plan = state_gap(draft.head.id, [town.buildings[11]], "空置", seen_revision=99, label="")
        publish(draft.head.id, TOMORROW, seen_revision=plan.head.revision)
        town.run("DELETE FROM building WHERE id = ANY (%s)", [town.buildings[5], town.buildings[11]])
        assert town.holders(TOMORROW).keys() == set(town.buildings) - {town.buildings[5], town.buildings[11]}

    def test_a_community_goes_with_all_its_plans(self, town: PlanTown, draft: Plan) -> None:
        publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
        town.run("DELETE FROM community WHERE id = %s", town.id)
        assert town.run("SELECT count(*) FROM zone_plan") == [(0,)]

    def test_a_draft_of_a_draft_outlives_it(self, town: PlanTown, draft: Plan) -> None:
        copy = town.draft(based_on=draft.head.id)
        publish(copy.head.id, TOMORROW, seen_revision=0)
        discard_draft(draft.head.id)
        assert read_plan(copy.head.id).head.based_on is None

    def test_a_future_lead_can_be_called_off(self, town: PlanTown, draft: Plan) -> None:
        zone = draft.zones[2].id
        plan = appoint(
            draft.head.id, zone, town.workers[0], ZoneRole.LEAD,
            seen_revision=99, label="", valid_from=NEXT_WEEK,
        )  # fmt: skip
        publish(draft.head.id, TOMORROW, seen_revision=plan.head.revision)
        town.run("DELETE FROM zone_party WHERE zone_id = %s AND valid_from = %s", zone, NEXT_WEEK)
        town.run("UPDATE zone_party SET valid_to = NULL WHERE zone_id = %s AND valid_from = %s", zone, START)

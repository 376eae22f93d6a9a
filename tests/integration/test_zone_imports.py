"""Imports that take buildings away and bring others while somebody draws, publishes or hands over."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg2
import pytest

from geo.errors import Conflict, InputRefused, WanggeError
from geo.model.absence import AbsenceReason
from geo.model.zone import Plan, PlanState
from geo.operations.absences import mark_absent
from geo.operations.zone_drafts import assign_units, redo, state_gap, undo
from geo.operations.zone_plans import list_obstacles, publish, read_plan
from geo.store.engine import acting_as
from tests.absence_town import AbsenceTown
from tests.plan_town import TODAY, TOMORROW, PlanTown, add_led_zone

NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture
def town(database_url: str) -> PlanTown:
    return PlanTown(database_url)


@pytest.fixture
def draft(town: PlanTown) -> Iterator[Plan]:
    """A draft in which Zhao takes the first two buildings, and the first secretary at work on it."""
    with acting_as(town.actor(1)):
        yield add_led_zone(town.draft(), town.workers[2], *town.buildings[:2])


@contextmanager
def deleting(town: PlanTown, *buildings: int) -> Iterator[None]:
    """An import that has deleted buildings and commits a moment after whatever the block has begun."""
    with closing(psycopg2.connect(town.url)) as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM building WHERE id = ANY (%s)", (list(buildings),))

        def commit() -> None:
            # As soon as somebody waits for it, or has not had to.
            for _ in range(100):
                (waiting,) = town.run("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if waiting[0]:
                    break
                time.sleep(0.02)
            connection.commit()

        committing = threading.Thread(target=commit)
        committing.start()
        yield
        committing.join()


@pytest.mark.parametrize("is_held", [True, False], ids=["held", "in no zone"])
def test_a_stroke_over_what_is_being_deleted_is_told_and_writes_nothing(
    is_held: bool, town: PlanTown, draft: Plan
) -> None:
    gone, kept = town.buildings[2], town.buildings[3]
    if not is_held:
        draft = assign_units(draft.head.id, [gone], None, seen_revision=draft.head.revision, label="-")
    with deleting(town, gone), pytest.raises(Conflict, match="load it again"):
        assign_units(
            draft.head.id, [gone, kept], draft.zones[2].id, seen_revision=draft.head.revision, label="+"
        )
    after = read_plan(draft.head.id)
    assert gone not in after.units
    assert (after.units[kept], after.head.revision) == (draft.units[kept], draft.head.revision)


def test_a_gap_stated_for_what_is_being_deleted_is_told(town: PlanTown, draft: Plan) -> None:
    with deleting(town, town.buildings[2]), pytest.raises(Conflict, match="load it again"):
        state_gap(draft.head.id, [town.buildings[2]], "拆除", seen_revision=draft.head.revision, label="-")
    assert read_plan(draft.head.id).gaps == {}


def test_steps_about_deleted_buildings_are_taken_back_for_the_others(town: PlanTown, draft: Plan) -> None:
    moved = assign_units(
        draft.head.id, town.buildings[2:4], draft.zones[2].id, seen_revision=draft.head.revision, label="+"
    )
    town.run("DELETE FROM building WHERE id = %s", town.buildings[2])
    back = undo(moved.head.id)
    assert back.units == {key: zone for key, zone in draft.units.items() if key != town.buildings[2]}
    assert redo(moved.head.id).units[town.buildings[3]] == draft.zones[2].id


def test_a_zone_that_lost_its_last_building_keeps_a_plan_from_publication(
    town: PlanTown, draft: Plan
) -> None:
    town.run("DELETE FROM building WHERE id = ANY (%s)", town.buildings[:2])
    with pytest.raises(InputRefused, match="zones without a building: 1 "):
        publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
    assert read_plan(draft.head.id).head.state is PlanState.DRAFT


def test_publication_beside_an_import_leaves_one_plan_in_force_with_what_is_there(
    town: PlanTown, draft: Plan
) -> None:
    with deleting(town, town.buildings[5]):
        publish(draft.head.id, TOMORROW, seen_revision=draft.head.revision)
    assert town.holders(TOMORROW).keys() == set(town.buildings) - {town.buildings[5]}
    states = town.run("SELECT state, valid_from, valid_to FROM zone_plan ORDER BY id")
    assert [state for state, _, _ in states] == ["superseded", "published"]
    assert states[0][2] == states[1][1]


def test_what_comes_after_publication_is_a_gap_with_a_name(town: PlanTown, draft: Plan) -> None:
    publish(draft.head.id, TODAY, seen_revision=draft.head.revision)
    town.run(
        "INSERT INTO building (community_id, code, name, geom) "
        "SELECT community_id, '99', '99', geom FROM building WHERE code = '01'"
    )
    following = town.draft(based_on=draft.head.id)
    (found,) = list_obstacles(following.head.id, NEXT_WEEK)
    assert found.names == ("99",)
    assert set(town.holders(TODAY)) == set(town.buildings)


def test_somebody_who_left_meanwhile_is_named_by_his_zone(town: PlanTown, draft: Plan) -> None:
    town.run("UPDATE party SET active_to = %s WHERE id = %s", TODAY, town.workers[2])
    with pytest.raises(InputRefused, match="nobody leads on the first day: 1 \\(新区\\)"):
        publish(draft.head.id, TODAY, seen_revision=draft.head.revision)
    assert town.holders(TODAY)[town.buildings[0]] == town.workers[0]


def test_an_absence_entered_while_its_buildings_are_deleted(database_url: str) -> None:
    town = AbsenceTown(database_url)

    def enter() -> WanggeError | None:
        with acting_as(town.actor()):
            try:
                mark_absent(town.wang, TODAY, NEXT_WEEK, AbsenceReason.SICK)
            except Conflict as told:
                return told
        return None

    with deleting(town, town.buildings[0]):
        told = enter()
    assert told is not None
    assert "load it again" in str(told)
    assert town.run("SELECT count(*) FROM absence") == [(0,)]
    assert enter() is None
    assert set(town.holders(TODAY)) == set(town.buildings[1:])


def test_a_plan_that_begins_today_is_shared_while_its_lead_is_away(database_url: str) -> None:
    """Nobody has to ask for it, and his cases go on too."""
    town = AbsenceTown(database_url)
    with acting_as(town.actor()):
        mark_absent(town.zhao, TODAY, NEXT_WEEK, AbsenceReason.SICK)
        plan = add_led_zone(town.draft(), town.zhao, *town.buildings[:2])
        publish(plan.head.id, TODAY, seen_revision=plan.head.revision)
    assert set(town.holders(TODAY)) == set(town.buildings)
    assert town.holders(NEXT_WEEK)[town.buildings[0]] == town.zhao

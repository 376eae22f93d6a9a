"""Inspections in the database: what is due to whom, what a tap keeps, who may, what a month came to."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.actor import Actor
from geo.model.inspection import USUAL_TEMPLATES, Template
from geo.operations.inspections import (
    change_templates,
    list_due_inspections,
    read_templates,
    record_inspection,
    report_problem,
    review_inspections,
)
from geo.rules.inspections import Completion
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import find_month
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.sound_town import SoundTown

EVERYTHING = tuple(
    Template(subject, "month", subject, weight=25) for subject in ("building", "home", "merchant", "three_no")
)
TUESDAY = date(2025, 6, 3)


@pytest.fixture
def town(connection: PostgresConnection) -> SoundTown:
    town = SoundTown(connection)
    town.run("DELETE FROM visit")
    town.change("compound", town.compounds[1], has_property_management=False, has_responsible_unit=False)
    town.change("compound", town.compounds[1], has_security=False, three_no_definition="x")
    town.change("compound", town.compounds[1], three_no_reviewed_on=date(2025, 1, 1))
    connection.commit()
    return town


def worker(town: SoundTown, number: int = 0) -> Actor:
    return make_actor(town.id, role="grid_worker", party_id=town.workers[number])


def list_left(
    town: SoundTown, party_id: int | None = None, now: datetime | None = None
) -> dict[str, set[int]]:
    town.connection.commit()
    lists = list_due_inspections(town.id, now or datetime.now(UTC), party_id=party_id)
    return {due.template.name: {place.id for place in due.places} for due in lists}


def ask_for_everything(town: SoundTown) -> None:
    change_templates(town.id, EVERYTHING, USUAL_TEMPLATES)


class TestDue:
    def test_to_each_what_he_holds(self, town: SoundTown) -> None:
        ask_for_everything(town)
        street = town.add("merchant", code="M2", name="面馆", geom=Point(300, 100))

        assert list_left(town, town.workers[0]) == {
            "building": {town.buildings[0]}, "home": {town.buildings[0]}, "merchant": {town.merchant},
            "three_no": set(),
        }  # fmt: skip
        assert list_left(town, town.workers[1]) == {
            "building": {town.buildings[1]}, "home": {town.buildings[1]}, "merchant": {street},
            "three_no": {town.compounds[1]},
        }  # fmt: skip

    def test_whoever_stands_in_is_asked(self, town: SoundTown) -> None:
        ask_for_everything(town)
        today = find_day(datetime.now(UTC))
        away = town.add("absence", party_id=town.workers[1], valid_from=today, reason="leave")
        town.run(
            "INSERT INTO absence_cover VALUES (%s, %s, %s, 'grid_worker', %s)",
            away, town.id, town.buildings[1], town.workers[0],
        )  # fmt: skip

        assert list_left(town, town.workers[0])["building"] == set(town.buildings)
        assert list_left(town, town.workers[1])["building"] == set()

    def test_on_a_day_of_rest_nothing_is_asked_daily(self, town: SoundTown) -> None:
        sunday, monday = start_of_day(date(2025, 6, 8)), start_of_day(date(2025, 6, 9))

        assert list_left(town, now=sunday)["日查三无小区"] == set()
        assert list_left(town, now=monday)["日查三无小区"] == {town.compounds[1]}


class TestRecording:
    @pytest.mark.parametrize(
        ("subject", "number"), [("building", 0), ("home", 0), ("merchant", None), ("three_no", 1)]
    )
    def test_one_tap_and_it_is_done(self, town: SoundTown, subject: str, number: int | None) -> None:
        ask_for_everything(town)
        place = (
            town.merchant if number is None
            else (town.compounds if subject == "three_no" else town.buildings)[number]
        )  # fmt: skip
        with acting_as(worker(town, number or 0)):
            record_inspection(town.id, subject, place)  # type: ignore[arg-type]

        left = list_left(town)
        assert place not in left.pop(subject)
        # A patrol is no call at home: the others stay due.
        assert all(left.values())

    def test_a_round_through_a_compound_is_no_look_at_its_buildings(self, town: SoundTown) -> None:
        ask_for_everything(town)
        with acting_as(worker(town, 1)):
            record_inspection(town.id, "three_no", town.compounds[1])

        assert list_left(town)["building"] == set(town.buildings)

    def test_elsewhere_it_is_refused(self, town: SoundTown) -> None:
        with acting_as(worker(town)), pytest.raises(Forbidden, match="not in your area"):
            record_inspection(town.id, "building", town.buildings[1])
        with acting_as(make_actor(town.id, role="leader")), pytest.raises(Forbidden):
            record_inspection(town.id, "building", town.buildings[0])

    def test_a_place_that_is_not_there(self, town: SoundTown) -> None:
        secretary = make_actor(town.id, party_id=town.workers[0])
        with acting_as(secretary), pytest.raises(NotFound, match="no such place"):
            record_inspection(town.id, "merchant", 10**9)

    def test_a_problem_is_a_visit_and_a_case(self, town: SoundTown) -> None:
        with acting_as(worker(town)):
            case, again = (
                report_problem(town.id, "building", town.buildings[0], "E101", "楼道堆物") for _ in range(2)
            )

        assert case == again
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT building_id, source FROM incident WHERE id = %s", (case,))
            assert cursor.fetchall() == [(town.buildings[0], "patrol")]
            cursor.execute("SELECT outcome, party_id FROM visit")
            assert cursor.fetchall() == [("problem_found", town.workers[0])]

    def test_a_problem_that_is_no_case_is_no_visit(self, town: SoundTown) -> None:
        with acting_as(worker(town)), pytest.raises(InputRefused, match="no category"):
            report_problem(town.id, "building", town.buildings[0], "E999", "楼道堆物")
        with acting_as(worker(town)), pytest.raises(Forbidden, match="not in your area"):
            report_problem(town.id, "building", town.buildings[1], "E101", "楼道堆物")
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT (SELECT count(*) FROM visit), (SELECT count(*) FROM incident)")
            assert cursor.fetchall() == [(0, 0)]


class TestMonth:
    def test_by_hand(self, town: SoundTown) -> None:
        """Monday the 2nd was a holiday: from the 3rd to the 6th four days were worked."""
        town.visit(None, f"{TUESDAY}T09:00+08", compound_id=town.compounds[1], party_id=town.workers[1])
        town.visit(town.buildings[0], f"{TUESDAY}T10:00+08", party_id=town.workers[1])
        town.connection.commit()

        summed, names = review_inspections(
            town.id, find_month(TUESDAY), start_of_day(date(2025, 6, 9)) + timedelta(hours=9)
        )

        assert summed.of_templates == (Completion(1, 4), Completion(1, 2), Completion())
        assert summed.of_parties == {
            town.workers[0]: (Completion(), Completion(1, 1), Completion()),
            town.workers[1]: (Completion(1, 4), Completion(0, 1), Completion()),
        }
        assert summed.score == pytest.approx(100 * (30 * 0.25 + 40 * 0.5) / 70)
        assert summed.running[2] == Completion(0, 1)
        assert names == {town.workers[1]: "li", town.workers[0]: "wang"}

    @pytest.mark.parametrize("role", ["secretary", "leader", "grid_worker"])
    def test_everybody_reads_the_same(self, town: SoundTown, role: str) -> None:
        month, now = find_month(TUESDAY), start_of_day(date(2025, 7, 9))
        owners = review_inspections(town.id, month, now)
        with acting_as(make_actor(town.id, role=role)):  # type: ignore[arg-type]
            assert review_inspections(town.id, month, now) == owners


class TestTemplates:
    def test_what_was_saved_is_read(self, town: SoundTown) -> None:
        with acting_as(make_actor(town.id)):
            change_templates(town.id, EVERYTHING[:2], read_templates(town.id))
            assert read_templates(town.id) == EVERYTHING[:2]
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM audit_log WHERE object_type = 'inspection_template'")
            assert cursor.fetchall() == [(1,)]

    def test_who_saw_others_does_not_overwrite(self, town: SoundTown) -> None:
        with acting_as(make_actor(town.id)):
            change_templates(town.id, EVERYTHING, USUAL_TEMPLATES)
            with pytest.raises(Conflict, match="meanwhile"):
                change_templates(town.id, EVERYTHING[:2], USUAL_TEMPLATES)
            assert read_templates(town.id) == EVERYTHING

    def test_a_worker_changes_nothing(self, town: SoundTown) -> None:
        with acting_as(worker(town)), pytest.raises(Forbidden, match="ask the secretary"):
            change_templates(town.id, EVERYTHING, USUAL_TEMPLATES)

    def test_what_makes_no_sense_changes_nothing(self, town: SoundTown) -> None:
        with pytest.raises(InputRefused):
            change_templates(town.id, [replace(EVERYTHING[0], weight=0)], USUAL_TEMPLATES)

        assert read_templates(town.id) == USUAL_TEMPLATES

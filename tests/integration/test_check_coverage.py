"""``wangge check coverage``: one thing is wrong, and that and nothing else is found."""

from datetime import date, timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, Polygon, box

from etl.checks import Thresholds
from tests.sound_town import EAST, TODAY, TOMORROW, YESTERDAY, SoundTown

SILENT_DAYS = Thresholds().silent_days


@pytest.fixture
def town(undone: PostgresConnection) -> SoundTown:
    return SoundTown(undone)


class TestBuildingsWithoutGrid:
    def test_a_building_in_a_gap(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=EAST - box(255, 55, 290, 85))

        found = {f.check.id: f.observation for f in town.find()}

        # A grid without a building has no households to count, and nobody to miss.
        assert set(found) == {"grid_gap", "building_without_grid", "grid_without_buildings"}
        assert found["building_without_grid"].code == "2"
        assert found["building_without_grid"].details == {"compound": "小区2", "nearest": "02"}
        assert found["building_without_grid"].value == pytest.approx(15, abs=0.5)

    def test_the_surface_decides_and_not_the_centroid(self, town: SoundTown) -> None:
        """The courtyard of a U is nobody's land; its centroid lies there, the building does not."""
        u_shape = Polygon(
            [(250, 50), (330, 50), (330, 120), (320, 120), (320, 60), (260, 60), (260, 120), (250, 120)]
        )
        courtyard = box(265, 65, 315, 110)
        assert courtyard.contains(u_shape.centroid)
        town.change("building", town.buildings[1], geom=u_shape)
        town.change("grid", town.grids[1], geom=EAST - courtyard)

        assert town.find_codes() == {"grid_gap": ["A"]}

    def test_a_u_around_a_grid_is_not_in_it(self, town: SoundTown) -> None:
        u_shape = Polygon(
            [(250, 50), (330, 50), (330, 120), (320, 120), (320, 60), (260, 60), (260, 120), (250, 120)]
        )
        town.change("building", town.buildings[1], geom=u_shape)
        town.change("grid", town.grids[1], geom=box(265, 65, 315, 110))

        assert town.find_codes()["building_without_grid"] == ["2"]

    def test_an_exclusive_grid_is_enough(self, town: SoundTown) -> None:
        mall = box(255, 55, 290, 85)
        town.change("grid", town.grids[1], geom=EAST - mall)
        town.grid("E1", mall, kind="exclusive")

        assert town.find_codes() == {"grid_without_buildings": ["02"]}

    def test_a_micro_grid_is_not_enough(self, town: SoundTown) -> None:
        corner = box(255, 55, 290, 85)
        town.change("grid", town.grids[1], geom=EAST - corner)
        town.grid("02-1", corner, kind="micro", parent_id=town.grids[1])

        assert town.find_codes()["building_without_grid"] == ["2"]

    def test_a_grid_that_ended_yesterday_is_not_enough(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], valid_to=TODAY)

        assert town.find_codes() == {"grid_gap": ["A"], "building_without_grid": ["2"]}
        assert town.find_codes(YESTERDAY) == {}

    def test_without_any_grid_there_is_one_finding(self, town: SoundTown) -> None:
        town.run("DELETE FROM grid")

        (finding,) = town.find()

        assert (finding.check.id, finding.observation.value) == ("grids_missing", 2)


class TestBuildingsInTwoGrids:
    def test_grids_that_were_restored_over_each_other(self, town: SoundTown) -> None:
        town.restore_anything()
        town.change("grid", town.grids[0], geom=box(0, 0, 300, 200))

        found = {f.check.id: f.observation for f in town.find()}

        assert found["building_in_two_grids"].details == {"grids": ["01", "02"]}
        assert found["building_in_two_grids"].code == "2"
        assert {"grid_overlap", "building_straddles"} <= set(found)

    def test_an_anchor_on_the_edge_is_in_one(self, town: SoundTown) -> None:
        for table, code, west, east in (
            ("grid", "01", 120, 120.003),
            ("grid", "02", 120.003, 120.004),
            ("building", "2", 120.00299, 120.00301),
        ):
            town.run(
                f"UPDATE {table} SET geom = ST_Multi(ST_MakeEnvelope(%s, 32, %s, 32.0018, 4490)) "
                "WHERE code = %s",
                *(west, east, code),
            )

        found = town.find_codes()

        assert "building_in_two_grids" not in found
        assert "building_without_grid" not in found
        assert found["building_straddles"] == ["2"]


class TestHolders:
    def test_a_building_in_no_zone(self, town: SoundTown) -> None:
        third = town.building("3", box(290, 60, 300, 80), compound_id=town.compounds[1], households=1)
        town.visit(third, f"{TODAY}T09:00+08")

        (finding,) = town.find()

        assert finding.check.id == "building_without_holder"
        assert finding.observation.details == {"compound": "小区2", "zone": None}
        assert finding.message.startswith("nobody holds building 3 3号楼 in 小区2 (its zone: none)")

    def test_a_building_left_to_nobody_on_purpose(self, town: SoundTown) -> None:
        third = town.building("3", box(290, 60, 300, 80), compound_id=town.compounds[1], households=1)
        town.visit(third, f"{TODAY}T09:00+08")
        draft = town.plan(state="draft", valid_from=None)
        stated = "INSERT INTO zone_gap VALUES (%s, %s, %s, '空置')"

        town.run(stated, draft, third, town.id)
        assert town.find_codes() == {"building_without_holder": ["3"]}

        town.run(stated, town.plan_id, third, town.id)
        assert town.find_codes() == {}

    def test_a_grid_of_which_one_building_is_held_has_a_person(self, town: SoundTown) -> None:
        town.run("DELETE FROM zone_unit WHERE building_id = %s", town.buildings[1])
        third = town.building("3", box(290, 60, 300, 80), compound_id=town.compounds[1], households=1)
        town.visit(third, f"{TODAY}T09:00+08")
        town.run(
            "INSERT INTO zone_unit (plan_id, building_id, zone_id, community_id) VALUES (%s, %s, %s, %s)",
            *(town.plan_id, third, town.zones[1], town.id),
        )

        assert town.find_codes() == {"building_without_holder": ["2"]}

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param("DELETE FROM zone_party WHERE zone_id = {zone}", id="no lead"),
            pytest.param(
                "UPDATE zone_party SET valid_from = '2025-06-02' WHERE zone_id = {zone}", id="from tomorrow"
            ),
            pytest.param(
                "UPDATE zone_party SET valid_to = '2025-06-01' WHERE zone_id = {zone}", id="until yesterday"
            ),
            pytest.param(
                "UPDATE party SET active_from = '2025-06-02' WHERE code = 'li'", id="arrives tomorrow"
            ),
        ],
    )
    def test_a_zone_without_a_lead_today(self, town: SoundTown, change: str) -> None:
        town.run(change.format(zone=town.zones[1]))

        found = town.find()

        assert [f.check.id for f in found] == ["building_without_holder", "grid_without_person"]
        assert [f.observation.code for f in found] == ["2", "02"]
        assert found[0].observation.details["zone"] == "Z2"

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE zone_party SET valid_to = '2025-06-02' WHERE zone_id = {zone}",
            "UPDATE zone_party SET valid_from = '2025-06-01' WHERE zone_id = {zone}",
            "UPDATE party SET active_to = '2025-06-02' WHERE code = 'li'",
            "UPDATE zone_plan SET valid_from = '2025-06-01'",
            "UPDATE zone_plan SET state = 'superseded', valid_to = '2025-06-02'",
        ],
    )
    def test_a_lead_on_the_first_and_on_the_last_day(self, town: SoundTown, change: str) -> None:
        town.run(change.format(zone=town.zones[1]))

        assert town.find_codes() == {}

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param("UPDATE zone_plan SET state = 'draft'", id="a draft"),
            pytest.param("UPDATE zone_plan SET valid_from = '2025-06-02'", id="from tomorrow"),
            pytest.param("UPDATE zone_plan SET valid_to = '2025-06-01'", id="until yesterday"),
            pytest.param("UPDATE zone_plan SET kind = 'property'", id="of another kind"),
        ],
    )
    def test_without_a_plan_in_force_there_is_one_finding(self, town: SoundTown, change: str) -> None:
        town.run(change)

        (finding,) = town.find()

        assert (finding.check.id, finding.observation.value) == ("plan_missing", 2)


class TestSizes:
    @pytest.mark.parametrize(
        ("households", "is_found"), [(199, True), (200, False), (600, False), (601, True)]
    )
    def test_households_of_a_grid(self, town: SoundTown, households: int, is_found: bool) -> None:
        town.change("building", town.buildings[1], households=households)

        assert town.find_codes() == ({"grid_households": ["02"]} if is_found else {})

    def test_households_are_added_up(self, town: SoundTown) -> None:
        town.change("building", town.buildings[1], households=600)
        third = town.building("3", box(290, 60, 300, 80), compound_id=town.compounds[1], households=1)
        town.visit(third, f"{TODAY}T09:00+08")

        found = {f.check.id: f.observation for f in town.find()}

        assert found["grid_households"].value == 601
        assert town.find_codes(most_households=601).keys() == {"building_without_holder"}

    def test_other_kinds_of_grid_have_no_advised_size(self, town: SoundTown) -> None:
        town.change("building", town.buildings[1], households=50)
        mall = box(255, 55, 290, 85)
        town.change("grid", town.grids[1], geom=EAST - mall)
        town.grid("E1", mall, kind="exclusive")

        assert "grid_households" not in town.find_codes()

    def test_a_worker_may_hold_1500_people(self, town: SoundTown) -> None:
        town.run("UPDATE zone_party SET party_id = %s", town.workers[0])

        assert town.find_codes() == {}

    def test_a_worker_who_holds_more(self, town: SoundTown) -> None:
        town.run("UPDATE zone_party SET party_id = %s", town.workers[0])
        town.change("building", town.buildings[1], residents=751)

        (finding,) = town.find()

        assert finding.check.id == "worker_load"
        assert (finding.observation.code, finding.observation.value) == ("wang", 1501)
        assert finding.observation.details == {"buildings": 2}

    def test_other_plans_are_no_load(self, town: SoundTown) -> None:
        plan = town.plan(kind="party_branch")
        town.zone(plan, "B1", *town.buildings, lead=town.workers[0])
        town.change("building", town.buildings[1], residents=1500)

        assert town.find_codes() == {}


class TestSilence:
    def go_silent(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])

    def test_no_incident_and_no_visit_is_unknown(self, town: SoundTown) -> None:
        self.go_silent(town)
        town.visit(town.buildings[1], f"{TODAY - timedelta(days=SILENT_DAYS + 1)}T23:59+08")
        town.visit(town.buildings[1], f"{TOMORROW}T00:00+08")
        town.incident(geom=Point(70, 70), building_id=town.buildings[0], reported_at=f"{TODAY}T09:00+08")

        (finding,) = town.find()

        assert (finding.check.id, finding.observation.code) == ("building_silent", "2")
        assert finding.check.severity == "notice"

    def test_a_visit_on_the_first_day_of_the_window(self, town: SoundTown) -> None:
        self.go_silent(town)
        town.visit(town.buildings[1], f"{TODAY - timedelta(days=SILENT_DAYS)}T00:00+08")

        assert town.find_codes() == {}
        assert town.find_codes(silent_days=SILENT_DAYS - 1) == {"building_silent": ["2"]}

    def test_the_day_ends_at_midnight_in_china(self, town: SoundTown) -> None:
        self.go_silent(town)
        town.visit(town.buildings[1], f"{TODAY}T15:59Z")

        assert town.find_codes() == {}

    def test_an_incident_breaks_the_silence(self, town: SoundTown) -> None:
        self.go_silent(town)
        town.incident(geom=Point(270, 70), building_id=town.buildings[1], reported_at=f"{TODAY}T09:00+08")

        assert town.find_codes() == {}

    def test_a_call_on_a_shop_breaks_the_silence(self, town: SoundTown) -> None:
        self.go_silent(town)
        shop = town.add(
            "merchant", code="M2", name="面馆", building_id=town.buildings[1], geom=Point(270, 70)
        )
        town.visit(None, f"{TODAY}T09:00+08", kind="merchant_check", merchant_id=shop)

        assert town.find_codes() == {}

    def test_where_nothing_is_recorded_at_all_there_is_one_finding(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit")
        other = SoundTown(town.connection, "B")
        assert other.find_codes() == {}

        (finding,) = town.find()

        assert (finding.check.id, finding.observation.value) == ("records_missing", 2)


def test_last_years_state_can_be_checked(town: SoundTown) -> None:
    """Grids, plans, parties and visits are those of the day, not of the newest."""
    last_year = date(2024, 6, 1)
    town.visit(town.buildings[0], "2024-05-01T09:00+08")
    town.visit(town.buildings[1], "2024-05-01T09:00+08")
    town.run("UPDATE grid SET valid_to = '2025-01-01'")
    town.grid("01", box(0, 0, 400, 200), valid_from=date(2025, 1, 1))
    town.run("UPDATE party SET active_to = '2025-01-01' WHERE code = 'li'")

    assert town.find_codes(last_year) == {}
    assert town.find_codes(TODAY) == {
        "building_without_holder": ["2"],
        "zone_lead_gone": ["li"],
    }


def test_a_town_without_buildings_has_nothing_to_hold(town: SoundTown) -> None:
    town.run("DELETE FROM merchant")
    town.run("DELETE FROM building")

    assert town.find_codes() == {"grid_without_buildings": ["01", "02"]}

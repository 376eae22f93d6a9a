"""The figures of coverage, counted by hand in a town of two buildings; and what the field gets wrong."""

from datetime import timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.model.indicator import WHOLE, Level
from geo.operations import indicators
from geo.operations.indicators import measure
from geo.rules.indicators import INDICATORS
from geo.rules.morning import start_of_day
from geo.rules.periods import find_month, find_period, go_back
from geo.settings import get_settings
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.sound_town import EAST, TODAY, TOMORROW, YESTERDAY, SoundTown

NOON = start_of_day(TODAY) + timedelta(hours=12)
Fraction = tuple[float | None, float | None]


@pytest.fixture
def town(connection: PostgresConnection) -> SoundTown:
    return SoundTown(connection)


def count(town: SoundTown, id_: str, *, level: Level = "community", key: object = WHOLE) -> Fraction:
    """Return numerator and denominator of an indicator today."""
    town.connection.commit()
    measured = measure(town.id, [find_period("day", TODAY)], level=level, ids=[id_], now=NOON)
    value = measured.values[id_][str(key)][0]
    return value.numerator, value.denominator


class TestGrids:
    def test_three_figures_apart(self, town: SoundTown) -> None:
        """Half the households may live on a hundredth of the land: one figure does not stand for another."""
        hole = box(255, 55, 290, 85)
        town.change("grid", town.grids[1], geom=EAST - hole)
        town.change("building", town.buildings[1], households=900)

        covered_m2, all_m2 = count(town, "grid_coverage_area")

        assert covered_m2 == pytest.approx(400 * 200 - hole.area, rel=1e-3)
        assert all_m2 == pytest.approx(400 * 200, rel=1e-3)
        assert count(town, "grid_coverage_buildings") == (1, 2)
        assert count(town, "grid_coverage_households") == (300, 1200)

    def test_a_building_in_two_grids_counts_once(self, town: SoundTown) -> None:
        town.grid("E1", box(255, 55, 290, 85), kind="exclusive")
        town.grid("02-1", box(255, 55, 290, 85), kind="micro", parent_id=town.grids[1])

        assert count(town, "grid_coverage_buildings") == (2, 2)
        assert count(town, "grid_coverage_households") == (600, 600)
        covered_m2, all_m2 = count(town, "grid_coverage_area")
        assert covered_m2 == pytest.approx(all_m2)

    def test_land_beyond_the_border_covers_nothing(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], valid_to=YESTERDAY)
        town.change("grid", town.grids[0], geom=box(-200, 0, 200, 200))

        covered_m2, all_m2 = count(town, "grid_coverage_area")

        assert covered_m2 == pytest.approx((all_m2 or 0) / 2, rel=1e-3)

    def test_a_grid_that_has_ended_covers_what_it_covered_then(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], valid_to=YESTERDAY)
        town.connection.commit()
        june = find_month(TODAY)

        measured = measure(town.id, [go_back(june, 2), june], ids=["grid_coverage_buildings"], now=NOON)

        before, now = measured.values["grid_coverage_buildings"][WHOLE]
        assert (before.numerator, now.numerator) == (2, 1)

    def test_without_any_grid_nothing_is_covered(self, town: SoundTown) -> None:
        for grid in town.grids:
            town.change("grid", grid, valid_to=YESTERDAY)

        assert count(town, "grid_coverage_area")[0] == 0
        assert count(town, "grid_coverage_buildings") == (0, 2)
        assert count(town, "assignment_rate") == (0, 0)


def test_a_day_begins_at_midnight(town: SoundTown, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the first hour of a day due times are asked as of midnight, yet places as they are today."""
    town.change("grid", town.grids[1], valid_to=TODAY)
    town.connection.commit()
    monkeypatch.setattr(indicators, "find_hour", lambda _: start_of_day(TODAY))
    june = find_month(TODAY)

    measured = measure(town.id, [go_back(june, 1), june], ids=["grid_coverage_buildings"])

    before, now = measured.values["grid_coverage_buildings"][WHOLE]
    assert (before.numerator, now.numerator) == (2, 1)


class TestHolders:
    def test_held_by_somebody_who_is_there(self, town: SoundTown) -> None:
        assert count(town, "held_by_grid_worker") == (2, 2)
        assert count(town, "assignment_rate") == (2, 2)
        assert count(town, "held_by_grid_worker", level="zone", key=town.zones[0]) == (1, 1)

    def test_who_has_gone_holds_nothing(self, town: SoundTown) -> None:
        town.run("UPDATE zone_party SET valid_to = %s WHERE zone_id = %s", TODAY, town.zones[1])

        assert count(town, "held_by_grid_worker") == (1, 2)
        assert count(town, "assignment_rate") == (1, 2)

    def test_who_left_the_community_holds_nothing(self, town: SoundTown) -> None:
        town.change("party", town.workers[1], active_to=TODAY)

        assert count(town, "held_by_grid_worker") == (1, 2)

    def test_who_is_away_is_not_there(self, town: SoundTown) -> None:
        town.add("absence", party_id=town.workers[1], valid_from=YESTERDAY, valid_to=TOMORROW, reason="sick")

        assert count(town, "held_by_grid_worker") == (1, 2)
        assert count(town, "assignment_rate") == (1, 2)

    def test_somebody_who_stands_in_is_there(self, town: SoundTown) -> None:
        away = town.add("absence", party_id=town.workers[1], valid_from=YESTERDAY, reason="leave")
        town.run(
            "INSERT INTO absence_cover VALUES (%s, %s, %s, 'grid_worker', %s)",
            away, town.id, town.buildings[1], town.workers[0],
        )  # fmt: skip

        assert count(town, "held_by_grid_worker") == (2, 2)

    def test_a_kind_without_a_plan_is_nothing_to_fail_in(self, town: SoundTown) -> None:
        assert count(town, "held_by_party_branch") == (0, 0)

    def test_each_kind_by_itself(self, town: SoundTown) -> None:
        plan = town.plan(kind="party_branch")
        town.zone(plan, "B1", town.buildings[0], lead=town.branch)

        assert count(town, "held_by_party_branch") == (1, 2)
        assert count(town, "held_by_grid_worker") == (2, 2)
        assert count(town, "held_by_volunteer") == (0, 0)

    def test_property_companies_hold_what_is_in_compounds(self, town: SoundTown) -> None:
        town.building("3", box(100, 150, 110, 160))
        company = town.party("company", "property_company")
        town.zone(town.plan(kind="property"), "W1", town.buildings[0], lead=company)

        assert count(town, "held_by_property") == (1, 2)

    def test_inspectors_hold_what_they_are_there_for(self, town: SoundTown) -> None:
        """A grid worker's zone is no inspector's, and whoever has left inspects nothing."""
        inspector = town.party("inspector")
        zone = town.zone(town.plan(kind="inspection"), "I1", *town.buildings, lead=inspector)

        assert count(town, "held_by_inspection") == (2, 2)

        town.run("UPDATE zone_party SET valid_to = %s WHERE zone_id = %s", TODAY, zone)

        assert count(town, "held_by_inspection") == (0, 2)
        assert count(town, "held_by_grid_worker") == (2, 2)


class TestLooks:
    @pytest.mark.parametrize(("days_ago", "patrolled"), [(0, 1), (29, 1), (30, 0), (-1, 0)])
    def test_patrolled_within_thirty_days(self, town: SoundTown, days_ago: int, patrolled: int) -> None:
        town.run("DELETE FROM visit")
        town.visit(town.buildings[0], f"{TODAY - timedelta(days=days_ago)}T09:00+08")

        assert count(town, "patrol_coverage") == (patrolled, 2)

    def test_ten_patrols_of_one_building_are_one_building(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit")
        for hour in range(8, 18):
            town.visit(town.buildings[0], f"{YESTERDAY}T{hour:02d}:00+08")

        assert count(town, "patrol_coverage") == (1, 2)

    def test_a_home_visit_is_no_patrol_and_a_closed_door_no_visit(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit")
        at = f"{YESTERDAY}T09:00+08"
        town.visit(town.buildings[0], at, kind="home_visit", outcome="met")
        town.visit(town.buildings[1], at, kind="home_visit", outcome="no_answer")

        assert count(town, "patrol_coverage") == (0, 2)
        assert count(town, "home_visit_coverage") == (1, 2)

    def test_doors_that_opened(self, town: SoundTown) -> None:
        """2,406 doors knocked on and 258 opened are 10.7 %, whatever the number of households."""
        at = f"{TODAY}T09:00+08"
        for n in range(28):
            town.visit(town.buildings[0], at, kind="home_visit", outcome="met" if n < 3 else "no_answer")
        town.visit(town.buildings[0], f"{YESTERDAY}T09:00+08", kind="home_visit", outcome="met")

        assert count(town, "effective_visit_rate") == (3, 28)

    def test_calm_and_unknown_are_two_things(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])

        assert count(town, "silent_share") == (1, 2)
        assert count(town, "calm_share") == (1, 2)

    def test_a_complaint_is_neither(self, town: SoundTown) -> None:
        town.incident(building_id=town.buildings[0], reported_at=f"{YESTERDAY}T09:00+08")

        assert count(town, "silent_share") == (0, 2)
        assert count(town, "calm_share") == (1, 2)

    def test_a_sealed_case_is_no_word_of_a_building(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])
        town.incident(
            building_id=town.buildings[1], category_code="E905", sensitivity="S3",
            reported_at=f"{YESTERDAY}T09:00+08",
        )  # fmt: skip

        assert count(town, "silent_share") == (1, 2)


class TestMerchants:
    def test_checked_within_ninety_days(self, town: SoundTown) -> None:
        town.visit(
            None, f"{TODAY - timedelta(days=89)}T09:00+08", merchant_id=town.merchant, kind="merchant_check"
        )
        other = town.add("merchant", code="M2", name="面馆", geom=Point(80, 80), partner_since=TODAY)
        town.visit(None, f"{TODAY - timedelta(days=90)}T09:00+08", merchant_id=other, kind="merchant_check")

        assert count(town, "merchant_inspection_rate") == (1, 2)
        assert count(town, "partner_rate") == (1, 2)

    def test_a_partner_from_tomorrow_is_none_today(self, town: SoundTown) -> None:
        town.change("merchant", town.merchant, partner_since=TOMORROW)

        assert count(town, "partner_rate") == (0, 1)


class TestCompounds:
    def test_a_committee_whose_term_is_over_is_none(self, town: SoundTown) -> None:
        for compound, until in zip(town.compounds, (TOMORROW, TODAY), strict=True):
            town.change("compound", compound, has_owners_committee=True, owners_committee_until=until)

        assert count(town, "committee_coverage") == (1, 2)

    def test_what_nobody_reviewed_has_nothing(self, town: SoundTown) -> None:
        town.change("compound", town.compounds[0], has_property_management=True)

        assert count(town, "property_coverage") == (1, 2)
        assert count(town, "committee_coverage") == (0, 2)

    def test_three_times_no_and_looked_at(self, town: SoundTown) -> None:
        """Two of three are not enough, nor is what nobody has reviewed: the field calls both three-no."""
        nothing = {"has_property_management": False, "has_responsible_unit": False, "has_security": False}
        reviewed = {"three_no_definition": "无物业、无主管、无保安", "three_no_reviewed_on": YESTERDAY}
        town.change("compound", town.compounds[0], **nothing | reviewed)
        town.change("compound", town.compounds[1], **nothing | reviewed | {"has_security": True})

        assert count(town, "three_no_share") == (1, 2)

        town.change("compound", town.compounds[0], three_no_reviewed_on=None)

        assert count(town, "three_no_share") == (0, 2)


class TestRecords:
    def test_groups_reach_households_and_not_members(self, town: SoundTown) -> None:
        """600 members of a group are 240 households of 2.5, and never more than there are."""
        town.add("chat_group", code="G1", name="群", building_id=town.buildings[0], members=600)

        assert count(town, "group_reach") == (240, 600)

    def test_no_building_reaches_more_than_its_households(self, town: SoundTown) -> None:
        town.add("chat_group", code="G1", name="群", building_id=town.buildings[0], members=2000)

        assert count(town, "group_reach") == (300, 600)

    def test_a_group_of_a_compound_is_shared_by_its_residents(self, town: SoundTown) -> None:
        town.building("3", box(90, 60, 95, 80), compound_id=town.compounds[0], households=100, residents=250)
        town.add("chat_group", code="G1", name="群", compound_id=town.compounds[0], members=400)

        # 400 members among 1,000 residents: four in ten households, 160 of 400.
        reached, households = count(town, "group_reach")
        assert reached == pytest.approx(160)
        assert households == 700

    def test_fields_filled_in(self, town: SoundTown) -> None:
        """A school has no households to enter, so that it lacks none."""
        town.building("3", box(90, 60, 95, 80), kind="public", floors=4, built_year=1999)
        town.change("building", town.buildings[0], address="和平路1号", floors=6)

        # Homes: 6 fields, households and residents filled; the school: 4.
        assert count(town, "completeness") == (4 + 2 + 2, 6 + 6 + 4)

    def test_a_record_nobody_verified_is_not_fresh(self, town: SoundTown) -> None:
        town.change("building", town.buildings[0], verified_on=TODAY - timedelta(days=179))

        assert count(town, "record_freshness") == (1, 2)

    def test_the_middle_record_and_not_the_mean(self, town: SoundTown) -> None:
        """One record of long ago says little about the others; one never verified says nothing of days."""
        for n, days_ago in enumerate((10, 20, 600, None), start=3):
            verified_on = None if days_ago is None else TODAY - timedelta(days=days_ago)
            town.building(str(n), box(n * 10, 150, n * 10 + 5, 160), verified_on=verified_on)
        town.connection.commit()

        measured = measure(town.id, [find_period("day", TODAY)], ids=["freshness_days"], now=NOON)

        (value,) = measured.values["freshness_days"][WHOLE]
        assert (value.amount, value.n, value.is_small) == (20, 3, True)

    @pytest.mark.parametrize(("days_ago", "fresh"), [(179, 1), (180, 0), (-1, 0)])
    def test_half_a_year(self, town: SoundTown, days_ago: int, fresh: int) -> None:
        town.change("building", town.buildings[0], verified_on=TODAY - timedelta(days=days_ago))

        assert count(town, "record_freshness")[0] == fresh


def test_by_compound_the_buildings_of_the_compound(town: SoundTown) -> None:
    town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])

    assert count(town, "patrol_coverage", level="compound", key=town.compounds[0]) == (1, 1)
    assert count(town, "patrol_coverage", level="compound", key=town.compounds[1]) == (0, 1)
    assert count(town, "patrol_coverage", level="grid", key=town.grids[1]) == (0, 1)


def test_everybody_reads_the_same(town: SoundTown) -> None:
    """Administrators once saw no visit: to them nothing was patrolled."""
    ids = [
        id_ for id_, each in INDICATORS.items() if each.facts in {"buildings", "merchants", "doors", "grids"}
    ]
    town.connection.commit()

    def read() -> object:
        return measure(town.id, [find_month(TODAY)], ids=ids, now=NOON).values

    owners = read()
    for role in ("secretary", "grid_worker", "leader", "administrator"):
        with acting_as(make_actor(town.id, role=role)):
            assert read() == owners


class TestWindows:
    @pytest.mark.parametrize(
        ("setting", "id_", "days_ago", "found"),
        [
            ("PATROL_DAYS", "patrol_coverage", 44, 1),
            ("PATROL_DAYS", "patrol_coverage", 45, 0),
            ("HOME_VISIT_DAYS", "home_visit_coverage", 44, 1),
            ("HOME_VISIT_DAYS", "home_visit_coverage", 45, 0),
            ("MERCHANT_CHECK_DAYS", "merchant_inspection_rate", 44, 1),
            ("MERCHANT_CHECK_DAYS", "merchant_inspection_rate", 45, 0),
            ("RECORD_DAYS", "record_freshness", 44, 1),
            ("RECORD_DAYS", "record_freshness", 45, 0),
            ("SILENT_DAYS", "calm_share", 44, 1),
            ("SILENT_DAYS", "calm_share", 46, 0),
        ],
    )
    def test_a_look_counts_as_long_as_is_set(
        self,
        town: SoundTown,
        monkeypatch: pytest.MonkeyPatch,
        setting: str,
        id_: str,
        days_ago: int,
        found: int,
    ) -> None:
        town.run("DELETE FROM visit")
        day = TODAY - timedelta(days=days_ago)
        town.visit(town.buildings[0], f"{day}T09:00+08")
        town.visit(town.buildings[0], f"{day}T09:00+08", kind="home_visit", outcome="met")
        town.visit(None, f"{day}T09:00+08", kind="merchant_check", merchant_id=town.merchant)
        town.change("building", town.buildings[0], verified_on=day)
        monkeypatch.setenv(f"WANGGE_{setting}", "45")
        get_settings.cache_clear()

        assert count(town, id_)[0] == found

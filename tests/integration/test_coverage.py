"""What is not covered: one thing is wrong in a sound town, and that and nothing else is told."""

from datetime import date, datetime, timedelta

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box
from shapely.geometry import shape

from etl.demo.load import load_demo
from geo.errors import NotFound
from geo.model.actor import Role
from geo.model.coverage import CoverageGaps
from geo.model.indicator import WHOLE
from geo.operations.coverage import read_coverage_gaps
from geo.operations.indicators import measure
from geo.rules.morning import start_of_day
from geo.rules.periods import find_period
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.sound_town import EAST, TODAY, YESTERDAY, SoundTown
from tests.town import START

NOON = start_of_day(TODAY) + timedelta(hours=12)
DEMO_DAY = date(2026, 3, 1)


@pytest.fixture
def town(connection: PostgresConnection) -> SoundTown:
    return SoundTown(connection)


def read(town: SoundTown, now: datetime = NOON) -> CoverageGaps:
    town.connection.commit()
    return read_coverage_gaps(town.id, now)


def list_codes(gaps: CoverageGaps) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for gap in gaps.gaps:
        found.setdefault(gap.kind, []).append(gap.code)
    return found


class TestGrids:
    def test_a_sound_town_lacks_nothing(self, town: SoundTown) -> None:
        gaps = read(town)

        assert gaps.gaps == ()
        assert gaps.grids == ()
        assert gaps.land is None
        assert gaps.buildings == 2

    def test_a_building_in_no_grid_and_the_land_around_it(self, town: SoundTown) -> None:
        hole = box(255, 55, 290, 85)
        town.change("grid", town.grids[1], geom=EAST - hole)

        gaps = read(town)

        assert list_codes(gaps) == {"uncovered": ["2"]}
        assert gaps.gaps[0].advice == "02"
        assert gaps.gaps[0].since is None
        assert gaps.land_m2 == pytest.approx(hole.area, rel=0.01)
        assert gaps.land is not None
        assert shape(gaps.land).contains(Point(gaps.gaps[0].longitude, gaps.gaps[0].latitude))

    def test_a_grid_that_has_ended(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], valid_to=YESTERDAY)

        (gap,) = read(town).gaps

        assert (gap.kind, gap.code, gap.since) == ("uncovered", "2", YESTERDAY)

    def test_without_any_grid_all_are_uncovered(self, town: SoundTown) -> None:
        for grid in town.grids:
            town.change("grid", grid, valid_to=YESTERDAY)

        gaps = read(town)

        assert list_codes(gaps) == {"uncovered": ["1", "2"]}
        assert gaps.land_m2 == pytest.approx(400 * 200, rel=0.01)


class TestHolders:
    def test_a_lead_who_has_gone(self, town: SoundTown) -> None:
        town.run("UPDATE zone_party SET valid_to = %s WHERE zone_id = %s", TODAY, town.zones[1])

        gaps = read(town)

        assert list_codes(gaps) == {"unheld": ["2"]}
        assert (gaps.gaps[0].since, gaps.gaps[0].party) == (TODAY, "wang")
        assert [grid.code for grid in gaps.grids] == ["02"]

    def test_whoever_is_away_is_not_there(self, town: SoundTown) -> None:
        town.add(
            "absence", party_id=town.workers[1], valid_from=YESTERDAY, valid_to=TODAY + timedelta(days=1),
            reason="sick",
        )  # fmt: skip

        gaps = read(town)

        assert list_codes(gaps) == {"unheld": ["2"]}
        assert gaps.gaps[0].since == YESTERDAY
        assert read(town, NOON + timedelta(days=1)).gaps == ()

    def test_a_backup_who_is_there_is_enough(self, town: SoundTown) -> None:
        town.add("absence", party_id=town.workers[1], valid_from=TODAY, reason="leave")
        town.add(
            "zone_party", plan_id=town.plan_id, zone_id=town.zones[1], party_id=town.workers[0],
            role="backup", valid_from=START,
        )  # fmt: skip

        assert read(town).gaps == ()

    def test_what_the_plan_leaves_out_on_purpose_is_only_counted(self, town: SoundTown) -> None:
        town.run("DELETE FROM zone_unit WHERE building_id = %s", town.buildings[1])
        town.run(
            "INSERT INTO zone_gap VALUES (%s, %s, %s, %s)",
            town.plan_id, town.buildings[1], town.id, "空置",
        )  # fmt: skip

        gaps = read(town)

        assert gaps.gaps == ()
        assert gaps.excused == 1

    def test_without_any_plan_nobody_holds_anything(self, town: SoundTown) -> None:
        town.run("UPDATE zone_plan SET valid_to = %s", YESTERDAY)

        assert list_codes(read(town)) == {"unheld": ["1", "2"]}


class TestSilence:
    def test_nobody_looked_and_nobody_complained(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])
        town.visit(town.buildings[1], f"{TODAY - timedelta(days=61)}T09:00+08")

        (gap,) = read(town).gaps

        assert (gap.kind, gap.code, gap.since) == ("silent", "2", TODAY - timedelta(days=61))
        assert gap.party == "li"

    def test_looked_at_without_a_complaint_is_calm_and_not_silent(self, town: SoundTown) -> None:
        town.run("DELETE FROM incident")

        assert read(town).gaps == ()

    def test_a_sealed_case_is_no_word_of_a_building(self, town: SoundTown) -> None:
        town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])
        at = f"{TODAY}T09:00+08"
        town.incident(building_id=town.buildings[1], category_code="E905", sensitivity="S3", reported_at=at)

        assert list_codes(read(town)) == {"silent": ["2"]}

    def test_a_visit_changes_the_tag(self, town: SoundTown) -> None:
        before = read(town).tag
        town.visit(town.buildings[1], f"{TODAY}T09:00+08")

        assert read(town).tag != before


@pytest.mark.parametrize("role", ["secretary", "grid_worker", "leader", "administrator"])
def test_everybody_sees_the_same(town: SoundTown, role: Role) -> None:
    town.run("DELETE FROM visit WHERE building_id = %s", town.buildings[1])
    owners = read(town)
    with acting_as(make_actor(town.id, role=role, party_id=town.workers[0])):
        assert read(town).gaps == owners.gaps


@pytest.mark.parametrize("role", ["property_company", "wall"])
def test_others_see_nothing(town: SoundTown, role: Role) -> None:
    with acting_as(make_actor(town.id, role=role)), pytest.raises(NotFound):
        read(town)


@pytest.mark.parametrize(("community", "seed"), [("D", 1), ("D", 2), ("Y", 3)])
def test_every_plant_of_the_demo_is_found_and_nothing_else(
    database_url: str, connection: PostgresConnection, community: str, seed: int
) -> None:
    truth = load_demo(database_url, community=community, seed=seed, as_of=DEMO_DAY).truth
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM community")
        ((community_id,),) = cursor.fetchall()

    gaps = read_coverage_gaps(community_id, start_of_day(DEMO_DAY) + timedelta(hours=8))

    assert {kind: sorted(codes) for kind, codes in list_codes(gaps).items()} == {
        "uncovered": sorted(truth.uncovered_buildings),
        "unheld": sorted(truth.unheld_buildings),
        "silent": sorted(truth.silent_buildings),
    }
    assert [grid.code for grid in gaps.grids] == truth.grids_without_person
    bare_m2 = sum(gap["area_m2"] for gap in truth.grid_gaps)
    assert gaps.land_m2 == pytest.approx(bare_m2, rel=0.01)
    # The figures, which are counted apart, lack the same.
    figures = measure(
        community_id, [find_period("day", DEMO_DAY)], now=start_of_day(DEMO_DAY) + timedelta(hours=8)
    )
    lacking = {
        id_: (by_key[WHOLE][0].denominator or 0) - (by_key[WHOLE][0].numerator or 0)
        for id_, by_key in figures.values.items()
    }
    assert lacking["grid_coverage_area"] == pytest.approx(bare_m2, rel=0.02)
    assert lacking["grid_coverage_buildings"] == len(truth.uncovered_buildings)
    assert lacking["held_by_grid_worker"] == len(truth.unheld_buildings)
    assert lacking["assignment_rate"] == len(truth.grids_without_person)
    assert figures.values["silent_share"][WHOLE][0].numerator == len(truth.silent_buildings)


def test_whoever_is_away_in_the_demo_is_found_too(database_url: str, connection: PostgresConnection) -> None:
    """Both the lead of a zone and his backup are away: its buildings are added, and nothing else."""
    truth = load_demo(database_url, community="Y", as_of=DEMO_DAY).truth
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO absence (community_id, party_id, valid_from, reason) "
            "SELECT p.community_id, p.party_id, %s, 'sick' "
            "FROM zone_party AS p JOIN zone AS z ON z.id = p.zone_id WHERE z.code = 'Y-Z01' RETURNING 1",
            (DEMO_DAY,),
        )
        assert len(cursor.fetchall()) == 2
        cursor.execute(
            "SELECT b.code, b.community_id FROM zone AS z JOIN zone_unit AS u ON u.zone_id = z.id "
            "JOIN building AS b ON b.id = u.building_id WHERE z.code = 'Y-Z01'"
        )
        mine = cursor.fetchall()
    connection.commit()

    gaps = read_coverage_gaps(mine[0][1], start_of_day(DEMO_DAY))

    unheld = {gap.code: gap for gap in gaps.list_kind("unheld")}
    assert sorted(unheld) == sorted({*truth.unheld_buildings, *(code for code, _ in mine)})
    assert {unheld[code].since for code, _ in mine} == {DEMO_DAY}

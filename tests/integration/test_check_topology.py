"""``wangge check topology``: one thing is wrong, and that and nothing else is found."""

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import MultiPolygon, Point, Polygon, box

from etl.checks import Finding
from tests.sound_town import EAST, TODAY, TOMORROW, WEST, SoundTown
from tests.town import START, to_degrees


@pytest.fixture
def town(undone: PostgresConnection) -> SoundTown:
    return SoundTown(undone)


def find_one(town: SoundTown, check: str) -> Finding:
    (finding,) = town.find()
    assert finding.check.id == check
    return finding


def anchor(finding: Finding) -> Point:
    longitude, latitude = finding.observation.longitude, finding.observation.latitude
    assert longitude is not None
    assert latitude is not None
    return Point(longitude, latitude)


def test_a_sound_town_has_no_findings(town: SoundTown) -> None:
    assert town.find_codes() == {}


class TestGaps:
    def test_a_gap_between_grids(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(210, 0, 400, 200))

        finding = find_one(town, "grid_gap")

        assert finding.observation.area_m2 == pytest.approx(2000, rel=1e-3)
        assert finding.observation.value == 0
        assert to_degrees(box(200, 0, 210, 200)).contains(anchor(finding))

    def test_a_gap_at_the_edge_of_the_community(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(200, 0, 390, 200))

        assert find_one(town, "grid_gap").observation.area_m2 == pytest.approx(2000, rel=1e-3)

    def test_a_hole_in_a_grid_is_a_gap(self, town: SoundTown) -> None:
        hole = box(300, 150, 320, 170)
        town.change("grid", town.grids[1], geom=EAST - hole)

        finding = find_one(town, "grid_gap")

        assert finding.observation.area_m2 == pytest.approx(400, rel=1e-3)
        assert to_degrees(hole).contains(anchor(finding))

    def test_a_hole_in_the_community_is_none(self, town: SoundTown) -> None:
        hole = box(300, 150, 320, 170)
        town.change("community", town.id, geom=box(0, 0, 400, 200) - hole)
        town.change("grid", town.grids[1], geom=EAST - hole)

        assert town.find_codes() == {}

    def test_every_gap_is_found_with_what_stands_in_it(self, town: SoundTown) -> None:
        town.change(
            "grid",
            town.grids[1],
            geom=box(210, 0, 400, 200) - box(350, 150, 360, 160) - box(255, 55, 285, 85),
        )

        gaps = [f.observation for f in town.find() if f.check.id == "grid_gap"]

        assert [(round(gap.area_m2 or 0, -1), gap.value) for gap in gaps] == [(2000, 0), (900, 1), (100, 0)]

    def test_a_sliver_is_ignored(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(200.2, 0, 400, 200))  # 40 m²

        assert town.find_codes() == {}
        assert town.find_codes(gap_m2=39) == {"grid_gap": ["A"]}

    def test_slivers_are_not_added_up(self, town: SoundTown) -> None:
        holes = [box(x, 150, x + 6, 156) for x in (300, 310, 320)]  # 36 m² each
        town.change("grid", town.grids[1], geom=EAST - MultiPolygon(holes))

        assert town.find_codes() == {}

    def test_an_exclusive_grid_fills_a_gap_and_a_micro_grid_does_not(self, town: SoundTown) -> None:
        left, right = box(300, 150, 320, 170), box(340, 150, 360, 170)
        town.change("grid", town.grids[1], geom=EAST - left - right)
        town.grid("E1", left, kind="exclusive")
        town.grid("02-1", right, kind="micro", parent_id=town.grids[1])

        gaps = [f for f in town.find() if f.check.id == "grid_gap"]

        assert len(gaps) == 1
        assert to_degrees(right).contains(anchor(gaps[0]))

    def test_a_grid_that_ended_yesterday_leaves_its_land(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(200, 0, 380, 200))
        town.grid("03", box(380, 0, 400, 200), valid_to=TODAY)
        town.grid("04", box(380, 0, 400, 200), valid_from=TOMORROW)

        assert find_one(town, "grid_gap").observation.area_m2 == pytest.approx(4000, rel=1e-3)

    def test_a_grid_that_ends_today_holds_its_land(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], valid_to=TOMORROW)

        assert town.find_codes() == {}
        assert "grid_gap" in town.find_codes(TOMORROW)

    def test_grids_of_another_community_fill_nothing(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(210, 0, 400, 200))
        SoundTown(town.connection, "B")

        assert town.find_codes() == {"grid_gap": ["A"]}


class TestOverlaps:
    def test_an_overlap_that_was_restored(self, town: SoundTown) -> None:
        town.restore_anything()
        town.change("grid", town.grids[1], geom=box(198, 0, 400, 200))

        finding = find_one(town, "grid_overlap")

        assert finding.observation.code == "01"
        assert finding.observation.details == {"other": "02"}
        assert finding.observation.area_m2 == pytest.approx(400, rel=1e-3)
        assert to_degrees(box(198, 0, 200, 200)).contains(anchor(finding))
        assert finding.message.startswith("grid 01 第01网格 and grid 02 share 400.")

    def test_a_square_metre_is_tolerated(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(199.996, 0, 400, 200))  # 0.8 m²

        assert town.find_codes() == {}

    def test_kinds_and_years_may_overlap(self, town: SoundTown) -> None:
        parent = town.grids[0]
        town.grid("01-1", box(50, 50, 100, 100), kind="micro", parent_id=parent)
        town.grid("E1", box(50, 50, 100, 100), kind="exclusive")
        town.grid("90", WEST, valid_from=START.replace(year=2020), valid_to=START)
        town.change("grid", parent, valid_to=TOMORROW)
        town.grid("91", WEST, valid_from=TOMORROW)

        assert town.find_codes() == {}

    def test_compounds(self, town: SoundTown) -> None:
        town.change("compound", town.compounds[0], geom=box(40, 40, 243, 140))

        finding = find_one(town, "compound_overlap")

        assert (finding.observation.code, finding.observation.details["other"]) == ("C1", "小区2")
        assert finding.observation.area_m2 == pytest.approx(300, rel=1e-3)

    def test_compounds_that_share_a_wall(self, town: SoundTown) -> None:
        town.change("compound", town.compounds[0], geom=box(40, 40, 240, 140))

        assert town.find_codes() == {}


class TestOutside:
    def test_a_grid_over_the_border(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(200, 0, 410, 200))

        finding = find_one(town, "grid_outside")

        assert finding.observation.code == "02"
        assert finding.observation.area_m2 == pytest.approx(2000, rel=1e-3)
        assert to_degrees(box(400, 0, 410, 200)).contains(anchor(finding))

    def test_a_grid_elsewhere_altogether(self, town: SoundTown) -> None:
        town.grid("03", box(5000, 0, 5100, 100))

        assert town.find_codes() == {"grid_outside": ["03"], "grid_without_buildings": ["03"]}

    def test_rounding_is_tolerated(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=box(200, 0, 400.004, 200))  # 0.8 m²

        assert town.find_codes() == {}

    def test_last_years_grid_may_have_been_outside(self, town: SoundTown) -> None:
        town.grid("90", box(5000, 0, 5100, 100), valid_to=TODAY)

        assert town.find_codes() == {}


class TestStraddlingBuildings:
    def test_a_building_across_a_border(self, town: SoundTown) -> None:
        town.change("building", town.buildings[1], geom=box(198, 60, 218, 80), compound_id=None)

        finding = find_one(town, "building_straddles")

        assert finding.observation.code == "2"
        assert finding.observation.details["grids"] == ["02", "01"]
        assert finding.observation.area_m2 == pytest.approx(40, rel=1e-3)

    def test_a_building_at_a_border(self, town: SoundTown) -> None:
        town.change("building", town.buildings[1], geom=box(200, 60, 220, 80), compound_id=None)

        assert town.find_codes() == {}

    def test_a_hair_is_tolerated(self, town: SoundTown) -> None:
        town.change("building", town.buildings[1], geom=box(199.96, 60, 220, 80), compound_id=None)  # 0.8 m²

        assert town.find_codes() == {}

    def test_two_hairs_of_a_long_building(self, town: SoundTown) -> None:
        """Two wings of which neither is a hair, only their sum."""
        wings = box(205, 60, 220, 80) | box(199.91, 60, 205, 65) | box(199.91, 75, 205, 80)
        town.change("building", town.buildings[1], geom=wings, compound_id=None)  # 2 × 0.45 m²

        assert town.find_codes() == {}
        assert town.find_codes(straddle_m2=0.8) == {"building_straddles": ["2"]}

    def test_grids_of_two_kinds_may_share_a_building(self, town: SoundTown) -> None:
        town.grid("E1", box(265, 0, 300, 100), kind="exclusive")

        assert town.find_codes() == {}

    def test_a_building_partly_in_no_grid_is_in_one(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], geom=EAST - box(275, 55, 290, 85))

        assert town.find_codes() == {"grid_gap": ["A"]}


class TestUnsoundShapes:
    def test_a_shape_that_crosses_itself(self, town: SoundTown) -> None:
        town.run("ALTER TABLE grid DROP CONSTRAINT grid_geom_check")
        town.restore_anything()
        town.change("grid", town.grids[1], geom=Polygon([(200, 0), (400, 200), (400, 0), (200, 200)]))

        findings = town.find()

        unsound = [finding for finding in findings if finding.check.id == "shape_unsound"]
        assert [(f.observation.place, f.observation.code) for f in unsound] == [("grid", "02")]
        assert unsound[0].observation.details == {"reason": "self-intersection"}
        # Its land counts as nobody's: it cannot be measured.
        assert [f.observation.area_m2 for f in findings if f.check.id == "grid_gap"] == [
            pytest.approx(40_000, rel=1e-3)
        ]

    def test_an_empty_shape(self, town: SoundTown) -> None:
        town.run("ALTER TABLE compound DROP CONSTRAINT compound_geom_check")
        town.change("compound", town.compounds[1], geom=MultiPolygon())

        findings = {f.check.id: f for f in town.find()}

        assert findings["shape_unsound"].observation.details == {"reason": "it is empty"}
        assert findings["shape_unsound"].observation.longitude is None

    def test_swapped_axes(self, town: SoundTown) -> None:
        town.run("ALTER TABLE merchant DROP CONSTRAINT merchant_geom_check")
        town.run("UPDATE merchant SET geom = ST_FlipCoordinates(geom)")

        findings = {f.check.id: f for f in town.find()}

        assert findings["shape_unsound"].observation.details == {"reason": "it lies outside China"}
        assert findings["merchant_outside"].observation.code == "M1"

"""``wangge check data``: one row contradicts another, and that and nothing else is found."""

from datetime import date

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import MultiPolygon, Point, Polygon, box

from etl.checks import Finding
from tests.sound_town import TODAY, TOMORROW, YESTERDAY, SoundTown
from tests.town import START


@pytest.fixture
def town(undone: PostgresConnection) -> SoundTown:
    return SoundTown(undone)


def find_one(town: SoundTown, check: str) -> Finding:
    (finding,) = town.find()
    assert finding.check.id == check
    return finding


class TestMerchants:
    def test_without_a_building(self, town: SoundTown) -> None:
        town.add("merchant", code="M2", name="面馆", geom=Point(150, 150))
        town.add("merchant", code="M3", name="米粉")

        seen = find_one(town, "merchants_without_building").observation

        assert seen.value == 2
        assert seen.details == {"of": 3, "unplaced": 1, "examples": ["M3", "M2"]}

    def test_outside_the_community(self, town: SoundTown) -> None:
        town.change("merchant", town.merchant, geom=Point(450, 100))

        seen = find_one(town, "merchant_outside").observation

        assert seen.code == "M1"
        assert seen.value == pytest.approx(50, abs=0.5)

    def test_on_the_border_is_inside(self, town: SoundTown) -> None:
        town.run(
            "UPDATE merchant SET geom = "
            "(SELECT ST_PointN(ST_ExteriorRing(ST_GeometryN(geom, 1)), 1) FROM community)"
        )

        assert town.find_codes() == {}

    def test_in_the_hole_of_a_community_is_outside(self, town: SoundTown) -> None:
        hole = box(20, 150, 40, 170)
        town.change("community", town.id, geom=box(0, 0, 400, 200) - hole)
        town.change("grid", town.grids[0], geom=box(0, 0, 200, 200) - hole)
        town.change("merchant", town.merchant, geom=Point(30, 160))

        assert find_one(town, "merchant_outside").observation.value == pytest.approx(10, abs=0.2)


class TestIncidents:
    def test_without_a_place(self, town: SoundTown) -> None:
        town.incident(geom=Point(70, 70))
        town.incident()
        town.incident(reported_at=f"{TOMORROW}T00:00+08")

        seen = find_one(town, "incidents_unplaced").observation

        assert (seen.value, seen.details) == (1, {"of": 2})

    def test_outside_the_community(self, town: SoundTown) -> None:
        town.incident(geom=Point(70, 70))
        near = town.incident(geom=Point(410, 100))
        town.incident(geom=Point(900, 100), external_id="12345-7")

        seen = find_one(town, "incidents_outside").observation

        assert seen.value == 2
        assert seen.details == {"distance_m": 500, "examples": [str(near), "12345-7"]}
        assert seen.longitude == pytest.approx(120.0095, abs=1e-4)

    def test_a_place_in_another_community_is_outside(self, town: SoundTown) -> None:
        far = SoundTown(town.connection, "B")
        far.change("community", far.id, geom=box(0, 0, 2000, 2000))
        town.incident(geom=Point(410, 100))

        assert town.find_codes() == {"incidents_outside": ["A"]}


class TestOther:
    def file(self, town: SoundTown, other: int, of: int, reported_at: str = f"{TODAY}T09:00+08") -> None:
        for number in range(of):
            town.incident(
                category_code="E1299" if number < other else "E101",
                geom=Point(70, 70),
                reported_at=reported_at,
            )

    def test_more_than_a_tenth_of_a_month(self, town: SoundTown) -> None:
        self.file(town, 3, 20, "2025-05-10T09:00+08")

        seen = find_one(town, "other_share").observation

        assert seen.value == pytest.approx(0.15)
        assert seen.details == {"month": "2025-05", "other": 3, "of": 20}

    def test_a_tenth_is_not_too_much(self, town: SoundTown) -> None:
        self.file(town, 2, 20)

        assert town.find_codes() == {}
        assert town.find_codes(most_other_share=0.09) == {"other_share": ["A"]}

    def test_months_are_judged_apart(self, town: SoundTown) -> None:
        """Together 4 of 40, in one of the two months 4 of 20."""
        self.file(town, 4, 20, "2025-05-10T09:00+08")
        self.file(town, 0, 20)

        assert find_one(town, "other_share").observation.details["month"] == "2025-05"

    def test_a_month_begins_in_china(self, town: SoundTown) -> None:
        """The last hours of April in UTC are May in China."""
        self.file(town, 10, 10, "2025-04-30T16:30Z")
        self.file(town, 10, 10, "2025-04-30T15:30Z")

        assert find_one(town, "other_share").observation.details == {
            "month": "2025-05",
            "other": 10,
            "of": 10,
        }

    def test_a_few_incidents_prove_nothing(self, town: SoundTown) -> None:
        self.file(town, 9, 9)

        assert town.find_codes() == {}


class TestBuildings:
    def test_outside_the_compound(self, town: SoundTown) -> None:
        town.change("building", town.buildings[0], geom=box(150, 60, 170, 80))

        seen = find_one(town, "building_outside_compound").observation

        assert (seen.code, seen.details) == ("1", {"compound": "小区1"})
        assert seen.value == pytest.approx(20, abs=0.5)

    def test_a_corner_over_the_wall_is_inside(self, town: SoundTown) -> None:
        town.change("building", town.buildings[0], geom=box(125, 60, 145, 80))

        assert town.find_codes() == {}

    def test_a_u_around_its_compound_is_outside(self, town: SoundTown) -> None:
        """Its centroid lies in the compound, but no wall of it does."""
        u_shape = Polygon(
            [(30, 30), (150, 30), (150, 150), (145, 150), (145, 35), (35, 35), (35, 150), (30, 150)]
        )
        town.change("building", town.buildings[0], geom=u_shape)
        town.change("compound", town.compounds[0], geom=box(40, 40, 140, 140))
        assert box(40, 40, 140, 140).contains(u_shape.centroid)

        assert town.find_codes() == {"building_outside_compound": ["1"]}

    def test_a_compound_in_two_parts(self, town: SoundTown) -> None:
        town.change(
            "compound", town.compounds[0], geom=MultiPolygon([box(10, 10, 20, 20), box(55, 55, 90, 90)])
        )

        assert town.find_codes() == {}

    def test_outside_the_community(self, town: SoundTown) -> None:
        town.change("building", town.buildings[1], geom=box(430, 60, 450, 80), compound_id=None)

        found = {f.check.id: f.observation for f in town.find()}

        assert found.keys() == {"building_outside", "building_without_grid", "grid_without_buildings"}
        assert found["building_outside"].value == pytest.approx(40, abs=0.5)

    @pytest.mark.parametrize(
        ("kind", "is_found"),
        [("residential", True), ("mixed", True), ("public", False), ("commercial", False)],
    )
    def test_without_households(self, town: SoundTown, kind: str, is_found: bool) -> None:
        third = town.building("3", box(290, 60, 300, 80), compound_id=town.compounds[1], kind=kind)
        town.visit(third, f"{TODAY}T09:00+08")

        found = town.find_codes()

        assert found.pop("building_without_holder") == ["3"]
        assert found == ({"building_without_households": ["3"]} if is_found else {})


class TestMemberTotals:
    def test_a_member_of_no_branch(self, town: SoundTown) -> None:
        town.party("second", "party_member")

        seen = find_one(town, "member_totals").observation

        assert seen.value == -1
        assert seen.details == {"persons": 2, "counted": 1, "in_none": 1, "in_several": 0, "gone": 0}

    def test_a_member_of_two_branches(self, town: SoundTown) -> None:
        other = town.party("other", "party_branch")
        town.add("membership", member_id=town.member, organisation_id=other, valid_from=START)

        seen = find_one(town, "member_totals").observation

        assert seen.details == {"persons": 1, "counted": 2, "in_none": 0, "in_several": 1, "gone": 0}

    def test_faults_that_cancel_out_are_found(self, town: SoundTown) -> None:
        """One in no branch and one in two: both totals say 2."""
        town.party("second", "party_member")
        other = town.party("other", "party_branch")
        town.add("membership", member_id=town.member, organisation_id=other, valid_from=START)

        seen = find_one(town, "member_totals").observation

        assert (seen.value, seen.details["in_none"], seen.details["in_several"]) == (0, 1, 1)

    def test_a_member_who_moved_is_in_one_branch(self, town: SoundTown) -> None:
        other = town.party("other", "party_branch")
        town.change("membership", town.membership_id, valid_to=TODAY)
        town.add("membership", member_id=town.member, organisation_id=other, valid_from=TODAY)

        assert town.find_codes() == {}
        assert town.find_codes(YESTERDAY) == {}

    def test_staff_in_a_branch_are_counted_once(self, town: SoundTown) -> None:
        town.add("membership", member_id=town.workers[0], organisation_id=town.branch, valid_from=START)

        assert town.find_codes() == {}

    def test_volunteers_need_no_branch(self, town: SoundTown) -> None:
        team = town.party("team", "volunteer_team")
        town.add("membership", member_id=town.member, organisation_id=team, valid_from=START)
        town.party("volunteer", "volunteer")

        assert town.find_codes() == {}

    def test_who_left_is_still_counted_by_the_branch(self, town: SoundTown) -> None:
        gone = town.party("gone", "party_member", active_to=TODAY)
        town.add("membership", member_id=gone, organisation_id=town.branch, valid_from=START)

        seen = find_one(town, "member_totals").observation

        assert seen.details == {"persons": 1, "counted": 2, "in_none": 0, "in_several": 0, "gone": 1}

    def test_without_any_membership_there_is_no_second_total(self, town: SoundTown) -> None:
        town.run("DELETE FROM membership")

        assert town.find_codes() == {}


class TestDuplicateNames:
    def test_compounds(self, town: SoundTown) -> None:
        town.change("compound", town.compounds[1], name="小区 1")

        seen = find_one(town, "duplicate_name").observation

        assert (seen.place, seen.code, seen.details) == ("compound", "C1", {"others": ["C2"]})

    def test_width_and_case_do_not_tell_apart(self, town: SoundTown) -> None:
        town.change("compound", town.compounds[0], name="Ａ区")
        town.change("compound", town.compounds[1], name="a区")

        assert town.find_codes() == {"duplicate_name": ["C1"]}

    def test_buildings_are_named_within_their_compound(self, town: SoundTown) -> None:
        town.change("building", town.buildings[0], name="3栋")
        town.change("building", town.buildings[1], name="3栋")

        assert town.find_codes() == {}

    def test_buildings_of_one_compound(self, town: SoundTown) -> None:
        third = town.building(
            "3", box(290, 60, 300, 80), compound_id=town.compounds[1], name="２号楼", kind="public"
        )
        town.visit(third, f"{TODAY}T09:00+08")

        assert town.find_codes()["duplicate_name"] == ["2"]

    def test_a_grid_and_its_successor_may_share_a_name(self, town: SoundTown) -> None:
        town.change("grid", town.grids[1], valid_from=TODAY)
        town.grid("09", box(200, 0, 400, 200), name="第02网格", valid_to=TODAY)

        assert town.find_codes() == {}

    def test_people_may_share_a_name_and_organisations_may_not(self, town: SoundTown) -> None:
        town.party("wang2", name="wang")
        assert town.find_codes() == {}

        town.party("branch2", "party_branch", name="branch")
        assert town.find_codes() == {"duplicate_name": ["branch"]}

    def test_a_chain_has_two_shops_and_a_shop_entered_twice_is_one(self, town: SoundTown) -> None:
        town.add("merchant", code="M2", name="理发店", address="和平路9号", building_id=town.buildings[0])
        assert town.find_codes() == {}

        town.add("merchant", code="M3", name="理发店", address="和平路1号", building_id=town.buildings[0])
        assert town.find_codes() == {"duplicate_name": ["M1"]}


class TestLeadsGone:
    def test_a_lead_who_left(self, town: SoundTown) -> None:
        town.change("party", town.workers[1], active_to=TODAY)

        found = town.find()

        assert [f.check.id for f in found] == [
            "building_without_holder",
            "grid_without_person",
            "zone_lead_gone",
        ]
        assert found[2].observation.details == {"zone": "Z2", "zone_name": "责任区Z2", "ended": "2025-06-01"}

    def test_a_lead_who_leaves_tomorrow(self, town: SoundTown) -> None:
        town.change("party", town.workers[1], active_to=TOMORROW)

        assert town.find_codes() == {}

    def test_a_lead_whose_post_ended(self, town: SoundTown) -> None:
        town.run("UPDATE post SET valid_to = '2025-05-20' WHERE party_id = %s", town.workers[1])

        assert find_one(town, "zone_lead_gone").observation.details["ended"] == "2025-05-20"

    def test_a_lead_whose_post_was_renewed(self, town: SoundTown) -> None:
        town.run("UPDATE post SET valid_to = '2025-05-20' WHERE party_id = %s", town.workers[1])
        town.add("post", party_id=town.workers[1], title="grid_lead", valid_from=date(2025, 5, 20))

        assert town.find_codes() == {}

    def test_a_post_of_another_kind_says_nothing(self, town: SoundTown) -> None:
        town.add(
            "post", party_id=town.workers[1], title="officer", valid_from=START, valid_to=date(2025, 5, 20)
        )

        assert town.find_codes() == {}

    def test_a_lead_without_any_post_is_in_office(self, town: SoundTown) -> None:
        town.run("DELETE FROM post")

        assert town.find_codes() == {}

    def test_a_draft_may_name_who_left(self, town: SoundTown) -> None:
        gone = town.party("gone", active_to=TODAY)
        town.zone(town.plan(state="draft"), "Z9", lead=gone)

        assert town.find_codes() == {}

    def test_the_lead_of_a_branch_who_left(self, town: SoundTown) -> None:
        town.change("party", town.member, active_to=TODAY)

        found = town.find_codes()

        assert found == {"member_totals": ["A"], "organisation_lead_gone": ["member"]}


class TestDutyRules:
    def test_a_lead_who_left(self, town: SoundTown) -> None:
        gone = town.party("gone", "department", active_to=TODAY)
        town.change("duty_rule", town.duty_rule, lead_party_id=gone)

        finding = find_one(town, "duty_rule_without_lead")

        assert (finding.observation.code, finding.observation.value) == ("gone", 1)
        assert finding.check.severity == "error"

    @pytest.mark.parametrize("role", ["supervisor", "helper"])
    def test_a_helper_who_left(self, town: SoundTown, role: str) -> None:
        gone = town.party("gone", "department", active_to=TODAY)
        town.change("duty_rule", town.duty_rule, **{f"{role}_party_id": gone})

        finding = find_one(town, "duty_rule_without_helper")

        assert finding.observation.details == {"role": role, "ended": "2025-06-01"}
        assert finding.check.severity == "warning"

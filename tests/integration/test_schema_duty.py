"""What the database refuses about responsibility, incidents and codes."""

from datetime import date

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from tests.town import START, Town

TODAY = date(2025, 6, 1)
TOMORROW = date(2025, 6, 2)


@pytest.fixture
def town(undone: PostgresConnection) -> Town:
    return Town(undone)


def held(town: Town, on_day: date = TODAY, kind: str = "grid_worker") -> dict[int, int]:
    with town.connection.cursor() as cursor:
        cursor.execute(
            "SELECT building_id, party_id FROM building_holder(%s) WHERE kind = %s", (on_day, kind)
        )
        return dict(cursor.fetchall())


class TestPlans:
    def test_two_plans_of_a_kind_in_force_are_refused(self, town: Town) -> None:
        town.plan(valid_to=TOMORROW)
        town.plan(kind="property")
        town.plan(valid_from=TOMORROW)
        town.plan(state="draft", valid_from=None)
        with pytest.raises(errors.ExclusionViolation, match="one_plan_in_force"):
            town.plan(state="superseded", valid_from=TODAY, valid_to=TOMORROW)

    @pytest.mark.parametrize(
        "dates",
        [
            pytest.param({"valid_from": None}, id="published without a beginning"),
            pytest.param({"state": "superseded"}, id="superseded without an end"),
            pytest.param({"valid_to": START}, id="empty"),
            pytest.param({"valid_from": TOMORROW, "valid_to": TODAY}, id="backwards"),
        ],
    )
    def test_dates_of_a_plan_are_in_order(self, town: Town, dates: dict[str, object]) -> None:
        with pytest.raises(errors.CheckViolation):
            town.plan(**dates)

    def test_a_building_is_in_one_zone_of_a_plan(self, town: Town) -> None:
        building = town.building("1", box(0, 0, 10, 10))
        plan = town.plan()
        town.zone(plan, "1", building)
        town.zone(town.plan(kind="property"), "1", building)
        with pytest.raises(errors.UniqueViolation):
            town.zone(plan, "2", building)

    def test_a_zone_has_one_lead_at_a_time_and_any_backups(self, town: Town) -> None:
        wang, li = town.party("wang"), town.party("li")
        plan = town.plan()
        zone = town.zone(plan, "1", lead=wang, valid_to=TOMORROW)
        town.add("zone_party", plan_id=plan, zone_id=zone, party_id=li, role="backup", valid_from=START)
        town.add("zone_party", plan_id=plan, zone_id=zone, party_id=wang, role="backup", valid_from=START)
        town.add("zone_party", plan_id=plan, zone_id=zone, party_id=li, role="lead", valid_from=TOMORROW)
        with pytest.raises(errors.ExclusionViolation, match="one_lead_at_a_time"):
            town.add(
                "zone_party",
                plan_id=plan,
                zone_id=zone,
                party_id=li,
                role="lead",
                valid_from=TODAY,
                valid_to=TOMORROW,
            )

    def test_another_communitys_party_cannot_lead(self, town: Town) -> None:
        stranger = Town(town.connection, "B").party("stranger")
        town.zone(town.plan(), "1", lead=stranger)
        with pytest.raises(errors.ForeignKeyViolation):
            town.connection.commit()


class TestHolder:
    @pytest.fixture
    def building(self, town: Town) -> int:
        return town.building("1", box(0, 0, 10, 10))

    def test_the_lead_holds(self, town: Town, building: int) -> None:
        wang = town.party("wang")
        town.zone(town.plan(), "1", building, lead=wang)
        assert held(town) == {building: wang}

    def test_a_backup_holds_only_what_has_no_lead(self, town: Town, building: int) -> None:
        wang, li = town.party("wang"), town.party("li")
        plan = town.plan()
        zone = town.zone(plan, "1", building, lead=wang, role="backup")
        assert held(town) == {building: wang}
        town.add("zone_party", plan_id=plan, zone_id=zone, party_id=li, role="lead", valid_from=START)
        assert held(town) == {building: li}

    def test_a_draft_holds_nothing(self, town: Town, building: int) -> None:
        town.zone(town.plan(state="draft"), "1", building, lead=town.party("wang"))
        assert held(town) == {}

    @pytest.mark.parametrize(
        ("dates", "is_held"),
        [
            ({"valid_from": TODAY}, True),
            ({"valid_from": TOMORROW}, False),
            ({"valid_to": TODAY}, False),
            ({"valid_to": TOMORROW}, True),
        ],
    )
    def test_a_lead_holds_from_the_first_day_to_the_day_before_the_end(
        self, town: Town, building: int, dates: dict[str, date], is_held: bool
    ) -> None:
        town.zone(town.plan(), "1", building, lead=town.party("wang"), **dates)
        assert (building in held(town)) is is_held

    def test_a_party_that_left_holds_nothing(self, town: Town, building: int) -> None:
        town.zone(town.plan(), "1", building, lead=town.party("wang", active_to=TODAY))
        assert held(town) == {}
        assert building in held(town, date(2025, 5, 31))

    def test_a_superseded_plan_tells_who_held_then(self, town: Town, building: int) -> None:
        wang, li = town.party("wang"), town.party("li")
        town.zone(town.plan(state="superseded", valid_to=TODAY), "1", building, lead=wang)
        town.zone(town.plan(valid_from=TODAY), "1", building, lead=li)
        assert held(town, date(2025, 5, 31)) == {building: wang}
        assert held(town, TODAY) == {building: li}


class TestDates:
    @pytest.mark.parametrize("end", [START, date(2023, 12, 31)])
    def test_nothing_ends_before_it_has_begun(self, town: Town, end: date) -> None:
        member, branch = town.party("member"), town.party("branch", "party_branch")
        plan = town.plan()
        zone = town.zone(plan, "1")
        dated: dict[str, dict[str, object]] = {
            "grid": {"kind": "community", "code": "01", "name": "01", "geom": box(0, 0, 1, 1)},
            "post": {"party_id": member, "title": "officer"},
            "membership": {"member_id": member, "organisation_id": branch},
            "zone_party": {"plan_id": plan, "zone_id": zone, "party_id": member, "role": "lead"},
        }
        town.connection.commit()
        for table, values in dated.items():
            with pytest.raises((errors.CheckViolation, errors.DataException)):
                town.add(table, **values, valid_from=START, valid_to=end)
            town.connection.rollback()
        with pytest.raises(errors.CheckViolation, match="party_dates_in_order"):
            town.party("gone", active_to=end)

    def test_a_campaign_may_last_one_day(self, town: Town) -> None:
        campaign: dict[str, object] = {
            "kind": "screening",
            "name": "C",
            "geom": box(0, 0, 1, 1),
            "starts_on": TODAY,
        }
        town.add("campaign", **campaign, code="1", ends_on=TODAY)
        with pytest.raises(errors.CheckViolation, match="campaign_dates_in_order"):
            town.add("campaign", **campaign, code="2", ends_on=date(2025, 5, 31))

    @pytest.mark.parametrize("stamp", ["first_response_at", "due_at", "original_due_at", "handled_at"])
    def test_nothing_happens_to_an_incident_before_it_is_reported(self, town: Town, stamp: str) -> None:
        town.incident(reported_at="2025-06-01T09:00+08", **{stamp: "2025-06-01T01:00Z"})
        with pytest.raises(errors.CheckViolation, match="incident_dates_in_order"):
            town.incident(reported_at="2025-06-01T09:00+08", **{stamp: "2025-06-01T00:59:59Z"})

    def test_a_case_is_closed_after_it_was_handled(self, town: Town) -> None:
        with pytest.raises(errors.CheckViolation, match="incident_dates_in_order"):
            town.incident(state="closed", handled_at="2025-06-02T00:00Z", closed_at="2025-06-01T00:00Z")


class TestIncidents:
    @pytest.mark.parametrize(
        ("state", "closed_at"),
        [
            ("closed", None),
            ("rated", None),
            ("handling", "2025-06-01T00:00Z"),
            ("voided", "2025-06-01T00:00Z"),
        ],
    )
    def test_closed_and_its_time_go_together(self, town: Town, state: str, closed_at: str | None) -> None:
        with pytest.raises(errors.CheckViolation, match="incident_closed_has_time"):
            town.incident(state=state, closed_at=closed_at)

    def test_a_place_says_how_it_was_found(self, town: Town) -> None:
        with pytest.raises(errors.CheckViolation, match="incident_place_matches_quality"):
            town.incident(geom=Point(5, 5), geocode_quality="none")

    def test_no_place_claims_no_quality(self, town: Town) -> None:
        with pytest.raises(errors.CheckViolation, match="incident_place_matches_quality"):
            town.incident(geocode_quality="building")

    @pytest.mark.parametrize(
        "code",
        [
            {"national_code": "06010"},
            {"national_code": "06010", "national_code_system": "gbt47678"},
            {"national_code_system": "gbt47678", "national_code_kind": "matter"},
        ],
    )
    def test_a_national_code_is_never_bare(self, town: Town, code: dict[str, str]) -> None:
        with pytest.raises(errors.CheckViolation, match="incident_national_code_whole"):
            town.incident(**code)

    def test_a_national_code_is_one_of_its_system(self, town: Town) -> None:
        whole = {"national_code_kind": "matter", "national_code": "06010"}
        town.incident(national_code_system="gbt47678", **whole)
        with pytest.raises(errors.ForeignKeyViolation):
            town.incident(national_code_system="cjt214", **whole)

    def test_a_return_has_a_reason(self, town: Town) -> None:
        incident = town.incident()
        moved = {"incident_id": incident, "at": "2025-06-01T00:00Z", "kind": "moved", "to_state": "returned"}
        town.add("incident_event", **moved, reason="not ours")
        with pytest.raises(errors.CheckViolation, match="return_has_reason"):
            town.add("incident_event", **moved)

    def test_what_happened_is_not_rewritten(self, town: Town) -> None:
        event = {"incident_id": town.incident(), "at": "2025-06-01T00:00Z", "kind": "noted", "note": "seen"}
        town.add("incident_event", **event)
        with town.connection.cursor() as cursor, pytest.raises(errors.RestrictViolation):
            cursor.execute("UPDATE incident_event SET note = 'not seen'")

    def test_an_external_number_is_one_case_of_its_system(self, town: Town) -> None:
        town.incident(external_id="7", source_system="12345")
        town.incident(external_id="7", source_system="district")
        town.incident(source_system="12345")
        town.incident(source_system="12345")
        with pytest.raises(errors.UniqueViolation):
            town.incident(external_id="7", source_system="12345")

    def test_an_incident_is_not_its_own_parent(self, town: Town) -> None:
        incident = town.incident()
        with town.connection.cursor() as cursor, pytest.raises(errors.CheckViolation, match="its_own_parent"):
            cursor.execute("UPDATE incident SET parent_id = id WHERE id = %s", (incident,))

    def test_a_visit_is_to_somewhere(self, town: Town) -> None:
        with pytest.raises(errors.CheckViolation):
            town.add("visit", kind="patrol", at="2025-06-01T00:00Z", outcome="checked")


def test_a_community_goes_with_everything_in_it(town: Town) -> None:
    """Deleted parties are still named by events and zones when their own turn comes."""
    wang, company = town.party("wang"), town.party("company", "property_company")
    compound = town.add("compound", code="C", name="C", geom=box(0, 0, 99, 99), property_company_id=company)
    town.grid("01", box(0, 0, 99, 99))
    building = town.building("1", box(0, 0, 10, 10), compound_id=compound)
    town.zone(town.plan(), "1", building, lead=wang)
    incident = town.incident(building_id=building, party_id=wang)
    town.incident(parent_id=incident)
    town.add(
        "incident_event", incident_id=incident, at="2025-06-01T00:00Z", kind="noted", actor_party_id=wang
    )
    town.add(
        "visit", kind="patrol", at="2025-06-01T00:00Z", outcome="checked", building_id=building, party_id=wang
    )
    other = Town(town.connection, "B")
    other.grid("01", box(0, 0, 99, 99))
    town.connection.commit()

    with town.connection.cursor() as cursor:
        cursor.execute("DELETE FROM community WHERE code = 'A'")
        town.connection.commit()
        for table in (
            "party",
            "building",
            "building_grid",
            "zone_party",
            "incident",
            "incident_event",
            "visit",
        ):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert cursor.fetchone() == (0,), table
        cursor.execute("SELECT count(*) FROM grid")
        assert cursor.fetchone() == (1,)


def test_a_party_that_acted_cannot_be_deleted(town: Town) -> None:
    wang = town.party("wang")
    town.add(
        "incident_event",
        incident_id=town.incident(),
        at="2025-06-01T00:00Z",
        kind="noted",
        actor_party_id=wang,
    )
    town.connection.commit()

    with town.connection.cursor() as cursor:
        cursor.execute("DELETE FROM party WHERE id = %s", (wang,))
    with pytest.raises(psycopg2.IntegrityError):
        town.connection.commit()

"""Duty rules as they stand on a day, places as routing sees them, and who takes what nobody is named for."""

from datetime import date

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from etl.demo.load import load_demo
from geo.errors import NotFound
from geo.model.duty import DutyRule, Fallback, FallbackKind, LeadKind, PlaceFacts, PlaceType
from geo.model.working_time import Allowance, Unit
from geo.rules.routing import find_place_type, route
from geo.store.duties import find_fallback, load_category_parents, load_duty_rules, load_place_facts
from tests.town import START, Town, to_degrees

TODAY = date(2025, 6, 1)
YESTERDAY = date(2025, 5, 31)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def point(x: float, y: float) -> tuple[float, float]:
    place = to_degrees(Point(x, y))
    assert isinstance(place, Point)
    return place.x, place.y


class TestRules:
    def test_a_rule_is_read_whole(self, town: Town) -> None:
        lead, supervisor, helper = (town.party(code) for code in ("lead", "supervisor", "helper"))
        written = town.add(
            "duty_rule", position=7, category_code="E101", place_type="street", lead_party_id=lead,
            supervisor_party_id=supervisor, helper_party_id=helper, deadline_amount=1.5,
            deadline_unit="working_day", legal_basis="权责清单第7条",
        )  # fmt: skip
        assert load_duty_rules(town.connection, town.id, TODAY) == [
            DutyRule(
                id=written,
                position=7,
                category_code="E101",
                place_type=PlaceType.STREET,
                lead_party_id=lead,
                supervisor_party_id=supervisor,
                helper_party_id=helper,
                deadline=Allowance(1.5, Unit.WORKING_DAY),
                legal_basis="权责清单第7条",
            )
        ]

    def test_in_order_and_of_one_community(self, town: Town) -> None:
        other = Town(town.connection, "B")
        for where, position in ((town, 2), (other, 1), (town, 1)):
            where.add("duty_rule", position=position, lead_party_id=where.party(f"p{position}"))
        rules = load_duty_rules(town.connection, town.id, TODAY)
        assert [rule.position for rule in rules] == [1, 2]

    def test_who_has_left_is_told(self, town: Town) -> None:
        parties = {
            f"{role}_party_id": town.party(role, active_to=TODAY) for role in ("lead", "supervisor", "helper")
        }
        town.add("duty_rule", position=1, **parties)
        (today,) = load_duty_rules(town.connection, town.id, TODAY)
        (yesterday,) = load_duty_rules(town.connection, town.id, YESTERDAY)
        assert (today.is_lead_active, today.is_supervisor_active, today.is_helper_active) == (False,) * 3
        assert (yesterday.is_lead_active, yesterday.is_supervisor_active, yesterday.is_helper_active) == (
            True,
        ) * 3

    def test_a_lead_is_named_or_left_to_the_compound(self, town: Town) -> None:
        company = LeadKind.COMPOUND_PROPERTY_COMPANY
        town.add("duty_rule", position=1, lead_kind=company.value)
        (rule,) = load_duty_rules(town.connection, town.id, TODAY)
        assert (rule.lead_kind, rule.lead_party_id, rule.is_lead_active) == (company, None, True)
        town.connection.commit()
        for lead in ({"lead_kind": "party"}, {"lead_kind": company.value, "lead_party_id": town.party("p")}):
            with pytest.raises(errors.CheckViolation, match="duty_rule_lead_told_once"):
                town.add("duty_rule", position=2, **lead)
            town.connection.rollback()

    def test_categories_know_what_is_above_them(self, town: Town) -> None:
        parents = load_category_parents(town.connection)
        assert (parents["E101"], parents["E1"], len(parents)) == ("E1", None, 79)


class TestFallback:
    def test_the_committee_goes_before_the_secretary(self, town: Town) -> None:
        secretary = town.party("secretary")
        town.add("post", party_id=secretary, title="secretary", valid_from=START)
        assert find_fallback(town.connection, town.id, TODAY) == Fallback(secretary, FallbackKind.SECRETARY)
        committee = town.party("rc", "residents_committee")
        assert find_fallback(town.connection, town.id, TODAY) == Fallback(
            committee, FallbackKind.RESIDENTS_COMMITTEE
        )

    def test_who_has_left_takes_nothing(self, town: Town) -> None:
        town.party("rc", "residents_committee", active_to=TODAY)
        old = town.party("old")
        town.add("post", party_id=old, title="secretary", valid_from=START, valid_to=TODAY)
        town.add("post", party_id=town.party("li"), title="officer", valid_from=START)
        Town(town.connection, "B").party("rc", "residents_committee")
        assert find_fallback(town.connection, town.id, YESTERDAY).kind is FallbackKind.RESIDENTS_COMMITTEE
        with pytest.raises(NotFound, match="residents' committee or its secretary"):
            find_fallback(town.connection, town.id, TODAY)


class TestPlaces:
    @pytest.fixture
    def company(self, town: Town) -> int:
        return town.party("company", "property_company")

    @pytest.fixture
    def compound(self, town: Town, company: int) -> int:
        return town.add("compound", code="C", name="C", geom=box(0, 0, 99, 99), property_company_id=company)

    def look(self, town: Town, on_day: date = TODAY, **place: int | tuple[float, float]) -> PlaceFacts:
        return load_place_facts(town.connection, town.id, on_day, **place)  # type: ignore[arg-type]

    def test_on_the_street(self, town: Town) -> None:
        assert self.look(town) == PlaceFacts()
        assert self.look(town, point=point(500, 500)) == PlaceFacts()

    def test_in_a_compound_or_one_of_its_buildings(self, town: Town, company: int, compound: int) -> None:
        building = town.building("1", box(0, 0, 10, 10), compound_id=compound, kind="public")
        assert self.look(town, compound_id=compound) == PlaceFacts(
            is_in_compound=True, property_company_id=company
        )
        assert self.look(town, building_id=building) == PlaceFacts(
            is_in_compound=True, property_company_id=company, building_kind="public"
        )

    def test_a_company_that_left_manages_nothing(self, town: Town, company: int, compound: int) -> None:
        with town.connection.cursor() as cursor:
            cursor.execute("UPDATE party SET active_to = %s WHERE id = %s", (TODAY, company))
        assert self.look(town, compound_id=compound).property_company_id is None
        assert self.look(town, YESTERDAY, compound_id=compound).property_company_id == company

    def test_in_a_three_no_compound(self, town: Town) -> None:
        facts = {"has_property_management": False, "has_responsible_unit": False, "has_security": False}
        three_no = town.add(
            "compound", code="T", name="T", geom=box(0, 0, 9, 9), three_no_definition="三无",
            three_no_reviewed_on=START, **facts,
        )  # fmt: skip
        unreviewed = town.add("compound", code="U", name="U", geom=box(20, 0, 29, 9), **facts)
        assert self.look(town, compound_id=three_no).is_three_no
        assert not self.look(town, compound_id=unreviewed).is_three_no

    def test_at_a_merchant(self, town: Town) -> None:
        assert self.look(town, merchant_id=town.add("merchant", code="M", name="M")).is_at_merchant

    def test_in_an_exclusive_grid(self, town: Town) -> None:
        town.grid("X", box(0, 0, 50, 50), kind="exclusive")
        town.grid("G", box(0, 0, 100, 100))
        town.grid("OLD", box(60, 60, 70, 70), kind="exclusive", valid_to=TODAY)
        inside = town.building("1", box(10, 10, 20, 20))
        outside = town.building("2", box(80, 80, 90, 90))
        town.connection.commit()
        assert self.look(town, building_id=inside).is_in_exclusive_grid
        assert not self.look(town, building_id=outside).is_in_exclusive_grid
        assert self.look(town, point=point(40, 40)).is_in_exclusive_grid
        assert not self.look(town, point=point(65, 65)).is_in_exclusive_grid

    def test_another_communitys_places_are_unknown(self, town: Town, compound: int) -> None:
        other = Town(town.connection, "B")
        assert self.look(other, compound_id=compound) == PlaceFacts()

    def test_a_case_finds_its_way(self, town: Town, company: int, compound: int) -> None:
        committee = town.party("rc", "residents_committee")
        rule = town.add(
            "duty_rule", position=1, category_code="E1", place_type="managed_compound",
            lead_kind="compound_property_company", supervisor_party_id=committee,
        )  # fmt: skip
        facts = self.look(town, compound_id=compound)
        rules = load_duty_rules(town.connection, town.id, TODAY)
        fallback = find_fallback(town.connection, town.id, TODAY)
        parent = load_category_parents(town.connection)["E101"]

        sent = route(
            "E101",
            parent,
            find_place_type(facts),
            rules,
            fallback,
            property_company_id=facts.property_company_id,
        )
        assert (sent.lead_party_id, sent.supervisor_party_id, sent.rule_id) == (company, committee, rule)
        lost = route("E101", parent, PlaceType.STREET, rules, fallback)
        assert (lost.lead_party_id, lost.why.fallback) == (committee, FallbackKind.RESIDENTS_COMMITTEE)


def test_the_demo_routes_as_its_duty_matrix_says(database_url: str, connection: PostgresConnection) -> None:
    day = date(2026, 3, 1)
    load_demo(database_url, community="Y", as_of=day)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM community")
        community_id = cursor.fetchall()[0][0]
        cursor.execute("SELECT code, id FROM party")
        parties = dict(cursor.fetchall())
        cursor.execute("SELECT id, property_company_id, is_three_no FROM compound")
        compounds = cursor.fetchall()
    rules = load_duty_rules(connection, community_id, day)
    fallback = find_fallback(connection, community_id, day)
    parents = load_category_parents(connection)

    def send(category: str, facts: PlaceFacts) -> int:
        sent = route(
            category, parents[category], find_place_type(facts), rules, fallback,
            property_company_id=facts.property_company_id,
        )  # fmt: skip
        assert sent.rule_id is not None
        assert sent.why.skipped == ()
        return sent.lead_party_id

    assert {is_three_no for *_, is_three_no in compounds} == {True, False}
    for compound_id, company_id, is_three_no in compounds:
        facts = load_place_facts(connection, community_id, day, compound_id=compound_id)
        assert send("E402", facts) == (parties["Y-RC"] if is_three_no else company_id)
        assert send("E501", facts) == parties["Y-CG"], "unauthorised building is the squad's everywhere"
    street = load_place_facts(connection, community_id, day)
    assert send("E102", street) == parties["Y-HW"], "a bin on the street has no property company"
    assert send("E101", street) == parties["Y-HW"]
    assert send("E1", street) == parties["Y-RC"], (
        "what is not filed exactly goes to the first who hears of it"
    )

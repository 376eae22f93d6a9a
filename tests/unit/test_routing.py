"""Which rule a case goes by, and which rules do nothing."""

from dataclasses import replace
from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.model.duty import DutyRule, Fallback, FallbackKind, LeadKind, PlaceFacts, PlaceType
from geo.model.working_time import Allowance, Unit
from geo.rules.routing import (
    CategoryMatch,
    PlaceMatch,
    Route,
    SkippedRule,
    SkipReason,
    find_place_type,
    find_rule_conflicts,
    route,
)

COMMITTEE = Fallback(1, FallbackKind.RESIDENTS_COMMITTEE)
SQUAD, STREET_OFFICE, COMPANY, FIRE = 2, 3, 4, 5
MANAGED, THREE_NO, STREET = PlaceType.MANAGED_COMPOUND, PlaceType.THREE_NO_COMPOUND, PlaceType.STREET
PARENTS = {"E1": None, "E101": "E1", "E102": "E1", "E4": None, "E401": "E4"}


def rule(position: int, category: str | None, place: PlaceType | None, lead: int = SQUAD) -> DutyRule:
    return DutyRule(
        id=100 + position, position=position, category_code=category, place_type=place, lead_party_id=lead
    )


def by_company(position: int, category: str | None, place: PlaceType | None = MANAGED) -> DutyRule:
    return replace(
        rule(position, category, place), lead_kind=LeadKind.COMPOUND_PROPERTY_COMPANY, lead_party_id=None
    )


def send(
    *rules: DutyRule, category: str = "E101", place: PlaceType = STREET, company: int | None = None
) -> Route:
    return route(category, PARENTS[category], place, rules, COMMITTEE, property_company_id=company)


class TestPlace:
    @pytest.mark.parametrize(
        ("facts", "place_type"),
        [
            (PlaceFacts(), "street"),
            (PlaceFacts(building_kind="residential"), "street"),
            (PlaceFacts(building_kind="public"), "unit"),
            (PlaceFacts(building_kind="industrial"), "unit"),
            (PlaceFacts(is_in_exclusive_grid=True), "unit"),
            (PlaceFacts(is_in_compound=True), "managed_compound"),
            (PlaceFacts(is_in_compound=True, is_three_no=True), "three_no_compound"),
            (PlaceFacts(is_in_compound=True, building_kind="public"), "managed_compound"),
            (PlaceFacts(is_in_compound=True, is_in_exclusive_grid=True), "managed_compound"),
            (PlaceFacts(is_at_merchant=True, is_in_compound=True, is_three_no=True), "merchant"),
            (PlaceFacts(is_at_merchant=True, building_kind="public", is_in_exclusive_grid=True), "merchant"),
        ],
    )
    def test_what_comes_first_holds(self, facts: PlaceFacts, place_type: str) -> None:
        assert find_place_type(facts) == place_type


class TestRoute:
    def test_the_first_that_fits_by_position_and_not_by_order(self) -> None:
        for rules in permutations(
            [rule(1, "E4", None), rule(2, "E101", STREET), rule(3, "E101", None, FIRE)]
        ):
            sent = send(*rules)
            assert (sent.rule_id, sent.lead_party_id) == (102, SQUAD)

    def test_a_broad_rule_before_a_narrow_one_wins(self) -> None:
        assert send(rule(1, None, None), rule(2, "E101", STREET, FIRE)).rule_id == 101

    @pytest.mark.parametrize(
        ("category", "place", "category_match", "place_match"),
        [
            ("E101", STREET, CategoryMatch.CATEGORY, PlaceMatch.PLACE_TYPE),
            ("E101", None, CategoryMatch.CATEGORY, PlaceMatch.ANY),
            ("E1", STREET, CategoryMatch.PARENT, PlaceMatch.PLACE_TYPE),
            (None, None, CategoryMatch.ANY, PlaceMatch.ANY),
        ],
    )
    def test_it_says_what_fits(
        self, category: str | None, place: PlaceType | None, category_match: str, place_match: str
    ) -> None:
        matched = replace(rule(1, category, place), legal_basis="权责清单第1条")
        why = send(matched).why
        assert (why.category_match, why.place_match, why.place_type) == (category_match, place_match, STREET)
        assert (why.legal_basis, why.fallback, why.skipped) == ("权责清单第1条", None, ())

    @pytest.mark.parametrize(("category", "place"), [("E102", None), ("E4", None), ("E101", MANAGED)])
    def test_a_rule_for_something_else_does_not_fit(self, category: str, place: PlaceType | None) -> None:
        assert send(rule(1, category, place)).rule_id is None

    def test_a_case_of_a_group_is_not_one_of_its_children(self) -> None:
        assert send(rule(1, "E101", None), category="E1").rule_id is None

    def test_everything_the_rule_says_goes_along(self) -> None:
        whole = replace(
            rule(1, "E101", None),
            supervisor_party_id=STREET_OFFICE,
            helper_party_id=FIRE,
            deadline=Allowance(2, Unit.HOUR),
        )
        sent = send(whole)
        assert (sent.lead_party_id, sent.supervisor_party_id, sent.helper_party_id) == (
            SQUAD, STREET_OFFICE, FIRE,
        )  # fmt: skip
        assert sent.deadline == Allowance(2, Unit.HOUR)

    def test_a_supervisor_who_left_is_missed_aloud(self) -> None:
        gone = replace(rule(1, "E101", None), supervisor_party_id=STREET_OFFICE, is_supervisor_active=False)
        sent = send(replace(gone, helper_party_id=FIRE))
        assert (sent.lead_party_id, sent.supervisor_party_id, sent.helper_party_id) == (SQUAD, None, FIRE)
        assert sent.why.left == ("supervisor",)

    def test_a_rule_whose_lead_left_is_skipped_aloud(self) -> None:
        gone = replace(rule(1, "E101", None), is_lead_active=False)
        sent = send(gone, rule(2, "E1", None, FIRE))
        assert (sent.rule_id, sent.lead_party_id) == (102, FIRE)
        assert sent.why.skipped == (SkippedRule(101, 1, SkipReason.LEAD_LEFT),)

    def test_a_rule_that_does_not_fit_is_not_among_the_skipped(self) -> None:
        gone = replace(rule(1, "E4", None), is_lead_active=False)
        assert send(gone, rule(2, "E1", None)).why.skipped == ()

    def test_the_property_company_of_the_compound(self) -> None:
        rules = by_company(1, "E101"), rule(2, "E1", None)
        assert send(*rules, place=MANAGED, company=COMPANY).lead_party_id == COMPANY
        without = send(*rules, place=MANAGED)
        assert without.lead_party_id == SQUAD
        assert without.why.skipped == (SkippedRule(101, 1, SkipReason.NO_PROPERTY_COMPANY),)

    def test_a_three_no_compound_goes_by_its_own_rule(self) -> None:
        rules = by_company(1, "E101"), rule(2, "E101", THREE_NO, STREET_OFFICE), rule(3, "E101", None)
        assert send(*rules, place=THREE_NO).lead_party_id == STREET_OFFICE

    def test_nothing_is_left_with_nobody(self) -> None:
        sent = send(replace(rule(1, "E101", None), is_lead_active=False))
        assert (sent.lead_party_id, sent.rule_id) == (1, None)
        assert (sent.why.category_match, sent.why.place_match) == (None, None)
        assert sent.why.fallback is FallbackKind.RESIDENTS_COMMITTEE
        assert [skipped.rule_id for skipped in sent.why.skipped] == [101]


class TestConflicts:
    def test_sound_rules(self) -> None:
        found = find_rule_conflicts(
            [by_company(1, "E1"), rule(2, "E1", THREE_NO), rule(3, "E1", None), rule(4, None, None)], PARENTS
        )
        assert (found.departed, found.conflicting, found.dead, found.unanswered) == ((), (), (), {})

    def test_two_rules_for_the_same_thing(self) -> None:
        first, second = rule(1, "E101", STREET), rule(2, "E101", STREET, FIRE)
        found = find_rule_conflicts([second, first], PARENTS)
        assert [(h.rule, h.hidden_by) for h in found.conflicting] == [(second, (first,))]
        assert found.dead == ()

    def test_the_same_rule_twice_is_no_conflict_but_dead(self) -> None:
        first, second = rule(1, "E101", STREET), rule(2, "E101", STREET)
        found = find_rule_conflicts([first, second], PARENTS)
        assert [(h.rule, h.hidden_by) for h in found.dead] == [(second, (first,))]
        assert found.conflicting == ()

    @pytest.mark.parametrize(
        "broad", [rule(1, "E1", STREET), rule(1, "E101", None), rule(1, None, STREET), rule(1, None, None)]
    )
    def test_a_broader_rule_before_it_kills_a_rule(self, broad: DutyRule) -> None:
        narrow = rule(2, "E101", STREET, FIRE)
        found = find_rule_conflicts([broad, narrow], PARENTS)
        assert [h.rule for h in found.dead] == [narrow]
        turned = find_rule_conflicts([replace(broad, position=3), narrow], PARENTS)
        assert turned.dead == ()

    def test_many_narrow_rules_kill_a_broad_one_together(self) -> None:
        narrow = [rule(n, "E101", place) for n, place in enumerate(PlaceType, start=1)]
        broad = rule(9, "E101", None, FIRE)
        (dead,) = find_rule_conflicts([*narrow, broad], PARENTS).dead
        assert (dead.rule, dead.hidden_by) == (broad, tuple(narrow))
        assert find_rule_conflicts([*narrow[1:], broad], PARENTS).dead == ()

    def test_all_categories_of_a_group_leave_it_the_group_itself(self) -> None:
        rules = [rule(1, "E101", None), rule(2, "E102", None), rule(3, "E1", None, FIRE)]
        assert find_rule_conflicts(rules, PARENTS).dead == ()

    def test_a_company_hides_nobody_but_itself(self) -> None:
        """Where there is none, the case goes on."""
        first, instead, again = by_company(1, "E101"), rule(2, "E101", MANAGED), by_company(3, "E101")
        found = find_rule_conflicts([first, instead], PARENTS)
        assert (found.conflicting, found.dead) == ((), ())
        assert [h.rule for h in find_rule_conflicts([first, again], PARENTS).dead] == [again]
        (conflict,) = find_rule_conflicts([instead, again], PARENTS).conflicting
        assert (conflict.rule, conflict.hidden_by) == (again, (instead,))

    def test_a_rule_whose_lead_left_hides_nobody(self) -> None:
        gone = replace(rule(1, None, None), is_lead_active=False)
        found = find_rule_conflicts([gone, rule(2, "E101", STREET)], PARENTS)
        assert (found.departed, found.dead, found.conflicting) == ((gone,), (), ())
        assert set(found.unanswered) == {"E101", "E102", "E401"}

    def test_categories_nobody_answers_for(self) -> None:
        found = find_rule_conflicts([by_company(1, None, None), rule(2, "E1", STREET)], PARENTS)
        assert found.unanswered == {
            "E101": (THREE_NO, PlaceType.MERCHANT, PlaceType.UNIT),
            "E102": (THREE_NO, PlaceType.MERCHANT, PlaceType.UNIT),
            "E401": (THREE_NO, STREET, PlaceType.MERCHANT, PlaceType.UNIT),
        }


scopes = st.tuples(st.sampled_from([None, *PARENTS]), st.sampled_from([None, *PlaceType]))
rule_lists = st.lists(
    st.builds(
        lambda scope, lead, active: (
            replace(rule(0, scope[0], scope[1], lead), is_lead_active=active)
            if lead
            else by_company(0, scope[0], scope[1])
        ),
        scopes,
        st.sampled_from([0, SQUAD, FIRE]),
        st.booleans(),
    ),
    max_size=7,
).map(lambda rules: [replace(r, id=n, position=n) for n, r in enumerate(rules, start=1)])


@given(rules=rule_lists)
def test_hidden_rules_are_those_no_case_goes_by(rules: list[DutyRule]) -> None:
    """Every case there can be is sent, with and without a company: what is never gone by is reported."""
    used, answered = set(), set()
    for (category, parent), place, company in product(PARENTS.items(), PlaceType, [None, COMPANY]):
        sent = route(category, parent, place, rules, COMMITTEE, property_company_id=company)
        used.add(sent.rule_id)
        assert sent.lead_party_id
        # Only a managed compound is known to have a company.
        if sent.rule_id and (company is None or place is MANAGED):
            answered.add((category, place))
    found = find_rule_conflicts(rules, PARENTS)
    reported = {hidden.rule.id for hidden in (*found.conflicting, *found.dead)}
    assert reported == {r.id for r in rules if r not in found.departed} - used
    assert {(c, place) for c, places in found.unanswered.items() for place in places} == {
        (c, place) for c, parent in PARENTS.items() for place in PlaceType if parent
    } - answered

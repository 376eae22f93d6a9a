"""Keeping duty matrix and working time: who may, what the second is told, where the next case goes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused
from geo.model.actor import ROLES, Actor
from geo.model.duty import DutyRule, DutyTerms, LeadKind, PlaceType
from geo.model.working_time import Allowance, Unit, WorkingHours
from geo.operations.calendars import CommunityTime, read_community_time, set_clock, set_day, set_hours
from geo.operations.case_view import view_case
from geo.operations.deadlines import find_day
from geo.operations.duties import (
    DutyMatrix,
    add_rule,
    change_rule,
    find_places,
    move_rule,
    read_matrix,
    try_case,
    withdraw_rule,
)
from geo.operations.incidents import get_case, report_incident
from geo.store.calendars import CategoryClock, OwnDay
from geo.store.engine import acting_as, transaction
from tests.case_town import CaseTown, found_town

TODAY = find_day(datetime.now(UTC))
TWO_HOURS = Allowance(2.0, Unit.HOUR)


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


@pytest.fixture
def keeper(town: CaseTown) -> Iterator[Actor]:
    """A secretary who acts for the whole test."""
    actor = town.actor("secretary")
    with acting_as(actor):
        yield actor


def terms(lead: int | None, **values: object) -> DutyTerms:
    plain = DutyTerms("E402", None, LeadKind.PARTY, lead, None, None, None, None)
    return replace(plain, **values)  # type: ignore[arg-type]  # a test names what it needs


def read(town: CaseTown) -> DutyMatrix:
    return read_matrix(town.id, TODAY)


def order(town: CaseTown) -> list[int]:
    return [rule.id for rule in read(town).rules]


def list_log(connection: PostgresConnection) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT action, account_id, object_id, details FROM audit_log "
            "WHERE action IN ('duty_changed', 'calendar_changed') ORDER BY id"
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    connection.rollback()
    return rows


@pytest.mark.usefixtures("keeper")
class TestWhereTheNextCaseGoes:
    def test_a_rule_that_is_added_changed_and_withdrawn(self, town: CaseTown) -> None:
        def report() -> tuple[int, int | None]:
            case = get_case(report_incident(town.report(building_id=town.far_building)))
            assert case.party_id is not None
            return case.party_id, case.duty_rule_id

        without, rule_id = report()
        assert rule_id is None
        added = add_rule(town.id, terms(town.department))
        assert report() == (town.department, added)
        (rule,) = read(town).rules
        change_rule(town.id, rule, replace(rule.terms, lead_party_id=town.company))
        assert report() == (town.company, added)
        (rule,) = read(town).rules
        withdraw_rule(town.id, rule)
        assert report() == (without, None)

    def test_the_order_decides(self, town: CaseTown) -> None:
        first = add_rule(town.id, terms(town.department))
        second = add_rule(town.id, terms(town.company))
        assert get_case(report_incident(town.report())).duty_rule_id == first
        move_rule(town.id, second, -1, [first, second])
        assert order(town) == [second, first]
        assert get_case(report_incident(town.report())).duty_rule_id == second

    def test_a_case_keeps_the_rule_that_was_withdrawn_since(self, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department, legal_basis="第五条"))
        case_id = report_incident(town.report())
        (rule,) = read(town).rules
        withdraw_rule(town.id, rule)
        assert read(town).rules == ()
        assert get_case(case_id).duty_rule_id == rule.id
        assert get_case(case_id).party_id == town.department
        told = view_case(case_id, datetime.now(UTC)).rule
        assert told is not None
        assert (told.position, told.legal_basis) == (0, "第五条")

    def test_trying_tells_what_reporting_does(self, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department, place_type=PlaceType.MANAGED_COMPOUND, deadline=TWO_HOURS))
        now = datetime.now(UTC)
        (place, *_) = find_places(town.id, "甲小区")
        tried = try_case(town.id, "E402", now, compound_id=place.compound_id)
        elsewhere = try_case(town.id, "E402", now)
        case = get_case(report_incident(town.report(building_id=None, compound_id=place.compound_id)))
        assert (tried.party_id, tried.duty_rule_id) == (case.party_id, case.duty_rule_id)
        assert tried.due_at is not None
        assert (tried.due_at - now).total_seconds() == 7200
        assert elsewhere.duty_rule_id is None

    def test_clocks_and_days_off_move_the_due_time(self, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department))
        monday = datetime(2026, 3, 2, 1, tzinfo=UTC)
        set_clock(
            town.id, "E402", CategoryClock(None, None),
            CategoryClock(None, Allowance(1.0, Unit.WORKING_DAY)),
        )  # fmt: skip
        before = try_case(town.id, "E402", monday).due_at
        set_day(town.id, date(2026, 3, 3), None, OwnDay(is_workday=False, note="社区日"))
        after = try_case(town.id, "E402", monday).due_at
        set_hours(town.id, None, WorkingHours(((540, 720),)))
        shorter = try_case(town.id, "E402", monday).due_at
        assert before is not None
        assert after is not None
        assert shorter is not None
        assert (after - before).days == 1
        assert shorter != after


@pytest.mark.usefixtures("keeper")
class TestOrder:
    def test_a_rule_is_added_before_another(self, town: CaseTown) -> None:
        last = add_rule(town.id, terms(town.committee, category_code=None))
        first = add_rule(town.id, terms(town.department), before_id=last)
        middle = add_rule(town.id, terms(town.company), before_id=last)
        assert order(town) == [first, middle, last]
        positions = [rule.position for rule in read(town).rules]
        assert positions == sorted(set(positions))

    def test_moves_stop_at_the_ends(self, town: CaseTown) -> None:
        a, b, c = (add_rule(town.id, terms(town.department)) for _ in range(3))
        move_rule(town.id, a, -1, [a, b, c])
        assert order(town) == [a, b, c]
        move_rule(town.id, a, 1, [a, b, c])
        assert order(town) == [b, a, c]
        move_rule(town.id, b, 9, [b, a, c])
        assert order(town) == [a, c, b]

    def test_two_who_move_at_once(self, town: CaseTown) -> None:
        a, b, c = (add_rule(town.id, terms(town.department)) for _ in range(3))
        move_rule(town.id, c, -1, [a, b, c])
        with pytest.raises(Conflict, match="somebody else has changed the order"):
            move_rule(town.id, b, -1, [a, b, c])
        assert order(town) == [a, c, b]

    def test_many_who_add_at_once_lose_nothing(self, town: CaseTown) -> None:
        def add(who: str) -> None:
            with acting_as(town.actor(who)):
                for _ in range(5):
                    add_rule(town.id, terms(town.department))

        people = [threading.Thread(target=add, args=(who,)) for who in ("secretary", "administrator") * 2]
        for person in people:
            person.start()
        for person in people:
            person.join()
        with acting_as(town.actor("leader")):
            assert len({rule.position for rule in read(town).rules}) == 20


@pytest.mark.usefixtures("keeper")
class TestTwoAtOnce:
    def test_the_second_is_told_and_the_first_holds(self, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department))
        (seen,) = read(town).rules
        change_rule(town.id, seen, replace(seen.terms, legal_basis="第一条"))
        with pytest.raises(Conflict, match="changed this rule meanwhile"):
            change_rule(town.id, seen, replace(seen.terms, lead_party_id=town.company))
        (now,) = read(town).rules
        assert (now.lead_party_id, now.legal_basis) == (town.department, "第一条")
        change_rule(town.id, now, replace(now.terms, lead_party_id=town.company))

    def test_a_rule_that_merely_moved_is_the_same(self, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department))
        (seen,) = read(town).rules
        add_rule(town.id, terms(town.company), before_id=seen.id)
        change_rule(town.id, seen, replace(seen.terms, legal_basis="第一条"))
        assert read(town).rules[1].legal_basis == "第一条"

    def test_what_was_withdrawn_is_neither_changed_nor_withdrawn(self, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department))
        (seen,) = read(town).rules
        withdraw_rule(town.id, seen)
        with pytest.raises(Conflict, match="withdrawn this rule meanwhile"):
            change_rule(town.id, seen, seen.terms)
        with pytest.raises(Conflict, match="withdrawn this rule meanwhile"):
            withdraw_rule(town.id, seen)
        with pytest.raises(Conflict, match="there no more"):
            add_rule(town.id, terms(town.company), before_id=seen.id)

    def test_working_time_too(self, town: CaseTown) -> None:
        nothing = CategoryClock(None, None)
        hours, others = WorkingHours(((480, 720),)), WorkingHours(((0, 1440),))
        day = date(2026, 5, 9)
        set_hours(town.id, None, hours)
        set_day(town.id, day, None, OwnDay(is_workday=True))
        set_clock(town.id, "E402", nothing, CategoryClock(TWO_HOURS, None))
        with pytest.raises(Conflict, match="the working hours"):
            set_hours(town.id, None, others)
        with pytest.raises(Conflict, match="the day 2026-05-09"):
            set_day(town.id, day, None, OwnDay(is_workday=False))
        with pytest.raises(Conflict, match="category E402"):
            set_clock(town.id, "E402", nothing, CategoryClock(None, TWO_HOURS))
        kept = read_community_time(town.id)
        assert (kept.hours, kept.days) == (hours, {day: OwnDay(is_workday=True)})
        assert kept.clocks["E402"].own == CategoryClock(TWO_HOURS, None)
        set_hours(town.id, hours, others)
        assert read_community_time(town.id).hours == others
        set_hours(town.id, others, None)
        set_day(town.id, day, OwnDay(is_workday=True), None)
        set_clock(town.id, "E402", CategoryClock(TWO_HOURS, None), nothing)
        kept = read_community_time(town.id)
        assert (kept.hours, kept.days, kept.clocks["E402"].own) == (None, {}, nothing)


class TestWhoMay:
    @staticmethod
    def try_everything(town: CaseTown, community_id: int, rule: DutyRule) -> Iterator[bool]:
        nothing, day = CategoryClock(None, None), date(2026, 5, 9)
        for attempt in (
            lambda: add_rule(community_id, terms(town.department)),
            lambda: change_rule(community_id, rule, replace(rule.terms, legal_basis="x")),
            lambda: move_rule(community_id, rule.id, 1, order(town)),
            lambda: withdraw_rule(community_id, replace(rule, legal_basis="x")),
            lambda: set_hours(community_id, None, WorkingHours(((480, 720),))),
            lambda: set_day(community_id, day, None, OwnDay(is_workday=True)),
            lambda: set_clock(community_id, "E402", nothing, CategoryClock(TWO_HOURS, None)),
        ):
            try:
                attempt()
                yield True
            except Forbidden:
                yield False

    @pytest.mark.parametrize("role", ROLES)
    def test_secretary_and_administrator_alone(self, role: str, town: CaseTown) -> None:
        with acting_as(town.actor("secretary")):
            add_rule(town.id, terms(town.department))
            (rule,) = read(town).rules
        may = role in {"secretary", "administrator"}
        who = {"grid_worker": "worker", "property_company": "company"}.get(role, role)
        with acting_as(town.actor(who)):
            assert list(self.try_everything(town, town.id, rule)) == [may] * 7
        with acting_as(town.actor("leader")):
            after = read(town)
            assert (after.rules == (rule,)) is not may

    @pytest.mark.usefixtures("keeper")
    def test_not_in_another_community(self, town: CaseTown) -> None:
        with pytest.raises((Forbidden, InputRefused)):
            add_rule(town.other_id, terms(town.stranger))
        with pytest.raises(Forbidden):
            set_hours(town.other_id, None, WorkingHours(((480, 720),)))
        with pytest.raises(Forbidden):
            set_day(town.other_id, date(2026, 5, 9), None, OwnDay(is_workday=True))

    @contextmanager
    def as_role(self, town: CaseTown, role: str) -> Iterator[PostgresConnection]:
        with acting_as(replace(town.actor("secretary"), role=role)), transaction() as connection:  # type: ignore[arg-type]
            yield connection

    @pytest.mark.parametrize("role", ["grid_worker", "leader", "property_company", "wall"])
    def test_the_database_refuses_by_itself(self, role: str, town: CaseTown) -> None:
        with acting_as(town.actor("secretary")):
            add_rule(town.id, terms(town.department))
        with self.as_role(town, role) as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE duty_rule SET legal_basis = 'x'")
            assert cursor.rowcount == 0
        with self.as_role(town, "secretary") as connection, connection.cursor() as cursor:
            cursor.execute("UPDATE duty_rule SET position = NULL")
            assert cursor.rowcount == 1
            cursor.execute("UPDATE duty_rule SET legal_basis = 'x'")
            assert cursor.rowcount == 0, "what was withdrawn stays as it was"


@pytest.mark.usefixtures("keeper")
class TestBadInput:
    @pytest.mark.parametrize(
        ("values", "sentence"),
        [
            ({"category_code": "E999"}, "there is no category E999"),
            ({"lead_party_id": None}, "a rule needs a lead"),
            ({"lead_kind": LeadKind.COMPOUND_PROPERTY_COMPANY}, "either a party or the property company"),
            ({"deadline": Allowance(0, Unit.DAY)}, "longer than nothing"),
            ({"legal_basis": "法" * 501}, "shorten it to 500"),
            ({"helper_party_id": 999_999}, "the helper is nobody of this community"),
        ],
    )
    def test_a_rule_that_cannot_be(self, values: dict[str, object], sentence: str, town: CaseTown) -> None:
        add_rule(town.id, terms(town.department))
        before = read(town).rules
        with pytest.raises(InputRefused, match=sentence):
            add_rule(town.id, replace(terms(town.department), **values))  # type: ignore[arg-type]
        with pytest.raises(InputRefused, match=sentence):
            change_rule(town.id, before[0], replace(before[0].terms, **values))  # type: ignore[arg-type]
        assert read(town).rules == before

    def test_strangers_and_those_who_left_get_no_duty(self, town: CaseTown) -> None:
        for party in (town.stranger, town.departed):
            with pytest.raises(InputRefused, match="the lead is nobody of this community today"):
                add_rule(town.id, terms(party))

    def test_who_left_since_may_stay_named_while_the_rest_is_put_right(
        self, town: CaseTown, connection: PostgresConnection
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO duty_rule (community_id, position, lead_party_id, supervisor_party_id) "
                "VALUES (%s, 1, %s, %s)",
                (town.id, town.department, town.departed),
            )
        connection.commit()
        (rule,) = read(town).rules
        assert not read(town).parties[town.departed].is_active
        change_rule(town.id, rule, replace(rule.terms, legal_basis="第一条"))
        with pytest.raises(InputRefused, match="the helper"):
            change_rule(town.id, read(town).rules[0], replace(rule.terms, helper_party_id=town.departed))

    def test_working_time_that_cannot_be(self, town: CaseTown) -> None:
        nothing = CategoryClock(None, None)
        with pytest.raises(InputRefused, match="there is no category"):
            set_clock(town.id, "E999", nothing, CategoryClock(TWO_HOURS, None))
        with pytest.raises(InputRefused, match="longer than nothing"):
            set_clock(town.id, "E402", nothing, CategoryClock(None, Allowance(0, Unit.DAY)))
        with pytest.raises(InputRefused, match="between 1950 and 2199"):
            set_day(town.id, date(2200, 1, 1), None, OwnDay(is_workday=True))
        with pytest.raises(InputRefused, match="shorten it to 100"):
            set_day(town.id, date(2026, 5, 9), None, OwnDay(is_workday=True, note="x" * 101))
        kept = read_community_time(town.id)
        assert kept == CommunityTime(None, {}, kept.clocks)


def test_every_change_is_noted(town: CaseTown, keeper: Actor, connection: PostgresConnection) -> None:
    rule_id = add_rule(town.id, terms(town.department))
    other_id = add_rule(town.id, terms(town.company, deadline=TWO_HOURS))
    (rule, _) = read(town).rules
    change_rule(town.id, rule, rule.terms)  # Nothing else: nothing to note.
    change_rule(town.id, rule, replace(rule.terms, legal_basis="第一条"))
    move_rule(town.id, rule_id, 1, [rule_id, other_id])
    withdraw_rule(town.id, read(town).rules[1])
    set_hours(town.id, None, WorkingHours(((480, 720),)))
    set_day(town.id, date(2026, 5, 9), None, OwnDay(is_workday=True))
    set_clock(town.id, "E402", CategoryClock(None, None), CategoryClock(TWO_HOURS, None))
    log = list_log(connection)
    told = [
        (action, object_id, details.get("change") or details["what"]) for action, _, object_id, details in log
    ]
    assert told == [
        ("duty_changed", rule_id, "added"), ("duty_changed", other_id, "added"),
        ("duty_changed", rule_id, "changed"), ("duty_changed", rule_id, "moved"),
        ("duty_changed", rule_id, "withdrawn"),
        ("calendar_changed", town.id, "hours"), ("calendar_changed", town.id, "day"),
        ("calendar_changed", town.id, "clock"),
    ]  # fmt: skip
    assert {account for _, account, _, _ in log} == {keeper.account_id}
    assert log[2][3]["to"]["legal_basis"] == "第一条"
    assert log[2][3]["from"]["legal_basis"] is None

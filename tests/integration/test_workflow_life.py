"""A case's whole life, by the people who live it."""

import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.incident import Case, Correction
from geo.operations.incidents import (
    act,
    act_on_many,
    get_case,
    report_incident,
    settle_on_spot,
)
from geo.store.engine import acting_as
from tests.case_town import CaseTown, found_town, point_at


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


class Desk:
    """A case and the people who act on it, always on its present version."""

    def __init__(self, town: CaseTown, **report: object) -> None:
        self._town = town
        with acting_as(town.actor("worker")):
            self.id = report_incident(town.report(**report))

    def read(self, who: str = "secretary") -> Case:
        with acting_as(self._town.actor(who)):
            return get_case(self.id)

    def act(self, who: str, move: str, **fields: Any) -> Case:
        version = self.read().version
        with acting_as(self._town.actor(who)):
            act(self.id, move, version, **fields)
        return self.read()

    def refuse(
        self, kind: type[Exception], who: str, move: str, match: str | None = None, **fields: Any
    ) -> None:
        """The move is refused with a sentence, and nothing is changed by it."""
        before = self.read()
        with pytest.raises(kind, match=match), acting_as(self._town.actor(who)):
            act(self.id, move, before.version, **fields)
        assert self.read() == before


def test_the_long_way(town: CaseTown) -> None:
    case = Desk(town)
    case.act("colleague", "verify_on_site", note="属实")
    case.act("colleague", "accept")
    registered = case.act("colleague", "register")
    sent = case.act("colleague", "dispatch", to_party_id=town.company)
    assert (sent.state, sent.party_id, sent.due_at) == ("dispatched", town.company, registered.due_at)
    started = case.act("company", "start")
    assert started.first_response_at is not None
    handed = case.act("company", "handle", note="已清理")
    assert (handed.state, handed.outcome) == ("verifying", None)
    assert handed.handled_at is not None
    case.refuse(Forbidden, "company", "close", outcome="resolved")
    back = case.act("worker", "rework", reason="poor_quality")
    assert (back.state, back.handled_at, back.party_id) == ("handling", None, town.company)
    case.act("company", "handle", note="再次清理")
    closed = case.act("worker", "close", outcome="resolved")
    assert (closed.state, closed.outcome, closed.is_open) == ("closed", "resolved", False)
    rated = case.act("worker", "rate", rating=5)
    assert rated.state == "rated"
    assert rated.version == len(rated.events) == 11


def test_who_handled_it_does_not_verify_it(town: CaseTown) -> None:
    case = Desk(town)
    case.act("worker", "start")
    case.act("worker", "handle", note="已劝导")
    case.refuse(Forbidden, "worker", "close", "somebody other", outcome="resolved")
    case.refuse(Forbidden, "worker", "rework", "somebody other", reason="not_solved")
    assert case.act("colleague", "close", outcome="persuaded").state == "closed"


def test_settling_on_the_spot_takes_one_step(town: CaseTown) -> None:
    case = Desk(town)
    with acting_as(town.actor("colleague")), pytest.raises(Forbidden, match="his own"):
        settle_on_spot(case.id, 1, "resolved")
    with acting_as(town.actor("worker")):
        settle_on_spot(case.id, 1, "mediated", "双方和解")
    closed = case.read()
    assert (closed.state, closed.outcome, closed.party_id) == ("closed", "mediated", town.worker)
    assert closed.events[-1].note == "双方和解"


def test_a_returned_case_goes_back_to_the_desk_and_is_counted(town: CaseTown) -> None:
    case = Desk(town)
    case.act("colleague", "dispatch", to_party_id=town.company)
    case.refuse(InputRefused, "company", "return", "why", suggested_party_id=town.department)
    case.refuse(InputRefused, "company", "return", "whose", reason="not_our_duty")
    case.refuse(
        InputRefused,
        "company",
        "return",
        "no reason",
        reason="don't want",
        suggested_party_id=town.department,
    )
    case.refuse(
        InputRefused, "company", "return", "else", reason="not_our_duty", suggested_party_id=town.company
    )
    back = case.act("company", "return", reason="not_our_duty", suggested_party_id=town.department)
    assert (back.state, back.party_id, back.bounces) == ("returned", town.colleague, 1)
    assert (back.events[-1].suggested_party_name, back.events[-1].reason) == ("D", "not_our_duty")
    with acting_as(town.actor("company")), pytest.raises(NotFound):
        get_case(case.id)
    again = case.act("colleague", "dispatch", to_party_id=town.department)
    assert (again.party_id, again.due_at) == (town.department, back.due_at)
    # The second leg has a time of its own, from now on.
    assert again.events[-1].due_at is not None
    assert again.due_at is not None
    assert again.events[-1].due_at >= again.due_at


def test_a_case_sent_by_somebody_without_a_party_goes_back_to_the_committee(town: CaseTown) -> None:
    case = Desk(town)
    case.act("worker", "dispatch", to_party_id=town.worker)
    case.act("worker", "start")
    back = case.act("worker", "return", reason="other_lead", suggested_party_id=town.department)
    assert back.party_id == town.committee


def test_an_extension_is_asked_for_and_agreed_and_the_original_kept(town: CaseTown) -> None:
    case = Desk(town)
    sent = case.act("worker", "dispatch", to_party_id=town.company)
    case.refuse(InputRefused, "secretary", "approve_extension", "nothing to answer", due_at=in_days(9))
    case.refuse(InputRefused, "company", "request_extension", "later", reason="weather", due_at=in_days(0.01))
    asked = case.act("company", "request_extension", reason="weather", due_at=in_days(9))
    assert asked.due_at == sent.due_at
    case.refuse(InputRefused, "company", "request_extension", "already", reason="weather", due_at=in_days(10))
    case.refuse(Forbidden, "company", "approve_extension", due_at=in_days(9))
    agreed = case.act("secretary", "approve_extension")
    assert (agreed.due_at, agreed.original_due_at) == (asked.events[-1].due_at, sent.original_due_at)
    case.refuse(InputRefused, "secretary", "refuse_extension", "nothing to answer", note="不")
    case.act("company", "request_extension", reason="weather", due_at=in_days(20))
    refused = case.act("secretary", "refuse_extension", note="不同意")
    assert refused.due_at == agreed.due_at


def test_what_one_party_asked_for_lapses_with_the_next(town: CaseTown) -> None:
    case = Desk(town)
    case.act("worker", "dispatch", to_party_id=town.company)
    case.act("company", "request_extension", reason="weather", due_at=in_days(9))
    case.act("secretary", "dispatch", to_party_id=town.colleague, note="改派")
    case.refuse(InputRefused, "secretary", "approve_extension", "nothing to answer", due_at=in_days(9))
    case.act("colleague", "request_extension", reason="several_parties", due_at=in_days(8))
    case.act("secretary", "approve_extension")


def test_a_suspended_case_keeps_the_time_it_had(town: CaseTown) -> None:
    case = Desk(town)
    sent = case.act("worker", "dispatch", to_party_id=town.company)
    case.refuse(InputRefused, "secretary", "suspend", "90 days", reason="waiting_parts", due_at=in_days(91))
    case.refuse(InputRefused, "secretary", "suspend", "passed", reason="waiting_parts", due_at=in_days(-1))
    case.refuse(InputRefused, "secretary", "suspend", "note", reason="other", due_at=in_days(10))
    paused = case.act("secretary", "suspend", reason="waiting_parts", due_at=in_days(60))
    assert (paused.state, paused.due_at) == ("suspended", sent.due_at)
    again = case.act("secretary", "suspend", reason="waiting_funds", due_at=in_days(89))
    assert again.party_id == town.company
    resumed = case.act("worker", "resume")
    assert resumed.state == "handling"
    assert resumed.due_at is not None
    assert sent.due_at is not None
    assert sent.due_at <= resumed.due_at < sent.due_at + timedelta(days=1)


def test_supervision_whistles_and_notes_leave_the_case_where_it_is(town: CaseTown) -> None:
    case = Desk(town)
    before = case.read()
    case.act("leader", "supervise", note="请今日办结", due_at=in_days(1))
    case.act("secretary", "whistle", note="请到场", to_party_id=town.department)
    case.refuse(InputRefused, "worker", "arrive", "nothing to answer", to_party_id=town.company)
    case.act("worker", "arrive", to_party_id=town.department)
    case.refuse(InputRefused, "worker", "arrive", "nothing to answer", to_party_id=town.department)
    case.act("secretary", "escalate", note="报街道")
    case.act("leader", "note", note="已阅")
    after = case.read()
    assert (after.state, after.party_id, after.due_at) == (before.state, before.party_id, before.due_at)
    assert [event.kind for event in after.events[1:]] == [
        "supervised", "whistled", "arrived", "escalated", "noted",
    ]  # fmt: skip


@pytest.mark.parametrize(("rating", "asks"), [(1, True), (2, True), (3, False), (5, False)])
def test_the_dissatisfied_ask_for_reopening_and_do_not_reopen(
    town: CaseTown, rating: int, asks: bool
) -> None:
    case = Desk(town)
    case.refuse(InputRefused, "secretary", "rate", "closed|rate", rating=rating)
    case.act("worker", "self_handle", outcome="resolved")
    case.refuse(InputRefused, "worker", "rate", "satisfied")
    case.refuse(InputRefused, "worker", "rate", "1 to 5", rating=6)
    case.act("worker", "miss_call")
    rated = case.act("worker", "rate", rating=rating)
    assert rated.state == "rated"
    assert (rated.events[-1].move == "request_reopen") == asks
    if not asks:
        case.refuse(InputRefused, "secretary", "reopen", "nothing to answer")
        return
    case.refuse(Forbidden, "worker", "reopen")
    opened = case.act("secretary", "reopen")
    assert (opened.state, opened.closed_at, opened.handled_at, opened.outcome) == (
        "dispatched", None, None, None,
    )  # fmt: skip
    assert opened.is_open
    assert opened.party_id == town.worker
    assert opened.due_at is not None
    assert opened.original_due_at == rated.original_due_at


def test_a_void_case_says_why_and_stays(town: CaseTown) -> None:
    case = Desk(town)
    case.refuse(InputRefused, "worker", "void", "why")
    case.refuse(Forbidden, "colleague", "void", reason="duplicate")
    void = case.act("worker", "void", reason="duplicate")
    assert (void.state, void.is_open, len(void.events)) == ("voided", False, 2)
    case.refuse(InputRefused, "secretary", "note", "nothing any more", note="再看")


def test_correcting_is_an_event_with_what_was_before_masked(town: CaseTown) -> None:
    case = Desk(town, description="张先生13812345678")
    longitude, latitude = point_at(620, 20)
    corrected = case.act(
        "worker", "correct",
        correction=Correction(category_code="E905", longitude=longitude, latitude=latitude),
    )  # fmt: skip
    assert (corrected.category_code, corrected.sensitivity) == ("E905", "S3")
    assert corrected.building_id == town.far_building
    case = Desk(town, description="张先生13812345678")
    case.refuse(InputRefused, "worker", "correct", "what is corrected", correction=Correction())
    case.refuse(InputRefused, "worker", "correct", "category", correction=Correction(category_code="E0"))
    outside = point_at(5000, 5000)
    case.refuse(
        InputRefused, "worker", "correct", "outside",
        correction=Correction(longitude=outside[0], latitude=outside[1]),
    )  # fmt: skip
    corrected = case.act("worker", "correct", correction=Correction(description="13912345678来电"))
    assert corrected.words is not None
    assert corrected.words.description == "139****5678来电"
    assert corrected.events[-1].payload == {
        "from": {"description": "张先生138****5678"}, "to": {"description": "139****5678来电"},
        "is_moved": False,
    }  # fmt: skip


def test_a_relapse_names_the_case_that_came_back(town: CaseTown) -> None:
    first, second = Desk(town), Desk(town)
    first.act("worker", "self_handle", outcome="resolved")
    linked = second.act("worker", "link_relapse", parent_id=first.id)
    assert linked.parent_id == first.id
    first.refuse(InputRefused, "worker", "link_relapse", "before", parent_id=second.id)
    first.refuse(InputRefused, "worker", "link_relapse", "before", parent_id=first.id)
    first.refuse(NotFound, "worker", "link_relapse", parent_id=999_999)


def test_whoever_has_left_or_is_elsewhere_is_given_nothing(town: CaseTown) -> None:
    case = Desk(town)
    for party_id in (town.departed, town.stranger, 999_999):
        case.refuse(InputRefused, "worker", "dispatch", "not active", to_party_id=party_id)


def test_nobody_gets_a_new_clock_by_being_sent_his_own_case(town: CaseTown) -> None:
    case = Desk(town)
    case.act("worker", "dispatch", to_party_id=town.worker)
    case.refuse(InputRefused, "worker", "dispatch", "already", to_party_id=town.worker, note="再来")


def test_a_dispatch_without_a_name_goes_by_the_duty_rules(town: CaseTown) -> None:
    assert Desk(town).act("colleague", "dispatch").party_id == town.worker


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told(town: CaseTown) -> None:
    case = Desk(town)
    start = threading.Barrier(2)
    outcomes: dict[str, str] = {}

    def run(who: str, move: str, **fields: Any) -> None:
        with acting_as(town.actor(who)):
            start.wait()
            try:
                act(case.id, move, 1, **fields)
                outcomes[who] = "won"
            except Conflict as refusal:
                outcomes[who] = str(refusal)

    both = [
        threading.Thread(target=run, args=("secretary", "reject"), kwargs={"reason": "not_true"}),
        threading.Thread(target=run, args=("colleague", "accept")),
    ]
    for each in both:
        each.start()
    for each in both:
        each.join()
    winner = next(who for who, told in outcomes.items() if told == "won")
    loser = next(who for who in outcomes if who != winner)
    name, move = {"secretary": ("S", "reject"), "colleague": ("C", "accept")}[winner]
    assert outcomes[loser].startswith(f"somebody was faster ({name} {move} at ")
    assert case.read().version == 2


def test_many_at_once_are_judged_one_by_one(database_url: str, town: CaseTown) -> None:
    cases = [Desk(town) for _ in range(4)]
    cases[1].act("colleague", "accept")
    cases[2].act("worker", "self_handle", outcome="resolved")
    asked = [(case.id, 1) for case in cases] + [(999_999, 1)]
    with acting_as(town.actor("secretary")):
        outcome = act_on_many(asked, "reject", reason="not_true")
    assert outcome.done == [cases[0].id, cases[3].id]
    assert [incident_id for incident_id, _ in outcome.refused] == [cases[1].id, cases[2].id, 999_999]
    assert all("\n" not in sentence for _, sentence in outcome.refused)
    assert [case.read().state for case in cases] == ["rejected", "accepted", "closed", "rejected"]


def test_more_than_is_sensible_at_once_is_refused(town: CaseTown) -> None:
    with acting_as(town.actor("secretary")), pytest.raises(InputRefused, match="too many"):
        act_on_many([(n, 1) for n in range(501)], "accept")


def test_property_companies_read_the_case_and_never_who_complained(database_url: str, town: CaseTown) -> None:
    case = Desk(town, description="邻居13812345678")
    case.act("worker", "dispatch", to_party_id=town.company)
    read = case.read("company")
    assert read.words is not None
    assert read.words.description == "邻居138****5678"
    assert read.requester is None
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_log WHERE action = 'unmask'")
        assert cursor.fetchall() == [(0,)]


def test_an_unknown_move_and_endless_words_are_refused(town: CaseTown) -> None:
    case = Desk(town)
    case.refuse(InputRefused, "secretary", "explode", "no move")
    case.refuse(Forbidden, "secretary", "report")
    case.refuse(InputRefused, "secretary", "note", "shorten", note="长" * 5000)
    case.refuse(InputRefused, "secretary", "self_handle", "outcome", outcome="forgotten")
    case.refuse(InputRefused, "leader", "supervise", "time zone", note="x", due_at=datetime(2030, 1, 1))  # noqa: DTZ001

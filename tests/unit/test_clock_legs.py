"""Whose time ran out: histories made by hand."""

from datetime import datetime, timedelta

import pytest

from geo.model.incident import CaseEvent
from geo.model.working_time import Status, Unit
from geo.rules.calendar import WorkingCalendar
from geo.rules.legs import HistoryEvent, Leg, build_legs, read_history
from tests.unit.slow_clock import CHINA

CALENDAR = WorkingCalendar()
COMPANY, SQUAD, COMMITTEE = 7, 8, 9


def at(text: str) -> datetime:
    """A time in the week of Monday 16 November 2026, as ``day hour:minute``."""
    day, time = text.split()
    return datetime.fromisoformat(f"2026-11-{day}T{time}").replace(tzinfo=CHINA)


def event(
    when: str, state: str | None = None, party: int | None = None, due: str | None = None
) -> HistoryEvent:
    return HistoryEvent(at(when), state, party, None if due is None else at(due))


def tell(events: list[HistoryEvent], moment: str, unit: Unit = Unit.WORKING_DAY) -> list[Leg]:
    return build_legs(events, CALENDAR, unit, at(moment))


OPENING = [
    event("16 08:40", "reported"),
    event("16 08:50", "accepted"),
    event("16 09:00", "registered", due="18 09:00"),
]
BOUNCED = [
    *OPENING,
    event("16 09:30", "dispatched", COMPANY),
    event("17 09:30", "returned"),
    event("17 15:00", "dispatched", SQUAD),
    event("17 15:10", "handling"),
    event("18 10:00", "verifying"),
    event("18 11:00", "closed"),
]


def test_a_case_at_the_desk_is_in_no_leg() -> None:
    assert tell([*OPENING], "17 09:00") == []


def test_a_bounce_shows_who_had_it_how_long() -> None:
    company, squad = tell(BOUNCED, "20 09:00")

    assert (company.party_id, company.started_at, company.ended_at) == (
        COMPANY,
        at("16 09:30"),
        at("17 09:30"),
    )
    assert company.used == timedelta(hours=7)
    assert company.share == pytest.approx(7 / 13.5)
    assert (company.status, company.ran_out) == (Status.IN_TIME, False)

    assert (squad.party_id, squad.started_at, squad.ended_at) == (SQUAD, at("17 15:00"), at("18 10:00"))
    assert squad.used == timedelta(hours=4.5)
    assert squad.share == pytest.approx(4.5 / 3.5)
    assert (squad.status, squad.ran_out) == (Status.OVER, True), "it took half a day of the two"


def test_it_is_told_as_of_a_moment() -> None:
    (company,) = tell(BOUNCED, "16 14:30")
    assert company.ended_at is None
    assert company.used == timedelta(hours=2.5)
    assert tell(BOUNCED, "17 12:00") == tell(BOUNCED[:5], "17 12:00"), "returned: nobody has it"
    assert len(tell(BOUNCED, "17 12:00")) == 1


def test_who_gets_a_case_when_it_is_over_has_not_let_its_time_run_out() -> None:
    company, squad = tell(
        [*OPENING, event("16 09:30", "dispatched", COMPANY), event("18 10:00", "dispatched", SQUAD)],
        "18 11:00",
    )
    assert (company.status, company.ran_out) == (Status.OVER, True)
    assert (squad.status, squad.ran_out) == (Status.OVER, False)


def test_taking_on_what_one_was_sent_is_no_new_leg() -> None:
    (leg,) = tell(
        [*OPENING, event("16 09:30", "dispatched", COMPANY), event("16 10:00", "handling", COMPANY)],
        "16 11:00",
    )
    assert (leg.started_at, leg.used) == (at("16 09:30"), timedelta(hours=1.5))


def test_a_party_that_takes_a_case_itself_has_it_from_then_on() -> None:
    (leg,) = tell(
        [
            event("16 08:40", "reported"),
            event("16 09:00", "accepted", SQUAD),
            event("16 09:10", "registered"),
        ],
        "16 10:00",
    )
    assert (leg.party_id, leg.started_at, leg.status) == (SQUAD, at("16 09:00"), Status.NO_LIMIT)


def test_suspension_pauses_the_leg() -> None:
    history = [
        *OPENING,
        event("16 09:30", "handling", COMPANY),
        event("16 10:30", "suspended"),
        event("20 10:30", "handling", due="24 10:30"),
    ]
    (still,) = tell(history[:-1], "19 09:00")
    assert (still.used, still.status) == (timedelta(hours=1), Status.IN_TIME), (
        "due on the 18th, but it stands"
    )
    (resumed,) = tell(history, "20 11:30")
    assert (resumed.used, resumed.due_at) == (timedelta(hours=2), at("24 10:30"))


def test_a_party_does_not_inherit_the_pause_of_another() -> None:
    company, squad = tell(
        [
            *OPENING,
            event("16 09:30", "dispatched", COMPANY),
            event("16 10:30", "suspended"),
            event("17 09:00", "dispatched", SQUAD),
        ],
        "17 10:00",
    )
    assert (company.used, squad.used) == (timedelta(hours=1), timedelta(hours=1))


def test_an_extension_counts_for_the_leg_it_falls_in() -> None:
    history = [
        *OPENING,
        event("16 09:00", "dispatched", COMPANY),
        event("17 09:00", due="20 09:00"),
        event("19 09:00", "returned"),
        event("19 10:00", "dispatched", SQUAD),
    ]
    company, squad = tell(history, "19 11:00")
    assert (company.due_at, company.share, company.status) == (at("20 09:00"), 0.75, Status.AMBER)
    assert squad.due_at == at("20 09:00")


def test_a_handover_with_a_new_due_time_leaves_the_old_one_to_the_old_leg() -> None:
    company, squad = tell(
        [
            *OPENING,
            event("16 09:30", "dispatched", COMPANY),
            event("18 10:00", "dispatched", SQUAD, due="20 10:00"),
        ],
        "18 11:00",
    )
    assert (company.due_at, company.status) == (at("18 09:00"), Status.OVER)
    assert (squad.due_at, squad.status) == (at("20 10:00"), Status.IN_TIME)


def test_rework_and_reopening_bring_it_back() -> None:
    legs = tell(
        [
            *OPENING,
            event("16 09:30", "handling", COMPANY),
            event("16 10:30", "verifying"),
            event("16 11:30", "handling"),
            event("16 12:00", "closed"),
            event("17 09:00", "handling", COMMITTEE),
        ],
        "17 10:00",
    )
    assert [(leg.party_id, leg.used / timedelta(hours=1)) for leg in legs] == [
        (COMPANY, 1), (COMPANY, 0.5), (COMMITTEE, 1),
    ]  # fmt: skip


def test_a_case_taken_in_anew_is_with_the_desk() -> None:
    legs = tell([*BOUNCED, event("19 09:00", "accepted"), event("19 10:00", "registered")], "20 09:00")
    assert [leg.party_id for leg in legs] == [COMPANY, SQUAD]


def test_it_runs_on_the_clock_of_the_case() -> None:
    (leg,) = tell([*OPENING, event("16 09:30", "dispatched", COMPANY)], "17 09:30", Unit.HOUR)
    assert leg.used == timedelta(days=1)


class TestHistory:
    """What the moves of a case say about responsibility."""

    def move(self, move: str, before: str | None, after: str | None, **values: object) -> CaseEvent:
        return CaseEvent(
            at("16 09:00"), "moved", move, from_state=before, to_state=after, **values  # type: ignore[arg-type]
        )  # fmt: skip

    def test_a_move_that_hands_over_names_the_party_and_its_time(self) -> None:
        sent = self.move("dispatch", "registered", "dispatched", to_party_id=SQUAD, due_at=at("18 09:00"))
        assert read_history([sent]) == [HistoryEvent(sent.at, "dispatched", SQUAD, at("18 09:00"))]

    def test_handing_over_says_whose_it_is_and_leaves_the_time(self) -> None:
        handed = self.move("hand_over", "handling", None, to_party_id=SQUAD)
        assert read_history([handed]) == [HistoryEvent(handed.at, None, SQUAD, None)]

    @pytest.mark.parametrize("move", ["whistle", "co_assign", "supervise", "request_extension"])
    def test_who_is_called_or_a_time_that_is_asked_for_changes_nothing(self, move: str) -> None:
        called = self.move(move, "handling", None, to_party_id=SQUAD, due_at=at("18 09:00"))
        assert read_history([called]) == [HistoryEvent(called.at)]

    def test_the_review_of_a_suspension_is_no_due_time(self) -> None:
        suspended = self.move("suspend", "handling", "suspended", due_at=at("30 09:00"))
        resumed = self.move("resume", "suspended", "handling", due_at=at("20 09:00"))
        assert [e.due_at for e in read_history([suspended, resumed])] == [None, at("20 09:00")]

    def test_a_report_says_whose_it_is_and_until_when(self) -> None:
        reported = self.move("report", None, "reported", to_party_id=COMMITTEE, due_at=at("18 09:00"))
        assert read_history([reported]) == [HistoryEvent(reported.at, "reported", COMMITTEE, at("18 09:00"))]

    def test_who_is_given_a_case_here_had_it_not_before(self) -> None:
        told = CaseEvent(at("16 09:00"), "moved", to_state="dispatched", actor_party_id=COMMITTEE)
        handed = self.move("hand_over", "dispatched", None, to_party_id=SQUAD)
        assert [e.to_party_id for e in read_history([told, handed], party_id=SQUAD)] == [None, SQUAD]
        assert [e.to_party_id for e in read_history([told], party_id=SQUAD)] == [SQUAD]

    def test_told_history_goes_to_whoever_acts_next(self) -> None:
        def told(kind: str, after: str, actor: int) -> CaseEvent:
            return CaseEvent(at("16 09:00"), kind, to_state=after, actor_party_id=actor)

        history = read_history(
            [
                told("moved", "registered", COMMITTEE),
                told("moved", "dispatched", COMMITTEE),
                told("moved", "returned", COMPANY),
                told("moved", "dispatched", COMMITTEE),
                told("moved", "handling", SQUAD),
                told("extended", "handling", COMMITTEE),
                told("moved", "returned", SQUAD),
                told("moved", "dispatched", COMMITTEE),
            ],
            party_id=9000,
            due_at=at("20 09:00"),
            original_due_at=at("18 09:00"),
        )
        assert [e.to_party_id for e in history] == [None, COMPANY, None, SQUAD, None, None, None, 9000]
        assert [e.due_at for e in history] == [at("18 09:00"), *[None] * 4, at("20 09:00"), None, None]

    def test_told_history_that_ends_at_once_stays_with_its_party(self) -> None:
        sent = CaseEvent(at("16 09:00"), "moved", to_state="dispatched", actor_party_id=COMMITTEE)
        closed = CaseEvent(at("16 10:00"), "moved", to_state="closed", actor_party_id=COMMITTEE)
        assert read_history([sent, closed], party_id=SQUAD)[0].to_party_id == SQUAD

"""The table of moves: whole, without contradictions, and a way on from everywhere."""

from datetime import UTC, datetime, timedelta

import pytest

from geo.model.actor import ROLES, Role
from geo.model.incident import CaseEvent
from geo.rules.workflow import MOVES, STATES, find_move, list_moves, replay
from tests.workflow_guide import GUIDE, describe_moves

_OPEN = [state for state in STATES if state not in {"closed", "rated", "rejected", "voided"}]
_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_each_move_has_one_row_for_a_state() -> None:
    pairs = [(move.name, state) for move in MOVES for state in move.from_states]
    assert len(pairs) == len(set(pairs))


def test_states_and_roles_are_known() -> None:
    for move in MOVES:
        assert set(move.from_states) <= set(STATES)
        assert move.to_state is None or move.to_state in STATES
        assert set(move.roles) | set(move.own_roles) <= set(ROLES)
        assert not set(move.roles) & set(move.own_roles)
        assert move.roles or move.own_roles


def test_the_guide_prints_the_table() -> None:
    assert GUIDE.read_text(encoding="utf-8").endswith(describe_moves()), "run python -m tests.workflow_guide"


def test_only_a_report_comes_from_nowhere() -> None:
    assert [move.name for move in MOVES if not move.from_states] == ["report"]


def test_every_state_is_reached_and_every_open_one_left() -> None:
    reached = {"reported"}
    while True:
        further = {m.to_state for m in MOVES if m.to_state and set(m.from_states) & reached} | reached
        if further == reached:
            break
        reached = further
    assert reached == set(STATES)
    for state in _OPEN:
        onward = {move.to_state for move in MOVES if state in move.from_states}
        assert "voided" in onward
        assert onward - {None, state, "voided"}


def test_what_asks_is_answered_with_yes_and_no() -> None:
    asked = {move.answers for move in MOVES if move.answers}
    assert asked == {"request_extension", "request_reopen", "whistle"}
    for request in ("request_extension", "request_reopen"):
        assert len({move.name for move in MOVES if move.answers == request}) == 2


def test_a_reason_is_asked_for_where_there_is_a_list_of_them() -> None:
    # Nobody is asked why he hands a case over; where that goes by itself, it says why.
    for move in (move for move in MOVES if move.name != "hand_over"):
        assert ("reason" in move.required) == bool(move.reasons)
        # Of a look there are two outcomes, and no third.
        assert not move.reasons or "other" in move.reasons or move.name == "recheck"


def test_returning_says_why_and_whose_it_is() -> None:
    for state in ("dispatched", "handling"):
        move = find_move("return", state)
        assert move is not None
        assert set(move.required) == {"reason", "suggested_party"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ["wall", "administrator", None])
def test_screens_administrators_and_strangers_move_nothing(state: str, role: Role | None) -> None:
    assert list_moves(state, role, is_own=True) == ()


def test_a_company_moves_its_own_cases_alone() -> None:
    assert list_moves("dispatched", "property_company", is_own=False) == ()
    assert {move.name for move in list_moves("dispatched", "property_company", is_own=True)} == {
        "start", "return", "handle", "request_extension", "note",
    }  # fmt: skip


def test_nobody_but_the_secretary_agrees_to_more_time_or_reopens() -> None:
    for name in ("approve_extension", "refuse_extension", "suspend", "reopen", "refuse_reopen", "whistle"):
        for move in MOVES:
            if move.name == name:
                assert (move.roles, move.own_roles) == (("secretary",), ())


@pytest.mark.parametrize("state", ["reported", "accepted", "registered", "dispatched", "handling"])
def test_settling_on_the_spot_is_one_step_from_any_state_before_verifying(state: str) -> None:
    move = find_move("self_handle", state)
    assert move is not None
    assert move.to_state == "closed"
    assert move.required == ("outcome",)
    assert move in list_moves(state, "grid_worker", is_own=True)
    assert move not in list_moves(state, "grid_worker", is_own=False)


def tell(*moves: CaseEvent) -> list[CaseEvent]:
    report = CaseEvent(
        at=_NOON, kind="moved", move="report", version=1, to_state="reported", to_party_id=1,
        due_at=_NOON + timedelta(days=1), original_due_at=_NOON + timedelta(days=1),
    )  # fmt: skip
    return [report, *moves]


def test_replay_keeps_the_original_due_time_through_an_extension() -> None:
    later = _NOON + timedelta(days=3)
    present = replay(
        tell(
            CaseEvent(at=_NOON, kind="moved", move="dispatch", to_state="dispatched", to_party_id=2),
            CaseEvent(at=_NOON, kind="extension_requested", move="request_extension", due_at=later),
            CaseEvent(at=_NOON, kind="extended", move="approve_extension", due_at=later),
        )
    )
    assert (present.state, present.party_id, present.version) == ("dispatched", 2, 4)
    assert (present.due_at, present.original_due_at) == (later, _NOON + timedelta(days=1))


def test_replay_of_asking_alone_changes_no_time() -> None:
    asked = CaseEvent(
        at=_NOON, kind="extension_requested", move="request_extension", due_at=_NOON + timedelta(days=9)
    )
    sent = CaseEvent(at=_NOON, kind="moved", move="dispatch", to_state="dispatched", to_party_id=2)
    assert replay(tell(sent, asked)).due_at == _NOON + timedelta(days=1)


def test_replay_refuses_what_the_table_does_not_know() -> None:
    with pytest.raises(ValueError, match="closed"):
        replay(
            tell(
                CaseEvent(at=_NOON, kind="moved", move="self_handle", to_state="closed", outcome="resolved"),
                CaseEvent(at=_NOON, kind="moved", move="accept", to_state="accepted"),
            )
        )

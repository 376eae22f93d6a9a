"""The moves a case may make, in the one table that the database enforces, and what a history comes to.

The table is ``geo/schema/seed/workflow_move.csv``. A move may have several rows: one for each group of states
that are left by others, or with other fields.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Final, cast

from geo.model.actor import Role
from geo.model.incident import CaseEvent

STATES: Final = (
    "reported", "accepted", "registered", "dispatched", "returned", "handling", "suspended", "verifying",
    "closed", "rated", "rejected", "voided",
)  # fmt: skip
OUTCOMES: Final = (
    "resolved", "partly_resolved", "persuaded", "mediated", "negotiated", "transferred", "unresolvable",
)  # fmt: skip
REQUEST_KINDS: Final = ("help", "enquiry", "complaint")
SEVERITIES: Final = ("low", "normal", "high", "urgent")
# Of five grades the two worst: who is not satisfied has asked for the case to be looked at again.
MOST_DISSATISFIED: Final = 2


@dataclass(frozen=True, slots=True)
class Move:
    """A row of the table.

    Attributes:
        name: what it is called, here and in the database.
        from_states: the states it leaves; none for a report.
        to_state: the state it leads to; None where the case stays in its own.
        kind: what the history calls it.
        roles: who may, on any case they see.
        own_roles: who may on their own cases only: held by their party, in their area, or taken in by them.
        required: fields that must be given.
        reasons: the codes of which a reason is one.
        effects: what it does beside changing the state.
        answers: the request it answers, which must be open.
        by_other: only by somebody else than whoever handled the case.
        most_days: the longest time that may be given.
    """

    name: str
    from_states: tuple[str, ...]
    to_state: str | None
    kind: str
    roles: tuple[Role, ...]
    own_roles: tuple[Role, ...]
    required: tuple[str, ...]
    reasons: tuple[str, ...]
    effects: tuple[str, ...]
    answers: str | None
    by_other: bool
    most_days: int | None


def _read_moves() -> tuple[Move, ...]:
    table = files("geo.schema") / "seed" / "workflow_move.csv"
    with table.open(encoding="utf-8") as rows:
        return tuple(
            Move(
                name=row["name"],
                from_states=_split(row["from_states"]),
                to_state=row["to_state"] or None,
                kind=row["kind"],
                roles=cast("tuple[Role, ...]", _split(row["roles"])),
                own_roles=cast("tuple[Role, ...]", _split(row["own_roles"])),
                required=_split(row["required"]),
                reasons=_split(row["reasons"]),
                effects=_split(row["effects"]),
                answers=row["answers"] or None,
                by_other=row["by_other"] == "true",
                most_days=int(row["most_days"]) if row["most_days"] else None,
            )
            for row in csv.DictReader(rows)
        )


def _split(array: str) -> tuple[str, ...]:
    return tuple(filter(None, array.strip("{}").split(",")))


MOVES: Final = _read_moves()


def find_move(name: str, state: str) -> Move | None:
    """Return the row of a move for a case in a state; None where it is not to be made there."""
    return next((move for move in MOVES if move.name == name and state in move.from_states), None)


def list_moves(state: str, role: Role | None, is_own: bool) -> tuple[Move, ...]:
    """Return the moves somebody may make on a case in a state, in the table's order.

    Two conditions are the database's to judge: whether a request to be answered is open, and whether somebody
    else handled the case.

    Args:
        state: of the case.
        role: of whoever asks.
        is_own: whether it is his own case, as ``Case.is_own`` says.
    """
    return tuple(
        move
        for move in MOVES
        if state in move.from_states and (role in move.roles or (is_own and role in move.own_roles))
    )


@dataclass(slots=True)
class Present:
    """What a history comes to."""

    version: int = 0
    state: str | None = None
    party_id: int | None = None
    due_at: datetime | None = None
    original_due_at: datetime | None = None
    first_response_at: datetime | None = None
    handled_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str | None = None
    category_code: str | None = None


def replay(events: Iterable[CaseEvent]) -> Present:
    """Return the present of a case from its events, in the order of their versions.

    It says again what the database's trigger does, so that tests can ask whether the two agree.

    Args:
        events: of one case that was reported here.
    """
    present = Present()
    for event in events:
        if event.move == "report":
            effects: tuple[str, ...] = ("party", "clock")
        else:
            move = find_move(event.move or "", present.state or "")
            if move is None:
                msg = f"no case that is {present.state} makes the move {event.move}"
                raise ValueError(msg)
            effects = move.effects
        _apply(present, event, frozenset(effects))
    return present


def _apply(present: Present, event: CaseEvent, effects: frozenset[str]) -> None:
    present.version += 1
    present.state = event.to_state or present.state
    if effects & {"party", "own_party", "desk"}:
        present.party_id = event.to_party_id
    if effects & {"due", "clock"} or ("due_if_none" in effects and present.due_at is None):
        present.due_at = event.due_at or present.due_at
    if "clock" in effects:
        present.original_due_at = event.original_due_at or present.original_due_at
    elif effects & {"due", "due_if_none"}:
        present.original_due_at = present.original_due_at or present.due_at
    if "respond" in effects:
        present.first_response_at = present.first_response_at or event.at
    if "handled" in effects:
        present.handled_at = event.at
    if effects & {"unhandled", "opened"}:
        present.handled_at = None
    if "closed" in effects:
        present.handled_at = present.handled_at or event.at
        present.closed_at, present.outcome = event.at, event.outcome
    if "opened" in effects:
        present.closed_at = present.outcome = None
    if "corrected" in effects and event.payload:
        present.category_code = event.payload["to"].get("category_code", present.category_code)

"""Whose time it was: a case's history cut into the legs in which one party after another was responsible."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from geo.model.incident import CaseEvent
from geo.model.working_time import Status, Unit
from geo.rules.calendar import WorkingCalendar
from geo.rules.clock import AMBER_SHARE, Pause, judge_case, measure_elapsed
from geo.rules.workflow import find_move

# Whoever the case is with is responsible in these; in the others it waits for somebody else, or is settled.
_RESPONSIBLE: Final = frozenset({"accepted", "registered", "dispatched", "handling", "suspended"})
# These bring a case to the desk: whoever had it has it no more, unless the event itself names a party.
_AT_DESK: Final = frozenset({"reported", "accepted", "returned", "rejected", "voided"})


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """What an event of a case's history says about responsibility.

    Attributes:
        at: when.
        to_state: the state after it; None where the state stays.
        to_party_id: the party that has the case after it; None where it stays with the same.
        due_at: the due time after it for whoever has the case; None where that stays.
    """

    at: datetime
    to_state: str | None = None
    to_party_id: int | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """The time in which one party was responsible, as it stood at its end or stands now.

    Attributes:
        party_id: whose time it is.
        started_at: when the case came to the party.
        ended_at: when it went on; None while it is there.
        due_at: the party's due time at the end of the leg.
        used: time on the case's clock, pauses left out.
        share: of the time there was from the beginning of the leg to the due time; None without a limit.
        status: against the due time.
        ran_out: whether the due time passed in this leg, and not before it.
    """

    party_id: int
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    used: timedelta
    share: float | None
    status: Status
    ran_out: bool


def read_history(
    events: Sequence[CaseEvent],
    *,
    party_id: int | None = None,
    due_at: datetime | None = None,
    original_due_at: datetime | None = None,
) -> list[HistoryEvent]:
    """Return what the events of a case say about responsibility.

    History told by an import or the demo does not say whom a case was sent to: it went to whoever took it on
    or returned it next, or where nobody has yet, to the party that has it; not if that was given it here.

    Args:
        events: of one case, in order.
        party_id: whom the case is with now.
        due_at: its due time in force.
        original_due_at: its first one.
    """
    history = []
    for n, event in enumerate(events):
        if event.move is not None:
            step = find_move(event.move, event.from_state or "")
            effects = {"party", "clock"} if event.move == "report" else set(step.effects if step else ())
            to_party_id = event.to_party_id if effects & {"party", "own_party", "desk"} else None
            leg_due_at = (
                event.due_at if effects & {"party", "own_party", "due", "due_if_none", "clock"} else None
            )
        else:
            to_party_id = _find_sent_to(events, n, party_id) if event.to_state == "dispatched" else None
            leg_due_at = original_due_at if event.to_state == "registered" else None
            leg_due_at = due_at if event.kind == "extended" else leg_due_at
        history.append(HistoryEvent(event.at, event.to_state, to_party_id, leg_due_at))
    return history


def _find_sent_to(events: Sequence[CaseEvent], n: int, party_id: int | None) -> int | None:
    later = events[n + 1 :]
    if later and later[0].to_state in {"handling", "returned", "verifying"}:
        return later[0].actor_party_id
    # Somebody was given it here since: who had it before, nobody has told.
    is_given = any(event.move is not None and event.to_party_id is not None for event in later)
    return None if is_given else party_id


@dataclass(slots=True)
class _OpenLeg:
    party_id: int
    started_at: datetime
    pauses: list[Pause]


def build_legs(
    events: Iterable[HistoryEvent],
    calendar: WorkingCalendar,
    unit: Unit,
    moment: datetime,
    *,
    amber_share: float = AMBER_SHARE,
) -> list[Leg]:
    """Return the legs of a case in order.

    A leg begins when a party is given the case, or takes it, and ends when another has it or when it is
    returned, handed in for verifying or settled. Rework and reopening bring it back to whoever had it, unless
    another is named. Suspension pauses a leg.

    Args:
        events: the history in order of time; whatever comes after ``moment`` is not looked at.
        calendar: the community's.
        unit: of the case's allowance: which clock it runs on.
        moment: as of when the last leg is judged.
        amber_share: the share from which on a leg is amber.
    """
    legs: list[Leg] = []
    open_leg: _OpenLeg | None = None
    state: str | None = None
    party_id: int | None = None
    due_at: datetime | None = None

    def end(leg: _OpenLeg, ended_at: datetime | None) -> None:
        until = ended_at or moment
        judged = judge_case(
            calendar, leg.started_at, due_at, until, unit, leg.pauses, amber_share=amber_share
        )
        legs.append(
            Leg(
                party_id=leg.party_id,
                started_at=leg.started_at,
                ended_at=ended_at,
                due_at=due_at,
                used=measure_elapsed(calendar, leg.started_at, until, unit, leg.pauses),
                share=judged.share,
                status=judged.status,
                ran_out=judged.status is Status.OVER and due_at is not None and due_at >= leg.started_at,
            )
        )

    for event in events:
        if event.at > moment:
            break
        before, state = state, event.to_state or state
        if event.to_state in _AT_DESK:
            party_id = None
        party_id = event.to_party_id or party_id
        holder = party_id if state in _RESPONSIBLE else None
        if open_leg is not None and open_leg.party_id != holder:
            end(open_leg, event.at)
            open_leg = None
        due_at = event.due_at or due_at
        if open_leg is None and holder is not None:
            open_leg = _OpenLeg(holder, event.at, [])
        if open_leg is not None and (before == "suspended") != (state == "suspended"):
            _turn(open_leg.pauses, event.at, is_paused=state == "suspended")
    if open_leg is not None:
        end(open_leg, None)
    return legs


def _turn(pauses: list[Pause], at: datetime, *, is_paused: bool) -> None:
    """Begin a pause, or end the one that is on."""
    if is_paused:
        pauses.append(Pause(at))
    elif pauses:
        pauses[-1] = Pause(pauses[-1].started_at, at)

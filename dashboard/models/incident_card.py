"""The card of one case: what it is, whose time it is and was, what happened, and what may be done now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dashboard.i18n import Text
from dashboard.models.incident_list import Tone, judge_tone, tell_due, tell_span
from dashboard.models.incident_words import (
    name_event,
    name_outcome,
    name_place_type,
    name_rating,
    name_reason,
    name_role,
    name_source,
    name_state,
)
from geo.model.actor import Actor
from geo.model.duty import DutyRule
from geo.model.incident import Case, CaseEvent
from geo.model.working_time import Status
from geo.operations.case_view import CaseView
from geo.rules.legs import Leg
from geo.rules.workflow import MOVES, Move, list_moves

# The two that nearly every case takes, as large buttons; a company hands in what a worker settles.
_FIRST_MOVES: Final = ("self_handle", "handle", "close", "dispatch", "return")
_CORRECTED: Final = {
    "category_code": "correct.category",
    "title": "correct.title",
    "description": "correct.description",
    "address": "fact.address",
}
_LEG_STATUSES: Final = {
    Status.IN_TIME: "leg.in_time",
    Status.AMBER: "leg.amber",
    Status.OVER: "leg.over",
    Status.NO_LIMIT: "leg.no_limit",
}


@dataclass(frozen=True)
class LegLine:
    """One party's time: who, how long, and whether it ran out with them."""

    name: str
    detail: str
    tone: Tone


@dataclass(frozen=True)
class HistoryLine:
    """One thing that happened: when, what and by whom, and what was said."""

    at: str
    what: str
    words: str


@dataclass(frozen=True)
class CaseCard:
    """What a reader wants to know of a case; all of it plain text.

    Attributes:
        title: the category.
        state: what it is called.
        due: how long there is, or by how much it is over.
        facts: label and value, in reading order.
        words: title and description as the reader may read them; empty where he may not.
        is_sealed: whether there are words that the reader does not see at once.
        why: which duty rule gave it to whoever has it; empty where none did, as with imported cases.
    """

    title: str
    state: str
    due: str
    tone: Tone
    place: str
    facts: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    is_sealed: bool
    why: str
    legs: tuple[LegLine, ...]
    history: tuple[HistoryLine, ...]


def build_card(
    view: CaseView, names: Mapping[int, str], kinds: Mapping[str, str], text: Text, now: datetime
) -> CaseCard:
    """Return the card of a case in the reader's language.

    Args:
        view: the case.
        names: of parties, by id.
        kinds: names of categories, by code.
        text: the reader's language.
        now: to which clocks are told.
    """
    case = view.case
    tone = _judge(view, now)
    place = case.building_name or case.merchant_name or case.compound_name
    if case.building_name and case.compound_name and not case.building_name.startswith(case.compound_name):
        place = f"{case.compound_name}{case.building_name}"
    asked_by = case.requester
    facts = [
        (text("fact.address"), case.words.address if case.words else None),
        (text("fact.grid"), case.grid_name),
        (text("fact.handler"), case.party_name or text("card.nobody")),
        (text("fact.reported_at"), f"{text.moment(case.reported_at)} · {name_source(case.source, text)}"),
        (text("fact.due_at"), text.moment(case.due_at) if case.due_at else text("case.no_limit")),
        (
            text("case.original_due"),
            text.moment(case.original_due_at)
            if case.original_due_at and case.original_due_at != case.due_at
            else None,
        ),
        (
            text("case.requester"),
            text.join([*filter(None, [asked_by.name, asked_by.phone])]) if asked_by else None,
        ),
        (text("fact.closed_at"), text.moment(case.closed_at) if case.closed_at else None),
        (text("case.outcome"), name_outcome(case.outcome, text) if case.outcome else None),
        (text("fact.parent"), f"#{case.parent_id}" if case.parent_id else None),
    ]
    words = [each for each in (case.words.title, case.words.description) if each] if case.words else []
    return CaseCard(
        title=case.category_name_en if text.language == "en" else case.category_name,
        state=name_state(case.state, text),
        due=tell_due(case.due_at, case.closed_at, text, now, is_open=case.is_open),
        tone=tone,
        place=place or (case.words and case.words.address) or case.grid_name or text("case.no_place"),
        facts=tuple((label, value) for label, value in facts if value),
        words=tuple(dict.fromkeys(words)),
        is_sealed=case.words is None,
        why=_tell_why(case, view.rule, text),
        legs=tuple(_write_leg(leg, names, text) for leg in view.legs),
        history=tuple(_write_event(event, kinds, text) for event in reversed(case.events)),
    )


def list_offered(case: Case, actor: Actor) -> tuple[tuple[Move, ...], tuple[Move, ...]]:
    """Return the moves the reader may make now: the one or two most taken first, and the others."""
    offered = [
        move
        for move in list_moves(case.state, actor.role, case.is_own)
        if (move.answers is None or is_pending(case.events, move.answers))
        and not (move.by_other and _has_handled(case, actor))
        and not (_is_request(move.name) and is_pending(case.events, move.name))
        # Offered by the list of what is due, which opens a case where it is needed.
        and move.name != "recheck"
    ]
    first = sorted(
        (move for move in offered if move.name in _FIRST_MOVES),
        key=lambda move: _FIRST_MOVES.index(move.name),
    )
    # Who can settle a case needs no button for handing it in.
    names = {move.name for move in first}
    first = [move for move in first if move.name != "handle" or "self_handle" not in names][:2]
    return tuple(first), tuple(move for move in offered if move not in first)


def is_pending(events: Sequence[CaseEvent], request: str) -> bool:
    """Whether a request was made and not answered since."""
    answers = {move.name for move in MOVES if move.answers == request}
    last = next((event.move for event in reversed(events) if event.move in {request, *answers}), None)
    return last == request


def tell_changes(events: Sequence[CaseEvent], seen_version: int, text: Text) -> list[str]:
    """Return what happened to a case since somebody looked at it, the newest last."""
    return [
        f"{text.moment(event.at)} {_tell_what(event, text)}"
        for event in events
        if event.version is not None and event.version > seen_version
    ]


def _judge(view: CaseView, now: datetime) -> Tone:
    case, last = view.case, view.legs[-1] if view.legs else None
    if case.is_open and last is not None and last.ended_at is None and last.status is Status.AMBER:
        return "amber"
    return judge_tone(case.state, case.due_at, now, is_open=case.is_open)


def _is_request(name: str) -> bool:
    return any(move.answers == name for move in MOVES)


def _has_handled(case: Case, actor: Actor) -> bool:
    handed_in = [event for event in case.events if event.to_state == "verifying"]
    return bool(handed_in) and actor.party_id is not None and handed_in[-1].actor_party_id == actor.party_id


def _tell_why(case: Case, rule: DutyRule | None, text: Text) -> str:
    # Whoever was given it by hand or by an import has it for reasons that no rule knows.
    is_routed = any(event.move == "report" and event.to_party_id == case.party_id for event in case.events)
    leads = rule is not None and rule.lead_party_id == case.party_id
    if case.party_id is None or not (is_routed or leads):
        return ""
    if rule is None:
        return text("why.no_rule")
    place = name_place_type(rule.place_type, text) if rule.place_type else text("why.any_place")
    category = rule.category_code or text("why.any_category")
    told = (
        text("why.rule", number=rule.position, category=category, place=place)
        if rule.position
        else text("why.withdrawn_rule", category=category, place=place)
    )
    return text.join([told, rule.legal_basis]) if rule.legal_basis else told


def _write_leg(leg: Leg, names: Mapping[int, str], text: Text) -> LegLine:
    used = text("leg.used", span=tell_span(leg.used, text))
    judged = Status.IN_TIME if leg.ended_at and leg.status is Status.AMBER else leg.status
    status = text("leg.ran_out") if leg.ran_out else text(_LEG_STATUSES[judged])
    tone: Tone = "over" if leg.ran_out else "amber" if leg.status is Status.AMBER else "in_time"
    if leg.ended_at is not None and not leg.ran_out:
        tone = "none"
    return LegLine(names.get(leg.party_id, text("leg.former")), text.join([used, status]), tone)


def _tell_what(event: CaseEvent, text: Text) -> str:
    what = [name_event(event.kind, event.move, event.to_state, text), _tell_actor(event, text)]
    if event.to_party_name and event.to_party_id != event.actor_party_id:
        what.append(f"→ {event.to_party_name}")
    return " ".join(filter(None, what))


def _tell_actor(event: CaseEvent, text: Text) -> str:
    """Name who did it and as what: one person may hold two posts. The calendar has no name."""
    if event.reason in {"holder_away", "holder_back"} and event.actor_name is None:
        return text("history.by_itself")
    role = name_role(event.role, text) if event.role else None
    if event.actor_name and role:
        return text("history.actor", name=event.actor_name, role=role)
    return event.actor_name or role or ""


def _write_event(event: CaseEvent, kinds: Mapping[str, str], text: Text) -> HistoryLine:
    said = [
        name_reason(event.reason, text) if event.reason else None,
        text("case.suggested", name=event.suggested_party_name) if event.suggested_party_name else None,
        name_outcome(event.outcome, text) if event.outcome else None,
        name_rating(event.rating, text) if event.rating else None,
        *_tell_correction(event.payload, kinds, text),
        event.note,
    ]
    return HistoryLine(text.moment(event.at), _tell_what(event, text), text.join([*filter(None, said)]))


def _tell_correction(payload: dict[str, Any] | None, kinds: Mapping[str, str], text: Text) -> list[str]:
    if payload is None:
        return []
    before, after = payload["from"], payload["to"]
    told = [
        text(
            "correct.changed",
            what=text(label),
            before=kinds.get(before[field], before[field]) or "—",
            after=kinds.get(after[field], after[field]),
        )
        for field, label in _CORRECTED.items()
        if field in after
    ]
    return [*told, text("correct.moved")] if payload["is_moved"] else told

"""What the parts of a case are called: states, sources, moves, reasons, outcomes, and who acts."""

from typing import Final

from dashboard.i18n import Text
from geo.store.choices import Category

STATES: Final = {
    "reported": "state.reported",
    "accepted": "state.accepted",
    "registered": "state.registered",
    "dispatched": "state.dispatched",
    "returned": "state.returned",
    "handling": "state.handling",
    "suspended": "state.suspended",
    "verifying": "state.verifying",
    "closed": "state.closed",
    "rated": "state.rated",
    "rejected": "state.rejected",
    "voided": "state.voided",
}
SOURCES: Final = {
    "patrol": "source.patrol",
    "walk_in": "source.walk_in",
    "phone": "source.phone",
    "hotline_12345": "source.hotline_12345",
    "wechat_group": "source.wechat_group",
    "courier": "source.courier",
    "property": "source.property",
    "superior": "source.superior",
    "other": "source.other",
}
_OUTCOMES: Final = {
    "resolved": "outcome.resolved",
    "partly_resolved": "outcome.partly_resolved",
    "persuaded": "outcome.persuaded",
    "mediated": "outcome.mediated",
    "negotiated": "outcome.negotiated",
    "transferred": "outcome.transferred",
    "unresolvable": "outcome.unresolvable",
}
_MOVES: Final = {
    "report": "move.report",
    "accept": "move.accept",
    "verify_on_site": "move.verify_on_site",
    "register": "move.register",
    "dispatch": "move.dispatch",
    "hand_over": "move.hand_over",
    "co_assign": "move.co_assign",
    "start": "move.start",
    "return": "move.return",
    "handle": "move.handle",
    "rework": "move.rework",
    "close": "move.close",
    "self_handle": "move.self_handle",
    "reject": "move.reject",
    "void": "move.void",
    "suspend": "move.suspend",
    "resume": "move.resume",
    "request_extension": "move.request_extension",
    "approve_extension": "move.approve_extension",
    "refuse_extension": "move.refuse_extension",
    "supervise": "move.supervise",
    "whistle": "move.whistle",
    "arrive": "move.arrive",
    "escalate": "move.escalate",
    "rate": "move.rate",
    "miss_call": "move.miss_call",
    "request_reopen": "move.request_reopen",
    "reopen": "move.reopen",
    "refuse_reopen": "move.refuse_reopen",
    "correct": "move.correct",
    "link_relapse": "move.link_relapse",
    "note": "move.note",
    "recheck": "move.recheck",
}
_KINDS: Final = {
    "extended": "move.approve_extension",
    "supervised": "move.supervise",
    "whistled": "move.whistle",
    "escalated": "move.escalate",
    "handed_over": "move.hand_over",
    "co_assigned": "move.co_assign",
    "rework": "move.rework",
    "reopened": "move.reopen",
    "relapse_linked": "move.link_relapse",
    "noted": "move.note",
    "rechecked": "move.recheck",
}
_REASONS: Final = {
    "not_our_duty": "reason.not_our_duty",
    "outside_our_area": "reason.outside_our_area",
    "property_first": "reason.property_first",
    "other_lead": "reason.other_lead",
    "information_missing": "reason.information_missing",
    "not_solved": "reason.not_solved",
    "poor_quality": "reason.poor_quality",
    "no_evidence": "reason.no_evidence",
    "out_of_scope": "reason.out_of_scope",
    "not_true": "reason.not_true",
    "duplicate": "reason.duplicate",
    "false_report": "reason.false_report",
    "waiting_parts": "reason.waiting_parts",
    "waiting_funds": "reason.waiting_funds",
    "legal_procedure": "reason.legal_procedure",
    "resident_absent": "reason.resident_absent",
    "several_parties": "reason.several_parties",
    "weather": "reason.weather",
    "not_satisfied": "reason.not_satisfied",
    "came_back": "reason.came_back",
    "stays_away": "reason.stays_away",
    "new_facts": "reason.new_facts",
    "holder_away": "reason.holder_away",
    "holder_back": "reason.holder_back",
    "other": "reason.other",
}
_PLACE_TYPES: Final = {
    "managed_compound": "place_type.managed_compound",
    "three_no_compound": "place_type.three_no_compound",
    "street": "place_type.street",
    "merchant": "place_type.merchant",
    "unit": "place_type.unit",
}
_ROLES: Final = {
    "secretary": "role.secretary",
    "grid_worker": "role.grid_worker",
    "leader": "role.leader",
    "property_company": "role.property_company",
    "wall": "role.wall",
    "administrator": "role.administrator",
}
_RATINGS: Final = {1: "rating.1", 2: "rating.2", 3: "rating.3", 4: "rating.4", 5: "rating.5"}


def name_category(category: Category, text: Text) -> str:
    """Return the name of a category in the reader's language."""
    return category.name_en if text.language == "en" else category.name


def name_state(state: str, text: Text) -> str:
    """Return what a state of the workflow is called."""
    return text(STATES[state])


def name_source(source: str, text: Text) -> str:
    """Return where a case came from."""
    return text(SOURCES[source])


def name_outcome(outcome: str, text: Text) -> str:
    """Return how a case ended."""
    return text(_OUTCOMES[outcome])


def name_move(move: str, text: Text) -> str:
    """Return what a move is called."""
    return text(_MOVES[move])


def name_event(kind: str, move: str | None, to_state: str | None, text: Text) -> str:
    """Return what happened: the move, or for history told by an import its kind or the state it led to."""
    if move is not None:
        return name_move(move, text)
    return (
        name_state(to_state, text) if kind not in _KINDS and to_state else text(_KINDS.get(kind, "move.note"))
    )


def name_reason(reason: str, text: Text) -> str:
    """Return what a reason's code stands for; words of an import stay as they are."""
    return text(_REASONS[reason]) if reason in _REASONS else reason


def name_rating(rating: int, text: Text) -> str:
    """Return what a grade from 1 to 5 means."""
    return text(_RATINGS[rating])


def name_place_type(place_type: str, text: Text) -> str:
    """Return what a kind of place is called that the duty matrix tells apart."""
    return text(_PLACE_TYPES[place_type])


def name_role(role: str, text: Text) -> str:
    """Return what a role is called."""
    return text(_ROLES[role])

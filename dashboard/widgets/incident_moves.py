"""What may be done with a case: the nearest moves as large buttons, the others as forms with their fields."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import streamlit as st

from dashboard import case_session, session
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_card import tell_changes
from dashboard.models.incident_filters import CHINA
from dashboard.models.incident_page import CasesPage
from dashboard.models.incident_words import name_move, name_outcome, name_rating, name_reason
from dashboard.widgets.incident_correction import Draft, ask_correction, choose_earlier, read_correction
from dashboard.widgets.incident_list import forget_picked
from dashboard.widgets.markdown import escape
from geo.errors import Conflict, InputRefused, NotFound, WanggeError
from geo.model.incident import Case
from geo.operations.incidents import act, get_case, settle_on_spot
from geo.rules.workflow import OUTCOMES, Move
from geo.store.photos import MOST_BYTES

_PICTURES: Final = ("jpg", "jpeg", "png", "webp")
_WITH_PHOTOS: Final = frozenset({"self_handle", "handle", "close", "verify_on_site", "return", "note"})
_END_OF_WORK: Final = time(18)
_REFUSAL: Final = "case_refusal"
_OPEN_MOVE: Final = "open_move"


def show_moves(page: CasesPage, case: Case, first: Sequence[Move], others: Sequence[Move]) -> None:
    """Show the buttons, and the form of the move that was chosen."""
    text = page.text
    names = {move.name: move for move in (*first, *others)}
    chosen = _find_chosen(page, case, names)
    if chosen is None:
        _show_refusal(page, case)
    if not names:
        return
    if "self_handle" in names:
        st.pills(
            text("case.outcome"),
            OUTCOMES[:5],
            default=OUTCOMES[0] if _is_taken_for_granted(case) else None,
            format_func=lambda outcome: name_outcome(outcome, text),
            key=f"outcome_{case.id}",
            label_visibility="collapsed",
        )
    with st.container(key="first_moves", horizontal=True, gap="small"):
        for move in first:
            is_settling = move.name == "self_handle"
            st.button(
                name_move(move.name, text),
                key=f"do_{move.name}",
                type="primary" if move is first[0] else "secondary",
                width="stretch",
                shortcut="alt+s" if is_settling else "alt+d" if move is first[-1] else None,
                on_click=_settle if is_settling else _choose,
                args=(page, case) if is_settling else (case, move.name),
            )
    if others:
        titles = {"": text("case.other_moves")} | {move.name: name_move(move.name, text) for move in others}
        key = f"other_moves_{case.id}_{case.version}"
        st.selectbox(
            text("case.other_moves"),
            list(titles),
            format_func=titles.__getitem__,
            key=key,
            label_visibility="collapsed",
            on_change=lambda: _choose(case, st.session_state[key]),
        )
    if chosen:
        _show_form(page, case, chosen)
        # Below the button that was pressed: on a phone what stands above the form is out of sight.
        _show_refusal(page, case)


def _show_refusal(page: CasesPage, case: Case) -> None:
    """Say why the last thing tried was refused, and what others have done to the case meanwhile."""
    refusal = st.session_state.pop(_REFUSAL, None)
    if refusal is None or refusal[0] != case.id:
        return
    _, sentence, seen_version = refusal
    changes = tell_changes(case.events, seen_version, page.text) if seen_version is not None else []
    st.warning("  \n".join(map(escape, [sentence, *changes])), icon=":material/report:")


def explain_refusal(refusal: WanggeError, page: CasesPage) -> str:
    """Return why something was refused, in the reader's language."""
    if isinstance(refusal, Conflict):
        return page.text("refused.conflict")
    return tell_refusal(refusal, page.text)


def _is_taken_for_granted(case: Case) -> bool:
    """Whether one tap may settle a case as solved: not the secretary's, where others have it in hand."""
    actor = session.get_actor()
    return actor.role != "secretary" or case.party_id in {None, actor.party_id}


def _choose(case: Case, move: str) -> None:
    # With the version at which the form was opened, and the one of which its reader has been told.
    st.session_state[_OPEN_MOVE] = (case.id, move, case.version, case.version)


def _find_chosen(page: CasesPage, case: Case, offered: Mapping[str, Move]) -> Move | None:
    """Return the move whose form is open; where others have left no room for it, keep to say so."""
    case_id, name, _, told = st.session_state.get(_OPEN_MOVE, (0, "", 0, 0))
    if case_id != case.id or not name:
        return None
    if name not in offered:
        del st.session_state[_OPEN_MOVE]
        _keep_refusal(page, case, Conflict(), told)
    return offered.get(name)


def _settle(page: CasesPage, case: Case) -> None:
    outcome = st.session_state.get(f"outcome_{case.id}")
    if outcome is None and _is_taken_for_granted(case):
        outcome = OUTCOMES[0]
    if outcome is None:
        _keep_refusal(page, case, InputRefused("to self handle a case, say how it ended"), case.version)
        return
    try:
        settle_on_spot(case.id, case.version, outcome)
    except WanggeError as refusal:
        _keep_refusal(page, case, refusal, case.version)
    else:
        _finish(page, case, "self_handle")
        # On to the next: on a phone the list comes back.
        case_session.close_case()


def _show_form(page: CasesPage, case: Case, move: Move) -> None:
    text = page.text
    _, _, opened, told = st.session_state[_OPEN_MOVE]
    # Of the version at which it was opened: another form would drop what was written, and the click on it.
    with st.form(f"form_{case.id}_{opened}_{move.name}", border=True):
        st.markdown(f"**{escape(name_move(move.name, text))}**")
        fields = _ask_fields(page, case, move)
        draft: Draft | None = ask_correction(page, case) if "correction" in move.required else None
        must_note = "note" in move.required
        fields["note"] = st.text_area(text("case.note" if must_note else "case.note_optional"), height=80)
        photos = (
            st.file_uploader(
                text("case.photos"),
                type=_PICTURES,
                accept_multiple_files=True,
                max_upload_size=MOST_BYTES >> 20,
            )
            if move.name in _WITH_PHOTOS
            else []
        )
        if not st.form_submit_button(name_move(move.name, text), type="primary", width="stretch"):
            return
    missing = [
        name for name, value in fields.items() if value in (None, "") and (name != "note" or must_note)
    ]
    if missing or (fields.get("reason") == "other" and not fields["note"]):
        lacking = "link.missing" if missing == ["parent_id"] else "refused.missing"
        st.caption(f":red[{escape(text(lacking))}]")
        return
    if draft is not None:
        try:
            fields["correction"] = read_correction(page, draft)
        except InputRefused as unclear:
            st.caption(f":red[{escape(str(unclear))}]")
            return
    try:
        act(case.id, move.name, told, **fields, photos=[photo.getvalue() for photo in photos])
    except WanggeError as refusal:
        _keep_refusal(page, case, refusal, told)
        st.session_state[_OPEN_MOVE] = (case.id, move.name, opened, case.version)
    else:
        _finish(page, case, move.name)
    st.rerun()


def _ask_fields(page: CasesPage, case: Case, move: Move) -> dict[str, Any]:
    text = page.text
    fields: dict[str, Any] = {}
    if "reason" in move.required:
        fields["reason"] = st.selectbox(
            text("case.reason"),
            move.reasons,
            index=None,
            format_func=lambda reason: name_reason(reason, text),
            placeholder=text("case.choose_reason"),
        )
    if "to_party" in move.required:
        fields["to_party_id"] = _choose_party(page, text("case.to_party"), without=case.party_id)
    if "suggested_party" in move.required:
        fields["suggested_party_id"] = _choose_party(page, text("case.whose"), without=case.party_id)
    if "due_at" in move.required:
        fields["due_at"] = _choose_due(page, move)
    if "outcome" in move.required:
        fields["outcome"] = st.selectbox(
            text("case.outcome"), OUTCOMES, format_func=lambda outcome: name_outcome(outcome, text)
        )
    if "rating" in move.required:
        fields["rating"] = st.selectbox(
            text("case.rating"), (5, 4, 3, 2, 1), format_func=lambda rating: name_rating(rating, text)
        )
    if "parent" in move.required:
        fields["parent_id"] = choose_earlier(page, case)
    return fields


def _choose_party(page: CasesPage, label: str, *, without: int | None) -> int | None:
    names = {party: name for party, name in page.party_labels.items() if party != without}
    return st.selectbox(
        label,
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder=page.text("case.choose_party"),
    )


def _choose_due(page: CasesPage, move: Move) -> datetime | None:
    latest = page.today + timedelta(days=move.most_days) if move.most_days else None
    day: date | None = st.date_input(
        page.text("case.until"),
        value=page.today + timedelta(days=1),
        min_value=page.today,
        max_value=latest,
        format="YYYY-MM-DD",
    )
    return datetime.combine(day, _END_OF_WORK, CHINA) if day else None


def _finish(page: CasesPage, case: Case, move: str) -> None:
    st.session_state.pop(_OPEN_MOVE, None)
    forget_picked([case.id])
    session.tell_next(page.text("case.done", move=name_move(move, page.text)))
    try:
        get_case(case.id)
    except NotFound:
        # A company that returns a case does not see it any more.
        case_session.close_case()


def _keep_refusal(page: CasesPage, case: Case, refusal: WanggeError, seen_version: int) -> None:
    seen = seen_version if isinstance(refusal, Conflict) else None
    st.session_state[_REFUSAL] = (case.id, explain_refusal(refusal, page), seen)

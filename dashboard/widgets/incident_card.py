"""The card of the case that is open, and what may be done with it now."""

from base64 import b64encode
from datetime import datetime
from typing import Final

import streamlit as st

from dashboard import case_session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_card import CaseCard, build_card, list_offered
from dashboard.models.incident_page import CasesPage
from dashboard.widgets.incident_moves import show_moves
from dashboard.widgets.markdown import escape, write_table
from geo.errors import InputRefused, NotFound
from geo.model.actor import Actor
from geo.model.incident import Case, Original
from geo.operations.case_view import view_case
from geo.operations.incidents import reveal_case, reveal_requester
from geo.store.photos import read_photo
from geo.store.worklist import Around

_TONE_COLOURS: Final = {
    "over": "red",
    "amber": "orange",
    "in_time": "green",
    "none": "gray",
    "settled": "gray",
}
_AROUND_M: Final = 200


def show_case(page: CasesPage, case_id: int, now: datetime) -> None:
    """Show the card of a case; where there is no such case, say so."""
    text = page.text
    try:
        view = view_case(case_id, now)
    except NotFound:
        st.warning(text("case.not_found"), icon=":material/search_off:")
        st.button(text("case.back"), key="close_case", on_click=case_session.close_case)
        return
    case = view.case
    card = build_card(view, page.party_names, page.case_kinds, text, now)
    with st.container(border=True, key="case_card"):
        with st.container(key="case_title", horizontal=True, vertical_alignment="center"):
            st.markdown(f"#### {escape(card.title)} :gray[#{case.id}]", width="stretch")
            st.button(
                "",
                key="close_case",
                icon=":material/close:",
                type="tertiary",
                help=text("card.close"),
                on_click=case_session.close_case,
            )
        colour = _TONE_COLOURS[card.tone]
        st.markdown(
            f"**{escape(card.place)}** :gray[·] {escape(card.state)} :{colour}[**{escape(card.due)}**]"
        )
        if case.call_first and case.is_open:
            st.error(text("case.call_first", numbers=case.call_first), icon=":material/call:")
        for words in card.words:
            st.markdown(escape(words))
        if card.is_sealed:
            st.caption(text("case.sealed" if _can_ask(page.actor, case) else "case.words_of_others"))
        show_moves(page, case, *list_offered(case, page.actor))
        _show_photos(case)
        st.markdown(write_table(card.facts))
        if card.why:
            st.caption(escape(card.why))
        _show_times(card, page)
        _show_history(card, page)
        if _can_ask(page.actor, case):
            _show_originals(page, case)
        if case.longitude is not None and st.button(
            text("case.around", metres=_AROUND_M), key="around", icon=":material/radar:", type="tertiary"
        ):
            around = Around(case.longitude, case.latitude or 0.0, _AROUND_M)
            case_session.change_filters(page.filters, around=around, place=None, whose="all")
            st.rerun()


def _show_photos(case: Case) -> None:
    if case.photos:
        shown = " ".join(
            f"[![{photo.id}](/photos/{photo.id}?size=thumbnail)](/photos/{photo.id})" for photo in case.photos
        )
        st.markdown(shown)


def _show_times(card: CaseCard, page: CasesPage) -> None:
    if not card.legs:
        return
    st.markdown(f"**{page.text('case.legs')}**")
    lines = [
        f":{_TONE_COLOURS[leg.tone]}[●] {escape(leg.name)} :gray[{escape(leg.detail)}]" for leg in card.legs
    ]
    st.markdown("  \n".join(lines))


def _show_history(card: CaseCard, page: CasesPage) -> None:
    if not card.history:
        return
    st.markdown(f"**{page.text('case.history')}**")
    lines = [f":gray[{escape(line.at)}] {escape(line.what)}" for line in card.history]
    said = [f"  \n:gray[{escape(line.words)}]" if line.words else "" for line in card.history]
    st.markdown("  \n".join(line + words for line, words in zip(lines, said, strict=True)))


def _can_ask(actor: Actor, case: Case) -> bool:
    """Whether the reader may see what is masked or sealed, for a reason."""
    return actor.role == "secretary" or (actor.role == "grid_worker" and case.words is not None)


def _show_original(original: Original, text: Text) -> None:
    words = original.words
    for each in filter(None, (words.title, words.description, words.address)):
        st.text(each)
    for sha256, media_type in original.photos:
        try:
            content = b64encode(read_photo(sha256)).decode()
        except NotFound as gone:
            st.caption(escape(tell_refusal(gone, text)))
        else:
            # Within the page: an address of its own would outlast this one look.
            st.image(f"data:{media_type};base64,{content}")


def _show_originals(page: CasesPage, case: Case) -> None:
    """Offer what is masked or sealed, for a reason that the log keeps; it is shown until the next click."""
    text = page.text
    with st.popover(text("case.originals"), icon=":material/lock_open:", type="tertiary"):
        st.caption(text("case.originals_hint"))
        reason = st.text_input(text("case.reason"), key=f"reveal_reason_{case.id}", max_chars=200)
        wants_words = st.button(text("case.reveal_words"), key=f"reveal_words_{case.id}")
        wants_requester = bool(case.requester) and st.button(
            text("case.reveal_requester"), key=f"reveal_requester_{case.id}"
        )
        try:
            if wants_words:
                _show_original(reveal_case(case.id, reason), text)
            if wants_requester:
                person = reveal_requester(case.id, reason)
                st.text(" ".join(filter(None, (person.name, person.phone, person.room))))
        except InputRefused:
            st.caption(f":red[{escape(text('case.reason_needed'))}]")
        except NotFound:
            st.caption(text("case.not_found"))

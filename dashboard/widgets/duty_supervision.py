"""The number that stands on the public cards of a community's zones: shown to all, changed by its keepers."""

from typing import Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.operations.supervision import set_supervision_phone

_REFUSAL: Final = "supervision_refusal"


def show_supervision(community_id: int, phone: str, text: Text, *, can_keep: bool) -> None:
    """Show the number, with a form for whoever keeps it."""
    if refusal := st.session_state.pop(_REFUSAL, None):
        st.warning(escape(refusal), icon=":material/report:")
    with st.container(border=True, key="duty_supervision"):
        label = f"**{text('duties.supervision')}** {escape(phone)} :gray[{text('duties.supervision_hint')}]"
        if not can_keep:
            st.markdown(label)
            return
        told, typed, save = st.columns([5, 2, 1], vertical_alignment="center")
        told.markdown(label)
        key = f"supervision_{community_id}"
        typed.text_input(
            text("duties.supervision"), value=phone, key=key, max_chars=20, label_visibility="collapsed"
        )
        save.button(
            text("duties.save"),
            key="supervision_save",
            width="stretch",
            on_click=lambda: _save(community_id, st.session_state[key], text),
        )


def _save(community_id: int, phone: str, text: Text) -> None:
    try:
        set_supervision_phone(community_id, phone)
    except WanggeError as refusal:
        st.session_state[_REFUSAL] = tell_refusal(refusal, text)

"""The imports of a community, and the way back from each."""

from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.import_result import list_history
from dashboard.widgets.import_drop import attempt
from dashboard.widgets.markdown import escape
from geo.operations.importing import list_batches, undo_batch
from geo.store.places import Community

_AT_FIRST: Final = 12
_ALL: Final = "import_history_all"


def show_history(community: Community, text: Text) -> None:
    """Show what was brought in, the newest first."""
    lines = list_history(list_batches(community.id), text)
    if not lines:
        return
    with st.container(key="import_history", border=True):
        st.markdown(f"#### {text('import.history')}")
        shown = lines if st.session_state.get(_ALL) else lines[:_AT_FIRST]
        for line in shown:
            with st.container(key=f"import_batch_{line.batch}", horizontal=True, vertical_alignment="center"):
                when, detail = escape(line.when), escape(line.detail)
                st.markdown(f"**{escape(line.file_name)}** :gray[{when}]  \n:gray[{detail}]", width="stretch")
                if line.can_undo:
                    offer_undo(community, line.batch, line.file_name, "history", text)
        if len(lines) > len(shown):
            st.button(
                text("morning.more", n=len(lines) - len(shown)),
                key="import_history_more",
                type="tertiary",
                on_click=lambda: st.session_state.update({_ALL: True}),
            )


def offer_undo(community: Community, batch: int, file_name: str, where: str, text: Text) -> None:
    """Offer to take a batch back, after one more question."""
    with st.popover(text("import.undo"), icon=":material/undo:", key=f"import_{where}_{batch}"):
        st.markdown(escape(text("import.undo_ask", batch=batch, file=file_name)))
        st.button(
            text("import.undo_yes"),
            key=f"import_undo_{where}_{batch}",
            type="primary",
            on_click=_undo,
            args=(community.id, batch),
        )


def _undo(community_id: int, batch: int) -> None:
    def undo() -> None:
        session.change_address(job=undo_batch(community_id, batch))

    attempt(undo)

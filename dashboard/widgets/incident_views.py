"""Views of the list kept by name: to open, to keep, to delete."""

import streamlit as st

from dashboard import case_session
from dashboard.models.incident_filters import format_filters, parse_filters
from dashboard.models.incident_page import CasesPage
from dashboard.widgets.markdown import escape
from geo.errors import InputRefused
from geo.rules.inert import strip_controls
from geo.store import saved_views


def show_views(page: CasesPage) -> None:
    """Show the reader's own views; what they list is looked up when they are opened."""
    text = page.text
    with st.popover("", icon=":material/bookmark:", help=text("views.title")):
        for number, (name, params) in enumerate(page.views.items()):
            title, delete = st.columns([5, 1], vertical_alignment="center")
            title.button(
                escape(name), key=f"view_{number}", width="stretch", on_click=_open, args=(page, params)
            )
            delete.button(
                "",
                key=f"delete_view_{number}",
                icon=":material/delete:",
                type="tertiary",
                help=text("views.delete"),
                on_click=saved_views.delete_view,
                args=(name,),
            )
        if not page.views:
            st.caption(text("views.none"))
        st.text_input(text("views.name"), key="view_name", max_chars=40)
        st.button(
            text("views.save"), key="save_view", icon=":material/bookmark_add:", on_click=_save, args=(page,)
        )
        if refusal := st.session_state.pop("view_refusal", None):
            st.caption(f":red[{escape(refusal)}]")


def _open(page: CasesPage, params: dict[str, str]) -> None:
    filters, _ = parse_filters(params, page.categories)
    case_session.change_filters(filters)


def _save(page: CasesPage) -> None:
    params = {name: value for name, value in format_filters(page.filters).items() if value is not None}
    try:
        saved_views.save_view(strip_controls(st.session_state["view_name"]), params)
    except InputRefused:
        st.session_state["view_refusal"] = page.text("views.refused")
    else:
        st.session_state["view_name"] = ""

"""What is to be looked at: one tap says somebody was there, two that there is a problem: then a case."""

from datetime import datetime
from typing import Final

import streamlit as st

from dashboard import data, session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_words import name_category
from dashboard.models.inspections_page import DueLine, DueSection, build_sections
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.actor import Actor
from geo.operations.inspections import list_due_inspections, record_inspection, report_problem
from geo.store.places import Community

_OPEN: Final = "inspection_open"
_MOST_SHOWN: Final = 8


def show_due(community: Community, actor: Actor, now: datetime, text: Text) -> None:
    """Show what is due to whoever looks, and to the secretary everybody's on request."""
    whose = actor.party_id
    if actor.role == "secretary":
        chosen = st.segmented_control(
            text("inspection.whose"),
            ("own", "all"),
            default="own",
            format_func=lambda key: text("inspection.own" if key == "own" else "inspection.all"),
            key="inspection_whose",
            label_visibility="collapsed",
            required=True,
        )
        whose = None if chosen == "all" else whose
    if whose is None and actor.role != "secretary":
        st.info(text("inspection.no_party"), icon=":material/person_off:")
        return
    sections = build_sections(list_due_inspections(community.id, now, party_id=whose), text)
    if not sections:
        st.info(text("inspection.nothing"), icon=":material/check:")
    with st.container(key="inspection_due"):
        for number, section in enumerate(sections):
            _show_section(section, number, community.id, text)


def _show_section(section: DueSection, number: int, community_id: int, text: Text) -> None:
    with st.container(border=True, key=f"inspection_section_{number}"):
        st.markdown(f"**{escape(section.title)}** :gray[{escape(section.told)}]")
        if section.is_resting:
            return
        if not section.lines:
            st.caption(text("inspection.all_done"))
            return
        if section.items:
            st.caption(text("inspection.items", items=escape(section.items)))
        for line in section.lines[:_MOST_SHOWN]:
            _show_line(line, f"{number}_{line.place_id}", community_id, text)
        if len(section.lines) > _MOST_SHOWN:
            st.caption(text("inspection.more", n=len(section.lines) - _MOST_SHOWN))


def _show_line(line: DueLine, key: str, community_id: int, text: Text) -> None:
    with st.container(
        key=f"inspection_line_{key}", horizontal=True, vertical_alignment="center", gap="small"
    ):
        st.markdown(escape(line.title), width="stretch")
        st.button(
            text("inspection.checked"),
            key=f"inspection_checked_{key}",
            icon=":material/check:",
            on_click=_record,
            args=(line, community_id, text),
        )
        if st.button(text("inspection.problem"), key=f"inspection_problem_{key}", icon=":material/report:"):
            st.session_state[_OPEN] = None if st.session_state.get(_OPEN) == key else key
    if st.session_state.get(_OPEN) == key:
        _show_problem(line, key, community_id, text)


def _show_problem(line: DueLine, key: str, community_id: int, text: Text) -> None:
    kinds = {
        code: name_category(category, text)
        for code, category in data.list_categories().items()
        if category.parent_code and not category.is_sealed and not category.is_sensitive
    }
    st.selectbox(
        text("new.category"),
        list(kinds),
        index=None,
        format_func=kinds.__getitem__,
        key=f"inspection_category_{key}",
        placeholder=text("inspection.choose_category"),
        label_visibility="collapsed",
    )
    st.text_area(
        text("inspection.what"), line.draft, key=f"inspection_words_{key}", height=84,
        label_visibility="collapsed",
    )  # fmt: skip
    st.button(
        text("inspection.open"),
        key=f"inspection_open_{key}",
        type="primary",
        width="stretch",
        disabled=st.session_state.get(f"inspection_category_{key}") is None,
        on_click=_report,
        args=(line, community_id, key, text),
    )


def _record(line: DueLine, community_id: int, text: Text) -> None:
    try:
        record_inspection(community_id, line.subject, line.place_id)
        session.tell_next(text("inspection.recorded", name=line.title))
    except WanggeError as refusal:
        session.tell_next(tell_refusal(refusal, text), is_refusal=True)


def _report(line: DueLine, community_id: int, key: str, text: Text) -> None:
    words = str(st.session_state.get(f"inspection_words_{key}", "")).strip() or line.draft
    category = str(st.session_state[f"inspection_category_{key}"])
    try:
        case = report_problem(community_id, line.subject, line.place_id, category, words)
        session.tell_next(text("inspection.opened", id=case))
        st.session_state[_OPEN] = None
    except WanggeError as refusal:
        session.tell_next(tell_refusal(refusal, text), is_refusal=True)

"""The head of the page of figures: what is shown, of when and by what; the paragraph and the file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.figure_export import list_tables, write_watermark
from dashboard.models.figure_state import FigureState, Spans, View, format_state, list_choices
from dashboard.models.figures import name_period
from dashboard.models.figures_page import LEVEL_NAMES, list_by, name_indicator
from dashboard.widgets.workbook import offer_workbook
from geo.model.actor import Actor
from geo.model.indicator import LEVELS, WHOLE
from geo.operations.exporting import export_book
from geo.operations.indicators import Measured
from geo.rules.indicators import INDICATORS
from geo.rules.periods import PERIOD_KINDS, find_period, format_period
from geo.store.engine import acting_as
from geo.store.places import Community

_VIEWS: Final[dict[View, str]] = {
    "figures": "figures.view_figures",
    "packs": "figures.view_packs",
    "score": "figures.view_score",
}
_KINDS: Final = {
    "day": "figures.day",
    "week": "figures.weekly",
    "month": "figures.month",
    "quarter": "figures.quarterly",
}


def change(state: FigureState, **changes: Any) -> None:
    """Put another state into the address."""
    session.change_address(**format_state(replace(state, **changes), session.today()))


def choose_view(state: FigureState, views: Sequence[View], text: Text) -> None:
    """Show which part of the page is open, as a choice."""
    st.session_state["figure_view"] = state.view
    st.segmented_control(
        text("figures.view"),
        list(views),
        format_func=lambda view: text(_VIEWS[view]),
        key="figure_view",
        label_visibility="collapsed",
        required=True,
        on_change=lambda: change(state, view=st.session_state["figure_view"], figure=None, key=WHOLE),
    )


def choose_period(state: FigureState, first_report: date, today: date, text: Text) -> None:
    """Show of when the figures are: kind of period, and which."""
    st.session_state["figure_kind"] = state.kind
    st.segmented_control(
        text("figures.kind"),
        list(PERIOD_KINDS),
        format_func=lambda kind: text(_KINDS[kind]),
        key="figure_kind",
        label_visibility="collapsed",
        required=True,
        on_change=lambda: change(
            state, period=find_period(st.session_state["figure_kind"], min(state.period.first, today))
        ),
    )
    periods = {format_period(period): period for period in list_choices(state.kind, first_report, today)}
    periods.setdefault(format_period(state.period), state.period)
    st.session_state["figure_period"] = format_period(state.period)
    st.selectbox(
        text("figures.period"),
        list(periods),
        format_func=lambda code: name_period(periods[code], today, text),
        key="figure_period",
        label_visibility="collapsed",
        width=290 if state.kind == "week" else 190,
        on_change=lambda: change(state, period=periods[st.session_state["figure_period"]]),
    )


def choose_level(state: FigureState, text: Text) -> None:
    """Show by what the figures are, and which where it is by places."""
    st.session_state["figure_level"] = state.level
    st.selectbox(
        text("figures.level"),
        list(LEVELS),
        format_func=lambda level: text(LEVEL_NAMES[level]),
        key="figure_level",
        label_visibility="collapsed",
        width=130,
        on_change=lambda: change(state, level=st.session_state["figure_level"], figure=None, key=WHOLE),
    )
    if state.level == "community":
        return
    st.session_state["figure_by"] = state.by
    st.selectbox(
        text("figures.indicator"),
        list(list_by(state.level)),
        format_func=lambda id_: name_indicator(INDICATORS[id_], text),
        key="figure_by",
        label_visibility="collapsed",
        width=230,
        on_change=lambda: change(state, by=st.session_state["figure_by"], figure=None, key=WHOLE),
    )


def show_paragraph(paragraph: str, text: Text) -> None:
    """Offer the figures as a paragraph to send."""
    with st.popover(text("figures.bulletin"), icon=":material/content_copy:"):
        st.caption(text("morning.copy_hint"))
        st.code(paragraph, language=None, wrap_lines=True)


def show_download(
    measured: Measured, state: FigureState, spans: Spans, actor: Actor, community: Community, text: Text
) -> None:
    """Offer the table as a file; it is made, and noted in the log, when it is asked for."""
    offer_workbook(
        partial(export_figures, measured, state, spans, actor, community, text),
        f"figures-{community.code}-{format_period(state.period)}.xlsx",
        "figures_xlsx",
        text,
    )


def export_figures(
    measured: Measured, state: FigureState, spans: Spans, actor: Actor, community: Community, text: Text
) -> bytes:
    """Return the table as an Excel file, and note in the log that it was taken out."""
    now = datetime.now(UTC)
    today = session.today()
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        return export_book(
            community.id,
            list_tables(measured, state, spans, today, text),
            write_watermark(actor.name, community.name, name_period(state.period, today, text), now, text),
        )

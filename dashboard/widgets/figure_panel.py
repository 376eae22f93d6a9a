"""Beside the table: what the figure that is open is made of, down to its cases."""

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from dashboard.i18n import Text
from dashboard.models.figure_state import FigureState
from dashboard.models.figures_page import LEVEL_NAMES, FigureCard
from dashboard.widgets.figure_head import change
from dashboard.widgets.markdown import escape
from geo.model.indicator import WHOLE

_CASES: Final = "views/incidents.py"
_COVERAGE: Final = "views/coverage.py"


def show_card(card: FigureCard, state: FigureState, text: Text) -> None:
    """Show how a figure is worked out, and offer its parts and by what else it can be seen."""
    title, close = st.columns([7, 1], vertical_alignment="center")
    title.markdown(f"#### {escape(card.title)}")
    close.button(
        "",
        key="figure_close",
        icon=":material/close:",
        type="tertiary",
        on_click=change,
        args=(state,),
        kwargs={"figure": None, "key": WHOLE},
    )
    st.markdown(f"**{escape(card.told)}**")
    st.caption(escape(card.formula))
    if card.levels:
        with st.container(key="figure_levels", horizontal=True, gap="small", vertical_alignment="center"):
            st.caption(text("figures.see_by"))
            for level in card.levels:
                st.button(
                    text(LEVEL_NAMES[level]),
                    key=f"figure_by_{level}",
                    type="tertiary",
                    on_click=change,
                    args=(state,),
                    kwargs={"level": level, "by": state.figure, "figure": None, "key": WHOLE},
                )
    if card.is_of_cases and len(card.parts) > 1:
        st.session_state["figure_part"] = state.part
        st.segmented_control(
            text("figures.cases"),
            list(card.parts),
            format_func=lambda name: card.parts[name],
            key="figure_part",
            label_visibility="collapsed",
            required=True,
            on_change=lambda: change(state, part=st.session_state["figure_part"]),
        )


def show_cases(
    lines: Sequence[tuple[int, str, str]], total: int, kept: Mapping[str, str], text: Text
) -> None:
    """List cases: number, title and detail of each; ``kept`` are the parameters that every page has."""
    if not lines:
        st.caption(text("figures.no_cases"))
    for case, title, detail in lines:
        _show_link(_CASES, f"{escape(title)} :gray[{escape(detail)}]", {**kept, "case": str(case)})
    if total > len(lines):
        st.caption(text("figures.more_cases", n=total - len(lines)))


def show_places_link(kept: Mapping[str, str], text: Text) -> None:
    """Lead to the page that lists the places that are not covered."""
    _show_link(_COVERAGE, text("figures.of_places"), kept)


def _show_link(page: str, label: str, params: Mapping[str, str]) -> None:
    try:
        st.page_link(page, label=label, query_params=params, width="stretch")
    except StreamlitPageNotFoundError:
        st.markdown(label)

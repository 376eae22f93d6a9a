"""Beside the heat map: what is shown, where it is hottest, and the card of the cell that was clicked."""

from collections.abc import Callable, Mapping
from html import escape as escape_html

import streamlit as st

from dashboard.i18n import Text
from dashboard.models.heat_card import HeatCard
from dashboard.models.heat_page import HeatPage, HotPlace
from dashboard.widgets.markdown import escape

_TONES = {"hot": ":red-background[{}]", "unknown": ":gray-background[{}]", "calm": "{}"}


def show_told(page: HeatPage, text: Text) -> None:
    """Say what is shown, over what, for when, and how many."""
    with st.container(key="heat_told", gap=None):
        for line in page.told:
            st.caption(escape(line))
    if page.is_empty:
        st.info(text("heat.empty"), icon=":material/filter_alt_off:")


def show_hot_places(page: HeatPage, on_open: Callable[[int], None]) -> None:
    """List the hottest cells."""
    with st.container(key="heat_places", border=True):
        st.markdown(f"#### {escape(page.heading)}")
        st.caption(escape(page.note))
        _show_places(page.places, "hot", on_open)


def show_heat_card(
    card: HeatCard,
    kept: Mapping[str, str],
    text: Text,
    *,
    on_close: Callable[[], None],
    on_open: Callable[[int], None],
) -> None:
    """Show the card of a cell; ``kept`` are the address parameters that every page has."""
    with st.container(key="heat_card", border=True):
        title, close = st.columns([6, 1], vertical_alignment="center")
        title.markdown(f"#### {escape(card.title)}")
        close.button("", key="heat_close", icon=":material/close:", type="tertiary", on_click=on_close)
        st.markdown(_TONES[card.tone].format(escape(card.verdict)))
        rows = "\n".join(f"| {escape(label)} | {escape(value)} |" for label, value in card.facts)
        st.markdown(f"| | |\n|---|---|\n{rows}")
        st.html(f'<img class="heat-line" src="{card.line}" alt="{escape_html(card.line_note)}">')
        st.caption(escape(card.line_note))
        if card.kinds:
            st.markdown(escape(card.kinds))
        for case, told in card.newest:
            st.page_link("views/incidents.py", label=escape(told), query_params={**kept, "case": str(case)})
        st.page_link(
            "views/incidents.py",
            label=text("heat.all_cases"),
            icon=":material/list:",
            query_params={**kept, **card.list_params},
        )
        if card.neighbours:
            st.caption(text("heat.neighbours"))
            _show_places(card.neighbours, "next", on_open)


def _show_places(places: tuple[HotPlace, ...], key: str, on_open: Callable[[int], None]) -> None:
    for number, place in enumerate(places):
        st.button(
            f"**{escape(place.name)}**  {escape(place.told)}",
            key=f"heat_{key}_{number}",
            type="tertiary",
            width="stretch",
            on_click=on_open,
            args=(place.cell,),
        )

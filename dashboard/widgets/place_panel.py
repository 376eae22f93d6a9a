"""What stands beside the map: the card of a place, and lists that lead to places."""

from collections.abc import Callable, Sequence

import streamlit as st

from dashboard.i18n import Text
from dashboard.models.map_page import ListEntry
from dashboard.models.map_state import PlaceKey
from dashboard.models.place_card import PlaceCard
from dashboard.widgets.markdown import escape, write_table


def show_place_card(
    card: PlaceCard,
    text: Text,
    *,
    on_close: Callable[[], None] | None,
    on_open: Callable[[PlaceKey], None],
) -> None:
    """Show what a place is, who is responsible and what is open there; without ``on_close`` it stays open."""
    with st.container(border=True, key="card"):
        title, close = st.columns([8, 1], vertical_alignment="center")
        title.markdown(f"#### {escape(card.title)}")
        if on_close:
            close.button(
                "",
                key="close_card",
                icon=":material/close:",
                type="tertiary",
                help=text("card.close"),
                on_click=on_close,
            )
        st.caption(escape(card.kind))
        if card.is_three_no:
            st.badge(text("legend.three_no"), icon=":material/texture:", color="violet")
        if card.facts:
            st.markdown(write_table(card.facts))
        if card.holders or card.coverage:
            st.markdown(f"**{text('card.responsible')}**")
        for nth, line in enumerate(card.coverage):
            colour = "red" if line.is_missing else "gray"
            label = f"{escape(line.name)} :{colour}[{escape(line.detail)}]"
            if st.button(label, key=f"coverage_{nth}", type="tertiary", width="stretch"):
                st.switch_page("views/zones.py", query_params=line.params)
        if card.holders:
            st.markdown("  \n".join(_write_holders(card)))
        if card.open_heading:
            st.markdown(f"**{card.open_heading}**")
        for incident in card.incidents:
            colour = "red" if incident.is_overdue else "gray"
            st.button(
                f"{escape(incident.name)} :{colour}[{escape(incident.detail)}]",
                key=f"incident_{incident.id}",
                type="tertiary",
                width="stretch",
                on_click=on_open,
                args=(PlaceKey("incidents", incident.id),),
            )


def show_list(
    heading: str,
    entries: Sequence[ListEntry],
    empty: str,
    *,
    key: str,
    icon: str,
    on_open: Callable[[ListEntry], None],
) -> None:
    """Show a list of places; a click opens one."""
    with st.container(border=True, key=key):
        st.markdown(f"**{heading}**")
        if not entries:
            st.caption(empty)
        for entry in entries:
            st.button(
                f"{icon} {escape(entry.title)} :gray[{escape(entry.detail)}]",
                key=f"{key}_{entry.place.layer}_{entry.place.id}",
                type="tertiary",
                width="stretch",
                on_click=on_open,
                args=(entry,),
            )


def _write_holders(card: PlaceCard) -> list[str]:
    return [
        f":red[:material/person_off: **{escape(holder.name)}** {escape(holder.detail)}]"
        if holder.is_missing
        else f"{escape(holder.name)} :gray[{escape(holder.detail)}]"
        for holder in card.holders
    ]

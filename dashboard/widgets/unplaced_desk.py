"""The queue of what has no place: one tap confirms what an address means, a pin or a building says it."""

from collections.abc import Mapping
from typing import Final

import streamlit as st
from streamlit_folium import st_folium

from dashboard import data, session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.maps.pinning import build_pin_map
from dashboard.models import map_page
from dashboard.models.map_notice import write_map_notice
from dashboard.models.unplaced import (
    MOST_SHOWN,
    Offer,
    QueueLine,
    build_lines,
    find_click,
    look_around,
    tell_alias,
    tell_summary,
)
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.actor import Actor
from geo.operations.unplaced import (
    PlaceChoice,
    forget_alias,
    list_aliases,
    list_unplaced,
    mark_elsewhere,
    place_group,
)
from geo.store.addresses import read_anchors
from geo.store.engine import connect
from geo.store.places import Community

_REFUSED: Final = "unplaced_refused"
_OPEN: Final = "unplaced_open"
_MAP_HEIGHT_PX: Final = 360
_MOST_ALIASES: Final = 50


def show_queue(community: Community, actor: Actor, tags: Mapping[str, str], text: Text) -> None:
    """Show what waits for a place, those with most cases first, and what has been remembered."""
    if refused := st.session_state.pop(_REFUSED, None):
        st.warning(escape(refused), icon=":material/report:")
    unplaced = list_unplaced(community.id)
    if unplaced.cases or unplaced.merchants:
        st.caption(escape(tell_summary(unplaced, text)))
    lines = build_lines(unplaced.groups, text)
    if not lines:
        st.info(text("unplaced.nothing"), icon=":material/check:")
    with st.container(key="unplaced_queue"):
        for number, line in enumerate(lines[:MOST_SHOWN]):
            with st.container(border=True, key=f"unplaced_line_{number}"):
                _show_line(line, number, community, text)
                if st.session_state.get(_OPEN) == line.key:
                    _show_choice(line, community, actor, tags, text)
    if len(lines) > MOST_SHOWN:
        st.caption(text("unplaced.more", n=len(lines) - MOST_SHOWN))
    if unplaced.elsewhere:
        with st.expander(text("unplaced.elsewhere", n=len(unplaced.elsewhere))):
            for line in build_lines(unplaced.elsewhere, text)[:MOST_SHOWN]:
                st.markdown(f"{escape(line.title)} :gray[{escape(line.told)}]")
    _show_aliases(community, text)


def _show_line(line: QueueLine, number: int, community: Community, text: Text) -> None:
    st.markdown(f"**{escape(line.title)}** :gray[{escape(line.told)}]")
    if line.also:
        st.caption(escape(line.also))
    with st.container(key=f"unplaced_offers_{number}", horizontal=True, gap="small"):
        for position, offer in enumerate(line.offers):
            st.button(
                escape(offer.label),
                key=f"unplaced_offer_{number}_{position}",
                icon=":material/check:" if offer.building_id is not None else ":material/apartment:",
                type="primary" if position == 0 and offer.building_id is not None else "secondary",
                on_click=_place_offer,
                args=(line, offer, community.id, text),
            )
        is_open = st.session_state.get(_OPEN) == line.key
        st.button(
            text("unplaced.close" if is_open else "unplaced.choose"),
            key=f"unplaced_choose_{number}",
            icon=":material/expand_less:" if is_open else ":material/edit_location_alt:",
            on_click=_turn,
            args=(None if is_open else line.key,),
        )
        st.button(
            text("unplaced.not_ours"),
            key=f"unplaced_elsewhere_{number}",
            icon=":material/wrong_location:",
            type="tertiary",
            disabled=line.note is not None,
            on_click=_mark_elsewhere,
            args=(line, community.id, text),
        )
    if line.note:
        st.caption(escape(line.note))


def _show_choice(
    line: QueueLine, community: Community, actor: Actor, tags: Mapping[str, str], text: Text
) -> None:
    """Let the reader say where an address is: a building of the list, or a spot on the map."""
    names = {building.id: building.name for building in data.list_buildings(community.id, tags, actor)}
    building_id = st.selectbox(
        text("unplaced.building"),
        list(names),
        index=None,
        format_func=lambda key: names[key],
        key=f"unplaced_building_{line.key}",
        placeholder=text("unplaced.building"),
        label_visibility="collapsed",
    )
    whole = False
    if line.compound and building_id is not None:
        whole = st.checkbox(
            text("unplaced.whole_compound", compound=line.compound), key=f"unplaced_whole_{line.key}"
        )
    if building_id is not None:
        choice = PlaceChoice(building_id=building_id, whole_compound=whole)
        st.button(
            text("unplaced.place_at", name=escape(names[building_id])),
            key="unplaced_place_building",
            type="primary",
            icon=":material/check:",
            on_click=_place,
            args=(line, choice, community.id, text),
        )
        return
    st.caption(text("unplaced.click_map"))
    clicked = find_click(
        st_folium(
            build_pin_map(map_page.list_urls(tags, community.code), _choose_box(line, community)),
            key=f"unplaced_map_{line.key}",
            height=_MAP_HEIGHT_PX,
            use_container_width=True,
            returned_objects=["last_clicked"],
        )
    )
    st.caption(write_map_notice(text))
    st.button(
        text("unplaced.place_spot"),
        key="unplaced_place_spot",
        type="primary",
        icon=":material/location_on:",
        disabled=clicked is None,
        on_click=_place,
        args=(
            line,
            PlaceChoice(longitude=clicked[0], latitude=clicked[1]) if clicked else PlaceChoice(),
            community.id,
            text,
        ),
    )


def _choose_box(line: QueueLine, community: Community) -> tuple[float, float, float, float]:
    """Return what the map shows first: around the likeliest place, or the whole community."""
    whole, near = map_page.enclose([community]), line.near
    if near is None:
        return whole
    key = (near.building_id, None) if near.building_id is not None else (None, near.compound_id)
    with connect() as connection:
        anchors = read_anchors(connection, *([] if each is None else [each] for each in key))
    return look_around(*anchors[key], whole) if key in anchors else whole


def _show_aliases(community: Community, text: Text) -> None:
    aliases = list_aliases(community.id)
    if not aliases:
        return
    with st.container(key="unplaced_aliases"), st.expander(text("unplaced.remembered", n=len(aliases))):
        for alias in aliases[:_MOST_ALIASES]:
            with st.container(key=f"unplaced_alias_{alias.id}", horizontal=True, vertical_alignment="center"):
                st.markdown(escape(tell_alias(alias, text)), width="stretch")
                st.button(
                    "",
                    key=f"unplaced_forget_{alias.id}",
                    icon=":material/close:",
                    type="tertiary",
                    help=text("unplaced.forget"),
                    on_click=_forget,
                    args=(alias.id, text),
                )


def _turn(key: str | None) -> None:
    st.session_state[_OPEN] = key


def _place_offer(line: QueueLine, offer: Offer, community_id: int, text: Text) -> None:
    choice = PlaceChoice(
        building_id=offer.building_id,
        compound_id=offer.compound_id if offer.building_id is None else None,
    )
    _place(line, choice, community_id, text)


def _place(line: QueueLine, choice: PlaceChoice, community_id: int, text: Text) -> None:
    try:
        placed = place_group(community_id, line.spellings, choice)
    except WanggeError as refusal:
        st.session_state[_REFUSED] = tell_refusal(refusal, text)
        return
    data.forget_gazetteers()
    session.tell_next(text("unplaced.placed", n=placed))
    st.session_state[_OPEN] = None


def _mark_elsewhere(line: QueueLine, community_id: int, text: Text) -> None:
    try:
        mark_elsewhere(community_id, line.spellings)
    except WanggeError as refusal:
        st.session_state[_REFUSED] = tell_refusal(refusal, text)
        return
    data.forget_gazetteers()
    session.tell_next(text("unplaced.marked"))


def _forget(alias_id: int, text: Text) -> None:
    try:
        forget_alias(alias_id)
    except WanggeError as refusal:
        st.session_state[_REFUSED] = tell_refusal(refusal, text)
        return
    data.forget_gazetteers()

"""The map: what there is, where it is, who answers for it."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import data, session
from dashboard.maps.deck import build_city_deck, build_community_deck
from dashboard.models import map_page
from dashboard.models.map_state import LAYERS, is_near
from dashboard.models.place_card import build_community_card, build_place_card, build_point_card
from dashboard.routes.vendor import vendor_url
from dashboard.widgets.header import show_community_choice, show_language_switch
from dashboard.widgets.layer_export import offer_layers
from dashboard.widgets.map_frame import show_map_frame
from dashboard.widgets.place_panel import show_list, show_place_card
from geo.errors import NotFound
from geo.store import places
from geo.store.versions import list_layer_tags

text = session.get_text()
today, now = session.today(), datetime.now(UTC)
state = session.read_map_state()
communities = places.list_communities()

choice, switches, search, language = st.columns([2, 5.2, 2.6, 0.9], vertical_alignment="center")
with language:
    show_language_switch(text)
if not communities:
    st.info(text("map.empty"), icon=":material/add_location_alt:")
    st.stop()
with choice:
    community = show_community_choice(communities, state.community, text)
community_id, code = (community.id, community.code) if community else (None, None)
tags = list_layer_tags(community_id, today)
counts = data.count_places(community_id, today, tags)
with search:
    words = st.text_input(
        text("map.search"),
        key="words",
        max_chars=60,
        placeholder=text("map.search"),
        label_visibility="collapsed",
    )
with switches:
    if community:
        titles = map_page.name_layers(counts, text)
        st.session_state["layers"] = list(state.layers)
        st.pills(
            text("map.layers"),
            LAYERS,
            selection_mode="multi",
            format_func=titles.__getitem__,
            key="layers",
            label_visibility="collapsed",
            on_change=session.switch_layers,
        )

place = None
if state.selected:
    try:
        place = places.get_place(state.selected.layer, state.selected.id, today)
    except NotFound:
        session.change_address(selected=None)
view = session.choose_view(map_page.enclose([community] if community else communities), code, state.view)
near = is_near(state.view or view)
outline = place.outline if place else None
urls = map_page.list_urls(tags, code)
deck = (
    build_community_deck(urls, state.layers, outline, view, now, is_near=near)
    if community
    else build_city_deck(
        urls, map_page.incident_tile_url(tags), vendor_url("@loaders.gl/mvt", "mvt-worker.js"), outline, view
    )
)

stage, panel = st.columns([2.75, 1], gap="small")
with stage:
    st.pydeck_chart(deck, key="map", height=590, on_select=session.select_clicked, alt=text("map.title"))
    show_map_frame(map_page.build_legend(state.layers, is_city=community is None, text=text), text, near=near)
with panel, st.container(key="panel", height=640, border=False):
    point = map_page.read_point(words)
    if point and community:
        try:
            card = build_point_card(point, *places.list_holders_at(community.id, *point, today), text)
        except NotFound:
            st.caption(text("search.point_outside"))
        else:
            show_place_card(card, text, on_close=None, on_open=session.open_place)
    elif words.strip():
        found = places.search_places(words, community_id, today)
        show_list(
            text("search.found", n=len(found)),
            map_page.list_found_entries(found, is_city=community is None, text=text),
            text("search.nothing"),
            key="found",
            icon=":material/location_on:",
            on_open=session.go_to,
        )
    if place and not point:
        card = build_place_card(place, text, now)
        show_place_card(card, text, on_close=session.close_place, on_open=session.open_place)
    show_list(
        text("three_no.heading", n=counts.three_no),
        map_page.list_three_no_entries(data.list_three_no(community_id, tags), text),
        text("three_no.nothing"),
        key="three_no",
        icon=":violet[:material/texture:]",
        on_open=session.go_to,
    )
    if community and not place and not point:
        whole = places.get_place("communities", community.id, today)
        card = build_community_card(whole, counts, text, now)
        show_place_card(card, text, on_close=None, on_open=session.open_place)
    if community:
        offer_layers(community, text)
    else:
        st.caption(map_page.summarise_city(len(communities), counts, text))
    st.caption(text("map.hint" if community else "map.hint_city"))

"""Cases: the list by place and deadline, the map beside it, one selection; what is new, and what is done."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import case_session, data, session
from dashboard.models.incident_page import CasesPage
from dashboard.models.map_page import choose_community
from dashboard.widgets.header import show_community_choice, show_language_switch
from dashboard.widgets.incident_filter_bar import show_filter_bar
from dashboard.widgets.incident_work import show_work
from dashboard.widgets.recheck_desk import show_rechecks
from dashboard.widgets.zone_news import show_stood_in_for, show_zone_news
from geo.store import places, saved_views
from geo.store.engine import reading_together
from geo.store.versions import list_layer_tags

text, actor, today = session.get_text(), session.get_actor(), session.today()
case_session.keep_changes()
with reading_together():
    communities = places.list_communities()
    opened = choose_community(communities, session.read_map_state().community)
    tags = list_layer_tags(opened.id, today) if opened else {}
    views = saved_views.list_views()
with st.container(key="case_head", horizontal=True, vertical_alignment="center"):
    if not communities:
        st.info(text("map.empty"), icon=":material/add_location_alt:")
        st.stop()
    with st.container(width=150 if len(communities) > 1 else 90):
        community = show_community_choice(communities, session.read_map_state().community, text)
    if community is None:
        st.info(text("morning.choose"), icon=":material/location_city:")
        show_language_switch(text)
        st.stop()
    categories = data.list_categories()
    filters, ignored = case_session.read_filters(categories)
    page = CasesPage(
        text=text,
        actor=actor,
        community=community,
        today=today,
        categories=categories,
        parties=data.list_parties(community.id, today, tags),
        areas=data.list_areas(community.id, today, tags, actor),
        buildings=data.list_buildings(community.id, tags, actor),
        views=views,
        filters=filters,
        private_words=case_session.read_private_words(),
    )
    show_filter_bar(page, ignored)
    show_language_switch(text)
if actor.party_id is not None:
    show_zone_news(data.list_zone_news(community.id, today, tags, actor), community.code, text)
    show_stood_in_for(data.list_stood_in_for(community.id, today, tags, actor), actor.party_id, text)
if actor.role == "grid_worker":
    show_rechecks(community, tags, actor, datetime.now(UTC), text)
show_work(page)

"""Draw an area on the map and see at once what it measures."""

import streamlit as st
from streamlit_folium import st_folium

from dashboard import session
from dashboard.maps.drawing import build_drawing_map
from dashboard.models import draw_page, map_page
from dashboard.models.map_notice import write_map_notice
from dashboard.widgets.header import show_community_choice, show_language_switch
from geo.errors import InputRefused
from geo.store import places
from geo.store.versions import list_layer_tags

text = session.get_text()
communities = places.list_communities()
choice, language = st.columns([9.8, 0.9], vertical_alignment="center")
with language:
    show_language_switch(text)
if not communities:
    st.info(text("map.empty"), icon=":material/add_location_alt:")
    st.stop()
with choice:
    community = show_community_choice(communities, session.read_map_state().community, text)
if not community:
    st.info(text("draw.one_community"), icon=":material/map:")
    st.stop()

urls = map_page.list_urls(list_layer_tags(community.id, session.today()), community.code)
stage, panel = st.columns([2.75, 1], gap="small")
with stage:
    drawn = st_folium(
        build_drawing_map(urls, map_page.enclose([community]), draw_page.list_tool_words(text)),
        key="drawing",
        height=600,
        use_container_width=True,
        returned_objects=["last_active_drawing"],
    )
    st.caption(write_map_notice(text))
with panel, st.container(border=True):
    st.markdown(f"#### {text('draw.title')}")
    polygon = draw_page.find_polygon(drawn)
    if polygon:
        try:
            for figure in draw_page.list_figures(places.measure_area(polygon, community.id), text):
                st.metric(figure.label, figure.value)
        except InputRefused:
            st.warning(text("draw.refused"), icon=":material/warning:")
    st.caption(text("draw.last" if polygon else "draw.hint"))

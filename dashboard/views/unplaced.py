"""Cases and merchants whose address nobody could place: said once, placed for all, and remembered."""

import streamlit as st

from dashboard import session
from dashboard.widgets.header import require_community, show_language_switch
from dashboard.widgets.unplaced_desk import show_queue
from geo.store import places
from geo.store.versions import list_layer_tags

text, actor = session.get_text(), session.get_actor()
communities = places.list_communities()
with st.container(key="unplaced_head", horizontal=True, vertical_alignment="center"):
    community = require_community(communities, st.container(width=190), text)
    st.space("stretch")
    show_language_switch(text)
st.markdown(f"#### {text('nav.unplaced')}")
show_queue(community, actor, list_layer_tags(community.id, session.today()), text)

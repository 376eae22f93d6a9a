"""Files brought in: dropped, asked about, looked at before anything lands, and taken back where wrong."""

import streamlit as st

from dashboard import session
from dashboard.widgets.header import require_community, show_language_switch
from dashboard.widgets.import_desk import Desk, show_job
from dashboard.widgets.import_drop import find_job, show_drop, show_queue
from dashboard.widgets.import_history import show_history
from geo.store import places
from geo.store.versions import list_layer_tags

text, actor = session.get_text(), session.get_actor()
communities = places.list_communities()
choice, note, language = st.columns([2.2, 7.4, 0.9], vertical_alignment="center")
with language:
    show_language_switch(text)
community = require_community(communities, choice, text)
job = find_job(st.query_params.get("job"), community)
with note:
    show_queue(community, job, text)
if job is None:
    show_drop(community, text)
    show_history(community, text)
else:
    tags = list_layer_tags(community.id, session.today())
    show_job(Desk(job, community, tags, actor), text)

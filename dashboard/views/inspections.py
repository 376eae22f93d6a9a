"""Inspections: what is to be looked at today, and what a month of looking came to."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import session
from dashboard.widgets.header import require_community, show_language_switch
from dashboard.widgets.inspection_desk import show_due
from dashboard.widgets.inspection_month import show_month, show_templates
from geo.operations.inspections import read_templates
from geo.rules.access import is_allowed
from geo.store import places

text, actor, now = session.get_text(), session.get_actor(), datetime.now(UTC)
communities = places.list_communities()
with st.container(key="inspection_head", horizontal=True, vertical_alignment="center"):
    community = require_community(communities, st.container(width=190), text)
    st.space("stretch")
    show_language_switch(text)

if is_allowed(actor.role, "inspect"):
    due, month = st.columns([1, 1], gap="small")
    with due:
        show_due(community, actor, now, text)
else:
    month = st.container()
with month, st.container(border=True, key="inspection_review"):
    show_month(community, actor, now, text)
if actor.role == "secretary":
    show_templates(community, read_templates(community.id), text)

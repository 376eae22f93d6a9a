"""Duties: who owes which kind of work where and by when, trying it, and the community's working time."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import data, session
from dashboard.models.duties import DutyWords
from dashboard.widgets.duty_calendar import show_working_time
from dashboard.widgets.duty_rules import show_rules
from dashboard.widgets.duty_supervision import show_supervision
from dashboard.widgets.duty_trial import show_trial
from dashboard.widgets.header import require_community, show_language_switch
from geo.operations.calendars import read_community_time
from geo.operations.duties import read_matrix
from geo.operations.supervision import read_supervision_phone
from geo.rules.access import is_allowed
from geo.store import places
from geo.store.versions import list_layer_tags

text, actor, today = session.get_text(), session.get_actor(), session.today()
communities = places.list_communities()
choice, note, language = st.columns([2.2, 6.5, 0.9], vertical_alignment="center")
with language:
    show_language_switch(text)
community = require_community(communities, choice, text)
note.caption(text("duties.note_order"))

can_keep = is_allowed(actor.role, "keep_duties")
words = DutyWords(text, read_matrix(community.id, today), data.list_categories())
areas = data.list_areas(community.id, today, list_layer_tags(community.id, today), actor)
compounds = tuple(area for area in areas if area.layer == "compounds")
with st.container(key="duty_page"):
    show_trial(words, community.id, compounds, datetime.now(UTC))
    show_rules(words, community.id, can_keep=can_keep)
    show_supervision(community.id, read_supervision_phone(community.id), text, can_keep=can_keep)
    show_working_time(words, community.id, read_community_time(community.id), today, can_keep=can_keep)

"""Relapse: what was closed and came back beyond chance, how long it stays quiet, what campaigns left."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import data, session
from dashboard.models import relapse_campaigns
from dashboard.models.incident_filters import Filters, to_asked
from dashboard.models.relapse import build_relapse_page, find_spot, list_shown_cases, write_print_address
from dashboard.models.relapse_state import list_ignored, parse_relapse_state
from dashboard.widgets.header import require_community, show_language_switch, tell_ignored
from dashboard.widgets.markdown import escape
from dashboard.widgets.relapse_head import show_download, show_shared_switch
from dashboard.widgets.relapse_panel import MOST_CASES, show_alarms, show_figures, show_spot
from dashboard.widgets.relapse_sections import (
    follow_click,
    show_campaigns,
    show_curve,
    show_list,
    show_map,
    show_rates,
)
from geo.rules.access import is_allowed
from geo.store import places
from geo.store.versions import list_layer_tags
from geo.store.worklist import Case, list_cases

text, actor, now, today = session.get_text(), session.get_actor(), datetime.now(UTC), session.today()
params = st.query_params.to_dict()
state = parse_relapse_state(params, actor.role)
communities = places.list_communities()
with st.container(key="relapse_head", horizontal=True, vertical_alignment="center"):
    community = require_community(communities, st.container(width=190), text)
    tags, categories = list_layer_tags(community.id, today), data.list_categories()
    found = data.read_relapses(community.id, tags, actor, now)
    areas = data.list_areas(community.id, today, tags, actor)
    compounds = {area.id: area.name for area in areas if area.layer == "compounds"}
    alarms = relapse_campaigns.list_alarms(found, compounds, text, hides_few=state.hides_few)
    page = build_relapse_page(found, len(alarms), categories, text, hides_few=state.hides_few)
    if actor.role != "leader":
        show_shared_switch(text, is_shared=state.is_shared)
    st.space("stretch")
    if is_allowed(actor.role, "print_relapse"):
        st.link_button(
            text("morning.print"), write_print_address(community.code, text), icon=":material/print:"
        )
    if is_allowed(actor.role, "export"):
        show_download(found, categories, compounds, actor, community, text)
    show_language_switch(text)


def find_cases(filters: Filters) -> tuple[Case, ...]:
    """Return the newest cases that filters ask for."""
    asked = to_asked(filters, community.id, today, list(categories.values()))
    return list_cases(asked, now, most=MOST_CASES).cases


kept = {"community": community.code, "lang": text.language}
can_look = actor.role in {"secretary", "grid_worker"} and not state.is_shared
tell_ignored(list_ignored(params, state), text)
st.caption(escape(page.told))
show_figures(page.figures)
calm = relapse_campaigns.tell_calm(found, compounds, text)
show_alarms(alarms, calm, find_cases, kept, text, can_look=can_look)
# What visitors see leads no further.
spot = None if state.is_shared else find_spot(page, state.spot)
listed, panel = st.columns([1.75, 1], gap="small") if page.spots else (st.container(), st.container())
with listed:
    # Nor does it say who closed what.
    ids = [] if state.is_shared else list_shown_cases(page)
    shown = data.list_relapse_cases(community.id, ids, tags, actor, now)
    show_list(page, shown, spot, text, can_open=not state.is_shared)
with panel:
    if spot is not None:
        show_spot(spot, find_cases(spot.cases), kept, text, can_look=can_look)
    if page.spots:
        show_map(page, spot, community, tags, text)
rates, quiet = st.columns([1.25, 1], gap="small")
with rates:
    # Who closed what is for those to read who answer for it.
    show_rates(
        found,
        state,
        categories,
        compounds,
        text,
        with_parties=actor.role != "grid_worker" and not state.is_shared,
    )
with quiet:
    show_curve(found, state, categories, text)
show_campaigns(found, state, compounds, text)
if not state.is_shared:
    follow_click(kept)

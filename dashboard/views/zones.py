"""Responsibility zones: who holds which buildings, and for the secretary, drawing and publishing it anew."""

import streamlit as st

from dashboard import data, session
from dashboard.maps.zoning import build_zone_style
from dashboard.models import map_page
from dashboard.models.zone_view import lay_plan
from dashboard.models.zones import find_in_force
from dashboard.widgets.header import require_community, show_language_switch
from dashboard.widgets.zone_editor import Stage, show_zone_editor
from dashboard.widgets.zone_shelf import (
    show_card_link,
    show_comparison_choice,
    show_kind_choice,
    show_plan_acts,
    show_plan_choice,
)
from geo.errors import InputRefused
from geo.operations import zone_plans
from geo.rules.access import is_allowed
from geo.store import places
from geo.store.versions import list_layer_tags

text, actor, today = session.get_text(), session.get_actor(), session.today()
communities = places.list_communities()
can_edit = is_allowed(actor.role, "edit_zones")
choice, kinds, plans, against, acts, language = st.columns(
    [1.5, 1.1, 2.6, 2.6, 3.1, 0.8], vertical_alignment="center"
)
with language:
    show_language_switch(text)
community = require_community(communities, choice, text)
with kinds:
    kind = show_kind_choice(text)
heads = zone_plans.list_plans(community.id, kind)
with plans:
    opened = show_plan_choice(heads, today, text)
with acts, st.container(key="zone_plan_acts", horizontal=True, gap="small"):
    if can_edit:
        show_plan_acts(community.id, kind, opened, text)
    if is_allowed(actor.role, "print_zones") and find_in_force(heads, today):
        show_card_link(community.code, kind, text)
if opened is None:
    st.info(text("zones.no_plan_begin" if can_edit else "zones.no_plan"), icon=":material/draw:")
    st.stop()
with against:
    other = show_comparison_choice(heads, opened, today, text)

tags = list_layer_tags(community.id, today)
try:
    town = data.read_town(community.id, today, tags, actor)
except InputRefused:
    st.info(text("zones.no_building"), icon=":material/apartment:")
    st.stop()
show_zone_editor(
    Stage(
        plan_id=opened.id,
        town=town,
        areas=data.list_areas(community.id, today, tags, actor),
        style=build_zone_style(map_page.list_urls(tags, community.code)),
        box=map_page.enclose([community]),
        before=lay_plan(zone_plans.read_plan(other.id), town) if other else None,
        candidates=dict(zone_plans.list_candidates(community.id, kind, today)) if can_edit else {},
        can_edit=can_edit,
    ),
    text,
)

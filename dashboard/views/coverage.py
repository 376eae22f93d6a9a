"""Coverage: how far grids, people and visits reach, and what nobody holds or has heard of."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import coverage_data, session
from dashboard.maps.deck import build_coverage_deck
from dashboard.models import map_page
from dashboard.models.coverage_page import MAP_PX, build_legend, build_page, choose_kind
from dashboard.models.map_state import fit_view, format_place
from dashboard.widgets.coverage_panel import show_gaps, show_groups
from dashboard.widgets.header import require_community, show_language_switch
from dashboard.widgets.map_frame import show_map_frame
from dashboard.widgets.morning_panel import find_picked
from geo.operations.snapshots import read_snapshot
from geo.store import places
from geo.store.versions import list_layer_tags

text = session.get_text()
communities = places.list_communities()
choice, note, language = st.columns([2.2, 7.4, 0.9], vertical_alignment="center")
with language:
    show_language_switch(text)
community = require_community(communities, choice, text)
gaps = coverage_data.read_gaps(community.id, datetime.now(UTC))
if not gaps.buildings:
    st.info(text("coverage.empty"), icon=":material/add_home:")
    st.stop()
page = build_page(gaps, read_snapshot(community.id), text)
kept = {"community": community.code, "lang": text.language}
note.caption(page.told)
show_groups(page.groups)

tags = list_layer_tags(community.id, session.today())
stage, panel = st.columns([1.4, 1], gap="small")
with stage:
    fitted = fit_view(*map_page.enclose([community]), width_px=MAP_PX[0], height_px=MAP_PX[1])
    clicked = st.pydeck_chart(
        build_coverage_deck(map_page.list_urls(tags, community.code), page.map, fitted),
        key="coverage_map",
        height=MAP_PX[1],
        on_select="rerun",
        alt=text("coverage.map_title"),
    )
    show_map_frame(build_legend(text), text, keeps_view=False)
with panel:
    show_gaps(page, choose_kind(st.query_params.get("gap"), page), kept, text)

if picked := find_picked(clicked):
    st.switch_page("views/map.py", query_params={**kept, "selected": format_place(picked) or ""})

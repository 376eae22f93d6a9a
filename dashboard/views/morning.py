"""The morning: what happened since work ended, what is due, what came back, and what to do first."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import data, session
from dashboard.maps.deck import build_morning_deck
from dashboard.models import map_page
from dashboard.models.map_state import fit_view, format_place
from dashboard.models.morning import build_page, write_print_address
from dashboard.models.morning_map import MAP_PX, build_legend, build_map
from dashboard.widgets.absence_desk import show_absence_button
from dashboard.widgets.header import require_community, show_language_switch
from dashboard.widgets.map_frame import show_map_frame
from dashboard.widgets.morning_panel import (
    find_picked,
    show_brief,
    show_duty,
    show_figures,
    show_first_things,
    show_more_overdue,
)
from dashboard.widgets.recheck_desk import show_rechecks
from geo.rules.access import is_allowed
from geo.store import places
from geo.store.versions import list_layer_tags

text = session.get_text()
now = datetime.now(UTC)
state = session.read_map_state()
communities = places.list_communities()
head = st.container(key="morning_head")
choice, since, printing, copying, language = head.columns(
    [2.2, 4.6, 1, 1.4, 0.9], vertical_alignment="center"
)
with language:
    show_language_switch(text)
community = require_community(communities, choice, text)

tags = list_layer_tags(community.id, session.today())
morning = data.read_morning(community.id, tags, session.get_actor(), now)
page = build_page(morning, community.name, text)
kept = {"community": community.code, "lang": text.language}
since.caption(text.join([page.day, page.since]))
with printing:
    st.link_button(text("morning.print"), write_print_address(community.code, text), icon=":material/print:")
with copying:
    show_brief(page.paragraph, text)
show_figures(page, kept, text)

stage, panel = st.columns([1.5, 1], gap="small")
with stage:
    fitted = fit_view(*map_page.enclose([community]), width_px=MAP_PX[0], height_px=MAP_PX[1])
    clicked = st.pydeck_chart(
        build_morning_deck(
            map_page.list_urls(tags, community.code),
            build_map(morning, page.first_things),
            fitted,
            now,
        ),
        key="morning_map",
        height=MAP_PX[1],
        on_select="rerun",
        alt=text("morning.map_title"),
    )
    show_map_frame(build_legend(text), text, keeps_view=False)
with panel:
    show_first_things(page.first_things, page.nothing_first, kept, text)
    show_more_overdue(page.more_overdue, kept, text)
    show_duty(page.duty, text)
    if session.get_actor().role == "secretary":
        show_rechecks(community, tags, session.get_actor(), now, text)
    if is_allowed(session.get_actor().role, "keep_absences"):
        show_absence_button(community, morning.staff, text)

if picked := find_picked(clicked):
    if picked.layer == "incidents":
        st.switch_page("views/incidents.py", query_params={**kept, "case": str(picked.id)})
    st.switch_page("views/map.py", query_params={**kept, "selected": format_place(picked) or ""})

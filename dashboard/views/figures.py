"""Figures: the registry over a period, each beside what it is compared with and down to its cases."""

from dataclasses import replace
from datetime import UTC, datetime

import streamlit as st

from dashboard import data, figure_data, session
from dashboard.models.bulletin import write_bulletin
from dashboard.models.figure_state import (
    VIEWS,
    find_spans,
    format_opened,
    list_ignored,
    parse_opened,
    parse_state,
)
from dashboard.models.figures_page import build_card, build_lines, build_page, name_keys
from dashboard.widgets.figure_head import (
    change,
    choose_level,
    choose_period,
    choose_view,
    show_download,
    show_paragraph,
)
from dashboard.widgets.figure_panel import show_card, show_cases, show_places_link
from dashboard.widgets.figure_table import show_figure_table
from dashboard.widgets.header import require_community, show_language_switch, tell_ignored
from dashboard.widgets.pack_desk import show_packs
from dashboard.widgets.score_desk import show_score
from geo.model.indicator import WHOLE
from geo.operations.complaints import find_first_day
from geo.rules.access import is_allowed
from geo.store import places

_CARD_WIDTH_PX = 384

text, actor, today = session.get_text(), session.get_actor(), session.today()
communities = places.list_communities()
params = st.query_params.to_dict()
state = parse_state(params, today)
ignored = list_ignored(params, state)
sees_packs, sees_all = is_allowed(actor.role, "print_pack"), actor.role != "property_company"
if not sees_all or (state.view == "packs" and not sees_packs):
    state = replace(state, view="figures" if sees_all else "packs")
if state.view != "figures":
    state = replace(state, level="community", figure=None, key=WHOLE)
with st.container(key="figure_head", horizontal=True, vertical_alignment="center"):
    community = require_community(communities, st.container(width=190), text)
    if sees_all:
        choose_view(state, [view for view in VIEWS if sees_packs or view != "packs"], text)
    st.space("stretch")
    acts = st.container(key="figure_acts", horizontal=True, horizontal_alignment="right")
    show_language_switch(text)
first_day = find_first_day(community.id)
if first_day is None:
    st.info(text("month.nothing_yet"), icon=":material/event_busy:")
    st.stop()
tell_ignored(ignored, text)
if state.view == "packs":
    show_packs(community, state, actor, first_day, text)
    st.stop()
kept = {"community": community.code, "lang": text.language}
with st.container(key="figure_bar", horizontal=True, vertical_alignment="center"):
    choose_period(state, first_day, today, text)
    if state.view == "figures":
        choose_level(state, text)
spans = find_spans(state.period, first_day, today)
measured = name_keys(
    figure_data.read_figures(community.id, state, spans), state.level, data.list_categories(), text
)
if state.view == "score":
    at = measured.periods.index(spans.now)
    values = {id_: by_key[WHOLE][at] for id_, by_key in measured.values.items() if WHOLE in by_key}
    show_score(community, state.period, values, text, can_edit=is_allowed(actor.role, "keep_duties"))
    st.stop()
with acts:
    if state.level == "community":
        show_paragraph(write_bulletin(measured, spans, community.name, today, text), text)
    if is_allowed(actor.role, "export"):
        show_download(measured, state, spans, actor, community, text)
page = build_page(measured, state, spans, today, text)
card = build_card(measured, state, spans, today, text)
# Where the table stands must not depend on the card: it would be drawn anew, and twice for a moment.
stage = st.container(key="figure_stage", horizontal=True, gap="small")
with stage.container():
    st.caption(page.told)
    show_figure_table(page, format_opened(state), text, lambda row: change(state, **parse_opened(row)))
if card:
    with stage.container(border=True, key="figure_card", width=_CARD_WIDTH_PX):
        show_card(card, state, text)
        if card.is_of_cases:
            cases, total = figure_data.list_figure_cases(community.id, state, datetime.now(UTC))
            show_cases(build_lines(cases, data.list_categories(), text), total, kept, text)
        else:
            show_places_link(kept, text)

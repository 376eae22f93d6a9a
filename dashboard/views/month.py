"""The month: what rose and what came again, for the meeting on what people complain of (民情研判会)."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import data, figure_data, session
from dashboard.models.figure_state import find_spans
from dashboard.models.month import build_page, write_print_address
from dashboard.models.month_figures import build_figures
from dashboard.widgets.header import require_community, show_language_switch, tell_ignored
from dashboard.widgets.month_head import choose_month, show_download
from dashboard.widgets.month_panel import show_figures, show_lines, show_relapse_link, show_tables
from geo.operations.complaints import find_first_day, find_months
from geo.rules.access import is_allowed
from geo.rules.periods import format_month
from geo.store import places
from geo.store.versions import list_layer_tags

text, actor, now = session.get_text(), session.get_actor(), datetime.now(UTC)
communities = places.list_communities()
with st.container(key="month_head", horizontal=True, vertical_alignment="center"):
    community = require_community(communities, st.container(width=190), text)
    months = find_months(community.id, now)
    if not months:
        st.info(text("month.nothing_yet"), icon=":material/event_busy:")
        st.stop()
    month = choose_month(months, session.today(), text)
    tags = list_layer_tags(community.id, session.today())
    review = data.review_month(community.id, month, tags, actor, now)
    categories = data.list_categories()
    words = data.read_month_words(community.id, month, actor, now)
    returns = data.list_returns(community.id, month, actor, now)
    page = build_page(review, words, returns, categories, text)
    spans = find_spans(month, find_first_day(community.id) or month.first, session.today())
    measured = figure_data.read_month_figures(community.id, spans)
    figures = build_figures(measured, spans, session.today(), text)
    st.space("stretch")
    st.link_button(
        text("morning.print"), write_print_address(community.code, month, text), icon=":material/print:"
    )
    if is_allowed(actor.role, "export"):
        show_download(review, figures, categories, actor, community, text)
    show_language_switch(text)

asked = st.query_params.get("month", "")
tell_ignored(("month",) if asked not in {"", format_month(month)} else (), text)
st.caption(page.counted)
kept = {"community": community.code, "lang": text.language}
show_figures(page.figures, kept)
rises, repeats, told = st.columns(3, gap="small")
with rises:
    show_lines("rises", text("month.rises"), page.rises, text("month.no_rises"), kept)
with repeats:
    show_lines("repeats", text("month.repeats"), page.repeats, text("month.no_repeats"), kept)
    if page.returns:
        show_lines("returns", text("month.returns"), page.returns, "", kept, note=text("month.returns_note"))
    show_relapse_link(kept, text)
with told:
    show_lines("words", text("month.words"), page.words, "", kept, note=page.words_note)
if page.proposals or page.other_prompt:
    note = page.other_prompt or text("month.proposals_note")
    show_lines("proposals", text("month.proposals"), page.proposals, "", kept, note=note)
show_tables(page, figures, text)

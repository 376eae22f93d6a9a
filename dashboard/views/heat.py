"""Heat: where there is more than the people there explain, how sure that is, and where nobody has looked."""

from datetime import UTC, datetime

import streamlit as st

from dashboard import data, session
from dashboard.maps.heat import build_heat_style
from dashboard.models import map_page
from dashboard.models.heat_card import build_heat_card
from dashboard.models.heat_data import measure_all
from dashboard.models.heat_page import build_heat_page, list_map_words, write_data_address
from dashboard.models.heat_state import parse_heat_state
from dashboard.models.map_notice import write_map_notice
from dashboard.widgets.header import require_community, show_language_switch, tell_ignored
from dashboard.widgets.heat_bar import change, show_heat_bar
from dashboard.widgets.heat_export import note_taken, show_heat_export
from dashboard.widgets.heat_map import show_heat_map
from dashboard.widgets.heat_panel import show_heat_card, show_hot_places, show_told
from geo.operations import heat
from geo.operations.heat_cells import find_row, tell_cell
from geo.rules.access import is_allowed
from geo.store import places
from geo.store.versions import list_layer_tags
from geo.store.worklist import Asked, list_cases

text, actor, today = session.get_text(), session.get_actor(), session.today()
communities = places.list_communities()
choice, told, export, language = st.columns([2, 8.4, 0.6, 0.9], vertical_alignment="center")
with language:
    show_language_switch(text)
community = require_community(communities, choice, text)

town, categories = heat.read_state(community.id), data.list_categories()
codes = town.columns.cases.codes
state, ignored = parse_heat_state(st.query_params.to_dict(), codes, today)
answers = measure_all(town, state)
page = build_heat_page(town, state, (community.code, community.name), categories, text)
with told:
    show_told(page, text)
if is_allowed(actor.role, "export"):
    with export:
        show_heat_export(page, answers, community, text)
show_heat_bar(state, sorted(codes), categories, text)
tell_ignored(ignored, text)

tags = list_layer_tags(community.id, today)
urls = map_page.list_urls(tags, community.code)
unit = state.question.unit
cells_url = (
    write_data_address("hexagons", town, state, community.code) if unit == "hexagon" else urls[f"{unit}s"]
)
stage, panel = st.columns([2.9, 1], gap="small")
with stage:
    show_heat_map(
        {
            **page.map_data,
            "style": build_heat_style(urls, cells_url),
            "box": [map_page.enclose([community])[:2], map_page.enclose([community])[2:]],
            "legend": page.legend,
            "words": list_map_words(answers[0], text),
            "picture": {
                "title": page.title,
                "lines": page.told,
                "notice": write_map_notice(text),
                "taken": text.join([actor.name, text.moment(datetime.now(UTC))]),
                "file": f"heat-{community.code}-{today.isoformat()}.png",
            },
        },
        # What visitors see leads no further.
        on_choose=lambda cell: change(state, cell=None if state.is_shared else cell),
        on_picture=note_taken(page, community, text),
    )
row = None if state.cell is None or state.is_shared else find_row(answers[0], state.cell)
with panel, st.container(key="heat_panel", height=590, border=False):
    if row is not None:
        story = tell_cell(town, state.question, state.period, row)
        asked = Asked(community_id=community.id, status="all")
        found = (
            list_cases(asked, datetime.now(UTC), most=len(story.newest), ids=story.newest).cases
            if story.newest
            else ()
        )
        show_heat_card(
            build_heat_card(town, state, answers[0], story, found, categories, text),
            {"community": community.code, "lang": text.language},
            text,
            on_close=lambda: change(state, cell=None),
            on_open=lambda cell: change(state, cell=cell),
        )
    show_hot_places(page, lambda cell: change(state, cell=None if state.is_shared else cell))

"""The sections of the relapse page: the ranked list with its map, rates, the curve, and campaigns."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.maps.deck import build_spots_deck
from dashboard.models import map_page
from dashboard.models.map_notice import write_map_notice
from dashboard.models.map_state import fit_view
from dashboard.models.relapse import RelapsePage, Spot, build_list, find_compound_cases, write_params
from dashboard.models.relapse_campaigns import build_campaigns, build_places, draw_timeline, find_cases
from dashboard.models.relapse_curve import (
    choose_curve,
    draw_curve,
    find_curve,
    list_curves,
    tell_closings,
    tell_curve,
)
from dashboard.models.relapse_rates import BYS, By, build_rates
from dashboard.models.relapse_state import RelapseState
from dashboard.widgets.markdown import escape
from dashboard.widgets.relapse_table import show_relapse_table
from geo.operations.relapses import Relapses
from geo.store.choices import Category
from geo.store.places import Community
from geo.store.worklist import Case

_CASES: Final = "views/incidents.py"
_MAP_PX: Final = (480, 300)
_NAMES: Final[Mapping[By, str]] = {
    "categories": "month.by_category",
    "compounds": "month.by_compound",
    "parties": "relapse.by_party",
    "campaigns": "relapse.by_campaigns",
}
# What was clicked and leads to another page, which only a run of the page can turn to.
_GO: Final = "relapse_go"


def show_list(
    page: RelapsePage, cases: Mapping[int, Case], spot: Spot | None, text: Text, *, can_open: bool
) -> None:
    """Show where what was closed came back.

    Args:
        page: with the places.
        cases: the closings and returns that stand for them, by id.
        spot: the place that is open.
        text: the language.
        can_open: whether a click leads on.
    """
    with st.container(key="relapse_list", border=True):
        st.markdown(f"**{text('relapse.list')}**")
        st.caption(escape(page.list_note))
        show_relapse_table(
            build_list(page, cases, spot.key if spot else None, text, can_open=can_open),
            "relapse_spots",
            lambda key: session.change_address(spot=key),
            opens=".st-key-relapse_spot",
        )


def show_map(
    page: RelapsePage, spot: Spot | None, community: Community, tags: Mapping[str, str], text: Text
) -> None:
    """Show where the places of the list are; the one that is open close up."""
    known = [
        (number, each.back.longitude, each.back.latitude)
        for number, each in enumerate(page.spots, start=1)
        if each.back.longitude is not None and each.back.latitude is not None
    ]
    ring, view = None, fit_view(*map_page.enclose([community]), width_px=_MAP_PX[0], height_px=_MAP_PX[1])
    if spot is not None and spot.back.longitude is not None and spot.back.latitude is not None:
        ring = (spot.back.longitude, spot.back.latitude)
        view = map_page.close_up(*ring, "buildings")
    st.pydeck_chart(
        build_spots_deck(map_page.list_urls(tags, community.code), known, ring, view),
        key="relapse_map",
        height=_MAP_PX[1],
        alt=text("relapse.map_title"),
    )
    st.caption(write_map_notice(text))


def show_rates(
    found: Relapses,
    state: RelapseState,
    categories: Mapping[str, Category],
    compounds: Mapping[int, str],
    text: Text,
    *,
    with_parties: bool,
) -> None:
    """Show rates beside chance, grouped as chosen.

    Args:
        found: what came back.
        state: what is grouped by, and which row is open.
        categories: by code.
        compounds: their names by id.
        text: the language.
        with_parties: whether to tell who closed what.
    """
    with st.container(key="relapse_rates", border=True):
        st.markdown(f"**{text('relapse.rates')}**")
        offered = [by for by in BYS if with_parties or by != "parties"]
        by = state.by if state.by in offered else offered[0]
        st.session_state["relapse_by"] = by
        st.segmented_control(
            text("relapse.rates"),
            offered,
            format_func=lambda each: text(_NAMES[each]),
            key="relapse_by",
            label_visibility="collapsed",
            required=True,
            on_change=lambda: session.change_address(by=st.session_state["relapse_by"]),
        )
        opened = {"categories": state.curve, "campaigns": str(state.campaign or "")}.get(by, "")
        hides_few = state.hides_few
        show_relapse_table(
            build_rates(found, by, categories, compounds, text, is_shared=hides_few, is_open=opened),
            f"relapse_rates_{by}",
            lambda key: _open_group(found, by, key),
        )
        st.caption(text("relapse.rates_note"))


def _open_group(found: Relapses, by: By, key: str) -> None:
    match by:
        case "categories":
            session.change_address(curve=key)
        case "campaigns":
            session.change_address(campaign=key)
        case "compounds":
            st.session_state[_GO] = find_compound_cases(found, int(key))


def show_curve(found: Relapses, state: RelapseState, categories: Mapping[str, Category], text: Text) -> None:
    """Show how long it stays quiet after closing, beside what chance alone would leave."""
    with st.container(key="relapse_quiet", border=True):
        st.markdown(f"**{text('relapse.curve')}**")
        names = list_curves(found, categories, text, is_shared=state.hides_few)
        chosen = choose_curve(state.curve, list(names))
        curve = find_curve(found, chosen) if chosen else None
        if chosen is None or curve is None:
            st.caption(text("relapse.no_curve"))
            return
        st.session_state["relapse_curve"] = chosen
        st.selectbox(
            text("relapse.curve"),
            list(names),
            format_func=names.__getitem__,
            key="relapse_curve",
            label_visibility="collapsed",
            on_change=lambda: session.change_address(curve=st.session_state["relapse_curve"]),
        )
        st.caption(escape(tell_closings(curve, names[chosen], text)))
        st.vega_lite_chart(draw_curve(curve, text), width="stretch", theme=None, key="relapse_chart")
        show_relapse_table(tell_curve(curve, text), "relapse_days")


def show_campaigns(found: Relapses, state: RelapseState, compounds: Mapping[int, str], text: Text) -> None:
    """Show what campaigns changed and what is left of it; the compounds of the one that is open.

    Args:
        found: what came back.
        state: with the campaign that is open.
        compounds: their names by id.
        text: the language.
    """
    opened = next((campaign for campaign in found.campaigns if campaign.id == state.campaign), None)
    with st.container(key="relapse_campaigns", border=True):
        st.markdown(f"**{text('relapse.campaigns')}**")
        st.caption(text("relapse.campaigns_note"))
        show_relapse_table(
            build_campaigns(found, state.campaign, text, hides_few=state.hides_few),
            "relapse_campaign_table",
            lambda key: session.change_address(campaign=key),
        )
        if opened is not None:
            st.markdown(f"**{escape(opened.name)}** :gray[{escape(text('relapse.by_place'))}]")
            show_relapse_table(
                build_places(opened, compounds, text, hides_few=state.hides_few),
                "relapse_campaign_places",
                lambda key: st.session_state.update({_GO: find_cases(opened, int(key or 0))}),
            )
        if found.campaigns:
            chart = draw_timeline(found, text, hides_few=state.hides_few)
            st.vega_lite_chart(chart, width="stretch", theme=None, key="relapse_timeline")
            st.caption(text("relapse.timeline_short" if state.hides_few else "relapse.timeline_note"))


def follow_click(kept: Mapping[str, str]) -> None:
    """Turn to the cases of the row that was clicked, if one was; ``kept`` are what every address has."""
    wanted = st.session_state.pop(_GO, None)
    if wanted is not None:
        st.switch_page(_CASES, query_params={**kept, **write_params(wanted)})

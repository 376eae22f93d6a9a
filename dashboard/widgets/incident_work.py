"""The list of cases, the map beside it and the card of the one that is open: one selection for all three."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from dashboard import case_session, data, session
from dashboard.maps.deck import build_cases_deck
from dashboard.models import map_page
from dashboard.models.incident_filters import find_usual, pick_marked, to_asked
from dashboard.models.incident_list import build_points, build_rows, summarise
from dashboard.models.incident_page import CasesPage
from dashboard.models.map_page import LegendEntry
from dashboard.models.map_state import fit_view, is_near
from dashboard.widgets.incident_bulk import show_bulk, show_ways_out
from dashboard.widgets.incident_card import show_case
from dashboard.widgets.incident_list import show_case_list
from dashboard.widgets.incident_new import show_new_case
from dashboard.widgets.map_frame import show_map_frame
from geo.store.engine import reading_together
from geo.store.versions import list_layer_tags
from geo.store.worklist import CasePage, list_cases

_MOST_ON_PAGE: Final = 50
_MAP_PX: Final = (440, 470)


# A fragment: opening a case does not draw the filters anew.
@session.fragment
def show_work(page: CasesPage) -> None:
    """Show what the filters find, and on the right the case that is open or the form for a new one."""
    case_session.keep_changes()
    now = datetime.now(UTC)
    marks = data.list_marks(page.community.id, page.actor)
    asked = to_asked(
        page.filters, page.community.id, page.today, list(page.categories.values()), page.private_words
    )
    ids = pick_marked(page.filters, marks)
    cursors = case_session.read_cursors()
    with reading_together():
        tags = list_layer_tags(page.community.id, page.today)
        found = list_cases(asked, now, most=_MOST_ON_PAGE, after=cursors[-1] if cursors else None, ids=ids)
    rows = build_rows(found.cases, marks, page.categories, page.text, now)
    selected = case_session.read_selected()
    is_busy = selected is not None or case_session.is_reporting()
    columns = [1.25, 1.3, 1.15] if is_busy or page.can_report else [1.25, 2.45]
    # On a phone one thing at a time: the list, or the case, or the form.
    with st.container(key="work_one" if is_busy else "work_list"):
        left, middle, *right = st.columns(columns, gap="small")
        with left, st.container(key="work_cases"):
            _show_list(page, found, rows, selected, lambda: show_ways_out(page, asked, ids))
        with middle, st.container(key="work_map"):
            _show_map(page, found, rows, selected, tags)
        if right:
            with right[0], st.container(key="work_panel", height=610, border=False):
                if selected is not None:
                    show_case(page, selected, now)
                elif page.can_report:
                    show_new_case(page, tags, now)


def _show_list(
    page: CasesPage,
    found: CasePage,
    rows: list[dict[str, object]],
    selected: int | None,
    show_tools: Callable[[], None],
) -> None:
    text = page.text
    with st.container(key="list_head", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{summarise(found, text)}**", width="stretch")
        if case_session.read_cursors():
            st.button(
                "",
                key="page_before",
                icon=":material/chevron_left:",
                help=text("list.before"),
                on_click=case_session.turn_page,
                args=(None,),
            )
        if found.next:
            st.button(
                "",
                key="page_after",
                icon=":material/chevron_right:",
                help=text("list.after"),
                on_click=case_session.turn_page,
                args=(found.next,),
            )
        show_tools()
        if page.can_report:
            st.button(
                text("new.begin"),
                key="begin_report",
                icon=":material/add:",
                type="primary",
                shortcut="alt+n",
                on_click=case_session.begin_report,
            )
    picked = show_case_list(
        rows,
        selected,
        text,
        can_pick=page.can_report,
        can_point=page.can_report and selected is None,
        on_open=case_session.open_case,
        on_point=case_session.point_at,
    )
    if not rows:
        is_free = page.filters == find_usual(page.actor) and page.filters.whose == "mine"
        st.caption(text("list.nothing_mine" if is_free else "list.nothing"))
    show_bulk(page, found.cases, picked)


def _show_map(
    page: CasesPage,
    found: CasePage,
    rows: list[dict[str, object]],
    selected: int | None,
    tags: dict[str, str],
) -> None:
    text, asked_view = page.text, session.read_map_state().view
    fitted = fit_view(*map_page.enclose([page.community]), width_px=_MAP_PX[0], height_px=_MAP_PX[1])
    kept = st.session_state.setdefault("case_view", (page.community.code, asked_view or fitted))
    if kept[0] != page.community.code:
        kept = st.session_state["case_view"] = (page.community.code, fitted)
    near = is_near(asked_view or kept[1])
    opened = next((case for case in found.cases if case.id == selected), None)
    spot = case_session.read_spot() if selected is None else None
    if opened is not None and opened.longitude is not None and opened.latitude is not None:
        ringed: tuple[float, float] | None = (opened.longitude, opened.latitude)
    else:
        ringed = (spot.longitude, spot.latitude) if spot else None
    deck = build_cases_deck(
        map_page.list_urls(tags, page.community.code),
        build_points(found.cases, rows),
        ringed,
        kept[1],
        is_near=near,
    )
    st.pydeck_chart(
        deck, key="case_map", height=500, on_select=case_session.select_on_map, alt=text("list.map")
    )
    legend = [
        LegendEntry("overdue", text("legend.overdue")),
        LegendEntry("amber", text("filter.amber")),
        LegendEntry("in-time", text("legend.in_time")),
    ]
    show_map_frame(legend, text, near=near)

"""The parts of the page of coverage: groups of figures, and the list of what is not covered."""

from collections.abc import Mapping, Sequence
from html import escape as escape_html
from typing import Final

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.coverage_page import CoveragePage, FigureGroup
from dashboard.models.map_state import PlaceKey, format_place
from dashboard.widgets.markdown import escape
from geo.model.coverage import GAP_KINDS, GapKind

_MOST_LISTED: Final = 40
_FITTING: Final = 14
_NEXT: Final[Mapping[GapKind, tuple[str, str]]] = {
    "uncovered": ("views/map.py", "coverage.to_map"),
    "unheld": ("views/zones.py", "coverage.to_zones"),
    "silent": ("views/inspections.py", "coverage.to_inspections"),
}


def show_groups(groups: Sequence[FigureGroup]) -> None:
    """Show the figures side by side; what one is divided by is told where the pointer rests on it."""
    st.html(
        '<div class="coverage-groups">'
        + "".join(write_group(group) for group in groups if group.rows)
        + "</div>"
    )


def write_group(group: FigureGroup) -> str:
    """Write a group of figures as HTML."""
    rows = "".join(
        f'<tr title="{escape_html(row.formula)}"><th scope="row">{escape_html(row.name)}</th>'
        f'<td><u class="{row.tone}">{escape_html(row.arrow)}</u><b>{escape_html(row.value)}</b></td>'
        f"<td><i>{escape_html(row.detail)}</i></td></tr>"
        for row in group.rows
    )
    return f"<table><caption>{escape_html(group.title)}</caption><tbody>{rows}</tbody></table>"


def show_gaps(page: CoveragePage, chosen: GapKind, kept: Mapping[str, str], text: Text) -> None:
    """Show what is missing in one of the ways, as chosen; each building leads to the map."""
    st.session_state["coverage_kind"] = chosen
    st.segmented_control(
        text("coverage.lists"),
        GAP_KINDS,
        format_func=lambda kind: page.lists[kind].title,
        key="coverage_kind",
        label_visibility="collapsed",
        required=True,
        on_change=lambda: session.change_address(gap=st.session_state["coverage_kind"]),
    )
    listed = page.lists[chosen]
    if not listed.lines:
        st.success(listed.nothing, icon=":material/check:")
        return
    st.caption(listed.hint)
    is_long = len(listed.lines) > _FITTING
    with st.container(key="coverage_list", height=330 if is_long else "content", border=True):
        for line in listed.lines[:_MOST_LISTED]:
            place = format_place(PlaceKey("buildings", line.building_id)) or ""
            label = f"{escape(line.title)} :gray[{escape(line.detail)}]"
            _show_link("views/map.py", label, {**kept, "selected": place})
        if len(listed.lines) > _MOST_LISTED:
            st.caption(text("morning.more", n=len(listed.lines) - _MOST_LISTED))
    path, words = _NEXT[chosen]
    _show_link(path, text(words), dict(kept), icon=":material/arrow_forward:")


def _show_link(page: str, label: str, params: Mapping[str, str], *, icon: str | None = None) -> None:
    """Show a link to a page; to a reader whose role has no such page, what it says."""
    try:
        st.page_link(page, label=label, icon=icon, query_params=params, width="stretch")
    except StreamlitPageNotFoundError:
        if icon is None:
            st.markdown(label)

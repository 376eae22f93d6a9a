"""The figures of a morning with the lists behind them, and what to do first; every number opens its list."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from dashboard.i18n import Text
from dashboard.models.map_state import PlaceKey, format_place
from dashboard.models.morning import Duty, Figure, FirstThing, ListedLine, MorningPage
from dashboard.widgets.markdown import escape, write_table

_CASES: Final = "views/incidents.py"
_MAP: Final = "views/map.py"
_MOST_LISTED: Final = 30


def show_figures(page: MorningPage, kept: Mapping[str, str], text: Text) -> None:
    """Show the figures in one row; ``kept`` are the query parameters that every page keeps."""
    lists = {"unheld": page.unheld, "unknown": page.unknown}
    empty = {"unheld": text("morning.all_held"), "unknown": text("morning.all_known")}
    with st.container(key="figures", horizontal=True, gap="small"):
        for figure in page.figures:
            tone = "calm" if figure.count == 0 else figure.key
            with st.container(key=f"figure_{figure.key}_{tone}", width="content"):
                if figure.params is None:
                    with st.popover(_write_figure(figure), help=figure.help):
                        st.caption(figure.help)
                        _show_lines(lists[figure.key], empty[figure.key], kept, text)
                else:
                    _show_link(
                        _CASES, _write_figure(figure), {**kept, **figure.params}, help_text=figure.help
                    )


def show_first_things(
    things: Sequence[FirstThing], nothing: str, kept: Mapping[str, str], text: Text
) -> None:
    """Show what to do first, each with why it stands where it stands."""
    with st.container(border=True, key="first_things"):
        st.markdown(f"**{text('morning.first_things')}**")
        if not things:
            st.caption(nothing)
        for thing in things:
            colour = "red" if thing.is_over else "gray"
            why, with_whom = escape(thing.why), escape(thing.with_whom)
            label = f"**{thing.number}** {escape(thing.title)} :gray[{with_whom}] :{colour}[{why}]"
            _show_link(_CASES, label, {**kept, "case": str(thing.case_id)})


def show_more_overdue(count: int, kept: Mapping[str, str], text: Text) -> None:
    """Lead to what is overdue, where some of it is not among the first things."""
    if count:
        with st.container(key="more_overdue"):
            _show_link(_CASES, text("morning.more_overdue", n=count), {**kept, "status": "overdue"})


def show_duty(duty: Duty, text: Text) -> None:
    """Show who is there and how loaded, and who is away with who stands in."""
    with st.container(key="duty"):
        with st.popover(duty.summary, icon=":material/groups:", type="tertiary"):
            rows = [(name, text("morning.open_cases", n=load)) for name, load in duty.loads]
            st.markdown(write_table(rows) if rows else duty.summary)
        lines = [f":material/event_busy: {escape(line)}" for line in duty.away]
        lines += [f":material/event_available: {escape(line)}" for line in duty.back]
        if lines:
            st.caption("  \n".join(lines))


def show_brief(paragraph: str, text: Text) -> None:
    """Offer the paragraph for a chat."""
    with st.popover(text("morning.copy"), icon=":material/content_copy:"):
        st.caption(text("morning.copy_hint"))
        st.code(paragraph, language=None, wrap_lines=True)


def find_picked(chart: Any) -> PlaceKey | None:
    """Return the place that was clicked on the map, if any."""
    for objects in chart.selection.objects.values():
        for found in objects:
            if properties := found.get("properties"):
                return PlaceKey(properties["layer"], properties["id"])
    return None


def _show_link(page: str, label: str, params: Mapping[str, str], *, help_text: str | None = None) -> None:
    """Show a link to a page; to a reader whose role has no such page, what it says."""
    try:
        st.page_link(page, label=label, help=help_text, query_params=params, width="stretch")
    except StreamlitPageNotFoundError:
        st.markdown(label, help=help_text)


def _write_figure(figure: Figure) -> str:
    return f"**{escape(figure.value)}** {escape(figure.label)}"


def _show_lines(lines: Sequence[ListedLine], empty: str, kept: Mapping[str, str], text: Text) -> None:
    if not lines:
        st.markdown(empty)
    for line in lines[:_MOST_LISTED]:
        label = f"{escape(line.title)} :gray[{escape(line.detail)}]"
        if line.building_id is None:
            st.markdown(label)
        else:
            place = format_place(PlaceKey("buildings", line.building_id)) or ""
            _show_link(_MAP, label, {**kept, "selected": place})
    if len(lines) > _MOST_LISTED:
        st.caption(text("morning.more", n=len(lines) - _MOST_LISTED))

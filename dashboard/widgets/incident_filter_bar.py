"""The bar above the list of cases: which ones, in which order, and views kept by name."""

from datetime import date
from typing import Any, Final, cast

import streamlit as st

from dashboard import case_session
from dashboard.models.incident_filters import (
    MARKS,
    OPEN_STATES,
    SETTLED_STATES,
    SORTS,
    STATUSES,
    TODAY,
    find_usual,
)
from dashboard.models.incident_page import CasesPage
from dashboard.models.incident_words import name_source, name_state
from dashboard.models.map_state import PlaceKey, format_place, parse_place
from dashboard.widgets.header import tell_ignored
from dashboard.widgets.incident_views import show_views
from geo.model.incident import SOURCES

_ANY: Final = ""
_WHOSE: Final = {"mine": "filter.whose_mine", "zones": "filter.whose_zones", "all": "filter.whose_all"}
_STATUS: Final = {
    "open": "filter.open",
    "overdue": "filter.overdue",
    "amber": "filter.amber",
    "settled": "filter.settled",
    "all": "filter.all",
}
_SORT: Final = {"deadline": "filter.by_deadline", "place": "filter.by_place", "newest": "filter.by_newest"}
_MARK: Final = {
    "relapse": "filter.relapse",
    "bounced": "filter.bounced",
    "whistled": "filter.whistled",
    "unheld": "filter.unheld",
}


def show_filter_bar(page: CasesPage, ignored: tuple[str, ...]) -> None:
    """Show the filters; each change goes into the address at once."""
    text, filters = page.text, page.filters
    with st.container(key="case_filters", horizontal=True, gap="small", vertical_alignment="center"):
        _show_whose(page)
        statuses = (*STATUSES, *OPEN_STATES, *SETTLED_STATES)
        _choose(
            page,
            "status",
            text("column.state"),
            statuses,
            lambda status: text(_STATUS[status]) if status in _STATUS else name_state(status, text),
            width=112,
        )
        _show_category(page)
        _show_place(page)
        _show_sort(page)
        with st.popover(_title_more(page), icon=":material/tune:"):
            _show_more(page)
        show_views(page)
        if filters != find_usual(page.actor) or page.private_words:
            st.button(
                text("filter.clear"),
                key="clear_filters",
                type="tertiary",
                icon=":material/filter_alt_off:",
                on_click=case_session.clear_filters,
            )
    tell_ignored(ignored, text)
    if page.private_words:
        st.caption(text("filter.private_words"))


def _show_whose(page: CasesPage) -> None:
    if page.actor.party_id is None or page.actor.role == "property_company":
        return
    text = page.text
    _keep("whose", page.filters.whose)
    st.segmented_control(
        text("filter.whose"),
        _WHOSE,
        format_func=lambda whose: text(_WHOSE[whose]),
        required=True,
        key="filter_whose",
        label_visibility="collapsed",
        on_change=lambda: case_session.change_filters(page.filters, whose=st.session_state["filter_whose"]),
    )


def _choose(
    page: CasesPage, field: str, label: str, options: tuple[str, ...], name: Any, *, width: int
) -> None:
    key = f"filter_{field}"
    st.session_state[key] = getattr(page.filters, field)
    st.selectbox(
        label,
        options,
        format_func=name,
        key=key,
        label_visibility="collapsed",
        width=width,
        on_change=lambda: case_session.change_filters(page.filters, **{field: st.session_state[key]}),
    )


def _show_sort(page: CasesPage) -> None:
    title = page.text("filter.sort")
    if page.filters.has_one_order:
        only = page.text(_SORT["newest"])
        st.selectbox(title, [only], disabled=True, label_visibility="collapsed", width=120)
        return
    _choose(page, "sort", title, SORTS, lambda sort: page.text(_SORT[sort]), width=120)


def _show_category(page: CasesPage) -> None:
    titles = {_ANY: page.text("filter.any_category")} | page.category_titles
    chosen = page.filters.categories
    if len(chosen) > 1:
        # Several come with an address; one can be chosen here.
        joined = ",".join(chosen)
        titles[joined] = page.text.join([page.category_titles[code].strip() for code in chosen])
    st.session_state["filter_category"] = ",".join(chosen)
    st.selectbox(
        page.text("column.category"),
        list(titles),
        format_func=titles.__getitem__,
        key="filter_category",
        label_visibility="collapsed",
        width=158,
        on_change=lambda: case_session.change_filters(
            page.filters, categories=tuple(filter(None, st.session_state["filter_category"].split(",")))
        ),
    )


def _show_place(page: CasesPage) -> None:
    text, place = page.text, page.filters.place
    titles = {_ANY: text("filter.any_place")}
    if page.filters.around:
        titles[_ANY] = text("filter.around", metres=text.number(page.filters.around.radius_m))
    titles |= {f"{area.layer}-{area.id}": area.name for area in page.areas}
    if place:
        name = page.name_place(place.layer, place.id) or text("filter.unknown_place")
        titles.setdefault(cast("str", format_place(place)), name)
    st.session_state["filter_place"] = format_place(place) or _ANY
    st.selectbox(
        text("column.place"),
        list(titles),
        format_func=titles.__getitem__,
        key="filter_place",
        label_visibility="collapsed",
        width=140,
        on_change=lambda: _change_place(page, parse_place(st.session_state["filter_place"])),
    )


def _change_place(page: CasesPage, place: PlaceKey | None) -> None:
    case_session.change_filters(page.filters, place=place, around=None)


def _title_more(page: CasesPage) -> str:
    filters = page.filters
    words = filters.words or page.private_words
    given = [filters.sources, filters.mark, filters.due, filters.since, filters.until, words]
    count = sum(bool(each) for each in given)
    return page.text("filter.more_count", count=count) if count else page.text("filter.more")


def _show_more(page: CasesPage) -> None:
    text, filters = page.text, page.filters
    _keep("words", f"{filters.words} {page.private_words}".strip())
    st.text_input(
        text("filter.words"),
        key="filter_words",
        max_chars=40,
        help=text("filter.words_help"),
        on_change=lambda: case_session.change_words(
            filters, st.session_state["filter_words"], page.public_names
        ),
    )
    _keep("sources", list(filters.sources))
    st.multiselect(
        text("fact.source"),
        SOURCES,
        format_func=lambda source: name_source(source, text),
        key="filter_sources",
        placeholder=text("filter.any"),
        on_change=lambda: case_session.change_filters(
            filters, sources=tuple(st.session_state["filter_sources"])
        ),
    )
    _keep("mark", filters.mark)
    st.pills(
        text("filter.mark"),
        MARKS,
        format_func=lambda mark: text(_MARK[mark]),
        key="filter_mark",
        on_change=lambda: case_session.change_filters(filters, mark=st.session_state["filter_mark"]),
    )
    for field, label in (
        ("due", "filter.due"),
        ("since", "filter.since"),
        ("until", "filter.until"),
    ):
        _show_day(page, field, text(label))


def _show_day(page: CasesPage, field: str, label: str) -> None:
    told = getattr(page.filters, field)
    _keep(field, page.today if told == TODAY else told and date.fromisoformat(told[:10]))
    key = f"filter_{field}"

    def change() -> None:
        day = st.session_state[key]
        case_session.change_filters(page.filters, **{field: day and day.isoformat()})

    st.date_input(
        label, key=key, value=None, on_change=change, format="YYYY-MM-DD", min_value=date(1950, 1, 1)
    )


def _keep(field: str, value: Any) -> None:
    st.session_state[f"filter_{field}"] = value

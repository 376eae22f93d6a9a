"""The bar above the heat map: by what, which colours, of which cases, when; all of it is in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.heat_page import name_comparison, name_measure, name_per, name_unit, name_weekday
from dashboard.models.heat_state import (
    COMPARISONS,
    MEASURES,
    PERS,
    SMOOTH,
    SPANS_DAYS,
    UNITS,
    HeatState,
    format_heat_state,
)
from dashboard.models.incident_words import name_category, name_source
from geo.model.incident import SOURCES
from geo.operations.heat_cases import Period
from geo.settings import get_settings
from geo.store.choices import Category

_OWN: Final = 0
_SPANS: Final = {28: "heat.span_28", 84: "heat.span_84", 364: "heat.span_364", _OWN: "heat.span_own"}
_HOURS: Final = (0, 24)


def show_heat_bar(
    state: HeatState, codes: Sequence[str], categories: Mapping[str, Category], text: Text
) -> None:
    """Show the choices.

    Args:
        state: what is shown.
        codes: the categories whose cases may be counted, of either level.
        categories: all, by code.
        text: the reader's language.
    """
    with st.container(key="heat_bar", horizontal=True, gap="small", vertical_alignment="center"):
        _choose_segment(
            "heat_measure", text("heat.measure"), MEASURES, state.measure,
            lambda each: name_measure(each, text), lambda each: change(state, measure=each),
        )  # fmt: skip
        _choose_segment(
            "heat_unit", text("heat.unit"), (*UNITS, SMOOTH),
            SMOOTH if state.is_smooth else state.question.unit,
            lambda each: name_unit(each, text), lambda each: _change_unit(state, each),
        )  # fmt: skip
        _choose_categories(state, codes, categories, text)
        _choose_segment(
            "heat_span", text("heat.period"), (*SPANS_DAYS, _OWN), state.days or _OWN,
            lambda each: text(_SPANS[each]), lambda each: _change_span(state, each),
        )  # fmt: skip
        _choose_comparison(state, text)
        with st.popover(_title_more(state, text), icon=":material/tune:"):
            _show_more(state, text)


def change(state: HeatState, **changes: Any) -> None:
    """Show something else; the cell that was open is closed where it may be none any more."""
    session.change_address(**format_heat_state(replace(state, **changes)))


def change_question(state: HeatState, **changes: Any) -> None:
    """Count something else."""
    change(state, question=replace(state.question, **changes))


def _change_unit(state: HeatState, unit: Any) -> None:
    is_smooth = unit == SMOOTH
    question = replace(state.question, unit="hexagon" if is_smooth else unit)
    cell = state.cell if question.unit == state.question.unit else None
    change(state, question=question, is_smooth=is_smooth, cell=cell)


def _change_span(state: HeatState, days: int) -> None:
    if days == _OWN:
        change(state, days=None)
        return
    until = session.today() + timedelta(days=1)
    change(state, days=days, period=Period(until - timedelta(days=days), until))


def _choose_segment(
    key: str, label: str, options: Sequence[Any], chosen: Any, name: Any, on_choose: Any
) -> None:
    st.session_state[key] = chosen
    st.segmented_control(
        label,
        options,
        format_func=name,
        required=True,
        key=key,
        label_visibility="collapsed",
        on_change=lambda: on_choose(st.session_state[key]),
    )


def _choose_categories(
    state: HeatState, codes: Sequence[str], categories: Mapping[str, Category], text: Text
) -> None:
    known = [code for code in categories if code in codes]
    indent = {code: "　" if categories[code].parent_code else "" for code in known}
    st.session_state["heat_category"] = list(state.question.categories)
    st.multiselect(
        text("column.category"),
        known,
        format_func=lambda code: indent[code] + name_category(categories[code], text),
        key="heat_category",
        placeholder=text("filter.any_category"),
        label_visibility="collapsed",
        width=220,
        on_change=lambda: _change_categories(state, tuple(st.session_state["heat_category"])),
    )


def _change_categories(state: HeatState, codes: tuple[str, ...]) -> None:
    per = None if not codes and state.question.per == "others" else state.question.per
    change_question(state, categories=codes, per=per)


def _choose_comparison(state: HeatState, text: Text) -> None:
    names = {"": text("heat.compare_none")} | {each: name_comparison(each, text) for each in COMPARISONS}
    st.session_state["heat_compare"] = state.comparison or ""
    st.selectbox(
        text("heat.compare"),
        list(names),
        format_func=names.__getitem__,
        key="heat_compare",
        label_visibility="collapsed",
        width=150,
        on_change=lambda: change(state, comparison=st.session_state["heat_compare"] or None),
    )


def _title_more(state: HeatState, text: Text) -> str:
    question = state.question
    given = [
        question.per,
        question.sources,
        question.hours != _HOURS,
        question.weekdays,
        not state.days,
        state.is_shared,
    ]
    count = sum(bool(each) for each in given)
    return text("filter.more_count", count=count) if count else text("filter.more")


def _show_more(state: HeatState, text: Text) -> None:
    question = state.question
    st.session_state["heat_shared"] = state.is_shared
    st.toggle(
        text("heat.shared"),
        key="heat_shared",
        help=text("heat.shared_help", n=get_settings().least_shown),
        on_change=lambda: change(state, is_shared=st.session_state["heat_shared"]),
    )
    if state.is_shared:
        return
    if state.days is None:
        _choose_days(state, text)
    pers = {"": text("heat.per_auto")} | {
        per: name_per(per, text) for per in PERS if per != "others" or question.categories
    }
    st.session_state["heat_per"] = question.per or ""
    st.selectbox(
        text("heat.per"),
        list(pers),
        format_func=pers.__getitem__,
        key="heat_per",
        help=text("heat.per_help"),
        on_change=lambda: change_question(state, per=st.session_state["heat_per"] or None),
    )
    st.session_state["heat_sources"] = list(question.sources)
    st.multiselect(
        text("fact.source"),
        SOURCES,
        format_func=lambda source: name_source(source, text),
        key="heat_sources",
        placeholder=text("filter.any"),
        on_change=lambda: change_question(state, sources=tuple(st.session_state["heat_sources"])),
    )
    st.session_state["heat_hours"] = tuple(sorted(question.hours))
    st.slider(
        text("heat.hours"),
        *_HOURS,
        key="heat_hours",
        format="%d:00",
        on_change=lambda: _change_hours(state, st.session_state["heat_hours"]),
    )
    st.session_state["heat_weekdays"] = list(question.weekdays)
    st.pills(
        text("heat.weekdays"),
        range(7),
        selection_mode="multi",
        format_func=lambda day: name_weekday(day, text),
        key="heat_weekdays",
        on_change=lambda: change_question(state, weekdays=tuple(sorted(st.session_state["heat_weekdays"]))),
    )


def _change_hours(state: HeatState, hours: tuple[int, int]) -> None:
    change_question(state, hours=hours if hours[0] < hours[1] else _HOURS)


def _choose_days(state: HeatState, text: Text) -> None:
    period = state.period
    st.session_state["heat_days"] = (period.since, period.until - timedelta(days=1))
    st.date_input(
        text("heat.days"),
        key="heat_days",
        format="YYYY-MM-DD",
        min_value=date(1950, 1, 1),
        on_change=lambda: _change_days(state, st.session_state["heat_days"]),
    )


def _change_days(state: HeatState, days: tuple[date, ...]) -> None:
    # While only the first day is chosen, nothing changes.
    if len(days) == 2:
        change(state, days=None, period=Period(days[0], days[1] + timedelta(days=1)))

"""The working time of a community and its clocks: shown to all, changed by those who keep them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from dashboard.models.duties import (
    DutyWords,
    explain_refusal,
    name_unit,
    read_allowance,
    read_hours,
    write_allowance,
    write_clock,
)
from dashboard.widgets.markdown import escape
from geo.errors import Conflict, WanggeError
from geo.model.working_time import DEFAULT_HOURS, Allowance, Unit
from geo.operations.calendars import CommunityTime, read_community_time, set_clock, set_day, set_hours
from geo.store.calendars import CategoryClock, OwnDay

_REFUSAL: Final = "calendar_refusal"
_TABLE_PX: Final = 250


@dataclass(frozen=True)
class _Form:
    """A form that is open, whatever others do meanwhile.

    Attributes:
        name: of its fields, so that another form begins empty.
        filled_from: what its fields began with.
        seen: what its reader knows to be set, to be compared when it is saved.
    """

    name: str
    filled_from: Any
    seen: Any


def show_working_time(
    words: DutyWords, community_id: int, time: CommunityTime, today: date, *, can_keep: bool
) -> None:
    """Show hours, days and clocks, each with its form for whoever keeps them."""
    st.markdown(f"#### {words.text('duties.time')}")
    if refusal := st.session_state.pop(_REFUSAL, None):
        st.warning(escape(refusal), icon=":material/report:")
    hours, clocks = st.columns([1, 1.6], gap="small")
    with hours:
        _show_hours(words, community_id, time, can_keep=can_keep)
        _show_days(words, community_id, time, today, can_keep=can_keep)
    with clocks, st.container(border=True):
        _show_clocks(words, community_id, time, can_keep=can_keep)


def _show_hours(words: DutyWords, community_id: int, time: CommunityTime, *, can_keep: bool) -> None:
    text = words.text
    with st.container(border=True, key="duty_hours"):
        own = "" if time.hours else text("duties.usual_hours")
        st.markdown(f"**{text('duties.hours')}** {escape(str(time.hours or DEFAULT_HOURS))} {own}")
        if not can_keep:
            return
        form = _remember(f"hours_{community_id}", time.hours)
        name = form.name
        with st.form(name, border=False):
            typed, save = st.columns([3, 1], vertical_alignment="center")
            typed.text_input(
                text("duties.hours"),
                value=str(form.filled_from or ""),
                placeholder=text("duties.hours_hint"),
                key=f"{name}_words",
                max_chars=100,
                label_visibility="collapsed",
            )
            save.form_submit_button(
                text("duties.save"),
                width="stretch",
                key=f"{name}_save",
                on_click=lambda: _save(
                    words,
                    f"hours_{community_id}",
                    lambda: set_hours(community_id, form.seen, read_hours(st.session_state[f"{name}_words"])),
                    lambda: read_community_time(community_id).hours,
                ),
            )


def _show_days(
    words: DutyWords, community_id: int, time: CommunityTime, today: date, *, can_keep: bool
) -> None:
    text = words.text
    with st.container(border=True, key="duty_days"):
        st.markdown(f"**{text('duties.days')}** :gray[{text('duties.days_hint')}]")
        if time.days:
            days = sorted(time.days.items(), reverse=True)
            st.dataframe(
                {
                    text("duties.day"): [day.isoformat() for day, _ in days],
                    text("duties.works"): [_name_day(own, words) for _, own in days],
                    text("duties.note"): [own.note or "" for _, own in days],
                },
                hide_index=True,
                height=min(_TABLE_PX, 36 * (len(days) + 1)),
            )
        if not can_keep:
            return
        form = _remember(f"days_{community_id}", dict(time.days))
        name = form.name
        with st.form(name, border=False):
            day, kind, note, save = st.columns([1.5, 1.2, 1.2, 0.9], vertical_alignment="center")
            day.date_input(
                text("duties.day"),
                today,
                min_value=date(1950, 1, 1),
                max_value=date(2199, 12, 31),
                key=f"{name}_day",
                label_visibility="collapsed",
            )
            kinds = (False, True, None)
            kind.selectbox(
                text("duties.works"),
                kinds,
                format_func=lambda works: text(
                    {False: "duties.day_off", True: "duties.day_worked", None: "duties.day_as_notice"}[works]
                ),
                key=f"{name}_kind",
                label_visibility="collapsed",
            )
            note.text_input(
                text("duties.note"),
                placeholder=text("duties.note"),
                key=f"{name}_note",
                max_chars=100,
                label_visibility="collapsed",
            )
            save.form_submit_button(
                text("duties.save"),
                width="stretch",
                key=f"{name}_save",
                on_click=lambda: _save(
                    words,
                    f"days_{community_id}",
                    lambda: _set_day(community_id, form),
                    lambda: dict(read_community_time(community_id).days),
                ),
            )


def _set_day(community_id: int, form: _Form) -> None:
    state, name = st.session_state, form.name
    day, works = state[f"{name}_day"], state[f"{name}_kind"]
    wanted = None if works is None else OwnDay(works, state[f"{name}_note"])
    set_day(community_id, day, form.seen.get(day), wanted)


def _show_clocks(words: DutyWords, community_id: int, time: CommunityTime, *, can_keep: bool) -> None:
    text = words.text
    st.markdown(f"**{text('duties.clocks')}** :gray[{text('duties.clocks_hint')}]")
    rows = [
        (words.name_category(code), *write_clock(clock.standard, clock.own, text))
        for code in words.categories
        if (clock := time.clocks[code]) and words.categories[code].parent_code is not None
    ]
    titles = (text("duties.category"), text("duties.response"), text("duties.deadline"), text("duties.own"))
    st.dataframe(
        {title: [row[number] for row in rows] for number, title in enumerate(titles)},
        hide_index=True,
        height=_TABLE_PX,
    )
    if not can_keep:
        return
    codes = [code for code, category in words.categories.items() if category.parent_code is not None]
    code = st.selectbox(
        text("duties.choose_category"),
        codes,
        index=None,
        format_func=words.name_category,
        key="clock_category",
        placeholder=text("duties.clock_of"),
        label_visibility="collapsed",
    )
    if code is None:
        return
    form = _remember(f"clock_{community_id}_{code}", time.clocks[code].own)
    name = form.name
    with st.form(name, border=False):
        columns = st.columns([1, 1, 1, 1, 0.8], vertical_alignment="bottom")
        standard, own, units = time.clocks[code].standard, form.filled_from, list(Unit)
        parts: tuple[tuple[str, str, Allowance | None, Allowance | None], ...] = (
            ("response", text("duties.response"), own.response, standard.response),
            ("deadline", text("duties.deadline"), own.deadline, standard.deadline),
        )
        for number, (part, title, set_here, usual) in enumerate(parts):
            amount, unit = columns[2 * number : 2 * number + 2]
            shown = set_here or usual
            amount.number_input(
                title,
                min_value=0.0,
                max_value=10_000.0,
                value=set_here.amount if set_here else None,
                step=1.0,
                format="%g",
                key=f"{name}_{part}",
                placeholder=write_allowance(usual, text) or text("case.no_limit"),
            )
            unit.selectbox(
                text("duties.unit"),
                units,
                index=units.index(shown.unit if shown else Unit.WORKING_DAY),
                format_func=lambda each: name_unit(each, text),
                key=f"{name}_{part}_unit",
            )
        columns[4].form_submit_button(
            text("duties.save"),
            width="stretch",
            key=f"{name}_save",
            on_click=lambda: _save(
                words,
                f"clock_{community_id}_{code}",
                lambda: set_clock(community_id, code, form.seen, _read_clock(name)),
                lambda: read_community_time(community_id).clocks[code].own,
            ),
        )


def _read_clock(name: str) -> CategoryClock:
    state = st.session_state
    response, deadline = (
        read_allowance(state[f"{name}_{part}"], state[f"{name}_{part}_unit"])
        for part in ("response", "deadline")
    )
    return CategoryClock(response, deadline)


def _name_day(own: OwnDay, words: DutyWords) -> str:
    return words.text("duties.day_worked" if own.is_workday else "duties.day_off")


def _remember(what: str, value: Any) -> _Form:
    """Return the form that is open on something; it stays as it is until it is saved."""
    form: _Form = st.session_state.setdefault(f"seen_{what}", _Form(uuid4().hex, value, value))
    return form


def _save(words: DutyWords, what: str, change: Callable[[], None], read: Callable[[], Any]) -> None:
    state, text = st.session_state, words.text
    try:
        change()
    except Conflict:
        # What was typed stays; what others have set is shown above it, and to save again is to know of it.
        state[f"seen_{what}"] = replace(state[f"seen_{what}"], seen=read())
        state[_REFUSAL] = text("duties.conflict_again")
    except WanggeError as refusal:
        state[_REFUSAL] = explain_refusal(refusal, text)
    else:
        del state[f"seen_{what}"]
        st.toast(text("duties.saved"), icon=":material/check:")

"""Asking for a better plan: what it is to be good at, a search that can be stopped, and what it found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models import zone_wishes as model
from dashboard.widgets.markdown import escape
from dashboard.widgets.zone_desk import Desk
from geo.errors import WanggeError
from geo.model.zone import Plan
from geo.operations.searching import Found, Search, start_search
from geo.operations.suggesting import Load, Posed, list_moves, pose_question
from geo.operations.taking_over import take_over
from geo.zoning.problem import Goal

_KEY: Final = "zone_search"
_LOOK_EVERY_S: Final = 1.0
_MOST_TOLD: Final = 200


@dataclass(frozen=True)
class _Asked:
    """A search, with the plan and the question it began from."""

    plan_id: int
    revision: int
    posed: Posed
    search: Search


def ask_for_plan(plan: Plan, desk: Desk, text: Text) -> None:
    """Open the dialogue in which a better plan is asked for and taken over."""

    @st.dialog(text("zones.wish"), width="large")
    def ask() -> None:
        show_wishes()

    # Looks again by itself: a click in a fragment does not interrupt it, so it may not wait for the search.
    @st.fragment(run_every=_LOOK_EVERY_S)
    def show_wishes() -> None:
        asked: _Asked | None = st.session_state.get(_KEY)
        if asked is None or asked.plan_id != plan.head.id or asked.revision != plan.head.revision:
            _show_question(plan, text)
        else:
            _show_answers(asked, desk, text)

    ask()


def _show_question(plan: Plan, text: Text) -> None:
    st.caption(text("zones.wish_note"))
    count, seconds, balance = st.columns([1, 1, 2])
    zone_count = count.number_input(
        text("zones.wish_count"), min_value=1, max_value=500, value=max(len(plan.zones), 1), key="wish_count"
    )
    seconds_s = seconds.select_slider(
        text("zones.wish_seconds"), [5, 10, 20, 40, 60], value=20, key="wish_seconds"
    )
    loads = balance.multiselect(
        text("zones.wish_balance"),
        list(Load),
        default=[Load.HOUSEHOLDS, Load.WORKLOAD],
        format_func=lambda load: text(model.LOADS[load]),
        key="wish_balance",
    )
    if st.button(text("zones.wish_start"), key="wish_start", type="primary", disabled=not loads):
        try:
            _start(plan, int(zone_count), float(seconds_s), loads)
        except WanggeError as refusal:
            st.warning(escape(tell_refusal(refusal, text)), icon=":material/report:")
        else:
            st.rerun(scope="fragment")


def _start(plan: Plan, zone_count: int, seconds: float, loads: Sequence[Load]) -> None:
    posed = pose_question(plan.head.community_id, plan, session.today(), zone_count=zone_count, balance=loads)
    _forget()
    search = start_search(posed.question, list(Goal), seconds)
    st.session_state[_KEY] = _Asked(plan.head.id, plan.head.revision, posed, search)


def _show_answers(asked: _Asked, desk: Desk, text: Text) -> None:
    search = asked.search
    is_over = search.is_over
    # All is there all the while: what lies below must not move under a finger as the search ends.
    stop, again, bar = st.columns([1, 1, 5], vertical_alignment="center")
    stop.button(text("zones.wish_stop"), key="wish_stop", on_click=search.cancel, disabled=is_over)
    again.button(text("zones.wish_again"), key="wish_again", on_click=_forget, disabled=not is_over)
    if is_over:
        bar.progress(1.0, text("zones.wish_over"))
    else:
        share = min(search.elapsed_s / search.seconds, 1.0)
        ahead = search.ahead
        told = text("zones.wish_under_way", seconds=text.number(search.elapsed_s))
        bar.progress(share, text("zones.wish_waiting", n=ahead) if ahead else told)
    if search.refusal:
        st.warning(escape(tell_refusal(search.refusal, text)), icon=":material/report:")
    _show_offers(asked, desk, text, can_take=is_over)


def _show_offers(asked: _Asked, desk: Desk, text: Text, *, can_take: bool) -> None:
    best = dict(asked.search.best)
    offers = model.list_offers(asked.posed, best, text)
    if not offers:
        st.caption(text("zones.wish_nothing_yet"))
        return
    for column, offer in zip(st.columns(3), offers, strict=False):
        with column.container(border=True):
            st.markdown(f"**{escape(offer.title)}**")
            st.markdown(
                "  \n".join(f":gray[{escape(label)}] {escape(value)}" for label, value in offer.lines)
            )
            if st.button(
                text("zones.wish_take"),
                key=f"wish_take_{offer.goal}",
                type="primary",
                width="stretch",
                disabled=not can_take,
            ):
                _take(asked, best[offer.goal], desk, text)
    if can_take:
        st.vega_lite_chart(model.draw_trade_off(asked.posed, best, text), width="stretch")
        _show_reasons(asked, best, text)


def _show_reasons(asked: _Asked, best: dict[Goal, Found], text: Text) -> None:
    goal = st.segmented_control(
        text("zones.wish_explain"),
        list(best),
        format_func=lambda one: text(model.GOALS[one]),
        key="wish_explain",
    )
    if goal in best:
        told = model.tell_moves(list_moves(asked.posed, best[goal]), text)
        st.caption(text("zones.wish_moves", n=len(told)))
        st.dataframe({text("zones.wish_why"): told[:_MOST_TOLD]}, hide_index=True, height=260)


def _take(asked: _Asked, found: Found, desk: Desk, text: Text) -> None:
    is_done = desk.attempt(
        text,
        lambda: take_over(
            asked.plan_id,
            asked.posed,
            found,
            seen_revision=asked.revision,
            label=text("zones.step_take_over", goal=text(model.GOALS[found.goal])),
            name_zone=lambda code: text("zones.new_zone", code=code),
        ),
    )
    if is_done:
        desk.pick(())
        _forget()
    st.rerun()


def _forget() -> None:
    asked: _Asked | None = st.session_state.pop(_KEY, None)
    if asked is not None:
        asked.search.cancel()

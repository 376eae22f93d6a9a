"""The plans of a community: which kind and which plan is open, what it is compared with; its life."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from urllib.parse import urlencode

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models import zones as model
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.zone import PlanHead, PlanState, ZoneKind
from geo.operations import zone_plans


def show_kind_choice(text: Text) -> ZoneKind:
    """Show which kind of responsibility is open; the address says it."""
    asked = st.query_params.get("kind", "")
    kind = ZoneKind(asked) if asked in set(ZoneKind) else ZoneKind.GRID_WORKER
    st.session_state["zone_kind"] = kind
    st.selectbox(
        text("zones.kind"),
        list(ZoneKind),
        format_func=lambda one: text(model.KINDS[one]),
        key="zone_kind",
        label_visibility="collapsed",
        on_change=lambda: session.change_address(
            kind=st.session_state["zone_kind"].value, plan=None, against=None
        ),
    )
    return kind


def show_plan_choice(heads: Sequence[PlanHead], today: date, text: Text) -> PlanHead | None:
    """Show which plan is open: the one the address names, else the one in force, else the newest."""
    if not heads:
        return None
    by_id = {head.id: head for head in heads}
    names = model.name_plans(heads, text)
    opened = _find_asked(by_id, "plan") or model.find_in_force(heads, today) or heads[0]
    st.session_state["zone_plan"] = opened.id
    st.selectbox(
        text("zones.plan"),
        list(by_id),
        format_func=names.__getitem__,
        key="zone_plan",
        label_visibility="collapsed",
        on_change=lambda: session.change_address(plan=str(st.session_state["zone_plan"]), against=None),
    )
    return opened


def show_comparison_choice(
    heads: Sequence[PlanHead], opened: PlanHead, today: date, text: Text
) -> PlanHead | None:
    """Show what the open plan is compared with: as the address says, else what it began from."""
    others = {head.id: head for head in heads if head.id != opened.id}
    names = model.name_plans(heads, text)
    if not others:
        return None
    default = others.get(opened.based_on or 0) or model.find_in_force(others.values(), today)
    against = _find_asked(others, "against") or default
    st.session_state["zone_against"] = against.id if against else None
    st.selectbox(
        text("zones.against"),
        list(others),
        index=None,
        placeholder=text("zones.against"),
        format_func=lambda plan_id: text("zones.against_plan", plan=names[plan_id]),
        key="zone_against",
        label_visibility="collapsed",
        on_change=lambda: session.change_address(against=str(st.session_state["zone_against"] or "") or None),
    )
    return against


def show_card_link(community_code: str, kind: ZoneKind, text: Text) -> None:
    """Offer the public cards of the plan in force, to print."""
    params = {"community": community_code, "kind": kind.value, "lang": text.language}
    st.link_button("", f"/print/zones?{urlencode(params)}", icon=":material/print:", help=text("zones.cards"))


def show_plan_acts(community_id: int, kind: ZoneKind, opened: PlanHead | None, text: Text) -> None:
    """Offer to begin a draft, and to publish or discard the one that is open."""
    is_draft = opened is not None and opened.state is PlanState.DRAFT
    if st.button(
        text("zones.begin"),
        key="zone_begin",
        icon=":material/add:",
        type="secondary" if is_draft else "primary",
    ):
        _begin_draft(community_id, kind, opened, text)
    if opened is not None and is_draft:
        if st.button(text("zones.publish"), key="zone_publish", icon=":material/publish:", type="primary"):
            _publish_draft(opened, text)
        with st.popover("", icon=":material/delete:", help=text("zones.discard"), key="zone_drop"):
            st.caption(text("zones.discard_note"))
            st.button(text("zones.discard"), key="zone_discard", on_click=_discard, args=(opened, text))


def _begin_draft(community_id: int, kind: ZoneKind, opened: PlanHead | None, text: Text) -> None:
    @st.dialog(text("zones.begin"))
    def ask() -> None:
        name = st.text_input(text("zones.draft_name"), key="zone_draft_name", max_chars=60)
        choices = [*([opened] if opened else []), None]
        based_on = st.radio(
            text("zones.begin_from"),
            choices,
            format_func=lambda head: model.name_plan(head, text) if head else text("zones.begin_empty"),
            key="zone_draft_from",
        )
        if st.button(text("zones.begin"), key="zone_draft_begin", type="primary", disabled=not name.strip()):
            try:
                plan = zone_plans.start_draft(
                    community_id, kind, name, based_on=based_on.id if based_on else None
                )
            except WanggeError as refusal:
                st.warning(escape(tell_refusal(refusal, text)), icon=":material/report:")
                return
            session.change_address(plan=str(plan.head.id), against=None)
            st.rerun()

    ask()


def _publish_draft(opened: PlanHead, text: Text) -> None:
    @st.dialog(text("zones.publish"), width="medium")
    def ask() -> None:
        today = session.today()
        day = st.date_input(
            text("zones.first_day"), value=today + timedelta(days=1), min_value=today, key="zone_first_day"
        )
        plan = zone_plans.read_plan(opened.id)
        obstacles = zone_plans.list_obstacles(opened.id, day)
        for line in model.tell_obstacles(obstacles, text):
            st.markdown(f":red[:material/block:] {escape(line)}")
        if not obstacles:
            st.markdown(f":green[:material/check:] {text('zones.no_obstacle')}")
        st.caption(text("zones.publish_note"))
        if st.button(text("zones.publish"), key="zone_publish_now", type="primary", disabled=bool(obstacles)):
            try:
                zone_plans.publish(opened.id, day, seen_revision=plan.head.revision)
            except WanggeError as refusal:
                st.warning(escape(tell_refusal(refusal, text)), icon=":material/report:")
                return
            st.rerun()

    ask()


def _discard(opened: PlanHead, text: Text) -> None:
    try:
        zone_plans.discard_draft(opened.id)
    except WanggeError as refusal:
        st.toast(escape(tell_refusal(refusal, text)), icon=":material/report:")
        return
    session.change_address(plan=None, against=None)


def _find_asked(heads: Mapping[int, PlanHead], name: str) -> PlanHead | None:
    asked = st.query_params.get(name, "")
    return heads.get(int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None

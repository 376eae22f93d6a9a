"""What was settled and is to be looked at again today: one click says it is still so, two that it is back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import streamlit as st

from dashboard import data, session
from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_words import name_category
from dashboard.models.rechecks import RecheckLine, list_lines, parse_days
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.actor import Actor
from geo.model.recheck import RecheckSetting
from geo.operations.rechecks import change_setting, confirm_settled, count_found, report_back
from geo.rules.rechecks import list_for
from geo.store.places import Community


def show_rechecks(
    community: Community, tags: Mapping[str, str], actor: Actor, now: datetime, text: Text
) -> None:
    """Show what is due: to a grid worker his own, to the secretary everybody's; nothing where nothing is.

    The secretary also chooses there what is asked for.
    """
    is_keeper = actor.role == "secretary"
    setting, chosen = data.list_rechecks(community.id, tags, actor, now)
    if not is_keeper:
        chosen = list_for(chosen, actor.party_id) if actor.party_id is not None else []
    if not chosen and not is_keeper:
        return
    lines = list_lines(chosen, data.list_categories(), text, with_names=is_keeper)
    with (
        st.container(key="rechecks"),
        st.popover(text("recheck.due", n=len(lines)), icon=":material/fact_check:"),
    ):
        days = text("month.separator").join(map(str, setting.days))
        st.caption(text("recheck.hint", days=days, most=setting.most_a_day))
        if not lines:
            st.markdown(text("recheck.none"))
        for line in lines:
            _show_line(line, community, text)
        if is_keeper:
            found = count_found(community.id, now)
            st.caption(text("recheck.found", all=sum(found.values()), back=found.get("came_back", 0)))
            if st.toggle(text("recheck.setting"), key="recheck_setting_open"):
                _show_setting(community, setting, text)


def _show_line(line: RecheckLine, community: Community, text: Text) -> None:
    key = f"{line.case.id}_{line.case.days}"
    with st.container(key=f"recheck_{key}", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"{escape(line.title)}  \n:gray[{escape(line.detail)}]", width="stretch")
        st.button(
            text("recheck.gone"),
            key=f"recheck_gone_{key}",
            icon=":material/check:",
            on_click=_confirm,
            args=(line, text),
        )
        if st.button(text("recheck.back"), key=f"recheck_back_{key}", icon=":material/replay:"):
            st.session_state["recheck_open"] = None if _is_open(key) else key
    if _is_open(key):
        st.text_area(
            text("recheck.what"), line.draft, key=f"recheck_words_{key}", height=84,
            label_visibility="collapsed",
        )  # fmt: skip
        st.button(
            text("recheck.open"),
            key=f"recheck_open_{key}",
            type="primary",
            width="stretch",
            on_click=_report,
            args=(line, community.id, key, text),
        )


def _is_open(key: str) -> bool:
    return bool(st.session_state.get("recheck_open") == key)


def _confirm(line: RecheckLine, text: Text) -> None:
    try:
        confirm_settled(line.case.id, line.case.version)
        session.tell_next(text("recheck.done"))
    except WanggeError as refusal:
        session.tell_next(tell_refusal(refusal, text), is_refusal=True)


def _report(line: RecheckLine, community_id: int, key: str, text: Text) -> None:
    words = str(st.session_state.get(f"recheck_words_{key}", "")).strip() or line.draft
    try:
        new_id = report_back(line.case, community_id, words)
        session.tell_next(text("recheck.opened", id=new_id))
        st.session_state["recheck_open"] = None
    except WanggeError as refusal:
        session.tell_next(tell_refusal(refusal, text), is_refusal=True)


def _show_setting(community: Community, setting: RecheckSetting, text: Text) -> None:
    kinds = {
        code: name_category(category, text)
        for code, category in data.list_categories().items()
        if category.parent_code and not category.is_sealed and not category.is_sensitive
    }
    with st.form("recheck_setting", border=False):
        is_on = st.checkbox(text("recheck.is_on"), setting.is_on)
        days = st.text_input(text("recheck.days"), ",".join(map(str, setting.days)))
        first, second, third = st.columns(3)
        most = first.number_input(text("recheck.most"), 1, 50, setting.most_a_day)
        share = second.number_input(text("recheck.share"), 0, 100, setting.share_percent)
        lapse = third.number_input(text("recheck.lapse"), 1, 60, setting.lapse_days)
        chosen = st.multiselect(
            text("recheck.categories"),
            list(kinds),
            [code for code in setting.categories if code in kinds],
            format_func=kinds.__getitem__,
        )
        if st.form_submit_button(text("recheck.save"), type="primary"):
            read = parse_days(days)
            if read is None:
                st.warning(text("recheck.bad_days"))
                return
            wanted = replace(
                setting, is_on=is_on, days=read, most_a_day=int(most), share_percent=int(share),
                lapse_days=int(lapse), categories=tuple(sorted(chosen)),
            )  # fmt: skip
            try:
                change_setting(community.id, wanted)
                data.forget_recheck_setting()
            except WanggeError as refusal:
                st.warning(escape(tell_refusal(refusal, text)))
            else:
                session.tell_next(text("recheck.saved"))
                st.rerun()

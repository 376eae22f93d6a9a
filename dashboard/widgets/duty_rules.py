"""The rules of a community in order, and the form by which one is added, changed, moved or withdrawn."""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from dashboard import session
from dashboard.models.duties import COMPANY, DutyWords, explain_refusal, name_unit, read_allowance
from dashboard.widgets.markdown import escape
from geo.errors import Conflict, WanggeError
from geo.model.duty import DutyRule, DutyTerms, LeadKind, PlaceType
from geo.model.working_time import Unit
from geo.operations.duties import add_rule, change_rule, move_rule, read_matrix, withdraw_rule

_NEW: Final = "new"
_EDITOR: Final = "duty_editor"
_REFUSAL: Final = "duty_refusal"
_TABLE_PX: Final = 440


@dataclass(frozen=True)
class _Editor:
    """A form that is open, whatever others do to the rule meanwhile.

    Attributes:
        name: of its fields, so that another form begins empty.
        filled_from: the rule its fields began with; None for a new one.
        seen: the rule as its reader knows it, to be compared when it is saved; None for a new one.
    """

    name: str
    filled_from: DutyRule | None
    seen: DutyRule | None


def show_rules(words: DutyWords, community_id: int, *, can_keep: bool) -> None:
    """Show the rules, and beside them the form for whoever keeps them."""
    if not can_keep:
        _show_table(words, None, can_choose=False)
        return
    editor = _find_editor(words)
    chosen = editor.seen if editor else None
    stage, panel = st.columns([2.4, 1], gap="small")
    with stage:
        _show_table(words, chosen, can_choose=True)
    with panel, st.container(border=True, key="duty_panel", height=_TABLE_PX + 60):
        _show_tools(words, community_id, chosen)
        if refusal := st.session_state.pop(_REFUSAL, None):
            st.warning(escape(refusal), icon=":material/report:")
        if editor is None:
            st.caption(words.text("duties.choose_rule"))
        else:
            _show_form(words, community_id, editor)


def _show_table(words: DutyWords, chosen: DutyRule | None, *, can_choose: bool) -> None:
    text, rules = words.text, words.matrix.rules
    order = [rule.id for rule in rules]
    heading = text("duties.rules", n=len(rules))
    flagged = sum(bool(flag) for flag in words.list_flags().values())
    told = [text("duties.flagged", n=flagged)] if flagged else []
    if unanswered := words.tell_unanswered():
        told.append(unanswered)
    st.markdown(f"#### {heading}" + (f" :orange[{escape(text.join(told))}]" if told else ""))
    columns = {
        text("duties.number"): st.column_config.NumberColumn(width=46),
        text("duties.category"): st.column_config.TextColumn(width=136),
        text("duties.place"): st.column_config.TextColumn(width=136),
        text("duties.flags"): st.column_config.TextColumn(width=150),
    }
    if not can_choose:
        st.dataframe(words.list_rows(), hide_index=True, height=_TABLE_PX, column_config=columns)
        return
    # The table marks its row by number: when the order changes, it begins anew with the same rule marked.
    key = f"duty_table_{hash(tuple(order))}"
    marked = [order.index(chosen.id)] if chosen is not None and chosen.id in order else []
    st.dataframe(
        words.list_rows(),
        hide_index=True,
        height=_TABLE_PX,
        column_config=columns,
        key=key,
        on_select=lambda: _open_marked(order, st.session_state[key].selection.rows),
        selection_mode="single-row",
        selection_default={"selection": {"rows": marked, "columns": [], "cells": []}},
    )


def _show_tools(words: DutyWords, community_id: int, chosen: DutyRule | None) -> None:
    text, order = words.text, [rule.id for rule in words.matrix.rules]
    place = order.index(chosen.id) if chosen is not None and chosen.id in order else None
    with st.container(key="duty_tools", horizontal=True, gap="small"):
        st.button(text("duties.add"), key="duty_add", icon=":material/add:", on_click=_open, args=(_NEW,))
        for name, icon, step in (("up", "arrow_upward", -1), ("down", "arrow_downward", 1)):
            st.button(
                "",
                key=f"duty_{name}",
                icon=f":material/{icon}:",
                help=text("duties.move_up" if step < 0 else "duties.move_down"),
                disabled=place is None or not 0 <= place + step < len(order),
                on_click=_move,
                args=(words, community_id, chosen, step, order),
            )
        with st.popover("", icon=":material/delete:", help=text("duties.withdraw"), disabled=place is None):
            st.caption(text("duties.withdraw_note"))
            st.button(
                text("duties.withdraw"), key="duty_withdraw", on_click=_withdraw, args=(words, community_id)
            )
    if chosen is not None and place is not None:
        rules = words.matrix.rules
        above = words.name_scope(rules[place - 1]) if place else text("duties.first")
        below = words.name_scope(rules[place + 1]) if place + 1 < len(rules) else text("duties.last")
        around = text("duties.between", above=above, below=below)
        st.markdown(f"**{escape(text('duties.rule', number=rules[place].position))}**", help=escape(around))
        if flag := words.list_flags()[chosen.id]:
            st.markdown(f":orange[:material/warning: {escape(flag)}]")
    elif st.query_params.get("rule") == _NEW:
        st.markdown(f"**{escape(text('duties.new_rule'))}**")


def _show_form(words: DutyWords, community_id: int, editor: _Editor) -> None:
    text, filled, name = words.text, editor.filled_from, f"duty_{editor.name}"
    parties = words.matrix.parties
    named = set() if filled is None else {
        filled.lead_party_id, filled.supervisor_party_id, filled.helper_party_id
    }  # fmt: skip
    offered = [party.id for party in parties.values() if party.is_active or party.id in named]
    with st.form(name, border=False):
        category, place = st.columns(2)
        codes = [None, *words.categories]
        category.selectbox(
            text("duties.category"),
            codes,
            index=codes.index(filled.category_code) if filled else 0,
            format_func=words.name_category,
            key=f"{name}_category",
        )
        places = [None, *PlaceType]
        place.selectbox(
            text("duties.place"),
            places,
            index=places.index(filled.place_type) if filled else 0,
            format_func=words.name_place,
            key=f"{name}_place",
        )
        lead, amount, unit = st.columns([1.8, 1.1, 1.3])
        leads = [COMPANY, *offered]
        is_company = filled is not None and filled.lead_kind is LeadKind.COMPOUND_PROPERTY_COMPANY
        present_lead = COMPANY if is_company else filled.lead_party_id if filled else None
        lead.selectbox(
            text("duties.lead"),
            leads,
            index=leads.index(present_lead) if present_lead in leads else None,
            format_func=words.name_party,
            key=f"{name}_lead",
            placeholder=text("duties.choose_lead"),
        )
        amount.number_input(
            text("duties.deadline"),
            min_value=0.0,
            max_value=10_000.0,
            value=filled.deadline.amount if filled and filled.deadline else None,
            step=1.0,
            format="%g",
            key=f"{name}_amount",
            placeholder=text("duties.as_category"),
        )
        units = list(Unit)
        unit.selectbox(
            text("duties.unit"),
            units,
            index=units.index(filled.deadline.unit if filled and filled.deadline else Unit.WORKING_DAY),
            format_func=lambda each: name_unit(each, text),
            key=f"{name}_unit",
        )
        for column, role, title, present in zip(
            st.columns(2),
            ("supervisor", "helper"),
            (text("duties.supervisor"), text("duties.helper")),
            (filled and filled.supervisor_party_id, filled and filled.helper_party_id),
            strict=True,
        ):
            column.selectbox(
                title,
                offered,
                index=offered.index(present) if present in offered else None,
                format_func=words.name_party,
                key=f"{name}_{role}",
                placeholder=text("duties.nobody_named"),
            )
        st.text_input(
            text("duties.basis"),
            value=(filled.legal_basis or "") if filled else "",
            max_chars=500,
            key=f"{name}_basis",
        )
        if editor.seen is None:
            before = [*(rule.id for rule in words.matrix.rules), None]
            numbers = {rule.id: rule.position for rule in words.matrix.rules}
            st.selectbox(
                text("duties.before"),
                before,
                index=before.index(words.find_catch_all()),
                format_func=lambda rule: (
                    text("duties.at_end") if rule is None else text("duties.rule", number=numbers[rule])
                ),
                key=f"{name}_before",
            )
        st.form_submit_button(
            text("duties.save"),
            type="primary",
            width="stretch",
            key=f"{name}_save",
            on_click=_save,
            args=(words, community_id, editor),
        )


def _find_editor(words: DutyWords) -> _Editor | None:
    """Return the form of the rule that the address names; the one that is open stays as it is."""
    wanted = st.query_params.get("rule", "")
    editor: _Editor | None = st.session_state.get(_EDITOR)
    if editor is not None and wanted == (_NEW if editor.seen is None else str(editor.seen.id)):
        return editor
    rule = next((rule for rule in words.matrix.rules if str(rule.id) == wanted), None)
    if rule is None and wanted != _NEW:
        st.session_state.pop(_EDITOR, None)
        session.change_address(rule=None)
        return None
    editor = _Editor(uuid4().hex, rule, rule)
    st.session_state[_EDITOR] = editor
    return editor


def _open(rule: str | None) -> None:
    st.session_state.pop(_EDITOR, None)
    session.change_address(rule=rule)


def _open_marked(order: list[int], rows: list[int]) -> None:
    _open(str(order[rows[0]]) if rows and rows[0] < len(order) else None)


def _read_terms(editor: _Editor) -> DutyTerms:
    state, name = st.session_state, f"duty_{editor.name}"
    lead = state[f"{name}_lead"]
    return DutyTerms(
        category_code=state[f"{name}_category"],
        place_type=state[f"{name}_place"],
        lead_kind=LeadKind.COMPOUND_PROPERTY_COMPANY if lead == COMPANY else LeadKind.PARTY,
        lead_party_id=None if lead == COMPANY else lead,
        supervisor_party_id=state[f"{name}_supervisor"],
        helper_party_id=state[f"{name}_helper"],
        deadline=read_allowance(state[f"{name}_amount"], state[f"{name}_unit"]),
        legal_basis=state[f"{name}_basis"],
    )


def _save(words: DutyWords, community_id: int, editor: _Editor) -> None:
    text, state = words.text, st.session_state
    if state[f"duty_{editor.name}_lead"] is None:
        state[_REFUSAL] = text("duties.lead_missing")
        return
    try:
        terms = _read_terms(editor)
        if editor.seen is None:
            rule_id = add_rule(community_id, terms, state[f"duty_{editor.name}_before"])
        else:
            rule_id = editor.seen.id
            change_rule(community_id, editor.seen, terms)
    except Conflict:
        _tell_conflict(words, community_id, editor)
    except WanggeError as refusal:
        state[_REFUSAL] = explain_refusal(refusal, text)
    else:
        _open(str(rule_id))
        st.toast(text("duties.saved"), icon=":material/check:")


def _tell_conflict(words: DutyWords, community_id: int, editor: _Editor) -> None:
    """Keep what was typed, show what the rule says now; to save again is then to know of it."""
    text, state = words.text, st.session_state
    matrix = read_matrix(community_id, session.today())
    now = next((rule for rule in matrix.rules if editor.seen and rule.id == editor.seen.id), None)
    if editor.seen is None:
        state[_REFUSAL] = text("duties.conflict")
        return
    state[_EDITOR] = replace(editor, seen=now)
    if now is None:
        session.change_address(rule=_NEW)
        state[_REFUSAL] = text("duties.conflict_gone")
    else:
        told = replace(words, matrix=matrix).tell_rule(now)
        state[_REFUSAL] = text("duties.conflict_changed", rule=told)


def _move(words: DutyWords, community_id: int, chosen: DutyRule | None, step: int, order: list[int]) -> None:
    if chosen is not None:
        _try(words, lambda: move_rule(community_id, chosen.id, step, order))


def _withdraw(words: DutyWords, community_id: int) -> None:
    editor: _Editor | None = st.session_state.get(_EDITOR)
    seen = editor.seen if editor else None
    if seen is not None and _try(words, lambda: withdraw_rule(community_id, seen)):
        _open(None)


def _try(words: DutyWords, change: Any) -> bool:
    try:
        change()
    except WanggeError as refusal:
        st.session_state[_REFUSAL] = explain_refusal(refusal, words.text)
        return False
    return True

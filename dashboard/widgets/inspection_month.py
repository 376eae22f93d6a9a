"""What a month of inspections came to, and the templates it goes by."""

from collections.abc import Sequence
from datetime import datetime
from html import escape as escape_html
from typing import Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.inspections_page import (
    MonthTable,
    build_month,
    list_words,
    read_templates,
    write_templates,
)
from dashboard.widgets.markdown import escape
from geo.errors import WanggeError
from geo.model.actor import Actor
from geo.model.inspection import Template
from geo.operations import inspections
from geo.rules.morning import find_day
from geo.rules.periods import find_month, go_back
from geo.store.places import Community

_MONTHS: Final = 3


def show_month(community: Community, actor: Actor, now: datetime, text: Text) -> None:
    """Show the score of a month: to the secretary by person, to a grid worker his own, to others no names."""
    running = find_month(find_day(now))
    months = [go_back(running, back) for back in range(_MONTHS)]
    back = st.segmented_control(
        text("inspection.months"),
        range(_MONTHS),
        default=0,
        format_func=lambda back: text.month(months[back].first),
        key="inspection_month",
        label_visibility="collapsed",
        required=True,
    )
    summed, names = inspections.review_inspections(community.id, months[back or 0], now)
    is_secretary = actor.role == "secretary"
    listed = {
        party: name
        for party, name in names.items()
        if is_secretary or (actor.role == "grid_worker" and party == actor.party_id)
    }
    table = build_month(summed, listed, text, with_nobody=is_secretary)
    st.markdown(f"{text('inspection.score')} **{table.score}** :gray[/ 100]", help=text("inspection.formula"))
    st.caption(escape(table.note))
    st.html(write_html_table(table, text))


def write_html_table(table: MonthTable, text: Text) -> str:
    """Write the completion by person and template as HTML."""
    head = "".join(f'<th scope="col">{escape_html(name)}</th>' for name in table.columns)
    body = "".join(
        f'<tr{"" if number else " class=head"}><th scope="row">{escape_html(name)}</th>'
        + "".join(f"<td>{escape_html(cell)}</td>" for cell in cells)
        + "</tr>"
        for number, (name, cells) in enumerate(table.rows)
    )
    who = f'<th scope="col">{escape_html(text("inspection.who"))}</th>'
    return f'<div class="month"><table><thead><tr>{who}{head}</tr></thead><tbody>{body}</tbody></table></div>'


def show_templates(community: Community, templates: Sequence[Template], text: Text) -> None:
    """Let whoever keeps the community's settings change what is inspected."""
    with st.expander(text("inspection.templates"), icon=":material/edit_note:"):
        st.caption(text("inspection.templates_hint"))
        words = list_words(text)
        edited = st.data_editor(
            write_templates(templates, text),
            num_rows="dynamic",
            hide_index=True,
            width="stretch",
            key="inspection_templates",
            column_config={
                "is_on": st.column_config.CheckboxColumn(text("inspection.is_on"), default=True, width=55),
                "name": st.column_config.TextColumn(text("inspection.name"), max_chars=40, required=True),
                "cadence": st.column_config.SelectboxColumn(
                    text("inspection.cadence"), options=words["cadence"], default=words["cadence"][1]
                ),
                "subject": st.column_config.SelectboxColumn(
                    text("inspection.subject"), options=words["subject"], default=words["subject"][1]
                ),
                "zone_kind": st.column_config.SelectboxColumn(
                    text("inspection.zone_kind"), options=words["zone_kind"], default=words["zone_kind"][0]
                ),
                "items": st.column_config.TextColumn(text("inspection.items_column"), width="large"),
                "weight": st.column_config.NumberColumn(
                    text("inspection.weight"), min_value=0, max_value=100, step=1, default=0, width=60
                ),
            },
        )
        if st.button(text("inspection.save"), type="primary", key="inspection_save"):
            try:
                inspections.change_templates(community.id, read_templates(edited, text), templates)
            except WanggeError as refusal:
                st.warning(escape(tell_refusal(refusal, text)))
            else:
                st.session_state["inspection_told"] = text("inspection.saved")
                st.session_state.pop("inspection_templates", None)
                st.rerun()

"""What is done with many cases: assigning, settling, voiding; printing the list and taking it out."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

import streamlit as st

from dashboard import data
from dashboard.i18n.refusals import tell_refusal
from dashboard.models.incident_export import list_columns, list_table_rows, write_watermark
from dashboard.models.incident_filters import format_filters
from dashboard.models.incident_page import CasesPage
from dashboard.models.incident_words import name_move, name_outcome, name_reason
from dashboard.widgets.incident_list import forget_picked
from dashboard.widgets.markdown import escape
from geo.operations.exporting import MOST_ROWS, Kind, export_rows
from geo.operations.incidents import act_on_many
from geo.rules.workflow import OUTCOMES, find_move
from geo.store.engine import acting_as
from geo.store.worklist import Asked, Case, list_cases

_MOVES: Final = ("dispatch", "self_handle", "void")
_TYPES: Final[dict[Kind, str]] = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_OUTCOME: Final = "bulk_outcome"


def show_bulk(page: CasesPage, cases: Sequence[Case], picked: Sequence[int]) -> None:
    """Show what may be done with the cases that are picked, and what became of the last ones."""
    text = page.text
    _show_outcome(page)
    if not picked:
        return
    chosen = [(case.id, case.version) for case in cases if case.id in picked]
    with st.popover(text("bulk.picked", n=len(chosen)), icon=":material/checklist:", type="primary"):
        move = st.radio(
            text("bulk.move"), _MOVES, format_func=lambda name: name_move(name, text), key="bulk_move"
        )
        fields: dict[str, Any] = {}
        if move == "dispatch":
            fields["to_party_id"] = st.selectbox(
                text("case.to_party"),
                list(page.party_labels),
                index=None,
                format_func=page.party_labels.__getitem__,
                placeholder=text("case.choose_party"),
                key="bulk_party",
            )
        elif move == "self_handle":
            fields["outcome"] = st.selectbox(
                text("case.outcome"),
                OUTCOMES,
                format_func=lambda outcome: name_outcome(outcome, text),
                key="bulk_result",
            )
        else:
            step = find_move("void", "reported")
            fields["reason"] = st.selectbox(
                text("case.reason"),
                step.reasons if step else (),
                index=None,
                format_func=lambda reason: name_reason(reason, text),
                placeholder=text("case.choose_reason"),
                key="bulk_reason",
            )
        fields["note"] = st.text_input(text("case.note_optional"), key="bulk_note", max_chars=1000) or None
        is_ready = all(value for name, value in fields.items() if name != "note")
        if st.button(
            text("bulk.do", n=len(chosen)),
            key="bulk_do",
            type="primary",
            width="stretch",
            disabled=not is_ready,
        ):
            outcome = act_on_many(chosen, move, **fields)
            st.session_state[_OUTCOME] = outcome
            forget_picked(outcome.done)
            st.rerun()


def _show_outcome(page: CasesPage) -> None:
    outcome = st.session_state.pop(_OUTCOME, None)
    if outcome is None:
        return
    text = page.text
    if outcome.done:
        st.success(text("bulk.done", n=len(outcome.done)), icon=":material/check:")
    if outcome.refused:
        lines = [f"#{case} {escape(tell_refusal(sentence, text))}" for case, sentence in outcome.refused]
        st.warning("  \n".join([text("bulk.refused", n=len(lines)), *lines]), icon=":material/report:")


def show_ways_out(page: CasesPage, asked: Asked, ids: tuple[int, ...] | None) -> None:
    """Offer the list on paper and as a file; a file is made, and noted in the log, when it is asked for."""
    text = page.text
    params = {name: value for name, value in format_filters(page.filters).items() if value}
    params |= {"community": page.community.code, "lang": text.language, "sort": "place"}
    with st.popover("", icon=":material/ios_share:", help=text("export.title")):
        st.link_button(
            text("export.print"),
            f"/print/cases?{urlencode(params)}",
            icon=":material/print:",
            width="stretch",
        )
        if not page.can_export:
            return
        for kind, media_type in _TYPES.items():
            stamp = f"{datetime.now(UTC):%Y%m%d-%H%M}"
            st.download_button(
                text("export.csv" if kind == "csv" else "export.xlsx"),
                data=partial(_export, page, kind, asked, ids),
                file_name=f"cases-{page.community.code}-{stamp}.{kind}",
                mime=media_type,
                key=f"export_{kind}",
                icon=":material/download:",
                width="stretch",
                on_click="ignore",
            )
        st.caption(text("export.note", count=text.number(MOST_ROWS)))


def _export(page: CasesPage, kind: Kind, asked: Asked, ids: tuple[int, ...] | None) -> bytes:
    now = datetime.now(UTC)

    def read_rows() -> list[list[str]]:
        found = list_cases(asked, now, most=MOST_ROWS, ids=ids)
        return list_table_rows(
            found.cases, data.list_marks(page.community.id, page.actor), page.categories, page.text
        )

    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(page.actor):
        watermark = write_watermark(page.actor.name, page.community.name, page.filters, now, page.text)
        return export_rows(kind, page.community.id, list_columns(page.text), read_rows, watermark)

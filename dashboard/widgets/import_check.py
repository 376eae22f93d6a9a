"""What an import would do, or has done: counts, a map, and lists of what changes and what is refused."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from html import escape as escape_html
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.i18n import Text
from dashboard.i18n.refusals import tell_reason
from dashboard.maps.deck import build_import_deck
from dashboard.models.import_map import MAP_PX, fit_features
from dashboard.models.import_result import Result, Table, build_legend, name_refused_file
from dashboard.widgets.map_frame import show_map_frame
from dashboard.widgets.markdown import escape
from geo.model.actor import Actor
from geo.operations.importing import ImportJob, read_refused_rows
from geo.store.engine import acting_as
from geo.store.places import Community

_MOST_WARNINGS: Final = 3
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_LISTS: Final[Mapping[str, str]] = {
    "refused": "import.list_refused",
    "differences": "import.list_differences",
    "seams": "import.list_seams",
    "repairs": "import.list_repairs",
}


def show_result(
    job_id: str,
    result: Result,
    community: Community,
    urls: Mapping[str, str],
    show_acts: Callable[[], None],
    text: Text,
) -> None:
    """Show what becomes of a file's rows.

    Args:
        job_id: the file's job.
        result: what becomes of them.
        community: where the file goes.
        urls: the address of each layer's GeoJSON.
        show_acts: shows what can be done now.
        text: the reader's language.
    """
    has_map = bool(result.features or result.land)
    left, right = st.columns([1.12, 1], gap="small") if has_map else (st.container(), None)
    with left:
        st.caption(escape(result.title))
        st.html(write_counts(result))
        show_acts()
        _show_words(result, text)
        _show_lists(job_id, result, text)
    if right is not None:
        with right:
            drawn = [each for each in (result.features, result.land) if each]
            st.pydeck_chart(
                build_import_deck(urls, result.features, result.land, fit_features(community, drawn)),
                key="import_map",
                height=MAP_PX[1] + 60,
                alt=text("import.map_title"),
            )
            show_map_frame(build_legend(result, text), text, keeps_view=False)


def write_counts(result: Result) -> str:
    """Write how many rows fare how, as HTML."""
    tiles = "".join(
        f'<li class="{count.state}"><b>{escape_html(count.value)}</b> {escape_html(count.label)}</li>'
        for count in result.counts
    )
    return f'<ul class="import-counts">{tiles}</ul>'


def write_table(table: Table) -> str:
    """Write a table as HTML; what stands in a file stands there as it is."""
    head = "".join(f'<th scope="col">{escape_html(title)}</th>' for title in table.headers)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape_html(cell)}</td>' for cell in line)}</tr>" for line in table.lines
    )
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return f'<div class="import-table" tabindex="0"><table>{body}</table></div>'


def offer_refused(job: ImportJob, actor: Actor, text: Text) -> None:
    """Offer the refused rows as a workbook that can be corrected and dropped in again."""
    st.download_button(
        text("import.refused_file"),
        data=partial(_read_refused, job.id, actor, text),
        file_name=name_refused_file(job.file_name, datetime.now(ZoneInfo("Asia/Shanghai"))),
        mime=_XLSX,
        key="import_refused",
        icon=":material/download:",
        on_click="ignore",
    )


def _read_refused(job_id: str, actor: Actor, text: Text) -> bytes:
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        return read_refused_rows(job_id, lambda clause: tell_reason(clause, text)) or b""


def _show_words(result: Result, text: Text) -> None:
    for warning in result.warnings[:_MOST_WARNINGS]:
        st.warning(escape(warning), icon=":material/warning:")
    for words in (*result.warnings[_MOST_WARNINGS:], *([result.unplaced] if result.unplaced else [])):
        st.caption(escape(words))
    for words in (*result.noted, *result.left_out, *result.remembered):
        st.caption(escape(words))
    if result.changed:
        st.caption(escape(text("import.changed", fields=result.changed)))


def _show_lists(job_id: str, result: Result, text: Text) -> None:
    tables = {
        "refused": result.refused,
        "differences": result.differences,
        "seams": result.seams,
        "repairs": result.repairs,
    }
    present = [name for name, table in tables.items() if table.lines]
    if not present:
        return
    chosen = st.segmented_control(
        text("import.lists"),
        present,
        default=present[0],
        format_func=lambda name: f"{text(_LISTS[name])} {text.number(tables[name].total)}",
        key=f"import_{job_id[:8]}_list_{'_'.join(present)}",
        label_visibility="collapsed",
        required=True,
    )
    table = tables[chosen or present[0]]
    st.html(write_table(table))
    if table.is_cut:
        st.caption(text("import.cut", n=len(table.lines), total=text.number(table.total)))

"""The parts of the month's page: figures, lists that lead to the cases, tables; and the table as a file."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape as escape_html
from typing import Final

import streamlit as st
from streamlit.errors import StreamlitPageNotFoundError

from dashboard.i18n import Text
from dashboard.models.month import Figure, Line, MonthPage
from dashboard.models.month_tables import Table
from dashboard.widgets.markdown import escape

_CASES: Final = "views/incidents.py"
_VIEWS: Final = {
    "categories": "month.by_category",
    "grids": "month.by_grid",
    "compounds": "month.by_compound",
    "figures": "figures.view_figures",
}


def show_figures(figures: Sequence[Figure], kept: Mapping[str, str]) -> None:
    """Show the figures in one row."""
    with st.container(key="month_figures", horizontal=True, gap="small"):
        for figure in figures:
            label = f"**{escape(figure.value)}** {escape(figure.label)} :gray[{escape(figure.detail)}]"
            with st.container(key=f"month_{figure.key}", width="stretch"):
                if figure.params is None:
                    st.markdown(label)
                else:
                    _show_link(label, {**kept, **figure.params})


def show_lines(
    key: str, title: str, lines: Sequence[Line], empty: str, kept: Mapping[str, str], *, note: str = ""
) -> None:
    """Show a list under its title; each line leads to its cases."""
    with st.container(border=True, key=f"month_list_{key}", height="stretch"):
        st.markdown(f"**{escape(title)}**")
        if note:
            st.caption(escape(note))
        if not lines and empty:
            st.caption(escape(empty))
        for line in lines:
            _show_link(f"{escape(line.title)} :gray[{escape(line.detail)}]", {**kept, **line.params})


def show_relapse_link(kept: Mapping[str, str], text: Text) -> None:
    """Lead to all that came back within a year."""
    with suppress(StreamlitPageNotFoundError):
        st.page_link(
            "views/relapse.py", label=text("relapse.more"), icon=":material/replay:", query_params=kept
        )


def show_tables(page: MonthPage, figures: Table, text: Text) -> None:
    """Show one of the tables, as chosen; ``figures`` is that of the registry."""
    tables: dict[str, Table] = {"categories": page.categories}
    tables.update(page.places.items())
    tables["figures"] = figures
    chosen = st.segmented_control(
        text("month.tables"),
        list(tables),
        default="categories",
        format_func=lambda name: text(_VIEWS[name]),
        key="month_table",
        label_visibility="collapsed",
        required=True,
    )
    is_figures = chosen == "figures"
    st.html(write_html_table(tables[chosen], kind="flat" if is_figures else ""))
    st.caption(text("figures.left_out" if is_figures else "month.legend"))


def write_html_table(table: Table, *, kind: str = "") -> str:
    """Write a table as HTML; every word is escaped.

    Args:
        table: what stands in it.
        kind: how it is laid out: ``flat`` where no row belongs to one above it, ``lists`` where it is words.
    """
    head = "".join(f"<th>{escape_html(title)}</th>" for title in table.columns)
    rows = []
    for row in table.rows:
        cells = "".join(
            f'<td class="{cell.tone}" title="{escape_html(cell.help)}">{escape_html(cell.words)}</td>'
            for cell in row.cells
        )
        head_row = ' class="head"' if row.is_head else ""
        told = f' title="{escape_html(row.help)}"' if row.help else ""
        rows.append(f"<tr{head_row}><th{told}>{escape_html(row.title)}</th>{cells}</tr>")
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody>"
    return f'<div class="month {kind}"><table>{body}</table></div>'


def _show_link(label: str, params: Mapping[str, str]) -> None:
    try:
        st.page_link(_CASES, label=label, query_params=params, width="stretch")
    except StreamlitPageNotFoundError:
        st.markdown(label)

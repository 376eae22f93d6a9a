"""A table of the relapse page, drawn by the browser: a row is opened by click, tap or key."""

from collections.abc import Callable

import streamlit as st

from dashboard.models.relapse_table import RelapseTable
from dashboard.widgets.browser_part import mount_part


def show_relapse_table(
    table: RelapseTable, key: str, on_open: Callable[[str], None] | None = None, *, opens: str = ""
) -> None:
    """Show a table.

    Args:
        table: what it says.
        key: of the table on the page.
        on_open: takes the key of the row that was opened.
        opens: selector of what a row opens, which a phone scrolls to.
    """

    def open_row() -> None:
        opened = st.session_state[key].get("open")
        if opened and on_open is not None:
            on_open(str(opened))

    mount_part("relapse_table")(key=key, data={**table.write(), "opens": opens}, on_open_change=open_row)

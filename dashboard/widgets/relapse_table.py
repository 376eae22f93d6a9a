"""A table of the relapse page, drawn by the browser: a row is opened by click, tap or key."""

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import streamlit as st

from dashboard.models.relapse_table import RelapseTable


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

    _mount()(key=key, data={**table.write(), "opens": opens}, on_open_change=open_row)


@lru_cache
def _mount() -> Any:
    html, css, js = (
        (files("dashboard.widgets") / f"relapse_table.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    return st.components.v2.component("wangge.relapse_table", html=html, css=css, js=js, isolate_styles=False)

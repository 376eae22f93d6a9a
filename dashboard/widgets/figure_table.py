"""The table of figures as the browser draws it: a click opens what a figure is made of."""

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.models.figures_page import FigurePage, to_table_rows

_KEY: Final = "figure_table"


def show_figure_table(
    page: FigurePage, selected: str | None, text: Text, on_open: Callable[[str], None]
) -> None:
    """Show the figures.

    Args:
        page: what is shown.
        selected: the row that is open, as the address names it.
        text: the reader's language.
        on_open: takes the row that was clicked.
    """

    def tell() -> None:
        opened = st.session_state[_KEY].get("open")
        if opened is not None:
            on_open(opened)

    _mount()(
        key=_KEY,
        data={
            "columns": list(page.columns),
            "rows": to_table_rows(page),
            "selected": selected,
            "label": text("figures.table"),
        },
        on_open_change=tell,
    )


@lru_cache
def _mount() -> Any:
    html, css, js = (
        (files("dashboard.widgets") / f"figure_table.{kind}").read_text(encoding="utf-8")
        for kind in ("html", "css", "js")
    )
    return st.components.v2.component("wangge.figure_table", html=html, css=css, js=js, isolate_styles=False)

"""The table of figures as the browser draws it: a click opens what a figure is made of."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.models.figures_page import FigurePage, to_table_rows
from dashboard.widgets.browser_part import mount_part

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

    mount_part("figure_table")(
        key=_KEY,
        data={
            "columns": list(page.columns),
            "rows": to_table_rows(page),
            "selected": selected,
            "label": text("figures.table"),
        },
        on_open_change=tell,
    )

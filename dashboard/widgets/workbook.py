"""The button by which a page's tables are taken away as a workbook."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from dashboard.i18n import Text

_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def offer_workbook(make: Callable[[], bytes], file_name: str, key: str, text: Text) -> None:
    """Offer a workbook; it is made, and noted in the log, when it is asked for."""
    st.download_button(
        text("export.xlsx"),
        data=make,
        file_name=file_name,
        mime=_XLSX,
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )

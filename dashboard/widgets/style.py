"""The few rules of style for which the theme has no setting."""

from importlib.resources import files

import streamlit as st


def show_style() -> None:
    """Apply the rules to the page."""
    st.html("<style>" + (files("dashboard.widgets") / "style.css").read_text(encoding="utf-8") + "</style>")

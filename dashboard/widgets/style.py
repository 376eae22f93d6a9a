"""The few rules of style for which the theme has no setting, and our words in place of Streamlit's own."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Final

import streamlit as st

from dashboard.i18n import Text

# Streamlit has no parameter for these; the style sheet puts ours in their place.
_WORDS: Final = {
    "apply": "widget.apply",
    "apply_lines": "widget.apply_lines",
    "upload": "widget.upload",
    "upload_limit": "widget.upload_limit",
    "upload_files": "import.upload",
    "upload_files_limit": "import.upload_limit",
    "no_match": "widget.no_match",
    "as_typed": "widget.as_typed",
    "more_pages": "nav.more",
    "cut_off": "widget.cut_off",
    "cut_off_until": "widget.cut_off_until",
}


def show_style(text: Text) -> None:
    """Apply the rules to the page.

    In a place of their own: Streamlit would keep rules alone where it keeps what pops up, and the first
    notice of a part that runs by itself would take their place.
    """
    with st.container(key="style"):
        st.html(_write_style(text.language))


@lru_cache
def _write_style(language: str) -> str:
    text = Text(language)
    words = "".join(f"--{name}:{json.dumps(text(key), ensure_ascii=False)};" for name, key in _WORDS.items())
    rules = (files("dashboard.widgets") / "style.css").read_text(encoding="utf-8")
    return f"<i></i><style>:root{{{words}}}{rules}</style>"

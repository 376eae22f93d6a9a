"""The few rules of style for which the theme has no setting, and words of Streamlit's own in the reader's language."""

import json
from functools import lru_cache
from importlib.resources import files
from typing import Final

import streamlit as st

from dashboard.i18n import Text

# Streamlit has no parameter for these; the style sheet puts ours in their place.
_WORDS: Final = ("apply", "apply_lines", "upload", "upload_limit", "no_match", "as_typed")


def show_style(text: Text) -> None:
    """Apply the rules to the page."""
    st.html(_write_style(text.language))


@lru_cache
def _write_style(language: str) -> str:
    text = Text(language)
    words = "".join(f"--{word}:{json.dumps(text(f'widget.{word}'), ensure_ascii=False)};" for word in _WORDS)
    rules = (files("dashboard.widgets") / "style.css").read_text(encoding="utf-8")
    return f"<style>:root{{{words}}}{rules}</style>"

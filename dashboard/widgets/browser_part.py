"""The parts of a page that the browser draws: HTML, style sheet and script of one name each."""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import streamlit as st


@lru_cache
def mount_part(name: str, *shared: str) -> Any:
    """Register a part with its files, once; return what places it on a page.

    Args:
        name: ``{name}.html``, ``{name}.css`` and ``{name}.js`` beside this file.
        shared: names of further style sheets and scripts, which are joined to its own: a part cannot import.
            ``browser_part.js`` is among them always.
    """
    folder = files("dashboard.widgets")

    def read(file: str) -> str:
        return (folder / file).read_text(encoding="utf-8")

    def join(kind: str) -> str:
        return "\n".join(
            read(file) for file in (f"{name}{kind}", *shared, "browser_part.js") if file.endswith(kind)
        )

    return st.components.v2.component(
        f"wangge.{name}", html=read(f"{name}.html"), css=join(".css"), js=join(".js"), isolate_styles=False
    )

"""The heat map itself, which the browser draws, fetches and plays."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import streamlit as st

from dashboard.routes.vendor import vendor_url

_KEY: Final = "heat_map"
_PACKAGE: Final = "maplibre-gl"


def show_heat_map(
    data: Mapping[str, Any], *, on_choose: Callable[[int], None], on_picture: Callable[[], None]
) -> None:
    """Show the map.

    Args:
        data: as :func:`dashboard.models.heat_page.build_heat_page` makes it, with style, box and words.
        on_choose: takes the cell that was clicked.
        on_picture: is told that a picture was taken away.
    """
    assets = {
        "module": vendor_url(_PACKAGE, "maplibre-gl.mjs"),
        "worker": vendor_url(_PACKAGE, "maplibre-gl-worker.mjs"),
        "style": vendor_url(_PACKAGE, "maplibre-gl.css"),
    }

    def choose() -> None:
        cell = st.session_state[_KEY].get("cell")
        if cell is not None:
            on_choose(int(cell))

    _mount()(
        key=_KEY,
        data={**data, "vendor": assets},
        on_cell_change=choose,
        on_picture_change=on_picture,
    )


@lru_cache
def _mount() -> Any:
    """Register the map with its files; further scripts are joined to its own, which cannot import them."""
    html, css, *scripts = (
        (files("dashboard.widgets") / name).read_text(encoding="utf-8")
        for name in ("heat_map.html", "heat_map.css", "heat_map.js", "heat_pane.js", "heat_picture.js")
    )
    js = "\n".join(scripts)
    return st.components.v2.component("wangge.heat_map", html=html, css=css, js=js, isolate_styles=False)

"""The heat map itself, which the browser draws, fetches and plays."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from dashboard.routes.vendor import vendor_url
from dashboard.widgets.browser_part import mount_part

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

    mount_part("heat_map", "map_foot.css", "map_foot.js", "map_ground.js", "heat_pane.js", "heat_picture.js")(
        key=_KEY,
        data={**data, "vendor": assets},
        on_cell_change=choose,
        on_picture_change=on_picture,
    )

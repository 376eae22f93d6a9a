"""The two parts of the zone editor that the browser draws: the map, and the bars beside it."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.routes.vendor import vendor_url

_MAP_KEY: Final = "zone_map"
_BARS_KEY: Final = "zone_bars"
_PACKAGE: Final = "maplibre-gl"


def show_zone_map(
    data: Mapping[str, Any], *, on_pick: Callable[[list[int]], None], on_act: Callable[[str], None]
) -> None:
    """Show the map of a plan.

    Args:
        data: as :func:`dashboard.models.zones.build_map_data` makes them, with ``style``, ``box``, ``pick``.
        on_pick: takes the buildings that are picked, after each stroke.
        on_act: takes what a key asked for: ``give``, ``take_out``, ``undo``, ``redo`` or ``lock``.
    """
    assets = {
        "module": vendor_url(_PACKAGE, "maplibre-gl.mjs"),
        "worker": vendor_url(_PACKAGE, "maplibre-gl-worker.mjs"),
        "style": vendor_url(_PACKAGE, "maplibre-gl.css"),
    }
    _mount("zone_editor", "zone_shapes")(
        key=_MAP_KEY,
        data={**data, "vendor": assets},
        on_selected_change=lambda: _tell(_MAP_KEY, "selected", on_pick),
        on_act_change=lambda: _tell(_MAP_KEY, "act", on_act),
    )


def show_zone_bars(
    zones: list[dict[str, Any]],
    chosen: int | None,
    text: Text,
    *,
    can_give: bool,
    on_choose: Callable[[int], None],
    on_give: Callable[[int], None],
) -> None:
    """Show what each zone carries.

    Args:
        zones: as :func:`dashboard.models.zones.build_bars` makes them.
        chosen: the zone whose figures are open.
        text: the reader's language.
        can_give: whether buildings are picked that may be given to a zone.
        on_choose: takes the zone that was clicked.
        on_give: takes the zone that is to have what is picked.
    """
    words = {
        "label": text("zones.bars_label"),
        "give": text("zones.give_here"),
        "before": text("zones.bar_before"),
    }
    _mount("zone_bars")(
        key=_BARS_KEY,
        data={"zones": zones, "chosen": chosen, "canGive": can_give, "words": words},
        on_chosen_change=lambda: _tell(_BARS_KEY, "chosen", on_choose),
        on_given_change=lambda: _tell(_BARS_KEY, "given", on_give),
    )


def find_untold_pick() -> list[int] | None:
    """Return what was picked in the moment in which something else was clicked; None where nothing."""
    picked = st.session_state.get(_MAP_KEY, {}).get("selected")
    return None if picked is None else list(picked)


def _tell(key: str, name: str, listener: Callable[[Any], None]) -> None:
    value = st.session_state[key].get(name)
    if value is not None:
        listener(value)


@lru_cache
def _mount(name: str, *scripts: str) -> Any:
    """Register a part with its files; further scripts are joined to its own, which cannot import them."""
    html, css, js, *more = (
        (files("dashboard.widgets") / file).read_text(encoding="utf-8")
        for file in (f"{name}.html", f"{name}.css", f"{name}.js", *(f"{script}.js" for script in scripts))
    )
    js = "\n".join([js, *more])
    return st.components.v2.component(f"wangge.{name}", html=html, css=css, js=js, isolate_styles=False)

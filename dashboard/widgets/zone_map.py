"""The two parts of the zone editor that the browser draws: the map, and the bars beside it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.routes.vendor import vendor_url
from dashboard.widgets.browser_part import mount_part

_MAP_KEY: Final = "zone_map"
_BARS_KEY: Final = "zone_bars"
_HUES_KEY: Final = "zone_hues"
_PACKAGE: Final = "maplibre-gl"
_MAP_SCRIPTS: Final = ("map_ground.js", "zone_ground.js", "zone_shapes.js")


def show_zone_map(data: Mapping[str, Any], *, on_said: Callable[[Mapping[str, Any]], None]) -> None:
    """Show the map of a plan.

    Args:
        data: as :func:`dashboard.models.zone_map.build_map_data` makes them, with ``style``, ``box``,
            ``chosen`` and ``pick``.
        on_said: takes what the hand has done: the ``plan`` it was done to, and as ``steps`` everything that
            the map does not know to be heard yet, each with its ``number`` and one of ``add``, ``drop`` and
            ``pick`` (buildings), ``open`` (a zone) or ``act``: ``give``, ``take_out``, ``undo``, ``redo`` or
            ``lock``.
    """
    mount_part("zone_editor", "map_foot.css", *_MAP_SCRIPTS, "map_foot.js", "zone_tools.js")(
        key=_MAP_KEY,
        data={**data, "vendor": _list_vendored()},
        on_said_change=lambda: _tell(_MAP_KEY, "said", on_said),
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
    mount_part("zone_bars")(
        key=_BARS_KEY,
        data={"zones": zones, "chosen": chosen, "canGive": can_give, "words": words},
        on_chosen_change=lambda: _tell(_BARS_KEY, "chosen", on_choose),
        on_given_change=lambda: _tell(_BARS_KEY, "given", on_give),
    )


def show_zone_comparison(data: Mapping[str, Any]) -> None:
    """Show two plans beside each other.

    Args:
        data: as :func:`dashboard.models.zone_compare.build_comparison` makes them, with ``style``, ``box``.
    """
    mount_part("zone_compare", *_MAP_SCRIPTS)(key="zone_compare", data={**data, "vendor": _list_vendored()})


def show_zone_hues(hues: list[dict[str, Any]], text: Text, *, on_choose: Callable[[str], None]) -> None:
    """Show the colours a zone can have.

    Args:
        hues: as :func:`dashboard.models.zones.list_hues` makes them.
        text: the reader's language.
        on_choose: takes the colour that was clicked.
    """
    words = {"label": text("zones.colour"), "note": text("zones.colour_note")}
    mount_part("zone_hues")(
        key=_HUES_KEY,
        data={"hues": hues, "words": words},
        on_hue_change=lambda: _tell(_HUES_KEY, "hue", on_choose),
    )


def find_said() -> Mapping[str, Any] | None:
    """Return what the hand did in the moment in which something else was clicked; None where nothing."""
    said: Mapping[str, Any] | None = st.session_state.get(_MAP_KEY, {}).get("said")
    return said


def find_chosen() -> int | None:
    """Return the zone that was clicked in the moment in which something else was done; None where none."""
    chosen: int | None = st.session_state.get(_BARS_KEY, {}).get("chosen")
    return chosen


def _list_vendored() -> dict[str, str]:
    return {
        "module": vendor_url(_PACKAGE, "maplibre-gl.mjs"),
        "worker": vendor_url(_PACKAGE, "maplibre-gl-worker.mjs"),
        "style": vendor_url(_PACKAGE, "maplibre-gl.css"),
    }


def _tell(key: str, name: str, listener: Callable[[Any], None]) -> None:
    value = st.session_state[key].get(name)
    if value is not None:
        listener(value)

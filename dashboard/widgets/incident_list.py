"""The list of cases as the browser draws it: one selection, shared with the map, and picks for bulk work."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

import streamlit as st

from dashboard.i18n import Text
from dashboard.widgets.browser_part import mount_part

_KEY: Final = "case_list"
_PICKED: Final = "picked_cases"


def show_case_list(
    rows: Sequence[Mapping[str, Any]],
    selected: int | None,
    text: Text,
    *,
    can_pick: bool,
    can_point: bool,
    on_open: Callable[[int], None],
    on_point: Callable[[str], None],
) -> tuple[int, ...]:
    """Show the list and return the cases that are picked.

    Args:
        rows: as :func:`dashboard.models.incident_list.build_rows` makes them.
        selected: the case that is open.
        text: the reader's language.
        can_pick: whether there is anything to be done with many.
        can_point: whether a click on the map tells a place.
        on_open: takes the case that was clicked.
        on_point: takes the place on the map that was clicked: latitude, longitude, joined by underscores.
    """
    shown = {row["id"] for row in rows}
    picked = tuple(case for case in st.session_state.get(_PICKED, ()) if case in shown)
    mount_part("incident_list")(
        key=_KEY,
        data={
            "rows": list(rows),
            "selected": selected,
            "picked": list(picked),
            "canPick": can_pick,
            "canPoint": can_point,
            "label": text("list.label"),
            "pickLabel": text("list.pick"),
        },
        on_open_change=lambda: _tell("open", on_open),
        on_spot_change=lambda: _tell("spot", on_point),
        on_picked_change=lambda: _tell("picked", _keep_picked),
    )
    return picked


def forget_picked(done: Collection[int]) -> None:
    """Take cases out of those that are picked."""
    _keep_picked([case for case in st.session_state.get(_PICKED, ()) if case not in done])


def _keep_picked(cases: Sequence[int]) -> None:
    st.session_state[_PICKED] = tuple(cases)


def _tell(name: str, listener: Callable[[Any], None]) -> None:
    value = st.session_state[_KEY].get(name)
    if value is not None:
        listener(value)

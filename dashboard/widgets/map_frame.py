"""The frame under the map: scale bar, legend and notice; it also reports where the map has come to rest."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.map_notice import write_map_notice
from dashboard.models.map_page import LegendEntry
from dashboard.models.map_state import is_near
from dashboard.widgets.browser_part import mount_part

_KEY: Final = "map_frame"


# A fragment: a map that was moved reruns these lines and nothing else.
@session.fragment
def show_map_frame(
    legend: Sequence[LegendEntry], text: Text, *, near: bool = False, keeps_view: bool = True
) -> None:
    """Show the frame of the one map on the page, and keep the map's view in the address.

    Args:
        legend: what the marks on the map mean.
        text: the reader's language.
        near: whether the map was drawn to be looked at closely; the page is drawn again where that changes.
        keeps_view: False on a page that is left as soon as it is read: a view reported on the way out would
            take the place of what the next page was asked for.
    """
    mount_part("map_frame", "map_foot.css", "map_foot.js")(
        key=_KEY,
        data={
            "legend": [asdict(entry) for entry in legend],
            "notice": write_map_notice(text),
            "keeps_view": keeps_view,
            "units": {"m": text("unit.metres"), "km": text("unit.kilometres")},
        },
        on_at_change=_keep_view,
    )
    view = session.read_map_state().view if keeps_view else None
    if view and is_near(view) != near:
        st.rerun()


def _keep_view() -> None:
    session.change_address(at=st.session_state[_KEY]["at"])

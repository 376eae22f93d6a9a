"""The head of the relapse page: on paper, as a file, and for when others look on."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.relapse_export import list_columns, list_rows, write_watermark
from dashboard.widgets.workbook import offer_workbook
from geo.model.actor import Actor
from geo.operations.exporting import export_rows
from geo.operations.relapses import Relapses
from geo.settings import get_settings
from geo.store.choices import Category
from geo.store.engine import acting_as
from geo.store.places import Community


def show_shared_switch(text: Text, *, is_shared: bool) -> None:
    """Offer to leave out what is told of few cases, for when others look at the screen."""
    st.session_state["relapse_shared"] = is_shared
    st.toggle(
        text("relapse.shared"),
        key="relapse_shared",
        help=text("relapse.hidden", least=get_settings().least_shown),
        on_change=lambda: session.change_address(
            shared="1" if st.session_state["relapse_shared"] else None, spot=None
        ),
    )


def show_download(
    found: Relapses,
    categories: Mapping[str, Category],
    compounds: Mapping[int, str],
    actor: Actor,
    community: Community,
    text: Text,
) -> None:
    """Offer the tables as a file; it is made, and noted in the log, when it is asked for."""
    offer_workbook(
        partial(export_relapses, found, categories, compounds, actor, community, text),
        f"relapse-{community.code}-{found.until:%Y-%m-%d}.xlsx",
        "relapse_xlsx",
        text,
    )


def export_relapses(
    found: Relapses,
    categories: Mapping[str, Category],
    compounds: Mapping[int, str],
    actor: Actor,
    community: Community,
    text: Text,
) -> bytes:
    """Return the tables as an Excel file, and note in the log that they were taken out."""
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        watermark = write_watermark(actor.name, community.name, found, datetime.now(UTC), text)
        return export_rows(
            "xlsx",
            community.id,
            list_columns(text),
            lambda: list_rows(found, categories, compounds, text),
            watermark,
        )

"""What is taken away from the heat page: the cells as a table; that a picture was taken is noted as well."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.heat_export import list_columns, list_rows, write_watermark
from dashboard.models.heat_page import HeatPage
from geo.model.actor import Actor
from geo.operations.exporting import Kind, export_rows, note_picture
from geo.operations.heat import Answer
from geo.store.engine import acting_as
from geo.store.places import Community

_TYPES: Final[dict[Kind, str]] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def show_heat_export(page: HeatPage, answers: Sequence[Answer], community: Community, text: Text) -> None:
    """Offer the cells as a file; it is made, and noted in the log, when it is asked for."""
    actor = session.get_actor()
    stamp = f"{datetime.now(UTC):%Y%m%d-%H%M}"
    with (
        st.container(key="heat_export"),
        st.popover("", icon=":material/ios_share:", help=text("heat.export")),
    ):
        for kind, media_type in _TYPES.items():
            st.download_button(
                text("export.csv" if kind == "csv" else "export.xlsx"),
                data=partial(_export, kind, page, answers, community, actor, text),
                file_name=f"heat-{community.code}-{stamp}.{kind}",
                mime=media_type,
                key=f"heat_export_{kind}",
                icon=":material/download:",
                width="stretch",
                on_click="ignore",
            )
        st.caption(text("heat.export_note"))


def note_taken(page: HeatPage, community: Community, text: Text) -> Callable[[], None]:
    """Return what notes in the log that a picture was taken away."""
    actor = session.get_actor()
    return lambda: note_picture(community.id, write_watermark(actor.name, page, datetime.now(UTC), text))


def _export(
    kind: Kind, page: HeatPage, answers: Sequence[Answer], community: Community, actor: Actor, text: Text
) -> bytes:
    watermark = write_watermark(actor.name, page, datetime.now(UTC), text)
    columns = list_columns(answers, text)
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        return export_rows(
            kind, community.id, columns, lambda: list_rows(answers, watermark, len(columns), text), watermark
        )

"""The head of the month's page: which month, and its table as a file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import partial

import streamlit as st

from dashboard import session
from dashboard.i18n import Text
from dashboard.models.month_export import list_columns, list_rows, to_sheet, write_watermark
from dashboard.models.month_tables import Table
from dashboard.widgets.workbook import offer_workbook
from geo.model.actor import Actor
from geo.operations import exporting
from geo.operations.complaints import MonthReview
from geo.operations.exporting import export_book
from geo.rules.periods import Period, format_month, parse_month
from geo.store.choices import Category
from geo.store.engine import acting_as
from geo.store.places import Community


def choose_month(months: Sequence[Period], today: date, text: Text) -> Period:
    """Show which month is open, as a choice; by default the last that is over.

    Args:
        months: those to choose from, the newest first; not empty.
        today: the day in China.
        text: the language.
    """
    known = {format_month(month): month for month in months}
    asked = parse_month(st.query_params.get("month", ""))
    whole = next((month for month in months if month.end <= today), months[0])
    opened = asked if asked is not None and asked in months else whole
    st.session_state["month_choice"] = format_month(opened)
    st.selectbox(
        text("month.month"),
        list(known),
        format_func=lambda code: text.month(known[code].first),
        key="month_choice",
        label_visibility="collapsed",
        width=150,
        on_change=lambda: session.change_address(month=st.session_state["month_choice"]),
    )
    return opened


def show_download(
    review: MonthReview,
    figures: Table,
    categories: Mapping[str, Category],
    actor: Actor,
    community: Community,
    text: Text,
) -> None:
    """Offer the tables as a file; it is made, and noted in the log, when it is asked for."""
    offer_workbook(
        partial(export_month, review, figures, categories, actor, community, text),
        f"month-{community.code}-{format_month(review.period)}.xlsx",
        "month_xlsx",
        text,
    )


def export_month(
    review: MonthReview,
    figures: Table,
    categories: Mapping[str, Category],
    actor: Actor,
    community: Community,
    text: Text,
) -> bytes:
    """Return the tables as an Excel file, and note in the log that they were taken out."""
    # The browser asks for the file on a way of its own, where nobody has said who acts.
    with acting_as(actor):
        watermark = write_watermark(actor.name, community.name, review, datetime.now(UTC), text)
        return export_book(
            community.id,
            [
                exporting.Table(text("nav.month"), list_columns(text), list_rows(review, categories, text)),
                to_sheet(text("nav.figures"), figures),
            ],
            watermark,
        )

"""The registry's figures of cases for a month, as a table beside the month's own: page, sheet and file."""

from dataclasses import replace
from datetime import date

from dashboard.i18n import Text
from dashboard.models.figure_state import FigureState, Spans
from dashboard.models.figures_page import build_page, list_cells
from dashboard.models.month_tables import Row, Table
from geo.operations.indicators import Measured


def build_figures(measured: Measured, spans: Spans, today: date, text: Text) -> Table:
    """Return what stands on the page of figures for a month, as ``read_month_figures`` reads it."""
    page = build_page(measured, FigureState(spans.now), replace(spans, line=()), today, text)
    return Table(
        page.columns[:-1],
        tuple(
            Row(
                row.title,
                tuple(list_cells(row)),
                help=row.hint,
            )
            for row in page.rows
        ),
    )

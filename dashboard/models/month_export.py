"""A month's tables to take out or to print, where others look on: small cells of places are hidden."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import numpy as np

from dashboard.i18n import Text
from dashboard.models.incident_words import name_category
from dashboard.models.month_tables import Table
from geo.operations import exporting
from geo.operations.complaints import Compared, MonthReview
from geo.rules.comparing import Change, hide_small_cells
from geo.rules.periods import format_month
from geo.settings import get_settings
from geo.store.choices import Category
from geo.store.complaints import PlaceLayer

_VERDICTS: Final = {
    "up": "month.up",
    "down": "month.down",
    "even": "month.even",
    "small": "month.small",
    "unknown": "month.unknown",
}


def hide_cells(review: MonthReview, layer: PlaceLayer) -> dict[tuple[int | None, str], bool]:
    """Tell which cells of a table of places are not shown where others look on, by place and group."""
    table = review.tables[layer]
    places = list(table.places)
    counts = np.array(
        [
            [
                table.cells[place, group].month.now if (place, group) in table.cells else 0
                for group in table.groups
            ]
            for place in places
        ],
        np.int64,
    ).reshape(len(places), len(table.groups))
    hidden = hide_small_cells(counts, get_settings().least_shown)
    return {
        (place, group): bool(hidden[row, column])
        for row, place in enumerate(places)
        for column, group in enumerate(table.groups)
    }


def list_columns(text: Text) -> list[str]:
    """Return the titles of the columns of the file."""
    return [
        text("month.table"), text("column.place"), text("column.category"), text("month.this_month"),
        *(
            title
            for earlier in ("month.last_month", "month.last_year")
            for title in (text(earlier), text("month.per_day"), text("month.low"), text("month.high"),
                          text("month.verdict"))
        ),
    ]  # fmt: skip


def list_rows(review: MonthReview, categories: Mapping[str, Category], text: Text) -> list[list[str]]:
    """Return all tables as rows of text: categories of the community, then places by groups.

    Of a place, the earlier months are told for all its cases together only.
    """

    def name(code: str) -> str:
        return name_category(categories[code], text)

    community = text("month.by_category")
    rows = [[community, "", text("month.all_cases"), *_write(review.total, text)]]
    rows += [
        [community, "", name(code), *_write(found, text)] for code, found in sorted(review.groups.items())
    ]
    rows += [
        [community, "", name(code), *_write(found, text)] for code, found in sorted(review.categories.items())
    ]
    for layer, table in review.tables.items():
        title = text("month.by_grid" if layer == "grids" else "month.by_compound")
        hidden = hide_cells(review, layer)
        for place, told in table.places.items():
            where = told or text("month.no_place")
            rows.append([title, where, text("month.all_cases"), *_write(table.totals[place], text)])
            for group in table.groups:
                if not hidden[place, group]:
                    now = text.number(table.cells[place, group].month.now)
                    rows.append([title, where, name(group), now, *[""] * 10])
    return rows


def write_watermark(
    name: str, community: str, review: MonthReview, now: datetime, text: Text
) -> dict[str, str]:
    """Return who takes out what and when, as labels and values."""
    return {
        text("watermark.who"): name,
        text("watermark.when"): text.moment(now),
        text("watermark.what"): text.join([community, format_month(review.period), text("month.left_out")]),
        text("month.hidden_title"): text("month.hidden", least=get_settings().least_shown),
        text("watermark.note_title"): text("watermark.note"),
    }


def to_sheet(title: str, table: Table) -> exporting.Table:
    """Return a table as it is shown, as a sheet of a workbook."""
    return exporting.Table(
        title, table.columns, [[row.title, *(cell.words for cell in row.cells)] for row in table.rows]
    )


def _write(found: Compared, text: Text) -> list[str]:
    return [text.number(found.month.now), *_write_change(found.month, text), *_write_change(found.year, text)]


def _write_change(change: Change, text: Text) -> list[str]:
    verdict = text(_VERDICTS[change.verdict])
    if change.then is None:
        return ["", "", "", "", verdict]
    numbers = (change.ratio, change.low, change.high) if change.verdict != "small" else (None, None, None)
    told = ["" if number is None else text.number(number, digits=2) for number in numbers]
    return [text.number(change.then), *told, verdict]

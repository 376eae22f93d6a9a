"""Lists that leave the house: as CSV, or as XLSX with a sheet that says who took them, when and what.

What is in the rows is what the reader may see, masked by the database; nothing here unmasks.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from geo.errors import InputRefused
from geo.rules.inert import quote_cell, strip_controls
from geo.store.engine import load_queries, transaction

Kind = Literal["csv", "xlsx"]
Cell = str | int | float | None
MOST_ROWS: Final = 5_000
_WIDEST: Final = 48
_LONGEST_TAB: Final = 31
_NOT_IN_TABS: Final = re.compile(r"[\[\]:*?/\\]")


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet of a workbook.

    Attributes:
        title: of its tab, no two of a book alike; empty for one that is alone.
        header: the columns' titles.
        rows: each as long as the header; numbers stay numbers, text stays text.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def export_rows(
    kind: Kind,
    community_id: int,
    header: Sequence[str],
    read_rows: Callable[[], Sequence[Sequence[str]]],
    watermark: Mapping[str, str],
) -> bytes:
    """Return a list as a file, and note in the log that it was taken out, with how many rows.

    Args:
        kind: ``csv`` in UTF-8 with a byte-order mark, for Excel; or ``xlsx``.
        community_id: whose rows they are.
        header: the columns' titles.
        read_rows: gives the rows, each as long as the header.
        watermark: label and value of who, when and what; on a sheet of its own, and in the log.

    Raises:
        InputRefused: there are more than :data:`MOST_ROWS` rows.
    """
    rows = [[_make_harmless(value) for value in row] for row in read_rows()]
    if len(rows) > MOST_ROWS:
        msg = f"a list of more than {MOST_ROWS:,} rows is not taken out at once: narrow the filters"
        raise InputRefused(msg)
    content = _write_csv(header, rows) if kind == "csv" else write_book([Table("", header, rows)], watermark)
    note_export(community_id, kind, len(rows), watermark)
    return content


def export_book(community_id: int, tables: Sequence[Table], watermark: Mapping[str, str]) -> bytes:
    """Return tables as one Excel file, and note in the log that they were taken out, with how many rows.

    Args:
        community_id: whose rows they are.
        tables: each on a sheet of its own.
        watermark: label and value of who, when and what; on the last sheet, and in the log.
    """
    content = write_book(tables, watermark)
    note_export(community_id, "xlsx", sum(len(table.rows) for table in tables), watermark)
    return content


def note_export(
    community_id: int,
    kind: str,
    row_count: int,
    watermark: Mapping[str, str],
    *,
    object_type: str = "incident",
) -> None:
    """Note in the log that something was taken out.

    Args:
        community_id: of which community.
        kind: of the file.
        row_count: how many rows are in it.
        watermark: label and value of who, when and what.
        object_type: what the rows are.
    """
    with transaction() as connection:
        load_queries("exporting").record_export(
            connection,
            community_id=community_id,
            object_type=object_type,
            row_count=row_count,
            details=json.dumps({"kind": kind, **watermark}, ensure_ascii=False),
        )


def note_picture(community_id: int, watermark: Mapping[str, str]) -> None:
    """Note in the log that a picture of a map was taken out.

    Args:
        community_id: of which community.
        watermark: label and value of who, when and what.
    """
    note_export(community_id, "png", 0, watermark)


def _write_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def write_book(tables: Sequence[Table], watermark: Mapping[str, str]) -> bytes:
    """Write tables as an Excel file whose last sheet is the watermark; whoever gives it away notes that."""
    out = io.BytesIO()
    # Text stays text: neither formula, number nor link, whatever it looks like.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    marked = {label: _make_harmless(value) for label, value in watermark.items()}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        # "&" begins a code in headers and footers.
        footer = "&L" + " · ".join(marked.values()).replace("&", "&&")[:200] + "&R&P/&N"
        for table in tables:
            sheet = book.add_worksheet(_NOT_IN_TABS.sub(" ", table.title).strip("' ")[:_LONGEST_TAB] or None)
            sheet.set_footer(footer)
            _fill_sheet(sheet, table, bold)
        about = book.add_worksheet()
        about.set_column(0, 1, 40)
        for number, (label, value) in enumerate(marked.items()):
            about.write_string(number, 0, label, bold)
            about.write_string(number, 1, value)
    return out.getvalue()


def _fill_sheet(sheet: Worksheet, table: Table, bold: Format) -> None:
    sheet.set_landscape()
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    rows = [[_make_harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in table.rows]
    for column, title in enumerate(table.header):
        widths = [len(title), *(len(str(row[column])) for row in rows[:200])]
        sheet.set_column(column, column, min(max(widths) * 1.8 + 2, _WIDEST))
        sheet.write_string(0, column, title, bold)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, str):
                sheet.write_string(number, column, value)
            elif value is not None:
                sheet.write_number(number, column, value)
    sheet.autofilter(0, 0, max(len(rows), 1), len(table.header) - 1)


def _make_harmless(value: str) -> str:
    return quote_cell(" ".join(strip_controls(value).split()))

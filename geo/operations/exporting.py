"""Lists that leave the house: as CSV, or as XLSX with a sheet that says who took them, when and what.

What is in the rows is what the reader may see, masked by the database; nothing here unmasks.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import xlsxwriter

from geo.errors import InputRefused
from geo.rules.inert import quote_cell, strip_controls
from geo.store.engine import load_queries, transaction

Kind = Literal["csv", "xlsx"]
MOST_ROWS: Final = 5_000
_WIDEST: Final = 48


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
    write = _write_csv if kind == "csv" else _write_xlsx
    content = write(header, rows, {label: _make_harmless(value) for label, value in watermark.items()})
    with transaction() as connection:
        load_queries("exporting").record_export(
            connection,
            community_id=community_id,
            row_count=len(rows),
            details=json.dumps({"kind": kind, **watermark}, ensure_ascii=False),
        )
    return content


def note_picture(community_id: int, watermark: Mapping[str, str]) -> None:
    """Note in the log that a picture of a map was taken out.

    Args:
        community_id: of which community.
        watermark: label and value of who, when and what.
    """
    with transaction() as connection:
        load_queries("exporting").record_export(
            connection,
            community_id=community_id,
            row_count=0,
            details=json.dumps({"kind": "png", **watermark}, ensure_ascii=False),
        )


def _write_csv(header: Sequence[str], rows: Sequence[Sequence[str]], _watermark: Mapping[str, str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def _write_xlsx(header: Sequence[str], rows: Sequence[Sequence[str]], watermark: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    # Text stays text: neither formula, number nor link, whatever it looks like.
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet()
        marked = " · ".join(watermark.values())
        # "&" begins a code in headers and footers.
        sheet.set_footer("&L" + marked.replace("&", "&&")[:200] + "&R&P/&N")
        sheet.set_landscape()
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        for column, title in enumerate(header):
            widths = [len(title), *(len(row[column]) for row in rows[:200])]
            sheet.set_column(column, column, min(max(widths) * 1.8 + 2, _WIDEST))
            sheet.write_string(0, column, title, bold)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                sheet.write_string(number, column, value)
        sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)
        about = book.add_worksheet()
        about.set_column(0, 1, 40)
        for number, (label, value) in enumerate(watermark.items()):
            about.write_string(number, 0, label, book.add_format({"bold": True}))
            about.write_string(number, 1, value)
    return out.getvalue()


def _make_harmless(value: str) -> str:
    return quote_cell(" ".join(strip_controls(value).split()))

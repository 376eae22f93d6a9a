"""Rows of a file that were refused: kept as they are told, and written as a workbook to be corrected.

The workbook has the file's own columns, and last why each row was refused; corrected it is a file like any
other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import xlsxwriter

from geo.rules.inert import quote_cell, strip_controls

NUMBER_COLUMN: Final = "行号"
WKT_COLUMN: Final = "wkt"
CRS_COLUMN: Final = "crs"
REASON_COLUMN: Final = "拒收原因"
# What a cell can hold.
MOST_CHARACTERS: Final = 32_767
_WIDTH: Final = 18
_REASON_WIDTH: Final = 60


@dataclass(frozen=True)
class RefusedRows:
    """Some rows of a file, and why they were refused.

    Attributes:
        header: the file's columns, and what was added to them.
        rows: the cells of each row, as text.
        reasons: of each row, why: the column at fault, if one is, and a clause in English.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    reasons: Sequence[Sequence[tuple[str | None, str]]]


def keep_refused_rows(path: Path, refused: RefusedRows) -> None:
    """Write refused rows into a file that :func:`load_refused_rows` reads."""
    with path.open("wb") as file:
        file.write(orjson.dumps(list(refused.header)) + b"\n")
        for row, reasons in zip(refused.rows, refused.reasons, strict=True):
            file.write(orjson.dumps([list(row), [list(reason) for reason in reasons]]) + b"\n")


def load_refused_rows(path: Path) -> RefusedRows:
    """Read what :func:`keep_refused_rows` wrote."""
    with path.open("rb") as file:
        header = orjson.loads(next(file))
        told = [orjson.loads(line) for line in file]
    return RefusedRows(
        header, [row for row, _ in told], [[tuple(reason) for reason in why] for _, why in told]
    )


def write_workbook(out: Path, refused: RefusedRows, tell: Callable[[str], str] = str) -> None:
    """Write refused rows as a workbook; text is written as text, never as a formula.

    Args:
        out: the workbook, whose name ends in .xlsx.
        refused: the rows.
        tell: from a clause in English to the reader's language.
    """
    header = [*refused.header, REASON_COLUMN]
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet.set_column(0, len(header) - 2, _WIDTH, as_text)
        sheet.set_column(len(header) - 1, len(header) - 1, _REASON_WIDTH, as_text)
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(header):
            sheet.write_string(0, place, strip_controls(name), bold)
        for line, (row, reasons) in enumerate(zip(refused.rows, refused.reasons, strict=True), start=1):
            clauses = [f"{column}: {tell(clause)}" if column else tell(clause) for column, clause in reasons]
            cells = [quote_cell(strip_controls(text)) for text in (*row, "; ".join(clauses))]
            for place, text in enumerate(cells):
                if text:
                    sheet.write_string(line, place, text[:MOST_CHARACTERS], as_text)

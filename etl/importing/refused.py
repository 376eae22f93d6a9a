"""The rows that were refused, as a workbook that can be corrected and brought in again."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
import xlsxwriter

from etl.importing.values import to_text
from etl.sources.reading import read_source
from etl.sources.table import Rejection, Table
from geo.rules.inert import quote_cell, strip_controls

# What a workbook and a cell of one can hold.
_MOST_ROWS: Final = 1_000_000
_MOST_CHARACTERS: Final = 32_767
_ROW, _WKT, _CRS, _REASON = "行号", "wkt", "crs", "拒收原因"
_WIDTH: Final = 18
_REASON_WIDTH: Final = 60


def write_refused_rows(
    out: Path,
    path: Path,
    source_layer: str | None,
    rejections: Sequence[Rejection],
    *,
    left_out: Collection[str],
    crs: str | None,
) -> int:
    """Write the rows that were refused, each with its number and why, below the file's own header.

    Text is written as text, never as a formula. Columns about persons are left out, as the import does.

    Args:
        out: the workbook to write.
        path: the file, which is read again: most files have no such rows, and need not be held for them.
        source_layer: its layer or sheet.
        rejections: why rows were refused.
        left_out: its columns about persons.
        crs: what its coordinates were read as; None where it has none.

    Returns:
        How many rows were written.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    for rejection in rejections[: 10 * _MOST_ROWS]:
        column = f"{rejection.column}: " if rejection.column else ""
        reasons[rejection.row].append(f"{column}{rejection.reason}")
    table = read_source(path, source_layer)
    positions = dict(zip(table.row_numbers.tolist(), range(len(table.row_numbers)), strict=True))
    columns = _take_columns(table, left_out)
    has_shape = table.geometry is not None or table.points is not None
    header = [*columns, _ROW, *([_WKT] if has_shape else []), *([_CRS] if crs else []), _REASON]
    header = list(dict.fromkeys(header))
    numbers = sorted(reasons)[:_MOST_ROWS]
    with xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        bold, as_text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
        sheet.set_column(0, len(header) - 2, _WIDTH, as_text)
        sheet.set_column(len(header) - 1, len(header) - 1, _REASON_WIDTH, as_text)
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(header):
            sheet.write_string(0, place, name, bold)
        wanted = np.array([positions.get(number, -1) for number in numbers], dtype=np.int64)
        cells = {name: _read_texts(table, name, wanted) for name in columns}
        if has_shape:
            cells[_WKT] = _write_shapes(table, wanted)
        for line, number in enumerate(numbers, start=1):
            own = {name: values[line - 1] for name, values in cells.items()}
            told = own | {_ROW: str(number), _REASON: "; ".join(reasons[number])}
            if crs:
                told[_CRS] = crs
            for place, name in enumerate(header):
                if told.get(name):
                    sheet.write_string(line, place, told[name][:_MOST_CHARACTERS], as_text)
    return len(numbers)


def _take_columns(table: Table, left_out: Collection[str]) -> list[str]:
    """Return the file's columns; what an earlier workbook of this kind added is added anew."""
    return [name for name in map(str, table.rows.columns) if name not in {*left_out, _ROW, _CRS, _REASON}]


def _read_texts(table: Table, name: str, wanted: npt.NDArray[np.int64]) -> list[str]:
    values = to_text(table.rows[name].iloc[wanted]).fillna("").to_list()
    return [
        quote_cell(strip_controls(str(value))) if row >= 0 else ""
        for value, row in zip(values, wanted, strict=True)
    ]


def _write_shapes(table: Table, wanted: npt.NDArray[np.int64]) -> list[str]:
    """Write shapes in the file's own numbers; one too long for a cell is left out."""
    shapes: npt.NDArray[Any]
    if table.geometry is not None:
        shapes = table.geometry[wanted]
    else:
        points = np.empty((0, 2)) if table.points is None else table.points[wanted]
        shapes = np.full(len(points), None, dtype=object)
        placed = ~np.isnan(points).any(axis=1)
        shapes[placed] = shapely.points(points[placed])
    texts = shapely.to_wkt(shapely.force_2d(shapes), rounding_precision=-1)
    return [
        text if text and row >= 0 and len(text) <= _MOST_CHARACTERS else ""
        for text, row in zip(texts, wanted, strict=True)
    ]

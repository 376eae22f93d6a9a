"""Excel and WPS workbooks (.xlsx, .xls, .et, .ods), through calamine."""

import datetime as dt
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from etl.sources.table import Table, choose_one, drop_blanks
from etl.sources.text import find_header, name_columns
from geo.errors import InputRefused, UnreadableFile

# Some 200,000 rows of twenty columns. Read, a sheet takes about eight times what it takes unpacked.
_MOST_UNPACKED_BYTES = 256 * 2**20

Cell = str | float | bool | dt.date | dt.time | dt.timedelta


def read_excel(path: Path, source_layer: str | None = None) -> Table:
    """Read one sheet as text: dates in ISO form, whole numbers without a point, merged cells filled.

    Args:
        path: the workbook.
        source_layer: the sheet's name; needed where several visible sheets hold data.

    Raises:
        UnreadableFile: the workbook is damaged, protected or empty.
        InputRefused: it is too large, or there are several sheets to choose from.
    """
    _refuse_bombs(path)
    try:
        workbook = CalamineWorkbook.from_path(path)
        sheets = {
            sheet.name: workbook.get_sheet_by_name(sheet.name)
            for sheet in workbook.sheets_metadata
            if sheet.typ == SheetTypeEnum.WorkSheet
        }
        cells = {name: sheet.to_python(skip_empty_area=False) for name, sheet in sheets.items()}
    except PasswordError:
        message = f"{path.name} is protected by a password; save a copy without one."
        raise UnreadableFile(message) from None
    except CalamineError:
        message = f"{path.name} is damaged or not a workbook; open it in Excel or WPS and save it as .xlsx."
        raise UnreadableFile(message) from None

    visible = {sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible}
    filled = [name for name, rows in cells.items() if any(cell != "" for row in rows for cell in row)]
    hidden = [name for name in filled if name not in visible]
    # A hidden sheet is read only when it is asked for by name.
    offered = filled if source_layer in hidden else [name for name in filled if name in visible]
    name = choose_one(path.name, "sheet", offered, source_layer)
    warnings = [f"Hidden sheet “{other}” was not read." for other in hidden if other != name]

    rows = _read_cells(sheets[name], cells[name])
    header = find_header(rows)
    columns = name_columns(rows[header])
    if header:
        warnings.append(f"Row {header + 1} was taken as the header; what stands above it was left out.")
    return drop_blanks(
        Table(
            name=name,
            rows=pd.DataFrame(rows[header + 1 :], columns=columns, dtype="str"),
            row_numbers=np.arange(header + 2, len(rows) + 1, dtype=np.int64),
            warnings=tuple(warnings),
        )
    )


def _refuse_bombs(path: Path) -> None:
    """Refuse a packed workbook that says it is larger than fits in memory, before anything is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(member.file_size for member in archive.infolist())
    except zipfile.BadZipFile:
        return  # An .xls is not packed; what is damaged, calamine tells.
    if unpacked_bytes > _MOST_UNPACKED_BYTES:
        message = (
            f"{path.name} would be {unpacked_bytes / 2**20:,.0f} MB unpacked, and at most "
            f"{_MOST_UNPACKED_BYTES // 2**20} MB are read: save the sheet as CSV, or in parts."
        )
        raise InputRefused(message)


def _read_cells(sheet: CalamineSheet, cells: list[list[Cell]]) -> list[list[str]]:
    width = max(len(row) for row in cells)
    rows = [[_write_as_text(cell) for cell in row] + [""] * (width - len(row)) for row in cells]
    for (top, left), (bottom, _right) in sheet.merged_cell_ranges or ():
        # Down only: a cell merged across is a title or a group heading, and must not fill its neighbours.
        for row in rows[top + 1 : bottom + 1]:
            if not row[left]:
                row[left] = rows[top][left]
    return rows


def _write_as_text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        # Excel keeps 15 digits: a longer number is spoilt, and its notation lets whoever checks it see that.
        if abs(cell) >= 1e15:
            return f"{cell:e}"
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell).strip()

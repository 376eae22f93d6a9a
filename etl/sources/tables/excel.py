"""Excel and WPS workbooks (.xlsx, .xls, .et, .ods), through calamine."""

import datetime as dt
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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

from etl.importing.columns.layers import simplify
from etl.sources.archive import DAMAGE
from etl.sources.table import MOST_COLUMNS, SourceLayer, Table, choose_one, drop_blanks, refuse_columns
from etl.sources.tables.body import leave_out
from etl.sources.tables.disguised import read_disguised
from etl.sources.tables.filling import fill_groups, take_headings
from etl.sources.tables.headers import (
    Header,
    Merge,
    count_named,
    is_headless,
    is_named,
    name_columns,
    read_header,
)
from etl.sources.tables.old_workbook import breaks_reader
from etl.sources.tables.workbook_signs import counts_from_1904, measure_sheets, read_signs
from geo.errors import InputRefused, UnreadableFile

# Some 200,000 rows of twenty columns. Read, a sheet takes about eight times what it takes unpacked.
_MOST_UNPACKED_BYTES = 256 * 2**20

# A sheet is unpacked to all the cells between its first and its last.
_MOST_CELLS = 20_000_000
# A page takes some twenty times its size when read.
_MOST_DISGUISED_BYTES = 32 * 2**20

# A cell merged over so much of a row's width is a heading over the rows below it.
_HEADING_SHARE = 0.7

# Asked for by this name, all sheets of one header are one table: one roster a compound, a sheet each.
ALL_SHEETS = "*"
SHEET_COLUMN = "工作表"

# Of rows that share one such cell none has the number by itself.
_SUMS = ("户数", "人口", "人数", "居民", "老年人", "老人", "面积", "数量", "金额", "车位")

Cell = str | float | bool | dt.date | dt.time | dt.timedelta


@dataclass(frozen=True)
class _Sheet:
    name: str
    is_visible: bool
    cells: list[list[Cell]]
    merges: list[Merge]


def read_excel(path: Path, source_layer: str | None = None) -> Table:
    """Read a sheet as text: dates in ISO form, whole numbers without a point, merged cells filled.

    Args:
        path: the workbook.
        source_layer: the sheet's name, needed where several visible sheets hold data; :data:`ALL_SHEETS` for
            all of one header.

    Raises:
        UnreadableFile: the workbook is damaged, protected or empty.
        InputRefused: it is too large, or there are several sheets to choose from.
    """
    sheets = _read_sheets(path)
    hidden = [name for name, sheet in sheets.items() if not sheet.is_visible]
    # A hidden sheet is read only when it is asked for by name.
    offered = list(sheets) if source_layer in hidden else [name for name in sheets if name not in hidden]
    if source_layer == ALL_SHEETS and offered:
        table = _join_sheets([_read_sheet(path, sheets[name]) for name in offered])
    elif source_layer is None and len(offered) > 1:
        message = (
            f"{path.name} holds {len(offered)} sheets: {_list_names(offered)}; name one with --source-layer, "
            f"or “{ALL_SHEETS}” for all that have the same columns."
        )
        raise InputRefused(message)
    else:
        table = _read_sheet(path, sheets[choose_one(path.name, "sheet", offered, source_layer)])
    unread = [name for name in hidden if name != table.name]
    if not unread:
        return replace(table, counts_from_1904=counts_from_1904(path))
    warning = f"Hidden sheets were not read: {_list_names(unread)}."
    return replace(table, counts_from_1904=counts_from_1904(path), warnings=(*table.warnings, warning))


def list_sheets(path: Path) -> list[SourceLayer]:
    """List the visible sheets that hold anything, and :data:`ALL_SHEETS` where several have the same columns.

    Raises:
        UnreadableFile: the workbook is damaged or protected.
        InputRefused: it is too large.
    """
    sheets = [sheet for sheet in _read_sheets(path).values() if sheet.is_visible]
    tables = [_read_sheet(path, sheet) for sheet in sheets]
    layers = [SourceLayer(table.name, len(table.row_numbers), "table") for table in tables]
    alike = _find_alike(tables)
    if len(alike) > 1:
        layers.append(SourceLayer(ALL_SHEETS, sum(len(table.row_numbers) for table in alike), "table"))
    return layers


def _read_sheets(path: Path) -> dict[str, _Sheet]:
    """Read the cells of every sheet that holds any."""
    _refuse_bombs(path)
    damage = f"{path.name} is damaged or not a workbook; open it in Excel or WPS and save it as .xlsx."
    if breaks_reader(path):
        raise UnreadableFile(damage)
    try:
        with _take_panics():
            workbook = _open(path)
            found = [
                (sheet, workbook.get_sheet_by_name(sheet.name))
                for sheet in workbook.sheets_metadata
                if sheet.typ == SheetTypeEnum.WorkSheet
            ]
            sheets = [
                _Sheet(
                    sheet.name,
                    sheet.visible == SheetVisibleEnum.Visible,
                    _unfold(path, content),
                    content.merged_cell_ranges or [],
                )
                for sheet, content in found
            ]
    except PasswordError:
        message = f"{path.name} is protected by a password; save a copy without one."
        raise UnreadableFile(message) from None
    except CalamineError:
        sheets = _read_disguised(path)
        if not sheets:
            raise UnreadableFile(damage) from None
    return {sheet.name: sheet for sheet in sheets if any(cell != "" for row in sheet.cells for cell in row)}


def _unfold(path: Path, content: CalamineSheet) -> list[list[Cell]]:
    bottom, right = content.end or (0, 0)
    _refuse_stray_cells(path, bottom + 1, right + 1)
    return content.to_python(skip_empty_area=False)


@contextmanager
def _take_panics() -> Iterator[None]:
    """Take what calamine panics over, as it does in damaged old workbooks, for a fault of the file.

    Raises:
        CalamineError: it panicked.
    """
    try:
        yield
    except BaseException as fault:
        # A panic in Rust is no Exception here, and its class can be had from nowhere.
        if type(fault).__name__ != "PanicException":
            raise
        raise CalamineError(str(fault)) from None


def _read_disguised(path: Path) -> list[_Sheet]:
    """Read a page or an XML that calls itself a workbook, as many systems export them."""
    if path.stat().st_size > _MOST_DISGUISED_BYTES:
        return []
    found = read_disguised(path.read_bytes(), path.name)
    sheets = [
        _Sheet(sheet.name, is_visible=True, cells=[list(row) for row in sheet.cells], merges=sheet.merges)
        for sheet in found
    ]
    return [sheet for sheet in sheets if any(cell != "" for row in sheet.cells for cell in row)]


def _open(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError:
        raise
    except CalamineError:
        # Systems export .xlsx under the name of .xls, and the other way round: the content tells.
        with path.open("rb") as file:
            return CalamineWorkbook.from_filelike(file)


def _refuse_bombs(path: Path) -> None:
    """Refuse a workbook that says it is larger than fits in memory, before anything is unpacked."""
    height = width = unpacked_bytes = 0
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked_bytes = sum(member.file_size for member in archive.infolist())
        if unpacked_bytes <= _MOST_UNPACKED_BYTES:
            height, width = measure_sheets(path)
    except DAMAGE:
        pass  # An .xls is not packed, and what is damaged calamine tells.
    _refuse_stray_cells(path, height, width)
    if unpacked_bytes > _MOST_UNPACKED_BYTES:
        message = (
            f"{path.name} would be {unpacked_bytes / 2**20:,.0f} MB unpacked, and at most "
            f"{_MOST_UNPACKED_BYTES // 2**20} MB are read: save the sheet as CSV, or in parts."
        )
        raise InputRefused(message)


def _refuse_stray_cells(path: Path, height: int, width: int) -> None:
    if height * width > _MOST_CELLS:
        message = (
            f"{path.name} has a cell in row {height:,} and one in column {width:,}, with next to nothing "
            "between: delete what stands far from the table."
        )
        raise InputRefused(message)


def _read_sheet(path: Path, sheet: _Sheet) -> Table:
    width = max(len(row) for row in sheet.cells)
    # Most cells of a large sheet are texts; a call for each of millions is felt.
    rows = [
        [cell.strip() if type(cell) is str else _write_as_text(cell) for cell in row]
        + [""] * (width - len(row))
        for row in sheet.cells
    ]
    # Cells may be merged far beyond the last with anything in it.
    merges = [
        ((top, left), (min(bottom, len(rows) - 1), min(right, width - 1)))
        for (top, left), (bottom, right) in sheet.merges
        if top < len(rows) and left < width
    ]
    headless = is_headless(rows)
    header = Header(0, -1, name_columns([""] * width)) if headless else read_header(rows, merges)
    refuse_columns(count_named(header.names), path.name)
    warnings = _fill_merged(rows, merges, header)
    head = rows[header.first : header.last + 1]
    if headless:
        note = f"{path.name} has no header: its columns are numbered from left to right."
        warnings.insert(0, note)
    if header.first:
        warning = f"Row {header.first + 1} was taken as the header; what stands above it was left out."
        warnings.insert(0, warning)
    warnings += _tell_signs(path, sheet.name, header, len(rows))
    titles = {cell for row in rows[: header.first] for cell in row} - {""}
    table = drop_blanks(
        Table(
            name=sheet.name,
            rows=_make_frame(rows[header.last + 1 :], header.names),
            row_numbers=np.arange(header.last + 2, len(rows) + 1, dtype=np.int64),
            warnings=tuple(warnings),
        )
    )
    merged = {left for (top, left), (bottom, _) in merges if top > header.last and bottom > top}
    names = {header.names[column] for column in merged}
    headings = {
        top + 1
        for (top, left), (_, right) in merges
        if top > header.last and left == 0 and right >= _HEADING_SHARE * (width - 1) and width > 2
    }
    return fill_groups(take_headings(leave_out(table, head, titles), headings), names)


def _make_frame(rows: list[list[str]], names: list[str]) -> pd.DataFrame:
    """Make a frame of texts; of a sheet that a cell far off makes wide, without the blank columns."""
    if len(names) > MOST_COLUMNS:
        told = [
            column for column, name in enumerate(names) if is_named(name) or any(row[column] for row in rows)
        ]
        rows, names = [[row[column] for column in told] for row in rows], [names[column] for column in told]
    return pd.DataFrame(rows, columns=names, dtype="str")


def _fill_merged(rows: list[list[str]], merges: Sequence[Merge], header: Header) -> list[str]:
    """Write the value of cells merged downward into each of their rows, in place; return what to tell."""
    shared: dict[str, int] = {}
    for (top, left), (bottom, _right) in merges:
        if top <= header.last or bottom == top or not rows[top][left]:
            continue
        name = header.names[left]
        if any(word in simplify(name) for word in _SUMS):
            shared.setdefault(name, top + 1)
            continue
        # Down only: a cell merged across is a title or a group heading, and must not fill its neighbours.
        for row in rows[top + 1 : bottom + 1]:
            if not row[left]:
                row[left] = rows[top][left]
    warnings = []
    for name, top in shared.items():
        warning = (
            f"“{name}” is one number for several rows, first at row {top}; it stays with the first of them, "
            "for how it divides is not said."
        )
        warnings.append(warning)
    return warnings


def _tell_signs(path: Path, sheet: str, header: Header, height: int) -> list[str]:
    """Tell of what a person looking at the sheet would not see, or would see and we do not."""
    signs = read_signs(path, sheet)
    warnings = []
    columns = [header.names[column] for column in sorted(signs.hidden_columns) if column < len(header.names)]
    if columns:
        warning = f"Hidden columns were read, too: {_list_names(columns)}."
        warnings.append(warning)
    hidden = [str(row + 1) for row in sorted(signs.hidden_rows) if header.last < row < height]
    if hidden:
        warning = (
            f"{len(hidden):,} hidden rows were read, too ({_list_first(hidden)}): delete in the sheet what "
            "is not meant."
        )
        warnings.append(warning)
    if signs.errors:
        warning = (
            f"{len(signs.errors):,} cells hold an error and count as blank: {_list_first(signs.errors)}."
        )
        warnings.append(warning)
    if signs.uncomputed:
        warning = (
            f"{len(signs.uncomputed):,} formulas were never computed and count as blank "
            f"({_list_first(signs.uncomputed)}): open the file in Excel or WPS and save it."
        )
        warnings.append(warning)
    return warnings


def _find_alike(tables: list[Table]) -> list[Table]:
    """Find the sheets of one header that hold most of the rows; the first may be one of explanations."""
    rows: Counter[tuple[str, ...]] = Counter()
    for table in tables:
        rows[tuple(table.columns)] += len(table.row_numbers)
    most = rows.most_common(1)
    return [table for table in tables if most and tuple(table.columns) == most[0][0]]


def _join_sheets(tables: list[Table]) -> Table:
    """Join the sheets of one header; rows are counted through them."""
    alike = _find_alike(tables)
    others = [table.name for table in tables if table.columns != alike[0].columns]
    parts, numbers, told, start = [], [], [], 0
    for table in alike:
        parts.append(
            table.rows.assign(**{SHEET_COLUMN: pd.Series(table.name, table.rows.index, dtype="str")})
        )
        numbers.append(table.row_numbers + start)
        told.append(f"{table.name} {start + 1}–{start + int(table.row_numbers.max(initial=0))}")
        start += int(table.row_numbers.max(initial=0))
    warning = f"The rows of {len(alike)} sheets are counted on from one to the next: {_list_first(told)}."
    warnings = [warning]
    if others:
        warning = f"Sheets with other columns were not read: {_list_names(others)}."
        warnings.append(warning)
    warnings += dict.fromkeys(said for table in alike for said in table.warnings)
    return Table(
        name=ALL_SHEETS,
        rows=pd.concat(parts, ignore_index=True),
        row_numbers=np.concatenate(numbers),
        warnings=tuple(warnings),
    )


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names[:5]) + (" …" if len(names) > 5 else "")


def _list_first(words: Sequence[str]) -> str:
    return ", ".join(words[:5]) + (" …" if len(words) > 5 else "")


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

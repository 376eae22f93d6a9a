"""What systems export as .xls and is none: a page with a table in it, Excel's XML of 2003, text with tabs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree, html  # type: ignore[import-untyped]  # lxml comes without types

from etl.sources.tables.csv_file import split_rows
from etl.sources.tables.headers import Merge
from etl.sources.tables.text import decode
from geo.errors import UnreadableFile

_SHEET_NAMESPACE = "{urn:schemas-microsoft-com:office:spreadsheet}"
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
# No table of rows is wider, and a span is a number that anybody may write.
_MOST_COLUMNS = 1_000
_MOST_ROWS = 1_000_000
_SAMPLE_CHARACTERS = 4_096


@dataclass(frozen=True)
class DisguisedSheet:
    """One table: its cells as text, and which of them are merged."""

    name: str
    cells: list[list[str]]
    merges: list[Merge]


def read_disguised(raw: bytes, file_name: str) -> list[DisguisedSheet]:
    """Read the tables of a file that only calls itself a workbook; none where it is something else."""
    try:
        text, _ = decode(raw, file_name)
    except UnreadableFile:
        return []
    if not text.lstrip().startswith("<"):
        return [_read_tabs(text)] if "\t" in text[:_SAMPLE_CHARACTERS] else []
    head = text[:_SAMPLE_CHARACTERS]
    if _SHEET_NAMESPACE[1:-1] in head and "<Workbook" in head:
        return list(_read_workbook(_DECLARATION.sub("", text, count=1)))
    try:
        page = html.document_fromstring(_DECLARATION.sub("", text, count=1))
    except (etree.ParserError, etree.LxmlError, ValueError):
        return []
    tables = [table for table in page.iter("table") if not any(True for _ in table.iterdescendants("table"))]
    return [
        _lay_out(f"表{position}", (_list_cells(row) for row in table.iter("tr")))
        for position, table in enumerate(tables, start=1)
    ]


def _read_tabs(text: str) -> DisguisedSheet:
    rows = split_rows(text, "\t")
    return DisguisedSheet("表1", [[cell.strip() for cell in row] for row in rows], [])


def _list_cells(row: Any) -> Iterator[tuple[str, int | None, int, int]]:
    for cell in row:
        if cell.tag in {"td", "th"}:
            text = " ".join(cell.text_content().split())
            yield text, None, _read_span(cell.get("rowspan")), _read_span(cell.get("colspan"))


def _read_workbook(text: str) -> Iterator[DisguisedSheet]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True)
    book = etree.fromstring(text.encode(), parser)
    if book is None:
        return
    for sheet in book.iter(f"{_SHEET_NAMESPACE}Worksheet"):
        rows = sheet.iter(f"{_SHEET_NAMESPACE}Row")
        yield _lay_out(sheet.get(f"{_SHEET_NAMESPACE}Name") or "", (_list_fields(row) for row in rows))


def _list_fields(row: Any) -> Iterator[tuple[str, int | None, int, int]]:
    for cell in row.iter(f"{_SHEET_NAMESPACE}Cell"):
        data = cell.find(f"{_SHEET_NAMESPACE}Data")
        index = cell.get(f"{_SHEET_NAMESPACE}Index")
        text = (
            ""
            if data is None
            else _write_number("".join(data.itertext()), data.get(f"{_SHEET_NAMESPACE}Type"))
        )
        down, across = (_read_span(cell.get(f"{_SHEET_NAMESPACE}Merge{way}")) for way in ("Down", "Across"))
        has_down, has_across = (cell.get(f"{_SHEET_NAMESPACE}Merge{way}") for way in ("Down", "Across"))
        yield text, _read_span(index) - 1 if index else None, down + bool(has_down), across + bool(has_across)


def _write_number(text: str, kind: str | None) -> str:
    """Write a number of sixteen digits and more so that whoever checks it sees that it is spoilt."""
    if kind == "Number" and re.fullmatch(r"\d{16,}", text):
        return f"{float(text):e}"
    return text.strip()


def _read_span(written: str | None) -> int:
    return min(max(int(written), 1), _MOST_ROWS) if written and written.isdecimal() else 1


def _lay_out(name: str, rows: Iterator[Iterator[tuple[str, int | None, int, int]]]) -> DisguisedSheet:
    """Lay cells out in rows and columns: where one reaches down, those of the next rows stand beside it."""
    cells: list[list[str]] = []
    merges: list[Merge] = []
    taken: dict[int, int] = {}  # column → the first row that is free again
    for top, row in enumerate(rows):
        line: list[str] = []
        for text, index, down, across in row:
            while taken.get(len(line), 0) > top or (
                index is not None and len(line) < min(index, _MOST_COLUMNS)
            ):
                line.append("")
            if len(line) >= _MOST_COLUMNS:
                break
            left, right = len(line), min(len(line) + across, _MOST_COLUMNS) - 1
            line += [text, *[""] * (right - left)]
            if down > 1:
                taken |= dict.fromkeys(range(left, right + 1), top + down)
            if down > 1 or right > left:
                merges.append(((top, left), (top + down - 1, right)))
        cells.append(line)
    return DisguisedSheet(name, cells, merges)

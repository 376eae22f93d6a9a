"""What an .xlsx says beside its values: what is hidden, in error or never computed, and its calendar.

The values themselves are calamine's, which does not tell of these.
"""

import functools
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from lxml import etree  # type: ignore[import-untyped]  # lxml comes without types

from etl.sources.archive import DAMAGE

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TRUE = {"1", "true"}
# What reading a damaged or locked archive raises.
_DAMAGE = (*DAMAGE, RuntimeError, ValueError)
_CHUNK_BYTES = 1 << 20
# Bytes of which one must stand in a sheet that has anything to tell; hardly any large sheet has.
_SIGNS = (b'hidden="1"', b'hidden="true"', b' t="e"')
_FORMULA = b"</f>"
_UNCOMPUTED = (b"</f></c>", b"</f><v></v>", b"</f><v/>", b"</f><v />")
_LONGEST_SIGN = 16
_CELL = re.compile(rb' r="([A-Z]{1,3})(\d{1,7})"')
_MOST_MEASURED_BYTES = 1 << 24
_MOST_NAMED = 1_000


@dataclass(frozen=True)
class SheetSigns:
    """What a sheet says beside its values; rows and columns are counted from 0.

    Attributes:
        hidden_columns: columns that a person does not see.
        hidden_rows: rows that a person does not see.
        errors: the cells that hold an error, such as ``C5 (#N/A)``; at most a thousand.
        uncomputed: the cells whose formula no program has computed.
    """

    hidden_columns: frozenset[int] = frozenset()
    hidden_rows: frozenset[int] = frozenset()
    errors: tuple[str, ...] = ()
    uncomputed: tuple[str, ...] = ()


def read_signs(path: Path, sheet: str) -> SheetSigns:
    """Read what a sheet of an .xlsx says beside its values; of any other workbook nothing is known."""
    try:
        with zipfile.ZipFile(path) as archive:
            part = _find_part(archive, sheet)
            if part is None or not _has_signs(archive, part):
                return SheetSigns()
            with archive.open(part) as content:
                return _collect(etree.iterparse(content, **_OPTIONS, tag=(f"{_MAIN}col", f"{_MAIN}row")))
    except (KeyError, etree.LxmlError, *_DAMAGE):
        return SheetSigns()  # What is damaged, calamine tells.


def measure_sheets(path: Path) -> tuple[int, int]:
    """Measure how many rows and columns the sheets of an .xlsx reach over; (0, 0) for any other workbook.

    Large sheets are measured at their beginning and end: what is large is full of cells.
    """
    height = width = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.startswith("xl/worksheets/"):
                continue
            try:
                with archive.open(member) as content:
                    for chunk in _read_ends(content, member.file_size):
                        cells = _CELL.findall(chunk)
                        height = max(height, *map(int, {row for _, row in cells}), 0)
                        width = max(width, *map(_count_columns, {column for column, _ in cells}), 0)
            except _DAMAGE:
                continue  # What is damaged, calamine tells.
    return height, width


def _read_ends(content: IO[bytes], size: int) -> Iterator[bytes]:
    end = b""
    position = 0
    while chunk := content.read(_CHUNK_BYTES):
        if size <= _MOST_MEASURED_BYTES or position == 0 or position + len(chunk) >= size:
            yield end + chunk
        end = chunk[-_LONGEST_SIGN:]
        position += len(chunk)


def _count_columns(letters: bytes) -> int:
    return functools.reduce(lambda count, letter: 26 * count + letter - 64, letters, 0)


def counts_from_1904(path: Path) -> bool:
    """Whether a workbook counts its days from 1904, as those of old Macintoshes do."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open("xl/workbook.xml") as content:
            found = next(
                (node for _, node in etree.iterparse(content, **_OPTIONS, tag=f"{_MAIN}workbookPr")), None
            )
            return found is not None and found.get("date1904") in _TRUE
    except (KeyError, etree.LxmlError, *_DAMAGE):
        return False


# Nothing outside the file is fetched, and no entity is spelt out.
_OPTIONS = {"resolve_entities": False, "no_network": True, "load_dtd": False}


def _find_part(archive: zipfile.ZipFile, sheet: str) -> str | None:
    """Find the part of the archive that holds a sheet."""
    parser = etree.XMLParser(**_OPTIONS)
    book = etree.fromstring(archive.read("xl/workbook.xml"), parser)
    relation = next(
        (node.get(_RELATION) for node in book.iter(f"{_MAIN}sheet") if node.get("name") == sheet), None
    )
    links = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), parser)
    target = next((node.get("Target") for node in links if node.get("Id") == relation), None)
    if target is None:
        return None
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _has_signs(archive: zipfile.ZipFile, part: str) -> bool:
    with archive.open(part) as content:
        end = b""
        while chunk := content.read(_CHUNK_BYTES):
            some = end + chunk
            signs = (*_SIGNS, *_UNCOMPUTED) if _FORMULA in some else _SIGNS
            if any(sign in some for sign in signs):
                return True
            end = chunk[-_LONGEST_SIGN:]
    return False


def _collect(nodes: Iterator[tuple[str, Any]]) -> SheetSigns:
    columns: set[int] = set()
    rows: set[int] = set()
    errors: list[str] = []
    uncomputed: list[str] = []
    for position, (_, node) in enumerate(nodes):
        is_hidden = node.get("hidden") in _TRUE
        if node.tag == f"{_MAIN}col":
            if is_hidden:
                columns.update(range(int(node.get("min", 1)) - 1, int(node.get("max", 1))))
            continue
        if is_hidden:
            rows.add(int(node.get("r", position)) - 1)
        for cell in node:
            value = cell.findtext(f"{_MAIN}v")
            if cell.get("t") == "e" and len(errors) < _MOST_NAMED:
                errors.append(f"{cell.get('r')} ({value})")
            elif not value and cell.find(f"{_MAIN}f") is not None and len(uncomputed) < _MOST_NAMED:
                uncomputed.append(str(cell.get("r")))
        node.clear()
        while (before := node.getprevious()) is not None:
            node.getparent().remove(before)
    return SheetSigns(frozenset(columns), frozenset(rows), tuple(errors), tuple(uncomputed))

"""CSV and its kin, separated by comma, tab or semicolon."""

import csv
import io
import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from re import IGNORECASE, fullmatch, match, search, sub

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from etl.sources.shelf import shelve
from etl.sources.table import UNNAMED_COLUMN, Rejection, Table, drop_blanks, refuse_columns
from etl.sources.tables.body import is_note, is_total, leave_out
from etl.sources.tables.filling import fill_groups
from etl.sources.tables.headers import Header, count_named, is_headless, name_columns, read_header
from etl.sources.tables.text import TextFile, open_text, write_text
from geo.errors import UnreadableFile

# Whoever wrote a novel into a cell gets it back whole. It is one limit for the whole process.
csv.field_size_limit(2**31 - 1)

_DELIMITERS = ",\t;|"
_OTHER_DELIMITERS = "\t;|,，；"
_SAMPLE_CHARACTERS = 16_384
_SAMPLE_ROWS = 60
_LEAST_LINES = 3
# Databases write a quotation mark inside a cell behind a backslash.
_ESCAPED_QUOTE = r"\\\"(?=[^,;|\t\r\n])"
# A quotation mark behind a blank does not begin a cell, as strict readers have it.
_SPACED_QUOTE = r"([,;])[ \t]+\""
_QUOTED = r'"[^"\r\n]*"'
_ONE_CELL = r'"(?:[^"]|"")*"'
_BLOCK_BYTES = 1 << 24


def read_csv(path: Path) -> Table:
    """Read a delimited text file; every value stays text, an empty cell is an empty string.

    Raises:
        UnreadableFile: it is empty, not text, or has a single column.
    """
    text, delimiter = _open(path)
    preview, lines_read = _preview(text, delimiter)
    if not preview:
        message = f"{path.name} is empty."
        raise UnreadableFile(message)
    headless = is_headless(preview)
    width = max(map(len, preview))
    header = Header(0, -1, name_columns([""] * width)) if headless else read_header(preview)
    names = _fit_width(header.names, preview, header)
    refuse_columns(count_named(names), path.name)
    if len(names) < 2:
        message = f"{path.name} has a single column; columns must be separated by comma, tab or semicolon."
        raise UnreadableFile(message)

    first_row = header.last + 2  # rows are counted from 1, and the header is one of them
    lines_above = 0 if headless else lines_read[header.last]
    ragged: dict[int, tuple[str, int]] = {}
    spans_lines = False

    def note_ragged(row: arrow_csv.InvalidRow) -> str:
        nonlocal spans_lines
        spans_lines |= "\n" in row.text.strip()
        ragged[first_row + row.number - lines_above - 1] = (row.text, row.actual_columns)
        return "skip"

    # It reads in one thread: only then does it number the rows it cannot split.
    read_options = arrow_csv.ReadOptions(
        use_threads=False, skip_rows=lines_above, column_names=names, block_size=_BLOCK_BYTES
    )
    parse_options = arrow_csv.ParseOptions(
        delimiter=delimiter,
        newlines_in_values=True,
        ignore_empty_lines=False,
        invalid_row_handler=note_ragged,
    )
    convert_options = arrow_csv.ConvertOptions(
        check_utf8=False, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
    )
    try:
        with pa.OSFile(str(text.path)) as file:
            reader = arrow_csv.open_csv(file, read_options, parse_options, convert_options)
            rows, shelf = shelve(reader, reader.schema)
    except pa.ArrowInvalid:
        message = f"{path.name} has no rows below its header, or none that can be told apart."
        raise UnreadableFile(message) from None
    spans_lines |= any("\n" in cell for cell in rows.iloc[-1:].to_numpy().ravel())
    if spans_lines and text.count('"') % 2:
        message = f"{path.name} has a quotation mark that is never closed; what follows it is one cell."
        raise UnreadableFile(message)

    numbers = np.arange(first_row, first_row + len(rows) + len(ragged), dtype=np.int64)
    numbers = numbers[~np.isin(numbers, list(ragged))]
    titles = {cell.strip() for row in preview[: header.first] for cell in row} - {""}
    read = Table(path.stem, rows, numbers, encoding=text.encoding, shelf=shelf)
    if headless:
        note = f"{path.name} has no header: its columns are numbered from left to right."
        read = replace(read, warnings=(note,))
    whole = drop_blanks(_mend_rows(read, ragged, delimiter, titles))
    return fill_groups(leave_out(whole, preview[header.first : header.last + 1], titles))


def _open(path: Path) -> tuple[TextFile, str]:
    """Open a text and find what separates its columns, writing it anew where that is no sign by itself."""
    text = open_text(path)
    delimiter = _find_delimiter(text.head)
    if delimiter not in text.head[:_SAMPLE_CHARACTERS] and "，" in text.head[:_SAMPLE_CHARACTERS]:
        text = write_text([text.read().replace("，", ",")], text.encoding)
    if _is_wrapped(text.head, delimiter):
        lines = (f"{next(iter(row), '')}\n" for row in split_rows(text.read(), "\t"))
        text = write_text(lines, text.encoding)
    if search(_SPACED_QUOTE, text.head.partition("\n")[0]):
        text = write_text([sub(_SPACED_QUOTE, r'\1"', text.read())], text.encoding)
    if search(_ESCAPED_QUOTE, text.head):
        text = write_text([text.read().replace('\\"', '""')], text.encoding)
    if _is_spaced(text.head, delimiter):
        delimiter = "\t"
        lines = (f"{delimiter.join(line.split())}\n" for line in text.read().splitlines())
        text = write_text(lines, text.encoding)
    return text, delimiter


def split_rows(text: str, delimiter: str) -> Iterator[list[str]]:
    """Split delimited text into rows of cells, one after the other."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _fit_width(names: list[str], preview: list[list[str]], header: Header) -> list[str]:
    """Fit the names to the rows where only one of the two ends in separators with nothing between them."""
    rows = [row for row in preview[header.last + 1 :] if any(cell.strip() for cell in row)]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else len(names)
    surplus = [cell for row in rows if len(row) == width for cell in row[len(names) :]]
    if width > len(names) and not any(cell.strip() for cell in surplus):
        return [*names, *(UNNAMED_COLUMN.format(position + 1) for position in range(len(names), width))]
    if width < len(names) and all(fullmatch(UNNAMED_COLUMN.format(r"\d+"), name) for name in names[width:]):
        return names[:width]
    return names


def _mend_rows(
    table: Table, ragged: Mapping[int, tuple[str, int]], delimiter: str, titles: Collection[str]
) -> Table:
    """Take in the rows that have a cell too many with nothing in it, or are separated by another sign."""
    width = table.rows.shape[1]
    mended: dict[int, list[str]] = {}
    unreadable: list[Rejection] = []
    notes = 0
    for number, (text, count) in ragged.items():
        said = [cell.strip() for cell in _split(text, delimiter) if cell.strip()]
        if not said:
            continue
        cells = _mend(text, delimiter, width)
        if cells is not None:
            mended[number] = cells
        elif (len(said) == 1 and (said[0] in titles or is_note(said[0]))) or is_total(said[0]):
            notes += 1
        else:
            reason = f"has {count} cells where the header has {width}"
            unreadable.append(Rejection(number, None, reason))
    warnings = []
    if mended:
        warning = f"{len(mended):,} rows with other separators than the header's were read all the same."
        warnings.append(warning)
    if notes:
        warning = f"{notes:,} lines of titles, totals or notes among the rows were left out."
        warnings.append(warning)
    table = replace(table, unreadable=tuple(unreadable), warnings=(*table.warnings, *warnings))
    if not mended:
        return table
    numbers = np.concatenate([table.row_numbers, np.fromiter(mended, dtype=np.int64)])
    extra = pd.DataFrame(list(mended.values()), columns=table.rows.columns, dtype="str")
    order = np.argsort(numbers, kind="stable")
    rows = pd.concat([table.rows, extra], ignore_index=True).iloc[order].reset_index(drop=True)
    return replace(table, rows=rows, row_numbers=numbers[order])


def _mend(text: str, delimiter: str, width: int) -> list[str] | None:
    cells = _split(text, delimiter)
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        return cells[:width]
    if len(cells) > 1:
        return None
    found = (_split(text, other) for other in _OTHER_DELIMITERS if other in text)
    return next((cells for cells in found if len(cells) == width), None)


def _split(text: str, delimiter: str) -> list[str]:
    return next(split_rows(text, delimiter), [])


def _find_delimiter(text: str) -> str:
    """Find the character that stands equally often in the most lines, or that Excel was told of."""
    if told := match(r"sep=([,;|\t])\r?\n", text, IGNORECASE):
        return told[1]
    sample = text[:_SAMPLE_CHARACTERS]
    # What stands in a quoted cell separates nothing, unless each line is one such cell.
    unquoted = sub(_QUOTED, "", sample)
    lines = (unquoted if any(sign in unquoted for sign in _DELIMITERS) else sample).splitlines()

    def rate(delimiter: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(delimiter)))
        return max(((lines_alike, count) for count, lines_alike in counts.items()), default=(0, 0))

    return max(_DELIMITERS, key=rate)


def _is_wrapped(text: str, delimiter: str) -> bool:
    """Whether each line is one quoted cell with separators in it, as a list opened and saved wrongly is."""
    lines = text[:_SAMPLE_CHARACTERS].splitlines()[:_SAMPLE_ROWS]
    whole = lines if len(text) < _SAMPLE_CHARACTERS else lines[:-1]
    return bool(whole) and all(fullmatch(_ONE_CELL, line) and delimiter in line for line in whole if line)


def _is_spaced(text: str, delimiter: str) -> bool:
    """Whether nothing but blanks stands between the columns, as many in each line."""
    lines = text[:_SAMPLE_CHARACTERS].splitlines()
    if len(lines) < _LEAST_LINES or any(delimiter in line for line in lines):
        return False
    # The last line of a sample may be cut.
    counts = {len(line.split()) for line in lines[:-1] if line.strip()}
    return len(counts) == 1 and counts.pop() > 1


def _preview(text: TextFile, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Split the first rows, and say after each how many lines were read: a quoted cell may span several."""
    rows, lines_read = _split_first(text.head, delimiter)
    if len(rows) < _SAMPLE_ROWS and not text.is_short:
        rows, lines_read = _split_first(text.read(), delimiter)
    return rows if any(cell.strip() for row in rows for cell in row) else [], lines_read


def _split_first(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, lines_read = [], []
    for row in itertools.islice(reader, _SAMPLE_ROWS):
        rows.append(row)
        lines_read.append(reader.line_num)
    return rows, lines_read

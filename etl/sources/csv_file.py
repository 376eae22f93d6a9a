"""CSV and its kin, separated by comma, tab or semicolon."""

import csv
import io
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from etl.sources.table import Rejection, Table, drop_blanks
from etl.sources.text import HEADER_SEARCH_ROWS, decode, find_header, name_columns
from geo.errors import UnreadableFile

_DELIMITERS = ",\t;"
_SAMPLE_CHARACTERS = 16_384
_BLOCK_BYTES = 1 << 24


def read_csv(path: Path) -> Table:
    """Read a delimited text file; every value stays text, an empty cell is an empty string.

    Raises:
        UnreadableFile: it is empty, not text, or has a single column.
    """
    text, encoding = decode(path.read_bytes(), path.name)
    delimiter = _find_delimiter(text)
    preview, lines_read = _preview(text, delimiter)
    if not preview:
        message = f"{path.name} is empty."
        raise UnreadableFile(message)
    header = find_header(preview)
    names = name_columns(preview[header])
    if len(names) < 2:
        message = f"{path.name} has a single column; columns must be separated by comma, tab or semicolon."
        raise UnreadableFile(message)

    first_row = header + 2  # rows are counted from 1, and the header is one of them
    ragged: dict[int, Rejection] = {}
    spans_lines = False

    def note_ragged(row: arrow_csv.InvalidRow) -> str:
        nonlocal spans_lines
        spans_lines |= "\n" in row.text.strip()
        number = first_row + row.number - lines_read[header] - 1
        if row.text.strip():
            reason = f"has {row.actual_columns} cells where the header has {row.expected_columns}"
            ragged[number] = Rejection(number, None, reason)
        else:
            ragged[number] = Rejection(number, None, "")
        return "skip"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text.encode()),
            # One thread: only then does the reader number the rows it cannot split.
            read_options=arrow_csv.ReadOptions(
                use_threads=False, skip_rows=lines_read[header], column_names=names, block_size=_BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note_ragged,
            ),
            convert_options=arrow_csv.ConvertOptions(
                check_utf8=False, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        message = f"{path.name} has no rows below its header, or none that can be told apart."
        raise UnreadableFile(message) from None
    last_row = table[-1:].to_pylist()
    spans_lines |= bool(last_row) and any("\n" in cell for cell in last_row[0].values())
    if text.count('"') % 2 and spans_lines:
        message = f"{path.name} has a quotation mark that is never closed; what follows it is one cell."
        raise UnreadableFile(message)

    numbers = np.arange(first_row, first_row + table.num_rows + len(ragged), dtype=np.int64)
    numbers = numbers[~np.isin(numbers, list(ragged))]
    return drop_blanks(
        Table(
            name=path.stem,
            rows=table.to_pandas(),
            row_numbers=numbers,
            encoding=encoding,
            unreadable=tuple(rejection for rejection in ragged.values() if rejection.reason),
        )
    )


def _find_delimiter(text: str) -> str:
    """Find the character that stands equally often in the most lines."""
    lines = text[:_SAMPLE_CHARACTERS].splitlines()

    def rate(delimiter: str) -> tuple[int, int]:
        counts = Counter(count for line in lines if (count := line.count(delimiter)))
        return max(((lines_alike, count) for count, lines_alike in counts.items()), default=(0, 0))

    return max(_DELIMITERS, key=rate)


def _preview(text: str, delimiter: str) -> tuple[list[list[str]], list[int]]:
    # The first rows, and after each how many lines of the file were read: a quoted cell may span several.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, lines_read = [], []
    csv.field_size_limit(len(text) + 1)  # Whoever wrote a novel into a cell gets it back whole.
    for row in reader:
        rows.append(row)
        lines_read.append(reader.line_num)
        if len(rows) == HEADER_SEARCH_ROWS:
            break
    return rows if text.strip() else [], lines_read

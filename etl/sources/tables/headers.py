"""Finding the rows that name the columns of a table, below its titles, and joining what they say."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from etl.importing.columns.layers import load_known_headers, simplify
from etl.sources.table import UNNAMED_COLUMN
from geo.rules.inert import strip_controls

HEADER_SEARCH_ROWS = 20

_FILLED_SHARE = 0.6
_MOST_HEADER_ROWS = 3
_LONGEST_NAME = 200
_UNNAMED = re.compile(UNNAMED_COLUMN.format(r"\d+"))
_LEAST_KNOWN = 2
# What stands over a group of columns is short, and no line such as 单位：D社区 or 2026年3月.
_LONGEST_HEADING = 12
_NO_HEADING = re.compile(r"[:：\d]")

_UNIT = re.compile(r"[(（]\S{1,5}[)）]|户|人|栋|幢|层|个|间|套|年|元|万元|辆|平方米|平米|㎡|m2|%")
# Degrees as programs write them, one or a pair, or metres of a plane; no name of a column is a number.
_PLACE = re.compile(r"-?\d{1,8}\.\d{3,}(?:\s*[,，;；]\s*-?\d{1,8}\.\d{3,})?")
_ORDINALS = frozenset("甲乙丙丁戊己")
_LEAST_COUNTED = 4

Row = Sequence[str]
# Top left and bottom right cell, both inclusive, counted from 0 as (row, column).
Merge = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Header:
    """The rows that name the columns.

    Attributes:
        first: index of the uppermost.
        last: index of the lowest; the table's own rows begin below it.
        names: one a column, each once.
    """

    first: int
    last: int
    names: list[str]


def read_header(rows: Sequence[Row], merges: Sequence[Merge] = ()) -> Header:
    """Find the header among the first rows of a table, and name its columns.

    Of two rows the lower names the columns, and the upper is put before it where the lower alone is not
    clear: “编号” under “网格” is “网格/编号”, and so are two that are called alike.

    Args:
        rows: the table's rows as text, empty cells as empty strings; only the first twenty are looked at.
        merges: merged cells, where the format knows them.
    """
    head = [
        [" ".join(cell.split()) for cell in row] for row in rows[: HEADER_SEARCH_ROWS + _MOST_HEADER_ROWS]
    ]
    main = find_header(head)
    first = last = main
    while last - first + 1 < _MOST_HEADER_ROWS and last + 1 < len(head):
        if not _reaches_below(last, main, merges) and not _goes_on(head[last], head[last + 1]):
            break
        last += 1
    while first > 0 and last - first + 1 < _MOST_HEADER_ROWS and _heads(first - 1, head, merges):
        first -= 1
    names = name_columns(_join(head[first : last + 1], first, merges))
    while last + 1 < len(head) and (_holds_units(head[last + 1]) or _counts_columns(head, last + 1)):
        last += 1
    return Header(first, last, names)


def find_header(rows: Sequence[Row]) -> int:
    """Find the row that names the columns, below any title rows.

    It is the one, of the first twenty, with the most cells that are headers we know. Where hardly any is
    known, it is the first that is about as wide as the widest and holds no number.

    Args:
        rows: the first rows of the table, as text; empty cells are empty strings.

    Returns:
        Its index in ``rows``; 0 where no row looks like a header.
    """
    head = rows[:HEADER_SEARCH_ROWS]
    known = [count_known(row) for row in head]
    most = max(known, default=0)
    if most >= _LEAST_KNOWN:
        return known.index(most)
    filled = [{cell.strip() for cell in row} - {""} for row in head]
    widest = max((len(cells) for cells in filled), default=0)
    for index, cells in enumerate(filled):
        is_wide = len(cells) >= max(_FILLED_SHARE * widest, min(widest, 2))
        if cells and is_wide and not any(_is_number(cell) for cell in cells):
            return index
    return 0


def is_headless(rows: Sequence[Row]) -> bool:
    """Whether the first row holds values, and no row names the columns: places, and no word for a column."""
    head = rows[:HEADER_SEARCH_ROWS]
    if not head or any(count_known(row) for row in head):
        return False
    return any(_PLACE.fullmatch(cell.strip()) for cell in head[0])


def count_known(row: Row) -> int:
    """Count the cells of a row that are headers we know."""
    known = load_known_headers()
    return len({plain for cell in row if 0 < len(cell) < 30 and (plain := simplify(cell)) in known})


def name_columns(header: Sequence[str]) -> list[str]:
    """Make column names usable: trimmed, of some length, in one line, empty and repeated ones told apart."""
    names: dict[str, None] = {}
    repeats: Counter[str] = Counter()
    for position, cell in enumerate(header, start=1):
        name = base = " ".join(strip_controls(cell[:_LONGEST_NAME]).split()) or UNNAMED_COLUMN.format(
            position
        )
        while name in names:
            repeats[base] += 1
            name = f"{base} ({repeats[base] + 1})"
        names[name] = None
    return list(names)


def count_named(names: Sequence[str]) -> int:
    """Count the columns that have a name of their own: what a spreadsheet trails behind has none."""
    return sum(map(is_named, names))


def is_named(name: str) -> bool:
    """Whether a column has a name of its own."""
    return _UNNAMED.fullmatch(name) is None


def _reaches_below(row: int, main: int, merges: Sequence[Merge]) -> bool:
    """Whether a header cell is merged with one below a row: 序号 beside a group of columns."""
    return any(main <= top <= row < bottom for (top, _), (bottom, _) in merges)


def _goes_on(upper: Row, lower: Row) -> bool:
    """Whether a row only tells apart what stands in groups above it, and is blank elsewhere."""
    filled = [column for column, cell in enumerate(lower) if cell]
    if not filled or any(
        _is_number(lower[column]) or len(lower[column]) > _LONGEST_HEADING for column in filled
    ):
        return False
    gaps = {column for column, cell in enumerate(upper) if not cell}
    heads = {column for column in range(len(upper)) if upper[column] and column + 1 in gaps}
    below = set(filled)
    starts = {column for column in below & heads if column + 1 in below}
    return bool(below & gaps) and below <= gaps | starts and len(below) < len(lower) and 0 not in below


def _heads(row: int, head: Sequence[Row], merges: Sequence[Merge]) -> bool:
    """Whether a row holds headings of groups of the columns named below it."""
    upper, lower = head[row], head[row + 1]
    cells = [cell for cell in upper if cell]
    width = len([cell for cell in lower if cell])
    if any(len(cell) > _LONGEST_HEADING or _NO_HEADING.search(cell) for cell in cells):
        return False
    across = [(left, right) for (top, left), (_, right) in merges if top == row and right > left]
    down = [left for (top, left), (bottom, _) in merges if top == row < bottom]
    if across or down:
        return bool(cells) and all(right - left + 1 < width for left, right in across)
    gaps = [column for column, cell in enumerate(upper) if not cell and column < len(lower) and lower[column]]
    return len(set(cells)) >= 2 and len(cells) < width and bool(gaps)


def _holds_units(row: Row) -> bool:
    """Whether a row below the names says what the columns are counted in: (户), (人)."""
    said = [cell for cell in row if cell]
    return bool(said) and all(_UNIT.fullmatch(cell) for cell in said)


def _counts_columns(head: Sequence[Row], row: int) -> bool:
    """Whether a row counts the columns (甲, 乙, 1, 2, 3), as in statistics; a row of data does not."""
    said = [cell for cell in head[row] if cell]
    counted = said[len([cell for cell in said if cell in _ORDINALS]) :]
    is_count = counted == [str(number) for number in range(1, len(counted) + 1)]
    following = head[row + 1][0] if row + 1 < len(head) and head[row + 1] else ""
    return len(said) >= _LEAST_COUNTED and len(counted) > 1 and is_count and following != "2"


def _join(head: Sequence[Row], first: int, merges: Sequence[Merge]) -> list[str]:
    """Join the rows of a header into one name a column."""
    width = max(len(row) for row in head)
    levels = [[*row, *[""] * (width - len(row))] for row in head]
    for (top, left), (bottom, right) in merges:
        if first <= top < first + len(levels) and left < width:
            for row in range(top, min(bottom, first + len(levels) - 1) + 1):
                end = min(right + 1, width)
                levels[row - first][left:end] = [levels[top - first][left]] * (end - left)
    for upper, lower in itertools.pairwise(levels):
        _spread(upper, lower)
    paths = [list(dict.fromkeys(cell for cell in column if cell)) for column in zip(*levels, strict=True)]
    lowest = [path[-1] if path else "" for path in paths]
    repeated = {name for name, times in Counter(lowest).items() if name and times > 1}
    known = load_known_headers()

    def name(path: list[str]) -> str:
        joined = "/".join(path[-2:])
        return joined if path and (path[-1] in repeated or simplify(joined) in known) else "".join(path[-1:])

    return [name(path) for path in paths]


def _spread(upper: list[str], lower: Row) -> None:
    """Write a heading over every column of its group: those to its right with nothing above them."""
    heading = ""
    for column, cell in enumerate(upper):
        if cell:
            heading = cell if lower[column] else ""
        elif heading and lower[column]:
            upper[column] = heading
        else:
            heading = ""


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

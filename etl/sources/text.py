"""Text as Chinese offices write it: finding the encoding and the header row."""

from collections.abc import Sequence

from etl.sources.table import UNNAMED_COLUMN
from geo.errors import UnreadableFile

# UTF-8 is tried strictly and first: GB18030 text never passes for it, while short UTF-8 passes for GB18030.
# Never "gbk": it cannot hold names such as 䶮 or 㛃.
ENCODINGS = ("utf-8", "gb18030")

HEADER_SEARCH_ROWS = 20
_HEADER_FILLED_SHARE = 0.6


def decode(raw: bytes, file_name: str) -> tuple[str, str]:
    """Decode a text file.

    Returns:
        The text without a byte order mark, and the name of its encoding.

    Raises:
        UnreadableFile: the bytes are text in none of the encodings we know.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        candidates: Sequence[str] = ("utf-8-sig",)
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ("utf-16",)
    else:
        candidates = ENCODINGS
    for encoding in candidates:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, encoding
    message = f"{file_name} is not text in UTF-8 or GB18030; open it where it came from and save it as UTF-8."
    raise UnreadableFile(message)


def find_header(rows: Sequence[Sequence[str]]) -> int:
    """Find the row that names the columns, below any title rows.

    It is the first row, of the first twenty, that is about as wide as the widest and holds no number.

    Args:
        rows: the first rows of the table, as text; empty cells are empty strings.

    Returns:
        Its index in ``rows``; 0 where no row looks like a header.
    """
    head = rows[:HEADER_SEARCH_ROWS]
    filled = [{cell.strip() for cell in row} - {""} for row in head]
    widest = max((len(cells) for cells in filled), default=0)
    for index, cells in enumerate(filled):
        is_wide = len(cells) >= max(_HEADER_FILLED_SHARE * widest, min(widest, 2))
        if cells and is_wide and not any(_is_number(cell) for cell in cells):
            return index
    return 0


def name_columns(header: Sequence[str]) -> list[str]:
    """Make column names usable: trimmed, line breaks gone, empty and repeated ones told apart."""
    names: list[str] = []
    for position, cell in enumerate(header, start=1):
        base = " ".join(cell.split()) or UNNAMED_COLUMN.format(position)
        name, repeat = base, 2
        while name in names:
            name, repeat = f"{base} ({repeat})", repeat + 1
        names.append(name)
    return names


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

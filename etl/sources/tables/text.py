"""Text as Chinese offices write it: finding its encoding."""

from pathlib import Path

from geo.errors import InputRefused, UnreadableFile

# UTF-8 is tried strictly and first: GB18030 text never passes for it, while short UTF-8 passes for GB18030.
# Never "gbk": it cannot hold names such as 䶮 or 㛃.
ENCODINGS = ("utf-8", "gb18030")

# What is taken apart in memory takes some eight times its size there.
_MOST_BYTES = 96 << 20

# Of a file whose lines are of two encodings, so many lines tell which is its own.
_JUDGED_LINES = 2_000


def read_whole(path: Path) -> bytes:
    """Read a file of a kind that is taken apart in memory, where it takes some eight times its size.

    Raises:
        InputRefused: it is too large for that.
    """
    size = path.stat().st_size
    if size > _MOST_BYTES:
        message = (
            f"{path.name} has {size >> 20:,} MB, and at most {_MOST_BYTES >> 20} MB of its kind are read: "
            "save it as GeoPackage or CSV, or in parts."
        )
        raise InputRefused(message)
    return path.read_bytes()


def decode(raw: bytes, file_name: str) -> tuple[str, str]:
    """Decode a text file.

    Returns:
        The text without a byte order mark, and the name of its encoding: ``mixed`` where files of two
        encodings were put together.

    Raises:
        UnreadableFile: the bytes are text in none of the encodings we know.
    """
    candidates: tuple[str, ...] = ENCODINGS
    if raw.startswith(b"\xef\xbb\xbf"):
        candidates = ("utf-8-sig",)
    elif raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ("utf-16",)
    elif b"\0" in raw[:_JUDGED_LINES]:
        candidates = ("utf-16-le", "utf-16-be")
    for encoding in candidates:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            if encoding == "utf-8" and _is_mixed(raw):
                break
            continue
        if "\0" not in text and (encoding[:7] != "utf-16-" or _is_prose(text)):
            return text, encoding
    try:
        text = "".join(map(_decode_line, raw.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True)))
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return text, "mixed"
    message = f"{file_name} is not text in UTF-8 or GB18030; open it where it came from and save it as UTF-8."
    raise UnreadableFile(message)


def _is_mixed(raw: bytes) -> bool:
    """Whether most of the lines that could tell are UTF-8, but not all: as GB18030 they would be garbage."""
    lines = [line for line in raw.splitlines() if not line.isascii()][:_JUDGED_LINES]
    return 2 * sum(map(_is_utf8, lines)) > len(lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode_line(line: bytes) -> str:
    return line.decode("utf-8" if _is_utf8(line) else "gb18030")


def _is_prose(text: str) -> bool:
    """Whether a text without a mark of its order is in the right one: the other makes rare signs of it."""
    sample = text[:_JUDGED_LINES]
    common = sum(
        " " <= sign <= "~" or sign in "\t\r\n" or "\u3000" <= sign <= "\u9fff" or "\uff01" <= sign <= "\uff5e"
        for sign in sample
    )
    return common >= 0.9 * len(sample)

"""Text as Chinese offices write it: finding its encoding."""

import codecs
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Final

import pyarrow as pa

from geo.errors import InputRefused, UnreadableFile

# UTF-8 is tried strictly and first: GB18030 text never passes for it, while short UTF-8 passes for GB18030.
# Never "gbk": it cannot hold names such as 䶮 or 㛃.
ENCODINGS = ("utf-8", "gb18030")

# What is taken apart in memory takes some eight times its size there.
_MOST_BYTES = 96 << 20

# Of a file whose lines are of two encodings, so many lines tell which is its own.
_JUDGED_LINES = 2_000

_MARKS: Final = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_CHARACTERS: Final = 1 << 18
_PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class TextFile:
    """A file of UTF-8, of which only the beginning is held; what is not UTF-8 has been written anew.

    Attributes:
        path: the file, be it with a byte order mark.
        encoding: what it was in before, as :func:`decode` names it.
        head: its first characters, without a byte order mark.
        is_short: whether these are all.
        written: the temporary file that it is, if it has been written anew.
    """

    path: Path
    encoding: str
    head: str
    is_short: bool
    written: IO[bytes] | None = None

    def read(self) -> str:
        """Read all of it."""
        return self.head if self.is_short else self.path.read_bytes().decode("utf-8-sig")

    def count(self, sign: str) -> int:
        """Count an ASCII sign."""
        return sum(piece.count(sign.encode()) for piece in _read_pieces(self.path))


def open_text(path: Path) -> TextFile:
    """Open a text file and find its encoding.

    Raises:
        UnreadableFile: the bytes are text in none of the encodings we know.
    """
    with path.open("rb") as file:
        start = file.read(_JUDGED_LINES)
    if _is_utf8_file(path):
        return _take_head(path, "utf-8-sig" if start.startswith(codecs.BOM_UTF8) else "utf-8")
    if not start.startswith(_MARKS) and b"\0" not in start and not _is_mixed(_read_lines(path)):
        try:
            return write_text(_decode_pieces(path, "gb18030"), "gb18030")
        except UnicodeDecodeError:
            pass
    text, encoding = decode(path.read_bytes(), path.name)
    return write_text([text], encoding)


def write_text(pieces: Iterable[str], encoding: str) -> TextFile:
    """Write a text anew as UTF-8.

    Args:
        pieces: the text, one piece after the other.
        encoding: what it was in before.
    """
    # It is open as long as anybody holds what is returned.
    written = tempfile.NamedTemporaryFile()  # noqa: SIM115
    for piece in pieces:
        written.write(piece.encode())
    written.flush()
    return replace(_take_head(Path(written.name), encoding), written=written)


def _take_head(path: Path, encoding: str) -> TextFile:
    with path.open("rb") as file:
        raw = file.read(4 * _HEAD_CHARACTERS)
        is_all = not file.read(1)
    text = raw.removeprefix(codecs.BOM_UTF8).decode(errors="strict" if is_all else "ignore")
    head = text[:_HEAD_CHARACTERS]
    return TextFile(path, encoding, head, is_all and head == text)


def _decode_pieces(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in _read_pieces(path):
        text = decoder.decode(piece)
        if "\0" in text:
            raise UnicodeDecodeError(encoding, piece, 0, len(piece), "no text has a zero")
        yield text
    yield decoder.decode(b"", final=True)


def _read_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield from line.splitlines()


def _read_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _is_utf8_file(path: Path) -> bool:
    rest = b""
    for piece in _read_pieces(path):
        text = rest + piece
        if b"\0" in piece:
            return False
        # What begins with the last letter may go on in the next piece.
        cut = next(
            (at for at in range(len(text) - 1, max(len(text) - 5, -1), -1) if text[at] & 0xC0 != 0x80), 0
        )
        try:
            # Arrow takes a quarter of the time that making a Python text of it takes.
            pa.array([text[:cut]], pa.binary()).cast(pa.string())
        except pa.ArrowInvalid:
            return False
        rest = text[cut:]
    return _is_utf8(rest)


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
    if raw.startswith(codecs.BOM_UTF8):
        candidates = ("utf-8-sig",)
    elif raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ("utf-16",)
    elif b"\0" in raw[:_JUDGED_LINES]:
        candidates = ("utf-16-le", "utf-16-be")
    for encoding in candidates:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            if encoding == "utf-8" and _is_mixed(raw.splitlines()):
                break
            continue
        if "\0" not in text and (encoding[:7] != "utf-16-" or _is_prose(text)):
            return text, encoding
    try:
        text = "".join(map(_decode_line, raw.removeprefix(codecs.BOM_UTF8).splitlines(keepends=True)))
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return text, "mixed"
    message = f"{file_name} is not text in UTF-8 or GB18030; open it where it came from and save it as UTF-8."
    raise UnreadableFile(message)


def _is_mixed(lines: Iterable[bytes]) -> bool:
    """Whether most of the lines that could tell are UTF-8, but not all: as GB18030 they would be garbage."""
    judged = list(islice((line for line in lines if not line.isascii()), _JUDGED_LINES))
    return 2 * sum(map(_is_utf8, judged)) > len(judged)


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

"""Old workbooks (.xls) and packed OpenStreetMap extracts (.pbf), small: no library writes them for us."""

import struct
import zlib
from collections.abc import Sequence
from typing import Final

_SECTOR_BYTES: Final = 512
# A stream of fewer bytes would stand elsewhere.
_LEAST_STREAM_BYTES: Final = 4096
_FREE, _END, _IS_TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_NO_ENTRY: Final = _FREE
_DEGREE: Final = 10**7


def write_xls(sheet: str, rows: Sequence[Sequence[str | float]]) -> bytes:
    """Write a workbook of one sheet as Excel 97 did."""
    title = struct.pack("<BB", len(sheet), 1) + sheet.encode("utf-16-le")
    begin = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    end = _record(0x0A, b"")
    sheet_at = len(begin) + len(_record(0x85, bytes(6) + title)) + len(end)
    book = begin + _record(0x85, struct.pack("<IBB", sheet_at, 0, 0) + title) + end
    cells = [
        _write_cell(row, column, cell)
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
    ]  # fmt: skip
    size = _record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
    return _wrap(
        book + _record(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0)) + size + b"".join(cells) + end
    )


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _write_cell(row: int, column: int, cell: str | float) -> bytes:
    at = struct.pack("<HHH", row, column, 0)
    if isinstance(cell, str):
        return _record(0x204, at + struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le"))
    return _record(0x203, at + struct.pack("<d", cell))


def _wrap(stream: bytes) -> bytes:
    """Wrap a stream in the container of old Office files: one table of sectors, one directory, the stream."""
    sectors = max(_LEAST_STREAM_BYTES, len(stream) + _SECTOR_BYTES - 1) // _SECTOR_BYTES
    chain = [_IS_TABLE, _END, *(sector + 3 for sector in range(sectors - 1)), _END]
    table = [*chain, *[_FREE] * (_SECTOR_BYTES // 4 - len(chain))]
    head = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, _LEAST_STREAM_BYTES, _END, 0, _END, 0,
    )  # fmt: skip
    directory = [
        _write_entry("Root Entry", 5, 1, _END, 0),
        _write_entry("Workbook", 2, _NO_ENTRY, 2, sectors * _SECTOR_BYTES),
        *[_write_entry("", 0, _NO_ENTRY, 0, 0)] * 2,
    ]
    return b"".join(
        [
            head, struct.pack("<109I", 0, *[_FREE] * 108), struct.pack(f"<{len(table)}I", *table),
            *directory, stream.ljust(sectors * _SECTOR_BYTES, b"\0"),
        ]
    )  # fmt: skip


def _write_entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    written = f"{name}\0".encode("utf-16-le") if name else b""
    links = struct.pack("<III", _NO_ENTRY, _NO_ENTRY, child)
    return (
        written.ljust(64, b"\0")
        + struct.pack("<HBB", len(written), kind, 1)
        + links
        + bytes(36)
        + struct.pack("<III", start, size, 0)
    )


def write_pbf(areas: Sequence[tuple[dict[str, str], list[tuple[float, float]]]]) -> bytes:
    """Write an extract of closed ways: the tags and the corners (lon, lat in degrees) of each."""
    words = [""]
    nodes, ways = [], []
    for number, (tags, corners) in enumerate(areas, start=1):
        ids = [100 * number + corner for corner in range(len(corners))]
        nodes += [
            _field(1, _zigzag(i))
            + _field(8, _zigzag(round(lat * _DEGREE)))
            + _field(9, _zigzag(round(lon * _DEGREE)))
            for i, (lon, lat) in zip(ids, corners, strict=True)
        ]
        keys, values = ([_find_or_add(words, word) for word in side] for side in (tags.keys(), tags.values()))
        refs = [*ids, ids[0]]
        steps = [_zigzag(ref - before) for before, ref in zip([0, *refs], refs, strict=False)]
        packed = zip((2, 3, 8), (keys, values, steps), strict=True)
        ways.append(
            _field(1, number) + b"".join(_field(at, b"".join(map(_varint, all_))) for at, all_ in packed)
        )
    strings = b"".join(_field(1, word.encode()) for word in words)
    group = b"".join(_field(1, node) for node in nodes) + b"".join(_field(3, way) for way in ways)
    header = _field(4, b"OsmSchema-V0.6")
    return _block(b"OSMHeader", header) + _block(b"OSMData", _field(1, strings) + _field(2, group))


def _block(kind: bytes, content: bytes) -> bytes:
    blob = _field(2, len(content)) + _field(3, zlib.compress(content))
    head = _field(1, kind) + _field(3, len(blob))
    return struct.pack(">I", len(head)) + head + blob


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1


def _find_or_add(words: list[str], word: str) -> int:
    if word not in words:
        words.append(word)
    return words.index(word)

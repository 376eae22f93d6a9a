"""How far the cells of an old workbook (.xls, .et) reach: memory is taken for all that lies between."""

import struct
from collections.abc import Iterator
from pathlib import Path

_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS = ("workbook", "book")
_ENTRY_BYTES = 128
_LARGEST_SECTOR = 999_999_999
_DIMENSIONS = 0x200
# Records of one cell: numbers, texts, formulas, truths and errors, blanks.
_CELLS = {0x06, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x206, 0x27E, 0x406}
# Of several in a row: the last column stands at their end.
_CELL_RUNS = {0xBD, 0xBE}


def measure_old_workbook(path: Path) -> tuple[int, int]:
    """Measure how many rows and columns an old workbook says to reach over; (0, 0) for any other file."""
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return 0, 0
    try:
        stream = _find_stream(path.read_bytes())
    except struct.error:
        return 0, 0  # What is damaged, calamine tells.
    height = width = 0
    for kind, record in _iterate_records(stream):
        if kind in _CELLS and len(record) >= 4:
            row, column = struct.unpack_from("<HH", record)
        elif kind in _CELL_RUNS and len(record) >= 6:
            row, column = (
                struct.unpack_from("<H", record)[0],
                struct.unpack_from("<H", record, len(record) - 2)[0],
            )
        elif kind == _DIMENSIONS and len(record) >= 12:
            _, below, _, beside = struct.unpack_from("<IIHH", record)
            row, column = below - 1, beside - 1
        else:
            continue
        height, width = max(height, row + 1), max(width, column + 1)
    return height, width


def _iterate_records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, position)
        yield kind, stream[position + 4 : position + 4 + length]
        position += 4 + length


def _find_stream(raw: bytes) -> bytes:
    """Put the stream of the workbook together from the sectors it lies in.

    Raises:
        struct.error: the file is damaged.
    """
    (sector_power, small_power) = struct.unpack_from("<HH", raw, 30)
    sector_bytes, small_bytes = 1 << min(sector_power, 16), 1 << min(small_power, 16)
    directory_at, _, least_bytes, small_table_at, _, more_at = struct.unpack_from("<6I", raw, 48)
    places = list(struct.unpack_from("<109I", raw, 76))
    seen: set[int] = set()
    while more_at < _LARGEST_SECTOR and more_at not in seen:
        seen.add(more_at)
        entries = struct.unpack_from(f"<{sector_bytes // 4}I", raw, (more_at + 1) * sector_bytes)
        places += entries[:-1]
        more_at = entries[-1]
    table: list[int] = []
    for place in places:
        sector = raw[(place + 1) * sector_bytes : (place + 2) * sector_bytes]
        if place < _LARGEST_SECTOR and len(sector) == sector_bytes:
            table += struct.unpack(f"<{sector_bytes // 4}I", sector)
    sectors = raw[sector_bytes:]
    directory = _join(sectors, table, directory_at, sector_bytes)
    entries_of = [directory[at : at + _ENTRY_BYTES] for at in range(0, len(directory), _ENTRY_BYTES)]
    for entry in entries_of:
        (length,) = struct.unpack_from("<H", entry, 64)
        if entry[: max(0, length - 2)].decode("utf-16-le", "replace").lower() in _STREAMS:
            start, size = struct.unpack_from("<II", entry, 116)
            if size >= least_bytes:
                return _join(sectors, table, start, sector_bytes)
            small_table = _join(sectors, table, small_table_at, sector_bytes)
            links = list(struct.unpack(f"<{len(small_table) // 4}I", small_table))
            (small_at,) = struct.unpack_from("<I", entries_of[0], 116)
            return _join(_join(sectors, table, small_at, sector_bytes), links, start, small_bytes)
    return b""


def _join(sectors: bytes, table: list[int], start: int, sector_bytes: int) -> bytes:
    parts: list[bytes] = []
    while start < len(table) and len(parts) < len(table):
        parts.append(sectors[start * sector_bytes : (start + 1) * sector_bytes])
        start = table[start]
    return b"".join(parts)

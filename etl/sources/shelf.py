"""Text of large tables, laid down in files while it is read, so that a table takes little memory.

To Arrow and pandas a column that lies in a file is a column like any other: it is mapped. Its pages count as
memory once they were looked at, until they are let go.
"""

import ctypes
import mmap
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

# What is smaller stays in memory.
_HELD_BYTES: Final = 48 << 20
# A column takes two open files; a table of more columns of text keeps the others in memory.
_MOST_COLUMNS: Final = 100


class Shelf:
    """The files in which columns of a table lie; they are gone with the last column that lies in them."""

    def __init__(self) -> None:
        self._maps: list[mmap.mmap] = []

    def map_file(self, file: IO[bytes]) -> pa.Buffer:
        """Map a temporary file as it is now."""
        file.flush()
        if not file.tell():
            return pa.py_buffer(b"")
        self._maps.append(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        return pa.py_buffer(self._maps[-1])

    def let_go(self) -> None:
        """Give back the memory of the pages that were looked at; what is looked at again is read again."""
        for mapped in self._maps:
            mapped.madvise(mmap.MADV_DONTNEED)
        if self._maps:
            pa.default_memory_pool().release_unused()
            # What was freed of many small pieces the C library of Linux keeps, unless it is told.
            if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
                trim(0)


class _Column:
    """A column of text while it is laid down: one file of its letters, one of where each text ends."""

    def __init__(self) -> None:
        # They are closed as soon as they are mapped.
        self._letters, self._ends = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._ends.write(bytes(8))
        self._end = 0
        self._present: list[npt.NDArray[np.bool_]] = []
        self._rows = self._nulls = 0

    def append(self, texts: pa.Array) -> None:
        texts = texts.cast(pa.large_string())
        _, offsets, letters = texts.buffers()
        ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        if letters is not None:
            self._letters.write(memoryview(letters)[int(ends[0]) : int(ends[-1])])
        self._ends.write((ends[1:] - ends[0] + self._end).tobytes())
        self._end += int(ends[-1] - ends[0])
        self._present.append(texts.is_valid().to_numpy(zero_copy_only=False))
        self._rows, self._nulls = self._rows + len(texts), self._nulls + texts.null_count

    def open(self, shelf: Shelf) -> pa.Array:
        present = np.packbits(np.concatenate(self._present), bitorder="little") if self._nulls else None
        with self._letters, self._ends:
            return pa.LargeStringArray.from_buffers(
                self._rows,
                shelf.map_file(self._ends),
                shelf.map_file(self._letters),
                None if present is None else pa.py_buffer(present),
                self._nulls,
            )


def shelve(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> tuple[pd.DataFrame, Shelf]:
    """Take in a table in pieces; if it is large, its text is laid down in files.

    Args:
        batches: the pieces; none of them is held longer than it takes, once the table has proved large.
        schema: of all of them.

    Raises:
        OSError: there is no room for the files.
    """
    shelf, pieces = Shelf(), iter(batches)
    held, size = [], 0
    for piece in pieces:
        held.append(piece)
        size += piece.nbytes
        if size > _HELD_BYTES:
            break
    else:
        return pa.Table.from_batches(held, schema).to_pandas(), shelf
    is_text = [pa.types.is_string(field.type) or pa.types.is_large_string(field.type) for field in schema]
    shelved = {int(position): _Column() for position in np.flatnonzero(is_text)[:_MOST_COLUMNS]}
    others: dict[int, list[pa.Array]] = {
        position: [] for position in range(len(schema)) if position not in shelved
    }
    for piece in chain(_take_out(held), pieces):
        for position, column in shelved.items():
            column.append(piece.column(position))
        for position, parts in others.items():
            # A copy, for what remains of a piece keeps all of it.
            parts.append(piece.column(position).copy_to(pa.default_cpu_memory_manager()))
    columns = [
        shelved[position].open(shelf)
        if position in shelved
        else pa.chunked_array(others[position], schema.field(position).type)
        for position in range(len(schema))
    ]
    shelf.let_go()
    return pa.table(columns, names=schema.names).to_pandas(), shelf


def _take_out(held: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    held.reverse()
    while held:
        yield held.pop()

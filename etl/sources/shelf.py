"""Columns of large tables, laid down in files, so that a table takes little memory however many rows it has.

To Arrow, numpy and pandas a column that lies in a file is a column like any other: it is mapped. Its pages
count as memory once they were looked at, until they are let go.
"""

import ctypes
import mmap
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import IO, Any, Final, Literal, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geo.errors import InputRefused

Mask = npt.NDArray[np.bool_]
Rows = slice | npt.NDArray[np.int64] | Mask

# What is smaller stays in memory; beside what a file says of a row stands what is found out about it.
_HELD_BYTES: Final = 48 << 20
_ROW_BYTES: Final = 200
# A column takes two open files; a table of more columns of text keeps the others in memory.
_MOST_COLUMNS: Final = 100
# Of a column that is looked through, so many values at a time.
_PIECE_ROWS: Final = 65_536

_BYTES: Final = pa.large_binary()
_TEXT: Final = pa.large_string()

# All that is mapped in this process, as long as something lies in it.
_MAPPED: Final[list[weakref.ref[mmap.mmap]]] = []
_MAPPING: Final = threading.Lock()


class Shelf:
    """The files in which columns of a table lie; they are gone with the last column that lies in them."""

    def __init__(self) -> None:
        self._is_large = False

    @property
    def is_large(self) -> bool:
        """Whether anything lies in files; what is small stays in memory."""
        return self._is_large

    def map_file(self, file: IO[bytes]) -> pa.Buffer:
        """Map a temporary file as it is now."""
        file.flush()
        self._is_large = True
        return pa.py_buffer(_map(file) if file.tell() else b"")

    def lay_down(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Lay an array down, if the table is large; it can be written into as before."""
        if (
            not self._is_large
            or not values.nbytes
            or values.dtype.hasobject
            or _is_mapped(values.ctypes.data)
        ):
            return values
        try:
            with tempfile.TemporaryFile() as file:
                file.write(np.ascontiguousarray(values).reshape(-1).view(np.uint8).data)
                file.flush()
                return np.frombuffer(_map(file), values.dtype).reshape(values.shape)
        except OSError:  # no room for it
            return values

    def lay_down_column(self, values: pd.Series) -> pd.Series:
        """Lay a column down, if the table is large and it is of text, numbers or times."""
        if not self._is_large or not len(values):
            return values
        kind, kept = values.dtype, cast("Any", values.array)
        if isinstance(kind, pd.StringDtype):
            kept = self._lay_down_text(pa.array(values, pa.large_string(), from_pandas=True))
        elif isinstance(values.array, pd.arrays.DatetimeArray):
            # What pandas offers to the public makes a copy.
            kept = kept._from_backing_data(self.lay_down(kept._ndarray))
        elif isinstance(values.array, pd.arrays.IntegerArray | pd.arrays.BooleanArray):
            kept = type(kept)(self.lay_down(kept._data), self.lay_down(kept._mask), copy=False)
        elif isinstance(kind, np.dtype):
            kept = self.lay_down(values.to_numpy())
        return pd.Series(kept, values.index, dtype=kind, name=values.name, copy=False)

    def keep_shapes(self, wkb: "BytesColumn") -> "ShelvedShapes":
        """Keep shapes as they were laid down; if there is much of them, the table is large."""
        is_large = self._is_large or wkb.size > _HELD_BYTES
        return ShelvedShapes(wkb.open(self if is_large else Shelf()))

    def lay_down_shapes(self, pieces: Iterable["Shapes"]) -> "Shapes":
        """Lay shapes down that are made some at a time, if the table is large.

        Args:
            pieces: shapely geometries and None, in all as many as the table has rows.

        Raises:
            InputRefused: there is no room for the file.
        """
        if not self._is_large:
            return np.concatenate([piece[:] for piece in pieces])
        column = BytesColumn()
        try:
            for piece in pieces:
                column.append(encode_shapes(piece, slice(None)))
            return ShelvedShapes(column.open(self))
        except OSError:
            message = (
                "This machine has no room left for what is made of so large a file; "
                "make some and import it again."
            )
            raise InputRefused(message) from None

    def _lay_down_text(self, text: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        pieces = text.chunks if isinstance(text, pa.ChunkedArray) else [text]
        if len(pieces) == 1 and _is_mapped(pieces[0].buffers()[1].address):
            return pieces[0]
        try:
            column = BytesColumn(_TEXT)
            for piece in pieces:
                column.append(piece)
            return column.open(self)
        except OSError:  # no room for it
            return text

    def let_go(self) -> None:
        """Give back the memory of the pages that were looked at; what is looked at again is read again."""
        if self._is_large:
            _give_back()
            pa.default_memory_pool().release_unused()
            # What was freed of many small pieces the C library of Linux keeps, unless it is told.
            if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):
                trim(0)


class ShelvedShapes:
    """Shapes of a large table, laid down as well-known binary and made wherever they are looked at.

    Args:
        wkb: shape (n,), lowest byte first, null where a row has no shape.

    Attributes:
        present: which rows have a shape, shape (n,).
        unclosed: of which rows that were looked at a ring ended elsewhere than it began, and was closed.
    """

    def __init__(self, wkb: pa.LargeBinaryArray) -> None:
        self._wkb = wkb
        self.present: Mask = wkb.is_valid().to_numpy(zero_copy_only=False)
        self.unclosed: Mask = np.zeros(len(wkb), dtype=bool)

    def __len__(self) -> int:
        return len(self._wkb)

    def __getitem__(self, rows: Rows) -> npt.NDArray[Any]:
        """Make the shapes of some rows; None where there is none, or none that GEOS could make."""
        wkb = self.take_wkb(rows).to_numpy(zero_copy_only=False)
        made = _make(wkb, "ignore")
        lost = shapely.is_missing(made) & self.present[rows]
        if lost.any():
            made[lost] = _make(wkb[lost], "fix")
            self.unclosed[rows] = lost & ~shapely.is_missing(made)
        return made

    def __setitem__(self, rows: Mask, nothing: None) -> None:
        """Leave the shapes of some rows out."""
        self.present = self.present & ~rows

    def take(self, rows: slice) -> "ShelvedShapes":
        """Return some of them, not made."""
        return ShelvedShapes(self.take_wkb(rows))

    def take_wkb(self, rows: Rows) -> pa.LargeBinaryArray:
        """Return the well-known binary of some rows."""
        if isinstance(rows, slice):
            wkb = self._wkb[rows]
        else:
            wkb = (
                self._wkb.filter(pa.array(rows)) if rows.dtype == np.bool_ else self._wkb.take(pa.array(rows))
            )
        present = self.present[rows]
        return wkb if present.all() else pc.if_else(pa.array(present), wkb, None)


Shapes = npt.NDArray[Any] | ShelvedShapes


def _make(wkb: npt.NDArray[Any], on_invalid: Literal["ignore", "fix"]) -> npt.NDArray[Any]:
    try:
        return np.asarray(shapely.from_wkb(wkb, on_invalid=on_invalid))
    except NotImplementedError:  # what shapely says to curves, which may lie in a collection
        return np.array([_make_straight(one, on_invalid) for one in wkb], dtype=object)


def _make_straight(wkb: bytes | None, on_invalid: Literal["ignore", "fix"]) -> Any:
    try:
        return shapely.from_wkb(wkb, on_invalid=on_invalid)
    except NotImplementedError:
        return None


def find_present(shapes: Shapes) -> Mask:
    """Find which rows have a shape, shape (n,)."""
    if isinstance(shapes, ShelvedShapes):
        return shapes.present
    present: Mask = ~shapely.is_missing(shapes)
    return present


def encode_shapes(shapes: Shapes, rows: Rows) -> pa.LargeBinaryArray:
    """Write the shapes of some rows as well-known binary, lowest byte first."""
    if isinstance(shapes, ShelvedShapes):
        return shapes.take_wkb(rows)
    return pa.array(shapely.to_wkb(shapes[rows], byte_order=1), _BYTES)


def walk_rows(count: int) -> Iterator[slice]:
    """Walk through rows some at a time, at least once; between, the pages of large tables are let go."""
    for start in range(0, max(count, 1), _PIECE_ROWS):
        yield slice(start, min(start + _PIECE_ROWS, count))
        if count > _PIECE_ROWS:
            _give_back()


def look_through(values: pa.Array | pa.ChunkedArray) -> Iterator[pa.Array]:
    """Yield a column some values at a time, at least once; between, the pages of large tables are let go."""
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    for chunk in chunks or [pa.array([], values.type)]:
        for start in range(0, max(len(chunk), 1), _PIECE_ROWS):
            yield chunk.slice(start, _PIECE_ROWS)
            if len(chunk) > _PIECE_ROWS:
                _give_back()


def _map(file: IO[bytes]) -> mmap.mmap:
    mapped = mmap.mmap(file.fileno(), 0)
    with _MAPPING:
        _MAPPED[:] = [*(known for known in _MAPPED if known() is not None), weakref.ref(mapped)]
    return mapped


def _give_back() -> None:
    for known in tuple(_MAPPED):
        if (mapped := known()) is not None:
            # They are of files: nothing that was written is lost.
            mapped.madvise(mmap.MADV_DONTNEED)


def _is_mapped(address: int) -> bool:
    for known in tuple(_MAPPED):
        if (mapped := known()) is not None:
            start = np.frombuffer(mapped, np.uint8).ctypes.data
            if start <= address < start + len(mapped):
                return True
    return False


class BytesColumn:
    """A column of bytes or text while it is laid down: one file of its letters, one of where each value ends.

    Args:
        kind: Arrow's large binary or large text.
    """

    def __init__(self, kind: pa.DataType = _BYTES) -> None:
        self._kind = kind
        # They are closed as soon as they are mapped.
        self._letters, self._ends = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115
        self._ends.write(bytes(8))
        self._end = 0
        self._present: list[npt.NDArray[np.bool_]] = []
        self._rows = self._nulls = 0

    @property
    def size(self) -> int:
        """How many bytes there are so far."""
        return self._end

    def append(self, texts: pa.Array) -> None:
        """Write some values behind those that are there.

        Raises:
            OSError: there is no room for them.
        """
        texts = texts.cast(self._kind)
        _, offsets, letters = texts.buffers()
        ends = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
        if letters is not None:
            self._letters.write(memoryview(letters)[int(ends[0]) : int(ends[-1])])
        self._ends.write((ends[1:] - ends[0] + self._end).tobytes())
        self._end += int(ends[-1] - ends[0])
        self._present.append(texts.is_valid().to_numpy(zero_copy_only=False))
        self._rows, self._nulls = self._rows + len(texts), self._nulls + texts.null_count

    def open(self, shelf: Shelf) -> pa.Array:
        """Map what was written, once, as one column."""
        present = np.packbits(np.concatenate(self._present), bitorder="little") if self._nulls else None
        with self._letters, self._ends:
            validity = None if present is None else pa.py_buffer(present)
            buffers = [validity, shelf.map_file(self._ends), shelf.map_file(self._letters)]
            return pa.Array.from_buffers(self._kind, self._rows, buffers, self._nulls)


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
        size += piece.nbytes + piece.num_rows * _ROW_BYTES
        if size > _HELD_BYTES:
            break
    else:
        return pa.Table.from_batches(held, schema).to_pandas(), shelf
    is_text = [pa.types.is_string(field.type) or pa.types.is_large_string(field.type) for field in schema]
    shelved = {int(position): BytesColumn(_TEXT) for position in np.flatnonzero(is_text)[:_MOST_COLUMNS]}
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

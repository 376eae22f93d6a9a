"""A batch while it is being made: the file's rows, what was read of them, and what is wrong with some."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etl.importing.columns.layers import Field, Layer
from etl.importing.columns.mapping import ColumnMap
from etl.importing.columns.reconsidering import reconsider_columns
from etl.importing.columns.texts import to_text
from etl.importing.columns.values import Reading, read_pair, read_values
from etl.sources.shelf import Shapes, Shelf
from etl.sources.table import Rejection, Table

Mask = npt.NDArray[np.bool_]

_READERS = 2


class Columns(dict[str, pd.Series]):
    """Columns by their names; those of a large draft lie on its shelf."""

    def __init__(self, columns: Mapping[str, pd.Series], shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf
        for name, values in columns.items():
            self[name] = values

    def __setitem__(self, name: str, values: pd.Series) -> None:
        super().__setitem__(name, self._shelf.lay_down_column(values))


@dataclass
class Draft:
    """Rows on their way from a file to a layer; steps fill in columns and reject rows.

    Attributes:
        layer: the layer the rows are for.
        columns: which column of the file is which field.
        row_numbers: shape (n,), each row's number as a person sees it.
        raw: field name → the values as the file has them.
        values: field or store column → the values as read, shape (n,), null where nothing was written.
        kept: shape (n,), False for rows that will not land.
        rejections: why rows will not land, and rows that could not even be read.
        warnings: sentences a person should read.
        notes: sentences a person may read.
        points: shape (n, 2), EPSG:4490 degrees, NaN where a row has no place.
        assumed: store column → True where its value is assumed, not said by the file; never an update.
        shapes: shape (n,) of sound polygons and multipolygons in EPSG:4490, None where a row has none; of
            polygon layers only.
        repairs: number of a row whose shape was mended, and what was done to it.
        shelf: where the columns of a large file lie.
    """

    layer: Layer
    columns: ColumnMap
    row_numbers: npt.NDArray[np.int64]
    raw: Mapping[str, pd.Series]
    values: dict[str, pd.Series]
    kept: Mask
    rejections: list[Rejection]
    warnings: list[str]
    points: npt.NDArray[np.float64]
    assumed: dict[str, Mask] = field(default_factory=dict)
    shapes: Shapes | None = None
    repairs: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shelf: Shelf = field(default_factory=Shelf)

    def __post_init__(self) -> None:
        self.values = Columns(self.values, self.shelf)

    def __len__(self) -> int:
        return len(self.row_numbers)

    @property
    def located(self) -> Mask:
        """Which rows have a place, shape (n,)."""
        return ~np.isnan(self.points[:, 0]) & ~np.isnan(self.points[:, 1])

    def has(self, name: str) -> bool:
        """Whether the file says anything about a field."""
        return name in self.values

    def get(self, name: str) -> pd.Series:
        """Return a column, all null where the file has none."""
        return self.values[name] if name in self.values else _repeat(None, len(self))

    def assume(self, name: str, value: Any) -> None:
        """Fill what the file does not say of a new row; of a stored row it says nothing then.

        Args:
            name: the store's column.
            value: one value for all rows, or a column of them.
        """
        column = value if isinstance(value, pd.Series) else _repeat(value, len(self))
        missing = (
            self.values[name].isna().to_numpy(bool) if name in self.values else np.ones(len(self), dtype=bool)
        )
        self.assumed[name] = missing | self.assumed.get(name, missing)
        if missing.all():
            self.values[name] = column
        elif missing.any():
            self.values[name] = self.values[name].mask(missing, column)

    def get_dates(self, name: str) -> pd.Series:
        """Return a column of days, all null where the file has none."""
        return self.get(name).astype("datetime64[us]")

    def get_moments(self, name: str) -> pd.Series:
        """Return a column of times, all null where the file has none."""
        return self.get(name).astype("datetime64[us, UTC]")

    def reject(self, at_fault: Mask, reason: str | Sequence[str], column: str | None = None) -> None:
        """Reject rows.

        Args:
            at_fault: shape (n,), True for the rows to reject.
            reason: one clause for all, or one a row at fault; ``{}`` stands for the value in the file.
            column: the field or store column at fault.
        """
        rows = np.flatnonzero(at_fault)
        if not len(rows):
            return
        self.kept[rows] = False
        header = self.columns.fields.get(column) if column else None
        reasons = [reason] * len(rows) if isinstance(reason, str) else reason
        shown = to_text(self.raw[column].iloc[rows]).fillna("") if header and column else [""] * len(rows)
        self.rejections += [
            Rejection(int(self.row_numbers[row]), header, text.replace("{}", value))
            for row, text, value in zip(rows, reasons, shown, strict=True)
        ]

    def warn(self, sentence: str) -> None:
        """Add a sentence that a person should read."""
        self.warnings.append(sentence)

    def list_rows(self, chosen: Mask) -> str:
        """Name the first of some rows: ``rows 2, 5, 9 …``."""
        numbers = self.row_numbers[chosen]
        listed = ", ".join(str(number) for number in numbers[:5])
        return f"row{'s' if len(numbers) > 1 else ''} {listed}{' …' if len(numbers) > 5 else ''}"


def _repeat(value: Any, count: int) -> pd.Series:
    dtype = "object" if isinstance(value, list) else "str" if value is None else None
    return pd.Series([value], dtype=dtype).take(np.zeros(count, dtype=np.int64)).reset_index(drop=True)


def draft_rows(
    table: Table, layer: Layer, columns: ColumnMap, *, crs: str | None = None, given: Collection[str] = ()
) -> Draft:
    """Read every column that is a field; values that cannot be read reject their row.

    Args:
        table: the file's values.
        layer: the layer they are for.
        columns: as their names tell; what their values deny is taken back.
        crs: the coordinate system, where a person says.
        given: columns that a person has named by hand.
    """
    columns, doubts = reconsider_columns(columns, table, layer, crs, given)
    raw = {name: table.rows[header] for name, header in columns.fields.items()}
    draft = Draft(
        layer=layer,
        columns=columns,
        row_numbers=table.row_numbers,
        raw=raw,
        values={},
        kept=np.ones(len(table.row_numbers), dtype=bool),
        rejections=list(table.unreadable),
        warnings=[*table.warnings, *doubts],
        points=table.shelf.lay_down(np.full((len(table.row_numbers), 2), np.nan)),
        shelf=table.shelf,
    )
    # More at a time would be held in memory at a time.
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        readings = pool.map(partial(_read_column, table), raw.values(), [layer.fields[name] for name in raw])
    for name, reading in zip(raw, readings, strict=True):
        draft.values[name] = reading.values
        draft.reject(reading.unread, reading.reason, name)
        draft.warnings += reading.warnings
        if layer.fields[name].default is not None:
            draft.assume(name, layer.fields[name].default)
    if draft.has("lonlat") and not draft.has("lon"):
        _split_pairs(draft)
    return draft


def _read_column(table: Table, column: pd.Series, field: Field) -> Reading:
    reading = read_values(column, field, from_1904=table.counts_from_1904)
    reading = replace(reading, values=table.shelf.lay_down_column(reading.values))
    table.shelf.let_go()
    return reading


def _split_pairs(draft: Draft) -> None:
    """Make longitude and latitude of pairs that stand in one cell."""
    written = draft.values["lonlat"]
    pairs = [read_pair(text) if isinstance(text, str) else None for text in written]
    unread = written.notna().to_numpy(bool) & np.array([pair is None for pair in pairs], dtype=bool)
    draft.reject(unread, "“{}” is not a pair of coordinates in degrees", "lonlat")
    for position, name in enumerate(("lon", "lat")):
        draft.values[name] = pd.Series([np.nan if pair is None else pair[position] for pair in pairs])

"""The rows that were refused, as the file has them, so that they can be corrected and brought in again."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from etl.importing.columns.texts import to_text
from etl.sources.reading import read_source
from etl.sources.table import Rejection, Table
from geo.operations.refused_rows import (
    CRS_COLUMN,
    MOST_CHARACTERS,
    NUMBER_COLUMN,
    REASON_COLUMN,
    WKT_COLUMN,
    RefusedRows,
)

# More than anybody corrects by hand.
_MOST_ROWS: Final = 100_000


def collect_refused_rows(
    path: Path,
    source_layer: str | None,
    rejections: Sequence[Rejection],
    *,
    left_out: Collection[str],
    crs: str | None,
) -> RefusedRows:
    """Collect the rows that were refused, with their numbers; columns about persons stay behind.

    Args:
        path: the file, which is read again: most files have no such rows, and need not be held for them.
        source_layer: its layer or sheet.
        rejections: why rows were refused.
        left_out: its columns about persons.
        crs: what its coordinates were read as; None where it has none.
    """
    reasons: dict[int, list[tuple[str | None, str]]] = defaultdict(list)
    for rejection in rejections:
        reasons[rejection.row].append((rejection.column, rejection.reason))
    numbers = sorted(reasons)[:_MOST_ROWS]
    table = read_source(path, source_layer)
    # What an earlier workbook of this kind added is added anew.
    ours = {NUMBER_COLUMN, CRS_COLUMN, REASON_COLUMN}
    columns = [name for name in map(str, table.rows.columns) if name not in {*left_out, *ours}]
    known = dict(zip(table.row_numbers.tolist(), range(len(table.row_numbers)), strict=True))
    positions = np.array([known.get(number, -1) for number in numbers], dtype=np.int64)
    cells = {name: _read_texts(table, name, positions) for name in columns}
    cells[NUMBER_COLUMN] = [str(number) for number in numbers]
    if table.shapes is not None or table.points is not None:
        cells[WKT_COLUMN] = _write_shapes(table, positions)
    if crs is not None:
        cells[CRS_COLUMN] = [crs] * len(numbers)
    rows = [list(row) for row in zip(*cells.values(), strict=True)]
    return RefusedRows(list(cells), rows, [reasons[number] for number in numbers])


def _read_texts(table: Table, name: str, positions: npt.NDArray[np.int64]) -> list[str]:
    """Read a column's cells; of a row that could not be read there are none."""
    values = to_text(table.rows[name].iloc[positions]).fillna("").to_list()
    return [str(value) if row >= 0 else "" for value, row in zip(values, positions, strict=True)]


def _write_shapes(table: Table, positions: npt.NDArray[np.int64]) -> list[str]:
    """Write shapes in the file's own numbers; one too long for a cell is left out."""
    shapes: npt.NDArray[Any]
    if table.shapes is not None:
        shapes = table.shapes[positions]
    else:
        points = np.empty((0, 2)) if table.points is None else table.points[positions]
        shapes = np.full(len(points), None, dtype=object)
        placed = ~np.isnan(points).any(axis=1)
        shapes[placed] = shapely.points(points[placed])
    texts = shapely.to_wkt(shapely.force_2d(shapes), rounding_precision=-1)
    return [
        text if text and row >= 0 and len(text) <= MOST_CHARACTERS else ""
        for text, row in zip(texts, positions, strict=True)
    ]

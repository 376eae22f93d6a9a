"""What the loaders of geographic formats share: one layer through GDAL into a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from etl.sources.table import Rejection, Table
from geo.errors import UnreadableFile


def list_layers(source: Path, file_name: str) -> list[str]:
    """List the layers of a file in its own order.

    Raises:
        UnreadableFile: GDAL cannot open it.
    """
    try:
        return [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    except (DataSourceError, DataLayerError):
        raise damaged(file_name) from None


def read_layer(source: Path | bytes, file_name: str, layer: str | None = None, **options: Any) -> Table:
    """Read one layer; geometries GDAL or GEOS cannot make sense of are set aside row by row.

    Args:
        source: a path or the file's content.
        file_name: the name a person knows the file by.
        layer: the layer's name; None for the only one.
        options: passed on to pyogrio and GDAL's open options.

    Raises:
        UnreadableFile: the file is damaged or empty.
    """
    try:
        meta, arrow = pyogrio.raw.read_arrow(source, layer=layer, **options)
    except (DataSourceError, DataLayerError, pa.ArrowException):
        raise damaged(file_name) from None
    if arrow.num_rows == 0:
        message = f"{file_name} holds no features."
        raise UnreadableFile(message)
    numbers = np.arange(1, arrow.num_rows + 1, dtype=np.int64)
    column = meta["geometry_name"] or "wkb_geometry"
    if column not in arrow.column_names:
        return Table(layer or Path(file_name).stem, arrow.to_pandas(), numbers)

    wkb = arrow.column(column).to_numpy()
    geometry = shapely.from_wkb(wkb, on_invalid="ignore")
    rows = arrow.drop_columns([column]).to_pandas()
    lost = shapely.is_missing(geometry) & arrow.column(column).is_valid().to_numpy()
    return Table(
        name=layer or Path(file_name).stem,
        rows=rows[~lost].reset_index(drop=True),
        row_numbers=numbers[~lost],
        geometry=geometry[~lost],
        declared_crs=meta["crs"],
        unreadable=tuple(
            Rejection(int(row), None, "the shape is damaged or of a kind we do not read")
            for row in numbers[lost]
        ),
    )


def damaged(file_name: str) -> UnreadableFile:
    """Make the refusal of a file that cannot be opened."""
    message = f"{file_name} is damaged or not of the kind its name says; export it again from where it came."
    return UnreadableFile(message)

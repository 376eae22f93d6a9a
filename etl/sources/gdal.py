"""What the loaders of geographic formats share: one layer through GDAL into a table."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from etl.sources.table import Rejection, Table
from geo.errors import UnreadableFile

# Well-known binary of a point in the plane, lowest byte first.
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])


def list_layers(source: Path, file_name: str) -> list[str]:
    """List the layers of a file in its own order.

    Raises:
        UnreadableFile: GDAL cannot open it.
    """
    try:
        return [str(name) for name in pyogrio.list_layers(source)[:, 0]]
    except (DataSourceError, DataLayerError):
        raise damaged(file_name) from None


def list_columns(source: Path, file_name: str, layer: str) -> list[str]:
    """List the columns of a layer but its geometry.

    Raises:
        UnreadableFile: GDAL cannot open it.
    """
    try:
        return [str(name) for name in pyogrio.read_info(source, layer=layer)["fields"]]
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
        meta, arrow = pyogrio.raw.read_arrow(source, layer=layer, datetime_as_string=True, **options)
    except (DataSourceError, DataLayerError, pa.ArrowException):
        raise damaged(file_name) from None
    if arrow.num_rows == 0:
        message = f"{file_name} holds no features."
        raise UnreadableFile(message)
    numbers = np.arange(1, arrow.num_rows + 1, dtype=np.int64)
    name = layer or Path(file_name).stem
    column = meta["geometry_name"] or "wkb_geometry"
    if column not in arrow.column_names:
        return Table(name, arrow.to_pandas(), numbers)
    rows, wkb = arrow.drop_columns([column]).to_pandas(), arrow.column(column).combine_chunks()
    points = _read_points(wkb)
    if points is not None:
        return Table(name, rows, numbers, points=points, declared_crs=meta["crs"])
    geometry = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
    lost = shapely.is_missing(geometry) & wkb.is_valid().to_numpy(zero_copy_only=False)
    reason = "the shape is damaged or of a kind we do not read"
    return Table(
        name=name,
        rows=rows[~lost].reset_index(drop=True),
        row_numbers=numbers[~lost],
        geometry=geometry[~lost],
        declared_crs=meta["crs"],
        unreadable=tuple(Rejection(int(row), None, reason) for row in numbers[lost]),
    )


def _read_points(wkb: pa.BinaryArray) -> npt.NDArray[np.float64] | None:
    """Read plain points without making an object of each; None if there is anything else among them."""
    present = wkb.is_valid().to_numpy(zero_copy_only=False)
    offsets = np.frombuffer(wkb.buffers()[1], np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    if wkb.buffers()[2] is None or not (np.diff(offsets)[present] == _POINT.itemsize).all():
        return None
    values = np.frombuffer(wkb.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].view(_POINT)
    if not ((values["order"] == 1) & (values["type"] == 1)).all():
        return None
    points = np.full((len(wkb), 2), np.nan)
    points[present] = values["xy"]
    return points


def damaged(file_name: str) -> UnreadableFile:
    """Make the refusal of a file that cannot be opened."""
    message = f"{file_name} is damaged or not of the kind its name says; export it again from where it came."
    return UnreadableFile(message)

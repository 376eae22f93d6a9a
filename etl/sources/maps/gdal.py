"""What the loaders of geographic formats share: one layer through GDAL into a table.

GDAL decides by a file's content which driver opens it, whatever the file is called: the drivers that follow
links are switched off in the package's ``__init__``, before GDAL is loaded.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from etl.sources.table import Rejection, SourceLayer, Table, refuse_columns
from geo.errors import UnreadableFile

# Formats that know how many rows they have; a Shapefile counts deleted ones as well.
_COUNTED = (".gpkg", ".gdb", ".fgb")

# Well-known binary of a point in the plane, lowest byte first.
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])


@contextmanager
def explain_damage(file_name: str) -> Iterator[None]:
    """Turn what GDAL and Arrow say of a file they cannot read into our one sentence.

    Raises:
        UnreadableFile: the block could not read the file.
    """
    try:
        with warnings.catch_warnings():
            # GDAL's advice is for whoever wrote the file; what matters is checked on the rows themselves.
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
    except (DataSourceError, DataLayerError, pa.ArrowException, UnicodeDecodeError):
        raise damaged(file_name) from None


def list_layers(source: Path | bytes, file_name: str) -> list[str]:
    """List the layers of a file in its own order.

    Raises:
        UnreadableFile: GDAL cannot open it.
    """
    with explain_damage(file_name):
        return [str(name) for name in pyogrio.list_layers(source)[:, 0]]


def describe_layers(
    source: Path | bytes, file_name: str, names: Sequence[str] | None = None, *, count: bool = False
) -> list[SourceLayer]:
    """Describe the layers of a file, or those named; ``count`` reads them where only that tells their rows.

    Raises:
        UnreadableFile: GDAL cannot open it.
    """
    described = []
    for name in list_layers(source, file_name) if names is None else names:
        with explain_damage(file_name):
            info = pyogrio.read_info(source, layer=name, force_feature_count=count)
        rows = int(info["features"])
        described.append(SourceLayer(name, rows if rows >= 0 else None, name_kind(info["geometry_type"])))
    return described


def name_kind(geometry_type: str | None) -> str:
    """Name the kind of a layer by what GDAL calls its geometry, as :class:`SourceLayer` does."""
    if geometry_type is None:
        return "table"
    for word, kind in (("Point", "points"), ("Line", "lines"), ("Polygon", "outlines")):
        if word in geometry_type:
            return kind
    return "mixed"


def list_columns(source: Path, file_name: str, layer: str) -> list[str]:
    """List the columns of a layer but its geometry.

    Raises:
        UnreadableFile: GDAL cannot open it.
    """
    with explain_damage(file_name):
        return [str(name) for name in pyogrio.read_info(source, layer=layer)["fields"]]


def read_layer(source: Path | bytes, file_name: str, layer: str | None = None, **options: Any) -> Table:
    """Read one layer; geometries GDAL or GEOS cannot make sense of are set aside row by row.

    Args:
        source: a path or the file's content.
        file_name: the name a person knows the file by.
        layer: the layer's name; None for the only one.
        options: passed on to pyogrio and GDAL's open options.

    Raises:
        UnreadableFile: the file is damaged or empty.
        InputRefused: it has more columns than any list of places or cases.
    """
    with explain_damage(file_name):
        meta, arrow = pyogrio.raw.read_arrow(source, layer=layer, datetime_as_string=True, **options)
    if isinstance(source, Path) and source.suffix.lower() in _COUNTED:
        _refuse_losses(source, file_name, layer, arrow.num_rows)
    if arrow.num_rows == 0:
        message = f"{file_name} holds no features."
        raise UnreadableFile(message)
    refuse_columns(arrow.num_columns, file_name)
    if len(set(arrow.column_names)) < arrow.num_columns:
        arrow = arrow.rename_columns(_tell_apart(arrow.column_names))
    numbers = np.arange(1, arrow.num_rows + 1, dtype=np.int64)
    name = layer or Path(file_name).stem
    column = meta["geometry_name"] or "wkb_geometry"
    if column not in arrow.column_names:
        return Table(name, arrow.to_pandas(), numbers)
    rows, wkb = arrow.drop_columns([column]).to_pandas(), arrow.column(column).combine_chunks()
    points = _read_points(wkb)
    if points is not None:
        return Table(name, rows, numbers, points=points, declared_crs=meta["crs"])
    notes = []
    try:
        geometry = shapely.from_wkb(wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
    except NotImplementedError:  # what shapely says to curves
        note = f"{file_name} holds curves, which are drawn in short straight pieces here."
        notes.append(note)
        with explain_damage(file_name):
            # The slower way to read makes lines of curves; Arrow hands them on as they are.
            straight = pyogrio.raw.read(source, layer=layer, **options)[2]
        geometry = shapely.from_wkb(straight, on_invalid="ignore")
    lost = shapely.is_missing(geometry) & wkb.is_valid().to_numpy(zero_copy_only=False)
    reason = "the shape is damaged or of a kind we do not read"
    return Table(
        name=name,
        rows=rows[~lost].reset_index(drop=True),
        row_numbers=numbers[~lost],
        geometry=geometry[~lost],
        declared_crs=meta["crs"],
        unreadable=tuple(Rejection(int(row), None, reason) for row in numbers[lost]),
        warnings=tuple(notes),
    )


def _refuse_losses(source: Path, file_name: str, layer: str | None, count: int) -> None:
    """Refuse a file that says it has more rows than came out: GDAL ends at a fault as if it were the end."""
    with explain_damage(file_name):
        info = pyogrio.read_info(source, layer=layer)
        total = int(info["features"])
        if total > count:
            # What a file keeps of its count may be stale; this counts.
            quoted = info["layer_name"].replace('"', '""')
            query = f'SELECT COUNT(*) FROM "{quoted}"'  # noqa: S608 - a name, quoted
            total = int(pyogrio.raw.read_arrow(source, sql=query)[1].column(0)[0].as_py())
    if total > count:
        message = (
            f"{file_name} is damaged: of its {total:,} rows only {count:,} can be read; "
            "export it again from where it came."
        )
        raise UnreadableFile(message)


def _tell_apart(names: Sequence[str]) -> list[str]:
    told: list[str] = []
    for base in names:
        name, repeat = base, 2
        while name in told:
            name, repeat = f"{base} ({repeat})", repeat + 1
        told.append(name)
    return told


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

"""What the loaders of geographic formats share: one layer through GDAL into a table.

GDAL decides by a file's content which driver opens it, whatever the file is called: the drivers that follow
links are switched off in the package's ``__init__``, before GDAL is loaded.
"""

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from etl.sources.shelf import BytesColumn, Shelf, ShelvedShapes, shelve
from etl.sources.table import Rejection, SourceLayer, Table, keep_rows, refuse_columns
from geo.crs import names_file
from geo.errors import InputRefused, UnreadableFile

# Formats that know how many rows they have; a Shapefile counts deleted ones as well.
_COUNTED = (".gpkg", ".gdb", ".fgb")

# What programs write where nobody has said which system a map is in.
_NAMELESS = re.compile(
    r'LOCAL_CS|ENGCRS|GEOG(?:CS|CRS)\["[^"]*",\s*DATUM\["(?:unknown|not[_ ]specified|MIF 0)', re.IGNORECASE
)

# Well-known binary begins with the order of its bytes and the number of its kind; here a point in the plane.
_HEAD_BYTES = 5
_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])


# The kinds that have arcs: strings, compounds, polygons, and collections of them.
_CURVES = range(8, 15)


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
    # The last is pyogrio's own slip over a coordinate system whose name is not written in UTF-8.
    except (DataSourceError, DataLayerError, pa.ArrowException, UnicodeDecodeError, UnboundLocalError):
        raise damaged(file_name) from None


def refuse_grids(said: str | bytes, file_name: str) -> None:
    """Refuse a file that defines its coordinate system by another, before GDAL opens either.

    Args:
        said: what the file says of its coordinates, or the part of it where that stands.
        file_name: the name a person knows the file by.

    Raises:
        InputRefused: it does.
    """
    # In a FileGDB it may stand in characters of two bytes.
    text = said if isinstance(said, str) else said.replace(b"\0", b"").decode("latin-1")
    if names_file(text):
        message = (
            f"The coordinate system of {file_name} is defined by a file of shifts that is not in it; "
            "export it again in CGCS2000 (EPSG:4490)."
        )
        raise InputRefused(message)


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
    shapes = _Shapes()
    with (
        explain_damage(file_name),
        pyogrio.raw.open_arrow(source, layer=layer, use_pyarrow=True, datetime_as_string=True, **options) as (
            meta,
            reader,
        ),
    ):
        column = meta["geometry_name"] or "wkb_geometry"
        # A field of the same name stands before it.
        at = max((place for place, name in enumerate(reader.schema.names) if name == column), default=None)
        schema = reader.schema if at is None else reader.schema.remove(at)
        names = tell_apart(schema.names)
        if names != schema.names:
            schema = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
        schema = pa.schema([_name_nested_text(field) for field in schema])
        # GDAL reads ahead in a thread of its own while what it has read is taken in here.
        pieces = (pa.RecordBatch.from_arrays(shapes.take_out(piece, at), schema=schema) for piece in reader)
        rows, shelf = shelve(pieces, schema)
    count = shapes.count
    if isinstance(source, Path) and source.suffix.lower() in _COUNTED:
        _refuse_losses(source, file_name, layer, count)
    if count == 0:
        message = f"{file_name} holds no features."
        raise UnreadableFile(message)
    refuse_columns(len(schema) + (at is not None), file_name)
    table = Table(
        name=layer or Path(file_name).stem,
        rows=rows if len(schema) else pd.DataFrame(index=pd.RangeIndex(count)),
        row_numbers=np.arange(1, count + 1, dtype=np.int64),
        declared_crs=None if at is None or _NAMELESS.match(meta["crs"] or "") else meta["crs"],
        shelf=shelf,
    )
    if at is None:
        return table
    if shapes.points is not None:
        return replace(table, points=shapes.points)
    if not shapes.has_curves:
        # Which are damaged shows as they are looked at.
        return replace(table, shapes=shapes.keep_on(shelf))
    note = f"{file_name} holds curves, which are drawn in short straight pieces here."
    with explain_damage(file_name):
        # The slower way to read makes lines of curves; Arrow hands them on as they are.
        straight = pyogrio.raw.read(source, layer=layer, **options)[2]
    found = shapely.from_wkb(straight, on_invalid="fix")
    lost = shapely.is_missing(found) & shapes.present
    reason = "the shape is damaged or of a kind we do not read"
    unreadable = tuple(Rejection(int(row), None, reason) for row in table.row_numbers[lost])
    table = keep_rows(table, ~lost) if lost.any() else table
    return replace(table, shapes=found[~lost], unreadable=unreadable, warnings=(note,))


class _Shapes:
    """The geometry of a layer as it comes: plain points as numbers, all else as well-known binary."""

    def __init__(self) -> None:
        self.count = 0
        self.has_curves = False
        self._points: list[npt.NDArray[np.float64]] = []
        self._others: BytesColumn | None = None
        self._present: list[npt.NDArray[np.bool_]] = []

    def take_out(self, piece: pa.RecordBatch, at: int | None) -> list[pa.Array]:
        """Take the geometry out of some rows, and return their other columns.

        Raises:
            OSError: there is no room for it.
        """
        self.count += piece.num_rows
        if at is None:
            return [_mend_text(column) for column in piece.columns]
        wkb = piece.column(at)
        self._present.append(wkb.is_valid().to_numpy(zero_copy_only=False))
        points = _read_points(wkb) if self._others is None else None
        if points is not None:
            self._points.append(points)
        else:
            self._take_others(wkb)
        return [_mend_text(column) for place, column in enumerate(piece.columns) if place != at]

    def _take_others(self, wkb: pa.Array) -> None:
        if self._others is None:
            self._others = BytesColumn()
            for points in self._points:
                self._others.append(pa.array(shapely.to_wkb(_make_points(points)), pa.large_binary()))
        self._others.append(wkb)
        self.has_curves = self.has_curves or _has_curves(wkb)

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which rows have a geometry, shape (n,)."""
        return np.concatenate(self._present)

    @property
    def points(self) -> npt.NDArray[np.float64] | None:
        """The positions, shape (n, 2), NaN where there is none; None where there is anything but points."""
        return np.concatenate(self._points) if self._others is None else None

    def keep_on(self, shelf: Shelf) -> ShelvedShapes:
        """Keep the shapes where the table's other columns lie, None where there is none."""
        assert self._others is not None  # noqa: S101 - there is anything but points
        return shelf.keep_shapes(self._others)


def _make_points(xy: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
    shapes = np.full(len(xy), None, dtype=object)
    placed = ~np.isnan(xy).any(axis=1)
    shapes[placed] = shapely.points(xy[placed])
    return shapes


def _has_curves(wkb: pa.Array) -> bool:
    """Whether some shapes are of a kind that has arcs, by the number of it behind the order of bytes."""
    kinds = [int.from_bytes(kind[1:], "little" if kind[0] else "big") for kind in _find_heads(wkb)]
    # Heights and measures add thousands.
    return any((kind & 0x0FFFFFFF) % 1000 in _CURVES for kind in kinds)


def _find_heads(wkb: pa.Array) -> list[bytes]:
    """Find the first five bytes that occur."""
    whole = wkb.drop_null().filter(pc.greater_equal(pc.binary_length(wkb.drop_null()), _HEAD_BYTES))
    return list(pc.unique(pc.binary_slice(whole, 0, _HEAD_BYTES)).to_pylist())


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


def _name_nested_text(field: pa.Field) -> pa.Field:
    return field.with_type(pa.string()) if pa.types.is_nested(field.type) else field


def _mend_text(column: pa.Array) -> pa.Array:
    """Decode texts that are not UTF-8 though their format says so; what is nested is written as JSON."""
    if pa.types.is_nested(column.type):
        values = column.to_pylist()
        return pa.array(
            [None if each is None else orjson.dumps(each).decode() for each in values], pa.string()
        )
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if pa.types.is_string(column.type):
            raws = column.cast(pa.binary()).to_pylist()
            return pa.array([None if raw is None else _decode(raw) for raw in raws], pa.string())
    return column


def _decode(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def tell_apart(names: Iterable[str]) -> list[str]:
    """Number those of several names that are the same."""
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
    if not present.any():
        return np.full((len(wkb), 2), np.nan)
    offsets = np.frombuffer(wkb.buffers()[1], np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    if not (np.diff(offsets)[present] == _POINT.itemsize).all():
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

"""Files that a layer is taken out to: one writer a format, each fed a few thousand rows at a time.

Of a million rows none holds more than a lot in memory, but for KML, which GDAL makes whole.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from warnings import catch_warnings, simplefilter

import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import shapely
import xlsxwriter
from pyarrow import csv as arrow_csv

from geo.errors import InputRefused

# Degrees; the last digit is a tenth of a millimetre.
_DIGITS: Final = 9
_MOST_KML_ROWS: Final = 100_000
_MOST_XLSX_ROWS: Final = 1_000_000
_MOST_CELL_CHARACTERS: Final = 32_767
_MOST_DBF_BYTES: Final = 254
_MOST_DBF_NAME_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Sheaf:
    """A layer on its way into a file.

    Attributes:
        layer: its name.
        title: what people call it.
        shape: ``Point`` or ``MultiPolygon``.
        crs: what the coordinates are in, as an authority and a number; None where no authority names it.
        schema: the columns: whole numbers or text, and last ``shape``, as WKB in degrees.
        watermark: label and value of who took it out, when and what; empty for a command.
        name_column: the column that holds the rows' names.
        place_headers: what to call longitude, latitude and well-known text in a table.
    """

    layer: str
    title: str
    shape: str
    crs: str | None
    schema: pa.Schema
    watermark: Mapping[str, str]
    name_column: str | None
    place_headers: tuple[str, str, str]

    @property
    def note(self) -> str:
        """The watermark on one line."""
        return " · ".join(f"{label} {value}" for label, value in self.watermark.items())


Batches = Iterator[pa.RecordBatch]
# Writes the rows and returns how many values did not fit into the format and were left out.
Writer = Callable[[Path, Sheaf, Batches], int]


def write_csv(path: Path, sheaf: Sheaf, batches: Batches) -> int:
    """Write UTF-8 with a byte-order mark, for Excel; places as longitude and latitude or as WKT."""
    schema = _tabulate(pa.RecordBatch.from_pylist([], sheaf.schema), sheaf).schema
    with path.open("wb") as file:
        file.write(b"\xef\xbb\xbf")
        with arrow_csv.CSVWriter(
            file, schema, write_options=arrow_csv.WriteOptions(quoting_style="needed")
        ) as writer:
            for batch in batches:
                writer.write_batch(_tabulate(batch, sheaf))
    return 0


def write_xlsx(path: Path, sheaf: Sheaf, batches: Batches) -> int:
    """Write one sheet, the watermark above its header; a value longer than a cell holds is left out.

    Raises:
        InputRefused: there are more rows than a sheet has.
    """
    left_out = 0
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(path, options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet = book.add_worksheet(sheaf.title)
        first = 1 if sheaf.watermark else 0
        if sheaf.watermark:
            sheet.write_string(0, 0, sheaf.note)
            # "&" begins a code in headers and footers.
            sheet.set_footer(f"&L{sheaf.note.replace('&', '&&')[:200]}&R&P/&N")
        header = _tabulate(pa.RecordBatch.from_pylist([], sheaf.schema), sheaf).schema.names
        sheet.set_column(0, len(header) - 1, 16)
        for column, title in enumerate(header):
            sheet.write_string(first, column, title, bold)
        number = first
        for batch in batches:
            if number + batch.num_rows > _MOST_XLSX_ROWS:
                msg = f"a sheet holds no more than {_MOST_XLSX_ROWS:,} rows: take the layer out as CSV"
                raise InputRefused(msg)
            for row in zip(*(column.to_pylist() for column in _tabulate(batch, sheaf).columns), strict=True):
                number += 1
                for column, value in enumerate(row):
                    if isinstance(value, str):
                        left_out += _write_text(sheet, number, column, value)
                    elif value is not None:
                        sheet.write_number(number, column, value)
    return left_out


def _write_text(sheet: Any, row: int, column: int, text: str) -> bool:
    if len(text) > _MOST_CELL_CHARACTERS:
        return True
    sheet.write_string(row, column, text)
    return False


def write_geopackage(path: Path, sheaf: Sheaf, batches: Batches) -> int:
    """Write a GeoPackage of one layer, with a spatial index."""
    options = {"IDENTIFIER": sheaf.title, "DESCRIPTION": sheaf.note}
    _write_features(path, sheaf, batches, "GPKG", {name: text for name, text in options.items() if text})
    return 0


def write_geojson(path: Path, sheaf: Sheaf, batches: Batches) -> int:
    """Write a FeatureCollection that names its coordinate system."""
    # Its digits are left as they are: told to round, GDAL would move vertices by more than that.
    options = {"DESCRIPTION": sheaf.note} if sheaf.note else {}
    _write_features(path, sheaf, batches, "GeoJSON", options)
    return 0


def write_kml(path: Path, sheaf: Sheaf, batches: Batches) -> int:
    """Write placemarks with their values as extended data.

    Raises:
        InputRefused: there are more rows than a program that draws KML bears.
    """
    named = sheaf.schema
    if sheaf.name_column and sheaf.name_column.casefold() != "name":
        # What GDAL calls so is what map programs write beside the place.
        named = named.insert(0, pa.field("Name", pa.string()))

    def name_rows() -> Batches:
        count = 0
        for batch in batches:
            count += batch.num_rows
            if count > _MOST_KML_ROWS:
                msg = f"no more than {_MOST_KML_ROWS:,} rows are written as KML: take out a GeoPackage"
                raise InputRefused(msg)
            columns = batch.columns
            if len(named) > len(columns):
                columns = [batch.column(sheaf.name_column), *columns]
            yield pa.RecordBatch.from_arrays(columns, schema=named)

    _write_features(path, sheaf, name_rows(), "LIBKML", {}, named)
    return 0


def write_shapefile(path: Path, sheaf: Sheaf, batches: Batches) -> int:
    """Write a zip of a Shapefile in UTF-8 that says so; a value longer than a .dbf holds is left out."""
    left_out = 0
    names = cut_names(sheaf.schema.names[:-1])
    schema = pa.schema(
        [field.with_name(name) for field, name in zip(sheaf.schema, [*names, "shape"], strict=True)]
    )

    def fit() -> Batches:
        nonlocal left_out
        for batch in batches:
            columns = []
            for column in batch.columns:
                fitting = column
                if pa.types.is_string(column.type):
                    too_long = pc.greater(pc.binary_length(column), _MOST_DBF_BYTES)
                    left_out += pc.sum(too_long).as_py() or 0
                    fitting = pc.if_else(too_long, pa.scalar(None, pa.string()), column)
                columns.append(fitting)
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    with tempfile.TemporaryDirectory(dir=path.parent) as name:
        folder = Path(name)
        _write_features(
            folder / f"{sheaf.layer}.shp", sheaf, fit(), "ESRI Shapefile", {"ENCODING": "UTF-8"}, schema
        )
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                archive.write(part, part.name)
            if sheaf.note:
                archive.writestr("README.txt", sheaf.note)
    return left_out


def cut_names(names: list[str]) -> list[str]:
    """Cut names to the ten bytes of a .dbf, at a character; those that then collide are numbered."""
    cut: list[str] = []
    for name in names:
        short = name.encode()[:_MOST_DBF_NAME_BYTES].decode(errors="ignore")
        other, number = short, 2
        while other.casefold() in {known.casefold() for known in cut}:
            other = f"{name.encode()[: _MOST_DBF_NAME_BYTES - 2].decode(errors='ignore')}_{number}"
            number += 1
        cut.append(other)
    return cut


WRITERS: Final[Mapping[str, Writer]] = {
    ".gpkg": write_geopackage,
    ".geojson": write_geojson,
    ".csv": write_csv,
    ".xlsx": write_xlsx,
    ".kml": write_kml,
    ".zip": write_shapefile,
}
"""How a layer is written, by the ending of the file's name; ``.zip`` is a Shapefile."""


def _write_features(
    path: Path,
    sheaf: Sheaf,
    batches: Batches,
    driver: str,
    options: Mapping[str, str],
    schema: pa.Schema | None = None,
) -> None:
    failures: list[Exception] = []

    def watch() -> Batches:
        # GDAL tells only that the stream broke, not why.
        try:
            yield from batches
        except Exception as failure:
            failures.append(failure)
            raise

    try:
        with catch_warnings():
            # That no system is named is meant so: no authority names GCJ-02.
            simplefilter("ignore", UserWarning)
            pyogrio.raw.write_arrow(
                pa.RecordBatchReader.from_batches(schema or sheaf.schema, watch()),
                path,
                layer=sheaf.layer,
                driver=driver,
                geometry_name="shape",
                geometry_type=sheaf.shape,
                crs=sheaf.crs,
                layer_options=dict(options),
            )
    except Exception:
        if failures:
            raise failures[0] from None
        raise


def _tabulate(batch: pa.RecordBatch, sheaf: Sheaf) -> pa.RecordBatch:
    """Turn shapes into columns that a table has: longitude and latitude of points, WKT of outlines."""
    columns, names = batch.columns[:-1], batch.schema.names[:-1]
    shapes = shapely.from_wkb(batch.column("shape").to_numpy(zero_copy_only=False))
    lon, lat, wkt = sheaf.place_headers
    if sheaf.shape == "Point":
        xy = shapely.get_coordinates(shapely.set_precision(shapes, 0)).round(_DIGITS)
        placed = ~shapely.is_missing(shapes)
        axes = []
        for axis in range(2):
            values = pa.nulls(len(shapes), pa.float64()).to_numpy(zero_copy_only=False).copy()
            values[placed] = xy[:, axis]
            axes.append(pa.array(values, pa.float64(), from_pandas=True))
        return pa.RecordBatch.from_arrays([*columns, *axes], [*names, lon, lat])
    text = shapely.to_wkt(shapes, rounding_precision=_DIGITS)
    return pa.RecordBatch.from_arrays([*columns, pa.array(text, pa.string())], [*names, wkt])

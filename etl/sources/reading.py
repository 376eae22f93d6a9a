"""From a file to a table: which loader reads it, and what to do about the kinds that none reads."""

from pathlib import Path

from etl.sources.csv_file import read_csv
from etl.sources.excel import read_excel
from etl.sources.geojson import read_geojson
from etl.sources.geopackage import read_geopackage
from etl.sources.shapefile import read_shapefile, read_zipped_shapefile
from etl.sources.table import ChooseColumns, Table, heed_crs_column
from geo.errors import InputRefused, UnreadableFile

_SAVE_AS = {
    ".kml": "open it in the map program it came from, or in QGIS, and export GeoPackage or Shapefile; "
    "Ovital 9.3 and later writes GCJ-02 into KML, so say --crs gcj02",
    ".dxf": "open it in QGIS and export the layer that holds the outlines as GeoPackage",
    ".osm": "open it in QGIS and export the layer you need as GeoPackage",
    ".gdb": "open it in QGIS or ArcGIS and export the layer as GeoPackage or Shapefile",
    ".mdb": "open it in Access or ArcGIS and export the table as .xlsx or Shapefile",
    ".doc": "copy the table into Excel or WPS and save it as .xlsx",
    ".xml": "export it as CSV or GeoJSON",
}
_SAME_ADVICE = {
    ".kmz": ".kml", ".ovkml": ".kml", ".ovkmz": ".kml", ".ovobj": ".kml", ".ovjsn": ".kml",
    ".dwg": ".dxf", ".pbf": ".osm", ".accdb": ".mdb", ".docx": ".doc", ".pdf": ".doc", ".wps": ".doc",
}  # fmt: skip
_SHAPEFILE_PARTS = (".dbf", ".shx", ".prj", ".cpg")
_READABLE = ".geojson, .json, .gpkg, .zip or .shp (Shapefile), .csv, .txt, .xlsx, .xls, .et, .ods"


def read_source(path: Path, source_layer: str | None = None, choose: ChooseColumns | None = None) -> Table:
    """Read the one table of a file, or the one asked for.

    Args:
        path: the file; the ending of its name says its kind.
        source_layer: layer or sheet to read, where there are several.
        choose: which columns to read, where the format allows to leave some out; what it raises is passed on.

    Raises:
        UnreadableFile: the file is missing, empty, damaged, or not of the kind its name says.
        InputRefused: no loader reads this kind, or there are several layers to choose from.
    """
    suffix = path.suffix.lower()
    advice = _SAVE_AS.get(_SAME_ADVICE.get(suffix, suffix))
    if path.is_dir() and suffix != ".gdb":
        message = f"{path.name} is a folder; name a file in it."
        raise InputRefused(message)
    if not path.exists():
        message = f"There is no file {path}."
        raise UnreadableFile(message)
    if not path.is_file() and not path.is_dir():
        message = f"{path.name} is not a file; name a file."
        raise InputRefused(message)
    if advice is not None:
        message = f"{path.name}: {suffix} files are not read; {advice}."
        raise InputRefused(message)
    try:
        if path.stat().st_size == 0:
            message = f"{path.name} is empty."
            raise UnreadableFile(message)
        table = _read_kind(path, suffix, source_layer, choose)
    except OSError as fault:
        message = f"{path.name} cannot be read: {fault.strerror or fault}."
        raise UnreadableFile(message) from None
    if not len(table.row_numbers) and not table.unreadable:
        message = f"{path.name} has no rows below its header."
        raise UnreadableFile(message)
    return heed_crs_column(table, path.name)


def _read_kind(path: Path, suffix: str, source_layer: str | None, choose: ChooseColumns | None) -> Table:
    match suffix:
        case ".geojson" | ".json":
            return read_geojson(path)
        case ".gpkg":
            return read_geopackage(path, source_layer, choose)
        case ".zip":
            return read_zipped_shapefile(path, source_layer)
        case ".shp":
            return read_shapefile(path)
        case ".csv" | ".tsv" | ".txt":
            return read_csv(path)
        case ".xlsx" | ".xlsm" | ".xls" | ".et" | ".ods":
            return read_excel(path, source_layer)
        case _ if suffix in _SHAPEFILE_PARTS:
            message = (
                f"{path.name} is one part of a Shapefile; import the .shp beside it, or a zip of them all."
            )
        case _:
            message = f"{path.name} is of no kind we read: {_READABLE}."
    raise InputRefused(message)

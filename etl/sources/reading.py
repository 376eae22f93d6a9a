"""From a file to a table: which loader reads it, and what to do about the kinds that none reads."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from etl.sources.angles import join_angles
from etl.sources.archive import MAPINFO_PARTS, SHAPEFILE_PARTS, Dataset, unpack
from etl.sources.clocks import join_days
from etl.sources.mangled import mend_text
from etl.sources.maps.dxf import list_dxf_layers, read_dxf
from etl.sources.maps.geodatabase import list_geodatabase_layers, read_geodatabase
from etl.sources.maps.geojson import is_geojson, list_geojson_layers, read_geojson
from etl.sources.maps.geopackage import list_geopackage_layers, read_geopackage
from etl.sources.maps.gpx import list_gpx_layers, read_gpx
from etl.sources.maps.kml import list_kml_layers, read_kml
from etl.sources.maps.osm import list_osm_layers, read_osm
from etl.sources.maps.shapefile import list_shapefile_layers, read_shapefile
from etl.sources.open311 import is_open311, read_open311_xml, read_records
from etl.sources.table import ChooseColumns, SourceLayer, Table, choose_one, heed_crs_column
from etl.sources.tables.csv_file import read_csv
from etl.sources.tables.excel import list_sheets, read_excel
from etl.sources.tables.layout import check_layout
from etl.sources.xml import find_root
from etl.sources.xml_records import read_record_xml
from geo.errors import InputRefused, UnreadableFile

_SAVE_AS = {
    ".ovobj": "export it from the map program as .ovkml or KML",
    ".dwg": "save it in the CAD program as .dxf",
    ".mdb": "open it in Access or ArcGIS and export the table as .xlsx or Shapefile",
    ".doc": "copy the table into Excel or WPS and save it as .xlsx",
    ".rar": "unpack it, and import what is inside or zip that",
    ".shx": "import the .shp beside it, or a zip of them all",
}
_SAME_ADVICE = {
    ".ovjsn": ".ovobj", ".accdb": ".mdb", ".docx": ".doc", ".pdf": ".doc", ".wps": ".doc",
    ".7z": ".rar", ".tar": ".rar", ".gz": ".rar", ".tgz": ".rar", ".bz2": ".rar", ".xz": ".rar",
}  # fmt: skip


@dataclass(frozen=True)
class _Loader:
    """How a kind of file is read, and how its layers are listed."""

    read: Callable[[Path, str | None, ChooseColumns | None], Table]
    list_layers: Callable[[Path], list[SourceLayer]]


def _list_one(path: Path) -> list[SourceLayer]:
    return [SourceLayer(path.stem, None, "table")]


_CSV = _Loader(lambda path, _layer, _choose: read_csv(path), _list_one)
_EXCEL = _Loader(lambda path, layer, _choose: read_excel(path, layer), list_sheets)
_GEOJSON = _Loader(lambda path, layer, _choose: read_geojson(path, layer), list_geojson_layers)
_RECORDS = _Loader(lambda path, _layer, _choose: read_records(path), _list_one)
_OPEN311 = _Loader(lambda path, _layer, _choose: read_open311_xml(path), _list_one)
_XML_RECORDS = _Loader(lambda path, _layer, _choose: read_record_xml(path), _list_one)
_KML = _Loader(lambda path, layer, _choose: read_kml(path, layer), list_kml_layers)
_GPX = _Loader(lambda path, layer, _choose: read_gpx(path, layer), list_gpx_layers)
_OSM = _Loader(lambda path, layer, _choose: read_osm(path, layer), list_osm_layers)
_DXF = _Loader(lambda path, layer, _choose: read_dxf(path, layer), list_dxf_layers)
_SHAPEFILE = _Loader(lambda path, _layer, _choose: read_shapefile(path), list_shapefile_layers)
_GEOPACKAGE = _Loader(read_geopackage, list_geopackage_layers)
_GEODATABASE = _Loader(read_geodatabase, list_geodatabase_layers)

_LOADERS = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _CSV),
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".et", ".ods", ".html", ".htm"), _EXCEL),
    **dict.fromkeys((".geojson", ".geojsonl", ".geojsons", ".geojsonseq", ".topojson"), _GEOJSON),
    **dict.fromkeys((".kml", ".kmz", ".ovkml", ".ovkmz"), _KML),
    **dict.fromkeys((".gdb", ".tab", ".mif", ".fgb"), _GEODATABASE),
    **dict.fromkeys((".osm", ".pbf"), _OSM),
    ".gpkg": _GEOPACKAGE,
    ".shp": _SHAPEFILE,
    ".dxf": _DXF,
    ".gpx": _GPX,
}
# By what the outermost element of an XML is called.
_ROOTS = {"kml": _KML, "gpx": _GPX, "osm": _OSM, "workbook": _EXCEL, "html": _EXCEL}
_JSON = (".json", ".jsonl", ".ndjson")
_SNIFFED = (*_JSON, ".xml")
_READABLE = (
    ".xlsx, .xls, .csv, .json, .gpkg, .geojson, .shp, .zip, .gdb, .kml, .kmz, .ovkml, .dxf, .osm, .pbf, .gpx"
)


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
    _check_present(path)
    try:
        if path.suffix.lower() == ".zip":
            table = _read_zip(path, source_layer, choose)
        else:
            table = _find_loader(path).read(path, source_layer, choose)
    except OSError as fault:
        message = f"{path.name} cannot be read: {fault.strerror or fault}."
        raise UnreadableFile(message) from None
    if not len(table.row_numbers) and not table.unreadable:
        message = f"{path.name} has no rows below its header."
        raise UnreadableFile(message)
    table = join_angles(join_days(check_layout(mend_text(table), path.name)))
    return heed_crs_column(table, path.name)


def list_source_layers(path: Path) -> list[SourceLayer]:
    """List the layers, sheets or themes of a file that :func:`read_source` can be asked for, in its order.

    Raises:
        UnreadableFile: the file is missing, empty, damaged, or not of the kind its name says.
        InputRefused: no loader reads this kind, or it is too large to be looked into.
    """
    _check_present(path)
    try:
        if path.suffix.lower() == ".zip":
            with unpack(path, _list_endings()) as datasets:
                return [replace(layer, name=name) for name, (_, layer) in _list_zip(datasets).items()]
        return _find_loader(path).list_layers(path)
    except OSError as fault:
        message = f"{path.name} cannot be read: {fault.strerror or fault}."
        raise UnreadableFile(message) from None


def _check_present(path: Path) -> None:
    suffix = path.suffix.lower()
    if path.is_dir() and suffix != ".gdb":
        message = f"{path.name} is a folder; name a file in it."
        raise InputRefused(message)
    if not path.exists():
        message = f"There is no file {path}."
        raise UnreadableFile(message)
    if not path.is_file() and not path.is_dir():
        message = f"{path.name} is not a file; name a file."
        raise InputRefused(message)
    if path.stat().st_size == 0:
        message = f"{path.name} is empty."
        raise UnreadableFile(message)


def _find_loader(path: Path) -> _Loader:
    """Find the loader of a file by its name, and by its content where the name leaves it open.

    Raises:
        InputRefused: there is none.
    """
    suffix = path.suffix.lower()
    if suffix in _JSON:
        return _GEOJSON if is_geojson(path) else _RECORDS
    is_part = suffix in SHAPEFILE_PARTS or path.name.lower().endswith(".shp.xml")
    if suffix == ".xml" and not is_part:
        root = find_root(path)
        if is_open311(root):
            return _OPEN311
        return _ROOTS.get(root or "", _XML_RECORDS)
    loader = _LOADERS.get(suffix)
    if loader is not None:
        return loader
    advice = _SAVE_AS.get(_SAME_ADVICE.get(suffix, suffix))
    if is_part:
        message = f"{path.name} is one part of a Shapefile; import the .shp beside it, or a zip of them all."
    elif advice is not None:
        message = f"{path.name}: {suffix} files are not read; {advice}."
    else:
        message = f"{path.name} is of no kind we read: {_READABLE}."
    raise InputRefused(message)


def _list_endings() -> tuple[str, ...]:
    # Beside data such files explain it.
    parts = {*SHAPEFILE_PARTS, *MAPINFO_PARTS, ".txt", ".html", ".htm"}
    return tuple(ending for ending in (*_LOADERS, *_SNIFFED) if ending not in parts)


def _read_zip(path: Path, source_layer: str | None, choose: ChooseColumns | None) -> Table:
    with unpack(path, _list_endings()) as datasets:
        if len(datasets) == 1:
            return _find_loader(datasets[0].path).read(datasets[0].path, source_layer, choose)
        layers = _list_zip(datasets)
        name = choose_one(path.name, "layer", list(layers), source_layer)
        dataset, layer = layers[name]
        return replace(_find_loader(dataset.path).read(dataset.path, layer.name, choose), name=name)


def _list_zip(datasets: list[Dataset]) -> dict[str, tuple[Dataset, SourceLayer]]:
    """List the layers of a zip by what they are offered as; a damaged part is offered too, to be told of."""
    found: dict[str, tuple[Dataset, SourceLayer]] = {}
    for dataset in datasets:
        try:
            layers = _find_loader(dataset.path).list_layers(dataset.path)
        except InputRefused:
            layers = [SourceLayer(dataset.path.stem, None, "mixed")]
        for layer in layers:
            name = layer.name if len(datasets) == 1 else dataset.label
            if len(datasets) > 1 and len(layers) > 1:
                name = f"{dataset.label}/{layer.name}"
            found[name] = (dataset, layer)
    return found

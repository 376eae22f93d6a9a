"""GeoPackage."""

from dataclasses import replace
from pathlib import Path

from etl.sources.maps.gdal import damaged, list_columns, list_layers, read_layer
from etl.sources.table import ChooseColumns, Table, choose_one


def read_geopackage(path: Path, source_layer: str | None, choose: ChooseColumns | None) -> Table:
    """Read one layer of a GeoPackage; columns not chosen are not even looked at.

    Raises:
        UnreadableFile: the file is damaged or empty.
        InputRefused: there are several layers to choose from.
    """
    with path.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            raise damaged(path.name)
    name = choose_one(path.name, "layer", list_layers(path, path.name), source_layer)
    if choose is None:
        return read_layer(path, path.name, name)
    columns = list_columns(path, path.name, name)
    table = read_layer(path, path.name, name, columns=list(choose(name, columns)))
    return replace(table, found=tuple(columns))

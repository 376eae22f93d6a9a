"""GeoPackage."""

from pathlib import Path

from etl.sources.gdal import damaged, list_layers, read_layer
from etl.sources.table import Table, choose_one


def read_geopackage(path: Path, source_layer: str | None = None) -> Table:
    """Read one layer of a GeoPackage.

    Raises:
        UnreadableFile: the file is damaged or empty.
        InputRefused: there are several layers to choose from.
    """
    with path.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            raise damaged(path.name)
    name = choose_one(path.name, "layer", list_layers(path, path.name), source_layer)
    return read_layer(path, path.name, name)

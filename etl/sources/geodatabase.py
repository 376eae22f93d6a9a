"""Formats of one file or folder that GDAL reads whole: FileGDB, MapInfo TAB and MIF, FlatGeobuf."""

from dataclasses import replace
from pathlib import Path

from etl.sources.gdal import damaged, describe_layers, list_columns, read_layer
from etl.sources.table import ChooseColumns, SourceLayer, Table, choose_one
from geo.errors import InputRefused

# What a file must begin with, lest GDAL takes it for something else.
_BEGINNINGS = {
    ".fgb": (b"fgb\x03",),
    ".tab": (b"!table", b"!Table"),
    ".mif": (b"Version", b"VERSION", b"version"),
}


def read_geodatabase(path: Path, source_layer: str | None, choose: ChooseColumns | None) -> Table:
    """Read one layer; columns not chosen are not even looked at.

    Raises:
        UnreadableFile: the file is damaged or empty.
        InputRefused: there are several layers to choose from, or a MapInfo table that only names others.
    """
    names = [layer.name for layer in list_geodatabase_layers(path)]
    name = choose_one(path.name, "layer", names, source_layer)
    if choose is None:
        return read_layer(path, path.name, name)
    columns = list_columns(path, path.name, name)
    table = read_layer(path, path.name, name, columns=list(choose(name, columns)))
    return replace(table, found=tuple(columns))


def list_geodatabase_layers(path: Path) -> list[SourceLayer]:
    """List the layers that hold rows.

    Raises:
        UnreadableFile: the file is damaged.
        InputRefused: it is a MapInfo table that only names others.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        if not any(path.glob("*.gdbtable")):
            message = f"{path.name} holds no tables of a FileGDB; copy the whole folder, or zip it."
            raise InputRefused(message)
    else:
        with path.open("rb") as file:
            head = file.read(2048).lstrip()
        if not head.startswith(_BEGINNINGS[suffix]):
            raise damaged(path.name)
        if suffix == ".tab" and b"isseamless" in head.lower():
            message = f"{path.name} only names other tables; import those one by one."
            raise InputRefused(message)
    return [layer for layer in describe_layers(path, path.name) if layer.rows != 0]

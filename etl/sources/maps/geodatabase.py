"""Formats of one file or folder that GDAL reads whole: FileGDB, MapInfo TAB and MIF, FlatGeobuf."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from etl.sources.archive import MAPINFO_PARTS
from etl.sources.maps.gdal import damaged, describe_layers, list_columns, read_layer, refuse_grids
from etl.sources.table import ChooseColumns, SourceLayer, Table, choose_one
from geo.errors import InputRefused

# What a file must begin with, lest GDAL takes it for something else.
_BEGINNINGS = {
    ".fgb": (b"fgb\x03",),
    ".tab": (b"!table", b"!Table"),
    ".mif": (b"Version", b"VERSION", b"version"),
}

# A MapInfo table that is made of others, wherever they lie.
_OF_OTHERS = re.compile(rb"isseamless|create\s+view|open\s+table", re.IGNORECASE)
_SYSTEMS_BYTES = 1 << 16
_NEUTRAL = re.compile(rb'(charset\s+"?)Neutral', re.IGNORECASE)


def read_geodatabase(path: Path, source_layer: str | None, choose: ChooseColumns | None) -> Table:
    """Read one layer; columns not chosen are not even looked at.

    Raises:
        UnreadableFile: the file is damaged or empty.
        InputRefused: there are several layers to choose from, or a MapInfo table that only names others.
    """
    names = [layer.name for layer in list_geodatabase_layers(path)]
    name = choose_one(path.name, "layer", names, source_layer)
    if path.suffix.lower() in MAPINFO_PARTS:
        with _name_charset(path) as copy:
            return replace(read_layer(copy, path.name), name=path.stem)
    if choose is None:
        return read_layer(path, path.name, name)
    columns = list_columns(path, path.name, name)
    table = read_layer(path, path.name, name, columns=list(choose(name, columns)))
    return replace(table, found=tuple(columns))


def list_geodatabase_layers(path: Path) -> list[SourceLayer]:
    """List the layers that hold rows.

    Raises:
        UnreadableFile: the file is damaged.
        InputRefused: it is a MapInfo table that only names others, or its coordinate system is defined by
            another file.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        parts = {part.suffix.lower() for part in path.iterdir()}
        # A folder with a table of MapInfo's in it GDAL takes for a folder of those.
        if ".gdbtable" not in parts or parts & {".tab", ".mif"}:
            message = f"{path.name} holds no tables of a FileGDB; copy the whole folder, or zip it."
            raise InputRefused(message)
        for part in path.glob("*.gdbtable"):
            _refuse_grids(part, path.name)
    else:
        with path.open("rb") as file:
            head = file.read(2048).lstrip()
            # What a table says of itself may stand anywhere in it.
            rest = file.read() if suffix == ".tab" else b""
        # A FileGDB is a folder, and never a file.
        if suffix not in _BEGINNINGS or not head.startswith(_BEGINNINGS[suffix]):
            raise damaged(path.name)
        if suffix == ".tab" and _OF_OTHERS.search(head + rest):
            message = f"{path.name} only names other tables; import those one by one."
            raise InputRefused(message)
        _refuse_grids(path, path.name)
        if suffix in MAPINFO_PARTS:
            with _name_charset(path) as copy:
                return [replace(layer, name=path.stem) for layer in describe_layers(copy, path.name)]
    return [layer for layer in describe_layers(path, path.name) if layer.rows != 0]


def _refuse_grids(path: Path, file_name: str) -> None:
    # Tables of coordinate systems are small, and other formats name theirs at the beginning.
    with path.open("rb") as file:
        refuse_grids(file.read(_SYSTEMS_BYTES), file_name)


@contextmanager
def _name_charset(path: Path) -> Iterator[Path]:
    """Copy a MapInfo table, naming the encoding of its text where it says that it has none in particular."""
    with tempfile.TemporaryDirectory() as folder:
        parts = [part for part in path.parent.iterdir() if part.stem == path.stem]
        parts = [part for part in parts if part.suffix.lower() in MAPINFO_PARTS]
        is_table = path.suffix.lower() == ".tab"
        holders = [part for part in parts if part.suffix.lower() == (".dat" if is_table else ".mid")]
        values = b"".join(part.read_bytes() for part in holders)
        # A .dat is a .dbf: its head, which says how long it is, holds names that may be cut.
        values = values[int.from_bytes(values[8:10], "little") :] if is_table else values
        try:
            values.decode()
            encoding, charset = "utf-8", "UTF-8"
        except UnicodeDecodeError:
            encoding, charset = "gb18030", "WindowsSimpChinese"
        for part in parts:
            copy = Path(folder, f"layer{part.suffix.lower()}")
            raw = part.read_bytes()
            if copy.suffix in {".mif", ".tab"} and _NEUTRAL.search(raw):
                # The names of columns stand in here, which the program may have cut inside a character.
                text = _NEUTRAL.sub(rf"\1{charset}".encode(), raw).decode(encoding, "replace")
                raw = text.encode(encoding)
            copy.write_bytes(raw)
        yield Path(folder, f"layer{path.suffix.lower()}")

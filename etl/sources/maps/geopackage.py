"""GeoPackage."""

import re
from dataclasses import replace
from pathlib import Path

import pyogrio

from etl.sources.maps.gdal import (
    damaged,
    describe_layers,
    explain_damage,
    list_columns,
    list_layers,
    read_layer,
    refuse_grids,
)
from etl.sources.table import ChooseColumns, SourceLayer, Table, choose_one
from geo.errors import InputRefused

_SCHEMA = "SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view') AND sql IS NOT NULL"
_SYSTEMS = "SELECT CAST(definition AS TEXT) AS definition FROM gpkg_spatial_ref_sys"
_VIEW = re.compile(r"\s*CREATE\s+(TEMP\w*\s+)?VIEW", re.IGNORECASE)
_COMPUTED = re.compile(r"\bAS\s*\(", re.IGNORECASE)
# What makes rows or bytes out of nothing, without end.
_ENDLESS = re.compile(r"\bWITH\b|\b(zeroblob|randomblob|printf|format)\W*\(", re.IGNORECASE)
# An index of places, or of words.
_VIRTUAL = re.compile(r"\s*CREATE\s+VIRTUAL\s+TABLE.+?\bUSING\W+(?!rtree\b|fts\d)", re.IGNORECASE | re.DOTALL)


def read_geopackage(path: Path, source_layer: str | None, choose: ChooseColumns | None) -> Table:
    """Read one layer of a GeoPackage; columns not chosen are not even looked at.

    Raises:
        UnreadableFile: the file is damaged or empty.
        InputRefused: there are several layers to choose from, a table is a program rather than rows, or a
            coordinate system is defined by another file.
    """
    _refuse_programs(path)
    name = choose_one(path.name, "layer", list_layers(path, path.name), source_layer)
    if choose is None:
        return read_layer(path, path.name, name)
    columns = list_columns(path, path.name, name)
    table = read_layer(path, path.name, name, columns=list(choose(name, columns)))
    return replace(table, found=tuple(columns))


def list_geopackage_layers(path: Path) -> list[SourceLayer]:
    """List the layers of a GeoPackage.

    Raises:
        UnreadableFile: the file is damaged.
        InputRefused: a table is a program rather than rows, or a coordinate system defined by another file.
    """
    _refuse_programs(path)
    return describe_layers(path, path.name)


def _refuse_programs(path: Path) -> None:
    """Refuse what would compute without end, or read another file, as soon as it is looked at."""
    with path.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3"):
            raise damaged(path.name)
    with explain_damage(path.name):
        schema = pyogrio.raw.read_arrow(path, sql=_SCHEMA)[1].to_pylist()
        systems = pyogrio.raw.read_arrow(path, sql=_SYSTEMS)[1].to_pylist()
    for system in systems:
        refuse_grids(str(system["definition"]), path.name)
    for entry in schema:
        said = str(entry["sql"])
        computes = _VIEW.match(said) or _COMPUTED.search(said)
        if _VIRTUAL.match(said) or (computes and _ENDLESS.search(said)):
            message = (
                f"“{str(entry['name'])[:40]}” in {path.name} is computed rather than stored; "
                "save its rows as a layer of their own and leave it out."
            )
            raise InputRefused(message)

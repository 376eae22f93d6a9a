"""GPX: waypoints, routes and tracks of a receiver or a phone."""

from dataclasses import replace
from pathlib import Path

from etl.sources.maps.gdal import describe_layers, read_layer
from etl.sources.maps.kml import comes_from_ovital
from etl.sources.table import SourceLayer, Table, choose_one
from etl.sources.tables.text import read_whole
from etl.sources.xml import read_text
from geo.errors import UnreadableFile

# The points of a route or a track are offered as lines; each by itself says nothing of a community.
_LAYERS = ("waypoints", "routes", "tracks")


def read_gpx(path: Path, source_layer: str | None = None) -> Table:
    """Read the waypoints, the routes or the tracks; columns that are empty throughout are left out.

    Raises:
        UnreadableFile: it is damaged or holds none of them.
        InputRefused: there are several kinds to choose from.
    """
    text, encoding = read_text(read_whole(path), path.name)
    names = [layer.name for layer in _describe(text, path.name)]
    if not names:
        message = f"{path.name} holds no waypoint, no route and no track."
        raise UnreadableFile(message)
    name = choose_one(path.name, "layer", names, source_layer)
    table = read_layer(text.encode(), path.name, name)
    declared = None if comes_from_ovital(text) else table.declared_crs
    return replace(
        table, rows=table.rows.dropna(axis="columns", how="all"), declared_crs=declared, encoding=encoding
    )


def list_gpx_layers(path: Path) -> list[SourceLayer]:
    """List which of waypoints, routes and tracks a GPX holds.

    Raises:
        UnreadableFile: it is damaged.
    """
    return _describe(read_text(read_whole(path), path.name)[0], path.name)


def _describe(text: str, file_name: str) -> list[SourceLayer]:
    return [layer for layer in describe_layers(text.encode(), file_name, _LAYERS, count=True) if layer.rows]

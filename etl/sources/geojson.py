"""GeoJSON, in any of the encodings it is met in."""

import re
from dataclasses import replace
from pathlib import Path

from etl.sources.gdal import damaged, read_layer
from etl.sources.table import Table
from etl.sources.text import decode
from geo.errors import UnreadableFile

_GEOJSON_TYPE = re.compile(
    r'"type"\s*:\s*"(Feature|FeatureCollection|GeometryCollection|(Multi)?(Point|LineString|Polygon))"'
)
_DECLARED_CRS = re.compile(r'"crs"\s*:\s*\{')


def read_geojson(path: Path) -> Table:
    """Read a FeatureCollection, a Feature or a bare geometry; values keep their JSON types.

    A file without the old ``crs`` member is WGS-84 by RFC 7946, but Chinese map services write GCJ-02 into
    such files: its ``declared_crs`` is None, and what to make of that is the caller's business.

    Raises:
        UnreadableFile: the file is damaged, empty, or JSON of another kind.
    """
    text, encoding = decode(path.read_bytes(), path.name)
    if not text.strip():
        message = f"{path.name} is empty."
        raise UnreadableFile(message)
    if not text.lstrip().startswith(("{", "[")):
        raise damaged(path.name)
    if not _GEOJSON_TYPE.search(text):
        message = f"{path.name} is JSON but not GeoJSON: it holds no features with a geometry."
        raise UnreadableFile(message)
    table = read_layer(text.encode(), path.name, DATE_AS_STRING="YES")
    declared = table.declared_crs if _DECLARED_CRS.search(text) else None
    return replace(table, name=path.stem, declared_crs=declared, encoding=encoding)

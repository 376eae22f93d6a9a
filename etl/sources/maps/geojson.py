"""GeoJSON and its kin (one feature a line, TopoJSON, Esri's JSON), in any encoding they are met in."""

import codecs
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from etl.sources.maps.gdal import damaged, describe_layers, read_layer
from etl.sources.shelf import find_present
from etl.sources.table import SourceLayer, Table, choose_one, refuse_columns
from etl.sources.tables.text import decode
from geo.crs import parse_crs
from geo.errors import InputRefused, UnknownDatum, UnreadableFile

_CHUNK_BYTES = 1 << 22
_TAIL_CHARACTERS = 1 << 16
_TYPE = re.compile(
    r'"type"\s*:\s*"(Feature|FeatureCollection|GeometryCollection|(Multi)?(Point|LineString|Polygon))"'
)
_TOPOLOGY = re.compile(r'"type"\s*:\s*"Topology"')
_ESRI = re.compile(r'"geometryType"\s*:\s*"esriGeometry|"spatialReference"\s*:\s*\{')
_NAME = re.compile(r'"([^"\\]{1,100})"\s*:')
_CRS = re.compile(r'"crs"\s*:\s*(\{.{0,600})', re.DOTALL)


def _spell(word: str) -> bytes:
    """Make a pattern of a word with any of its letters escaped."""
    return "".join(
        rf"(?:{letter}|\\u00{ord(letter):02x}|\\u00{ord(letter.upper()):02x})" for letter in word
    ).encode()


_CRS_KEY = re.compile(
    rb"[\"'](?:" + _spell("crs") + b"|" + _spell("spatialreference") + rb")[\"']", re.IGNORECASE
)
# Of what stands before a colon outside of a text, nothing ends in a letter; a comment may stand behind it.
_LINK = re.compile(
    rb"(?<![a-z]):\s*(?:/[*/]|[\"'](?:"
    + _spell("link")
    + b"|"
    + _spell("url")
    + rb"))|"
    # A system may be defined by a file of shifts, or by one of definitions.
    + rb"(?:"
    + b"|".join(map(_spell, ("grids", "init", "model", "proj")))
    + rb")\s*(?:=|\\u003d)|"
    + b"|".join(map(_spell, ("proj4_grids", "parameterfile"))),
    re.IGNORECASE,
)
_CRS_NAME = re.compile(r'"(?:name|code)"\s*:\s*"?([^",{}]+)')
_SHIFTED = {
    "gcj02": re.compile(r"gcj|火星|mars|高德|amap|腾讯", re.IGNORECASE),
    "bd09": re.compile(r"bd.?09|百度|baidu", re.IGNORECASE),
}
_PACKED = re.compile(r'"UTF8Encoding"\s*:\s*true|"encodeOffsets"\s*:\s*\[', re.IGNORECASE)
_ALIAS = re.compile(r'"name"\s*:\s*"([^"]{1,100})"[^{}]{0,200}?"alias"\s*:\s*"([^"]{1,100})"')
# What Overpass turbo exports: “building” says what kind of one it is, not which.
_OSM_NAMES = {"@id": "osm_id", "building": "building type"}
# Two numbers at the beginning of a list, each as a text.
_COORDINATES = re.compile(r'\\?"coordinates\\?"\s*:\s*\[\s*[^\]\s]')
_TEXT_PAIR = re.compile(rb'\[\s*"(-?\d+(?:\.\d+)?)"\s*,\s*"(-?\d+(?:\.\d+)?)"')
_FEATURE_TYPES = {"Feature", "FeatureCollection"}
_MOST_DEPTH = 3


@dataclass(frozen=True)
class _Content:
    """A JSON file made ready for GDAL.

    Attributes:
        source: the file itself where it is UTF-8 as it stands, its text anew where it is not.
        encoding: the encoding it was in.
        head: the beginning and the end of its text, where what it says of itself stands.
        lines: how many lines hold a feature each; 0 for JSON in one piece.
    """

    source: Path | bytes
    encoding: str
    head: str
    lines: int


def read_geojson(path: Path, source_layer: str | None = None) -> Table:
    """Read features or bare geometries; values keep their JSON types.

    A file without the old ``crs`` member is WGS-84 by RFC 7946, but Chinese map services write GCJ-02 into
    such files: its ``declared_crs`` is None, and what to make of that is the caller's business. A ``crs``
    member that names GCJ-02 or BD-09 is taken at its word.

    Raises:
        UnreadableFile: the file is damaged, empty, or JSON of another kind.
        InputRefused: a TopoJSON has several layers to choose from, or the coordinates are packed.
    """
    content = _look_into(path)
    if _PACKED.search(content.head):
        message = (
            f"{path.name} holds coordinates that are packed for charts (ECharts), which are not read: "
            "take the plain GeoJSON of the same map."
        )
        raise InputRefused(message)
    warnings: list[str] = []
    layer = None
    if _TOPOLOGY.search(content.head):
        layers = describe_layers(content.source, path.name)
        layer = choose_one(path.name, "layer", [each.name for each in layers], source_layer)
    try:
        table = read_layer(content.source, path.name, layer, DATE_AS_STRING="YES")
    except UnreadableFile:
        inner = _find_features(content.source)
        if inner is None:
            raise
        table = read_layer(inner, path.name, DATE_AS_STRING="YES")
    if not _has_places(table) and (numbers := _find_numbers(content.source)) is not None:
        table = read_layer(numbers, path.name, layer, DATE_AS_STRING="YES")
    if not _has_places(table) and _COORDINATES.search(content.head):
        message = (
            f"{path.name} holds coordinates in another form than GeoJSON has for their shapes, so that not "
            "one can be read; export it again from where it came."
        )
        raise UnreadableFile(message)
    if content.lines > len(table.row_numbers):
        lost = content.lines - len(table.row_numbers)
        note = f"{lost:,} lines of {path.name} are no features and were left out."
        warnings.append(note)
    if content.encoding == "mixed":
        note = f"{path.name} mixes UTF-8 and GB18030; each text was read as what it is."
        warnings.append(note)
    table = _rename_columns(table, content.head)
    declared, doubt = _read_crs(content.head, table.declared_crs, path.name)
    if doubt:
        warnings.append(doubt)
    return replace(
        table,
        name=layer or path.stem,
        declared_crs=declared,
        encoding=content.encoding,
        warnings=(*table.warnings, *warnings),
    )


def _rename_columns(table: Table, head: str) -> Table:
    """Call columns by what people know them by: by an Esri file's aliases, and OpenStreetMap's tags alike."""
    names: dict[str, str] = {}
    if _ESRI.search(head):
        for name, alias in _ALIAS.findall(head):
            # A name in another script is for people; one in the same is often the name again.
            if not alias.isascii() and alias not in names.values():
                names[name] = alias
    if "@id" in table.rows:
        names |= _OSM_NAMES
    names = {name: new for name, new in names.items() if name in table.rows and new not in table.rows}
    if not names:
        return table
    return replace(
        table,
        rows=table.rows.rename(columns=names),
        found=tuple(names.get(name, name) for name in table.found),
    )


def list_geojson_layers(path: Path) -> list[SourceLayer]:
    """List the objects of a TopoJSON, or the one layer of any other GeoJSON.

    Raises:
        UnreadableFile: the file is damaged, empty, or JSON of another kind.
    """
    content = _look_into(path)
    if _TOPOLOGY.search(content.head):
        return describe_layers(content.source, path.name)
    return [SourceLayer(path.stem, content.lines or None, "mixed")]


def is_geojson(path: Path) -> bool:
    """Whether a JSON file says at its beginning that it holds shapes."""
    with path.open("rb") as file:
        text = file.read(_CHUNK_BYTES).decode("utf-8", "ignore").replace("\0", "")
    return any(mark.search(text) for mark in (_TYPE, _TOPOLOGY, _ESRI))


def _look_into(path: Path) -> _Content:
    """Find out what a JSON file is, in pieces as long as it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    head, tail, lines, is_geographic = "", "", 0, False
    with path.open("rb") as file:
        start = file.read(4)
        is_utf8 = not start.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        file.seek(0)
        try:
            for chunk in iter(lambda: file.read(_CHUNK_BYTES), b""):
                text = decoder.decode(chunk)
                head = head or text
                is_geographic = is_geographic or _is_geographic(tail[-200:] + text)
                lines += chunk.count(b"\n")
                tail = (tail + text)[-_TAIL_CHARACTERS:]
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    encoding = "utf-8"
    source: Path | bytes = path
    if not is_utf8:
        head, encoding = _decode(path.read_bytes(), path.name)
        source, tail, is_geographic = head.encode(), head[-_TAIL_CHARACTERS:], _is_geographic(head)
        lines = head.count("\n")
    if not head.strip():
        message = f"{path.name} is empty."
        raise UnreadableFile(message)
    if not head.lstrip(" \t\r\n\x1e").startswith(("{", "[")):
        raise damaged(path.name)
    if not is_geographic:
        message = f"{path.name} is JSON but not GeoJSON: it holds no features with a geometry."
        raise UnreadableFile(message)
    # GDAL takes minutes over thousands of different names.
    refuse_columns(len(set(_NAME.findall(head[:_CHUNK_BYTES]))) // 2, path.name)
    by_line = _is_by_line(head)
    if by_line:
        lines = sum(1 for _ in _iterate_lines(source))
    return _Content(_unlink(source), encoding, head[:_CHUNK_BYTES] + tail, lines if by_line else 0)


def _unlink(source: Path | bytes) -> Path | bytes:
    """Rename the coordinate systems of a file of which one may name another file, for GDAL would open it."""
    if isinstance(source, bytes):
        is_linked = _CRS_KEY.search(source) and _LINK.search(source)
    else:
        with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole:
            is_linked = _CRS_KEY.search(whole) and _LINK.search(whole)
    if not is_linked:
        return source
    return _CRS_KEY.sub(b'"_crs"', source if isinstance(source, bytes) else source.read_bytes())


def _is_geographic(text: str) -> bool:
    return any(mark.search(text) for mark in (_TYPE, _TOPOLOGY, _ESRI))


def _decode(raw: bytes, file_name: str) -> tuple[str, str]:
    """Decode a text that is not UTF-8 throughout; where texts of one file differ, each by itself."""
    try:
        return decode(raw, file_name)
    except UnreadableFile:
        # A quotation mark is never a part of a Chinese character, in neither encoding.
        parts = raw.split(b'"')
    try:
        decoded = [_decode_part(part) for part in parts]
    except UnicodeDecodeError:
        raise damaged(file_name) from None
    return '"'.join(decoded), "mixed"


def _decode_part(part: bytes) -> str:
    try:
        return part.decode()
    except UnicodeDecodeError:
        return part.decode("gb18030")


def _is_by_line(head: str) -> bool:
    first, _, rest = head.strip(" \t\r\n\x1e").partition("\n")
    if not rest.strip() or not rest.lstrip(" \t\r\n\x1e").startswith("{"):
        return False
    try:
        return isinstance(orjson.loads(first), dict)
    except orjson.JSONDecodeError:
        return False


def _iterate_lines(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from (line for line in source.splitlines() if line.strip(b" \t\x1e"))
        return
    with source.open("rb") as file:
        yield from (line for line in file if line.strip(b" \t\r\n\x1e"))


def _find_features(source: Path | bytes) -> bytes | None:
    """Find the features in JSON that wraps them in something of its own, or lists them bare."""
    try:
        content = orjson.loads(source if isinstance(source, bytes) else source.read_bytes())
    except orjson.JSONDecodeError:
        return None
    found = _search(content, _MOST_DEPTH)
    try:
        return None if found is None else orjson.dumps(found)
    except orjson.JSONEncodeError:  # it is nested deeper than any feature
        return None


def _has_places(table: Table) -> bool:
    if table.points is not None:
        return bool(np.isfinite(table.points).any())
    return table.shapes is not None and bool(find_present(table.shapes).any())


def _find_numbers(source: Path | bytes) -> bytes | None:
    """Make numbers of coordinates that a program has written as texts; None where there are none."""
    raw = source if isinstance(source, bytes) else source.read_bytes()
    mended, count = _TEXT_PAIR.subn(rb"[\1,\2", raw)
    return mended if count else None


def _search(content: Any, depth: int) -> Any:
    if isinstance(content, dict):
        kind = content.get("type")
        if isinstance(kind, str) and kind in _FEATURE_TYPES:
            return content
        values = list(content.values())
    elif isinstance(content, list):
        features = [each for each in content if isinstance(each, dict) and each.get("type") == "Feature"]
        if features:
            return {"type": "FeatureCollection", "features": features}
        values = content[:10]
    else:
        return None
    return next((found for value in values if depth and (found := _search(value, depth - 1))), None)


def _read_crs(head: str, found: str | None, file_name: str) -> tuple[str | None, str | None]:
    """Read what a file says of its coordinates, and what there is to say about that."""
    member = _CRS.search(head)
    if member is None:
        return (found if _ESRI.search(head) else None), None
    name = _CRS_NAME.search(member.group(1))
    if name is None:
        return None, None
    said = name.group(1).strip()
    for shifted, pattern in _SHIFTED.items():
        if pattern.search(said):
            return shifted, None
    try:
        known = parse_crs(said).name
    except UnknownDatum:
        warning = (
            f"{file_name} names a coordinate system that is not known (“{said[:40]}”); it was not heeded."
        )
        return None, warning
    if "CRS84" in said.upper():
        return "EPSG:4326", None
    return (known if known.startswith("EPSG:") else said), None

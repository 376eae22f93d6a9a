"""KML, KMZ and their kin from 奥维: every folder is a layer, with all that lies below it.

GDAL is not asked: its KML reader writes underscores for Chinese names of values and refuses GBK.
"""

import re
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from lxml import html  # type: ignore[import-untyped]  # lxml comes without types
from lxml.etree import ParserError  # type: ignore[import-untyped]

from etl.sources.archive import unpack
from etl.sources.table import Rejection, SourceLayer, Table, choose_one, refuse_columns
from etl.sources.tables.text import read_whole
from etl.sources.xml import iterate_elements, read_text
from geo.errors import InputRefused, UnreadableFile

_OVITAL_ENDINGS = (".ovkml", ".ovkmz")
# 奥维 writes GCJ-02 into KML since version 9.3 and does not say so.
_OVITAL_TRACE = re.compile(r"ovital|奥维|\bomap", re.IGNORECASE)
_ZIP_MAGIC = b"PK\x03\x04"
_MOST_DEPTH = 200

_CONTAINERS = {"Document", "Folder"}
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack", "Model"}
_JOINED: dict[str, Any] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
}
_TIMES = {"when": "time", "begin": "begin", "end": "end"}


@dataclass
class _Folder:
    name: str
    path: tuple["_Folder", ...]
    placemarks: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Placemark:
    values: dict[str, str]
    shape: Any
    problem: str | None
    folder: _Folder


@dataclass(frozen=True)
class _Document:
    placemarks: list[_Placemark]
    folders: list[_Folder]
    links: int
    is_ovital: bool
    encoding: str


def read_kml(path: Path, source_layer: str | None = None) -> Table:
    """Read the placemarks of one folder and of what lies below it; heights are left out.

    What ``ExtendedData`` or a table in the description says becomes columns. Plain KML is WGS-84 by its
    standard; files of 奥维 are GCJ-02 without saying so, and their ``declared_crs`` is None.

    Raises:
        UnreadableFile: it is damaged or holds no placemarks.
        InputRefused: there are several folders to choose from.
    """
    document = _read_document(path)
    layers = _offer_folders(document, path)
    name = choose_one(path.name, "layer", list(layers), source_layer)
    chosen = [document.placemarks[position] for position in layers[name]]
    lost = np.array([placemark.problem is not None for placemark in chosen])
    numbers = np.arange(1, len(chosen) + 1, dtype=np.int64)
    sound = [placemark for placemark in chosen if placemark.problem is None]
    warnings = []
    if document.is_ovital:
        warning = (
            f"{path.name} comes from 奥维, which since version 9.3 writes GCJ-02 into such files "
            "without saying so."
        )
        warnings.append(warning)
    if document.links:
        note = f"{path.name} links to {document.links:,} other files, which were not fetched."
        warnings.append(note)
    return Table(
        name=name,
        rows=_tabulate(sound, path.name),
        row_numbers=numbers[~lost],
        shapes=np.array([placemark.shape for placemark in sound], dtype=object),
        declared_crs=None if document.is_ovital else "EPSG:4326",
        encoding=document.encoding,
        unreadable=tuple(
            Rejection(int(number), None, placemark.problem)
            for number, placemark in zip(numbers, chosen, strict=True)
            if placemark.problem is not None
        ),
        warnings=tuple(warnings),
    )


def list_kml_layers(path: Path) -> list[SourceLayer]:
    """List the folders of a KML or KMZ.

    Raises:
        UnreadableFile: it is damaged or holds no placemarks.
    """
    document = _read_document(path)
    layers = []
    for name, positions in _offer_folders(document, path).items():
        shapes = [document.placemarks[position].shape for position in positions]
        layers.append(SourceLayer(name, len(positions), _name_kind(shapes)))
    return layers


def comes_from_ovital(text: str) -> bool:
    """Whether a file carries traces of 奥维, whose coordinates are GCJ-02 whatever the standard says."""
    return bool(_OVITAL_TRACE.search(text))


def _name_kind(shapes: Iterable[Any]) -> str:
    kinds = {
        {0: "points", 4: "points", 1: "lines", 2: "lines", 5: "lines", 3: "outlines", 6: "outlines"}.get(
            shapely.get_type_id(shape), "mixed"
        )
        for shape in shapes
        if shape is not None
    }
    return "table" if not kinds else kinds.pop() if len(kinds) == 1 else "mixed"


def _read_document(path: Path) -> _Document:
    with path.open("rb") as file:
        is_packed = file.read(4) == _ZIP_MAGIC
    with unpack(path, (".kml", ".ovkml")) if is_packed else nullcontext() as datasets:
        # The first KML of a KMZ is the one that is shown.
        text, encoding = read_text(read_whole(datasets[0].path if datasets else path), path.name)
    is_ovital = path.suffix.lower() in _OVITAL_ENDINGS or comes_from_ovital(text)
    root = _Folder(path.stem, ())
    stack: list[_Folder] = [root]
    folders, links, depth = [root], 0, 0
    placemarks: list[_Placemark] = []
    for event, element, tag in iterate_elements(text, path.name):
        depth += 1 if event == "start" else -1
        if depth > _MOST_DEPTH:
            message = f"{path.name} is nested deeper than any map program writes; it was left alone."
            raise InputRefused(message)
        if event == "start" and tag in _CONTAINERS:
            folder = _Folder("", tuple(stack))
            stack.append(folder)
            folders.append(folder)
        elif event == "end" and tag in _CONTAINERS and len(stack) > 1:
            stack.pop()
            element.clear()
        elif event == "end" and tag == "name":
            parent = element.getparent()
            if parent is not None and _strip(parent.tag) in _CONTAINERS:
                stack[-1].name = " ".join((element.text or "").split())
        elif event == "end" and tag == "Placemark":
            stack[-1].placemarks.append(len(placemarks))
            placemarks.append(_read_placemark(element, stack[-1]))
            element.clear()
        elif event == "end" and tag == "NetworkLink":
            links += 1
    if not placemarks:
        message = f"{path.name} holds no placemarks."
        raise UnreadableFile(message)
    return _Document(placemarks, folders, links, is_ovital, encoding)


def _offer_folders(document: _Document, path: Path) -> dict[str, list[int]]:
    """Offer every folder with all that lies below it, except as one in it does."""
    below: dict[int, list[int]] = {id(folder): [] for folder in document.folders}
    for folder in document.folders:
        for holder in (*folder.path, folder):
            below[id(holder)] += folder.placemarks
    offered: dict[str, list[int]] = {}
    seen: set[tuple[int, ...]] = set()
    # Deepest first, so that of folders alike the innermost name stays.
    for folder in sorted(document.folders, key=lambda each: -len(each.path)):
        positions = sorted(below[id(folder)])
        if not positions or tuple(positions) in seen:
            continue
        seen.add(tuple(positions))
        base = "/".join(each.name for each in (*folder.path[2:], folder) if each.name) or path.stem
        name, repeat = base, 2
        while name in offered:
            name, repeat = f"{base} ({repeat})", repeat + 1
        offered[name] = positions
    return dict(sorted(offered.items(), key=lambda each: (each[1][0], -len(each[1]))))


def _tabulate(placemarks: list[_Placemark], file_name: str) -> pd.DataFrame:
    columns: dict[str, None] = {}
    for placemark in placemarks:
        columns.update(dict.fromkeys(placemark.values))
    refuse_columns(len(columns), file_name)
    rows = {
        column: pd.Series([placemark.values.get(column, "") for placemark in placemarks], dtype="str")
        for column in columns
    }
    if len({id(placemark.folder) for placemark in placemarks}) > 1:
        names = [placemark.folder.name for placemark in placemarks]
        rows["folder"] = pd.Series(names, dtype="str")
    return pd.DataFrame(rows)


def _strip(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _read_placemark(element: Any, folder: _Folder) -> _Placemark:
    values: dict[str, str] = {}
    shape, problem = None, None
    for child in element:
        tag = _strip(child.tag)
        if tag == "name":
            values["name"] = " ".join((child.text or "").split())
        elif tag == "description":
            values |= {name: said for name, said in _read_description(child).items() if name not in values}
        elif tag in {"address", "phoneNumber"}:
            values[tag] = (child.text or "").strip()
        elif tag in {"TimeStamp", "TimeSpan"}:
            times = {_TIMES.get(_strip(time.tag), ""): time.text or "" for time in child}
            values |= {name: time for name, time in times.items() if name}
        elif tag == "ExtendedData":
            values |= _read_extended_data(child)
        elif tag in _SHAPES and shape is None:
            try:
                shape = _read_shape(child, tag)
            except (ValueError, shapely.errors.GEOSException):
                problem = "its coordinates cannot be read"
    return _Placemark(values, shape, problem, folder)


def _read_extended_data(element: Any) -> dict[str, str]:
    said: dict[str, str] = {}
    for entry in element.iter():
        tag, name = _strip(entry.tag), entry.get("name")
        if tag == "SimpleData" and name:
            said[name] = (entry.text or "").strip()
        elif tag == "Data" and name:
            said[name] = "".join(value.text or "" for value in entry if _strip(value.tag) == "value").strip()
    return said


def _read_description(element: Any) -> dict[str, str]:
    """Read a description: its words, and what a table of two columns in it says, as ArcGIS writes them."""
    text = "".join(element.itertext()).strip()
    if "<" not in text:
        return {"description": text} if text else {}
    try:
        tree = html.fromstring(text)
    except (ParserError, ValueError):
        return {"description": text}
    said: dict[str, str] = {}
    for row in tree.iter("tr"):
        cells = [cell for cell in row if cell.tag in {"td", "th"}]
        if len(cells) == 2 and not any(True for cell in cells for _ in cell.iter("table")):
            name, value = (" ".join(cell.text_content().split()) for cell in cells)
            said.setdefault(name, value)
    said.pop("", None)
    return {"description": "" if said else " ".join(tree.text_content().split()), **said}


def _read_shape(element: Any, tag: str) -> Any:
    match tag:
        case "Point":
            positions = _read_coordinates(element)
            return shapely.Point(positions[0]) if positions else None
        case "LineString" | "LinearRing":
            positions = _read_coordinates(element)
            return shapely.LineString(positions) if positions else None
        case "Polygon":
            rings = [
                (_strip(boundary.tag), positions)
                for boundary in element
                if _strip(boundary.tag) in {"outerBoundaryIs", "innerBoundaryIs"}
                for ring in boundary
                if (positions := _read_coordinates(ring))
            ]
            outer = [positions for side, positions in rings if side == "outerBoundaryIs"]
            holes = [positions for side, positions in rings if side == "innerBoundaryIs"]
            return shapely.Polygon(outer[0], holes) if outer else None
        case "Track":
            track = [entry.text for entry in element if _strip(entry.tag) == "coord"]
            positions = [_read_position((text or "").split()) for text in track]
            return shapely.LineString(positions) if positions else None
        case "Model":
            place = {_strip(entry.tag): entry.text or "" for entry in element.iter()}
            return shapely.Point(_read_position([place.get("longitude", ""), place.get("latitude", "")]))
    return _join([_read_shape(child, name) for child in element if (name := _strip(child.tag)) in _SHAPES])


def _join(parts: list[Any]) -> Any:
    parts = [part for part in parts if part is not None]
    if len(parts) <= 1:
        return parts[0] if parts else None
    kinds = {part.geom_type for part in parts}
    return _JOINED.get(kinds.pop() if len(kinds) == 1 else "", shapely.GeometryCollection)(parts)


def _read_coordinates(element: Any) -> list[tuple[float, float]]:
    texts = [entry.text or "" for entry in element.iter() if _strip(entry.tag) == "coordinates"]
    positions = re.sub(r"\s*,\s*", ",", " ".join(texts)).split()
    return [_read_position(position.split(",")) for position in positions]


def _read_position(numbers: list[str]) -> tuple[float, float]:
    lon, lat = (float(number) for number in numbers[:2])
    if not np.isfinite([lon, lat]).all():
        raise ValueError
    return lon, lat

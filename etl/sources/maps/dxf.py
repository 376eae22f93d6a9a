"""DXF drawings: a drawing's layers as ours, its texts as labels of the outlines they stand in."""

import logging
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from ezdxf import recover
from ezdxf.document import Drawing
from ezdxf.filemanagement import readfile

from etl.sources.maps.dxf_shapes import Label, Piece, Pieces, take_apart
from etl.sources.maps.gdal import damaged
from etl.sources.table import SourceLayer, Table, choose_one
from geo.errors import InputRefused, UnreadableFile

# A drawing takes some sixteen times its size in memory.
_MOST_BYTES = 48 << 20
_MOST_LABELS = 5
_MOST_TAGS = 100
_UNITS_M = {1: 0.0254, 2: 0.3048, 4: 0.001, 5: 0.01, 6: 1.0, 7: 1000.0, 14: 0.1}
# Northings of China, in metres.
_NORTHINGS_M = (300_000.0, 6_200_000.0)
_SOLIDS = {"REGION", "3DSOLID", "BODY", "SURFACE", "MESH", "ACAD_PROXY_ENTITY"}
_BINARY_MAGIC = b"AutoCAD Binary DXF"
_ZIP_MAGIC = b"PK\x03\x04"
_KINDS = {0: "points", 1: "lines", 3: "outlines", 6: "outlines"}


def read_dxf(path: Path, source_layer: str | None = None) -> Table:
    """Read one layer of a drawing; a damaged drawing is repaired as far as it goes, with a note.

    Outlines are closed polylines, those whose ends nearly meet, rings of loose lines, circles and hatchings.
    ``name`` is the largest text that stands in an outline and in none smaller, ``texts`` are all of them. A
    drawing names no coordinate system.

    Raises:
        UnreadableFile: it is no drawing, or has nothing in it.
        InputRefused: it is too large, or there are several layers to choose from.
    """
    drawing, encoding, is_damaged = _open(path)
    found = _take_apart(drawing, path.name)
    layers = _group(found.pieces)
    name = choose_one(path.name, "layer", list(layers), source_layer)
    pieces, joined = _join_lines(layers[name])
    scale_m, note = _find_scale(drawing, pieces)
    warnings = [note] if note else []
    if is_damaged:
        note = f"{path.name} is damaged; what could be saved of it was read."
        warnings.append(note)
    if found.closed[name]:
        note = f"{found.closed[name]:,} outlines of {name} were not quite closed, and were closed."
        warnings.append(note)
    if joined:
        note = f"{joined:,} outlines of {name} were put together from loose lines."
        warnings.append(note)
    solids = sum(found.skipped[kind] for kind in _SOLIDS)
    if solids:
        note = (
            f"{solids:,} objects of {path.name} are of kinds we do not read; explode them in the CAD program."
        )
        warnings.append(note)
    shapes = np.array([piece.shape for piece in pieces], dtype=object)
    rows = pd.DataFrame(
        {
            "layer": [piece.layer for piece in pieces],
            "entity": [piece.kind for piece in pieces],
            "handle": [piece.handle for piece in pieces],
            "colour": [piece.colour for piece in pieces],
        }
    )
    tags = dict.fromkeys(tag for piece in pieces for tag in piece.values)
    for tag in list(tags)[:_MOST_TAGS]:
        rows[tag] = pd.Series([piece.values.get(tag, "") for piece in pieces], dtype="str")
    labels, texts = _label(shapes, found.labels)
    if any(labels):
        rows["name"], rows["texts"] = pd.Series(labels, dtype="str"), pd.Series(texts, dtype="str")
    if scale_m != 1:
        shapes = shapely.transform(shapes, lambda xy: xy * scale_m)
    return Table(
        name=name,
        rows=rows,
        row_numbers=np.arange(1, len(rows) + 1, dtype=np.int64),
        shapes=shapes,
        encoding=encoding,
        warnings=tuple(warnings),
    )


def list_dxf_layers(path: Path) -> list[SourceLayer]:
    """List the layers of a drawing that have shapes on them.

    Raises:
        UnreadableFile: it is no drawing, or has nothing in it.
        InputRefused: it is too large.
    """
    drawing, _, _ = _open(path)
    layers = []
    for name, pieces in _group(_take_apart(drawing, path.name).pieces).items():
        kinds = Counter(
            _KINDS.get(shapely.get_type_id(piece.shape), "mixed") for piece in _join_lines(pieces)[0]
        )
        layers.append(SourceLayer(name, kinds.total(), next(iter(kinds)) if len(kinds) == 1 else "mixed"))
    return layers


def _open(path: Path) -> tuple[Drawing, str, bool]:
    """Open a drawing; also tell its encoding, and whether it had to be repaired."""
    logging.getLogger("ezdxf").setLevel(logging.CRITICAL)  # What it says of faults, we say in a sentence.
    if path.stat().st_size > _MOST_BYTES:
        message = (
            f"{path.name} is larger than {_MOST_BYTES >> 20} MB; delete the layers that are not needed, "
            "or export the others one by one."
        )
        raise InputRefused(message)
    raw = path.read_bytes()
    if not raw.startswith(_BINARY_MAGIC) and not re.search(rb"^\s*SECTION\s*$", raw[: 1 << 16], re.MULTILINE):
        raise damaged(path.name)
    try:
        try:
            encoding = _find_encoding(raw)
            drawing = readfile(path, encoding=encoding)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - as below
            drawing, _ = recover.readfile(path)
            return drawing, drawing.encoding, True
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a parser in Python fails in any way on what strangers send
        raise damaged(path.name) from None
    return drawing, encoding or drawing.encoding, False


def _find_encoding(raw: bytes) -> str | None:
    """Find the encoding of a drawing that declares none, or Western Europe's as most programs do."""
    if raw.startswith(_BINARY_MAGIC) or raw.isascii():
        return None
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        # In GB 2312 every character is two high bytes, in Western Europe's codes they stand alone.
        declares_chinese = b"ANSI_936" in raw[:4096]
        is_paired = all(len(run) % 2 == 0 for run in re.findall(rb"[\x80-\xff]+", raw))
        return "gb18030" if declares_chinese or is_paired else None
    return "utf-8"


def _take_apart(drawing: Drawing, file_name: str) -> Pieces:
    try:
        found = take_apart(drawing.modelspace())
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - as in opening it
        raise damaged(file_name) from None
    if found.too_many:
        message = f"{file_name} draws more than half a million things; delete the layers that are not needed."
        raise InputRefused(message)
    if not found.pieces:
        message = f"{file_name} has nothing in its model space that has an outline, a line or a point."
        raise UnreadableFile(message)
    return found


def _group(pieces: list[Piece]) -> dict[str, list[Piece]]:
    """Group what a drawing shows by layer; an outline that is drawn and hatched counts once."""
    layers: dict[str, dict[bytes, Piece]] = {}
    for piece in pieces:
        key = shapely.to_wkb(shapely.normalize(shapely.set_precision(piece.shape, 1e-6, mode="pointwise")))
        layers.setdefault(piece.layer, {}).setdefault(key, piece)
    return {name: list(unique.values()) for name, unique in layers.items()}


def _join_lines(pieces: list[Piece]) -> tuple[list[Piece], int]:
    """Join loose lines that close to a ring and meet nothing else there; also count the rings."""
    lines = [piece for piece in pieces if piece.shape.geom_type == "LineString"]
    merged = shapely.get_parts(shapely.line_merge(shapely.MultiLineString([piece.shape for piece in lines])))
    junctions = {
        corner for line in merged if not line.is_ring for corner in (line.coords[0], line.coords[-1])
    }
    closed = [line.is_ring and line.coords[0] not in junctions for line in merged]
    if not any(closed):
        return pieces, 0
    rings = [shapely.Polygon(line) for line, is_closed in zip(merged, closed, strict=True) if is_closed]
    first = lines[0]
    others = [piece for piece in pieces if piece.shape.geom_type != "LineString"]
    open_lines = [line for line, is_closed in zip(merged, closed, strict=True) if not is_closed]
    drawn = [Piece(first.layer, "LINE", "", first.colour, shape) for shape in (*rings, *open_lines)]
    return [*others, *drawn], len(rings)


def _find_scale(drawing: Drawing, pieces: list[Piece]) -> tuple[float, str | None]:
    """Find how many metres a unit is: as the drawing says, unless its numbers are metres already."""
    declared = int(drawing.header.get("$INSUNITS", 0))
    scale_m = _UNITS_M.get(declared, 1.0)
    if scale_m == 1:
        return 1.0, None
    bounds = shapely.bounds([piece.shape for piece in pieces])
    largest = float(np.median(np.abs(bounds).max(axis=1)))
    if _NORTHINGS_M[0] <= largest * scale_m <= 50 * _NORTHINGS_M[1] and largest > 50 * _NORTHINGS_M[1]:
        note = f"The drawing is in units of {scale_m:g} m and was brought to metres."
        return scale_m, note
    note = (
        f"The drawing says that its unit is {scale_m:g} m, but its numbers are like metres; taken as metres."
    )
    return 1.0, note


def _label(shapes: npt.NDArray[Any], labels: list[Label]) -> tuple[list[str], list[str]]:
    """Find the texts of each outline: the largest, and all."""
    inside: list[list[Label]] = [[] for _ in shapes]
    areas = np.flatnonzero(np.isin(shapely.get_type_id(shapes), (3, 6)))
    if len(areas) and labels:
        places = shapely.points([(label.x, label.y) for label in labels])
        asked, met = shapely.STRtree(shapes[areas]).query(places, predicate="intersects")
        holders = areas[met]
        # The smallest outline around a text is the one it means.
        order = np.lexsort((shapely.area(shapes[holders]), asked))
        _, first = np.unique(asked[order], return_index=True)
        for position in order[first]:
            inside[holders[position]].append(labels[asked[position]])
    ranked = [sorted(texts, key=lambda label: (-label.height, -label.y, label.x)) for texts in inside]
    return (
        [texts[0].text if texts else "" for texts in ranked],
        ["、".join(dict.fromkeys(label.text for label in texts[:_MOST_LABELS])) for texts in ranked],
    )

"""Shapes and texts out of a drawing: blocks taken apart, arcs and splines flattened, areas closed."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import ezdxf.path
import numpy as np
import shapely
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.insert import Insert
from ezdxf.lldxf.encoding import decode_dxf_unicode

# A circle becomes some fifty corners: a thousandth of its size off at most.
_FLATTENING_SHARE = 1e-3
# An outline whose ends lie closer than this share of its length was meant to be closed.
_CLOSING_SHARE = 0.01
_MOST_ENTITIES = 500_000
# What blocks draw is moved to its place one by one, which takes longer than to read it.
_MOST_COPIES = 100_000
_MOST_DEPTH = 16

_AREAS = {"CIRCLE", "HATCH", "MPOLYGON", "SOLID", "TRACE", "3DFACE"}
_CURVES = {"LINE", "LWPOLYLINE", "POLYLINE", "ARC", "ELLIPSE", "SPLINE", "HELIX"}
_BLOCKS = {"INSERT"}
_TEXTS = {"TEXT", "MTEXT", "ATTRIB", "ATTDEF"}


@dataclass(frozen=True)
class Piece:
    """One thing of a drawing, in its own units."""

    layer: str
    kind: str
    handle: str
    colour: int
    shape: Any
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Label:
    """A text of a drawing and where it stands, in the drawing's units."""

    text: str
    x: float
    y: float
    height: float


@dataclass
class Pieces:
    """All that a drawing shows.

    Attributes:
        pieces: what has a shape.
        labels: its texts.
        closed: how many outlines were closed, by layer.
        skipped: how many things of a kind have no shape we read.
        too_many: whether it holds more than fits; what was read is not all.
    """

    pieces: list[Piece] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    closed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    too_many: bool = False


def take_apart(entities: Iterable[DXFGraphic]) -> Pieces:
    """Take a drawing's model space apart."""
    found = Pieces()
    copies = 0
    for count, (entity, layer, values) in enumerate(_expand(entities, None, {}, 0)):
        copies += entity.is_virtual
        if count >= _MOST_ENTITIES or copies >= _MOST_COPIES:
            found.too_many = True
            break
        try:
            _take(found, entity, layer, values)
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - the library fails in any way on damaged values; the rest is sound
            found.skipped[entity.dxftype()] += 1
    return found


def _expand(
    entities: Iterable[DXFGraphic], holder: str | None, values: dict[str, str], depth: int
) -> Iterator[tuple[DXFGraphic, str, dict[str, str]]]:
    """Go through entities and what their blocks are made of; what a block draws on layer 0 is on its own.

    A block's attributes are the values of what it draws, or of its place if it draws nothing.
    """
    for entity in entities:
        layer = decode_text(entity.dxf.get("layer", "0")) if entity.dxf.is_supported("layer") else "0"
        if holder is not None and layer == "0":
            layer = holder
        if not isinstance(entity, Insert):
            yield entity, layer, values
            continue
        said = {attribute.dxf.tag: decode_text(attribute.dxf.text) for attribute in entity.attribs} or values
        block = entity.block()
        is_drawn = block is not None and any(part.dxftype() in _AREAS | _CURVES | _BLOCKS for part in block)
        yield entity, layer, {} if is_drawn else said
        if depth >= _MOST_DEPTH:
            continue
        for copy in entity.multi_insert() if entity.mcount > 1 else (entity,):
            # A block counts as well, lest blocks of empty blocks are opened for ever.
            yield copy, layer, {}
            yield from _expand(copy.virtual_entities(), layer, said, depth + 1)
            for attribute in copy.attribs:
                yield attribute, layer, {}


def _take(found: Pieces, entity: DXFGraphic, layer: str, values: dict[str, str]) -> None:
    kind = entity.dxftype()
    shape: Any
    if kind in _TEXTS:
        label = _read_label(entity)
        if label is not None:
            found.labels.append(label)
        return
    if kind == "POINT":
        location = entity.dxf.location
        shape = shapely.Point(_check([(location.x, location.y)])[0])
    elif kind in {"HATCH", "MPOLYGON"}:
        shape = _join_rings([_flatten(path) for path in ezdxf.path.from_hatch(entity)])  # type: ignore[arg-type]
    elif kind in _AREAS:
        shape = shapely.Polygon(_flatten(ezdxf.path.make_path(entity)))
    elif kind in _CURVES:
        shape, was_closed = _read_curve(entity)
        found.closed[layer] += was_closed
    elif isinstance(entity, Insert):
        if not values:
            return
        place = entity.dxf.insert
        shape = shapely.Point(_check([(place.x, place.y)])[0])
    else:
        found.skipped[kind] += 1
        return
    if shape is None or shape.is_empty:
        found.skipped[kind] += 1
        return
    handle, colour = str(entity.dxf.get("handle") or ""), int(entity.dxf.get("color", 256))
    found.pieces.append(Piece(layer, kind, handle, colour, shape, values))


def _read_curve(entity: DXFGraphic) -> tuple[Any, bool]:
    """Read a curve as an outline if it is closed, or nearly; as a line otherwise."""
    corners = _flatten(ezdxf.path.make_path(entity))
    if len(corners) < 2:
        return None, False
    line = shapely.LineString(corners)
    if len(corners) < 4 and not (len(corners) == 3 and getattr(entity, "closed", False)):
        return line, False
    gap = float(np.hypot(corners[0][0] - corners[-1][0], corners[0][1] - corners[-1][1]))
    if gap == 0 or getattr(entity, "closed", False) or getattr(entity, "is_closed", False):
        return shapely.Polygon(corners), False
    if entity.dxftype() in {"LWPOLYLINE", "POLYLINE", "SPLINE"} and gap <= _CLOSING_SHARE * line.length:
        return shapely.Polygon(corners), True
    return line, False


def _flatten(path: ezdxf.path.Path) -> list[tuple[float, float]]:
    corners = _check([(corner.x, corner.y) for corner in path.control_vertices()])
    if path.has_curves:
        size = float(np.ptp(np.array(corners), axis=0).max())
        distance = max(size * _FLATTENING_SHARE, 1e-9)
        corners = _check([(corner.x, corner.y) for corner in path.flattening(distance)])
    return corners


def _check(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if not np.isfinite(corners).all():
        raise ValueError
    return corners


def _join_rings(rings: list[list[tuple[float, float]]]) -> Any:
    """Join the boundaries of a hatching: where two cover each other there is a hole."""
    joined = None
    for ring in sorted(
        (shapely.Polygon(ring) for ring in rings if len(ring) > 2), key=lambda each: -each.area
    ):
        sound = shapely.make_valid(ring)
        joined = sound if joined is None else joined.symmetric_difference(sound)
    return joined


def _read_label(entity: Any) -> Label | None:
    text = decode_text(entity.plain_text() if hasattr(entity, "plain_text") else entity.dxf.text)
    if not text:
        return None
    place = entity.dxf.insert
    if entity.dxf.hasattr("align_point") and entity.dxf.get("halign", 0):
        place = entity.dxf.align_point
    height = entity.dxf.get("char_height" if entity.dxftype() == "MTEXT" else "height", 0.0)
    _check([(place.x, place.y)])
    return Label(text, place.x, place.y, float(height))


def decode_text(text: str) -> str:
    """Decode what of a text is written as numbers of characters or is in another encoding, in one line."""
    raw = decode_dxf_unicode(text).encode("utf-8", "surrogateescape")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("gb18030", "replace")
    return " ".join(text.split())

"""Shapes as tables write them in a cell: well-known text and binary, GeoJSON, and lists of corners."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

_NUMBER: Final = r"-?\d+(?:\.\d+)?"
_CORNERS: Final = re.compile(rf"\s*{_NUMBER}(?:[\s,，;；]+{_NUMBER})+[\s,，;；]*")
_HEX: Final = re.compile(r"0[01](?:[0-9A-Fa-f]{2}){20,}")
_SYSTEM: Final = re.compile(r"^SRID=\d+;\s*", re.IGNORECASE)
_LEAST_CORNERS: Final = 3
# What programs call the two numbers of a corner.
_AXES: Final = (("lng", "lon", "longitude", "x"), ("lat", "latitude", "y"))


def read_shapes(texts: Sequence[object]) -> npt.NDArray[Any]:
    """Read a shape from each cell, None where there is none to be read.

    Args:
        texts: shape (n,); a list of corners, which ``|`` parts into several outlines, is one outline each.

    Returns:
        Shape (n,), in the cells' own numbers.
    """
    written = [text if isinstance(text, str) else None for text in texts]
    if any(text[:4].upper() == "SRID" for text in written if text):
        written = [text and _SYSTEM.sub("", text) for text in written]
    shapes: npt.NDArray[Any] = np.asarray(shapely.from_wkt(written, on_invalid="ignore"), dtype=object)
    for row in np.flatnonzero(shapely.is_missing(shapes)):
        text = written[row]
        if text:
            shapes[row] = _read_other(text.strip())
    return shapes


def _read_other(text: str) -> BaseGeometry | None:
    shape: BaseGeometry | None = None
    if text.startswith("{"):
        shape = shapely.from_geojson(text, on_invalid="ignore")
    elif _HEX.fullmatch(text):
        shape = shapely.from_wkb(text, on_invalid="ignore")
    elif text.startswith("["):
        with suppress(orjson.JSONDecodeError):
            shape = _make_outline(orjson.loads(text))
    elif all(_CORNERS.fullmatch(part) for part in text.split("|")):
        shape = _join_corners([re.findall(_NUMBER, part) for part in text.split("|")])
    return shape


def _join_corners(rings: list[list[str]]) -> BaseGeometry | None:
    if any(len(ring) % 2 or len(ring) < 2 * _LEAST_CORNERS for ring in rings):
        return None
    outlines = [Polygon(np.array(ring, dtype=np.float64).reshape(-1, 2)) for ring in rings]
    return outlines[0] if len(outlines) == 1 else shapely.MultiPolygon(outlines)


def _make_outline(content: Any) -> BaseGeometry | None:
    """Make an outline of a list of corners, or of one of rings: the first outside, the others holes."""
    rings = [_read_ring(ring) for ring in content]
    if None in rings:
        rings = [_read_ring(content)]
    sound = [ring for ring in rings if ring is not None]
    return Polygon(sound[0], sound[1:]) if sound and len(sound) == len(rings) else None


def _read_ring(content: Any) -> list[tuple[float, float]] | None:
    corners = [_read_corner(corner) for corner in content] if isinstance(content, list) else []
    sound = [corner for corner in corners if corner is not None]
    return sound if len(sound) == len(corners) and len(sound) >= _LEAST_CORNERS else None


def _read_corner(content: Any) -> tuple[float, float] | None:
    pair: list[Any] = list(content[:2]) if isinstance(content, list) else []
    if isinstance(content, Mapping):
        pair = [content[name] for names in _AXES for name in names if name in content]
    if len(pair) != 2 or not all(isinstance(number, str | int | float) for number in pair):
        return None
    try:
        x, y = float(pair[0]), float(pair[1])
    except ValueError:
        return None
    return (x, y) if np.isfinite([x, y]).all() else None

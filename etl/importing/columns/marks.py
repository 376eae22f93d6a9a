"""Coordinates that say in their header which datum they are in: 高德经度, lng_bd09, WGS84纬度."""

import re
from collections.abc import Mapping
from typing import Final

from etl.importing.columns.layers import Layer, simplify

# Where a file gives them in several, the one that needs no conversion first.
_NAMES: Final = {
    "EPSG:4326": "wgs84|wgs|84",
    "EPSG:4490": "cgcs2000|国家2000|天地图",
    "gcj02": "gcj02|gcj|高德|amap|腾讯|火星",
    "bd09": "bd09ll|bd09|bd|百度|baidu",
}
_MARKS: Final = {crs: re.compile(f"^(?:{names})|(?:{names})(?:坐标系?)?$") for crs, names in _NAMES.items()}
_IN_BRACKETS: Final = re.compile(r"[(\[【（](.*?)[)\]】）]")


def simplify_marked(header: str) -> str:
    """Simplify a header, and keep what stands in brackets where it names a datum: 经度(WGS84)."""
    said = _IN_BRACKETS.search(header)
    inner = "" if said is None else simplify(said[1])
    named = inner if any(mark.search(inner) for mark in _MARKS.values()) else ""
    return simplify(header) + named


def match_marked(left: Mapping[str, str], layer: Layer) -> dict[str, str]:
    """Find the two columns of coordinates whose headers name one datum.

    Args:
        left: simplified header → the file's column.
        layer: the layer the file is of.

    Returns:
        ``lon`` and ``lat`` → column; empty where there are no two of one datum.
    """
    if not {"lon", "lat"} <= layer.fields.keys():
        return {}
    for mark in _MARKS.values():
        plain = {mark.sub("", header): column for header, column in left.items() if mark.search(header)}
        found = {
            name: next((plain[header] for header in layer.fields[name].headers if header in plain), None)
            for name in ("lon", "lat")
        }
        columns = {name: column for name, column in found.items() if column is not None}
        if len(columns) == len(found):
            return columns
    return {}


def name_datum(columns: Mapping[str, str]) -> str | None:
    """Name the datum that the headers of the coordinates say; None where they say none, or two.

    Args:
        columns: field → the file's column.
    """
    headers = [simplify_marked(columns[name]) for name in ("lon", "lat", "lonlat") if name in columns]
    said = {name for header in headers for name, mark in _MARKS.items() if mark.search(header)}
    are_all = all(any(mark.search(header) for mark in _MARKS.values()) for header in headers)
    return said.pop() if len(said) == 1 and are_all else None

"""Shapes as they are found in the field, in every format that keeps them in layers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import shapely
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.crs import wgs84_to_gcj02
from tests.field_files import NEW_BUILDINGS, FieldFile, write_bytes, write_shapes, write_text
from tests.town import to_degrees

_BUILDINGS: Final = {"layer": "buildings"}
_BOW_TIE: Final = Polygon([(400, 400), (420, 420), (420, 400), (400, 420)])
_MANY: Final = [
    box(40 + 60 * n, north, 60 + 60 * n, north + 20) for n in range(15) for north in (200, 400, 600, 800)
]

_ROWS: Final = [box(40 + 60 * n, north, 60 + 60 * n, north + 20) for n in range(15) for north in (500, 600)]


def _write_geojson(*features: dict[str, object], **members: object) -> Callable[[Path], object]:
    return write_text(
        json.dumps({"type": "FeatureCollection", "features": features, **members}, ensure_ascii=False)
    )


def _feature(number: int, shape: BaseGeometry | None, **properties: object) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"楼栋编号": f"F{number}", "楼栋名称": f"{number}栋", **properties},
        "geometry": None if shape is None else json.loads(shapely.to_geojson(to_degrees(shape))),
    }


def _shift(shape: BaseGeometry) -> dict[str, object]:
    moved = shapely.transform(to_degrees(shape), wgs84_to_gcj02)
    geometry: dict[str, object] = json.loads(shapely.to_geojson(moved))
    return geometry


_BOXES: Final = [_feature(n, shape) for n, shape in enumerate(NEW_BUILDINGS, start=1)]
_LEGACY_CRS: Final = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
SHAPES: Final = (
    FieldFile("楼栋.geojson", "names no coordinate system", _write_geojson(*_BOXES), 2, options=_BUILDINGS),
    FieldFile(
        "crs成员.geojson",
        "names its system in the member crs that the standard dropped",
        _write_geojson(*_BOXES, crs=_LEGACY_CRS),
        2,
        options=_BUILDINGS,
    ),
    FieldFile(
        "外来成员.geojson",
        "members and values that are not GeoJSON's",
        _write_geojson(
            _feature(1, NEW_BUILDINGS[0], extra={"a": [1, {"b": 2}]}), timeStamp="2026", numberMatched=1
        ),
        1,
        options=_BUILDINGS,
    ),
    FieldFile(
        "GBK.geojson",
        "JSON in GB18030",
        write_text(json.dumps(_BOXES[0], ensure_ascii=False), "gb18030"),
        1,
        options=_BUILDINGS,
    ),
    FieldFile(
        "高德.geojson",
        "GCJ-02, and says it is not",
        _write_geojson(*({**_feature(n, shape), "geometry": _shift(shape)} for n, shape in enumerate(_MANY))),
        stopped="--crs gcj02",
        options=_BUILDINGS,
    ),
    FieldFile(
        "高德三十栋.geojson",
        "GCJ-02, of which half would lie in the community if it were WGS-84",
        _write_geojson(*({**_feature(n, shape), "geometry": _shift(shape)} for n, shape in enumerate(_ROWS))),
        stopped="--crs gcj02",
        options=_BUILDINGS,
    ),
    FieldFile(
        "高德已说明.geojson",
        "GCJ-02, as said",
        _write_geojson(*({**_feature(n, shape), "geometry": _shift(shape)} for n, shape in enumerate(_MANY))),
        60,
        options={**_BUILDINGS, "crs": "gcj02"},
    ),
    FieldFile(
        "无图形.geojson",
        "a feature without a shape",
        _write_geojson(_BOXES[0], _feature(2, None)),
        1,
        refused=("has no outline",),
        options=_BUILDINGS,
    ),
    FieldFile(
        "点混入.geojson",
        "a point among outlines",
        _write_geojson(_BOXES[0], _feature(2, Point(450, 450))),
        1,
        refused=("not an outline",),
        options=_BUILDINGS,
    ),
    FieldFile(
        "截断.geojson",
        "cut off in the middle",
        write_text(json.dumps({"type": "FeatureCollection", "features": _BOXES})[:-80]),
        stopped="damaged",
        options=_BUILDINGS,
    ),
    FieldFile(
        "普通.json",
        "JSON, but of no place",
        write_text('{"name": "麒麟花园", "value": 3}'),
        stopped="is JSON but",
        options=_BUILDINGS,
    ),
    FieldFile(
        "深层.json",
        "brackets in brackets, a hundred thousand deep",
        write_bytes(b"[" * 100_000 + b"]" * 100_000),
        stopped="深层.json",
        options=_BUILDINGS,
    ),
    FieldFile("楼栋.gpkg", "none", write_shapes(NEW_BUILDINGS), 2, options=_BUILDINGS),
    FieldFile(
        "改名.gpkg",
        "text by the ending of a GeoPackage",
        write_text("楼栋编号,户数"),
        stopped="damaged",
        options=_BUILDINGS,
    ),
    FieldFile(
        "高程.gpkg",
        "corners with heights",
        write_shapes([shapely.force_3d(NEW_BUILDINGS[0], 12.5)]),
        1,
        options=_BUILDINGS,
    ),
    FieldFile(
        "自相交.gpkg",
        "an outline that crosses itself",
        write_shapes([_BOW_TIE, NEW_BUILDINGS[1]]),
        1,
        refused=("crosses itself",),
        options=_BUILDINGS,
    ),
    FieldFile(
        "多部分.gpkg",
        "one building of two parts",
        write_shapes([MultiPolygon(NEW_BUILDINGS)]),
        1,
        options=_BUILDINGS,
    ),
    FieldFile(
        "反向.gpkg",
        "an outline drawn the other way round",
        write_shapes([NEW_BUILDINGS[0].reverse()]),
        1,
        options=_BUILDINGS,
    ),
    FieldFile(
        "重叠网格.gpkg",
        "a grid over another",
        write_shapes([box(200, 200, 700, 700)], columns={"网格编号": ["09"], "网格名称": ["第九网格"]}),
        0,
        refused=("overlaps",),
        options={"layer": "grids"},
    ),
    FieldFile(
        "墨卡托.gpkg", "Web Mercator, as declared", write_shapes(NEW_BUILDINGS, 3857), 2, options=_BUILDINGS
    ),
    FieldFile(
        "带号.gpkg",
        "Gauss-Krüger with the zone before the easting",
        write_shapes(NEW_BUILDINGS, 4528),
        2,
        options=_BUILDINGS,
    ),
    FieldFile(
        "北京54.gpkg",
        "a datum without a public tie",
        write_shapes(NEW_BUILDINGS, 4214),
        2,
        told=("may be off by tens of metres",),
        options=_BUILDINGS,
    ),
)

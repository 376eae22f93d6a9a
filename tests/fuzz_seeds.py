"""Sound files of every kind an import reads, small, to be damaged: buildings and cases of a town."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import ezdxf
import geopandas as gpd
import pandas as pd
import pyogrio
import shapely
import xlsxwriter
from shapely import box
from shapely.geometry.base import BaseGeometry

from tests.fuzz_binaries import write_pbf, write_xls
from tests.import_town import place
from tests.town import to_degrees

_BUILDINGS: list[dict[str, Any]] = [
    {
        "楼栋编号": f"F{n}",
        "楼栋名称": f"{n}栋",
        "小区编号": "C1",
        "层数": 6 + n,
        "户数": 12 * n,
        "地址": "柳州路1号",
    }
    for n in range(1, 7)
]
_IN_ENGLISH = ("code", "name", "compound", "floors", "households", "address")
_SHAPES = [to_degrees(box(400 + 20 * n, 400, 410 + 20 * n, 420)) for n in range(1, 7)]


def _cases() -> list[dict[str, Any]]:
    rows = []
    for n in range(6):
        lon, lat = place(100 + 20 * n, 150)
        rows.append(
            {
                "办件编号": f"GZ2026{n:06d}", "诉求主题": "楼道堆放杂物", "诉求内容": "影响通行，请尽快处理",
                "诉求人电话": f"1381234{n:04d}", "事项小类": "E101", "上报时间": f"2026-11-0{n + 1} 08:30:00",
                "办件状态": "办理中", "经度": round(lon, 7), "纬度": round(lat, 7),
            }
        )  # fmt: skip
    return rows


def make_seeds() -> Mapping[str, bytes]:
    """Make one sound file of each kind, by a name whose ending says the kind."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2026-11-22T00:00:00.000Z"})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts = _write_parts(folder / "shape" / "楼栋.shp", "ESRI Shapefile")
        return {
            "事件.csv": _write_csv(_cases(), "utf-8-sig"),
            "事件gbk.csv": _write_csv(_cases(), "gb18030"),
            "楼栋.txt": _write_csv([row | {"wkt": shape.wkt} for row, shape in _pair()], "utf-8", "\t"),
            "事件.xlsx": _write_workbook(_cases()),
            "事件.xls": write_xls("工单", _tabulate(_cases())),
            "事件网页.xls": _write_page(_cases()),
            "楼栋.et": write_xls("楼栋", _tabulate(_BUILDINGS)),
            "楼栋.ods": _write_sheet(),
            "楼栋.gpkg": _write_shapes(folder / "楼栋.gpkg", "GPKG"),
            "楼栋.geojson": _write_shapes(folder / "楼栋.geojson", "GeoJSON"),
            "楼栋.geojsonl": _write_shapes(folder / "楼栋.geojsonl", "GeoJSONSeq"),
            "楼栋.topojson": _write_topology(),
            "楼栋esri.json": _write_esri(),
            "楼栋.fgb": _write_shapes(folder / "楼栋.fgb", "FlatGeobuf"),
            "楼栋.kml": _write_shapes(folder / "楼栋.kml", "LIBKML"),
            "楼栋.kmz": _zip({"doc.kml": _write_shapes(folder / "b.kml", "LIBKML")}),
            "楼栋.ovkml": _write_shapes(folder / "o.kml", "LIBKML"),
            "楼栋.shp": parts["楼栋.shp"],
            "楼栋.zip": _zip(parts),
            "层.zip": _zip(
                {f"上海/2026/{name}": part for name, part in parts.items()} | {"上海/说明.txt": b"x"}
            ),
            "楼栋mif.zip": _zip(_write_parts(folder / "mif" / "楼栋.mif", "MapInfo File")),
            "楼栋tab.zip": _zip(_write_parts(folder / "tab" / "楼栋.tab", "MapInfo File")),
            "楼栋gdb.zip": _zip(_write_parts(folder / "gdb" / "楼栋.gdb", "OpenFileGDB")),
            "点.gpx": _write_gpx(),
            "楼栋.dxf": _write_drawing(),
            "楼栋.osm": _write_osm(),
            "楼栋.pbf": write_pbf(
                [
                    (
                        {"building": "yes", "name": row["楼栋名称"]},
                        shapely.get_coordinates(shape)[:-1].tolist(),
                    )
                    for row, shape in _pair()
                ]
            ),
            "requests.json": json.dumps(_REQUESTS, ensure_ascii=False).encode(),
            "requests.xml": _write_requests(),
        }


def _pair() -> list[tuple[dict[str, Any], BaseGeometry]]:
    return list(zip(_BUILDINGS, _SHAPES, strict=True))


def _write_csv(rows: list[dict[str, Any]], encoding: str, separator: str = ",") -> bytes:
    return pd.DataFrame(rows).to_csv(index=False, sep=separator).encode(encoding)


def _tabulate(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [list(rows[0]), *(list(row.values()) for row in rows)]


def _write_page(rows: list[dict[str, Any]]) -> bytes:
    """Write the page that many systems call a workbook."""
    lines = ("".join(f"<td>{cell}</td>" for cell in row) for row in _tabulate(rows))
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<html><meta charset="utf-8"><body><table>{table}</table></body></html>'.encode()


def _write_workbook(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": datetime(2026, 11, 22, tzinfo=UTC)})
        sheet = book.add_worksheet("工单")
        sheet.merge_range(0, 0, 0, 4, "2026年11月工单")
        for row, cells in enumerate(_tabulate(rows), start=1):
            for column, cell in enumerate(cells):
                sheet.write(row, column, cell)
    return out.getvalue()


def _write_shapes(path: Path, driver: str) -> bytes:
    gpd.GeoDataFrame(_BUILDINGS, geometry=_SHAPES, crs=4490).to_file(path, driver=driver, engine="pyogrio")
    return path.read_bytes()


def _write_topology() -> bytes:
    shapes = [{"type": "Polygon", "arcs": [[n]], "properties": row} for n, row in enumerate(_BUILDINGS)]
    arcs = [shapely.get_coordinates(shape).tolist() for shape in _SHAPES]
    objects = {"楼栋": {"type": "GeometryCollection", "geometries": shapes}}
    return json.dumps({"type": "Topology", "objects": objects, "arcs": arcs}, ensure_ascii=False).encode()


def _write_esri() -> bytes:
    features = [
        {"attributes": row, "geometry": {"rings": [shapely.get_coordinates(shape).tolist()]}}
        for row, shape in _pair()
    ]
    fields = [
        {"name": name, "type": f"esriFieldType{'String' if isinstance(value, str) else 'Integer'}"}
        for name, value in _BUILDINGS[0].items()
    ]
    said = {
        "geometryType": "esriGeometryPolygon", "spatialReference": {"wkid": 4490},
        "fields": fields, "features": features,
    }  # fmt: skip
    return json.dumps(said, ensure_ascii=False).encode()


def _write_sheet() -> bytes:
    """Write an OpenDocument table as small as one can be."""
    rows = _tabulate(_BUILDINGS)
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body>'
        f'<office:spreadsheet><table:table table:name="楼栋">{cells}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    kind = b"application/vnd.oasis.opendocument.spreadsheet"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    return _zip(
        {"mimetype": kind, "META-INF/manifest.xml": manifest.encode(), "content.xml": content.encode()}
    )


def _write_parts(path: Path, driver: str) -> dict[str, bytes]:
    path.parent.mkdir()
    with catch_warnings():
        simplefilter("ignore")  # Names are cut: that is as it is.
        frame = gpd.GeoDataFrame(_BUILDINGS, geometry=_SHAPES, crs=4490)
        if driver == "MapInfo File":  # It knows letters and digits only.
            frame = frame.rename(columns=dict(zip(frame, _IN_ENGLISH, strict=False)))
        frame.to_file(path, driver=driver, engine="pyogrio", encoding="UTF-8")
    parts = [part for part in path.parent.rglob("*") if part.is_file()]
    return {str(part.relative_to(path.parent)): part.read_bytes() for part in sorted(parts)}


def _zip(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _write_gpx() -> bytes:
    points = "".join(
        f'<wpt lat="{y:.7f}" lon="{x:.7f}"><name>商户{n}</name><desc>店</desc></wpt>'
        for n, (x, y) in enumerate(place(100 + 20 * n, 150) for n in range(6))
    )
    return f'<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{points}</gpx>'.encode()


def _write_drawing() -> bytes:
    drawing = ezdxf.new("R2010")  # type: ignore[attr-defined]  # it says so nowhere
    for n in range(1, 7):
        corners = [(500_000 + 20 * n + x, 3_543_000 + y) for x, y in ((0, 0), (10, 0), (10, 20), (0, 20))]
        drawing.modelspace().add_lwpolyline(corners, close=True, dxfattribs={"layer": "楼栋"})
        drawing.modelspace().add_text(f"{n}栋", dxfattribs={"layer": "楼栋"}).set_placement(
            (corners[0][0] + 5, corners[0][1] + 5)
        )
    out = io.StringIO()
    drawing.write(out)
    return out.getvalue().encode()


def _write_osm() -> bytes:
    nodes, ways = [], []
    for n, shape in enumerate(_SHAPES, start=1):
        corners = shapely.get_coordinates(shape)[:-1]
        ids = [10 * n + corner for corner in range(len(corners))]
        nodes += [
            f'<node id="{i}" lat="{y:.7f}" lon="{x:.7f}"/>' for i, (x, y) in zip(ids, corners, strict=True)
        ]
        refs = "".join(f'<nd ref="{i}"/>' for i in [*ids, ids[0]])
        ways.append(f'<way id="{n}">{refs}<tag k="building" v="yes"/><tag k="name" v="{n}栋"/></way>')
    return f'<?xml version="1.0"?><osm version="0.6">{"".join([*nodes, *ways])}</osm>'.encode()


_LON, _LAT = place(150, 150)
_REQUESTS = [
    {
        "service_request_id": f"63834{n}",
        "status": "open",
        "service_name": "暴露垃圾",
        "service_code": "E101",
        "description": "楼道垃圾",
        "requested_datetime": f"2026-11-0{n + 1}T06:37:38+08:00",
        "lat": round(_LAT, 6),
        "long": round(_LON, 6),
    }
    for n in range(3)
]


def _write_requests() -> bytes:
    requests = "".join(
        "<request>" + "".join(f"<{key}>{value}</{key}>" for key, value in request.items()) + "</request>"
        for request in _REQUESTS
    )
    return f'<?xml version="1.0"?><service_requests>{requests}</service_requests>'.encode()

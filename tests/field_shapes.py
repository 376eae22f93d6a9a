"""Maps as they are found in the field: shapes in every format, their archives, and what no program reads."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import ezdxf
import shapely
from shapely import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from geo.crs import wgs84_to_gcj02
from tests.field_files import FieldFile, write_book, write_bytes, write_shapes, write_text
from tests.import_town import place
from tests.town import to_degrees

_NEW: Final = [box(400, 400, 420, 420), box(440, 400, 460, 420)]
_BUILDINGS: Final = {"layer": "buildings"}
_BOW_TIE: Final = Polygon([(400, 400), (420, 420), (420, 400), (400, 420)])
_MANY: Final = [
    box(40 + 60 * n, north, 60 + 60 * n, north + 20) for n in range(15) for north in (200, 400, 600, 800)
]

_ROWS: Final = [box(40 + 60 * n, north, 60 + 60 * n, north + 20) for n in range(15) for north in (500, 600)]


def _zip_parts(
    make: Callable[[Path], object],
    *,
    leave: tuple[str, ...] = (),
    inside: str = "",
    write: dict[str, bytes] | None = None,
) -> Callable[[Path], object]:
    """Zip the parts of a Shapefile, less some of them, in a folder of the zip, with other files beside."""

    def zip_up(path: Path) -> None:
        folder = path.parent / "parts"
        make(folder / "楼栋.shp")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(folder.iterdir()):
                if part.suffix not in leave:
                    archive.write(part, inside + part.name)
            for name, content in (write or {}).items():
                archive.writestr(name, content)
        shutil.rmtree(folder)

    return zip_up


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


_BOXES: Final = [_feature(n, shape) for n, shape in enumerate(_NEW, start=1)]
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
        _write_geojson(_feature(1, _NEW[0], extra={"a": [1, {"b": 2}]}), timeStamp="2026", numberMatched=1),
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
    FieldFile("楼栋.gpkg", "none", write_shapes(_NEW), 2, options=_BUILDINGS),
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
        write_shapes([shapely.force_3d(_NEW[0], 12.5)]),
        1,
        options=_BUILDINGS,
    ),
    FieldFile(
        "自相交.gpkg",
        "an outline that crosses itself",
        write_shapes([_BOW_TIE, _NEW[1]]),
        1,
        refused=("crosses itself",),
        options=_BUILDINGS,
    ),
    FieldFile(
        "多部分.gpkg", "one building of two parts", write_shapes([MultiPolygon(_NEW)]), 1, options=_BUILDINGS
    ),
    FieldFile(
        "反向.gpkg",
        "an outline drawn the other way round",
        write_shapes([_NEW[0].reverse()]),
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
    FieldFile("墨卡托.gpkg", "Web Mercator, as declared", write_shapes(_NEW, 3857), 2, options=_BUILDINGS),
    FieldFile(
        "带号.gpkg",
        "Gauss-Krüger with the zone before the easting",
        write_shapes(_NEW, 4528),
        2,
        options=_BUILDINGS,
    ),
    FieldFile(
        "北京54.gpkg",
        "a datum without a public tie",
        write_shapes(_NEW, 4214),
        2,
        told=("may be off by tens of metres",),
        options=_BUILDINGS,
    ),
)


def _write_kml(head: str = "", tail: str = "") -> Callable[[Path], object]:
    corners = shapely.get_coordinates(to_degrees(_NEW[0]))
    ring = " ".join(f"{x:.8f},{y:.8f},0" for x, y in corners)
    mark = (
        "<Placemark><name>1栋</name><ExtendedData><Data name='楼栋编号'><value>F1</value></Data>"
        "</ExtendedData>"
        f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark>"
    )
    return write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"{mark}{tail}</Document></kml>"
    )


_ENTITIES: Final = (
    "<!DOCTYPE kml ["
    + '<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]>"
)


def _write_drawing(path: Path, *, closed: bool = True, shift: float = 0.0) -> None:
    drawing = ezdxf.new("R2010")  # type: ignore[attr-defined]  # it says so nowhere
    east, north = 405_500.0 + shift, 3_543_600.0
    corners = [(east + x, north + y) for x, y in ((0, 0), (12, 0), (12, 30), (0, 30))]
    model = drawing.modelspace()
    model.add_lwpolyline(corners if closed else corners[:3], close=closed, dxfattribs={"layer": "楼栋"})
    model.add_text("9栋", dxfattribs={"layer": "楼栋"}).set_placement((east + 6, north + 15))
    drawing.saveas(path)


def _write_waypoints(path: Path) -> None:
    lon, lat = place(150, 130)
    path.write_text(
        f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><wpt lat="{lat}" lon="{lon}">'
        "<name>麒麟小馆</name></wpt></gpx>",
        encoding="utf-8",
    )


_REQUEST: Final = dict(zip(("long", "lat"), place(150, 130), strict=True)) | {
    "service_request_id": "63",
    "status": "open",
    "service_code": "E101",
    "service_name": "暴露垃圾",
    "description": "楼道垃圾",
    "requested_datetime": "2026-11-01T06:37:38+08:00",
}
_TO_MAP: Final = {"layer": "buildings", "crs": "4490"}
DRAWINGS: Final = (
    FieldFile("楼栋.kml", "from a map program", _write_kml(), 1, options=_TO_MAP),
    FieldFile(
        "链接.kml",
        "links to another file on the network",
        _write_kml(tail="<NetworkLink><Link><href>http://example.invalid/x.kml</href></Link></NetworkLink>"),
        1,
        told=("were not fetched",),
        options=_TO_MAP,
    ),
    FieldFile(
        "实体炸弹.kml",
        "entities that unfold to gigabytes",
        _write_kml(_ENTITIES, "<name>&j;</name>"),
        stopped="实体炸弹.kml",
        options=_TO_MAP,
    ),
    FieldFile("店铺.gpx", "waypoints from a phone", _write_waypoints, 1, options={"layer": "merchants"}),
    FieldFile(
        "不闭合.dxf",
        "a drawing whose outlines do not close",
        lambda path: _write_drawing(path, closed=False),
        stopped="不闭合.dxf",
        options=_BUILDINGS,
    ),
    FieldFile(
        "图纸.dwg",
        "a drawing in the CAD program's own format",
        write_bytes(b"AC1032" + b"\0" * 100),
        stopped="save it in the CAD program as .dxf",
    ),
    FieldFile("对象.ovobj", "奥维's own format", write_bytes(b"OVOBJ" * 9), stopped=".ovkml or KML"),
    FieldFile("requests.json", "Open311, as JSON", write_text(json.dumps([_REQUEST], ensure_ascii=False)), 1),
    FieldFile(
        "requests.xml",
        "Open311, as XML",
        write_text(
            "<service_requests><request>"
            + "".join(f"<{k}>{v}</{k}>" for k, v in _REQUEST.items())
            + "</request></service_requests>"
        ),
        1,
    ),
    FieldFile(
        "别的.xml",
        "XML of another kind",
        write_text("<invoice><total>3</total></invoice>"),
        stopped="别的.xml",
    ),
)


def _write_two_layers(path: Path) -> None:
    make = write_shapes(_NEW)
    folder = path.parent / "two"
    make(folder / "楼栋.shp")
    for part in list(folder.iterdir()):
        shutil.copy(part, part.with_stem("网格"))
    with zipfile.ZipFile(path, "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, part.name)


def _zip_text(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("说明.docx", "x")


def _zip_book(path: Path) -> None:
    book = path.with_suffix(".xlsx")
    write_book([["楼栋编号", "楼栋名称", "户数"], ["B1", "1号楼", 30]])(book)
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(book, book.name)
    book.unlink()


_SHAPEFILE: Final = write_shapes(_NEW, encoding="UTF-8")
_GBK: Final = write_shapes(_NEW, encoding="GB18030")
ARCHIVES: Final = (
    FieldFile("楼栋.zip", "none", _zip_parts(_SHAPEFILE), 2, options=_BUILDINGS),
    FieldFile(
        "GBK无cpg.zip",
        "GBK, and no .cpg that says so",
        _zip_parts(_GBK, leave=(".cpg",)),
        2,
        told=("read as gb18030",),
        options=_BUILDINGS,
        keeps=("SELECT name FROM building WHERE code = 'F1'", "1栋"),
    ),
    FieldFile(
        "cpg说谎.zip",
        "GBK, and a .cpg that says UTF-8",
        _zip_parts(_GBK, leave=(".cpg",), write={"楼栋.cpg": b"UTF-8"}),
        2,
        options=_BUILDINGS,
        keeps=("SELECT name FROM building WHERE code = 'F1'", "1栋"),
    ),
    FieldFile(
        "无prj.zip",
        "no .prj that says the coordinate system",
        _zip_parts(write_shapes(_NEW, None)),
        stopped="does not say which coordinate system",
        options=_BUILDINGS,
    ),
    FieldFile(
        "无prj已说明.zip",
        "no .prj, but the system is said",
        _zip_parts(write_shapes(_NEW, None)),
        2,
        options={**_BUILDINGS, "crs": "4490"},
    ),
    FieldFile(
        "无shx.zip",
        "the index is missing",
        _zip_parts(_SHAPEFILE, leave=(".shx",)),
        2,
        told=("without its .shx",),
        options=_BUILDINGS,
    ),
    FieldFile(
        "无dbf.zip",
        "the attributes are missing",
        _zip_parts(_SHAPEFILE, leave=(".dbf",)),
        stopped="no column for",
        options=_BUILDINGS,
    ),
    FieldFile(
        "文件夹.zip",
        "in a folder, with what a Macintosh adds",
        _zip_parts(_SHAPEFILE, inside="交付/", write={"__MACOSX/._楼栋.shp": b"\0" * 80}),
        2,
        options=_BUILDINGS,
    ),
    FieldFile(
        "越界.zip",
        "a name that leads out of the folder",
        _zip_parts(_SHAPEFILE, write={"../../../evil.shp": b"\0" * 100}),
        stopped="2 layers: “楼栋”, “evil”",
        options=_BUILDINGS,
    ),
    FieldFile("两层.zip", "two layers", _write_two_layers, stopped="2 layers", options=_BUILDINGS),
    FieldFile("说明.zip", "nothing but a text", _zip_text, stopped="holds no file that we read"),
    FieldFile("坏.zip", "not a zip", write_bytes(b"PK not a zip at all"), stopped="damaged"),
    FieldFile("名册.zip", "a workbook inside", _zip_book, 1, options=_BUILDINGS),
    FieldFile(
        "名册.docx", "a table in a text document", write_bytes(b"PK\x03\x04"), stopped="save it as .xlsx"
    ),
    FieldFile("名册.pdf", "a table on paper", write_bytes(b"%PDF-1.7"), stopped="save it as .xlsx"),
    FieldFile("名册.rar", "an archive of another kind", write_bytes(b"Rar!"), stopped="unpack it"),
    FieldFile(
        "楼栋.dbf",
        "one part of a Shapefile alone",
        write_bytes(b"\x03" + b"\0" * 64),
        stopped="import the .shp beside it",
    ),
    FieldFile("无后缀", "no ending that tells its kind", write_text("楼栋编号,户数"), stopped="无后缀"),
)

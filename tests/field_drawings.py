"""Drawings, extracts and other maps as they are found in the field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import ezdxf
import shapely

from tests.field_files import NEW_BUILDINGS, FieldFile, write_bytes, write_text
from tests.import_town import place
from tests.town import to_degrees

_BUILDINGS: Final = {"layer": "buildings"}


def _write_kml(head: str = "", tail: str = "") -> Callable[[Path], object]:
    corners = shapely.get_coordinates(to_degrees(NEW_BUILDINGS[0]))
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

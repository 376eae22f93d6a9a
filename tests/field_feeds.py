"""Registers, lists of map services and exports of other systems, as they are found in the field."""

import json
from typing import Final

import numpy as np
import pyproj
import shapely
from shapely import Polygon, box

from geo.crs import Coordinates, wgs84_to_gcj02
from tests.field_files import FieldFile, join, write_book, write_text
from tests.import_town import place
from tests.town import to_degrees

_XY: Final = np.array([place(60 + 37 * n % 880, 60 + 61 * n % 880) for n in range(30)])
_GCJ: Final = wgs84_to_gcj02(_XY)
_METRES: Final = np.column_stack(pyproj.Transformer.from_crs(4490, 4549, always_xy=True).transform(*_XY.T))
_SHOPS: Final = {"layer": "merchants"}
_AT_FIRST: Final = (
    "SELECT count(*) FROM merchant WHERE ST_DWithin(geom, ST_SetSRID(ST_MakePoint({}, {}), 4490), 1e-5)"
)
_IN_PLACE: Final = (_AT_FIRST.format(*_XY[0]), 1)


def _write_degrees(value: float) -> str:
    minutes, seconds = divmod(value % 1 * 3600, 60)
    return f"{int(value)}°{int(minutes):02d}′{seconds:06.3f}″"


def _part(value: float) -> tuple[int, int, float]:
    minutes, seconds = divmod(value % 1 * 3600, 60)
    return int(value), int(minutes), round(seconds, 3)


def _list_corners(shape: Polygon) -> Coordinates:
    corners: Coordinates = shapely.get_coordinates(to_degrees(shape)).round(7)
    return corners


_EAST: Final = _list_corners(box(600, 100, 800, 300))
_HOUSES: Final = [box(40 + 60 * n, north, 60 + 60 * n, north + 20) for n in range(15) for north in (500, 600)]
_REGISTER: Final[list[list[object]]] = [
    ["A社区房屋台账"],
    ["序号", "小区名称", "楼栋号", "建成年代", "层数（地上/地下）", "户数（户）", "备注"],
    [1, "幸福里", "B1幢", "1998年6月", "6/1", "1,080", "外墙渗水"],
    [2, None, "B2幢", "九十年代", "18+1", "不详", None],
    ["合计", None, None, None, None, "1,080", None],
    ["注：户数以实际入住为准。"],
]
_CITY: Final = ["Illegal Parking", "Noise - Residential", "Street Light Condition"]

FEEDS: Final = (
    FieldFile(
        "房屋台账.xlsx",
        "a register of houses by name, without codes, with floors as 6/1 and years as decades",
        write_book(_REGISTER, merged=[(2, 1, 3, 1, "幸福里")]),
        2,
        keeps=(
            "SELECT string_agg(concat_ws(',', floors, households, built_year), ' ' ORDER BY code)"
            " FROM building",
            "6,1080,1998 18,0",
        ),
    ),
    FieldFile(
        "POI.csv",
        "高德's list of shops: both coordinates in one cell, [] for nothing",
        write_text(
            join(
                [["id", "name", "type", "typecode", "address", "location", "tel"]]
                + [
                    [
                        f"B0FF{n}",
                        f"面馆{n}",
                        "餐饮服务;中餐厅",
                        "050100",
                        "[]",
                        f'"{x:.6f},{y:.6f}"',
                        "13800001111",
                    ]
                    for n, (x, y) in enumerate(_GCJ)
                ]
            )
        ),
        30,
        keeps=_IN_PLACE,
        options={"crs": "gcj02"},
    ),
    FieldFile(
        "返回.json",
        "the same as the service itself answers, in an envelope",
        write_text(
            json.dumps(
                {
                    "status": "1",
                    "data": {
                        "pois": [
                            {"name": f"面馆{n}", "typecode": "050100", "location": f"{x:.6f},{y:.6f}"}
                            for n, (x, y) in enumerate(_GCJ)
                        ]
                    },
                }
            )
        ),
        stopped="--crs gcj02 fits by far the best",
    ),
    FieldFile(
        "度分秒.csv",
        "degrees, minutes and seconds, both in one cell",
        write_text(
            join(
                [["店铺名称", "经纬度"]]
                + [[f"店{n}", f"E{_write_degrees(x)} N{_write_degrees(y)}"] for n, (x, y) in enumerate(_XY)]
            )
        ),
        30,
        keeps=_IN_PLACE,
        options={"crs": "4490"},
    ),
    FieldFile(
        "度分秒三列.csv",
        "degrees, minutes and seconds, a column each, of which one is blank and one no angle",
        write_text(
            join(
                [["店铺名称", "东经(度)", "(分)", "(秒)", "北纬(度)", "(分)", "(秒)"]]
                + [[f"店{n}", *_part(x), *_part(y)] for n, (x, y) in enumerate(_XY)]
                + [["店30", 120, 0, 4.5, 32, None, 8.4], ["店31", 120, 75, 4.5, 32, 0, 8.4]]
            )
        ),
        30,
        refused=("“32°′8.4″” is not a number", "“120°75′4.5″” is not a number"),
        told=("are parts of one coordinate",),
        keeps=_IN_PLACE,
        options={"crs": "4490"},
    ),
    FieldFile(
        "度分两列.xlsx",
        "whole degrees and decimal minutes, under a header of two lines",
        write_book(
            [["店铺名称", "经度", None, "纬度", None], [None, "度", "分", "度", "分"]]
            + [
                [f"店{n}", int(x), round(x % 1 * 60, 6), int(y), round(y % 1 * 60, 6)]
                for n, (x, y) in enumerate(_XY)
            ],
            merged=[(0, 1, 0, 2, "经度"), (0, 3, 0, 4, "纬度"), (0, 0, 1, 0, "店铺名称")],
        ),
        30,
        told=("are parts of one coordinate",),
        keeps=_IN_PLACE,
        options={"crs": "4490"},
    ),
    FieldFile(
        "微度.csv",
        "millionths of degrees",
        write_text(
            join(
                [["店铺名称", "lng", "lat"]]
                + [[f"店{n}", round(x * 1e6), round(y * 1e6)] for n, (x, y) in enumerate(_XY)]
            )
        ),
        30,
        told=("1,000,000 times those in degrees",),
        keeps=_IN_PLACE,
        options={"crs": "4490"},
    ),
    FieldFile(
        "奥维.txt",
        "奥维's list, which says by a letter that it is GCJ-02",
        write_text(
            join(
                [["坐标类型", "名称", "纬度", "经度", "高度"]]
                + [["g", f"店{n}", f"{y:.8f}", f"{x:.8f}", 0] for n, (x, y) in enumerate(_GCJ)]
            )
        ),
        30,
        keeps=_IN_PLACE,
        options=_SHOPS,
    ),
    FieldFile(
        "测绘.csv",
        "surveyors' metres, northing first, with the system in a column",
        write_text(
            join(
                [["店铺名称", "X", "Y", "坐标系"]]
                + [
                    [f"店{n}", f"{y:.3f}", f"{x:.3f}", "CGCS2000 3度带 中央经线120"]
                    for n, (x, y) in enumerate(_METRES)
                ]
            )
        ),
        30,
        told=("the other way round",),
        keeps=_IN_PLACE,
    ),
    FieldFile(
        "边界串.csv",
        "outlines as lists of corners in a cell",
        write_text("小区编号,小区名称,边界坐标\r\nC9,东苑," + ";".join(f"{x} {y}" for x, y in _EAST)),
        1,
        options={"crs": "4490"},
    ),
    FieldFile(
        "路径.csv",
        "outlines as a program writes a path",
        write_text(
            'code,小区名称,polygon\r\nC9,东苑,"'
            + json.dumps([{"lng": x, "lat": y} for x, y in _EAST]).replace('"', '""')
            + '"'
        ),
        1,
        options={"crs": "4490"},
    ),
    FieldFile(
        "311.csv",
        "another city's cases, of kinds that are not ours",
        write_text(
            join(
                [["case_enquiry_id", "open_dt", "case_status", "type", "location", "latitude", "longitude"]]
                + [
                    [1010 + n, "03/05/2026 03:20:11 PM", "Open", _CITY[n % 3], "12 Main St", y, x]
                    for n, (x, y) in enumerate(_XY)
                ]
            )
        ),
        30,
        told=("categories of another list than ours",),
        options={"crs": "4490"},
    ),
    FieldFile(
        "热线.csv",
        "times as a clerk writes them, and a category with all that is above it",
        write_text(
            join(
                [["办件编号", "诉求时间", "诉求分类", "诉求地址", "办理状态"]]
                + [
                    [f"R{n}", at, "物业管理>公共区域>楼道堆物", "幸福里B1号楼", "办理中"]
                    for n, at in enumerate(
                        [
                            "2026年3月5日 下午3:20",
                            "20260305",
                            "2026.3.5",
                            "2026/3/5 15:20",
                            "2026年3月5日15时20分",
                        ]
                    )
                ]
            ),
            "gb18030",
        ),
        5,
        told=("楼道堆物",),
        keeps=("SELECT count(*) FROM incident WHERE geocode_quality = 'building'", 5),
    ),
    FieldFile(
        "乱码.csv",
        "text that somebody opened in a wrong encoding and saved",
        write_text(
            "楼栋编号,楼栋名称,户数\r\nB1,幸福里一号楼,36\r\nB2,二号楼,24".encode("gbk").decode("latin-1")
        ),
        2,
        told=("read in a wrong encoding before it was saved",),
        keeps=("SELECT string_agg(name, ' ' ORDER BY code) FROM building", "幸福里一号楼 二号楼"),
        options={"layer": "buildings"},
    ),
    FieldFile(
        "无表头.txt",
        "rows without a header",
        write_text(join([["g", f"{y:.8f}", f"{x:.8f}", 0, f"店{n}"] for n, (x, y) in enumerate(_GCJ)])),
        stopped="has no header",
        options=_SHOPS,
    ),
    FieldFile(
        "奥维.kml",
        "GCJ-02 in a format that by its standard is WGS-84",
        write_text(
            '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
            + "".join(
                f"<Placemark><name>{n}栋</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
                + " ".join(f"{x},{y},0" for x, y in wgs84_to_gcj02(_list_corners(_HOUSES[n])))
                + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
                for n in range(len(_HOUSES))
            )
            + "</Document></kml>"
        ),
        stopped="--crs gcj02",
        options={"layer": "buildings"},
    ),
    FieldFile(
        "护数.csv",
        "numbers that a system guards from spreadsheets as formulas",
        write_text('办件编号,诉求内容,诉求时间\r\n="20260305001",楼道堆物,2026-03-05 10:00'),
        1,
        keeps=("SELECT external_id FROM incident", "20260305001"),
    ),
)

"""Files by people who never heard of us: crawls, answers of services, exports of map programs."""

import json
from typing import Final

import numpy as np
import shapely

from geo.crs import wgs84_to_bd09, wgs84_to_gcj02
from tests.field_files import NEW_BUILDINGS, FieldFile, join, write_book, write_text
from tests.import_town import place
from tests.town import to_degrees

_XY: Final = np.array([place(60 + 37 * n % 880, 60 + 61 * n % 880) for n in range(30)])
_GCJ: Final = wgs84_to_gcj02(_XY)
_BD: Final = wgs84_to_bd09(_XY)
_SHOPS: Final = {"layer": "merchants"}
_IN_PLACE: Final = (
    "SELECT count(*) FROM merchant WHERE "
    f"ST_DWithin(geom, ST_SetSRID(ST_MakePoint({_XY[0][0]}, {_XY[0][1]}), 4490), 1e-5)",
    1,
)
_HOUSES: Final = [json.loads(shapely.to_geojson(to_degrees(shape))) for shape in NEW_BUILDINGS]


def _write_json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False)


def _misread(text: str) -> str:
    """What a program makes of UTF-8 that it takes for GBK; a byte that fits nowhere is lost."""
    return text.encode().decode("gbk", "replace")


STRANGERS: Final = (
    FieldFile(
        "三套坐标.csv",
        "each place in three datums, as the headers say",
        write_text(
            join(
                [["名称", "类型", "BD09经度", "BD09纬度", "高德经度", "高德纬度", "WGS84经度", "WGS84纬度"]]
                + [
                    [f"店{n}", "餐饮服务", *bd, *gcj, *wgs]
                    for n, (bd, gcj, wgs) in enumerate(zip(wgs84_to_bd09(_XY), _GCJ, _XY, strict=True))
                ]
            )
        ),
        30,
        keeps=_IN_PLACE,
        options=_SHOPS,
    ),
    FieldFile(
        "overpass.csv",
        "a list that Overpass writes, with marks before its own columns",
        write_text(
            join(
                [["@id", "@lon", "@lat", "name", "shop"]]
                + [[n, x, y, f"店{n}", "convenience"] for n, (x, y) in enumerate(_XY)]
            )
        ),
        30,
        keeps=_IN_PLACE,
        options={**_SHOPS, "crs": "wgs84"},
    ),
    FieldFile(
        "食品经营.csv",
        "licences for food, under names of a register",
        write_text(
            join(
                [["序号", "许可证编号", "经营者名称", "经营场所", "主体业态"]]
                + [[n, f"JY23101{n:04d}", f"店{n}", "柳北路1号", "餐饮服务经营者"] for n in range(1, 4)]
            )
        ),
        3,
        options=_SHOPS,
        keeps=("SELECT count(*) FROM merchant WHERE code LIKE 'JY23101%' AND category = 'restaurant'", 3),
    ),
    FieldFile(
        "百度返回.csv",
        "members of an answer as columns, with a dot in their names",
        write_text(
            join(
                [["uid", "name", "location.lat", "location.lng", "tag", "overall_rating"]]
                + [
                    [f"e{n}", f"店{n}", y, x, "美食;中餐厅", 4.5]
                    for n, (x, y) in enumerate(wgs84_to_bd09(_XY))
                ]
            )
        ),
        30,
        keeps=_IN_PLACE,
        options={"crs": "bd09"},
    ),
    FieldFile(
        "裸数据.csv",
        "addresses and pairs of coordinates without a header",
        write_text("\r\n".join(f'柳北路{n}号,"{x:.6f},{y:.6f}"' for n, (x, y) in enumerate(_GCJ))),
        stopped="has no header",
        options=_SHOPS,
    ),
    FieldFile(
        "套层.json",
        "records below a heading, each in an envelope of its own",
        write_text(
            _write_json(
                {
                    "total": 30,
                    "rows": [
                        {
                            "district": "甲区",
                            "shops": [
                                {"kv": {"店名": f"店{n}", "业态": "餐饮", "x": x, "y": y}}
                                for n, (x, y) in enumerate(_XY)
                            ],
                        }
                    ],
                }
            )
        ),
        30,
        keeps=_IN_PLACE,
        options={"crs": "4490"},
    ),
    FieldFile(
        "overpass.json",
        "an answer of Overpass in its own JSON",
        write_text(
            _write_json(
                {"version": 0.6, "generator": "Overpass API", "elements": [{"type": "node", "id": 1}]}
            )
        ),
        stopped="in its own JSON",
    ),
    FieldFile(
        "turbo.geojson",
        "OpenStreetMap's buildings, whose column “building” is their kind",
        write_text(
            _write_json(
                {
                    "type": "FeatureCollection",
                    "features": [
                        {
                            "type": "Feature",
                            "id": f"way/{n}",
                            "properties": {
                                "@id": f"way/{n}",
                                "building": "apartments",
                                "building:levels": "18",
                            },
                            "geometry": shape,
                        }
                        for n, shape in enumerate(_HOUSES)
                    ],
                }
            )
        ),
        2,
        keeps=("SELECT sum(floors) FROM building WHERE kind = 'residential'", 36),
        options={"crs": "4490"},
    ),
    FieldFile(
        "数组.geojson",
        "lists among the values",
        write_text(
            _write_json(
                {
                    "type": "Feature",
                    "properties": {"楼栋编号": "F1", "center": [109.4, 24.3], "acroutes": [100000, 450000]},
                    "geometry": _HOUSES[0],
                }
            )
        ),
        1,
        options={"layer": "buildings", "crs": "4490"},
    ),
    FieldFile(
        "别名.json",
        "Esri's JSON, whose columns have Chinese aliases",
        write_text(
            _write_json(
                {
                    "geometryType": "esriGeometryPolygon",
                    "spatialReference": {"wkid": 4490},
                    "fields": [
                        {"name": "BH", "type": "esriFieldTypeString", "alias": "楼栋编号"},
                        {"name": "CS", "type": "esriFieldTypeInteger", "alias": "层数"},
                    ],
                    "features": [
                        {
                            "attributes": {"BH": "F1", "CS": 6},
                            "geometry": {"rings": _HOUSES[0]["coordinates"]},
                        }
                    ],
                }
            )
        ),
        1,
        keeps=("SELECT floors FROM building WHERE code = 'F1'", 6),
    ),
    FieldFile(
        "三级分类.csv",
        "three levels of categories, of which the smallest says only “other”",
        write_text(
            join(
                [["工单编号", "工单标题", "一级分类", "二级分类", "三级分类", "来电时间", "工单状态"]]
                + [
                    [f"D{n}", "请处理", "城市管理", "楼道堆物", "其他", "2026-03-05 10:00", "待签收"]
                    for n in range(12)
                ]
            )
        ),
        12,
        keeps=("SELECT count(*) FROM incident WHERE category_code = 'E1299'", 0),
    ),
    FieldFile(
        "全是其他.csv",
        "cases that all are “other”",
        write_text(
            join(
                [["工单编号", "工单标题", "三级分类", "来电时间"]]
                + [[f"Q{n}", "请处理", "其他", "2026-03-05 10:00"] for n in range(12)]
            )
        ),
        12,
        told=("12 of 12 rows are filed under “other”",),
    ),
    FieldFile(
        "填表模板.xlsx",
        "a form that says below its header what to write",
        write_book(
            [
                ["*楼栋编号", "楼栋名称", "层数", "户数"],
                ["必填，不可重复", "选填，如3栋", "数字", "数字"],
                ["B1", "一号楼", 6, 36],
            ]
        ),
        1,
        options={"layer": "buildings"},
    ),
    FieldFile(
        "丢字.csv",
        "UTF-8 that was taken for GBK, with a byte lost here and there",
        write_text(
            _misread("楼栋编号,楼栋名称,层数\r\nB1,幸福里一号,6\r\nB2,新区,7\r\n").replace("€", "\x80")
        ),
        2,
        told=("had lost characters for good",),
        options={"layer": "buildings"},
    ),
    FieldFile(
        "小区点.csv",
        "compounds as points, and compounds are outlines",
        write_text(join([["小区名", "经度", "纬度"], ["新苑", *_XY[0]]])),
        0,
        refused=("has no outline",),
        told=("gives a single point",),
    ),
)

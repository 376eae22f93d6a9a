"""Files as open data portals, databases and programs write them for one another."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from zipfile import ZipFile

import numpy as np
import shapely

from geo.crs import wgs84_to_gcj02
from tests.field_files import (
    NEW_BUILDINGS,
    Cells,
    FieldFile,
    join,
    write_book,
    write_bytes,
    write_shapes,
    write_text,
)
from tests.import_town import place
from tests.town import to_degrees

_COUNT: Final = 30
_XY: Final = np.array([place(60 + 37 * n % 880, 60 + 61 * n % 880) for n in range(_COUNT)])
_KINDS: Final = ("暴露垃圾", "占道经营", "噪声扰民")
_WGS84: Final = {"crs": "wgs84"}
_FIRST_PLACE: Final = f"ST_DWithin(geom, ST_SetSRID(ST_MakePoint({_XY[0][0]}, {_XY[0][1]}), 4490), 1e-5)"
_CASE_IN_PLACE: Final = (f"SELECT count(*) FROM incident WHERE {_FIRST_PLACE}", 1)
_SHOP_IN_PLACE: Final = (f"SELECT count(*) FROM merchant WHERE {_FIRST_PLACE}", 1)
_FIRST_TIME: Final = (
    "SELECT to_char(min(reported_at) AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS') FROM incident",
    "2026-03-05 15:20:11",
)
_AT: Final = [datetime.fromisoformat("2026-03-05 15:20:11") + timedelta(hours=7 * n) for n in range(_COUNT)]
_SHOPS: Final[list[list[object]]] = [
    ["店名", "业态", "经度", "纬度"],
    *([f"店{n}", "餐饮", *xy] for n, xy in enumerate(_XY.tolist())),
]


def _write_json(content: object) -> Callable[[Path], object]:
    return write_text(json.dumps(content, ensure_ascii=False))


def _record(rows: Cells) -> list[dict[str, object]]:
    return [dict(zip(map(str, rows[0]), row, strict=True)) for row in rows[1:]]


def _list_cases(*more: str, write: Callable[[datetime], str] = str) -> list[list[object]]:
    """List cases whose times a program has written; more columns are longitude and latitude."""
    return [
        ["AJBH", "SBSJ", "DLMC", "XLMC", "WTMS", *more],
        *(
            [f"AJ{n}", write(at), "市容环境", _KINDS[n % 3], "请处理", *(xy if more else ())]
            for n, (at, xy) in enumerate(zip(_AT, _XY.tolist(), strict=True))
        ),
    ]


def _write_oracle(at: datetime) -> str:
    half = "上午" if at.hour < 12 else "下午"
    return f"{at.day:02d}-{at.month}月 -{at:%y %I.%M.%S}.000000 {half}"


def _write_311(head: Sequence[str], row: Callable[[int], Sequence[object]]) -> Callable[[Path], object]:
    return write_text(join([head, *(row(n) for n in range(_COUNT))]))


_OUTLINES: Final = [json.loads(shapely.to_geojson(to_degrees(shape))) for shape in NEW_BUILDINGS]
_FEATURES: Final = [
    {"type": "Feature", "properties": {"楼栋编号": f"F{n}", "层数": 6}, "geometry": outline}
    for n, outline in enumerate(_OUTLINES)
]


def _zip_table(
    change: Callable[[str], bytes], text: str, cpg: str | None = "UTF-8"
) -> Callable[[Path], object]:
    """Zip a Shapefile in whose .dbf a program has written the text of a column as it understood it."""
    blank = b"y" * 254

    def make(path: Path) -> None:
        with TemporaryDirectory() as name:
            folder = Path(name)
            columns = {"楼栋编号": ["F1", "F2"], "DZ": [blank.decode()] * 2}
            write_shapes(NEW_BUILDINGS, columns=columns, encoding="UTF-8")(folder / "楼栋.shp")
            table = folder / "楼栋.dbf"
            table.write_bytes(table.read_bytes().replace(blank, change(text)[:254].ljust(254)))
            (folder / "楼栋.cpg").unlink()
            if cpg is not None:
                (folder / "楼栋.cpg").write_text(cpg)
            with ZipFile(path, "w") as archive:
                for part in sorted(folder.iterdir()):
                    archive.write(part, part.name)

    return make


_LINES: Final = [json.dumps(record, ensure_ascii=False) for record in _record(_list_cases("经度", "纬度"))]
_SOCRATA: Final = [
    ":id",
    ":created_at",
    "unique_key",
    "created_date",
    "complaint_type",
    "latitude",
    "longitude",
]
_ROADSIDE: Final = "文昌路旁边的老房子，墙面渗水，需要维修；" * 12

PORTALS: Final = (
    FieldFile(
        "民生诉求.csv",
        "a city's open cases under English names, of which some are thanks",
        write_text(
            join(
                [
                    [
                        "REC_ID",
                        "EVENT_PROPERTY_NAME",
                        "EVENT_SRC_NAME",
                        "MAIN_TYPE_NAME",
                        "SUB_TYPE_NAME",
                        "CREATE_TIME",
                    ],
                    *(
                        [
                            88000 + n,
                            ("投诉", "感谢", "建议")[n % 3],
                            "12345热线",
                            "市容环卫",
                            _KINDS[n % 3],
                            "2026/3/5 15:20",
                        ]
                        for n in range(6)
                    ),
                ]
            ),
            "gb18030",
        ),
        6,
        told=("感谢、建议 are none we know",),
        keeps=(
            "SELECT count(*) FROM incident WHERE request_kind = 'complaint' AND source = 'hotline_12345'",
            2,
        ),
    ),
    FieldFile(
        "数字城管.csv",
        "columns named by the initials of their names, times as Oracle writes them in Chinese",
        write_text(join(_list_cases(write=_write_oracle))),
        _COUNT,
        keeps=_FIRST_TIME,
    ),
    FieldFile(
        "java.csv",
        "times as Java writes them",
        write_text(join(_list_cases(write=lambda at: f"{at:%a %b %d %H:%M:%S} CST {at:%Y}"))),
        _COUNT,
        keeps=_FIRST_TIME,
    ),
    FieldFile(
        "dotnet.json",
        "records in an envelope, times as .NET writes them",
        _write_json(
            {
                "d": {
                    "results": _record(
                        _list_cases(write=lambda at: f"/Date({int(at.timestamp() - 8 * 3600)}000)/")
                    )
                }
            }
        ),
        _COUNT,
        told=("seconds since 1970",),
        keeps=_FIRST_TIME,
    ),
    FieldFile(
        "日在前.csv",
        "the day before the month, which some of the days show, and half the day in letters",
        write_text(join(_list_cases(write=lambda at: f"{at:%d/%m/%Y %I:%M:%S %p}"))),
        _COUNT,
        keeps=_FIRST_TIME,
    ),
    FieldFile(
        "工单.jsonl",
        "a record a line, the last cut off",
        write_text("\n".join([*_LINES, _LINES[0][:40]])),
        _COUNT,
        refused=("is no JSON object, or is cut off",),
        keeps=_CASE_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "导出.json",
        "a record a line by the name of ordinary JSON, as MongoDB exports it",
        write_text(
            "\n".join(line.replace('"AJBH": "', '"_id": {"$oid": "a"}, "AJBH": "') for line in _LINES)
        ),
        _COUNT,
        options=_WGS84,
    ),
    FieldFile(
        "楼栋.ndjson",
        "a feature a line",
        write_text("\n".join(json.dumps(feature, ensure_ascii=False) for feature in _FEATURES)),
        2,
    ),
    FieldFile(
        "楼栋.geojsonl",
        "features with a mark before each, as RFC 8142 has them",
        write_text("".join(f"\x1e{json.dumps(feature, ensure_ascii=False)}\n" for feature in _FEATURES)),
        2,
    ),
    FieldFile(
        "rows.json",
        "rows of bare cells, whose columns are described above them, as Socrata gives them",
        _write_json(
            {
                "meta": {
                    "view": {
                        "columns": [{"id": -1, "name": name.upper(), "fieldName": name} for name in _SOCRATA]
                    }
                },
                "data": [
                    [f"row-{n}", 1700000000, str(n), at.isoformat(), "Illegal Parking", str(y), str(x)]
                    for n, (at, (x, y)) in enumerate(zip(_AT, _XY.tolist(), strict=True))
                ],
            }
        ),
        _COUNT,
        keeps=_FIRST_TIME,
        options=_WGS84,
    ),
    FieldFile(
        "datastore.json",
        "records beside a list of what their columns are, as CKAN gives them",
        _write_json(
            {
                "success": True,
                "result": {
                    "fields": [{"id": name, "type": "text"} for name in _SHOPS[0]],
                    "records": _record(_SHOPS),
                },
            }
        ),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "表.json",
        "a table as a list of rows, the first of which names the columns",
        _write_json(_SHOPS),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "列.json",
        "a table column by column",
        _write_json(
            {
                name: {str(n): value for n, value in enumerate(column)}
                for name, *column in zip(*_SHOPS, strict=True)
            }
        ),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "无结果.json",
        "an answer without a result",
        _write_json({"status": "1", "count": "0", "pois": []}),
        stopped="holds not one record",
    ),
    FieldFile(
        "几个表.json",
        "several lists beside each other",
        _write_json({"sheets": [{"a": 1}, {"a": 2}], "users": [{"b": 1}]}),
        stopped="holds several lists of records",
    ),
    FieldFile(
        "RECORDS.xml",
        "records as database tools export them in XML",
        write_text(
            '<?xml version="1.0" encoding="UTF-8"?><RECORDS>'
            + "".join(
                "<RECORD>"
                + "".join(f"<{name}>{value}</{name}>" for name, value in record.items())
                + "</RECORD>"
                for record in _record(_list_cases("经度", "纬度"))
            )
            + "</RECORDS>"
        ),
        _COUNT,
        keeps=_CASE_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "地物.xml",
        "a map in GML",
        write_text('<a xmlns:gml="http://www.opengis.net/gml"><b><gml:pos>1 2</gml:pos></b></a>'),
        stopped="is a map in GML",
    ),
    FieldFile(
        "列表.html",
        "a page that somebody saved from a browser",
        write_text(
            "<html><body><table>"
            + "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in _SHOPS)
            + "</table></body></html>"
        ),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "空格.txt",
        "separated by blanks alone",
        write_text("\n".join("  ".join(map(str, row)) for row in _SHOPS)),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "无表头.xlsx",
        "a workbook that begins with its first row of values",
        write_book(_SHOPS[1:]),
        stopped="has no header; say with --map",
        options={"layer": "merchants"},
    ),
    FieldFile(
        "芝加哥.csv",
        "blank columns of coordinates, and the places in another",
        _write_311(
            [
                "SR_NUMBER",
                "SR_TYPE",
                "STATUS",
                "CREATED_DATE",
                "STREET_ADDRESS",
                "LATITUDE",
                "LONGITUDE",
                "LOCATION",
            ],
            lambda n: [
                f"SR{n}",
                "Pothole in Street",
                "Open",
                f"{_AT[n]:%m/%d/%Y %I:%M:%S %p}",
                "1 N STATE ST",
                "",
                "",
                f"POINT ({_XY[n][0]} {_XY[n][1]})",
            ],
        ),
        _COUNT,
        told=("“LOCATION” holds pairs of coordinates",),
        keeps=_CASE_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "旧金山.csv",
        "addresses with the place in brackets below them",
        _write_311(
            ["CaseID", "Opened", "Status", "Category", "Location"],
            lambda n: [
                1400 + n,
                f"{_AT[n]:%m/%d/%Y %I:%M:%S %p}",
                "Open",
                "Graffiti",
                f'"1 MAIN ST\nSAN FRANCISCO, CA\n({_XY[n][1]}, {_XY[n][0]})"',
            ],
        ),
        _COUNT,
        keeps=_CASE_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "费城.csv",
        "a blank column of shapes beside coordinates",
        _write_311(
            ["the_geom", "service_request_id", "service_name", "status", "requested_datetime", "lat", "lon"],
            lambda n: ["", n + 1, "Illegal Dumping", "Open", _AT[n], _XY[n][1], _XY[n][0]],
        ),
        _COUNT,
        keeps=_CASE_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "洛杉矶.csv",
        "a type of request that says what it is about",
        _write_311(
            ["SRNumber", "RequestType", "Status", "CreatedDate", "Address"],
            lambda n: [f"1-{n}", ("Graffiti", "Bulky Items")[n % 2], "Open", _AT[n], "1 MAIN ST"],
        ),
        _COUNT,
        told=("categories of another list than ours",),
        keeps=_FIRST_TIME,
    ),
    FieldFile(
        "等级.csv",
        "grades of urgency of which some are not ours",
        write_text(
            join(
                [
                    ["事件编码", "事件小类", "事件等级", "上报日期", "处理状态"],
                    *(
                        [f"HZ{n}", "暴露垃圾", ("紧急", "III级")[n % 2], "2026.03.05 10:00", "已回复"]
                        for n in range(4)
                    ),
                ]
            )
        ),
        4,
        told=("III级 are none we know", "await verification"),
        keeps=("SELECT count(*) FROM incident WHERE severity = 'high'", 2),
    ),
    FieldFile(
        "波士顿.csv",
        "times that end in the hours of their zone",
        _write_311(
            ["case_id", "open_date", "service_name", "case_status", "full_address", "longitude", "latitude"],
            lambda n: [
                f"B{n}",
                f"{_AT[n] - timedelta(hours=8):%Y-%m-%d %H:%M:%S}+00",
                "Missed Trash",
                "Open",
                "1 MAIN ST",
                *_XY[n],
            ],
        ),
        _COUNT,
        told=("marked as world time",),
        keeps=_FIRST_TIME,
        options=_WGS84,
    ),
    FieldFile(
        "位置对象.json",
        "places as objects in a column that may be of addresses",
        _write_json(
            [
                {
                    "工单编号": f"H{n}",
                    "事项小类": "暴露垃圾",
                    "上报时间": str(_AT[n]),
                    "location": {"lng": x, "lat": y},
                }
                for n, (x, y) in enumerate(_XY.tolist())
            ]
        ),
        _COUNT,
        keeps=_CASE_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "竖线.csv",
        "both coordinates in one cell with a stroke between",
        write_text(
            join(
                [["店名", "业态", "坐标"], *([f"店{n}", "餐饮", f"{x}|{y}"] for n, (x, y) in enumerate(_XY))]
            )
        ),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "括号坐标系.csv",
        "GCJ-02, as the headers say in brackets",
        write_text(
            join(
                [
                    ["企业名称", "业态", "经度（GCJ-02）", "纬度（GCJ-02）"],
                    *([f"店{n}", "餐饮", x, y] for n, (x, y) in enumerate(wgs84_to_gcj02(_XY))),
                ]
            )
        ),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
    ),
    FieldFile(
        "图形列.csv",
        "outlines as GeoJSON in a column",
        write_text(
            "楼栋编号,geojson\r\n"
            + "\r\n".join(
                f'F{n},"' + json.dumps(outline).replace('"', '""') + '"'
                for n, outline in enumerate(_OUTLINES)
            )
        ),
        2,
        options=_WGS84,
    ),
    FieldFile(
        "截断254.zip",
        "a text that is longer than a column of a .dbf can be",
        _zip_table(str.encode, _ROADSIDE),
        2,
        told=("end where the column does, after 254 bytes",),
        options={"layer": "buildings"},
    ),
    FieldFile(
        "问号.zip",
        "text in whose place a program has written question marks",
        _zip_table(lambda text: re.sub(r"[^\x00-\x7f]", "?", text).encode(), "文昌路3号"),
        2,
        told=("lost characters for good before the file was saved (???3?)",),
        options={"layer": "buildings"},
    ),
    FieldFile(
        "chart.json",
        "coordinates packed for charts",
        _write_json(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": "第一网格"},
                        "geometry": {
                            "type": "Polygon",
                            "coordinates": ["@@lKN@b@@I"],
                            "encodeOffsets": [[112000, 24900]],
                        },
                    }
                ],
                "UTF8Encoding": True,
            }
        ),
        stopped="packed for charts (ECharts)",
        options={"layer": "grids"},
    ),
    FieldFile(
        "实时库.json",
        "records by keys of their own, below a name",
        _write_json({"shops": {f"-M{n}": record for n, record in enumerate(_record(_SHOPS))}}),
        _COUNT,
        keeps=_SHOP_IN_PLACE,
        options=_WGS84,
    ),
    FieldFile(
        "空.gpx",
        "a recording that was never begun",
        write_bytes(b'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><metadata/></gpx>'),
        stopped="holds no waypoint, no route and no track",
    ),
)

"""Lists of cases as cities far away give them out, and columns that only look like what they are called."""

import json
import re
from datetime import timedelta
from typing import Final

from geo.crs import wgs84_to_gcj02
from tests.field_files import FieldFile, join, write_bytes, write_text
from tests.portal_rows import (
    AT,
    CASE_IN_PLACE,
    COUNT,
    FIRST_TIME,
    OUTLINES,
    ROADSIDE,
    SHOP_IN_PLACE,
    SHOPS,
    WGS84,
    XY,
    record,
    write_311,
    write_json,
    zip_table,
)

CITIES: Final = (
    FieldFile(
        "芝加哥.csv",
        "blank columns of coordinates, and the places in another",
        write_311(
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
                f"{AT[n]:%m/%d/%Y %I:%M:%S %p}",
                "1 N STATE ST",
                "",
                "",
                f"POINT ({XY[n][0]} {XY[n][1]})",
            ],
        ),
        COUNT,
        told=("“LOCATION” holds pairs of coordinates",),
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "旧金山.csv",
        "addresses with the place in brackets below them",
        write_311(
            ["CaseID", "Opened", "Status", "Category", "Location"],
            lambda n: [
                1400 + n,
                f"{AT[n]:%m/%d/%Y %I:%M:%S %p}",
                "Open",
                "Graffiti",
                f'"1 MAIN ST\nSAN FRANCISCO, CA\n({XY[n][1]}, {XY[n][0]})"',
            ],
        ),
        COUNT,
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "费城.csv",
        "a blank column of shapes beside coordinates",
        write_311(
            ["the_geom", "service_request_id", "service_name", "status", "requested_datetime", "lat", "lon"],
            lambda n: ["", n + 1, "Illegal Dumping", "Open", AT[n], XY[n][1], XY[n][0]],
        ),
        COUNT,
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "洛杉矶.csv",
        "a type of request that says what it is about",
        write_311(
            ["SRNumber", "RequestType", "Status", "CreatedDate", "Address"],
            lambda n: [f"1-{n}", ("Graffiti", "Bulky Items")[n % 2], "Open", AT[n], "1 MAIN ST"],
        ),
        COUNT,
        told=("categories of another list than ours",),
        keeps=FIRST_TIME,
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
        write_311(
            ["case_id", "open_date", "service_name", "case_status", "full_address", "longitude", "latitude"],
            lambda n: [
                f"B{n}",
                f"{AT[n] - timedelta(hours=8):%Y-%m-%d %H:%M:%S}+00",
                "Missed Trash",
                "Open",
                "1 MAIN ST",
                *XY[n],
            ],
        ),
        COUNT,
        told=("marked as world time",),
        keeps=FIRST_TIME,
        options=WGS84,
    ),
    FieldFile(
        "位置对象.json",
        "places as objects in a column that may be of addresses",
        write_json(
            [
                {
                    "工单编号": f"H{n}",
                    "事项小类": "暴露垃圾",
                    "上报时间": str(AT[n]),
                    "location": {"lng": x, "lat": y},
                }
                for n, (x, y) in enumerate(XY.tolist())
            ]
        ),
        COUNT,
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "竖线.csv",
        "both coordinates in one cell with a stroke between",
        write_text(
            join([["店名", "业态", "坐标"], *([f"店{n}", "餐饮", f"{x}|{y}"] for n, (x, y) in enumerate(XY))])
        ),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "括号坐标系.csv",
        "GCJ-02, as the headers say in brackets",
        write_text(
            join(
                [
                    ["企业名称", "业态", "经度（GCJ-02）", "纬度（GCJ-02）"],
                    *([f"店{n}", "餐饮", x, y] for n, (x, y) in enumerate(wgs84_to_gcj02(XY))),
                ]
            )
        ),
        COUNT,
        keeps=SHOP_IN_PLACE,
    ),
    FieldFile(
        "图形列.csv",
        "outlines as GeoJSON in a column",
        write_text(
            "楼栋编号,geojson\r\n"
            + "\r\n".join(
                f'F{n},"' + json.dumps(outline).replace('"', '""') + '"' for n, outline in enumerate(OUTLINES)
            )
        ),
        2,
        options=WGS84,
    ),
    FieldFile(
        "截断254.zip",
        "a text that is longer than a column of a .dbf can be",
        zip_table(str.encode, ROADSIDE),
        2,
        told=("end where the column does, after 254 bytes",),
        options={"layer": "buildings"},
    ),
    FieldFile(
        "问号.zip",
        "text in whose place a program has written question marks",
        zip_table(lambda text: re.sub(r"[^\x00-\x7f]", "?", text).encode(), "文昌路3号"),
        2,
        told=("lost characters for good before the file was saved (???3?)",),
        options={"layer": "buildings"},
    ),
    FieldFile(
        "chart.json",
        "coordinates packed for charts",
        write_json(
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
        write_json({"shops": {f"-M{n}": record for n, record in enumerate(record(SHOPS))}}),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "空.gpx",
        "a recording that was never begun",
        write_bytes(b'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><metadata/></gpx>'),
        stopped="holds no waypoint, no route and no track",
    ),
)

"""Files as open data portals, databases and programs write them for one another."""

import json
from typing import Final

from tests.field_files import FieldFile, join, write_book, write_text
from tests.portal_rows import (
    AT,
    CASE_IN_PLACE,
    COUNT,
    FEATURES,
    FIRST_TIME,
    KINDS,
    LINES,
    SHOP_IN_PLACE,
    SHOPS,
    SOCRATA,
    WGS84,
    XY,
    list_cases,
    record,
    write_json,
    write_oracle,
)

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
                            KINDS[n % 3],
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
        write_text(join(list_cases(write=write_oracle))),
        COUNT,
        keeps=FIRST_TIME,
    ),
    FieldFile(
        "java.csv",
        "times as Java writes them",
        write_text(join(list_cases(write=lambda at: f"{at:%a %b %d %H:%M:%S} CST {at:%Y}"))),
        COUNT,
        keeps=FIRST_TIME,
    ),
    FieldFile(
        "dotnet.json",
        "records in an envelope, times as .NET writes them",
        write_json(
            {
                "d": {
                    "results": record(
                        list_cases(write=lambda at: f"/Date({int(at.timestamp() - 8 * 3600)}000)/")
                    )
                }
            }
        ),
        COUNT,
        told=("seconds since 1970",),
        keeps=FIRST_TIME,
    ),
    FieldFile(
        "日在前.csv",
        "the day before the month, which some of the days show, and half the day in letters",
        write_text(join(list_cases(write=lambda at: f"{at:%d/%m/%Y %I:%M:%S %p}"))),
        COUNT,
        keeps=FIRST_TIME,
    ),
    FieldFile(
        "工单.jsonl",
        "a record a line, the last cut off",
        write_text("\n".join([*LINES, LINES[0][:40]])),
        COUNT,
        refused=("is no JSON object, or is cut off",),
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "导出.json",
        "a record a line by the name of ordinary JSON, as MongoDB exports it",
        write_text("\n".join(line.replace('"AJBH": "', '"_id": {"$oid": "a"}, "AJBH": "') for line in LINES)),
        COUNT,
        options=WGS84,
    ),
    FieldFile(
        "批量.json",
        "records between the lines that tell Elasticsearch to take them in",
        write_text("".join(f'{{"index":{{"_id":"{n}"}}}}\n{line}\n' for n, line in enumerate(LINES))),
        COUNT,
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "检索.json",
        "records as Elasticsearch finds them, among books of its own",
        write_text(
            '{"took":3,"hits":{"total":{"value":30},"max_score":1,"hits":['
            + ",".join(f'{{"_index":"gd","_id":"{n}","_source":{line}}}' for n, line in enumerate(LINES))
            + "]}}"
        ),
        COUNT,
        keeps=CASE_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "楼栋.ndjson",
        "a feature a line",
        write_text("\n".join(json.dumps(feature, ensure_ascii=False) for feature in FEATURES)),
        2,
    ),
    FieldFile(
        "楼栋.geojsonl",
        "features with a mark before each, as RFC 8142 has them",
        write_text("".join(f"\x1e{json.dumps(feature, ensure_ascii=False)}\n" for feature in FEATURES)),
        2,
    ),
    FieldFile(
        "rows.json",
        "rows of bare cells, whose columns are described above them, as Socrata gives them",
        write_json(
            {
                "meta": {
                    "view": {
                        "columns": [{"id": -1, "name": name.upper(), "fieldName": name} for name in SOCRATA]
                    }
                },
                "data": [
                    [f"row-{n}", 1700000000, str(n), at.isoformat(), "Illegal Parking", str(y), str(x)]
                    for n, (at, (x, y)) in enumerate(zip(AT, XY.tolist(), strict=True))
                ],
            }
        ),
        COUNT,
        keeps=FIRST_TIME,
        options=WGS84,
    ),
    FieldFile(
        "datastore.json",
        "records beside a list of what their columns are, as CKAN gives them",
        write_json(
            {
                "success": True,
                "result": {
                    "fields": [{"id": name, "type": "text"} for name in SHOPS[0]],
                    "records": record(SHOPS),
                },
            }
        ),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "表.json",
        "a table as a list of rows, the first of which names the columns",
        write_json(SHOPS),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "列.json",
        "a table column by column",
        write_json(
            {
                name: {str(n): value for n, value in enumerate(column)}
                for name, *column in zip(*SHOPS, strict=True)
            }
        ),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "无结果.json",
        "an answer without a result",
        write_json({"status": "1", "count": "0", "pois": []}),
        stopped="holds not one record",
    ),
    FieldFile(
        "几个表.json",
        "several lists beside each other",
        write_json({"sheets": [{"a": 1}, {"a": 2}], "users": [{"b": 1}]}),
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
                for record in record(list_cases("经度", "纬度"))
            )
            + "</RECORDS>"
        ),
        COUNT,
        keeps=CASE_IN_PLACE,
        options=WGS84,
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
            + "".join("<tr>" + "".join(f"<td>{value}</td>" for value in row) + "</tr>" for row in SHOPS)
            + "</table></body></html>"
        ),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "空格.txt",
        "separated by blanks alone",
        write_text("\n".join("  ".join(map(str, row)) for row in SHOPS)),
        COUNT,
        keeps=SHOP_IN_PLACE,
        options=WGS84,
    ),
    FieldFile(
        "无表头.xlsx",
        "a workbook that begins with its first row of values",
        write_book(SHOPS[1:]),
        stopped="has no header; say with --map",
        options={"layer": "merchants"},
    ),
)

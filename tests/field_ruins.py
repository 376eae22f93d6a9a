"""Files that a program has half ruined: what it left can be told, or it is said what is lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import geopandas as gpd
import shapely
from shapely import MultiPolygon, affinity, box

from tests.field_files import NEW_BUILDINGS, FieldFile, join, list_cases, write_book, write_shapes, write_text
from tests.town import to_degrees

_HOUSES: Final = {"layer": "buildings"}
_THREE: Final = [*NEW_BUILDINGS, box(480, 400, 500, 420)]
_NAMES: Final = ["红星一村", "红星二村", "红星三村"]
_NAMED: Final = (
    "SELECT string_agg(name, '、' ORDER BY code) FROM building WHERE code LIKE 'R%'",
    "、".join(_NAMES),
)
_SAID: Final = {"layer": "incidents", "crs": "4490"}
_CASES_JSON: Final = json.dumps(
    [dict(zip(list_cases(5)[0], row, strict=True)) for row in list_cases(5)[1:]], ensure_ascii=False
)
# A circle drawn twice, a metre apart: two parts of one house that cross.
_ROUND: Final = shapely.Point(420, 420).buffer(20, quad_segs=200)


def _write_named(names: list[str]) -> Callable[[Path], object]:
    columns = {"楼栋编号": ["R1", "R2", "R3"], "楼栋名称": names}
    return write_shapes(_THREE, columns=columns)


def _misread(text: str, written: str, read: str) -> str:
    return text.encode(written).decode(read)


def _write_geojson(path: Path, *, closed: bool, number: type, ringed: bool = True) -> None:
    frame = gpd.GeoDataFrame(
        {"楼栋编号": ["R1", "R2", "R3"], "楼栋名称": _NAMES}, geometry=[to_degrees(shape) for shape in _THREE]
    )
    content = json.loads(frame.to_json(drop_id=True))
    for feature in content["features"]:
        ring = feature["geometry"]["coordinates"][0]
        corners = ring if closed else ring[:-1]
        written = [[number(way) for way in corner] for corner in corners]
        feature["geometry"]["coordinates"] = [written] if ringed else written
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _write_mif(path: Path, system: str, crs: int) -> None:
    frame = gpd.GeoSeries([to_degrees(shape) for shape in _THREE], crs=4490).to_crs(crs)
    lines = [
        "Version 300",
        'Charset "WindowsSimpChinese"',
        'Delimiter ","',
        f"CoordSys {system}",
        "Columns 2",
    ]
    lines += ["  编号 Char(20)", "  名称 Char(40)", "Data", ""]
    for shape in frame:
        corners = shapely.get_coordinates(shape)
        lines += ["Region 1", f"  {len(corners)}", *(f"{x} {y}" for x, y in corners)]
    path.write_text("\n".join(lines) + "\n", encoding="gbk")
    told = "".join(f'"R{number}","{name}"\n' for number, name in enumerate(_NAMES, start=1))
    path.with_suffix(".mid").write_text(told, encoding="gbk")


RUINS: Final = (
    FieldFile(
        "库里乱码.gpkg",
        "names that a database has misread, below headers that are right",
        _write_named([_misread(name, "utf-8", "latin-1") for name in _NAMES]),
        3,
        told=("read in a wrong encoding before it was saved",),
        options=_HOUSES,
        keeps=_NAMED,
    ),
    FieldFile(
        "两次乱码.gpkg",
        "names that were misread twice in turn",
        _write_named([_misread(_misread(name, "utf-8", "latin-1"), "utf-8", "latin-1") for name in _NAMES]),
        3,
        told=("read in a wrong encoding before it was saved",),
        options=_HOUSES,
        keeps=_NAMED,
    ),
    FieldFile(
        "锟斤拷.gpkg",
        "names of which nothing is left but the marks of what was lost",
        _write_named(["锟斤拷一村", "锟斤拷二村", "锟斤拷锟斤拷"]),
        3,
        told=("lost characters for good before the file was saved (锟斤拷一村",),
        options=_HOUSES,
    ),
    FieldFile(
        "网页编码.gpkg",
        "names in which each sign is a code of web pages or of JSON",
        _write_named(
            [
                "".join(f"&#{ord(sign)};" for sign in _NAMES[0]),
                _NAMES[1].encode("unicode_escape").decode(),
                _NAMES[2],
            ]
        ),
        3,
        options=_HOUSES,
        keeps=_NAMED,
    ),
    FieldFile(
        "同名列.shp",
        "two names of columns, cut to the same three characters",
        write_shapes(
            NEW_BUILDINGS,
            columns={"建筑物名": ["1栋", "2栋"], "建筑物号": ["R1", "R2"], "楼栋编号": ["R1", "R2"]},
            encoding="UTF-8",
        ),
        2,
        options=_HOUSES,
    ),
    FieldFile(
        "叠圆.gpkg",
        "an outline of two parts with many corners that cross",
        write_shapes([MultiPolygon([_ROUND, affinity.translate(_ROUND, 1)])]),
        refused=("its outline is not sound",),
        options=_HOUSES,
    ),
    FieldFile(
        "环不闭.geojson",
        "rings whose last corner is not their first",
        lambda path: _write_geojson(path, closed=False, number=float),
        3,
        options=_HOUSES,
        keeps=_NAMED,
    ),
    FieldFile(
        "文本坐标.geojson",
        "coordinates as texts",
        lambda path: _write_geojson(path, closed=True, number=str),
        3,
        options=_HOUSES,
        keeps=_NAMED,
    ),
    FieldFile(
        "光图形.geojson",
        "a shape with nothing said of it",
        write_text(shapely.to_geojson(to_degrees(NEW_BUILDINGS[0]))),
        stopped="holds shapes and no column",
        options=_HOUSES,
    ),
    FieldFile(
        "EWKT.csv",
        "shapes as PostGIS writes them, with a semicolon in the cell",
        write_text(
            "楼栋编号,楼栋名称,geom\r\n"
            + "\r\n".join(
                f'R{n},{name},"SRID=4490;{to_degrees(shape).wkt}"'
                for n, (name, shape) in enumerate(zip(_NAMES, _THREE, strict=True), start=1)
            )
        ),
        3,
        options={**_HOUSES, "crs": "4490"},
        keeps=_NAMED,
    ),
    FieldFile(
        "lat_long.csv",
        "a longitude called long",
        write_text(
            join([["service_request_id", "service_name", "requested_datetime", "long", "lat"]])
            + "\r\n"
            + join([[n, "楼道堆物", when, x, y] for n, _, _, when, x, y in list_cases(12)[1:]])
        ),
        12,
        options=_SAID,
    ),
    FieldFile(
        "只有纬度.csv",
        "a column of latitudes, and the longitudes by a name that nobody knows",
        write_text(
            join([["办件编号", "事项小类", "上报时间", "长", "纬度"]])
            + "\r\n"
            + join([[n, kind, when, x, y] for n, _, kind, when, x, y in list_cases(3)[1:]])
        ),
        3,
        told=("no column as lon",),
        options=_SAID,
    ),
    FieldFile(
        "无类别.csv",
        "cases of which nothing says what they are about",
        write_text(join([[n, when, x, y] for n, _, _, when, x, y in list_cases(3)])),
        3,
        told=("3 rows name no category",),
        options=_SAID,
    ),
    FieldFile(
        "竖线无表头.csv",
        "rows without a header, of no kind that shows",
        write_text("7|幸福里|2009年建成|2018-11-03 15:32:55\r\n8|丽景湾|2002年建成|2018-11-03 15:33:24\r\n"),
        stopped="has no header: its first row holds values",
    ),
    FieldFile(
        "NaN.json",
        "NaN for what is not known, as Python writes it, and a comma before the end",
        write_text(_CASES_JSON.replace('"E101"', "NaN", 1)[:-1] + ",]"),
        5,
        options=_SAID,
    ),
    FieldFile(
        "脚本.json",
        "records that a web page reads as a script",
        write_text(f"var data = {_CASES_JSON};"),
        5,
        options=_SAID,
    ),
    FieldFile(
        "整行引号.csv",
        "each line within quotation marks",
        write_text("\r\n".join(f'"{line}"' for line in join(list_cases(5)).splitlines())),
        5,
        options=_SAID,
    ),
    FieldFile(
        "小数逗号.csv",
        "decimals behind a comma, columns between semicolons",
        write_text(join(list_cases(5), ";").replace(".", ",")),
        5,
        options=_SAID,
    ),
    FieldFile(
        "横表.xlsx",
        "a table on its side, with the names of its columns below each other",
        write_book(list(zip(*list_cases(5), strict=True))),
        stopped="lies on its side",
        options=_SAID,
    ),
    FieldFile(
        "并排.xlsx",
        "two tables beside each other",
        write_book([[*row, *row] for row in list_cases(5)]),
        5,
        told=("6 columns stand twice",),
        options=_SAID,
    ),
    FieldFile(
        "零日期.csv",
        "dates of nothing, as databases keep them",
        write_text(
            join(
                [
                    [*row, end]
                    for row, end in zip(
                        list_cases(2), ("办结时间", "0000-00-00 00:00:00", "0001-01-01T00:00:00"), strict=True
                    )
                ]
            )
        ),
        2,
        options=_SAID,
    ),
    FieldFile(
        "诉求类别.csv",
        "categories in a column whose name may also mean whether it is a question or a complaint",
        write_text(
            join([["办件编号", "诉求类别", "上报时间", "经度", "纬度"]])
            + "\r\n"
            + join([[n, kind, when, x, y] for n, kind, _, when, x, y in list_cases(6)[1:]])
        ),
        6,
        options=_SAID,
        keeps=("SELECT DISTINCT category_code FROM incident WHERE external_id LIKE 'GZ00%'", "E402"),
    ),
    FieldFile(
        "坐席.csv",
        "where the call was taken, and where it happened",
        write_text(
            join([["办件编号", "事项小类", "上报时间", "坐席经度", "坐席纬度", "事发经度", "事发纬度"]])
            + "\r\n"
            + join([[n, kind, when, 121.4, 31.2, x, y] for n, kind, _, when, x, y in list_cases(5)[1:]])
        ),
        5,
        options=_SAID,
        keeps=("SELECT count(*) FROM incident WHERE external_id LIKE 'GZ00%' AND geom IS NOT NULL", 5),
    ),
    FieldFile(
        "少一层.geojson",
        "outlines without the list around their rings",
        lambda path: _write_geojson(path, closed=True, number=float, ringed=False),
        stopped="in another form than GeoJSON has",
        options=_HOUSES,
    ),
    FieldFile(
        "无基准.mif",
        "degrees of which MapInfo was not told the datum",
        lambda path: _write_mif(path, "Earth Projection 1, 0", 4490),
        stopped="does not say which coordinate system",
        options=_HOUSES,
    ),
    FieldFile(
        "平面.mif",
        "metres of a plane that MapInfo does not tie to the Earth",
        lambda path: _write_mif(path, 'NonEarth Units "m" Bounds (0, 0) (1000000, 10000000)', 4545),
        3,
        options={**_HOUSES, "crs": "4545"},
        keeps=_NAMED,
    ),
)

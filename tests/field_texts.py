"""Tables of text as they are found in the field, in every encoding."""

from typing import Final

from geo.crs import wgs84_to_bd09, wgs84_to_gcj02
from tests.field_files import FieldFile, join, list_cases, write_bytes, write_text
from tests.import_town import place

_HERE: Final = ",".join(f"{axis:.7f}" for axis in place(400, 400))
_AT_B1: Final = [round(axis, 7) for axis in place(150, 130)]
_HEAD: Final = "办件编号,诉求主题,事项小类,上报时间,经度,纬度"


def _case(
    number: str = "A1", category: str = "E101", at: str = "2026-11-02 08:30:00", where: str = _HERE
) -> str:
    return f"{number},楼道堆物,{category},{at},{where}"


def _cases(*rows: str, head: str = _HEAD) -> str:
    return "\r\n".join([head, *rows])


_CASES: Final = {"layer": "incidents", "crs": "4490"}
_ROSTER: Final = {"layer": "buildings"}

TEXTS: Final = (
    FieldFile("事件.csv", "none", write_text(_cases(_case(), _case("A2"))), 2, options=_CASES),
    FieldFile(
        "事件带BOM.csv",
        "begins with a byte-order mark",
        write_text(_cases(_case()), "utf-8-sig"),
        1,
        options=_CASES,
    ),
    FieldFile(
        "生僻字.csv",
        "GB18030 with a character that GBK has not",
        write_text("楼栋编号,楼栋名称\r\nB1,䶮家楼", "gb18030"),
        1,
        options=_ROSTER,
        keeps=("SELECT name FROM building WHERE code = 'B1'", "䶮家楼"),
    ),
    FieldFile(
        "记事本.csv",
        "saved as “Unicode”, which is UTF-16",
        write_text(_cases(_case()), "utf-16"),
        1,
        options=_CASES,
    ),
    FieldFile(
        "分号.csv",
        "separated by semicolons",
        write_text(_cases(_case()).replace(",", ";")),
        1,
        options=_CASES,
    ),
    FieldFile(
        "制表.txt", "separated by tabs", write_text(_cases(_case()).replace(",", "\t")), 1, options=_CASES
    ),
    FieldFile(
        "标题.csv",
        "a title and a date above the header",
        write_text("2026年11月工单明细\r\n制表：王\r\n" + _cases(_case())),
        1,
        options=_CASES,
    ),
    FieldFile(
        "换行.csv",
        "a line break inside a cell",
        write_text(_cases('A1,"楼道\n堆物",E101,2026-11-02 08:30,' + _HERE)),
        1,
        options=_CASES,
        keeps=("SELECT title FROM incident WHERE external_id = 'A1'", "楼道\n堆物"),
    ),
    FieldFile(
        "缺列.csv",
        "a row with fewer cells than the header",
        write_text(_cases(_case(), "A2,楼道堆物")),
        1,
        refused=("cells where the header has 6",),
        options=_CASES,
    ),
    FieldFile(
        "空行.csv",
        "blank rows between",
        write_text(_cases(_case(), "", ",,,,,", _case("A2"))),
        2,
        options=_CASES,
    ),
    FieldFile(
        "未闭合.csv",
        "a quotation mark that is never closed",
        write_text(_cases('A1,"楼道堆物,E101,2026-11-02,' + _HERE, _case("A2"))),
        stopped="quotation mark that is never closed",
        options=_CASES,
    ),
    FieldFile("空文件.csv", "nothing in it", write_bytes(b""), stopped="is empty", options=_CASES),
    FieldFile(
        "只有表头.csv", "a header and no row", write_text(_HEAD + "\r\n"), stopped="no rows", options=_CASES
    ),
    FieldFile(
        "图片.csv",
        "a picture by a wrong ending",
        write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9),
        stopped="is not text",
        options=_CASES,
    ),
    FieldFile(
        "零字节.csv",
        "zero bytes inside",
        write_bytes(_cases(_case()).encode() + b"\0\0"),
        stopped="is not text",
        options=_CASES,
    ),
    FieldFile(
        "重复行.csv",
        "a case twice",
        write_text(_cases(_case(), _case(), _case("A2"))),
        2,
        refused=("says the same as row 2, which came first",),
        options=_CASES,
    ),
    FieldFile(
        "经纬颠倒.csv",
        "latitude and longitude exchanged",
        write_text(_cases(_case(where=",".join(reversed(_HERE.split(",")))))),
        1,
        told=("the other way round",),
        options=_CASES,
    ),
    FieldFile(
        "半个坐标.csv",
        "only one of the two coordinates",
        write_text(_cases(_case(where="120.004,"))),
        0,
        refused=("has only one of the two coordinates",),
        options=_CASES,
    ),
    FieldFile(
        "零坐标.csv",
        "0, 0 for “unknown”",
        write_text(_cases(_case(where="0,0"), _case("A2"))),
        1,
        refused=("not in China",),
        options=_CASES,
    ),
    FieldFile(
        "隔壁.csv",
        "a case of another district",
        write_text(_cases(_case(where="120.2,32.1"), _case("A2"))),
        1,
        refused=("outside A社区",),
        options=_CASES,
    ),
    FieldFile(
        "日期写法.csv",
        "days as five people write them",
        write_text("楼栋编号,核实日期\r\nB1,2026年3月5日\r\nB2,2026.3.5"),
        2,
        options=_ROSTER,
        keeps=("SELECT count(*) FROM building WHERE verified_on = '2026-03-05'", 2),
    ),
    FieldFile(
        "时间段.csv",
        "from when to when, which no zone is",
        write_text(_cases(_case(at="2026-11-02 10:00-11:30"))),
        0,
        refused=("is not a time we can read",),
        options=_CASES,
    ),
    FieldFile(
        "引号空格.csv",
        "blanks between the separators and the quotation marks",
        write_text(
            '"办件编号", "诉求主题", "事项小类", "上报时间"\r\n"A1", "太吵, 请处理", "E101", "2026-11-02"'
        ),
        1,
        options={"layer": "incidents"},
        keeps=("SELECT title FROM incident WHERE external_id = 'A1'", "太吵, 请处理"),
    ),
    FieldFile(
        "反斜杠.csv",
        "quotation marks inside cells, each behind a backslash",
        write_text(_cases('"A1","他说\\"太吵\\",请处理",E101,2026-11-02,' + _HERE)),
        1,
        options=_CASES,
        keeps=("SELECT title FROM incident WHERE external_id = 'A1'", '他说"太吵",请处理'),
    ),
    FieldFile(
        "假日期.csv",
        "30 February",
        write_text(_cases(_case(at="2026-02-30 08:00"))),
        0,
        refused=("is not a time we can read",),
        options=_CASES,
    ),
    FieldFile(
        "单位.csv",
        "counts with their unit, and in wide digits",
        write_text("楼栋编号,户数,人口\r\nB1,36户,约90\r\nB2,３６,９０人"),
        2,
        options=_ROSTER,
        keeps=("SELECT sum(households) FROM building WHERE code IN ('B1', 'B2')", 72),
    ),
    FieldFile(
        "负数.csv",
        "fewer than no floors",
        write_text("楼栋编号,层数\r\nB1,-3\r\nB2,6"),
        1,
        refused=("is not between 1 and 200",),
        options=_ROSTER,
    ),
    FieldFile(
        "未知类别.csv",
        "a category nobody knows",
        write_text(_cases(_case(category="外星人").replace("楼道堆物", "请来看看"))),
        0,
        refused=("is not one we know",),
        options=_CASES,
    ),
    FieldFile(
        "办结无时间.csv",
        "closed, but not since when",
        write_text(_cases(_case() + ",已办结", head=f"{_HEAD},办件状态")),
        1,
        told=("await verification",),
        options=_CASES,
        keeps=("SELECT state FROM incident WHERE external_id = 'A1'", "verifying"),
    ),
    FieldFile(
        "带电话.csv",
        "names and phone numbers of complainants",
        write_text(_cases(_case() + ",张三,13812345678", head=f"{_HEAD},诉求人,诉求人电话")),
        1,
        options=_CASES,
        keeps=("SELECT count(*) FROM incident AS i WHERE CAST(i AS text) ~ '张三|13812345678'", 0),
    ),
    FieldFile(
        "公式.csv",
        "text that a spreadsheet would compute",
        write_text("楼栋编号,楼栋名称\r\nB1,'=1+1"),
        1,
        options=_ROSTER,
        keeps=("SELECT name FROM building WHERE code = 'B1'", "=1+1"),
    ),
    FieldFile(
        "合计行.csv",
        "a total below the rows",
        write_text("楼栋编号,户数\r\nB1,30\r\nB2,20\r\n合计,50"),
        2,
        refused=(),
        options=_ROSTER,
    ),
    FieldFile(
        "无坐标系.csv",
        "does not say which datum its coordinates are in",
        write_text(join(list_cases(30))),
        stopped="does not say which coordinate system",
        options={"layer": "incidents"},
    ),
    FieldFile(
        "高德.csv",
        "GCJ-02, as said",
        write_text(join(list_cases(30, shift=wgs84_to_gcj02))),
        30,
        options={"layer": "incidents", "crs": "gcj02"},
    ),
    FieldFile(
        "百度.csv",
        "BD-09, as said",
        write_text(join(list_cases(30, shift=wgs84_to_bd09))),
        30,
        options={"layer": "incidents", "crs": "bd09"},
    ),
    FieldFile(
        "crs列.csv",
        "GCJ-02, as a column of its own says",
        write_text(
            join(
                [
                    [*row, crs]
                    for row, crs in zip(
                        list_cases(30, shift=wgs84_to_gcj02), ["crs", *["gcj02"] * 30], strict=True
                    )
                ]
            )
        ),
        30,
        options={"layer": "incidents"},
    ),
    FieldFile(
        "两种crs.csv",
        "rows in two datums",
        write_text(_cases(f"{_case()},gcj02", f"{_case('A2')},bd09", head=f"{_HEAD},crs")),
        stopped="names several coordinate systems",
        options={"layer": "incidents"},
    ),
    FieldFile(
        "万列.csv",
        "ten thousand columns",
        write_text(
            ",".join(["楼栋编号", "户数", *(f"c{n}" for n in range(10_000))]) + "\r\nB1,3" + "," * 10_000
        ),
        stopped="columns",
        options=_ROSTER,
    ),
)

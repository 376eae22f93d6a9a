"""Workbooks as they are found in the field, made for people to look at."""

import io
import zipfile
from pathlib import Path
from typing import Final

from tests.field_files import FieldFile, write_book, write_text

_ROSTER: Final = {"layer": "buildings"}


def _write_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w") as sheet,
    ):
        for _ in range(300):
            sheet.write(b" " * (1 << 20))


def _write_nothing(path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w"):
        pass
    path.write_bytes(out.getvalue())


_BOOK_HEAD: Final = ["楼栋编号", "楼栋名称", "层数", "户数"]
BOOKS: Final = (
    FieldFile("楼栋.xlsx", "none", write_book([_BOOK_HEAD, ["B1", "1号楼", 6, 30]]), 1, options=_ROSTER),
    FieldFile(
        "大标题.xlsx",
        "a title over all columns, and a date below it",
        write_book(
            [[None], ["填表日期：2026-11-01"], _BOOK_HEAD, ["B1", "1号楼", 6, 30]],
            merged=[(0, 0, 0, 3, "A社区楼栋台账")],
        ),
        1,
        options=_ROSTER,
    ),
    FieldFile(
        "合并单元格.xlsx",
        "the compound stands once for all its buildings",
        write_book(
            [["小区", "楼栋编号", "户数"], [None, "B1", 30], [None, "B2", 20]],
            merged=[(1, 0, 2, 0, "幸福里")],
        ),
        2,
        options=_ROSTER,
    ),
    FieldFile(
        "两行表头.xlsx",
        "a header of two lines, groups above columns",
        write_book(
            [
                [None, None, None, None],
                ["楼栋编号", "楼栋名称", "层数", "户数"],
                ["B1", "1号楼", 6, 30],
                ["B2", "2号楼", 6, 20],
            ],
            merged=[(0, 0, 0, 1, "基本信息"), (0, 2, 0, 3, "规模")],
        ),
        2,
        options=_ROSTER,
    ),
    FieldFile(
        "小计.xlsx",
        "subtotals between the rows",
        write_book(
            [
                _BOOK_HEAD,
                ["B1", "1号楼", 6, 30],
                ["小计", None, None, 30],
                ["B2", "2号楼", 6, 20],
                ["合计", None, None, 50],
            ]
        ),
        2,
        options=_ROSTER,
    ),
    FieldFile(
        "多表.xlsx",
        "a sheet for each of two compounds",
        write_book(
            [_BOOK_HEAD, ["B1", "1号楼", 6, 30]],
            name="幸福里",
            more={"丽景湾": [_BOOK_HEAD, ["B2", "2号楼", 6, 20]]},
        ),
        stopped="2 sheets: “幸福里”, “丽景湾”",
        options=_ROSTER,
    ),
    FieldFile(
        "隐藏表.xlsx",
        "a hidden sheet with older figures",
        write_book(
            [_BOOK_HEAD, ["B1", "1号楼", 6, 30]],
            more={"旧": [_BOOK_HEAD, ["B2", "2号楼", 6, 20]]},
            hidden=["旧"],
        ),
        1,
        told=("Hidden sheets were not read: “旧”",),
        options=_ROSTER,
    ),
    FieldFile(
        "空表.xlsx", "nothing in it", write_book([]), stopped="holds no sheet with data", options=_ROSTER
    ),
    FieldFile(
        "身份证式编号.xlsx",
        "a long number that the spreadsheet has rounded",
        write_book(
            [
                ["办件编号", "诉求主题", "上报时间"],
                [450203199001011234, "楼道堆物", "2026-11-02 08:00"],
                ["450203199001011235", "楼道堆物", "2026-11-02 08:00"],
            ]
        ),
        1,
        refused=("lost its last digits in a spreadsheet",),
        options={"layer": "incidents"},
    ),
    FieldFile(
        "序列日期.xlsx",
        "a day as the number 45900",
        write_book([["楼栋编号", "核实日期"], ["B1", 45900]]),
        1,
        options=_ROSTER,
        keeps=("SELECT CAST(verified_on AS text) FROM building WHERE code = 'B1'", "2025-08-31"),
    ),
    FieldFile(
        "炸弹.xlsx",
        "300 MB of blanks packed into little",
        _write_bomb,
        stopped="MB unpacked",
        options=_ROSTER,
    ),
    FieldFile(
        "空壳.xlsx", "a zip without anything in it", _write_nothing, stopped="is damaged", options=_ROSTER
    ),
    FieldFile(
        "改名.xls",
        "a web page by the ending of a workbook",
        write_text("<html><table><tr><td>楼栋编号<td>户数</tr><tr><td>B1<td>7</tr></table></html>"),
        1,
        keeps=("SELECT households FROM building WHERE code = 'B1'", 7),
        options=_ROSTER,
    ),
    FieldFile(
        "日期时间.xlsx",
        "the day in one column and the time of day in another",
        write_book(
            [
                ["事件编号", "事发日期", "事发时间", "事件类别", "地点"],
                ["A1", "2026年3月5日", "下午3:20", "暴露垃圾", "幸福里B1号楼"],
            ]
        ),
        1,
        told=("“事发时间” holds times of day alone",),
        keeps=(
            "SELECT to_char(reported_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM incident",
            "2026-03-05 15:20",
        ),
    ),
    FieldFile(
        "地址.xlsx",
        "addresses, and no coordinates",
        write_book(
            [
                ["办件编号", "诉求主题", "上报时间", "地址"],
                ["A1", "楼道堆物", "2026-11-02 08:00", "幸福里B1号楼"],
            ]
        ),
        1,
        options={"layer": "incidents"},
    ),
)

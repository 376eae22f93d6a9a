"""Workbooks as people make them: headers of several rows, merged cells, totals, notes, what is hidden."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from etl.sources.reading import read_source
from etl.sources.table import Table
from etl.sources.tables.excel import ALL_SHEETS, list_sheets
from geo.errors import InputRefused, UnreadableFile
from tests.fuzz_binaries import write_xls

Rows = Sequence[Sequence[Any]]
HEADER = ["序号", "小区", "楼栋", "户数", "备注"]


def save(folder: Path, rows: Rows, *merges: str, name: str = "台账.xlsx", **sheets: Rows) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for title, content in ({"楼栋": rows} | sheets).items():
        sheet = book.active if title == "楼栋" else book.create_sheet(title)
        sheet.title = title
        for row in content:
            sheet.append(list(row))
    for merge in merges:
        book["楼栋"].merge_cells(merge)
    book.save(folder / name)
    return folder / name


def told(table: Table, word: str) -> str:
    (warning,) = (warning for warning in table.warnings if word in warning)
    return warning


def test_titles_two_header_rows_and_merged_compounds(tmp_path: Path) -> None:
    rows: Rows = [
        ["D社区楼栋基本情况登记表"],
        ["单位：D社区居委会", None, None, None, None, "填表日期：2025年8月31日"],
        ["序号", "小区", "楼栋", "户数情况", None, "备注"],
        [None, None, None, "总户数", "常住户", None],
        [1, "幸福里", "1栋", 36, 30, None],
        [2, None, "2栋", 40, 31, None],
        [3, "麒麟花园", "1栋", 12, 9, "电梯房"],
    ]
    merges = ("A1:F1", "A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:F4", "B5:B6")
    table = read_source(save(tmp_path, rows, *merges))
    assert table.columns == ["序号", "小区", "楼栋", "总户数", "常住户", "备注"]
    assert table.rows["小区"].to_list() == ["幸福里", "幸福里", "麒麟花园"]
    assert table.rows["备注"].to_list() == ["", "", "电梯房"]
    assert table.row_numbers.tolist() == [5, 6, 7]


def test_names_that_are_not_clear_alone_carry_their_heading(tmp_path: Path) -> None:
    rows: Rows = [
        ["序号", "网格", None, "物业", None, "负责人", None],
        [None, "编号", "名称", "名称", "类型", "姓名", "电话"],
        [1, "01", "一网格", "安居物业", "专业", "张三", "13800001111"],
    ]
    table = read_source(save(tmp_path, rows, "A1:A2", "B1:C1", "D1:E1", "F1:G1"))
    assert table.columns == [
        "序号",
        "网格/编号",
        "网格/名称",
        "物业/名称",
        "物业/类型",
        "姓名",
        "负责人/电话",
    ]


def test_header_of_three_rows_units_and_a_count_of_the_columns(tmp_path: Path) -> None:
    rows: Rows = [
        ["小区", "楼栋", "人口情况", None, None, "备注"],
        [None, None, "总数", "其中", None, None],
        [None, None, None, "老年人", "残疾人", None],
        [None, None, "(人)", "(人)", "(人)", None],
        ["甲", "乙", 1, 2, 3, 4],
        ["幸福里", "1栋", 30, 5, 1, None],
    ]
    table = read_source(save(tmp_path, rows, "A1:A3", "B1:B3", "C1:E1", "C2:C3", "D2:E2", "F1:F3"))
    assert table.columns == ["小区", "楼栋", "总数", "老年人", "残疾人", "备注"]
    assert table.row_numbers.tolist() == [6]
    # Without merged cells, too, and a first row that merely looks like a count stays.
    assert read_source(save(tmp_path, rows)).rows["楼栋"].to_list() == ["1栋"]
    counted: Rows = [["序号", "层数", "单元数", "户数"], [1, 2, 3, 4], [2, 6, 1, 12]]
    assert read_source(save(tmp_path, counted)).row_numbers.tolist() == [2, 3]


def test_a_first_row_with_gaps_is_no_second_header(tmp_path: Path) -> None:
    # The column without a name is filled only in the first row, and the row has all the others, too.
    rows: Rows = [
        ["序号", "小区", "楼栋", None],
        [1, "幸福里", "1栋", "顶层漏水"],
        [2, "幸福里", "2栋", None],
    ]
    table = read_source(save(tmp_path, rows))
    assert table.columns == ["序号", "小区", "楼栋", "column 4"]
    assert table.row_numbers.tolist() == [2, 3]


def test_totals_and_notes_are_left_out_and_counted(tmp_path: Path) -> None:
    rows: Rows = [
        HEADER,
        [1, "幸福里", "1栋", 36, None],
        [None, "小 计", None, 36, None],
        [2, "麒麟花园", "合计大厦", 12, None],  # a building, whatever it is called
        [3, "麒麟花园", "2栋", 0, "合计有误待查"],
        ["麒麟花园小计", None, None, 12, None],
        ["合  计", None, None, 48, None],
        [None, None, None, None, None],
        ["备注：户数以2025年8月底入户核实为准。"],
        ["填表人：张三", None, None, "审核人：李四"],
        ["填表日期：2025年9月1日"],
    ]
    table = read_source(save(tmp_path, rows, "A7:C7"))
    assert table.rows["楼栋"].to_list() == ["1栋", "合计大厦", "2栋"]
    assert told(table, "totals") == "3 rows of totals were left out: rows 3, 6, 7."
    assert told(table, "notes").startswith(
        "3 rows of notes below the table were left out, beginning with “备注"
    )


def test_a_last_row_with_little_in_it_is_a_row(tmp_path: Path) -> None:
    rows: Rows = [["编号", "名称", "备注", "地址"], ["1", "甲", "说明", "x"], ["2", None, None, None]]
    assert read_source(save(tmp_path, rows)).rows["编号"].to_list() == ["1", "2"]


def test_header_repeated_on_every_printed_page(tmp_path: Path) -> None:
    title = ["D社区楼栋台账"]
    rows: Rows = [title, HEADER, [1, "幸福里", "1栋", 36], title, HEADER, [2, "楼栋", "户数", 12]]
    table = read_source(save(tmp_path, rows))
    assert table.rows["序号"].to_list() == ["1", "2"]
    assert "2 rows repeat the header" in told(table, "repeat")


def test_codes_below_the_words_are_a_header_too(tmp_path: Path) -> None:
    rows: Rows = [
        ["网格编号", "网格名称", "网格类型"],
        ["grid_code", "grid_name", "kind"],
        ["01", "一网格", "微网格"],
    ]
    assert read_source(save(tmp_path, rows)).rows["网格编号"].to_list() == ["01"]


def test_blank_below_a_compound_is_filled_only_where_it_is_plainly_one_of_groups(tmp_path: Path) -> None:
    groups: Rows = [HEADER, [1, "幸福里", "1栋"], [2, None, "2栋"], [3, "麒麟花园", "1栋"], [4, None, "2栋"]]
    table = read_source(save(tmp_path, groups))
    assert table.rows["小区"].to_list() == ["幸福里", "幸福里", "麒麟花园", "麒麟花园"]
    assert "filled downward in 2 rows" in told(table, "named once")


@pytest.mark.parametrize(
    "rows",
    [
        # A name comes twice: whoever writes it each time means a blank as a blank.
        [[1, "幸福里", "1栋"], [2, None, "2栋"], [3, "幸福里", "3栋"], [4, None, "4栋"]],
        # Nearly every row has its own.
        [[n, f"小区{n}" if n != 3 else None, "1栋"] for n in range(1, 7)],
        # The first row has none to begin with.
        [[1, None, "1栋"], [2, "幸福里", "2栋"], [3, None, "3栋"]],
        # Nothing smaller stands in the blank row.
        [[1, "幸福里", "1栋"], [2, None, None], [3, "麒麟花园", None], [4, None, "1栋"]],
    ],
)
def test_real_blanks_stay_blank(tmp_path: Path, rows: Rows) -> None:
    table = read_source(save(tmp_path, [HEADER, *([*row, 5] for row in rows)]))
    assert table.rows["小区"].to_list() == [row[1] or "" for row in rows]
    assert "left so" in told(table, "“小区” is blank")


def test_names_and_free_columns_are_never_filled(tmp_path: Path) -> None:
    rows: Rows = [["小区名称", "管理方式"], ["幸福里", "物业"], [None, "自管"], ["麒麟花园", None]]
    table = read_source(save(tmp_path, rows))
    assert table.rows["小区名称"].to_list() == ["幸福里", "", "麒麟花园"]
    orders: Rows = [
        ["办件编号", "小区", "楼栋"],
        ["1", "幸福里", "1栋"],
        ["2", None, "2栋"],
        ["3", "麒麟花园", "3栋"],
    ]
    assert read_source(save(tmp_path, orders)).rows["小区"].to_list() == ["幸福里", "", "麒麟花园"]


def test_where_the_file_merges_blanks_beside_are_blanks(tmp_path: Path) -> None:
    rows: Rows = [HEADER, [1, "幸福里", "1栋"], [2, None, "2栋"], [3, "麒麟花园", "1栋"], [4, None, "2栋"]]
    assert read_source(save(tmp_path, rows, "B2:B3")).rows["小区"].to_list() == [
        "幸福里",
        "幸福里",
        "麒麟花园",
        "",
    ]


def test_headings_between_the_rows_are_a_column(tmp_path: Path) -> None:
    rows: Rows = [
        ["楼栋", "层数", "户数"],
        ["幸福里小区"],
        ["1栋", 6, 30],
        ["2栋", 7, 40],
        ["小计", None, 70],
        ["麒麟花园"],
        ["1栋", 11, 20],
        ["以上数据由网格员入户采集，仅供内部使用"],
    ]
    table = read_source(save(tmp_path, rows, "A2:C2", "A6:C6", "A8:C8"))
    assert table.rows[["楼栋", "分组"]].to_numpy().tolist() == [
        ["1栋", "幸福里小区"], ["2栋", "幸福里小区"], ["1栋", "麒麟花园"],
    ]  # fmt: skip
    assert table.row_numbers.tolist() == [3, 4, 7]
    # A merged remark below the first row is a row like any other.
    rows = [["编号", "名称", "地址"], ["1", "甲", "x"], ["暂无"], ["2", "乙", "y"]]
    assert read_source(save(tmp_path, rows, "A3:C3")).rows["编号"].to_list() == ["1", "暂无", "2"]


def test_one_number_for_several_buildings_is_not_everybodys(tmp_path: Path) -> None:
    rows: Rows = [["小区", "楼栋", "层数", "户数"], ["幸福里", "1栋", 6, 90], [None, "2栋", None, None]]
    table = read_source(save(tmp_path, rows, "A2:A3", "C2:C3", "D2:D3"))
    assert table.rows.iloc[1].to_list() == ["幸福里", "2栋", "6", ""]
    assert "first at row 2" in told(table, "“户数” is one number for several rows")


def test_sheets_of_one_header_can_be_one_table(tmp_path: Path) -> None:
    header = ["楼栋", "户数"]
    # The first sheet is one of explanations.
    path = save(
        tmp_path,
        [["本表", "说明"], ["a", "b"]],
        幸福里=[header, ["1栋", 3], ["合计", 3]],
        麒麟花园=[header, ["2栋", 4]],
    )
    assert [(layer.name, layer.rows) for layer in list_sheets(path)] == [
        ("楼栋", 1), ("幸福里", 1), ("麒麟花园", 1), (ALL_SHEETS, 2)
    ]  # fmt: skip
    table = read_source(path, ALL_SHEETS)
    assert table.rows.to_dict("records") == [
        {"楼栋": "1栋", "户数": "3", "工作表": "幸福里"}, {"楼栋": "2栋", "户数": "4", "工作表": "麒麟花园"}
    ]  # fmt: skip
    assert len(set(table.row_numbers.tolist())) == 2
    assert "“楼栋”" in told(table, "other columns")
    assert "麒麟花园 3–" in told(table, "counted on")
    with pytest.raises(
        InputRefused, match=r"3 sheets: “楼栋”, “幸福里”, “麒麟花园”; name one .* “\*” for all"
    ):
        read_source(path)


def test_header_merged_beyond_the_last_column_with_anything_in_it(tmp_path: Path) -> None:
    rows: Rows = [["编号", "名称", "户数"], ["1", "甲", 3]]
    assert read_source(save(tmp_path, rows, "C1:F1")).rows["户数"].to_list() == ["3"]


def test_what_is_hidden_is_read_and_told(tmp_path: Path) -> None:
    path = save(
        tmp_path,
        [["编号", "名称", "户数"], ["1", "甲", 3], ["2", "乙", 4], ["3", "丙", 5]],
        旧=[["a", "b"], ["1", "2"]],
    )
    book = openpyxl.load_workbook(path)
    book["楼栋"].column_dimensions["C"].hidden = True
    book["楼栋"].row_dimensions[3].hidden = True
    book["旧"].sheet_state = "veryHidden"
    book.save(path)
    table = read_source(path)
    assert table.rows["户数"].to_list() == ["3", "4", "5"]
    assert told(table, "Hidden columns") == "Hidden columns were read, too: “户数”."
    assert told(table, "hidden rows").startswith("1 hidden rows were read, too (3)")
    assert told(table, "Hidden sheets") == "Hidden sheets were not read: “旧”."
    # Nothing is told of a workbook that hides nothing.
    assert read_source(save(tmp_path, [["编号", "名称"], ["1", "甲"]])).warnings == ()


def test_errors_and_formulas_nobody_computed_count_as_blank_and_are_told(tmp_path: Path) -> None:
    path = tmp_path / "公式.xlsx"
    book = xlsxwriter.Workbook(str(path))
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["编号", "名称", "户数"])
    sheet.write_row(1, 0, ["1", "甲"])
    sheet.write_formula(1, 2, "=1+1", None, 2)
    sheet.write_row(2, 0, ["2", "乙"])
    sheet.write_formula(2, 2, "=VLOOKUP(1,A1:A1,1)", None, "#N/A")
    book.close()
    table = read_source(path)
    assert table.rows["户数"].to_list() == ["2", ""]
    assert told(table, "error") == "1 cells hold an error and count as blank: C3 (#N/A)."
    # What openpyxl writes no program has computed.
    never = read_source(save(tmp_path, [["编号", "名称"], ["1", "=1+1"]]))
    assert "1 formulas were never computed and count as blank (B2)" in told(never, "formulas")


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_web_page_under_the_name_of_a_workbook(tmp_path: Path, encoding: str) -> None:
    page = (
        "<html><head><title>导出</title></head><body><table border=1>"
        "<tr><th rowspan=2>小区</th><th colspan=2>楼栋</th></tr><tr><th>名称</th><th>层数</th></tr>"
        "<tr><td rowspan=2>幸福里</td><td>1栋</td><td>6</td></tr><tr><td>2栋<br></td><td>&nbsp;7</td></tr>"
        "</table></body></html>"
    )
    (tmp_path / "导出.xls").write_bytes(page.encode(encoding))
    table = read_source(tmp_path / "导出.xls")
    assert table.rows.to_dict("records") == [
        {"小区": "幸福里", "楼栋/名称": "1栋", "层数": "6"},
        {"小区": "幸福里", "楼栋/名称": "2栋", "层数": "7"},
    ]


def test_xml_of_2003_under_the_name_of_a_workbook(tmp_path: Path) -> None:
    book = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
    <Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
     xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
    <Worksheet ss:Name="楼栋"><Table>
    <Row><Cell><Data ss:Type="String">小区</Data></Cell><Cell><Data ss:Type="String">楼栋</Data></Cell>
    <Cell><Data ss:Type="String">编号</Data></Cell></Row>
    <Row><Cell ss:MergeDown="1"><Data ss:Type="String">幸福里</Data></Cell>
    <Cell><Data ss:Type="String">1栋</Data></Cell><Cell><Data ss:Type="Number">7</Data></Cell></Row>
    <Row><Cell ss:Index="3"><Data ss:Type="Number">450203199001011264</Data></Cell></Row>
    </Table></Worksheet></Workbook>"""
    (tmp_path / "导出.xls").write_text(book, encoding="utf-8")
    table = read_source(tmp_path / "导出.xls")
    assert table.rows["小区"].to_list() == ["幸福里", "幸福里"]
    assert table.rows["楼栋"].to_list() == ["1栋", ""]
    assert table.rows["编号"].to_list() == ["7", "4.502032e+17"]


def test_spans_that_would_fill_memory_are_cut(tmp_path: Path) -> None:
    page = "<table><tr><td colspan=999999999>a<td>b</tr><tr><td rowspan=99999999>1<td>2</tr></table>"
    (tmp_path / "导出.xls").write_text(page)
    assert len(read_source(tmp_path / "导出.xls").columns) <= 1_000


def test_text_with_tabs_under_the_name_of_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "导出.xls").write_bytes('编号\t名称\r\n007\t"甲\r\n乙"\r\n'.encode("gb18030"))
    assert read_source(tmp_path / "导出.xls").rows.to_dict("records") == [{"编号": "007", "名称": "甲\r\n乙"}]


def test_a_cell_far_off_is_damaged_and_ends_no_process(tmp_path: Path) -> None:
    path = save(tmp_path, [["编号", "名称"], ["1", "甲"]])
    book = openpyxl.load_workbook(path)
    book["楼栋"]["ZZ1048576"] = "x"
    book.save(path)
    with pytest.raises(InputRefused, match="row 1,048,576 and one in column 702"):
        read_source(path)
    # A long sheet and a wide one are as good as any.
    long = save(tmp_path, [["编号", "名称"], *([str(n), "甲"] for n in range(3_000))], name="long.xlsx")
    wide = save(tmp_path, [[f"列{n}" for n in range(800)], ["1"] * 800], name="wide.xlsx")
    assert (len(read_source(long).row_numbers), len(read_source(wide).columns)) == (3_000, 800)


def test_days_of_a_macintosh_workbook(tmp_path: Path) -> None:
    path = tmp_path / "1904.xlsx"
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    book.active.append(["编号", "日期"])
    book.active.append(["1", dt.date(2025, 8, 31)])
    book.active.append(["2", 44438])
    book.save(path)
    table = read_source(path)
    assert table.counts_from_1904
    assert table.rows["日期"].to_list() == ["2025-08-31", "44438"]
    assert not read_source(save(tmp_path, [HEADER, [1, "a", "b", 45900, "c"]])).counts_from_1904


def test_workbook_under_the_wrong_ending_is_known_by_its_content(tmp_path: Path) -> None:
    path = save(tmp_path, [["编号", "名称"], ["1", "甲"]]).rename(tmp_path / "导出.xls")
    assert read_source(path).rows["名称"].to_list() == ["甲"]


def test_old_workbook_over_which_its_reader_panics_is_damaged(tmp_path: Path) -> None:
    book = bytearray(write_xls("楼栋", [["编号", "名称"], ["1", "甲"]]))
    (tmp_path / "台账.xls").write_bytes(book)
    assert read_source(tmp_path / "台账.xls").rows["名称"].to_list() == ["甲"]
    at = book.index(b"\x09\x08\x10\x00")  # The record that a sheet begins with says here how long it is.
    book[at + 2] = 0
    (tmp_path / "台账.xls").write_bytes(book)
    with pytest.raises(UnreadableFile, match="damaged or not a workbook"):
        read_source(tmp_path / "台账.xls")


@pytest.mark.parametrize("sign", [b"\x04\x02", b"\x00\x02"], ids=["cell", "size"])
def test_old_workbook_that_reaches_far_is_damaged_and_ends_no_process(tmp_path: Path, sign: bytes) -> None:
    book = bytearray(write_xls("楼栋", [["编号", "名称"], ["1", "甲"]]))
    at = book.rindex(sign + (b"\x0b" if sign[0] else b"\x0e")) + 4
    book[at : at + 14] = (
        b"\xff\xff\xff\xff" + book[at + 4 : at + 14]
        if sign[0]
        else (b"\0\0\0\0\xff\xff\0\0\0\0\xff\xff" + book[at + 12 : at + 14])
    )
    (tmp_path / "台账.xls").write_bytes(book)
    with pytest.raises(UnreadableFile, match="damaged or not a workbook"):
        read_source(tmp_path / "台账.xls")

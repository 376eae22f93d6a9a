"""Delimited text as people and systems leave it: encodings, separators, repeated pages, notes."""

from pathlib import Path

import pytest

from etl.sources.reading import read_source
from geo.errors import UnreadableFile


def write(folder: Path, content: str | bytes, name: str = "导出.csv") -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_encoding_of_an_office_is_read(tmp_path: Path, encoding: str) -> None:
    table = read_source(write(tmp_path, "编号,名称\r\n1,幸福里䶮\r\n".encode(encoding)))
    assert table.rows.to_dict("records") == [{"编号": "1", "名称": "幸福里䶮"}]


def test_lines_of_two_encodings_are_each_read_in_their_own(tmp_path: Path) -> None:
    lines = ["编号,名称", "1,幸福里", "2,麒麟花园", "3,和平路"]
    content = "\n".join(lines).encode() + "\n4,金水苑\n".encode("gb18030")
    table = read_source(write(tmp_path, content))
    assert table.encoding == "mixed"
    assert table.rows["名称"].to_list() == ["幸福里", "麒麟花园", "和平路", "金水苑"]
    # A file that is GB18030 throughout is not taken for one of two encodings by a line that passes for UTF-8.
    table = read_source(write(tmp_path, "\n".join([*lines, "5,联通"]).encode("gb18030")))
    assert (table.encoding, table.rows["名称"].iloc[-1]) == ("gb18030", "联通")


def test_rows_may_end_in_separators_of_their_own(tmp_path: Path) -> None:
    for content in (
        "编号,名称\n1,甲,\n2,乙,\n",
        "编号,名称,\n1,甲\n2,乙\n",
        "编号,名称\n1,甲,,\n2,乙\n3,丙\n",
    ):
        table = read_source(write(tmp_path, content))
        assert table.columns == ["编号", "名称"]
        assert table.rows["名称"].to_list()[:2] == ["甲", "乙"]
        assert table.unreadable == ()


def test_a_cell_too_many_with_something_in_it_is_refused(tmp_path: Path) -> None:
    table = read_source(write(tmp_path, "编号,名称\n1,甲\n2,乙\n3,丙,丁\n4\n"))
    assert [(bad.row, bad.reason) for bad in table.unreadable] == [
        (4, "has 3 cells where the header has 2"),
        (5, "has 1 cells where the header has 2"),
    ]


def test_rows_of_another_separator_are_read_in_their_place(tmp_path: Path) -> None:
    table = read_source(write(tmp_path, "编号,名称,地址\n1,甲,x\n2\t乙\ty\n3;丙;z\n4，丁，w\n5,戊,v\n"))
    assert table.rows["名称"].to_list() == ["甲", "乙", "丙", "丁", "戊"]
    assert table.row_numbers.tolist() == [2, 3, 4, 5, 6]
    assert any("3 rows with other separators" in warning for warning in table.warnings)


@pytest.mark.parametrize("delimiter", ["|", "，", ";"])
def test_separators_beside_the_comma(tmp_path: Path, delimiter: str) -> None:
    content = f"编号{delimiter}名称\n1{delimiter}甲\n"
    assert read_source(write(tmp_path, content)).rows.to_dict("records") == [{"编号": "1", "名称": "甲"}]


def test_line_that_tells_excel_of_the_separator(tmp_path: Path) -> None:
    table = read_source(write(tmp_path, "sep=;\r\n编号;名称\r\n1;a,b,c,d\r\n2;a,b,c,d\r\n"))
    assert table.rows["名称"].to_list() == ["a,b,c,d"] * 2
    assert table.row_numbers.tolist() == [3, 4]


def test_pages_pasted_one_below_the_other(tmp_path: Path) -> None:
    page = "D社区楼栋台账\n序号,小区,楼栋,户数\n{0},幸福里,{0}栋,3\n本页小计,,,3\n"
    content = (
        page.format(1) + page.format(2) + "合计,,,6\n\n备注：以入户核实为准\n制表人：张三,,,审核：李四\n"
    )
    table = read_source(write(tmp_path, content))
    assert table.rows["楼栋"].to_list() == ["1栋", "2栋"]
    assert table.row_numbers.tolist() == [3, 7]
    assert table.unreadable == ()


def test_two_header_rows_without_merged_cells(tmp_path: Path) -> None:
    content = "D社区,,,,\n序号,小区,户数情况,,备注\n,,总户数,常住,\n1,幸福里,36,30,无\n"
    table = read_source(write(tmp_path, content))
    assert table.columns == ["序号", "小区", "总户数", "常住", "备注"]
    assert table.row_numbers.tolist() == [4]


def test_quotes_line_breaks_and_empty_columns(tmp_path: Path) -> None:
    content = '编号,,诉求内容,地址,地址\r\n1,,"第一行\r\n他说""好"",走了",甲,乙\r\n2,,x,丙,丁\r\n'
    table = read_source(write(tmp_path, content))
    assert table.columns == ["编号", "诉求内容", "地址", "地址 (2)"]
    assert table.rows["诉求内容"].iloc[0] == '第一行\r\n他说"好",走了'
    assert table.row_numbers.tolist() == [2, 3]


def test_a_header_of_numbers_below_known_words_is_data(tmp_path: Path) -> None:
    content = "统计表,,,\n2025,2024,2023,2022\n编号,名称,经度,纬度\nA,甲,109.4,24.3\n"
    assert read_source(write(tmp_path, content)).columns == ["编号", "名称", "经度", "纬度"]


def test_noise_is_no_text_of_two_encodings(tmp_path: Path) -> None:
    for content in (
        b"\x81\x20\xff\xfe\x00\x01" * 50,
        b"a,b\0\n1,2\n",
        b"\x00" * 200,
        b"\xff\xff\xff,\xfe\n" * 9,
    ):
        with pytest.raises(UnreadableFile):
            read_source(write(tmp_path, content))

"""CSV and workbooks: encodings, headers, row numbers, spoilt cells."""

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest

from etl.sources.reading import read_source
from etl.sources.tables import excel
from etl.sources.tables.headers import find_header, name_columns
from etl.sources.tables.text import decode
from geo.errors import InputRefused, UnreadableFile

ROSTER = "编号,姓名,小区\n1,䶮某,幸福里\n2,㛃某,麒麟花园\n"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("written_as", "read_as"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030")]
)
def test_csv_is_read_in_the_encoding_it_was_written_in(tmp_path: Path, written_as: str, read_as: str) -> None:
    table = read_source(write(tmp_path, "roster.csv", ROSTER.encode(written_as)))
    assert table.encoding == read_as
    assert list(table.rows) == ["编号", "姓名", "小区"]
    assert list(table.rows["姓名"]) == ["䶮某", "㛃某"]


def test_short_utf8_is_not_taken_for_gb18030() -> None:
    # These bytes are also valid GB18030, and read so become garbage without an error.
    raw = "柳州市鱼峰区D社区".encode()
    raw.decode("gb18030")
    assert decode(raw, "x.csv") == ("柳州市鱼峰区D社区", "utf-8")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    for content in (b"\x81\x20\xff\xfe\x00\x01" * 50, b"a,b\0\n1,2\n"):
        with pytest.raises(UnreadableFile, match=r"noise\.csv is not text"):
            read_source(write(tmp_path, "noise.csv", content))


def test_rows_keep_the_numbers_a_person_sees(tmp_path: Path) -> None:
    lines = [
        "D社区商户台账,,",
        "编号,名称,x",
        "1,a,",
        "",
        "2,b",
        '3,"多行\n文字",4',
        "5,,,6",
        '7,"",8',
        " ,, ",
    ]
    table = read_source(write(tmp_path, "shops.csv", "\r\n".join(lines)))
    assert table.rows["编号"].to_list() == ["1", "3", "7"]
    assert table.rows["名称"].to_list() == ["a", "多行\n文字", ""]
    assert table.row_numbers.tolist() == [3, 6, 8]
    assert [(bad.row, bad.reason) for bad in table.unreadable] == [
        (5, "has 2 cells where the header has 3"),
        (7, "has 4 cells where the header has 3"),
    ]


def test_row_numbers_survive_a_title_of_two_lines(tmp_path: Path) -> None:
    table = read_source(write(tmp_path, "t.csv", '"标题\n二〇二六",,\n编号,名称,x\n1,a,b\n2,c\n3,d,e\n'))
    assert table.row_numbers.tolist() == [3, 5]
    assert [bad.row for bad in table.unreadable] == [4]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    table = read_source(write(tmp_path, "d.txt", f"编号{delimiter}名称\n1{delimiter}a\n"))
    assert table.rows.to_dict("records") == [{"编号": "1", "名称": "a"}]


def test_values_stay_text(tmp_path: Path) -> None:
    table = read_source(write(tmp_path, "codes.csv", "code,none\n007,NA\n450203199001011234,\n"))
    assert table.rows["code"].to_list() == ["007", "450203199001011234"]
    assert table.rows["none"].to_list() == ["NA", ""]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("编号,名称\n", "no rows below its header"),
        ("编号,名称\n\n , \n", "no rows below its header"),
        ("名称\na\n", "single column"),
        ('编号,名称\n1,"a\n2,b\n', "never closed"),
        ('编号,名称,地址\n1,a,x\n2,"b,y\n3,c,z\n', "never closed"),
    ],
)
def test_csv_without_a_table_is_refused(tmp_path: Path, content: str, sentence: str) -> None:
    with pytest.raises(UnreadableFile, match=sentence):
        read_source(write(tmp_path, "x.csv", content))


def test_header_is_found_below_titles_but_data_is_not_taken_for_one() -> None:
    title = ["D社区商户登记表", "", "", ""]
    header = ["编号", "名称", "经度", "纬度"]
    data = ["M1", "粮油店", "109.4", "24.3"]
    assert find_header([title, ["", "", "", "2026年3月"], header, data]) == 2
    assert find_header([header, data]) == 0
    assert find_header([["1", "2"], ["3", "4"]]) == 0


def test_column_names_are_told_apart() -> None:
    assert name_columns(["名称", " 名称 ", "", "联系\n电话"]) == ["名称", "名称 (2)", "column 3", "联系 电话"]
    # Whole files have stood in one cell.
    assert [len(name) for name in name_columns(["x" * 3_000_000, "x" * 300])] == [200, 204]


def save_workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "楼栋"
    for row in (
        ["D社区楼栋台账", None, None, None, None],
        ["小区", "楼栋", "户数", "建成日期", "编号"],
        ["幸福里", "1栋", 36, dt.date(2005, 8, 31), 450203199001011234.0],
        [None, "2栋", 40.5, dt.datetime(2006, 1, 2, 8, 30), "007"],  # noqa: DTZ001 - a sheet knows no zones
        [None, None, None, None, None],
        ["麒麟花园", "3栋", 12.0, None, 15],
    ):
        sheet.append(row)
    sheet.merge_cells("A1:E1")
    sheet.merge_cells("A3:A4")
    hidden = book.create_sheet("旧数据")
    hidden.append(["a", "b"])
    hidden.append(["1", "2"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Sheet3")
    path = folder / "台账.xlsx"
    book.save(path)
    return path


def test_workbook_is_read_as_a_person_sees_it(tmp_path: Path) -> None:
    table = read_source(save_workbook(tmp_path))
    assert table.name == "楼栋"
    assert table.rows["小区"].to_list() == ["幸福里", "幸福里", "麒麟花园"]
    assert table.rows["户数"].to_list() == ["36", "40.5", "12"]
    assert table.rows["建成日期"].to_list() == ["2005-08-31", "2006-01-02T08:30:00", ""]
    assert table.row_numbers.tolist() == [3, 4, 6]
    assert any("旧数据" in warning for warning in table.warnings)
    assert any("Row 2" in warning for warning in table.warnings)


def test_workbook_that_unpacks_beyond_all_measure_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "_MOST_UNPACKED_BYTES", 2**20)
    path = save_workbook(tmp_path)
    assert len(read_source(path).row_numbers) == 3
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("blank.xml", b" " * 2**21)
    assert path.stat().st_size < 2**15
    with pytest.raises(InputRefused, match=r"台账\.xlsx would be 2 MB unpacked.* 1 MB .*CSV"):
        read_source(path)


def test_number_that_lost_digits_does_not_pass_for_whole(tmp_path: Path) -> None:
    codes = read_source(save_workbook(tmp_path)).rows["编号"].to_list()
    assert codes[1:] == ["007", "15"]
    assert "e+17" in codes[0]


def test_hidden_sheet_is_read_when_asked_for(tmp_path: Path) -> None:
    table = read_source(save_workbook(tmp_path), "旧数据")
    assert table.rows.to_dict("records") == [{"a": "1", "b": "2"}]
    with pytest.raises(InputRefused, match="no sheet “新数据”"):
        read_source(save_workbook(tmp_path), "新数据")


def test_several_sheets_are_named_to_choose_from(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title in ("一号院", "二号院"):
        sheet = book.create_sheet(title)
        sheet.append(["编号", "名称"])
        sheet.append(["1", title])
    path = tmp_path / "院.xlsx"
    book.save(path)
    with pytest.raises(InputRefused, match="2 sheets: “一号院”, “二号院”"):
        read_source(path)
    assert read_source(path, "二号院").rows["名称"].to_list() == ["二号院"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.xlsx", b"PK\x03\x04 broken"),
        ("x.xls", b"\xd0\xcf\x11\xe0"),
        ("page.xls", b"<html><table></table></html>"),
    ],
)
def test_file_that_is_no_workbook_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    with pytest.raises(UnreadableFile, match="damaged or not a workbook"):
        read_source(write(tmp_path, name, content))


@pytest.mark.parametrize(
    ("name", "advice"),
    [("a.kml", "damaged"), ("a.ovkml", "damaged"), ("a.DXF", "damaged"), ("a.dwg", "dxf"),
     ("a.dbf", "one part"), ("a.docx", "xlsx"), ("a.exe", "no kind we read")],
)  # fmt: skip
def test_kinds_without_a_loader_say_what_to_do(tmp_path: Path, name: str, advice: str) -> None:
    with pytest.raises(InputRefused, match=advice):
        read_source(write(tmp_path, name, "x"))


def test_missing_file_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no file"):
        read_source(tmp_path / "nothing.csv")
    with pytest.raises(InputRefused, match="is a folder"):
        read_source(tmp_path)

"""Lists that are taken out: readable by Excel, inert, watermarked, and noted in the log."""

import csv
import io

import openpyxl
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import InputRefused
from geo.operations import exporting
from geo.operations.exporting import Table, export_book, export_rows
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.town import Town

HEADER = ["编号", "标题"]
FORMULA = '=HYPERLINK("http://evil","看")'
ROWS = [["1", "楼道，堆物\n第二行"], ["2", FORMULA], ["3", "＝1+1"], ["4", "㛃\u202eabc"]]
WATERMARK = {"导出人": "王", "时间": "2026-11-22 08:00", "条件": "@SUM(A1) & more"}


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    connection.commit()
    return town


def export(town: Town, kind: exporting.Kind) -> bytes:
    with acting_as(make_actor(town.id)):
        return export_rows(kind, town.id, HEADER, lambda: ROWS, WATERMARK)


def test_csv_opens_in_excel_as_it_was_written(town: Town) -> None:
    content = export(town, "csv")
    assert content.startswith(b"\xef\xbb\xbf"), "Excel needs the mark to read Chinese"
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) == [
        HEADER,
        ["1", "楼道，堆物 第二行"],
        ["2", f"'{FORMULA}"],
        ["3", "'＝1+1"],
        ["4", "㛃abc"],
    ]


def test_xlsx_holds_text_only_and_a_sheet_that_says_who_and_when(town: Town) -> None:
    book = openpyxl.load_workbook(io.BytesIO(export(town, "xlsx")))
    sheet, about = book.worksheets
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        HEADER,
        ["1", "楼道，堆物 第二行"],
        ["2", f"'{FORMULA}"],
        ["3", "'＝1+1"],
        ["4", "㛃abc"],
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert [cell.hyperlink for row in sheet.iter_rows() for cell in row if cell.hyperlink] == []
    told = {row[0].value: row[1].value for row in about.iter_rows()}
    assert told == {"导出人": "王", "时间": "2026-11-22 08:00", "条件": "'@SUM(A1) & more"}
    assert "王" in str(sheet.oddFooter)


def test_every_export_is_in_the_log_with_its_number_of_rows(town: Town) -> None:
    export(town, "csv")
    export(town, "xlsx")
    town.connection.rollback()
    with town.connection.cursor() as cursor:
        cursor.execute(
            "SELECT action, role, community_id, row_count, details->>'kind' FROM audit_log"
            " WHERE action = 'export' ORDER BY id"
        )
        assert cursor.fetchall() == [
            ("export", "secretary", town.id, 4, "csv"),
            ("export", "secretary", town.id, 4, "xlsx"),
        ]


def test_a_book_has_a_sheet_for_each_table_and_keeps_numbers(town: Town) -> None:
    tables = [
        Table("物业[A]/1", ["指标", "件"], [["按期率", 3], [FORMULA, 0.5], ["无", None]]),
        Table("未结", ["编号"], []),
    ]
    with acting_as(make_actor(town.id)):
        content = export_book(town.id, tables, WATERMARK)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames[:2] == ["物业 A  1", "未结"]
    assert [[cell.value for cell in row] for row in book.worksheets[0].iter_rows()] == [
        ["指标", "件"],
        ["按期率", 3],
        [f"'{FORMULA}", 0.5],
        ["无", None],
    ]
    assert book.worksheets[-1]["B3"].value == "'@SUM(A1) & more"
    town.connection.rollback()
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT row_count FROM audit_log WHERE action = 'export'")
        assert cursor.fetchall() == [(3,)]


def test_too_long_a_list_is_refused_and_not_logged(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "MOST_ROWS", 3)
    with pytest.raises(InputRefused, match="narrow the filters"):
        export(town, "csv")
    town.connection.rollback()
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_log WHERE action = 'export'")
        assert cursor.fetchall() == [(0,)]

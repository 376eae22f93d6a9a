"""Importing what is not what it is called: words for categories, numbers of planes, columns of persons."""

from pathlib import Path

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from tests.import_town import ImportTown, ask, load, place, reasons, write_csv, write_orders


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    return ImportTown(connection)


def test_case_without_a_known_category_is_filed_by_what_it_says(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    orders = [
        {"事项小类": "", "诉求内容": "3栋电梯又坏了，老人被困"},
        {"事项小类": "", "诉求内容": "请派人看看"},
        {"事项小类": "违法搭建", "诉求内容": "请派人看看"},  # another city's word for 私搭乱建
        {"事项小类": "城市管理类", "诉求内容": "楼道里堆满杂物"},
        {"事项小类": "城市管理类", "诉求内容": "请派人看看"},
        {"事项小类": "路灯不亮", "诉求内容": "楼道里堆满杂物"},  # what the file says goes first
    ]
    report = load(write_orders(tmp_path, *orders))
    assert ask(connection, "SELECT external_id, category_code FROM incident ORDER BY 1") == [
        ("GZ1", "E605"), ("GZ2", "E1299"), ("GZ3", "E501"), ("GZ4", "E402"), ("GZ6", "E602"),
    ]  # fmt: skip
    assert reasons(report) == {6: ("事项小类", "category “城市管理类” is not one we know")}
    assert any("违法搭建 → 私搭乱建" in warning for warning in report.warnings)
    assert any("2 rows that name no category we know" in warning for warning in report.warnings)
    # A file that says nothing of it leaves the category as it is.
    again = load(write_orders(tmp_path, {"事项小类": "", "诉求内容": "楼道里堆满杂物"}))
    assert again.rows.updated == 1
    assert ask(connection, "SELECT category_code FROM incident WHERE external_id = 'GZ1'") == [("E605",)]


def test_numbers_of_a_citys_own_plane_are_not_read_as_degrees(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [
        {"taskid": f"T{n}", "description": "楼道堆物", "discovertime": "2025-03-01 09:00:00",
         "infoscname": "暴露垃圾",
         "infotypename": "12345热线", "address": "幸福里", "x": -3204.1 + n, "y": 1187.5 + n}
        for n in range(3)
    ]  # fmt: skip
    report = load(write_csv(tmp_path / "task.csv", rows), crs=None)
    assert (report.rows.inserted, report.crs, report.rejections) == (3, None, ())
    assert any("city's own plane" in warning for warning in report.warnings)
    assert ask(connection, "SELECT count(*) FROM incident WHERE geom IS NOT NULL") == [(0,)]
    # Who says which system they are in is believed, and told that none of them lies there.
    assert load(write_csv(tmp_path / "task.csv", rows), crs="4490").rows.rejected == 3


def test_column_that_may_be_a_field_is_asked_about_and_not_taken(town: ImportTown, tmp_path: Path) -> None:
    rows = [
        {"工单编号": str(n), "事项小类": "暴露垃圾", "上报时间": "2025-03-01", "诉求主要内容": "x"}
        for n in range(3)
    ]
    report = load(write_csv(tmp_path / "工单.csv", rows))
    asked = [warning for warning in report.warnings if "may be" in warning]
    assert asked == ["“诉求主要内容” may be description and was not taken: say so with --map if it is."]
    assert report.unknown_columns == ("诉求主要内容",)
    told = load(write_csv(tmp_path / "工单.csv", rows), mapping={"诉求主要内容": "description"})
    assert (told.rows.updated, told.mapping["诉求主要内容"]) == (3, "description")
    assert not any("may be" in warning for warning in told.warnings)


def test_pair_in_one_cell_is_a_place(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    lon, lat = place(150, 130)
    rows = [
        {"工单编号": "1", "事项小类": "暴露垃圾", "上报时间": "2025-03-01", "经纬度": f'"{lon},{lat}"'},
        {"工单编号": "2", "事项小类": "暴露垃圾", "上报时间": "2025-03-01", "经纬度": f'"{lat}，{lon}"'},
        {"工单编号": "3", "事项小类": "暴露垃圾", "上报时间": "2025-03-01", "经纬度": "桥头"},
    ]
    report = load(write_csv(tmp_path / "工单.csv", rows))
    assert ask(connection, "SELECT external_id, building_id FROM incident ORDER BY 1") == [
        ("1", town.first), ("2", town.first),
    ]  # fmt: skip
    assert reasons(report)[4] == ("经纬度", "“桥头” is not a pair of coordinates in degrees")


def test_column_of_identity_numbers_is_left_out_whatever_it_is_called(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    numbers = ("11010519491231002X", "440524188001010014", "110105194912310038")
    orders = [{"备注": "x", "诉求主题": number} for number in numbers]
    report = load(write_orders(tmp_path, *orders))
    assert "诉求主题" in report.personal_columns
    assert ask(connection, "SELECT count(*) FROM incident WHERE title IS NOT NULL") == [(0,)]

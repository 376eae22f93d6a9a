"""Importing compounds, buildings and merchants: outlines, codes, names."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, Polygon, box

from etl.importing.importer import import_file
from etl.importing.report import ImportReport
from tests.import_town import ImportTown, ask, write_csv, write_shapes
from tests.town import Town, to_degrees


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    return ImportTown(connection)


@pytest.fixture
def bare(connection: PostgresConnection) -> Town:
    """A community in which there is nothing yet."""
    town = Town(connection)
    connection.commit()
    return town


def load(path: Path, **options: Any) -> ImportReport:
    return import_file(None, path, **options)


def test_a_roster_without_codes_finds_buildings_and_compounds_by_their_names(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    """The survey knows them by its codes; whoever writes the roster knows what is painted on the wall."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE building SET name = '3栋' WHERE id = %s", (town.first,))
        cursor.execute("UPDATE building SET name = '13栋' WHERE id = %s", (town.second,))
    connection.commit()
    rows = [
        {"小区名称": "幸福里", "楼号": "3幢", "户数": 36},
        {"小区名称": "老厂区", "楼号": "十三号楼", "户数": 24},
        {"小区名称": "幸福里", "楼号": "３＃", "户数": 1},
        {"小区名称": "别处", "楼号": "3幢", "户数": 2},
        {"小区名称": "幸福里", "楼号": "4幢", "户数": 3},
    ]
    report = load(write_csv(tmp_path / "楼栋.csv", rows))
    assert ask(connection, "SELECT code, name, households FROM building ORDER BY code") == [
        ("B1", "3幢", 36), ("B2", "十三号楼", 24),
    ]  # fmt: skip
    assert any("recognised by their names" in note for note in report.notes)
    assert [rejection.row for rejection in report.rejections] == [4, 5, 6]
    compounds = write_csv(tmp_path / "小区.csv", [{"小区名称": "幸福里小区", "管理方式": "物业公司"}])
    assert load(compounds).rows.updated == 1


def test_elderly_of_whom_no_residents_are_known_spoil_no_file(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    def bring_in(*rows: dict[str, object]) -> ImportReport:
        return load(write_csv(tmp_path / "楼栋.csv", rows))

    report = bring_in({"楼栋编号": "B1", "60岁以上老人": 12, "户数": 5})
    assert any("more elderly than residents" in warning for warning in report.warnings)
    assert ask(connection, "SELECT elderly, households FROM building WHERE code = 'B1'") == [(0, 5)]
    bring_in({"楼栋编号": "B1", "60岁以上老人": 12, "人口": 40})
    assert not bring_in({"楼栋编号": "B1", "60岁以上老人": 13}).warnings
    refused = bring_in({"楼栋编号": "B1", "人口": 3}, {"楼栋编号": "B2", "人口": 3})
    assert (refused.rows.updated, [rejection.row for rejection in refused.rejections]) == (1, [2])
    assert ask(connection, "SELECT elderly, residents FROM building WHERE code = 'B1'") == [(13, 40)]


BOW_TIE = Polygon([(100, 700), (200, 800), (200, 700), (100, 800)])
# The edge runs to a point and back: nothing of the area is in doubt.
SPIKE = Polygon([(100, 700), (200, 700), (200, 750), (250, 750), (200, 750), (200, 800), (100, 800)])


def test_outline_is_put_right_only_where_nothing_is_guessed(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"小区编号": "C1", "小区名称": "蝴蝶"},
        {"小区编号": "C2", "小区名称": "尖角"},
        {"小区编号": "C3", "小区名称": "线"},
    ]
    shapes = [BOW_TIE, SPIKE, shapely.LineString([(0, 0), (10, 10)])]
    report = load(write_shapes(tmp_path / "小区.gpkg", rows, shapes))
    assert {rejection.row: rejection.reason.split(":")[0] for rejection in report.rejections} == {
        1: "its outline is not sound",
        3: "its shape is not an outline but points or lines",
    }
    assert any("row 2" in warning and "put right" in warning for warning in report.warnings)
    ((area,),) = ask(connection, "SELECT ST_Area(CAST(geom AS geography)) FROM compound")
    assert float(str(area)) == pytest.approx(10_000, rel=1e-3)


def test_compound_facts_are_read(bare: Town, connection: PostgresConnection, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"小区名称": "三无院", "别名": "老厂区、二号院", "小区类型": "老旧小区", "管理方式": "弃管",
         "有无物业": "无", "有无主管单位": "否", "有无人防物防": "无",
         "三无定义": "本街道2025年定义", "三无认定日期": "2025年3月1日"},
        {"小区名称": "新城", "别名": None, "小区类型": "商品房", "管理方式": "物业公司",
         "有无物业": "有", "有无主管单位": "是", "有无人防物防": "有",
         "三无定义": None, "三无认定日期": None},
    ]  # fmt: skip
    report = load(write_shapes(tmp_path / "小区.gpkg", rows, [box(0, 0, 100, 100), box(200, 0, 300, 100)]))
    assert report.rows.inserted == 2, report.rejections
    assert ask(
        connection, "SELECT code, aliases, type, management, is_three_no FROM compound ORDER BY is_three_no"
    ) == [
        ("新城", [], "commodity", "property_company", False),
        ("三无院", ["老厂区", "二号院"], "old", "none", True),
    ]
    assert any("known by their name" in warning for warning in report.warnings)


def test_what_coverage_is_counted_from_is_read(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    compounds: list[dict[str, Any]] = [
        {"小区名称": "新城", "小区类型": "商品房", "业委会": "有", "业委会任期至": "2027年3月1日"},
        {"小区名称": "旧院", "小区类型": "老旧小区", "业委会": "无", "业委会任期至": None},
        {"小区名称": "没问过", "小区类型": "老旧小区", "业委会": None, "业委会任期至": None},
    ]
    shapes = [box(n, 0, n + 90, 90) for n in (0, 100, 200)]
    assert load(write_shapes(tmp_path / "小区.gpkg", compounds, shapes)).rows.inserted == 3
    buildings: list[dict[str, Any]] = [
        {"小区": "新城", "楼栋": "1栋", "户数": 30, "层数": 6, "核实日期": "2026-05-04"},
        {"小区": "新城", "楼栋": "2栋", "户数": 30, "层数": 6, "核实日期": None},
    ]
    shapes = [box(n, 10, n + 10, 20) for n in (10, 40)]
    assert load(write_shapes(tmp_path / "楼栋.gpkg", buildings, shapes)).rows.inserted == 2

    committees = "SELECT name, has_owners_committee, owners_committee_until FROM compound ORDER BY geom"
    assert ask(connection, committees) == [
        ("新城", True, date(2027, 3, 1)), ("旧院", False, None), ("没问过", None, None),
    ]  # fmt: skip
    verified = "SELECT name, verified_on FROM building ORDER BY name"
    assert ask(connection, verified) == [("1栋", date(2026, 5, 4)), ("2栋", None)]


def test_buildings_are_told_apart_by_compound_and_name(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {"小区": "老厂区", "楼栋": "3栋", "户数": "36户", "层数": 6},
        {"小区": "没听过", "楼栋": "3栋", "户数": None, "层数": 6},
        {"小区": "幸福里", "楼栋": "4栋", "户数": 1, "层数": 500},
    ]
    shapes = [box(600, 600, 620, 620), box(200, 200, 220, 220), box(700, 700, 720, 720)]
    report = load(write_shapes(tmp_path / "楼栋.gpkg", rows, shapes))
    assert [rejection.reason for rejection in report.rejections] == ["“500” is not between 1 and 200"]
    # The first is where its name says, though it lies elsewhere; the second where it lies.
    query = "SELECT code, name, households, compound_id FROM building WHERE floors = 6 ORDER BY 1"
    assert ask(connection, query) == [
        ("没听过-3栋", "3栋", 0, town.compound), ("老厂区-3栋", "3栋", 36, town.compound),
    ]  # fmt: skip
    assert any("没听过" in warning for warning in report.warnings)


def test_roster_without_outlines_updates_what_is_there(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [{"楼栋编号": "B1", "户数": 48}, {"楼栋编号": "B9", "户数": 10}]
    report = load(write_csv(tmp_path / "楼栋.csv", rows))
    assert (report.rows.updated, report.rows.inserted, report.rows.rejected) == (1, 0, 1)
    assert "has no outline" in report.rejections[0].reason
    assert ask(
        connection, "SELECT code, name, households, compound_id FROM building WHERE households > 0"
    ) == [("B1", "B1号楼", 48, town.compound)]


def test_code_of_another_row_cannot_be_taken_over(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [{"楼栋编号": "B1", "外部编号": "x1", "户数": 1}, {"楼栋编号": "B2", "外部编号": "x2", "户数": 2}]
    assert load(write_csv(tmp_path / "楼栋.csv", rows)).rows.updated == 2
    rows = [
        {"楼栋编号": "B1", "外部编号": "x9", "户数": 3},
        {"楼栋编号": "新编号", "外部编号": "x2", "户数": 4},
    ]
    report = load(write_csv(tmp_path / "楼栋.csv", rows))
    assert [rejection.reason for rejection in report.rejections] == [
        "has a code that belongs to a stored row of another external id"
    ]
    assert ask(connection, "SELECT code, households FROM building ORDER BY households") == [
        ("B1", 1),
        ("新编号", 4),
    ]


def test_merchants_land_with_trade_and_building(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "商户名称": "老张螺蛳粉",
            "类别": "餐饮服务;中餐厅",
            "加入日期": "2025/1/9",
            "联系电话": "13800001111",
        },
        {"商户名称": "量子研究所", "类别": "科研", "加入日期": None, "联系电话": None},
    ]
    report = load(write_shapes(tmp_path / "商户.gpkg", rows, [Point(150, 130), box(700, 700, 710, 710)]))
    assert report.personal_columns == ("联系电话",)
    assert ask(connection, "SELECT name, category, is_partner, building_id FROM merchant ORDER BY name") == [
        ("老张螺蛳粉", "restaurant", True, town.first), ("量子研究所", "other", False, None),
    ]  # fmt: skip
    assert any("科研 taken as “other”" in warning for warning in report.warnings)


def test_shops_of_a_chain_are_told_apart_by_their_address(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [{"商户名称": "连锁店", "地址": address} for address in ("甲路1号", "乙路2号", "甲路1号")]
    report = load(write_csv(tmp_path / "商户.csv", rows))
    assert (report.rows.inserted, report.rows.rejected, report.unplaced) == (2, 1, 2)
    assert report.rejections[0].reason == (
        "has the same name and address as row 2 and no code: a column of codes (商户编号) tells them apart"
    )
    assert load(write_csv(tmp_path / "商户.csv", rows)).rows.unchanged == 2


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            [{"商户名称": "连锁店", "地址": ""}] * 2,
            "has the same name as row 2 and no code: "
            "a column of codes (商户编号) or the address tells them apart",
        ),
        ([{"商户编号": "M1", "商户名称": "连锁店"}] * 2, "says the same as row 2, which came first"),
        ([{"外部编号": "x1", "商户名称": "连锁店"}] * 2, "says the same as row 2, which came first"),
    ],
)
def test_repeat_is_told_what_it_repeats(
    town: ImportTown, tmp_path: Path, rows: list[dict[str, Any]], reason: str
) -> None:
    report = load(write_csv(tmp_path / "商户.csv", rows))
    assert [(rejection.row, rejection.reason) for rejection in report.rejections] == [(3, reason)]


@pytest.mark.parametrize("word", ["合计", " 合　计：", "小计", "总计"])
@pytest.mark.parametrize("column", ["商户编号", "商户名称"])
def test_total_is_no_row(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path, word: str, column: str
) -> None:
    shops = [{"商户编号": f"M{n}", "商户名称": f"{n}号设计店合计"} for n in range(2)]
    total = {"商户编号": "", "商户名称": ""} | {column: word}
    report = load(write_csv(tmp_path / "商户.csv", [*shops, total]))
    assert (report.rows.total, report.rejections) == (2, ())
    assert "1 rows of totals were left out: row 4." in report.warnings
    # Where every row is a feature, one that adds up others is told of as a row.
    features = [shop | {"编号": str(n)} for n, shop in enumerate([*shops, total])]
    places = [Point(150, 130 + n) for n in range(3)]
    again = load(write_shapes(tmp_path / "商户.gpkg", features, places))
    assert [(rejection.row, rejection.column, rejection.reason) for rejection in again.rejections] == [
        (3, column, "is a total, not a row")
    ]
    assert ask(connection, "SELECT code FROM merchant ORDER BY 1") == [("M0",), ("M1",)]


def test_rejected_row_claims_no_stored_row(town: ImportTown, tmp_path: Path) -> None:
    head = "商户编号,商户名称,经度,纬度\n"
    lon, lat = to_degrees(Point(150, 130)).coords[0]
    file = tmp_path / "商户.csv"
    file.write_text(f"{head}M1,错误行,{lon + 5},{lat}\nM1,对的行,{lon},{lat}\n", encoding="utf-8")
    for expected in ((1, 0, 1), (0, 1, 1)):
        counts = load(file, crs="4490").rows
        assert (counts.inserted, counts.unchanged, counts.rejected) == expected


def test_point_where_an_outline_is_needed_is_refused(bare: Town, tmp_path: Path) -> None:
    report = load(write_shapes(tmp_path / "楼栋.gpkg", [{"楼栋编号": "B1"}], [Point(1, 1)]))
    assert "an outline is needed" in report.rejections[0].reason

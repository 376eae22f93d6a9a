"""Importing grids: outlines, parents, overlaps, and the days for which they hold."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.importing.importer import import_file
from etl.importing.report import ImportReport
from tests.import_town import ImportTown, ask, write_shapes
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


GRIDS = [{"网格编号": "01", "网格名称": "第一网格"}, {"网格编号": "02", "网格名称": "第二网格"}]
HALVES = [box(0, 0, 500, 1000), box(500, 0, 1000, 1000)]


@pytest.mark.parametrize("name", ["网格.gpkg", "网格.geojson", "网格.shp"])
def test_grids_land_from_every_format(
    bare: Town, connection: PostgresConnection, tmp_path: Path, name: str
) -> None:
    report = load(write_shapes(tmp_path / name, GRIDS, HALVES))
    assert (report.layer, report.rows.inserted) == ("grids", 2)
    assert ask(
        connection,
        "SELECT code, name, kind, round(CAST(ST_Area(CAST(geom AS geography)) AS numeric), -2)"
        " FROM grid ORDER BY code",
    ) == [("01", "第一网格", "community", 500_000), ("02", "第二网格", "community", 500_000)]


@pytest.mark.parametrize("system", [4549, 4528, 3857, 32650])
def test_metres_land_where_degrees_do(
    bare: Town, connection: PostgresConnection, tmp_path: Path, system: int
) -> None:
    assert load(write_shapes(tmp_path / "网格.gpkg", GRIDS, HALVES, crs=system)).crs == f"EPSG:{system}"
    ((distance_m,),) = ask(
        connection,
        "SELECT max(ST_HausdorffDistance(geom, CAST(%s AS geometry))) * 111000 FROM grid WHERE code = '01'",
        shapely.to_wkb(shapely.set_srid(to_degrees(HALVES[0]), 4490), hex=True, include_srid=True),
    )
    assert float(str(distance_m)) < 0.01


def test_buildings_find_their_grid_as_grids_land(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    outlines = [box(100, 100, 120, 120), box(600, 100, 620, 120)]
    load(write_shapes(tmp_path / "楼栋.gpkg", [{"楼栋编号": "B1"}, {"楼栋编号": "B2"}], outlines))
    load(write_shapes(tmp_path / "网格.gpkg", GRIDS, HALVES))
    assert ask(
        connection,
        "SELECT b.code, g.code FROM building_grid JOIN building AS b ON b.id = building_id"
        " JOIN grid AS g ON g.id = grid_id ORDER BY 1",
    ) == [("B1", "01"), ("B2", "02")]


def test_overlapping_grids_are_both_refused_by_name(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [*GRIDS, {"网格编号": "03", "网格名称": "第三网格"}]
    shapes = [box(0, 0, 500, 500), box(499, 0, 1000, 500), box(0, 500, 500, 1000)]
    report = load(write_shapes(tmp_path / "网格.gpkg", rows, shapes))
    assert [rejection.row for rejection in report.rejections] == [1, 2]
    assert "第一网格 (01) overlaps 第二网格 (02) by 500.0 m²" in report.rejections[0].reason
    assert "第二网格 (02) overlaps 第一网格 (01)" in report.rejections[1].reason
    assert ask(connection, "SELECT code FROM grid") == [("03",)]


def test_overlap_of_a_square_metre_is_a_rounding(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    shapes = [box(0, 0, 500, 900), box(499.999, 0, 1000, 900)]
    assert load(write_shapes(tmp_path / "网格.gpkg", GRIDS, shapes)).rows.inserted == 2


def test_grid_over_a_stored_one_is_refused_unless_that_one_moves_too(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    third = [{"网格编号": "03", "网格名称": "第三网格"}]
    report = load(write_shapes(tmp_path / "网格.gpkg", third, [box(0, 0, 100, 1000)]))
    assert "第三网格 (03) overlaps 第01网格 (01) by 99,999.9 m²" in report.rejections[0].reason
    both = [{"网格编号": "01", "网格名称": "第一网格"}, *third]
    report = load(
        write_shapes(tmp_path / "两格.gpkg", both, [box(100, 0, 500, 1000), box(0, 0, 100, 1000)]),
        layer="grids",
    )
    assert (report.rows.inserted, report.rows.updated, report.rows.rejected) == (1, 1, 0)


def test_grids_of_another_kind_or_time_may_overlap(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "网格编号": "W1",
            "网格名称": "微1",
            "网格类型": "微网格",
            "启用日期": "2025-01-01",
            "停用日期": None,
        },
        {
            "网格编号": "Z1",
            "网格名称": "商场",
            "网格类型": "专属网格",
            "启用日期": "2025-01-01",
            "停用日期": None,
        },
        {
            "网格编号": "09",
            "网格名称": "旧",
            "网格类型": "社区网格",
            "启用日期": "2020-01-01",
            "停用日期": "2024-01-01",
        },
    ]
    report = load(write_shapes(tmp_path / "网格.gpkg", rows, [box(0, 0, 100, 100)] * 3))
    assert report.rows.inserted == 3, report.rejections
    assert ask(connection, "SELECT code FROM grid WHERE parent_id = %s", town.west) == [("W1",)]


def test_micro_grid_without_a_grid_above_is_refused(bare: Town, tmp_path: Path) -> None:
    rows = [{"网格编号": "W1", "网格名称": "微1", "网格类型": "微网格"}]
    report = load(write_shapes(tmp_path / "网格.gpkg", rows, [box(0, 0, 100, 100)]))
    assert "without a community grid above it" in report.rejections[0].reason


def test_micro_grids_find_the_grids_above_them_in_the_same_file(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    """Named, or by where they lie; the micro grids come first, as in a roster sorted by code."""
    rows: list[dict[str, Any]] = [
        {"网格编号": "01-1", "网格名称": "微1", "网格类型": "微网格", "上级网格": "二网格"},
        {"网格编号": "01-2", "网格名称": "微2", "网格类型": "微网格", "上级网格": None},
        {"网格编号": "03-1", "网格名称": "微3", "网格类型": "微网格", "上级网格": "三网格"},
        {"网格编号": "1", "网格名称": "一网格", "网格类型": "社区网格", "上级网格": None},
        {"网格编号": "2", "网格名称": "二网格", "网格类型": "社区网格", "上级网格": None},
        {"网格编号": "3", "网格名称": "三网格", "网格类型": "社区网格", "上级网格": None},
    ]
    shapes = [
        box(600, 0, 700, 100), box(0, 0, 100, 100), box(0, 200, 100, 300),
        box(0, 0, 500, 1000), box(500, 0, 1000, 1000), box(400, 0, 600, 1000),
    ]  # fmt: skip
    path = write_shapes(tmp_path / "网格.gpkg", rows[:2] + rows[3:5], shapes[:2] + shapes[3:5])
    assert load(path).rows.inserted == 4
    query = "SELECT m.code, g.code FROM grid AS m JOIN grid AS g ON g.id = m.parent_id ORDER BY 1"
    assert ask(connection, query) == [("01-1", "2"), ("01-2", "1")]
    again = load(path).rows
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 4)
    # The third lies over both others: it is refused, and what would lie in it with it.
    refused = load(write_shapes(tmp_path / "三网格.gpkg", rows[2:3] + rows[5:], shapes[2:3] + shapes[5:]))
    assert refused.rows.inserted == 0
    assert "is a micro grid whose community grid was refused" in {
        rejection.reason for rejection in refused.rejections
    }


def test_grids_without_a_date_hold_for_the_past_and_keep_their_date(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [{"网格编号": "01", "网格名称": "新名"}, {"网格编号": "03", "网格名称": "第三"}]
    shapes = [box(0, 0, 500, 900), box(0, 900, 500, 1000)]
    report = load(write_shapes(tmp_path / "网格.gpkg", rows, shapes))
    assert (report.rows.inserted, report.rows.updated) == (1, 1)
    assert any("2000-01-01" in warning for warning in report.warnings)
    query = "SELECT code, name, CAST(valid_from AS text) FROM grid WHERE code <> '02' ORDER BY 1"
    assert ask(connection, query) == [
        ("01", "新名", "2024-01-01"), ("03", "第三", "2000-01-01"),
    ]  # fmt: skip


def test_layers_of_one_file_are_chosen_by_name(
    bare: Town, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_shapes(tmp_path / "底图.gpkg", GRIDS, HALVES)
    gpd.read_file(path).to_file(path, layer="小区")
    report = load(path, source_layer="底图", layer="grids")
    assert report.rows.inserted == 2


def test_outlines_come_as_text_too(bare: Town, connection: PostgresConnection, tmp_path: Path) -> None:
    outlines = [to_degrees(half).wkt for half in HALVES]
    rows = [f"{row['网格编号']}\t{row['网格名称']}\t{wkt}" for row, wkt in zip(GRIDS, outlines, strict=True)]
    path = tmp_path / "网格.txt"
    path.write_text("\n".join(["网格编号\t网格名称\tWKT", *rows, "03\t第三网格\tPOLYGON ((1 2"]))
    report = load(path, crs="4490")
    assert (report.rows.inserted, report.rows.rejected) == (2, 1)
    assert (report.rejections[0].column, report.rejections[0].reason) == (
        "WKT",
        "its shape is neither well-known text nor a list of corners",
    )

"""Importing incidents: mapping, categories, times, places, repeats, and what may be wrong with a row."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file
from geo.errors import InputRefused, NotFound, UnknownDatum
from tests.import_town import ImportTown, ask, load, place, reasons, write_csv, write_orders


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    return ImportTown(connection)


def test_order_lands_with_category_times_and_place(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = load(write_orders(tmp_path, {}))
    assert (report.layer, report.community, report.rows.inserted, report.rows.rejected) == (
        "incidents",
        "A",
        1,
        0,
    )
    assert ask(
        connection,
        "SELECT external_id, source_system, category_code, source, state,"
        " reported_at AT TIME ZONE 'Asia/Shanghai', due_at = original_due_at,"
        " building_id, compound_id, grid_id, geocode_quality, import_batch_id FROM incident",
    ) == [
        ("GZ1", "12345", "E402", "hotline_12345", "handling", np.datetime64("2025-03-01T09:30").item(), True,
         town.first, town.compound, town.west, "building", report.batch)
    ]  # fmt: skip


def test_persons_are_left_out_and_said_to_be(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = load(write_orders(tmp_path, {"预警状态": "正常"}))
    assert report.personal_columns == ("诉求人", "诉求人电话")
    assert report.unknown_columns == ("预警状态",)
    ((row,),) = ask(connection, "SELECT CAST(incident.* AS text) FROM incident")
    assert "张三" not in str(row)
    assert "13800001111" not in str(row)


def test_rare_names_survive_gb18030(town: ImportTown, connection: PostgresConnection, tmp_path: Path) -> None:
    report = load(write_orders(tmp_path, {"诉求内容": "䶮某与㛃某纠纷"}, encoding="gb18030"))
    assert report.encoding == "gb18030"
    assert ask(connection, "SELECT description FROM incident") == [("䶮某与㛃某纠纷",)]


def test_byte_order_mark_is_no_part_of_the_first_column(town: ImportTown, tmp_path: Path) -> None:
    report = load(write_orders(tmp_path, {}, encoding="utf-8-sig"))
    assert report.mapping["办件编号"] == "external_id"


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("E101", "E101"),
        ("暴露垃圾", "E101"),
        ("Exposed garbage", "E101"),
        ("exposed_garbage", "E101"),
        ("06010", "E101"),
        ("01-10", "E101"),  # read as the newer system's; 01-10 is no code of the oldest
        ("流动摊贩", "E202"),
    ],
)
def test_categories_are_known_by_code_name_and_national_code(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path, word: str, code: str
) -> None:
    load(write_orders(tmp_path, {"事项小类": word}))
    assert ask(connection, "SELECT category_code FROM incident") == [(code,)]


def test_national_code_is_kept_with_its_system(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    # 01-02 is 暴露垃圾 in the oldest system and nothing in the newer ones.
    load(
        write_orders(
            tmp_path,
            {"事项小类": "01-02", "编码体系": "CJ/T 214-2007"},
            {"事项小类": "暴露垃圾", "编码体系": ""},
        )
    )
    assert ask(
        connection,
        "SELECT category_code, national_code_system, national_code FROM incident ORDER BY external_id",
    ) == [("E101", "cjt214", "01-02"), ("E101", None, None)]


def test_unknown_category_is_rejected_and_a_larger_one_helps(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    orders = [
        {"事项小类": "外星人", "事项大类": ""},
        {"事项小类": "外星人", "事项大类": "消防安全"},
        {"事项小类": "", "事项大类": ""},
    ]
    report = load(write_orders(tmp_path, *orders))
    assert reasons(report) == {2: ("事项小类", "category “外星人” is not one we know")}
    assert ask(connection, "SELECT category_code FROM incident ORDER BY external_id") == [("E4",), ("E1299",)]
    assert any("外星人 → 消防安全" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("order", "column", "reason"),
    [
        ({"派发时间": "昨天上午"}, "派发时间", "“昨天上午” is not a time"),
        ({"派发时间": ""}, "派发时间", "does not say when"),
        ({"承诺完成时间": "2025-02-01"}, "承诺完成时间", "“2025-02-01” is before the case was reported"),
        ({"办件状态": "飞了"}, "办件状态", "“飞了” is not a state"),
        ({"办件编号": "4.50203E+17"}, "办件编号", "lost its last digits"),
        ({"办件编号": "GZ" * 151}, "办件编号", "more than 300 characters"),
        ({"经度": "东经"}, "经度", "“东经” is not a number"),
        ({"经度": ""}, None, "only one of the two coordinates"),
        ({"经度": 0, "纬度": 0}, None, "not in China"),
        ({"经度": place(3000, 500)[0]}, None, "lies 2.0 km outside A社区"),
    ],
)
def test_row_at_fault_is_reported_and_the_others_land(
    town: ImportTown,
    connection: PostgresConnection,
    tmp_path: Path,
    order: dict[str, object],
    column: str | None,
    reason: str,
) -> None:
    report = load(write_orders(tmp_path, {}, order, {}, {}))
    assert report.rows.rejected == 1
    assert (report.rejections[0].row, report.rejections[0].column) == (3, column)
    assert reason in report.rejections[0].reason
    assert ask(connection, "SELECT count(*) FROM incident") == [(3,)]
    stored = ask(connection, "SELECT row_number, column_name, reason FROM import_rejection")
    assert stored == [(3, column, report.rejections[0].reason)]


def test_every_row_is_accounted_for(town: ImportTown, connection: PostgresConnection, tmp_path: Path) -> None:
    load(write_orders(tmp_path, {}, {}))
    again = load(
        write_orders(tmp_path, {}, {"办件状态": "已受理"}, {}, {"事项小类": "外星人"}, {"办件编号": "GZ3"})
    )
    rows = again.rows
    assert (rows.total, rows.inserted, rows.updated, rows.unchanged, rows.rejected) == (5, 1, 1, 1, 2)
    assert reasons(again)[6] == ("办件编号", "says the same as row 4, which came first")
    assert ask(connection, "SELECT rows_total, rows_inserted, rows_updated, rows_unchanged, rows_rejected"
               " FROM import_batch ORDER BY id DESC LIMIT 1") == [(5, 1, 1, 1, 2)]  # fmt: skip


def test_importing_again_updates_and_keeps_what_the_file_does_not_say(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    load(write_orders(tmp_path, {"诉求主题": "堆物"}))
    brief = [{"办件编号": "GZ1", "办件状态": "已办结", "办结时间": "2025-03-02 10:00"}]
    report = load(write_csv(tmp_path / "状态.csv", brief), layer="incidents")
    assert (report.rows.inserted, report.rows.updated) == (0, 1)
    assert ask(
        connection,
        "SELECT state, title, category_code, source, geocode_quality, grid_id,"
        " reported_at AT TIME ZONE 'Asia/Shanghai'"
        " FROM incident",
    ) == [
        (
            "closed",
            "堆物",
            "E402",
            "hotline_12345",
            "building",
            town.west,
            np.datetime64("2025-03-01T09:30").item(),
        )
    ]


def test_moved_case_leaves_its_building(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    load(write_orders(tmp_path, {}))
    lon, lat = place(800, 500)
    load(write_orders(tmp_path, {"经度": lon, "纬度": lat}))
    assert ask(connection, "SELECT building_id, compound_id, grid_id, geocode_quality FROM incident") == [
        (None, None, town.east, "street")
    ]


@pytest.mark.parametrize(
    ("spot", "building", "compound", "grid", "quality"),
    [
        ((150, 130), "first", "compound", "west", "building"),
        ((150, 144), "first", "compound", "west", "building"),  # 4 m before the wall
        ((150, 146), None, "compound", "west", "compound"),  # 6 m
        ((400, 500), None, None, "west", "street"),
        ((600, 500), None, None, "east", "street"),
        ((1020, 500), None, None, None, "street"),  # at the kerb outside
    ],
)
def test_place_is_assigned(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path,
    spot: tuple[float, float], building: str | None, compound: str | None, grid: str | None, quality: str,
) -> None:  # fmt: skip
    lon, lat = place(*spot)
    load(write_orders(tmp_path, {"经度": lon, "纬度": lat}))
    expected = [name and getattr(town, name) for name in (building, compound, grid)]
    assert ask(connection, "SELECT building_id, compound_id, grid_id, geocode_quality FROM incident") == [
        (*expected, quality)
    ]


def test_building_decides_the_grid_of_a_case_across_the_line(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    town.building("B3", shapely.box(450, 500, 498, 520))
    connection.commit()
    lon, lat = place(502, 510)
    load(write_orders(tmp_path, {"经度": lon, "纬度": lat}))
    assert ask(connection, "SELECT grid_id FROM incident") == [(town.west,)]


def test_grid_is_the_one_valid_on_the_day_in_china(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE grid SET valid_to = '2025-03-01' WHERE id = %s", (town.west,))
    new = town.grid("01", shapely.box(0, 0, 500, 1000), valid_from="2025-03-01")
    connection.commit()
    orders = [
        {"派发时间": time, "承诺完成时间": ""}
        for time in ("2025-02-28 23:59", "2025-03-01 00:01", "2023-12-31")
    ]
    load(write_orders(tmp_path, *orders))
    # 00:01 in China is still the day before in Greenwich.
    assert ask(connection, "SELECT grid_id FROM incident ORDER BY external_id") == [
        (town.west,),
        (new,),
        (None,),
    ]


def test_case_without_a_place_waits_for_one(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = load(write_orders(tmp_path, {}, {"经度": "", "纬度": ""}))
    assert (report.rows.inserted, report.unplaced) == (2, 1)
    assert ask(
        connection, "SELECT geom, geocode_quality, grid_id FROM incident WHERE external_id = 'GZ2'"
    ) == [(None, "none", None)]


def test_total_below_the_orders_is_no_order(town: ImportTown, tmp_path: Path) -> None:
    report = load(write_orders(tmp_path, {}, {"办件编号": "合计", "派发时间": "", "事项小类": ""}))
    assert (report.rows.total, report.rows.inserted, reasons(report)) == (1, 1, {})
    assert "1 rows of totals were left out: row 3." in report.warnings


def test_report_from_the_future_lands_with_a_word(town: ImportTown, tmp_path: Path) -> None:
    today = pd.Timestamp.now("Asia/Shanghai").normalize().tz_localize(None)
    times = [str(today + pd.Timedelta(hours=hours)) for hours in (-1, 47, 49, 500)]
    orders = [{"派发时间": time, "承诺完成时间": ""} for time in times]
    report = load(write_orders(tmp_path, *orders))
    assert (report.rows.inserted, report.rows.rejected) == (4, 0)
    future = [warning for warning in report.warnings if "future" in warning]
    assert future == ["2 rows say they were reported in the future, first at row 4."]
    # When they are due may well lie ahead.
    report = load(write_orders(tmp_path, {"派发时间": times[0], "承诺完成时间": times[3]}))
    assert not any("future" in warning for warning in report.warnings)


def test_category_may_be_headed_by_its_matter(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [{"办件编号": "GZ1", "事项类别": "暴露垃圾", "上报时间": "2025-03-01"}]
    assert load(write_csv(tmp_path / "工单.csv", rows)).mapping["事项类别"] == "category"
    assert ask(connection, "SELECT category_code FROM incident") == [("E101",)]


def test_closed_without_a_time_awaits_verification(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = load(write_orders(tmp_path, {"办件状态": "已办结"}))
    assert ask(connection, "SELECT state, closed_at FROM incident") == [("verifying", None)]
    assert any("closed but do not say since when" in warning for warning in report.warnings)


def test_rows_without_a_number_are_known_by_what_they_say(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    lon, lat = place(150, 130)
    rows = [
        {"事项小类": "暴露垃圾", "上报时间": "2025-03-01 09:00", "诉求内容": text, "经度": lon, "纬度": lat}
        for text in "甲乙甲"
    ]
    first = load(write_csv(tmp_path / "巡查.csv", rows))
    assert (first.rows.inserted, first.rows.rejected) == (2, 1)
    again = load(write_csv(tmp_path / "巡查.csv", rows))
    assert (again.rows.inserted, again.rows.unchanged) == (0, 2)
    assert any("known by what they say" in warning for warning in again.warnings)


def test_column_can_be_named_by_hand(town: ImportTown, tmp_path: Path) -> None:
    rows = [{"单号": "7", "啥事": "暴露垃圾", "何时": "2025-03-01"}]
    mapping = {"单号": "external_id", "啥事": "category", "何时": "reported_at"}
    assert load(write_csv(tmp_path / "x.csv", rows), layer="incidents", mapping=mapping).rows.inserted == 1
    with pytest.raises(InputRefused, match="no column “谁”"):
        load(write_csv(tmp_path / "x.csv", rows), layer="incidents", mapping={"谁": "category"})
    with pytest.raises(InputRefused, match="no field “kategory”; they have external_id, category"):
        load(write_csv(tmp_path / "x.csv", rows), layer="incidents", mapping={"啥事": "kategory"})


def test_file_that_says_nothing_of_use_is_refused(town: ImportTown, tmp_path: Path) -> None:
    rows = write_csv(tmp_path / "x.csv", [{"PN": "1", "Qty": "2"}])
    with pytest.raises(InputRefused, match="does not tell which layer"):
        load(rows)
    with pytest.raises(InputRefused, match="has no column for category"):
        load(rows, layer="incidents")
    with pytest.raises(InputRefused, match="no layer “roads”"):
        load(rows, layer="roads")


def test_unknown_datum_is_refused_with_the_choices(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    with pytest.raises(UnknownDatum, match="--crs gcj02"):
        load(write_orders(tmp_path, {}), crs=None)
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(0,)]


def test_community_must_be_named_where_there_are_several(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    ImportTown(connection, "B")
    with pytest.raises(NotFound, match=r"2 communities; say with --community .* A, B"):
        load(write_orders(tmp_path, {}))
    with pytest.raises(NotFound, match="no community “C”"):
        load(write_orders(tmp_path, {}), community="C")
    assert load(write_orders(tmp_path, {}), community="B").community == "B"


def test_report_says_how_many_cases_kept_what_was_done_here(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    load(write_orders(tmp_path, {}, {}, {}))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE incident SET version = 1 WHERE external_id <> 'GZ3'")
    connection.commit()
    # Of the first only what is done here, of the second something else, too; the third nobody has worked on.
    done = {"办件状态": "待核查"}
    report = load(write_orders(tmp_path, done, done | {"诉求内容": "堆了半年"}, done))
    assert (report.rows.updated, report.rows.unchanged) == (2, 1)
    (warning,) = (warning for warning in report.warnings if "worked on" in warning)
    assert warning.startswith("2 cases")
    assert ask(connection, "SELECT external_id, state, description FROM incident ORDER BY 1") == [
        ("GZ1", "handling", "请派人看看"),
        ("GZ2", "handling", "堆了半年"),
        ("GZ3", "verifying", "请派人看看"),
    ]
    again = load(write_orders(tmp_path, {}, {}))
    assert not any("worked on" in warning for warning in again.warnings)


def test_dry_run_changes_nothing(town: ImportTown, connection: PostgresConnection, tmp_path: Path) -> None:
    before = ask(connection, "SELECT * FROM layer_version ORDER BY layer")
    report = load(write_orders(tmp_path, {}, {"事项小类": "外星人"}), dry_run=True)
    assert (report.batch, report.rows.inserted, report.rows.rejected) == (None, 1, 1)
    for table in ("incident", "import_batch", "import_rejection", "layer_touch"):
        assert ask(connection, f"SELECT count(*) FROM {table}") == [(0,)]
    assert ask(connection, "SELECT * FROM layer_version ORDER BY layer") == before


def test_nothing_is_recorded_where_no_row_lands(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = load(write_orders(tmp_path, {"事项小类": "外星人"}))
    assert (report.batch, report.rows.rejected) == (None, 1)
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(0,)]


def test_callers_transaction_stays_the_callers(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    report = import_file(connection, write_orders(tmp_path, {}), crs="4490")
    assert report.rows.inserted == 1
    assert ask(connection, "SELECT count(*) FROM incident") == [(0,)]  # asking rolled it back

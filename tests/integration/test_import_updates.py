"""A newer file of the same rows: what it changes, told field by field, and what it adds to histories."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from etl.importing.importer import import_file, undo_import
from etl.importing.looking import look_at_file
from etl.importing.report import ImportReport
from geo.errors import UnknownDatum
from geo.operations.refused_rows import write_workbook
from tests.import_town import ImportTown, ask, place, write_csv, write_shapes


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    return ImportTown(connection)


def write_orders(folder: Path, *orders: dict[str, Any]) -> Path:
    lon, lat = place(150, 130)
    ordinary = {
        "事项小类": "暴露垃圾", "派发时间": "2025-03-01 09:00", "办件状态": "办理中",
        "承诺完成时间": "2025-03-06 09:00", "办结时间": "", "诉求人": "张三", "诉求内容": "甲",
        "经度": lon, "纬度": lat,
    }  # fmt: skip
    rows = [{"办件编号": f"GZ{n}"} | ordinary | order for n, order in enumerate(orders)]
    return write_csv(folder / "工单.csv", rows)


def load(path: Path, **options: Any) -> ImportReport:
    return import_file(None, path, **{"crs": "4490"} | options)


def read_events(connection: PostgresConnection) -> list[tuple[object, ...]]:
    return ask(
        connection,
        "SELECT i.external_id, e.kind, e.from_state, e.to_state, to_char(e.at AT TIME ZONE 'Asia/Shanghai',"
        " 'MM-DD HH24:MI'), e.move, e.actor_party_id, e.import_batch_id"
        " FROM incident_event AS e JOIN incident AS i ON i.id = e.incident_id ORDER BY 1, e.id",
    )


def test_changes_are_told_field_by_field(town: ImportTown, tmp_path: Path) -> None:
    load(write_orders(tmp_path, {}, {}, {}))
    path = write_orders(
        tmp_path, {}, {"诉求内容": "乙", "承诺完成时间": "2025-03-09 09:00"}, {"经度": place(250, 130)[0]}
    )
    report = load(path, dry_run=True)
    told = report.to_dict()
    assert told["difference_counts"]["due_at"] == 1
    assert told["difference_counts"]["description"] == 1
    assert told["difference_counts"]["geom"] == 1
    changes = {(change["row"], change["field"]): change for change in told["differences"]}
    assert changes[3, "due_at"] == {
        "row": 3, "name": "GZ1", "field": "due_at", "before": "2025-03-06 09:00", "after": "2025-03-09 09:00",
        "moved_m": None,
    }  # fmt: skip
    # What somebody wrote of a case is not read in a list of differences.
    assert changes[3, "description"]["before"] == changes[3, "description"]["after"] == "●●●"
    assert changes[4, "geom"]["moved_m"] == pytest.approx(100, rel=0.01)
    assert changes[4, "building_id"]["after"] is None
    states = {
        feature["properties"]["row"]: feature["properties"]["state"] for feature in told["map"]["features"]
    }
    assert states == {2: "unchanged", 3: "updated", 4: "updated"}


def test_places_are_named_in_differences(town: ImportTown, tmp_path: Path) -> None:
    path = write_shapes(tmp_path / "楼栋.gpkg", [{"楼栋编号": "B1", "户数": 9}], [box(600, 600, 640, 640)])
    changes = {change["field"]: change for change in load(path).differences}
    assert (changes["compound_id"]["before"], changes["compound_id"]["after"]) == ("幸福里", None)
    assert (changes["households"]["before"], changes["households"]["after"]) == ("0", "9")


def test_newer_export_adds_to_the_history(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    over = {"办件状态": "已办结", "办结时间": "2025-03-04 15:00"}
    load(write_orders(tmp_path, {}, {}, over, over))
    assert read_events(connection) == []
    path = write_orders(tmp_path, {}, over, {}, {"办件状态": "已办结"})
    second = load(path)
    # The third is open again; of the last the newer list has lost when it was closed, which opens nothing.
    assert read_events(connection) == [
        ("GZ1", "moved", "handling", "closed", "03-04 15:00", None, None, second.batch),
        ("GZ2", "reopened", "closed", "handling", read_events(connection)[1][4], None, None, second.batch),
    ]
    assert ask(connection, "SELECT state, closed_at IS NULL FROM incident ORDER BY external_id") == [
        ("handling", True), ("closed", False), ("handling", True), ("closed", False),
    ]  # fmt: skip
    assert load(path).rows.unchanged == 4
    assert len(read_events(connection)) == 2


def test_time_that_is_put_off_is_an_extension(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    load(write_orders(tmp_path, {}))
    load(write_orders(tmp_path, {"承诺完成时间": "2025-03-09 09:00"}))
    assert [event[1] for event in read_events(connection)] == ["extended"]
    assert ask(connection, "SELECT due_at > original_due_at FROM incident") == [(True,)]


def test_history_is_what_it_was_when_the_import_is_undone(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    over = {"办件状态": "已办结", "办结时间": "2025-03-04 15:00"}
    load(write_orders(tmp_path, {}, {}))
    tables = ("incident", "incident_event")
    before = [ask(connection, f"SELECT CAST({name}.* AS text) FROM {name} ORDER BY 1") for name in tables]
    second = load(write_orders(tmp_path, over, {}))
    between = [ask(connection, f"SELECT CAST({name}.* AS text) FROM {name} ORDER BY 1") for name in tables]
    third = load(write_orders(tmp_path, {"办件状态": "办理中"}, over))
    undo_import(None, third.batch or 0)
    assert [
        ask(connection, f"SELECT CAST({name}.* AS text) FROM {name} ORDER BY 1") for name in tables
    ] == between
    undo_import(None, second.batch or 0)
    assert [
        ask(connection, f"SELECT CAST({name}.* AS text) FROM {name} ORDER BY 1") for name in tables
    ] == before


def test_row_whose_times_contradict_what_is_stored_is_refused_alone(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    load(write_orders(tmp_path, {}, {}))
    # Reported later than it was due: the newer list has no column for that.
    rows = [
        {"办件编号": f"GZ{n}", "事项小类": "暴露垃圾", "派发时间": f"2025-03-{day}"}
        for n, day in ((0, "08"), (1, "02"))
    ]
    report = load(write_csv(tmp_path / "工单.csv", rows))
    assert (report.rows.updated, report.rows.rejected) == (1, 1)
    (rejection,) = report.rejections
    assert (rejection.row, rejection.reason) == (
        2,
        "has times that contradict those already known of the case",
    )
    assert ask(
        connection, "SELECT rows_rejected, rows_updated FROM import_batch ORDER BY id DESC LIMIT 1"
    ) == [(1, 1)]


def test_refused_rows_land_when_corrected_and_nothing_else_changes(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    refused = tmp_path / "refused.xlsx"
    report = load(
        write_orders(tmp_path, {}, {"事项小类": "外星人", "诉求内容": "=1+1"}, {"派发时间": "昨天"}),
        keep_refused=lambda rows: write_workbook(refused, rows),
    )
    assert (report.rows.rejected, report.refused_file) == (2, True)
    book = openpyxl.load_workbook(refused)
    header, first, second = book.active.iter_rows(values_only=True)  # type: ignore[union-attr]
    assert header[-1] == "拒收原因"
    assert "诉求人" not in header
    assert (first[header.index("行号")], second[header.index("行号")]) == ("3", "4")
    assert "外星人" in str(first[-1])
    assert first[header.index("crs")] == "EPSG:4490"
    sheet = book.active
    assert sheet is not None
    sheet.cell(2, header.index("事项小类") + 1, "暴露垃圾")
    sheet.cell(3, header.index("派发时间") + 1, "2025-03-02")
    book.save(refused)
    before = ask(connection, "SELECT CAST(incident.* AS text) FROM incident")
    again = import_file(None, refused, layer="incidents")
    assert (again.rows.inserted, again.rows.updated, again.rows.rejected) == (2, 0, 0)
    assert again.unknown_columns == (), "the columns we added ourselves are no news"
    assert (
        ask(connection, "SELECT CAST(incident.* AS text) FROM incident WHERE external_id = 'GZ0'") == before
    )
    assert ask(connection, "SELECT description, ST_X(geom) FROM incident WHERE external_id = 'GZ1'") == [
        ("=1+1", pytest.approx(place(150, 130)[0], abs=1e-9))
    ]


def test_refused_outlines_come_back_as_text(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    rows = [
        {"小区编号": "C7", "小区名称": "北院", "三无认定日期": "昨天"},
        {"小区编号": "C8", "小区名称": "南院"},
    ]
    shapes = [box(600, 600, 700, 700), box(600, 300, 700, 400)]
    refused = tmp_path / "拒收.xlsx"
    report = import_file(
        None, write_shapes(tmp_path / "小区.gpkg", rows, shapes, crs=4547), layer="compounds",
        mapping={"三无认定日期": "three_no_reviewed_on"},
        keep_refused=lambda rows: write_workbook(refused, rows),
    )  # fmt: skip
    assert (report.rows.inserted, report.rows.rejected) == (1, 1)
    book = openpyxl.load_workbook(refused)
    sheet = book.active
    assert sheet is not None
    header = [cell.value for cell in sheet[1]]
    sheet.cell(2, header.index("三无认定日期") + 1, "")
    book.save(refused)
    assert import_file(None, refused, layer="compounds").rows.inserted == 1
    ((off_m2,),) = ask(
        connection,
        "SELECT ST_Area(CAST(geom AS geography)) - 10000 FROM compound WHERE code = 'C7'",
    )
    assert abs(float(str(off_m2))) < 20


def test_what_was_chosen_is_remembered_for_the_next_file_of_the_same_columns(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    lon, lat = place(150, 130)

    def write(number: str) -> Path:
        row = {"单子": number, "类别": "暴露垃圾", "登记": "2025-03-01", "经度": lon, "纬度": lat}
        return write_csv(tmp_path / f"{number}.csv", [row])

    mapping = {"单子": "external_id", "登记": "reported_at"}
    first = import_file(None, write("X1"), layer="incidents", crs="4490", mapping=mapping)
    assert first.remembered == ()
    second = import_file(None, write("X2"))
    assert (second.layer, second.crs, second.rows.inserted) == ("incidents", "EPSG:4490", 1)
    assert any("EPSG:4490" in sentence or "4490" in sentence for sentence in second.remembered)
    assert ask(connection, "SELECT external_id FROM incident ORDER BY 1") == [("X1",), ("X2",)]
    connection.rollback()
    look = look_at_file(connection, write("X4"))
    assert (look["remembered"], look["chosen"]["layer"], look["chosen"]["crs"]) == (True, "incidents", "4490")
    assert look["chosen"]["mapping"]["登记"] == "reported_at"
    assert look["chosen"]["mapping"]["单子"] == "external_id"
    # The days of a spreadsheet are shown as what they mean.
    serial = {"单子": "X5", "类别": "暴露垃圾", "登记": "45980.5", "经度": lon, "纬度": lat}
    columns = look_at_file(connection, write_csv(tmp_path / "X5.csv", [serial]))["columns"]
    assert [each["samples"] for each in columns if each["header"] == "登记"] == [["2025-11-19 12:00"]]
    # What was chosen for a file that is taken back is asked for again.
    undo_import(None, second.batch or 0)
    with pytest.raises(UnknownDatum):
        import_file(None, write("X2"), layer="incidents", mapping=mapping)
    # A trial is not remembered, nor is a file of other columns understood by it.
    row = {"单子": "X3", "类别": "暴露垃圾", "登记": "2025-03-01", "经度": lon, "纬度": lat, "多": 1}
    other = write_csv(tmp_path / "X3.csv", [row])
    with pytest.raises(UnknownDatum):
        import_file(None, other, layer="incidents", mapping=mapping)


@pytest.mark.parametrize("layer", ["grids", "compounds", "buildings", "merchants", "incidents"])
def test_same_file_again_changes_nothing(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path, layer: str
) -> None:
    names = {
        "grids": ("网格编号", "网格名称"), "compounds": ("小区编号", "小区名称"),
        "buildings": ("楼栋编号", "楼栋名称"), "merchants": ("商户编号", "商户名称"),
        "incidents": ("办件编号", "诉求内容"),
    }[layer]  # fmt: skip
    words = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01"} if layer == "incidents" else {}
    rows = [dict(zip(names, (f"N{n}", f"名{n}"), strict=True)) | words for n in range(2)]
    outlines = [box(0, 1000, 40, 1040), box(40, 1000, 80, 1040)]
    shapes = (
        outlines
        if layer in {"grids", "compounds", "buildings"}
        else [outline.centroid for outline in outlines]
    )
    path = write_shapes(tmp_path / "文件.gpkg", rows, shapes, crs=4547)
    assert load(path, layer=layer, crs=None).rows.inserted == 2
    table = layer.removesuffix("s")
    everything = f"SELECT CAST({table}.* AS text) FROM {table} ORDER BY 1"
    before = ask(connection, everything)
    again = load(path, layer=layer, crs=None)
    assert (again.rows.unchanged, again.difference_counts) == (2, {})
    assert ask(connection, everything) == before
    assert ask(connection, "SELECT count(*) FROM import_change") == [(0,)]


def test_new_outlines_on_stored_ones_are_told(town: ImportTown, tmp_path: Path) -> None:
    rows = [{"楼栋编号": "N1"}, {"楼栋编号": "N2"}, {"楼栋编号": "B2"}, {"楼栋编号": "N3"}]
    # On B1, shifted by a third; beside B1, touching; B2 itself; far away.
    shapes = [
        box(140, 120, 200, 140),
        box(180, 120, 240, 140),
        box(120, 200, 180, 220),
        box(600, 600, 660, 620),
    ]
    report = load(write_shapes(tmp_path / "楼栋.gpkg", rows, shapes))
    (doubt,) = (warning for warning in report.warnings if "stand on" in warning)
    assert "1 of the new buildings stand on buildings that are here already: row 1;" in doubt


def test_new_merchants_near_namesakes_are_told(town: ImportTown, tmp_path: Path) -> None:
    names, at = ["小吃店", "理发店", "小吃店", "五金店"], [(150, 110), (400, 110), (700, 700), (420, 110)]
    stored = [{"商户编号": f"M{n}", "商户名称": name} for n, name in enumerate(names)]
    path = write_shapes(tmp_path / "商户.gpkg", stored, [Point(xy) for xy in at])
    assert load(path, layer="merchants").rows.inserted == 4
    # Across the street, under another code; the same name farther off; another name at the same place.
    rows = [
        {"商户编号": "P1", "商户名称": "小吃店"},
        {"商户编号": "P2", "商户名称": "理发店"},
        {"商户编号": "P3", "商户名称": "茶馆"},
    ]
    points = [Point(210, 110), Point(520, 110), Point(420, 110)]
    report = load(write_shapes(tmp_path / "高德商户.gpkg", rows, points), layer="merchants")
    (doubt,) = (warning for warning in report.warnings if "have the name" in warning)
    assert "1 of the new merchants have the name of one that is here already, not 100 m away: row 1;" in doubt
    assert report.rows.inserted == 3
    assert not [word for word in load(path, layer="merchants").warnings if "have the name" in word]

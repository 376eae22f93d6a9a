"""Undoing an import: the state before to the bit, or a sentence about what stands in the way."""

from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.importing.importer import import_file, undo_import
from geo.errors import Conflict, NotFound
from tests.import_town import ImportTown, ask, place, write_csv, write_shapes

TABLES = ("grid", "compound", "building", "merchant", "incident", "building_grid")


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    return ImportTown(connection)


def remember(connection: PostgresConnection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every layer as text, geometries as their bytes."""
    return {
        table: ask(connection, f"SELECT CAST({table}.* AS text) FROM {table} ORDER BY 1") for table in TABLES
    }


def change(connection: PostgresConnection, statement: str) -> None:
    connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.commit()


def load(path: Path, **options: Any) -> int:
    batch = import_file(None, path, crs="4490", **options).batch
    assert batch is not None
    return batch


def write_cases(folder: Path, *rows: dict[str, Any]) -> Path:
    lon, lat = place(150, 130)
    ordinary = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01", "诉求内容": "甲", "经度": lon, "纬度": lat}
    return write_csv(
        folder / "工单.csv", [{"办件编号": f"GZ{n}"} | ordinary | row for n, row in enumerate(rows)]
    )


def test_inserted_rows_go(town: ImportTown, connection: PostgresConnection, tmp_path: Path) -> None:
    before = remember(connection)
    undone = undo_import(None, load(write_cases(tmp_path, {}, {})))
    assert (undone.deleted, undone.restored, undone.layer) == (2, 0, "incidents")
    assert remember(connection) == before
    assert ask(connection, "SELECT undone_at IS NOT NULL FROM import_batch") == [(True,)]


def test_updated_rows_are_what_they_were_to_the_bit(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    # Coordinates with all their digits, fractions of a second, an array, and quotation marks.
    change(
        connection,
        "UPDATE compound SET aliases = ARRAY['老\"厂区', 'a,b', ''], address = E'一\\n二',"
        " geom = ST_Translate(geom, 1e-9 / 3, 1e-9 / 7), changed_at = '2025-01-01 00:00:00.123457+00';"
        "UPDATE building SET households = 7, changed_at = '2025-01-01 00:00:00.000001+00' WHERE code = 'B1'",
    )
    before = remember(connection)
    compounds = [{"小区编号": "C1", "小区名称": "新名", "别名": "新", "地址": "新路1号"}]
    first = load(write_shapes(tmp_path / "小区.gpkg", compounds, [box(100, 100, 310, 300)]))
    second = load(write_csv(tmp_path / "楼栋.csv", [{"楼栋编号": "B1", "户数": 48}]))
    assert remember(connection) != before
    undone = [undo_import(None, batch) for batch in (second, first)]
    assert [(batch.deleted, batch.restored) for batch in undone] == [(0, 1), (0, 1)]
    assert remember(connection) == before
    # What a row was before it was changed says nothing that it does not say itself now.
    assert ask(connection, "SELECT count(*) FROM import_change") == [(0,)]


def test_grids_come_back_with_the_buildings_in_them(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    before = remember(connection)
    rows = [{"网格编号": "01", "网格名称": "第01网格"}, {"网格编号": "03", "网格名称": "第三"}]
    batch = load(write_shapes(tmp_path / "网格.gpkg", rows, [box(0, 180, 500, 1000), box(0, 0, 500, 180)]))
    assert remember(connection)["building_grid"] != before["building_grid"]
    undo_import(None, batch)
    assert remember(connection) == before


def test_versions_rise_again(town: ImportTown, connection: PostgresConnection, tmp_path: Path) -> None:
    batch = load(write_cases(tmp_path, {}))
    version = ask(connection, "SELECT version FROM layer_version WHERE layer = 'incidents'")
    undo_import(None, batch)
    assert ask(connection, "SELECT version FROM layer_version WHERE layer = 'incidents'") > version


def test_later_batch_stands_in_the_way_until_it_is_undone(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    before = remember(connection)
    first = load(write_cases(tmp_path, {}, {}))
    second = load(write_cases(tmp_path, {"诉求内容": "乙"}, {}))
    between = remember(connection)
    with pytest.raises(Conflict, match=rf"batch {second} changed the same rows later; undo that first"):
        undo_import(None, first)
    assert remember(connection) == between
    undo_import(None, second)
    undo_import(None, first)
    assert remember(connection) == before


def test_rows_changed_by_hand_stand_in_the_way(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    batch = load(write_cases(tmp_path, {}, {}, {}))
    change(connection, "UPDATE incident SET state = 'handling' WHERE external_id = 'GZ1'")
    with pytest.raises(Conflict, match="1 of its rows were changed by hand since"):
        undo_import(None, batch)
    assert ask(connection, "SELECT count(*) FROM incident") == [(3,)]


def test_rows_deleted_by_hand_stand_in_the_way_only_where_they_were_before(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    load(write_cases(tmp_path, {}))
    batch = load(write_cases(tmp_path, {"诉求内容": "乙"}, {}))
    change(connection, "DELETE FROM incident WHERE external_id = 'GZ0'")
    with pytest.raises(Conflict, match="1 of the rows it changed were deleted since"):
        undo_import(None, batch)
    third = load(write_cases(tmp_path, {"办件编号": "GZ7"}, {"办件编号": "GZ8"}))
    change(connection, "DELETE FROM incident WHERE external_id = 'GZ7'")
    assert undo_import(None, third).deleted == 1


def test_work_built_on_the_rows_stands_in_the_way(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    batch = load(write_shapes(tmp_path / "楼栋.gpkg", [{"楼栋编号": "B7"}], [box(600, 600, 640, 640)]))
    # A visit would go with its building without a word from the database.
    change(
        connection,
        "INSERT INTO visit (community_id, kind, at, building_id, outcome)"
        " SELECT community_id, 'patrol', now(), id, 'checked' FROM building WHERE code = 'B7'",
    )
    with pytest.raises(Conflict, match="1 visit rows refer to its building rows"):
        undo_import(None, batch)
    assert ask(connection, "SELECT count(*) FROM visit") == [(1,)]


def test_batch_is_undone_once(town: ImportTown, tmp_path: Path) -> None:
    batch = load(write_cases(tmp_path, {}))
    undo_import(None, batch)
    with pytest.raises(Conflict, match="was undone already"):
        undo_import(None, batch)
    with pytest.raises(NotFound, match="no import batch 99"):
        undo_import(None, 99)


def test_undone_rows_can_be_imported_again(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    path = write_cases(tmp_path, {}, {})
    undo_import(None, load(path))
    assert import_file(None, path, crs="4490").rows.inserted == 2

"""Binary COPY and upkeep put off: the rows are the same, and the table is what it was."""

import datetime as dt
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
import pyarrow as pa
import pytest
from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.importing.importer import import_file
from geo.schema.dump import dump_schema
from geo.store import bulk, imports
from geo.store.engine import load_queries
from tests.import_town import ImportTown, ask, place, write_csv, write_shapes


def test_every_type_arrives_as_it_was(connection: PostgresConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE kinds (a bigint, b integer, c boolean, d date, e timestamptz, f text,"
            " g text[], h geometry(Point, 4490))"
        )
        moment = dt.datetime(2025, 8, 31, 12, 0, 1, 5, tzinfo=dt.UTC)
        rows = pa.table(
            {
                "a": [2**40, None, -5],
                "b": [7, 8, None],
                "c": [True, False, None],
                "d": [dt.date(2025, 8, 31), None, dt.date(1999, 1, 1)],
                "e": [moment, None, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)],
                "f": pa.array(["䶮", "", None], pa.large_string()),
                "g": [["a,b", '乙"'], [], None],
                "h": bulk.encode_points(np.array([[109.4, 24.3], [np.nan, 1.0], [110.0, 25.0]])),
            }
        )
        # In slices too: an Arrow column may begin in the middle of its buffers.
        bulk.copy_rows(connection, "kinds", [rows, rows.slice(1, 1), rows.slice(0, 0), rows.slice(2)])
        cursor.execute("SELECT a, b, c, d, e, f, g, ST_AsEWKT(h) FROM kinds")
        first, second, third, *again = cursor.fetchall()
    assert first == (
        2**40,
        7,
        True,
        dt.date(2025, 8, 31),
        moment,
        "䶮",
        ["a,b", '乙"'],
        "SRID=4490;POINT(109.4 24.3)",
    )
    assert second == (None, 8, False, None, None, "", [], None)
    assert third[:3] == (-5, None, None)
    assert third[3:7] == (dt.date(1999, 1, 1), dt.datetime(1970, 1, 1, tzinfo=dt.UTC), None, None)
    assert again == [second, third]


@pytest.fixture
def orders(connection: PostgresConnection, tmp_path: Path) -> Path:
    ImportTown(connection)
    lon, lat = place(150, 130)
    row = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01", "经度": lon, "纬度": lat}
    return write_csv(tmp_path / "工单.csv", [{"办件编号": f"GZ{n}"} | row for n in range(50)])


@pytest.mark.usefixtures("connection")
def test_table_is_what_it_was_after_a_bulk_import(
    database_url: str, connection: PostgresConnection, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BULK_ROWS", 1)
    before = dump_schema(database_url)
    version = ask(connection, "SELECT coalesce(max(version), 0) FROM layer_version WHERE layer = 'incidents'")
    connection.rollback()
    assert import_file(database_url, orders, crs="4490").rows.inserted == 50
    assert dump_schema(database_url) == before
    assert ask(connection, "SELECT count(*) FROM incident WHERE building_id IS NOT NULL") == [(50,)]
    assert ask(connection, "SELECT version FROM layer_version WHERE layer = 'incidents'") > version
    assert ask(connection, "SELECT count(*) FROM layer_touch") == [(0,)]
    # Too many to note one by one: the hexagons of the community are counted anew.
    assert (None,) in ask(connection, "SELECT category_code FROM incident_change")


def test_rows_are_numbered_as_one_by_one(
    database_url: str, connection: PostgresConnection, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BULK_ROWS", 1)
    ((before,),) = ask(connection, "SELECT nextval('incident_id_seq')")
    connection.rollback()
    assert isinstance(before, int)
    assert import_file(database_url, orders, crs="4490").rows.inserted == 50
    assert ask(connection, "SELECT min(id), max(id), count(DISTINCT id) FROM incident") == [
        (before + 1, before + 50, 50)
    ]
    # Whoever reports the next case gets the next number.
    assert ask(connection, "SELECT nextval('incident_id_seq')") == [(before + 51,)]


@pytest.mark.parametrize(
    ("wrong", "refused"),
    [
        ({"grid_id": 999_999}, "incident_grid_id_community_id_fkey"),
        ({"external_id": "GZ0"}, "incident_external_id"),
        ({"state": "closed"}, "incident_closed_has_time"),
    ],
)
def test_bulk_import_still_refuses_what_the_constraints_refuse(
    database_url: str, connection: PostgresConnection, orders: Path, wrong: dict[str, object], refused: str
) -> None:
    import_file(database_url, orders, crs="4490")
    before, incidents = dump_schema(database_url), "SELECT count(*), max(id) FROM incident"
    stored = ask(connection, incidents)
    ((community,),) = ask(connection, "SELECT id FROM community")
    assert isinstance(community, int)
    row = {
        "community_id": community,
        "category_code": "E101",
        "source": "patrol",
        "source_system": "12345",
        "reported_at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    } | wrong
    rows = pa.table({name: [value] for name, value in row.items()})

    def load() -> None:
        with bulk.defer_upkeep(connection, "incident", rows.column_names, community) as is_new:
            bulk.copy_rows(connection, "incident", [rows], frozen=is_new)

    with pytest.raises(psycopg2.IntegrityError) as refusal:
        load()
    assert refusal.value.diag.constraint_name == refused
    assert ask(connection, incidents) == stored
    connection.rollback()
    assert dump_schema(database_url) == before


def list_files(connection: PostgresConnection) -> dict[str, object]:
    """Where the table and its indexes are kept; whatever is built anew gets another file."""
    files = ask(
        connection,
        "SELECT relname, pg_relation_filenode(oid) FROM pg_class WHERE oid = CAST('incident' AS regclass)"
        " UNION ALL SELECT relname, pg_relation_filenode(indexrelid) FROM pg_index"
        " JOIN pg_class AS c ON c.oid = indexrelid WHERE indrelid = CAST('incident' AS regclass)",
    )
    connection.rollback()
    return {str(name): file for name, file in files}


def test_indexes_are_left_alone_unless_a_batch_outweighs_the_table(
    database_url: str, connection: PostgresConnection, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BULK_ROWS", 20)
    import_file(database_url, orders, crs="4490")
    files = list_files(connection)
    lines = orders.read_text(encoding="utf-8").splitlines()

    def import_more(count: int, prefix: str) -> None:
        more = [line.replace("GZ", prefix) for line in lines[1 : count + 1]]
        orders.write_text("\n".join([lines[0], *more]), encoding="utf-8")
        assert import_file(database_url, orders, crs="4490").rows.inserted == count

    import_more(19, "few")
    import_more(49, "lighter")
    assert list_files(connection) == files
    ask(connection, "SELECT 1")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM incident WHERE external_id LIKE 'lighter%%' OR external_id LIKE 'few%%'")
    connection.commit()
    import_more(50, "heavier")
    now = list_files(connection)
    # The rows that were there stay in their file; an index of nothing but cases with a client's id, too.
    rebuilt = {name for name, file in files.items() if now[name] != file}
    assert {"incident_pkey", "incident_geom", "incident_open", "incident_building"} < rebuilt
    assert rebuilt.isdisjoint({"incident", "incident_client_id", "incident_settled", "incident_party"})
    assert ask(connection, "SELECT count(*) FROM incident") == [(100,)]


def test_table_that_once_held_rows_begins_no_new_file(connection: PostgresConnection, orders: Path) -> None:
    assert orders.exists()
    assert load_queries("imports").never_held_rows(connection, table="incident")
    import_file(connection, orders, crs="4490")
    with connection.cursor() as cursor:
        # Somebody whose snapshot is older than the rows sees none, and is not asked.
        cursor.execute("DELETE FROM incident")
    assert not load_queries("imports").never_held_rows(connection, table="incident")


def test_reader_in_the_way_is_not_cancelled(
    database_url: str, orders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "_BULK_ROWS", 1)
    monkeypatch.setattr(bulk, "_LOCK_PATIENCE_S", 1.0)
    with closing(psycopg2.connect(database_url)) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incident")
        # The lock cannot be had, so the batch lands with all upkeep in place, beside the reader.
        assert import_file(database_url, orders, crs="4490").rows.inserted == 50
        cursor.execute("SELECT count(*) FROM incident")
        assert cursor.fetchone() == (50,)


@pytest.mark.parametrize("account", [1, None])
def test_nobody_waits_for_a_file_that_comes_from_a_page(
    database_url: str,
    connection: PostgresConnection,
    orders: Path,
    monkeypatch: pytest.MonkeyPatch,
    account: int | None,
) -> None:
    monkeypatch.setattr(imports, "_BULK_ROWS", 1)
    assert import_file(connection, orders, crs="4490", account=account).rows.inserted == 50
    is_free = True
    with closing(psycopg2.connect(database_url)) as other, other.cursor() as cursor:
        cursor.execute("SET lock_timeout = '300ms'")
        try:
            cursor.execute("SELECT count(*) FROM incident, party")
        except LockNotAvailable:
            is_free = False
    assert is_free is (account is not None)


def test_many_buildings_find_their_grids_with_upkeep_put_off(
    database_url: str, connection: PostgresConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ImportTown(connection)
    outlines = [box(10 + 12 * n, 10, 20 + 12 * n, 20) for n in range(16)]
    rows = [{"楼栋编号": f"N{n}", "楼栋名称": f"{n}号"} for n in range(16)]
    paths = [write_shapes(tmp_path / name, rows, outlines) for name in ("one.gpkg", "bulk.gpkg")]
    lying = (
        "SELECT b.code, g.code, bg.kind, CAST(bg.period AS text) FROM building_grid AS bg "
        "JOIN building AS b ON b.id = building_id JOIN grid AS g ON g.id = grid_id ORDER BY 1, 2"
    )
    import_file(database_url, paths[0], layer="buildings", crs="4490")
    one_by_one = ask(connection, lying)
    connection.rollback()
    with connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM building WHERE import_batch_id IS NOT NULL")
    before = dump_schema(database_url)

    monkeypatch.setattr(imports, "_BULK_ROWS", 1)
    report = import_file(database_url, paths[1], layer="buildings", crs="4490")
    assert report.rows.inserted == len(outlines), report.rejections

    assert ask(connection, lying) == one_by_one
    assert len(one_by_one) >= len(outlines)
    assert dump_schema(database_url) == before
    assert ask(connection, "SELECT count(*) FROM layer_touch") == [(0,)]

"""Binary COPY and upkeep put off: the rows are the same, and the table is what it was."""

import datetime as dt
from contextlib import closing
from pathlib import Path

import numpy as np
import psycopg2
import pyarrow as pa
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file
from geo.schema.dump import dump_schema
from geo.store import bulk, imports
from tests.import_town import ImportTown, ask, place, write_csv


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


def test_bulk_import_still_refuses_what_the_constraints_refuse(
    connection: PostgresConnection, orders: Path
) -> None:
    ((community,),) = ask(connection, "SELECT id FROM community")
    assert isinstance(community, int)
    rows = pa.table(
        {
            "community_id": [community],
            "category_code": ["E101"],
            "source": ["patrol"],
            "reported_at": [dt.datetime(2025, 1, 1, tzinfo=dt.UTC)],
            "grid_id": [999_999],
        }
    )

    def load() -> None:
        with bulk.defer_upkeep(connection, "incident", rows.column_names, community):
            bulk.copy_rows(connection, "incident", [rows])

    with pytest.raises(psycopg2.errors.ForeignKeyViolation, match="grid"):
        load()


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

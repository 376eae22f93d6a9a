"""Layer versions: raised once by each transaction that changed a layer, only where it changed."""

from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from tests.town import START, Town


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    connection.commit()
    return town


def versions(town: Town) -> dict[str, int]:
    """Versions of what lies in one community, as another connection sees them."""
    with closing(psycopg2.connect(town.connection.dsn)) as reader, reader.cursor() as cursor:
        cursor.execute(
            "SELECT layer, version FROM layer_version WHERE community_id = %s AND layer <> 'communities'",
            (town.id,),
        )
        return dict(cursor.fetchall())


def run(town: Town, statement: str) -> None:
    with town.connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_transaction_raises_a_version_once(town: Town) -> None:
    for number in range(3):
        town.building(str(number), box(0, 20 * number, 10, 20 * number + 10))
    run(town, "UPDATE building SET name = name || '.'")
    assert versions(town) == {}, "nothing is published before the commit"
    town.connection.commit()
    assert versions(town) == {"buildings": 1}

    run(town, "UPDATE building SET name = name || '.'")
    run(town, "DELETE FROM building WHERE code = '0'")
    town.connection.commit()
    assert versions(town) == {"buildings": 2}


def test_only_the_touched_community_rises(town: Town) -> None:
    other = Town(town.connection, "B")
    town.incident()
    other.incident()
    town.connection.commit()

    run(town, f"UPDATE incident SET title = 'x' WHERE community_id = {other.id}")
    town.connection.commit()

    assert versions(town) == {"incidents": 1}
    assert versions(other) == {"incidents": 2}


def test_a_place_that_moves_raises_both_communities(town: Town) -> None:
    other = Town(town.connection, "B")
    building = town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    assert versions(other) == {}

    run(town, f"UPDATE building SET community_id = {other.id} WHERE id = {building}")
    town.connection.commit()

    assert versions(town) == {"buildings": 2}
    assert versions(other) == {"buildings": 1}


def test_rollback_raises_nothing(town: Town) -> None:
    town.building("1", box(0, 0, 10, 10))
    town.connection.rollback()
    assert versions(town) == {}

    run(town, "SAVEPOINT before")
    town.incident()
    run(town, "ROLLBACK TO before")
    town.grid("01", box(0, 0, 99, 99))
    town.connection.commit()

    assert versions(town) == {"grids": 1}
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM layer_touch")
        assert cursor.fetchone() == (0,)


def test_a_statement_that_changes_nothing_raises_nothing(town: Town) -> None:
    run(town, "UPDATE building SET name = 'x' WHERE false")
    run(town, "DELETE FROM incident")
    town.connection.commit()

    assert versions(town) == {}


def test_a_redrawn_grid_raises_the_buildings_that_changed_hands(town: Town) -> None:
    """A building shows the grid it lies in, so that a browser must not keep the old one."""
    town.building("1", box(0, 0, 10, 10))
    town.connection.commit()
    assert versions(town) == {"buildings": 1}

    town.grid("01", box(500, 500, 600, 600))
    town.connection.commit()
    assert versions(town) == {"buildings": 1, "grids": 1}, "no building is concerned"

    town.grid("02", box(0, 0, 99, 99))
    town.connection.commit()
    assert versions(town) == {"buildings": 2, "grids": 2}


@pytest.mark.parametrize(
    ("table", "layer"),
    [
        ("ground_feature", "ground"),
        ("grid", "grids"),
        ("compound", "compounds"),
        ("merchant", "merchants"),
        ("zone_plan", "zones"),
    ],
)
def test_each_table_raises_its_layer(town: Town, table: str, layer: str) -> None:
    shape = box(0, 0, 10, 10)
    rows: dict[str, dict[str, object]] = {
        "ground_feature": {"kind": "water", "geom": shape},
        "grid": {"kind": "community", "code": "1", "name": "1", "valid_from": START, "geom": shape},
        "compound": {"code": "1", "name": "1", "geom": shape},
        "merchant": {"code": "1", "name": "1"},
        # A draft is on nobody's map.
        "zone_plan": {"kind": "property", "name": "1", "state": "published", "valid_from": START},
    }
    town.add(table, **rows[table])
    town.connection.commit()
    assert versions(town) == {layer: 1}

    run(town, f"DELETE FROM {table}")
    town.connection.commit()
    assert versions(town) == {layer: 2}


def test_listeners_hear_of_a_commit_and_not_of_a_rollback(town: Town) -> None:
    with closing(psycopg2.connect(town.connection.dsn)) as listener:
        listener.autocommit = True
        with listener.cursor() as cursor:
            cursor.execute("LISTEN layer_version")
            town.incident()
            town.connection.rollback()
            town.building("1", box(0, 0, 10, 10))
            town.building("2", box(20, 0, 30, 10))
            town.connection.commit()
            cursor.execute("SELECT 1")
        assert [notice.payload for notice in listener.notifies] == ["buildings"]


def test_two_transactions_both_count(town: Town) -> None:
    with closing(psycopg2.connect(town.connection.dsn)) as other:
        town.incident()
        town.seen_through(other).incident()
        town.connection.commit()
        other.commit()

    assert versions(town) == {"incidents": 2}

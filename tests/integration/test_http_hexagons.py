"""Hexagons of incidents are kept by changes alone, and are at any time what a count anew would give."""

import random
from contextlib import closing

import psycopg2
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point

from geo.store.tiles import refresh_hexagons
from tests.town import Town

Hexagons = dict[tuple[int, int, int, int], tuple[int, int]]


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def run(town: Town, statement: str) -> None:
    with town.connection.cursor() as cursor:
        cursor.execute(statement)


def read_hexagons(town: Town) -> Hexagons:
    with town.connection.cursor() as cursor:
        cursor.execute(
            "SELECT community_id, level, up, across, incidents, open_incidents FROM incident_hexagon"
        )
        rows = cursor.fetchall()
    town.connection.commit()
    return {tuple(row[:4]): tuple(row[4:]) for row in rows}


def count_anew(town: Town) -> Hexagons:
    run(town, "DELETE FROM hexagon_version")
    town.connection.commit()
    refresh_hexagons("incidents")
    return read_hexagons(town)


def verify_hexagons(town: Town) -> Hexagons:
    """Bring the hexagons up to date and return them, after comparing them with a count anew."""
    refresh_hexagons("incidents")
    kept = read_hexagons(town)
    assert kept == count_anew(town)
    assert all(incidents >= opened >= 0 < incidents for incidents, opened in kept.values())
    return kept


def place(spot: Point) -> str:
    return f"ST_SetSRID(ST_Point({120 + spot.x / 1e5:.7f}, {32 + spot.y / 1e5:.7f}), 4490)"


@pytest.mark.parametrize("seed", range(3))
def test_any_edits_leave_what_a_count_anew_would_give(seed: int, town: Town) -> None:
    other = Town(town.connection, "B")
    choose = random.Random(seed)
    ids: list[int] = []

    def pick_spot() -> Point:
        return Point(choose.choice([0, 50, 700]), choose.choice([0, 40, 900]))

    for _ in range(60):
        some = f"id = {choose.choice(ids)}" if ids else "false"
        action = choose.randrange(9)
        if action <= 2 or not ids:
            where = choose.choice([town, other])
            ids.append(
                where.incident(geom=pick_spot(), category_code=choose.choice(["E101", "E201", "E905"]))
            )
        elif action == 3:
            run(
                town,
                f"UPDATE incident SET geom = {place(pick_spot())}, geocode_quality = 'manual' WHERE {some}",
            )
        elif action == 4:
            state = choose.choice(["reported", "handling", "rejected"])
            run(town, f"UPDATE incident SET state = '{state}' WHERE {some}")
        elif action == 5:
            sensitivity = choose.choice(["S1", "S3"])
            run(
                town,
                f"UPDATE incident SET sensitivity = '{sensitivity}' WHERE id % 2 = {choose.randrange(2)}",
            )
        elif action == 6:
            run(town, f"UPDATE incident SET category_code = '{choose.choice(['E101', 'E905'])}' WHERE {some}")
        elif action == 7:
            run(town, f"UPDATE incident SET community_id = {choose.choice([town, other]).id} WHERE {some}")
        else:
            run(town, f"DELETE FROM incident WHERE {some}")
        if choose.random() < 0.1:
            flag = choose.choice(["true", "false"])
            run(town, f"UPDATE category SET is_sealed = {flag} WHERE code = 'E2'")
        town.connection.commit()
        if choose.random() < 0.3:
            refresh_hexagons("incidents")
    assert verify_hexagons(town)


def test_an_edit_touches_its_own_hexagons_only(town: Town) -> None:
    town.incident(geom=Point(10, 10))
    far = town.incident(geom=Point(900, 900))
    town.connection.commit()
    refresh_hexagons("incidents")

    def find_versions() -> dict[tuple[int, int], str]:
        with town.connection.cursor() as cursor:
            cursor.execute("SELECT up, across, xmin::text FROM incident_hexagon WHERE level = 14")
            return {(up, across): xmin for up, across, xmin in cursor.fetchall()}

    before = find_versions()
    run(town, f"UPDATE incident SET state = 'rejected' WHERE id = {far}")
    town.connection.commit()
    refresh_hexagons("incidents")
    after = find_versions()
    assert len(before) == len(after) == 2
    assert sum(before[cell] != after[cell] for cell in before) == 1
    verify_hexagons(town)


def test_too_many_changes_at_once_are_counted_anew(town: Town) -> None:
    town.incident(geom=Point(10, 10))
    town.connection.commit()
    refresh_hexagons("incidents")
    many = """
        INSERT INTO incident (community_id, category_code, source, geom, geocode_quality, reported_at)
        SELECT community_id, category_code, source, geom, geocode_quality, reported_at
        FROM incident, generate_series(1, 1001) WHERE id = (SELECT min(id) FROM incident)
    """
    run(town, many)
    town.connection.commit()
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(category_code) FROM incident_change")
        assert cursor.fetchall() == [(1, 0)]
    town.incident(geom=Point(10, 10))  # noted, and counted with the rest: not twice
    town.connection.commit()
    assert {incidents for incidents, _ in verify_hexagons(town).values()} == {1003}


def test_what_is_committed_while_hexagons_are_derived_is_counted_once(town: Town, database_url: str) -> None:
    town.incident(geom=Point(10, 10))
    town.connection.commit()
    refresh_hexagons("incidents")
    with closing(psycopg2.connect(database_url)) as second:
        late = town.seen_through(second)
        late.incident(geom=Point(10, 10))  # not committed yet
        run(town, "UPDATE category SET name = name || '.'")  # all are counted anew
        town.connection.commit()
        refresh_hexagons("incidents")
        assert {incidents for incidents, _ in read_hexagons(town).values()} == {1}
        second.commit()
    assert {incidents for incidents, _ in verify_hexagons(town).values()} == {2}


def test_what_is_rolled_back_is_not_counted(town: Town) -> None:
    town.incident(geom=Point(10, 10))
    town.connection.commit()
    refresh_hexagons("incidents")
    town.incident(geom=Point(10, 10))
    town.connection.rollback()
    assert {incidents for incidents, _ in verify_hexagons(town).values()} == {1}


def test_a_community_that_goes_leaves_nothing(town: Town) -> None:
    town.incident(geom=Point(10, 10))
    town.connection.commit()
    refresh_hexagons("incidents")
    town.incident(geom=Point(10, 10))
    town.connection.commit()
    run(town, f"DELETE FROM community WHERE id = {town.id}")
    town.connection.commit()
    assert verify_hexagons(town) == {}
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incident_change")
        assert cursor.fetchall() == [(0,)]

"""The schema as a whole: schema.sql is the sum of the migrations, and the seed rows are there."""

from contextlib import closing

import psycopg2
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.schema.dump import SCHEMA_FILE, dump_schema


def ask(connection: PostgresConnection, query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_schema_file_equals_migrations_from_zero(database_url: str, empty_database_url: str) -> None:
    with (
        closing(psycopg2.connect(empty_database_url)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(SCHEMA_FILE.read_text(encoding="utf-8"))

    migrated = dump_schema(database_url)

    assert "CREATE TABLE public.grid" in migrated
    assert dump_schema(empty_database_url) == migrated


def test_dump_shows_a_difference(database_url: str, connection: PostgresConnection) -> None:
    before = dump_schema(database_url)
    with connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE grid DROP CONSTRAINT grid_dates_in_order")

    after = dump_schema(database_url)

    removed = set(before.splitlines()) - set(after.splitlines())
    assert [line.strip() for line in removed] == [
        "CONSTRAINT grid_dates_in_order CHECK ((valid_to > valid_from)),"
    ]


def test_categories_are_seeded(connection: PostgresConnection) -> None:
    groups = ask(connection, "SELECT code FROM category WHERE parent_code IS NULL")
    leaves = ask(connection, "SELECT code, parent_code FROM category WHERE parent_code IS NOT NULL")

    assert sorted(groups) == sorted((f"E{number}",) for number in range(1, 13))
    assert len(leaves) == 67
    assert all(str(code)[:-2] == parent for code, parent in leaves)
    # The tree has two levels: no leaf hangs on a leaf.
    assert {parent for _, parent in leaves} == {group for (group,) in groups}


def test_national_matters_of_classes_06_to_10_are_seeded(connection: PostgresConnection) -> None:
    counts = ask(
        connection,
        """
        SELECT left(code, 2), count(*) FROM national_code
        WHERE code_system = 'gbt47678' AND kind = 'matter' AND left(code, 2) BETWEEN '06' AND '10'
        GROUP BY 1 ORDER BY 1
        """,
    )

    assert counts == [("06", 51), ("07", 7), ("08", 16), ("09", 21), ("10", 2)]


def test_every_code_system_is_mapped(connection: PostgresConnection) -> None:
    illegal_vending = ask(
        connection,
        """
        SELECT code_system, map.code FROM category_national_code AS map
        JOIN category ON category.code = map.category_code
        WHERE identifier = 'street_vending'
        """,
    )

    assert set(illegal_vending) >= {("cjt214", "05-01"), ("gbt30428", "04-01"), ("gbt47678", "09001")}

"""The watch on the layers' versions: never behind a commit, and back after the server lost its connection."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from time import process_time

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extensions import make_dsn
from shapely import box

from geo.errors import DatabaseUnavailable
from geo.store.engine import open_asynchronous_connection
from geo.store.line import Line
from geo.store.versions import VersionWatch
from tests.patience import PATIENCE_S
from tests.town import Town


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    connection.commit()
    return town


def watch(url: str, look: Callable[[VersionWatch], Awaitable[None]]) -> None:
    """Let a function look at a watch inside an event loop."""

    async def look_and_close() -> None:
        found = VersionWatch(url)
        try:
            await look(found)
        finally:
            found.close()

    asyncio.run(look_and_close())


def end_connections(connection: PostgresConnection) -> None:
    """End every other connection to the test's database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    connection.commit()


def test_every_commit_is_in_the_next_reading(town: Town, database_url: str) -> None:
    async def look(found: VersionWatch) -> None:
        last = await found.read()
        assert last.community_ids == {"A": town.id}
        assert await found.read() is last, "nothing has changed"
        for number in range(3):
            town.building(str(number), box(0, 0, 10, 10))
            assert await found.read() is last, "nothing is committed yet"
            town.connection.commit()
            read = await found.read()
            assert read.stamps["buildings", town.id] > last.stamps.get(("buildings", town.id), (0,))
            last = read

    watch(database_url, look)


def test_a_connection_lost_while_idle_is_replaced_and_costs_nothing_meanwhile(
    town: Town, database_url: str
) -> None:
    async def look(found: VersionWatch) -> None:
        before = await found.read()
        end_connections(town.connection)
        await asyncio.sleep(0.1)
        spent_s = process_time()
        await asyncio.sleep(0.5)
        assert process_time() - spent_s < 0.2, "the event loop turns over a dead connection"
        assert (await found.read()).total == before.total

    watch(database_url, look)


def test_a_database_that_is_gone_is_a_refusal_and_comes_back(town: Town, database_url: str) -> None:
    name = town.connection.info.dbname
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")

    async def look(found: VersionWatch) -> None:
        await found.read()
        with closing(psycopg2.connect(make_dsn(database_url, dbname="postgres"))) as outside:
            outside.autocommit = True
            with outside.cursor() as cursor:
                cursor.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
                try:
                    end_connections(town.connection)
                    with pytest.raises(DatabaseUnavailable, match="does not answer"):
                        await found.read()
                finally:
                    cursor.execute(allow.format(sql.Identifier(name), sql.SQL("true")))
        assert (await found.read()).community_ids == {"A": town.id}

    watch(database_url, look)


def test_a_question_under_way_when_the_connection_is_lost_is_answered_with_the_loss(
    connection: PostgresConnection, database_url: str
) -> None:
    async def ask() -> None:
        line = Line(await asyncio.to_thread(open_asynchronous_connection, database_url))
        answer = asyncio.create_task(line.ask("SELECT 1 FROM pg_sleep(3600)"))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(end_connections, connection)
        try:
            with pytest.raises(psycopg2.OperationalError):
                await asyncio.wait_for(answer, timeout=PATIENCE_S)
        finally:
            line.close()

    asyncio.run(ask())


def test_a_refused_question_does_not_spoil_the_next(database_url: str) -> None:
    async def ask() -> None:
        line = Line(await asyncio.to_thread(open_asynchronous_connection, database_url))
        try:
            with pytest.raises(psycopg2.ProgrammingError):
                await line.ask("SELECT nothing_of_the_kind")
            assert await line.ask("SELECT 2") == 2
        finally:
            line.close()

    asyncio.run(ask())

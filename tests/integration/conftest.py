"""Two communities filled alike, and sessions in which to look at them; for tests that change neither."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from geo.cluster import Cluster
from tests.conftest import clone_database
from tests.trust import Session, World, Worlds, open_session


@pytest.fixture(scope="module")
def worlds(cluster: Cluster, migrated_template: str) -> Iterator[Worlds]:
    with clone_database(cluster, migrated_template) as url:
        with closing(psycopg2.connect(url)) as connection:
            a, b = World(connection, "A", 0), World(connection, "B", 2000)
            connection.commit()
            with connection.cursor() as cursor:
                for layer in ("buildings", "incidents"):
                    cursor.execute("SELECT refresh_hexagons(%s, NULL, 14)", (layer,))
                cursor.execute("ANALYZE")
            connection.commit()
        yield Worlds(url, a, b)


@pytest.fixture(scope="module")
def owner(worlds: Worlds) -> Iterator[Session]:
    with closing(psycopg2.connect(worlds.url)) as connection:
        yield Session(connection)


@pytest.fixture
def session(worlds: Worlds) -> Iterator[Session]:
    with open_session(worlds.url) as session:
        yield session

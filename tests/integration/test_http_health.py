"""``/healthz`` and ``/metrics``, and what every route says when the database is gone."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import make_dsn, parse_dsn

from geo.schema.migrate import head_revision
from tests.serving import serve


@pytest.fixture
def client(database_url: str) -> Iterator[httpx.Client]:
    with serve(database_url) as client:
        yield client


def rename_database(url: str, old: str, new: str) -> None:
    """Take a database away from everyone who is connected to it, or bring it back."""
    with closing(psycopg2.connect(make_dsn(url, dbname="postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (old,)
            )
            cursor.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
            )


def test_all_is_well(client: httpx.Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "migration": head_revision()}
    assert answer.headers["cache-control"] == "no-store"


def test_another_schema_than_the_programs_is_told(database_url: str, client: httpx.Client) -> None:
    assert client.get("/healthz").status_code == 200
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.commit()
    answer = client.get("/healthz")
    assert answer.status_code == 503
    content = answer.json()
    assert (content["status"], content["database"], content["migration"]) == ("failing", "ok", "0001")
    assert "wangge db migrate" in content["error"]


def test_a_database_that_goes_away_is_a_sentence_and_comes_back(
    database_url: str, client: httpx.Client
) -> None:
    name = parse_dsn(database_url)["dbname"]
    addresses = ("/features/buildings.geojson", "/tiles/incidents/10/853/415.mvt", "/healthz")
    before = [client.get(address) for address in addresses]
    assert [answer.status_code for answer in before] == [200, 200, 200]

    rename_database(database_url, name, "away")
    try:
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 503, address
            sentence = answer.json()["error"]
            assert "the database does not answer" in sentence
            # Where the server is and what it is called is nothing for a stranger.
            assert name not in answer.text
            assert "/" not in sentence
    finally:
        rename_database(database_url, "away", name)

    after = [client.get(address) for address in addresses]
    assert [answer.content for answer in after] == [answer.content for answer in before]


def test_metrics_count_what_was_asked_and_name_nobody(client: httpx.Client) -> None:
    def read_metrics() -> dict[str, float]:
        lines = client.get("/metrics").text.splitlines()
        return {
            name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")
        }

    answered = 'wangge_http_requests_total{layer="buildings",route="features",status="200"}'
    refused = 'wangge_http_requests_total{layer="",route="features",status="404"}'
    before = read_metrics()
    client.get("/features/buildings.geojson")
    client.get("/features/buildings.geojson")
    client.get("/features/王小明.geojson")
    client.get("/features/buildings.geojson?community=王小明")
    after = read_metrics()
    assert after[answered] - before.get(answered, 0) == 2
    assert after[refused] - before.get(refused, 0) == 2
    assert "wangge_database_connections" in after
    assert "王" not in client.get("/metrics").text

"""The pairs found in arrays are those of the view ``relapse``, over the whole of community D."""

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.patterns.following import Cases
from geo.patterns.relapse import find_returns
from geo.store.engine import connect, transaction
from tests.conftest import clone_database


@pytest.fixture(scope="module")
def demo(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    with clone_database(cluster, migrated_template) as url:
        load_demo(url, community="D", as_of=date(2026, 6, 1))
        with transaction(url) as connection, connection.cursor() as cursor:
            # Some linked by hand, far from each other and of any category; nothing else in the demo is.
            cursor.execute(
                "UPDATE incident AS i SET parent_id = p.id FROM incident AS p"
                " WHERE i.id % 499 = 0 AND p.community_id = i.community_id AND p.id = i.id - 1"
            )
        yield url


def read_cases(connection: PostgresConnection) -> tuple[np.ndarray, Cases]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.id, ST_X(p.geom), ST_Y(p.geom), coalesce(building_id, -1),"
            " CASE WHEN k.parent_code IN ('E10', 'E12') THEN -1"
            "   ELSE dense_rank() OVER (ORDER BY category_code) END,"
            " reported_at AT TIME ZONE 'UTC', closed_at AT TIME ZONE 'UTC', coalesce(parent_id, -1)"
            " FROM incident AS i JOIN category AS k ON k.code = category_code"
            " JOIN community AS c ON c.id = community_id"
            " CROSS JOIN LATERAL (SELECT ST_Transform(i.geom, c.metric_epsg) AS geom) AS p ORDER BY i.id"
        )
        rows = cursor.fetchall()
    columns = list(zip(*rows, strict=True))
    ids = np.array(columns[0], dtype=np.int64)
    parents = np.array(columns[7], dtype=np.int64)
    return ids, Cases(
        np.array(columns[1], dtype=float), np.array(columns[2], dtype=float),
        np.array(columns[3], dtype=np.int64), np.array(columns[4], dtype=np.int64),
        np.array(columns[5], dtype="datetime64[us]"), np.array(columns[6], dtype="datetime64[us]"),
        linked_to=np.where(parents >= 0, np.searchsorted(ids, parents), -1),
    )  # fmt: skip


def test_pairs_are_those_of_the_view(demo: str) -> None:
    with connect(demo) as connection:
        ids, cases = read_cases(connection)
        with connection.cursor() as cursor:
            cursor.execute("SELECT earlier_id, incident_id FROM relapse")
            told = set(cursor.fetchall())
    pairs = find_returns(cases)
    found = list(zip(ids[pairs.earlier].tolist(), ids[pairs.later].tolist(), strict=True))
    assert len(found) == len(set(found)) > 300
    assert set(found) == told

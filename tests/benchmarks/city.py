"""A city to measure on: 100 communities, 200,000 buildings, a million incidents at their doors."""

from contextlib import closing

import psycopg2

COMMUNITIES = 100
BUILDINGS = 200_000
INCIDENTS = 1_000_000
# Degrees: the city is square and starts here.
WEST, SOUTH, SIDE = 120.80, 31.90, 0.22

_STATEMENTS = (
    "SELECT setseed(0.4)",
    f"""
    INSERT INTO community (code, name, metric_epsg, geom)
    SELECT 'C' || n, '社区' || n, 4549, ST_Multi(ST_MakeEnvelope(
        {WEST} + n % 10 * {SIDE / 10}, {SOUTH} + n / 10 * {SIDE / 10},
        {WEST} + n % 10 * {SIDE / 10} + {SIDE / 10}, {SOUTH} + n / 10 * {SIDE / 10} + {SIDE / 10}, 4490))
    FROM generate_series(0, {COMMUNITIES - 1}) AS n
    """,
    f"""
    INSERT INTO building (community_id, code, name, floors, households, residents, geom)
    SELECT
        c.id, 'B' || n, n || '号楼', 6 + n % 20, 20 + n % 80, 50,
        ST_Multi(ST_MakeEnvelope(x, y, x + 0.00015 + wide * 0.0003, y + 0.00012, 4490))
    FROM community AS c
    CROSS JOIN generate_series(1, {BUILDINGS // COMMUNITIES}) AS n
    CROSS JOIN LATERAL (
        SELECT
            ST_XMin(c.geom) + random() * {SIDE / 10} AS x, ST_YMin(c.geom) + random() * {SIDE / 10} AS y,
            random() AS wide, n AS number
    ) AS place
    """,
    f"""
    INSERT INTO incident (
        community_id, category_code, source, state, geom, geocode_quality, building_id, reported_at, due_at)
    SELECT
        b.community_id, (ARRAY['E101', 'E102', 'E201', 'E301', 'E602'])[1 + (b.id + n) % 5], 'patrol',
        CASE WHEN random() < 0.05 THEN 'handling' ELSE 'rejected' END, b.anchor, 'building', b.id,
        at, at + interval '1 day'
    FROM building AS b
    CROSS JOIN generate_series(1, {INCIDENTS // BUILDINGS}) AS n
    CROSS JOIN LATERAL (
        SELECT timestamptz '2025-11-01' + random() * interval '365 days' AS at, n AS number
    ) AS moment
    """,
)


def build_city(url: str) -> None:
    """Fill a migrated, empty database."""
    with closing(psycopg2.connect(url)) as connection:
        with connection, connection.cursor() as cursor:
            for statement in _STATEMENTS:
                cursor.execute(statement)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

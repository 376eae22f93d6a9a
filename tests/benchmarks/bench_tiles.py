"""Tiles of a city, cold and cached: against the same SQL through psql, and against TiPg on the same tables.

Cold is a server whose cache keeps nothing. TiPg's cap of 10,000 features a tile is raised, its columns and
margin are set to ours. It draws every place at every zoom where we draw hexagons: that is what they are for.
Cached is the dashboard as ``wangge up`` starts it, for somebody signed in, the versions looked up for each
request; beside TiPg, a plain reply by the same kind of server tells what the machine has to give today.
"""

import importlib.util
import json
import math
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg2

from dashboard.routes.cookies import SIGN_IN, sign_token
from geo.operations.accounts import hash_token
from geo.settings import get_settings
from geo.store import tiles
from geo.store.engine import acting_as, load_queries
from geo.store.tiles import draw_tile, refresh_hexagons
from tests.actors import find_secretary
from tests.benchmarks.city import BUILDINGS, INCIDENTS, SIDE, SOUTH, WEST, build_city
from tests.benchmarks.serving import LOAD_CLIENT, make_environment, measure_rate, serve

_CONNECTIONS = 8
_MANY_CONNECTIONS = 32
_ZOOMS = (10, 12, 14, 16)
_MOST_TILES = 400
_TIPG = "tipg==1.6.1"
_TIPG_COLUMNS = {
    "building": "code,name,kind,floors,households",
    "incident": "category_code,state,is_open",
}
# Servers alike, for both: what speeds up ours speeds up theirs.
_UVICORN = ("--port", "{port}", "--no-access-log", "--log-level", "warning")
_COUNTS = {"building": BUILDINGS, "incident": INCIDENTS}

Row = dict[str, object]
Tile = tuple[int, int, int]


def run(url: str) -> list[Row]:
    """Measure on a migrated, empty database."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    build_city(url)
    for layer in ("buildings", "incidents"):
        refresh_hexagons(layer)
    return [*measure_cold(url), *measure_cached(url), *measure_edit(url)]


def find_tiles(z: int) -> list[Tile]:
    """Return the tiles of a zoom that lie in the city, no more than a load needs."""

    def locate(longitude: float, latitude: float) -> tuple[int, int]:
        north = math.asinh(math.tan(math.radians(latitude))) / math.pi
        return int((longitude + 180) / 360 * 2**z), int((1 - north) / 2 * 2**z)

    first_x, last_y = locate(WEST, SOUTH)
    last_x, first_y = locate(WEST + SIDE, SOUTH + SIDE)
    places = [(z, x, y) for x in range(first_x, last_x + 1) for y in range(first_y, last_y + 1)]
    return places[:: max(1, len(places) // _MOST_TILES)]


def measure_cold(url: str) -> list[Row]:
    """Tiles made anew for every request, at 8 connections against TiPg, and one by one against psql."""
    server = [sys.executable, "-m", "uvicorn", "tests.benchmarks.cold_server:app", *_UVICORN]
    rows: list[Row] = []
    with serve(server, {}, "/tiles/grids/0/0/0.mvt") as ours, _serve_tipg(url) as tipg:
        for table, columns in _TIPG_COLUMNS.items():
            for z in _ZOOMS:
                places = find_tiles(z)
                paths = [f"/tiles/{table}s/{z}/{x}/{y}.mvt" for z, x, y in places]
                theirs = [
                    f"/collections/public.{table}/tiles/WebMercatorQuad/{z}/{x}/{y}"
                    f"?geom-column=geom&properties={columns}"
                    for z, x, y in places
                ]
                rows.append(
                    _compare_rates(
                        f"cold tile, {table}s, z{z}, {_CONNECTIONS} connections",
                        _COUNTS[table],
                        measure_rate(ours, paths, connections=_CONNECTIONS),
                        measure_rate(tipg, theirs, connections=_CONNECTIONS),
                        _TIPG.replace("==", " "),
                    )
                )
                rows.append(
                    _compare_rates(
                        f"cold tile, {table}s, z{z}, one by one",
                        _COUNTS[table],
                        measure_rate(ours, paths, connections=1),
                        measure_psql(url, table, places),
                        "psql, same SQL",
                    )
                )
    return rows


def measure_cached(url: str) -> list[Row]:
    """The tiles of a screen asked for again and again, from the whole dashboard in its one process."""
    command = [
        *(sys.executable, "-m", "streamlit", "run", "dashboard/server.py"),
        *("--server.address", "127.0.0.1", "--server.port", "{port}", "--server.headless", "true"),
    ]
    rows: list[Row] = []
    cookie = _sign_in(url)
    plain = [
        sys.executable,
        "-m",
        "uvicorn",
        "tests.benchmarks.plain_server:app",
        "--lifespan",
        "off",
        *_UVICORN,
    ]
    with (
        serve(command, {}, "/healthz") as ours,
        _serve_tipg(url) as tipg,
        serve(plain, {}, "/") as uvicorn,
    ):
        for z in (10, 14):
            places = find_tiles(z)[:12]
            theirs = [
                f"/collections/public.building/tiles/WebMercatorQuad/{z}/{x}/{y}"
                f"?geom-column=geom&properties={_TIPG_COLUMNS['building']}"
                for z, x, y in places
            ]
            peer = measure_rate(tipg, theirs, connections=_CONNECTIONS)
            paths = [f"/tiles/buildings/{z}/{x}/{y}.mvt" for z, x, y in places]
            # Fills the cache.
            measure_rate(ours, paths, connections=_CONNECTIONS, seconds=1, cookie=cookie)
            for connections in (_CONNECTIONS, _MANY_CONNECTIONS):
                rate = measure_rate(ours, paths, connections=connections, cookie=cookie)
                best = measure_rate(uvicorn, ["/"], connections=connections)
                name = f"cached tile, buildings, z{z}, {connections} connections"
                rows.append(_compare_rates(name, BUILDINGS, rate, peer, "TiPg, which has no cache"))
                rows.append(_compare_rates(name, BUILDINGS, rate, best, "uvicorn, a plain reply"))
    return rows


def _sign_in(url: str) -> str:
    """Sign somebody in who sees the whole city; return the cookie."""
    token = secrets.token_urlsafe()
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            WITH who AS (
                INSERT INTO account (login, display_name, must_change_password)
                VALUES (%(login)s, '王', false) RETURNING id
            ), post AS (
                INSERT INTO role_grant (account_id, role)
                SELECT id, 'leader' FROM who RETURNING id, account_id
            )
            INSERT INTO sign_in (token_hash, account_id, grant_id, expires_at)
            SELECT %(hash)s, account_id, id, now() + interval '1 day' FROM post
            """,
            {"login": token[:9].lower(), "hash": hash_token(token)},
        )
        connection.commit()
    return f"{SIGN_IN}={sign_token(token)}"


def measure_edit(url: str) -> list[Row]:
    """The first low tile after an edit, which derives one community's hexagons anew, against counting all."""
    place = find_tiles(10)[0]
    actor = find_secretary(url)
    ours_s, peer_s = [], []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        for number in range(10):
            cursor.execute("UPDATE incident SET state = 'handling' WHERE id = %s", (number + 1,))
            connection.commit()
            started = time.perf_counter()
            with acting_as(actor):
                draw_tile("incidents", *place, community_id=None, on_day=date(2026, 1, 1))
            ours_s.append(time.perf_counter() - started)
        for _ in range(3):
            started = time.perf_counter()
            cursor.execute(_COUNT_ALL)
            peer_s.append(time.perf_counter() - started)
    ours, peer = 1000 * sorted(ours_s)[5], 1000 * sorted(peer_s)[1]
    return [
        {
            "name": "tile after an edit, incidents, z10",
            "ours": ours,
            "peer": peer,
            "peer_name": "counting all in hexagons",
            "ratio": peer / ours,
            "unit": "ms",
            "n": INCIDENTS,
        }
    ]


_COUNT_ALL = """
    SELECT h.up, h.across, count(*)
    FROM mapped_incident AS i
    CROSS JOIN LATERAL (SELECT ST_Transform(i.geom, 3857) AS geom OFFSET 0) AS m
    CROSS JOIN LATERAL hexagon_at(ST_X(m.geom), ST_Y(m.geom), 10) AS h
    GROUP BY h.up, h.across
"""


def measure_psql(url: str, table: str, places: Sequence[Tile]) -> float:
    """Return how many tiles a second the SQL of ours makes in one psql session, its start included."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql", encoding="utf-8") as script:
        with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
            statements = [_write_sql(cursor, table, *place) for place in places]
        while len(statements) < _MOST_TILES:
            statements += statements
        script.write(
            "SET jit = off; SET max_parallel_workers_per_gather = 0; SET enable_bitmapscan = off;\n"
            # What the view of incidents asks for.
            f"SET wangge.communities = '{{{','.join(map(str, find_secretary(url).community_ids))}}}';\n"
            + ";\n".join(statements)
            + ";\n"
        )
        script.flush()
        started = time.perf_counter()
        subprocess.run(
            ["psql", "--no-psqlrc", "--quiet", "--output", "/dev/null", "--file", script.name, url],
            check=True,
        )
        return len(statements) / (time.perf_counter() - started)


def _write_sql(cursor: psycopg2.extensions.cursor, table: str, z: int, x: int, y: int) -> str:
    queries = load_queries("tiles")
    where: dict[str, object] = {"z": z, "x": x, "y": y, "community_id": None}
    if z < tiles._FIRST_ZOOM[f"{table}s"]:
        query = getattr(queries, f"draw_{table}_hexagons")
        where |= {"level": z} | tiles._span_hexagons(z, x, y, z)
    else:
        query = getattr(queries, f"draw_{table}s")
    return cursor.mogrify(query.sql, where).decode()


@contextmanager
def _serve_tipg(url: str) -> Iterator[int]:
    # With the same event loop and parser as ours, if we have them.
    helpers = [name for name in ("httptools", "uvloop") if importlib.util.find_spec(name)]
    python = make_environment(Path("build") / _TIPG, _TIPG, "uvicorn", *helpers)
    # The driver of TiPg wants the socket's folder where others have the host.
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    host = f"{quote(query['host'][0], safe='')}:{query['port'][0]}" if "host" in query else parts.netloc
    address = f"postgresql://{parts.username}@{host}{parts.path}"
    environment = {
        "DATABASE_URL": address if "host" in query else url,
        "DB_MAX_CONN_SIZE": str(_CONNECTIONS),
        "TIPG_MAX_FEATURES_PER_TILE": str(INCIDENTS),
        "TIPG_TILE_BUFFER": "64",
        # It looks through each table that it offers before it answers: only those that are measured.
        "TIPG_DB_TABLES": json.dumps([f"public.{table}" for table in _COUNTS]),
    }
    command = [str(python), "-m", "uvicorn", "tipg.main:app", *_UVICORN]
    with serve(command, environment, "/healthz") as port:
        yield port


def _compare_rates(name: str, n: int, ours: float, peer: float, peer_name: str) -> Row:
    return {
        "name": f"{name} ({LOAD_CLIENT})" if "psql" not in peer_name else name,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": ours / peer,
        "unit": "tiles/s",
        "n": n,
    }

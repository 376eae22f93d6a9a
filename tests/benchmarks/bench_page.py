"""The map page of one community at 1 and at 1,000,000 incidents: the time must not grow with their number.

Every round begins with an edit of an incident, so that nothing about incidents comes from a cache. The page
is the whole script as Streamlit runs it; the layers are what its map then fetches, all of them, one by one.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from unittest.mock import patch

import httpx
import psycopg2
from starlette.applications import Starlette
from starlette.middleware import Middleware
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import session
from dashboard.routes.cache import DataCache
from dashboard.routes.lane import DataLane
from etl.demo.load import load_demo
from geo.model.actor import Actor
from geo.settings import get_settings
from geo.store import engine
from tests.actors import find_secretary

_INCIDENTS = 1_000_000
_ROUNDS = 15
_COMMUNITY = "D"
_LAYERS = (
    *("ground", "communities", "grids", "compounds", "buildings", "merchants", "zones", "labels"),
    "incidents",
)

Row = dict[str, object]


def run(url: str) -> list[Row]:
    """Measure on a migrated, empty database."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    load_demo(url, community=_COMMUNITY, scale=1, seed=1)
    with closing(psycopg2.connect(url)) as connection, asyncio.Runner() as runner:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute("DELETE FROM incident WHERE id <> (SELECT min(id) FROM mapped_incident)")
        with _acting_as(find_secretary(url)):
            at_one = _measure(cursor, runner, url)
            cursor.execute(_MULTIPLY, {"incidents": _INCIDENTS - 1})
            cursor.execute("VACUUM ANALYZE")
            at_many = _measure(cursor, runner, url)
    return [
        {
            "name": name,
            "ours": at_many[name],
            "peer": at_one[name],
            "peer_name": "the same at 1 incident",
            "ratio": at_one[name] / at_many[name],
            "unit": "ms",
            "n": _INCIDENTS,
        }
        for name in at_one
    ]


@contextmanager
def _acting_as(actor: Actor) -> Iterator[None]:
    """Let the page's thread and the routes' act as somebody who has not signed in."""
    with patch.object(engine, "_find_actor", lambda: actor), patch.object(session, "read_cookie", str):
        yield


# At the doors of the community's buildings, over a year. However long the history, 500 are open: what sixteen
# people have in hand does not grow with it.
_MULTIPLY = """
    INSERT INTO incident (
        community_id, category_code, source, state, geom, geocode_quality, building_id, reported_at, due_at)
    SELECT
        b.community_id, (ARRAY['E101', 'E102', 'E201', 'E301', 'E602'])[1 + n %% 5], 'patrol',
        CASE WHEN n %% 2000 = 0 THEN 'handling' ELSE 'rejected' END, b.anchor, 'building', b.id,
        at, at + interval '1 day'
    FROM (SELECT *, row_number() OVER (ORDER BY id) AS number, count(*) OVER () AS total FROM building) AS b
    JOIN generate_series(1, %(incidents)s) AS n ON b.number = 1 + n %% b.total
    CROSS JOIN LATERAL (SELECT timestamptz '2025-11-01' + n * interval '30 seconds' AS at) AS moment
"""


def _measure(cursor: psycopg2.extensions.cursor, runner: asyncio.Runner, url: str) -> dict[str, float]:
    cache = DataCache(url)
    app = Starlette(middleware=[Middleware(DataLane, cache)])

    def fetch(*addresses: str) -> None:
        async def fetch_all() -> None:
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://wangge") as client:
                for address in addresses:
                    (await client.get(address)).raise_for_status()

        runner.run(fetch_all())

    page = AppTest.from_file(str(Path(dashboard.__file__).parent / "app.py"), default_timeout=60)
    page.query_params["community"] = _COMMUNITY
    page.switch_page("views/map.py")

    def rerun() -> None:
        page.run()
        if page.exception:
            raise RuntimeError(page.exception[0].value)

    where = f"community={_COMMUNITY}"
    layers = [f"/features/{layer}.geojson?{where}" for layer in _LAYERS[:-1]]
    open_incidents = f"/features/incidents.geojson?{where}&open=1"
    x, y = _find_tile(cursor)
    tile = f"/tiles/incidents/10/{x}/{y}.mvt"
    actions: dict[str, Callable[[], None]] = {
        "map page after an edit, script": rerun,
        "map page after an edit, its layers": lambda: fetch(*layers, open_incidents),
        "open incidents after an edit": lambda: fetch(open_incidents),
        "z10 tile after an edit": lambda: fetch(tile),
    }
    try:
        return {name: _time(cursor, action) for name, action in actions.items()}
    finally:
        cache.close()


def _find_tile(cursor: psycopg2.extensions.cursor) -> tuple[int, int]:
    cursor.execute(
        """
        SELECT floor((ST_X(spot) / 40075016.7 + 0.5) * 1024), floor((0.5 - ST_Y(spot) / 40075016.7) * 1024)
        FROM community, ST_Transform(ST_Centroid(geom), 3857) AS spot
        """
    )
    ((x, y),) = cursor.fetchall()
    return int(x), int(y)


def _time(cursor: psycopg2.extensions.cursor, action: Callable[[], None]) -> float:
    """Return the median of the milliseconds that it takes right after an edit."""
    times_ms = []
    for number in range(_ROUNDS + 1):
        cursor.execute(
            "UPDATE incident SET severity = %s WHERE id = (SELECT min(id) FROM incident)",
            ("low" if number % 2 else "high",),
        )
        started = time.perf_counter()
        action()
        times_ms.append(1000 * (time.perf_counter() - started))
    return sorted(times_ms[1:])[_ROUNDS // 2]

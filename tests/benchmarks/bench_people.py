"""People at work on one page of the real server: how long each of their interactions takes.

Everybody holds a websocket of his own, signed in as a worker, and changes the filters every three seconds. It
begins once all of them have the page open: what signing in fifty people at once costs is another question.
The time runs from the message that a browser would send to the one that says that the page is done. Beside it
the same with Streamlit's default settings. Queries that read every incident are named.

``python -m tests.benchmarks people`` measures a million incidents; ``python -m tests.benchmarks.bench_people
--incidents 100000 --people 10 --seconds 20 --folder FOLDER`` what one asks for, the database kept for again.
"""

import argparse
import asyncio
import itertools
import os
import random
import re
import statistics
import sys
import tempfile
import time
from contextlib import AbstractContextManager, AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psutil
import psycopg2
from psycopg2 import sql
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

import dashboard
from dashboard.models.incident_filters import format_around
from dashboard.models.map_state import PlaceKey, format_place
from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.operations.accounts import list_demo_accounts
from geo.schema.migrate import migrate
from geo.settings import get_settings
from geo.store.engine import load_queries
from geo.store.worklist import Around
from tests.benchmarks.__main__ import print_table
from tests.benchmarks.plans import find_scans, log_plans
from tests.benchmarks.serving import serve

_COMMUNITY = "D"
_PAGE = "incidents"
_PERIOD_S = 3
_INCIDENTS = 1_000_000
_PEOPLE = 50
_SECONDS = 60
_OURS = Path(dashboard.__file__).with_name("server.py")
_PEER = Path(__file__).with_name("default_server.py")
_OPTIONS = (
    *("--server.address", "127.0.0.1", "--server.port", "{port}", "--server.headless", "true"),
    *("--browser.gatherUsageStats", "false", "--logger.hideWelcomeMessage", "true"),
)

Row = dict[str, object]


@dataclass(frozen=True)
class Load:
    """Who does what for how long."""

    people: int = _PEOPLE
    seconds: float = _SECONDS
    filters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Work:
    """How long each interaction took, and what all of them together had the server compute."""

    times_ms: list[float]
    computing_ms: float


def run(url: str, *, incidents: int = _INCIDENTS, load: Load | None = None) -> list[Row]:
    """Measure on a migrated, empty database of a private cluster."""
    load = load or Load()
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        if not load_queries("database").has_community(connection):
            load_demo(url, community=_COMMUNITY, scale=1, seed=1)
        multiply_incidents(connection, incidents)
        filters = list_filters(connection)
    with tempfile.TemporaryDirectory() as data_dir:
        # Where the server keeps the secret of its cookies.
        os.environ["WANGGE_DATA_DIR"] = data_dir
        return _measure(url, incidents, replace(load, filters=tuple(filters)))


def _measure(url: str, incidents: int, load: Load) -> list[Row]:
    with log_plans(url) as plans, _start(_OURS) as port:
        asyncio.run(work(port, replace(load, people=1, seconds=0)))
    for plan in plans:
        if find_scans(plan, "incident"):
            print("reads every incident:", " ".join(plan["Query Text"].split())[:500], file=sys.stderr)
    rows: dict[str, dict[str, float]] = {}
    for name, script in (("ours", _OURS), ("peer", _PEER)):
        with _start(script) as port:
            asyncio.run(work(port, replace(load, seconds=2 * _PERIOD_S)))
            done = asyncio.run(work(port, load))
        cuts = statistics.quantiles(done.times_ms, n=20)
        computing_ms = done.computing_ms / len(done.times_ms)
        rows[name] = {"p50": cuts[9], "p95": cuts[18], "computing of the server": computing_ms}
    return [
        {
            "name": f"worker's page, {label}, {load.people} people",
            "ours": ours,
            "peer": rows["peer"][label],
            "peer_name": "Streamlit's default settings",
            "ratio": rows["peer"][label] / ours,
            "unit": "ms",
            "n": incidents,
        }
        for label, ours in rows["ours"].items()
    ]


def find_server(port: int) -> psutil.Process:
    """Return the process that listens on a port of this machine."""
    for found in psutil.net_connections("tcp"):
        if found.status == psutil.CONN_LISTEN and found.laddr and found.laddr.port == port and found.pid:
            return psutil.Process(found.pid)
    msg = f"nobody listens on port {port}"
    raise RuntimeError(msg)


def _start(script: Path) -> AbstractContextManager[int]:
    return serve([sys.executable, "-P", "-m", "streamlit", "run", str(script), *_OPTIONS], {}, "/healthz")


def multiply_incidents(connection: psycopg2.extensions.connection, incidents: int) -> None:
    """Add copies of the demo's cases up to so many.

    Settled ones are spread over the five years before. One in two thousand is open, as of today: what sixteen
    people have in hand does not grow with their history.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COPIED_COLUMNS)
        columns = [name for (name,) in cursor]
        values = [
            sql.SQL("{} - ago" if name.endswith("_at") else "{}").format(sql.Identifier(name))
            for name in columns
        ]
        statement = sql.SQL(_MULTIPLY).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)), values=sql.SQL(", ").join(values)
        )
        cursor.execute(
            "SELECT count(*), coalesce(max(id), 0), count(*) FILTER (WHERE is_open), "
            "count(*) FILTER (WHERE NOT is_open) FROM incident"
        )
        ((present, newest, opened, settled),) = cursor.fetchall()
        missing_open = max(0, incidents - present) // 2000
        known = {"newest": newest}
        cursor.execute(
            statement, known | {"is_open": True, "copied": opened, "first": 1, "last": missing_open}
        )
        for first in range(present + missing_open, incidents, _COPIED_AT_ONCE):
            last = min(incidents, first + _COPIED_AT_ONCE) - 1
            cursor.execute(
                statement, known | {"is_open": False, "copied": settled, "first": first, "last": last}
            )
        cursor.execute("VACUUM ANALYZE")


_COPIED_AT_ONCE = 100_000
_COPIED_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = CAST('incident' AS regclass) AND attnum > 0 AND NOT attisdropped
        AND attgenerated = '' AND attidentity = ''
        AND attname NOT IN ('external_id', 'client_id', 'import_batch_id', 'parent_id', 'changed_at')
"""
_MULTIPLY = """
    INSERT INTO incident ({columns})
    SELECT {values}
    FROM (
        SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM incident
        WHERE is_open = %(is_open)s AND id <= %(newest)s
    ) AS i
    JOIN generate_series(%(first)s, %(last)s) AS n ON i.number = n %% %(copied)s
    CROSS JOIN LATERAL (
        SELECT CASE WHEN i.is_open THEN 0 ELSE 1 + n %% 1826 * 7919 %% 1826 END * interval '1 day' AS ago
    ) AS earlier
"""


async def work(port: int, load: Load) -> Work:
    """Let everybody open the page; then all of them work on it until the time is over."""
    server = find_server(port)
    async with AsyncExitStack() as doors:
        people = [_Person(number, load, port) for number in range(load.people)]
        await asyncio.gather(*(person.open_page(doors) for person in people))
        before_s = sum(server.cpu_times()[:2])
        each = await asyncio.gather(*(person.act() for person in people))
        computing_s = sum(server.cpu_times()[:2]) - before_s
    return Work(list(itertools.chain.from_iterable(each)), 1000 * computing_s)


class _Person:
    """Somebody with a page of his own, who asks for one thing after another."""

    def __init__(self, number: int, load: Load, port: int) -> None:
        self._number, self._load, self._port = number, load, port
        self._chance = random.Random(number)
        self._filters = itertools.cycle(self._chance.sample(load.filters, len(load.filters)))

    async def open_page(self, doors: AsyncExitStack) -> None:
        """Sign in and fill the page; it stays open until the doors close."""
        cookie = await _sign_in(self._port, self._number)
        self._socket = await doors.enter_async_context(
            connect(
                f"ws://127.0.0.1:{self._port}/_stcore/stream",
                subprotocols=[Subprotocol("streamlit")],
                additional_headers={"Cookie": cookie},
                max_size=None,
                open_timeout=None,
            )
        )
        await _rerun(self._socket, next(self._filters))

    async def act(self) -> list[float]:
        """Return how many milliseconds each interaction took; with no time to work in, do all once."""
        if not self._load.seconds:
            for _ in range(len(self._load.filters) - 1):
                await _rerun(self._socket, next(self._filters))
            return []
        end = time.monotonic() + self._load.seconds
        times_ms: list[float] = []
        # Not all at the same moment.
        await asyncio.sleep(self._number / self._load.people * _PERIOD_S)
        while time.monotonic() < end:
            started = time.perf_counter()
            await _rerun(self._socket, next(self._filters))
            times_ms.append(1000 * (time.perf_counter() - started))
            await asyncio.sleep(_PERIOD_S * self._chance.uniform(0.8, 1.2))
        return times_ms


async def _sign_in(port: int, number: int) -> str:
    """Sign a worker of the demo in as a browser does, and return the cookies."""
    workers = [
        account
        for account in list_demo_accounts()
        if account[2] == "grid_worker" and "secretary" not in account[0]
    ]
    login, password, _, _ = workers[number % len(workers)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as browser:
        form = re.search(r'name="form" value="([^"]+)"', (await browser.get("/login")).text)
        answer = await browser.post(
            "/login", data={"login": login, "password": password, "form": form[1] if form else ""}
        )
        if answer.status_code != 303:
            msg = f"{login} was not let in: {answer.status_code}"
            raise RuntimeError(msg)
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


def list_filters(connection: psycopg2.extensions.connection) -> list[str]:
    """Return what workers ask for, as query strings: every filter of the page, and some cases opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, building_id, compound_id, grid_id, ST_X(geom), ST_Y(geom) FROM incident "
            "WHERE is_open AND building_id IS NOT NULL AND compound_id IS NOT NULL AND grid_id IS NOT NULL "
            "ORDER BY id LIMIT 3"
        )
        spots = cursor.fetchall()
    places = [
        {"place": format_place(PlaceKey(layer, key)) or ""}
        for _, building, compound, grid, _, _ in spots
        for layer, key in (("buildings", building), ("compounds", compound), ("grids", grid))
    ]
    asked: list[dict[str, str]] = [
        *({}, {"who": "mine"}, {"who": "zones"}, {"who": "mine", "sort": "place"}),
        *({"status": status} for status in ("overdue", "amber", "settled", "all", "handling")),
        *({"category": "E1"}, {"category": "E101,E102"}, {"source": "phone"}, {"due": "today"}),
        *({"sort": "newest"}, {"mark": "bounced"}, {"words": "垃圾"}, {"words": "垃圾", "status": "all"}),
        *places,
        *({"status": "settled"} | place for place in places),
        *({"around": format_around(Around(x, y, 200))} for _, _, _, _, x, y in spots),
        *({"case": str(case)} for case, *_ in spots),
    ]
    return [urlencode({"community": _COMMUNITY} | each) for each in asked]


async def _rerun(socket: ClientConnection, query: str) -> None:
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = _PAGE
    await socket.send(message.SerializeToString())
    async for packed in socket:
        answer = ForwardMsg.FromString(packed if isinstance(packed, bytes) else packed.encode())
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
            raise RuntimeError(answer.delta.new_element.exception.message)
        if kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return


def main() -> None:
    """Measure what the arguments ask for, on a throw-away cluster or on one that is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=_INCIDENTS)
    parser.add_argument("--people", type=int, default=_PEOPLE)
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    parser.add_argument("--folder", type=Path, help="keep the database here, and use what is there already")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(asked.folder or Path(folder), durable=False)
        url = cluster.start()
        try:
            migrate(url)
            rows = run(url, incidents=asked.incidents, load=Load(asked.people, asked.seconds))
        finally:
            cluster.stop()
    print_table(rows)


if __name__ == "__main__":
    main()

"""Screens on walls: fifty of them beside twenty people at work, and one that outlasts server and database.

The first part measures the real server on a million incidents while a case is reported every two seconds:
what a screen waits for each time it asks, and how many transactions the database sees for one screen and for
fifty. The second lets screens ask ten thousand times while the data change with nearly every request, and
watches the server's memory; then it stops the database twenty times and kills the server five times under a
screen in a real browser, which must show a frame all the while and a fresh one within one turn of its
pictures.

``python -m tests.benchmarks wall`` measures all of it; ``python -m tests.benchmarks.bench_wall --incidents
100000 --walls 10 --people 5 --seconds 30 --refreshes 1000 --stops 3 --kills 2`` what one asks for.
"""

import argparse
import asyncio
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg2
from playwright.sync_api import CDPSession, Page, expect, sync_playwright

import dashboard
from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.operations.accounts import hash_token
from geo.schema.migrate import migrate
from geo.settings import get_settings
from geo.store.engine import load_queries
from tests.benchmarks.__main__ import print_table
from tests.benchmarks.bench_people import Load, find_server, list_filters, multiply_incidents, work

_COMMUNITY = "D"
_TOKEN = "the-token-of-a-screen"  # noqa: S105 - of nobody
_FRAME = f"/wall/frame.json?community={_COMMUNITY}"
_OURS = ("-m", "streamlit", "run", str(Path(dashboard.__file__).with_name("server.py")))
_EAGER = (str(Path(__file__).with_name("eager_wall_server.py")),)
_ASK_S = 5.0
_TURN_S = 24.0
_PATIENCE_S = 90.0
_CHANGE_S = 2.0
# When a backend has nothing more to do it tells what it did within ten seconds.
_STATISTICS_S = 11.0

Row = dict[str, object]


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    incidents: int = 1_000_000
    walls: int = 50
    people: int = 20
    seconds: float = 60
    refreshes: int = 10_000
    stops: int = 20
    kills: int = 5


def run(url: str, size: Size | None = None) -> list[Row]:
    """Measure both parts; the first on a migrated, empty database, the second on a cluster of its own."""
    size = size or Size()
    rows = _measure_load(url, size)
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder), durable=False)
        try:
            rows += _soak(cluster, size)
        finally:
            cluster.stop()
    return rows


def _prepare(url: str, incidents: int | None = None) -> list[str]:
    """Load the demo and hang up a screen; return what people at work ask for."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        if not load_queries("database").has_community(connection):
            load_demo(url, community=_COMMUNITY, scale=1, seed=1)
        if incidents:
            multiply_incidents(connection, incidents)
        with connection.cursor() as cursor:
            cursor.execute(_HANG_UP, (hash_token(_TOKEN),))
        return list_filters(connection)


_HANG_UP = """
    WITH hall AS (
        INSERT INTO account (login, display_name, must_change_password) VALUES ('hall', '大厅', false)
        ON CONFLICT DO NOTHING RETURNING id),
    post AS (INSERT INTO role_grant (account_id, role) SELECT id, 'wall' FROM hall)
    INSERT INTO access_token (account_id, purpose, name, token_hash) SELECT id, 'wall', '大厅', %s FROM hall
"""
# A case of the quarter that is shown, so that every one of them changes the picture.
_REPORT = """
    INSERT INTO incident (community_id, category_code, source, reported_at, geom, geocode_quality, grid_id)
    SELECT
        community_id, category_code, source, date_trunc('quarter', now()) - interval '9 days', geom,
        geocode_quality, grid_id
    FROM incident
    WHERE id = (SELECT max(id) FROM incident WHERE category_code = 'E101' AND grid_id IS NOT NULL)
"""


class _Server:
    """A server process that can be killed and started again at one address."""

    def __init__(self, program: Sequence[str], data_dir: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self._environment = os.environ | {"WANGGE_DATA_DIR": data_dir}
        self._command = [
            *(
                sys.executable,
                "-P",
                *program,
                "--server.address",
                "127.0.0.1",
                "--server.port",
                str(self.port),
            ),
            *("--server.headless", "true", "--logger.hideWelcomeMessage", "true"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; return once it answers."""
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        _wait(lambda: _answers(f"{self.address}/healthz"), "the server did not start")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def read_memory_bytes(self) -> int:
        """Return what it has in memory that it shares with nobody."""
        return int(find_server(self.port).memory_full_info().uss)


@contextmanager
def _serve(program: Sequence[str]) -> Iterator[_Server]:
    with tempfile.TemporaryDirectory() as data_dir:
        server = _Server(program, data_dir)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def _measure_load(url: str, size: Size) -> list[Row]:
    filters = _prepare(url, size.incidents)
    transactions: dict[int, int] = {}
    for walls in (1, size.walls):
        with _serve(_OURS) as server:
            cookies = asyncio.run(_hang_up(server, walls))
            before = _count_transactions(url)
            asyncio.run(_watch(server, url, cookies, None, size.seconds))
            transactions[walls] = _count_transactions(url) - before
    with _serve(_OURS) as server:
        load = Load(size.people, size.seconds, tuple(filters))
        cookies = asyncio.run(_hang_up(server, size.walls))
        times_ms, desk_ms = asyncio.run(_watch(server, url, cookies, load, size.seconds))
    return [
        _make_row(f"wall refresh p95, {size.walls} walls, {size.people} desks", _find_p95(times_ms), 500.0,
                  "the budget", "ms", size.incidents),
        _make_row("desk beside them, p95", _find_p95(desk_ms), 200.0, "the budget", "ms", size.incidents),
        _make_row(f"transactions, {size.walls} walls", transactions[size.walls], transactions[1], "one wall",
                  f"in {size.seconds:g} s", size.incidents),
    ]  # fmt: skip


def _count_transactions(url: str) -> int:
    """Return how many transactions a database has seen."""
    time.sleep(_STATISTICS_S)
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        )
        return int(cursor.fetchall()[0][0])


async def _hang_up(server: _Server, walls: int) -> list[str]:
    """Return the cookies of so many screens that have shown a frame."""
    cookies = []
    for _ in range(walls):
        # Whatever the first frame costs: a screen waits for it once.
        async with httpx.AsyncClient(base_url=server.address, timeout=600) as browser:
            answer = await browser.get(f"/wall?token={_TOKEN}")
            cookies.append(str(answer.headers["set-cookie"]).partition(";")[0])
            (await browser.get(_FRAME)).raise_for_status()
    return cookies


async def _watch(
    server: _Server, url: str, cookies: list[str], load: Load | None, seconds: float
) -> tuple[list[float], list[float]]:
    """Let screens ask for frames while cases are reported, and people work if there is a load.

    Returns:
        Milliseconds of each answer to a screen, and of each interaction of the people.
    """
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as browser:
        end_s = time.monotonic() + seconds
        asked = [
            _ask_in_turn(browser, cookie, number / len(cookies) * _ASK_S, end_s)
            for number, cookie in enumerate(cookies)
        ]
        changing = asyncio.create_task(asyncio.to_thread(_change, url, end_s))
        working = asyncio.create_task(work(server.port, load)) if load else None
        times_ms = await asyncio.gather(*asked)
        await changing
        done = await working if working else None
    return [time_ms for each in times_ms for time_ms in each], done.times_ms if done else []


async def _ask_in_turn(browser: httpx.AsyncClient, cookie: str, wait_s: float, end_s: float) -> list[float]:
    chance = random.Random(cookie)
    etag = ""
    times_ms: list[float] = []
    await asyncio.sleep(wait_s)
    while time.monotonic() < end_s:
        started = time.perf_counter()
        answer = await browser.get(_FRAME, headers={"Cookie": cookie, "If-None-Match": etag})
        times_ms.append(1000 * (time.perf_counter() - started))
        if answer.status_code not in {200, 304}:
            raise RuntimeError(answer.text)
        etag = answer.headers["etag"]
        await asyncio.sleep(_ASK_S * chance.uniform(1, 1.1))
    return times_ms


def _change(url: str, end_s: float) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while time.monotonic() < end_s:
                cursor.execute(_REPORT)
                time.sleep(_CHANGE_S)


def _soak(cluster: Cluster, size: Size) -> list[Row]:
    url = cluster.start()
    migrate(url)
    _prepare(url)
    with _serve(_EAGER) as server:
        early, late, frames = _refresh(server, url, size.refreshes)
    with _serve(_OURS) as server, sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{server.address}/wall?token={_TOKEN}&community={_COMMUNITY}")
        expect(page.locator("main")).to_be_visible(timeout=60_000)
        stops_s = [_outlast(page, cluster.stop, cluster.start) for _ in range(size.stops)]
        kills_s = [_outlast(page, server.kill, server.start) for _ in range(size.kills)]
        heap_early, heap_late = _turn(page, size.refreshes // 10)
        browser.close()
    return [
        _make_row(f"server memory after {size.refreshes:,} refreshes, {frames:,} frames", late / 2**20,
                  early / 2**20, "after the warm-up", "MiB", size.refreshes),
        _make_row(f"memory of the page after {size.refreshes // 10:,} pictures", heap_late / 2**20,
                  heap_early / 2**20, "after a tenth", "MiB", size.refreshes // 10),
        _make_row("wall fresh after the database", max(stops_s), _TURN_S, "one rotation", "s", size.stops),
        _make_row("wall fresh after the server", max(kills_s), _TURN_S, "one rotation", "s", size.kills),
    ]  # fmt: skip


def _refresh(server: _Server, url: str, refreshes: int) -> tuple[int, int, int]:
    """Let a screen ask while the data change; return memory after a tenth and at the end, and the frames."""
    seen: set[str] = set()
    early = 0
    with (
        closing(psycopg2.connect(url)) as connection,
        httpx.Client(base_url=server.address, timeout=60) as browser,
    ):
        connection.autocommit = True
        browser.get(f"/wall?token={_TOKEN}")
        etag = ""
        for number in range(refreshes):
            if number % 4 == 0:
                with connection.cursor() as cursor:
                    cursor.execute(_REPORT)
            answer = browser.get(_FRAME, headers={"If-None-Match": etag})
            if answer.status_code not in {200, 304}:
                raise RuntimeError(answer.text)
            etag = answer.headers["etag"]
            seen.add(etag)
            if number == refreshes // 5:
                early = server.read_memory_bytes()
        return early, server.read_memory_bytes(), len(seen)


def _outlast(page: Page, end: Callable[[], object], start: Callable[[], object]) -> float:
    """Take something away and bring it back; return in how many seconds the screen is fresh again."""
    end()
    expect(page.locator("#state")).to_contain_text("连接中断", timeout=_PATIENCE_S * 1000)
    _verify_frame(page)
    start()
    started_s = time.monotonic()
    expect(page.locator("#state")).not_to_contain_text("连接中断", timeout=_PATIENCE_S * 1000)
    expect(page.locator("#state")).to_have_attribute("data-state", "fresh", timeout=_PATIENCE_S * 1000)
    _verify_frame(page)
    return time.monotonic() - started_s


def _turn(page: Page, pictures: int) -> tuple[int, int]:
    """Show so many pictures anew; return the memory of the page after a tenth of them and at the end."""
    browser = page.context.new_cdp_session(page)
    early = 0
    for number in range(pictures):
        page.keyboard.press("ArrowRight")
        page.evaluate("dispatchEvent(new Event('resize'))")
        if number == pictures // 10:
            early = _read_heap_bytes(browser)
    return early, _read_heap_bytes(browser)


def _read_heap_bytes(browser: CDPSession) -> int:
    browser.send("HeapProfiler.collectGarbage")
    return int(browser.send("Runtime.getHeapUsage")["usedSize"])


def _verify_frame(page: Page) -> None:
    expect(page.locator(".figure .value")).to_have_count(4)
    expect(page.locator("main")).to_be_visible()


def _find_p95(times_ms: list[float]) -> float:
    return statistics.quantiles(times_ms, n=20)[18]


def _make_row(name: str, ours: float, peer: float, peer_name: str, unit: str, n: int) -> Row:
    return {
        "name": name,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": peer / ours,
        "unit": unit,
        "n": n,
    }


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def _wait(is_so: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > end_s:
            raise TimeoutError(what)
        time.sleep(0.2)


def main() -> None:
    """Measure what the arguments ask for, on a throw-away cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in vars(Size()).items():
        parser.add_argument(f"--{name}", type=type(usual), default=usual)
    parser.add_argument("--folder", type=Path, help="keep the database here, and use what is there already")
    asked = vars(parser.parse_args())
    kept = asked.pop("folder")
    size = Size(**asked)
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(kept or Path(folder), durable=False)
        url = cluster.start()
        try:
            migrate(url)
            rows = run(url, size)
        finally:
            cluster.stop()
    print_table(rows)


if __name__ == "__main__":
    main()

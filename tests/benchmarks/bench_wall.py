"""Fifty screens on walls beside twenty people at work.

The real server on a million incidents while a case is handled every two seconds: what a screen waits for each
time it asks, how old what it shows is, and how many transactions the database sees for one screen and for
fifty.

``python -m tests.benchmarks wall`` measures all of it; ``python -m tests.benchmarks.bench_wall --incidents
100000 --walls 10 --people 5 --seconds 30 --folder FOLDER`` what one asks for, the database kept for again.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg2

from geo.cluster import Cluster
from geo.schema.migrate import migrate
from tests.benchmarks.__main__ import print_table
from tests.benchmarks.bench_people import Load, work
from tests.benchmarks.wall_screen import (
    CHANGE,
    FRAME,
    OURS,
    TOKEN,
    Row,
    Server,
    make_row,
    prepare,
    serve_wall,
)

_ASK_S = 5.0
_CHANGE_S = 2.0
# When a backend has nothing more to do it tells what it did within ten seconds.
_STATISTICS_S = 11.0


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    incidents: int = 1_000_000
    walls: int = 50
    people: int = 20
    seconds: float = 60


@dataclass
class _Seen:
    """What screens were given: milliseconds of each answer, and how many seconds old each frame was."""

    times_ms: list[float] = field(default_factory=list)
    ages_s: list[float] = field(default_factory=list)


def run(url: str, size: Size | None = None) -> list[Row]:
    """Measure on a migrated, empty database."""
    size = size or Size()
    filters = prepare(url, size.incidents)
    transactions: dict[int, int] = {}
    for walls in (1, size.walls):
        with serve_wall(OURS) as server:
            cookies = asyncio.run(_hang_up(server, walls))
            before = _count_transactions(url)
            asyncio.run(_watch(server, url, cookies, None, size.seconds))
            transactions[walls] = _count_transactions(url) - before
    with serve_wall(OURS) as server:
        load = Load(size.people, size.seconds, tuple(filters))
        cookies = asyncio.run(_hang_up(server, size.walls))
        seen, desk_ms = asyncio.run(_watch(server, url, cookies, load, size.seconds))
    crowd = f"{size.walls} walls, {size.people} desks"
    return [
        make_row(f"wall refresh p95, {crowd}", _find_p95(seen.times_ms), 500.0, "the budget", "ms",
                 size.incidents),
        make_row(f"age of what walls show p95, {crowd}", _find_p95(seen.ages_s), 60.0, "a minute", "s",
                 size.incidents),
        make_row("desk beside them, p95", _find_p95(desk_ms), 200.0, "the budget", "ms", size.incidents),
        make_row(f"transactions, {size.walls} walls", transactions[size.walls], transactions[1], "one wall",
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


async def _hang_up(server: Server, walls: int) -> list[str]:
    """Return the cookies of so many screens that have shown a frame with everything in it."""
    cookies = []
    for _ in range(walls):
        async with httpx.AsyncClient(base_url=server.address, timeout=600) as browser:
            answer = await browser.get(f"/wall?token={TOKEN}")
            cookies.append(str(answer.headers["set-cookie"]).partition(";")[0])
            # The first shows what there is; what is over is counted once, however long it takes.
            while not _is_whole(await browser.get(FRAME)):
                await asyncio.sleep(_ASK_S)
    return cookies


def _is_whole(answer: httpx.Response) -> bool:
    answer.raise_for_status()
    return any(value is not None for line in answer.json()["lines"] for value in line["values"])


async def _watch(
    server: Server, url: str, cookies: list[str], load: Load | None, seconds: float
) -> tuple[_Seen, list[float]]:
    """Let screens ask for frames while cases are handled, and people work if there is a load.

    Returns:
        What the screens were given, and milliseconds of each interaction of the people.
    """
    seen = _Seen()
    # The server ends what has been quiet for five seconds, at the very moment at which a screen asks again.
    limits = httpx.Limits(keepalive_expiry=_ASK_S / 2)
    async with httpx.AsyncClient(base_url=server.address, timeout=60, limits=limits) as browser:
        end_s = time.monotonic() + seconds
        asked = [
            _ask_in_turn(browser, cookie, number / len(cookies) * _ASK_S, end_s, seen)
            for number, cookie in enumerate(cookies)
        ]
        changing = asyncio.create_task(asyncio.to_thread(_change, url, end_s))
        working = asyncio.create_task(work(server.port, load)) if load else None
        await asyncio.gather(*asked)
        await changing
        done = await working if working else None
    return seen, done.times_ms if done else []


async def _ask_in_turn(
    browser: httpx.AsyncClient, cookie: str, wait_s: float, end_s: float, seen: _Seen
) -> None:
    chance = random.Random(cookie)
    etag = ""
    await asyncio.sleep(wait_s)
    while time.monotonic() < end_s:
        started = time.perf_counter()
        answer = await browser.get(FRAME, headers={"Cookie": cookie, "If-None-Match": etag})
        seen.times_ms.append(1000 * (time.perf_counter() - started))
        if answer.status_code not in {200, 304}:
            raise RuntimeError(answer.text)
        age = datetime.now(UTC) - datetime.fromisoformat(answer.headers["wall-as-of"])
        seen.ages_s.append(age.total_seconds())
        etag = answer.headers["etag"]
        await asyncio.sleep(_ASK_S * chance.uniform(1, 1.1))


def _change(url: str, end_s: float) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            while time.monotonic() < end_s:
                cursor.execute(CHANGE)
                time.sleep(_CHANGE_S)


def _find_p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def main() -> None:
    """Measure what the arguments ask for, on a throw-away cluster or on one that is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in vars(Size()).items():
        parser.add_argument(f"--{name}", type=type(usual), default=usual)
    parser.add_argument("--folder", type=Path, help="keep the database here, and use what is there already")
    asked = vars(parser.parse_args())
    kept = asked.pop("folder")
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(kept or Path(folder), durable=False)
        url = cluster.start()
        try:
            migrate(url)
            rows = run(url, Size(**asked))
        finally:
            cluster.stop()
    print_table(rows)


if __name__ == "__main__":
    main()

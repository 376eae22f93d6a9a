"""A screen on a wall that outlasts changing data, server and database.

A screen asks for ten thousand frames, each of them another than the one before because a case was handled, or
taken back, while the server's memory is watched: the community stays as large as it is, for more cases take
more memory. Then the database is stopped twenty times and the server killed five times under a
screen in a real browser, which must show a frame all the while and a fresh one within one turn of its
pictures; and the page turns a thousand pictures.

``python -m tests.benchmarks wall_soak`` measures all of it; ``python -m tests.benchmarks.bench_wall_soak
--frames 10000 --stops 0 --kills 0 --pictures 0`` one part, for what is asked for nought times is left out.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg2
from playwright.sync_api import CDPSession, Page, expect, sync_playwright

from geo.cluster import Cluster
from geo.schema.migrate import migrate
from tests.benchmarks.__main__ import print_table
from tests.benchmarks.wall_screen import (
    CHANGE,
    COMMUNITY,
    EAGER,
    FRAME,
    OURS,
    PATIENCE_S,
    TAKE_BACK,
    TOKEN,
    Row,
    Server,
    make_row,
    prepare,
    serve_wall,
    wait,
)

_TURN_S = 24.0
# By then all that is kept once is kept.
_WARM_UP = 0.2
# So many cases are handled one after the other, and then taken back one after the other.
_HANDLED = 100
_WATCHED_EVERY = 10


@dataclass(frozen=True)
class Size:
    """How often everything is done."""

    frames: int = 10_000
    stops: int = 20
    kills: int = 5
    pictures: int = 1_000


def run(_url: str, size: Size | None = None) -> list[Row]:
    """Measure on a cluster of its own, for it is stopped."""
    size = size or Size()
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder), durable=False)
        try:
            url = cluster.start()
            migrate(url)
            prepare(url)
            rows = _soak(url, size.frames) if size.frames else []
            return rows + _outlast_all(cluster, size)
        finally:
            cluster.stop()


def _soak(url: str, frames: int) -> list[Row]:
    with serve_wall(EAGER) as server:
        early, most, late = _change_and_refresh(server, url, frames)
    return [
        make_row(f"server memory, {name} {frames:,} changes", found / 2**20, early / 2**20,
                 f"after {_WARM_UP:.0%} of them", "MiB", frames)
        for name, found in (("the most in", most), ("after", late))
    ]  # fmt: skip


def _change_and_refresh(server: Server, url: str, frames: int) -> tuple[int, int, int]:
    """Change the data and wait for another frame, so often.

    Returns:
        Memory in bytes after the warm-up, the most since, and at the end.
    """
    watched: list[int] = []
    with (
        closing(psycopg2.connect(url)) as connection,
        httpx.Client(base_url=server.address, timeout=60) as browser,
    ):
        connection.autocommit = True
        browser.get(f"/wall?token={TOKEN}")
        etag = ""
        for number in range(frames):
            with connection.cursor() as cursor:
                cursor.execute(TAKE_BACK if number // _HANDLED % 2 else CHANGE)
            etag = _wait_for_another(browser, etag)
            if number >= frames * _WARM_UP and number % _WATCHED_EVERY == 0:
                watched.append(server.read_memory_bytes())
        watched.append(server.read_memory_bytes())
        return watched[0], max(watched), watched[-1]


def _wait_for_another(browser: httpx.Client, etag: str) -> str:
    """Ask until there is another frame; return its tag."""
    found = etag

    def is_another() -> bool:
        nonlocal found
        answer = browser.get(FRAME, headers={"If-None-Match": etag})
        if answer.status_code not in {200, 304}:
            raise RuntimeError(answer.text)
        found = answer.headers["etag"]
        return found != etag

    wait(is_another, "no other frame came", every_s=0.2)
    return found


def _outlast_all(cluster: Cluster, size: Size) -> list[Row]:
    if not (size.stops or size.kills or size.pictures):
        return []
    rows = []
    with serve_wall(OURS) as server, sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{server.address}/wall?token={TOKEN}&community={COMMUNITY}")
        expect(page.locator("main")).to_be_visible(timeout=60_000)
        for name, count, end, start in (
            ("database", size.stops, cluster.stop, cluster.start),
            ("server", size.kills, server.kill, server.start),
        ):
            if count:
                slowest_s = max(_outlast(page, end, start) for _ in range(count))
                rows.append(
                    make_row(f"wall fresh after the {name}", slowest_s, _TURN_S, "one rotation", "s", count)
                )
        if size.pictures:
            early, late = _turn(page, size.pictures)
            rows.append(make_row(f"memory of the page after {size.pictures:,} pictures", late / 2**20,
                                 early / 2**20, "after a tenth", "MiB", size.pictures))  # fmt: skip
        browser.close()
    return rows


def _outlast(page: Page, end: Callable[[], object], start: Callable[[], object]) -> float:
    """Take something away and bring it back; return in how many seconds the screen is fresh again."""
    end()
    expect(page.locator("#state")).to_contain_text("连接中断", timeout=PATIENCE_S * 1000)
    _verify_frame(page)
    start()
    started_s = time.monotonic()
    expect(page.locator("#state")).not_to_contain_text("连接中断", timeout=PATIENCE_S * 1000)
    expect(page.locator("#state")).to_have_attribute("data-state", "fresh", timeout=PATIENCE_S * 1000)
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


def main() -> None:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, usual in vars(Size()).items():
        parser.add_argument(f"--{name}", type=int, default=usual)
    print_table(run("", Size(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()

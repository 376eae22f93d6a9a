"""The first heat picture in the browser: from its address, or from a click in the menu, to hexagons drawn.

The server is warm and nothing has changed; the browser has been at the page before, and draws without a
graphics card. Five rounds each, the median.
"""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright

import dashboard
from etl.demo.load import load_demo
from geo.settings import get_settings
from tests.benchmarks.serving import serve
from tests.browser.desk import PATIENCE_MS, Desk, open_window

_ROUNDS: Final = 5
_TARGET_S: Final = 1.5
# Without a graphics card.
_FLAGS: Final = (
    "--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
)  # fmt: skip

Row = dict[str, object]


def run(url: str) -> list[Row]:
    """Measure on a migrated, empty database."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    load_demo(url, community="D")
    expect.set_options(timeout=PATIENCE_MS)
    script = Path(dashboard.__file__).parent / "server.py"
    command = (
        sys.executable, "-m", "streamlit", "run", str(script),
        "--server.address", "127.0.0.1", "--server.port", "{port}",
    )  # fmt: skip
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with serve(command, {"WANGGE_DATABASE_URL": url}, "/healthz") as port, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        page = open_window(browser, viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
        desk = Desk(page, f"http://127.0.0.1:{port}", url)
        desk.sign_in("d-leader")
        taken = {
            "first heat picture, by address": partial(_open_by_address, desk),
            "first heat picture, by the menu": partial(_open_by_menu, desk),
        }
        rows = [_tell(name, open_page) for name, open_page in taken.items()]
        browser.close()
    return rows


def _open_by_address(desk: Desk) -> float:
    started_s = time.perf_counter()
    desk.page.goto(f"{desk.server}/heat?community=D", wait_until="commit")
    return _wait(desk.page) - started_s


def _open_by_menu(desk: Desk) -> float:
    desk.page.goto(f"{desk.server}/incidents?community=D")
    link = desk.page.locator('a[href*="/heat"]').first
    expect(link).to_be_visible()
    # Whoever clicks has read what was there before.
    expect(desk.page.locator('[data-testid="stApp"]')).to_have_attribute(
        "data-test-script-state", "notRunning"
    )
    desk.page.wait_for_load_state("networkidle")
    desk.page.wait_for_timeout(2000)
    started_s = time.perf_counter()
    link.click()
    return _wait(desk.page) - started_s


def _wait(page: Page) -> float:
    page.wait_for_function("document.querySelector('.heat-map')?.dataset.drawn", polling=20)
    return time.perf_counter()


def _tell(name: str, open_page: Callable[[], float]) -> Row:
    open_page()
    took_s = statistics.median(open_page() for _ in range(_ROUNDS))
    return {
        "name": name, "n": _ROUNDS, "ours": took_s, "peer": _TARGET_S, "peer_name": "target",
        "ratio": _TARGET_S / took_s, "unit": "s",
    }  # fmt: skip

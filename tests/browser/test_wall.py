"""The screen on a wall in a real browser: what is read at four metres, and how it lasts without a server."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

import dashboard
from geo.operations.accounts import hash_token
from tests.browser.desk import open_window
from tests.patience import PATIENCE_S

TOKEN = "a-token-of-a-screen"  # noqa: S105 - of nobody
VIEWS = 3
HD, UHD = {"width": 1920, "height": 1080}, {"width": 3840, "height": 2160}

# Of every element with words: they, their box and that of the panel, the size of type in pixels of 1080p, the
# contrast, and whether it is too narrow for them.
LOOK = """() => {
  const scale = innerWidth / 1920;
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) =>
      (c /= 255, c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((e) => !['SCRIPT', 'STYLE'].includes(e.tagName) && e.checkVisibility())
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .map((e) => {
      const style = getComputedStyle(e);
      const range = document.createRange();
      range.selectNodeContents(e);
      const box = range.getBoundingClientRect();
      const [a, b] = [light(numbers(style.color)), light(ground(e))].sort((x, y) => y - x);
      return {
        words: e.textContent.trim(),
        px: parseFloat(style.fontSize) / scale,
        contrast: (a + 0.05) / (b + 0.05),
        box: [box.left, box.top, box.right, box.bottom],
        panel: ((b) => [b.left, b.top, b.right, b.bottom])(
          e.closest('header, .figure, #picture, aside > section').getBoundingClientRect()),
        cut: style.display !== 'inline' && e.scrollWidth > e.clientWidth + 1,
      };
    });
}"""


@pytest.fixture
def wall(server: str, demo_url: str, window: BrowserContext) -> Iterator[Page]:
    """A screen that shows community D, by its token."""
    hang_up(demo_url)
    page = next(open_wall(window.browser, server, HD))
    yield page
    page.context.close()


def hang_up(demo_url: str) -> None:
    """Give a screen of the demo its token."""
    with psycopg2.connect(demo_url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "WITH hall AS (INSERT INTO account (login, display_name) VALUES ('hall', '大厅')"
            " ON CONFLICT (login) DO UPDATE SET display_name = '大厅' RETURNING id),"
            " post AS (INSERT INTO role_grant (account_id, role) SELECT id, 'wall' FROM hall)"
            " INSERT INTO access_token (account_id, purpose, name, token_hash)"
            " SELECT id, 'wall', '大厅', %s FROM hall ON CONFLICT DO NOTHING",
            (hash_token(TOKEN),),
        )
    connection.close()


def open_wall(
    browser: Browser | None, server: str, size: dict[str, int], lang: str = "zh", community: str = "D"
) -> Iterator[Page]:
    """Open a screen by its token; what goes wrong in it fails the test."""
    assert browser is not None
    context = open_window(browser, viewport=size, screen=size)
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(f"uncaught: {error.stack}"))
    page.goto(f"{server}/wall?token={TOKEN}&community={community}&lang={lang}")
    expect(page.locator("main")).to_be_visible()
    yield page


def turn(page: Page) -> None:
    """Show the next picture."""
    title = page.locator("#view-title").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#view-title")).not_to_have_text(title)


@pytest.mark.parametrize(
    ("size", "lang", "community"),
    [(HD, "zh", "D"), (HD, "en", "D"), (UHD, "zh", "D"), (UHD, "en", "D"), (HD, "en", "Y")],
    ids=["1080p-zh", "1080p-en", "4K-zh", "4K-en", "small-town"],
)
def test_everything_is_read_at_four_metres(
    size: dict[str, int], lang: str, community: str, server: str, demo_url: str, window: BrowserContext
) -> None:
    hang_up(demo_url)
    page = next(open_wall(window.browser, server, size, lang, community))
    for _ in range(VIEWS):
        scrolls = page.evaluate(
            "[document.documentElement, document.body].map(e => [e.scrollWidth, e.scrollHeight])"
        )
        assert scrolls == [[size["width"], size["height"]]] * 2
        seen = page.evaluate(LOOK)
        assert len(seen) > 25
        assert [each["words"] for each in seen if each["px"] < 28 - 0.01] == []
        assert [(each["words"], each["contrast"]) for each in seen if each["contrast"] < 4.5] == []
        assert [each["words"] for each in seen if each["cut"]] == []
        for each in seen:
            (left, top, right, bottom), panel = find_letters(each["box"]), each["panel"]
            assert panel[0] <= left < right <= panel[2], each
            assert panel[1] <= top < bottom <= panel[3], each
            assert 0 <= panel[0] < panel[2] <= size["width"], each
            assert 0 <= panel[1] < panel[3] <= size["height"], each
        assert find_overlaps(seen) == []
        turn(page)
    page.context.close()


def find_overlaps(seen: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return what lies over what."""
    touch_px = 2
    letters = [find_letters(each["box"]) for each in seen]
    return [
        (seen[first]["words"], seen[second]["words"])
        for first, one in enumerate(letters)
        for second, other in enumerate(letters[:first])
        if min(one[2], other[2]) - max(one[0], other[0]) > touch_px
        and min(one[3], other[3]) - max(one[1], other[1]) > touch_px
    ]


def find_letters(box: list[float]) -> tuple[float, float, float, float]:
    """Return where the letters are: a line of this type is 1.45 times as high as they."""
    left, top, right, bottom = box
    air = 0.15 * (bottom - top)
    return left, top + air, right, bottom - air


def test_nobody_is_in_it_nor_in_what_it_is_sent(server: str, demo_url: str, window: BrowserContext) -> None:
    hang_up(demo_url)
    with psycopg2.connect(demo_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT full_name FROM party_contact UNION SELECT name FROM incident_requester")
        names = {name for (name,) in cursor if name}
        cursor.execute("SELECT name FROM party WHERE kind IN ('staff', 'party_member', 'volunteer')")
        names |= {name for (name,) in cursor}
        cursor.execute(
            "SELECT name FROM category WHERE is_sealed OR sensitivity <> 'S1' UNION "
            "SELECT c.name FROM category AS c JOIN category AS a ON a.code = c.parent_code "
            "WHERE a.is_sealed OR a.sensitivity <> 'S1'"
        )
        closed = {name for (name,) in cursor}
    connection.close()
    assert len(names) > 50
    assert len(closed) > 5
    assert window.browser is not None
    context = open_window(window.browser, viewport=HD)
    page = context.new_page()
    sent: list[str] = []
    page.on("response", lambda answer: sent.append(answer.text()) if answer.status == 200 else None)
    page.goto(f"{server}/wall?token={TOKEN}&community=D")
    expect(page.locator("main")).to_be_visible()
    for _ in range(VIEWS):
        turn(page)
        sent.append(page.content())
    sent.append(page.evaluate("JSON.stringify(localStorage)"))
    everything = "\n".join(sent)
    assert '"ground"' in everything
    assert [name for name in names | closed if len(name) > 1 and name in everything] == []
    assert re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", everything) == []
    assert re.findall(r"\d+单元|\d{3,4}室", everything) == []
    assert TOKEN not in everything
    assert TOKEN not in page.url
    context.close()


def test_it_turns_by_itself_and_waits_for_whoever_touches_it(wall: Page) -> None:
    wall.clock.install()
    wall.reload()
    expect(wall.locator("main")).to_be_visible()
    titles = []
    for _ in range(VIEWS + 1):
        titles.append(wall.locator("#view-title").inner_text())
        wall.clock.fast_forward(25_000)
        expect(wall.locator("#view-title")).not_to_have_text(titles[-1])
    assert titles[0] == titles[VIEWS]
    assert len(set(titles)) == VIEWS
    wall.locator("#figures").click()
    expect(wall.locator("#state")).to_contain_text("已暂停")
    shown = wall.locator("#view-title").inner_text()
    wall.clock.fast_forward(60_000)
    expect(wall.locator("#view-title")).to_have_text(shown)
    wall.clock.fast_forward(150_000)
    wall.clock.fast_forward(25_000)
    expect(wall.locator("#view-title")).not_to_have_text(shown)
    expect(wall.locator("#state")).not_to_contain_text("已暂停")


def test_without_a_server_it_says_how_old_it_is_over_midnight_and_a_reload(
    demo_url: str, window: BrowserContext, tmp_path: Path
) -> None:
    """A server of its own is stopped and started again; a clock of its own says how late it is."""
    hang_up(demo_url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = f"http://127.0.0.1:{port}"
    process = start(port, demo_url, tmp_path)
    try:
        assert window.browser is not None
        context = open_window(window.browser, viewport=HD)
        page = context.new_page()
        evening = datetime(2026, 11, 22, 23, 50, tzinfo=UTC) - timedelta(hours=8)
        page.clock.install(time=evening)
        page.route("**/wall/frame.json*", tell_time(page))
        page.goto(f"{server}/wall?token={TOKEN}&community=D")
        expect(page.locator("#clock")).to_contain_text("11月22日")
        expect(page.locator("#state")).to_have_text("数据截至 23:50")
        value = page.locator("[data-id=on_time_rate] .value").inner_text()
        page.wait_for_function("navigator.serviceWorker.controller !== null || navigator.serviceWorker.ready")
        page.reload()
        expect(page.locator("#state")).to_contain_text("数据截至")
        process.kill()
        process.wait(timeout=PATIENCE_S)
        page.clock.fast_forward(40 * 60_000)
        expect(page.locator("#state")).to_contain_text("连接中断")
        expect(page.locator("#state")).to_contain_text("分钟前")
        expect(page.locator("#state")).to_have_attribute("data-state", "old")
        expect(page.locator("#clock")).to_contain_text("11月23日")
        expect(page.locator("[data-id=on_time_rate] .value")).to_have_text(value)
        page.reload()
        expect(page.locator("[data-id=on_time_rate] .value")).to_have_text(value)
        page.clock.fast_forward(3 * 3600_000)
        expect(page.locator("#state")).to_contain_text("小时前")
        expect(page.locator("#state")).to_have_attribute("data-state", "lost")
        process = start(port, demo_url, tmp_path)
        page.clock.fast_forward(6_000)
        expect(page.locator("#state")).to_have_attribute("data-state", "fresh")
        context.close()
    finally:
        process.kill()
        process.wait(timeout=PATIENCE_S)


def tell_time(page: Page) -> Any:
    """Let the server's answers be of the time that the page's clock tells."""

    def answer(route: Route) -> None:
        try:
            given = route.fetch()
        except Exception:  # noqa: BLE001 - the server is away, as the test wants it
            route.abort()
            return
        now = datetime.fromtimestamp(page.evaluate("Date.now()") / 1000, UTC)
        told = given.headers | {"date": format_datetime(now, usegmt=True), "wall-as-of": now.isoformat()}
        route.fulfill(response=given, headers=told)

    return answer


def start(port: int, demo_url: str, folder: Path) -> "subprocess.Popen[bytes]":
    """Start a dashboard as ``wangge up`` does, and wait until it answers."""
    script = Path(dashboard.__file__).with_name("server.py")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(script)),
            *("--server.address", "127.0.0.1", "--server.port", str(port)),
        ],
        cwd=folder,
        env={**os.environ, "WANGGE_DATABASE_URL": demo_url},
    )
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        assert process.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.2)
    pytest.fail("the server did not answer in time")


def test_a_newer_page_is_loaded_once(wall: Page) -> None:
    loads: list[str] = []
    wall.on("load", lambda page: loads.append(page.url))

    def renew(route: Route) -> None:
        given = route.fetch()
        route.fulfill(response=given, headers=given.headers | {"wall-version": "newer"})

    wall.route("**/wall/frame.json*", renew)
    with wall.expect_event("load"):
        pass
    expect(wall.locator("main")).to_be_visible()
    # It asks again, and does not load itself for ever where the newer page does not come.
    for _ in range(2):
        with wall.expect_response("**/wall/frame.json*"):
            pass
    assert len(loads) == 1


def test_what_is_kept_is_what_was_shown(wall: Page) -> None:
    kept = wall.evaluate("JSON.parse(Object.entries(localStorage)[0][1])")
    assert set(kept) == {"frame", "etag", "asOf"}
    assert set(kept["frame"]) == {
        "code", "name", "figures", "ground", "views", "months", "lines", "stuck", "load",
    }  # fmt: skip
    assert len(json.dumps(kept, ensure_ascii=False)) < 400_000

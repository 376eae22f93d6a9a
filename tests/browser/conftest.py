"""A served dashboard with two demo communities, and a browser that nothing outside this machine can reach.

A test fails on any request to another machine, and on any error in the browser's console. Of a test that
failed, ``build/browser`` keeps what was on the screen, the page, and a diary of what went on in it. It is
tried once more, and told as tried again in pytest's closing line.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebSocket, expect, sync_playwright

import dashboard
from etl.demo.load import load_demo
from geo.cluster import Cluster
from tests.browser.desk import PATIENCE_MS, Desk, open_window
from tests.browser.witness import Witness
from tests.conftest import clone_database
from tests.patience import PATIENCE_S

# WebGL without a graphics card; and no name but this machine's resolves, whatever asks.
_FLAGS = (
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    # Drawing in software on a busy machine takes long, and is not hung.
    "--disable-gpu-watchdog",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_HAS_FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="package")
def demo_url(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    """The URL of a database with demo communities D and Y."""
    with clone_database(cluster, migrated_template) as url:
        load_demo(url, community="D")
        load_demo(url, community="Y")
        yield url


@pytest.fixture(scope="package")
def server(demo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard, started as ``wangge up`` starts it, but from a folder elsewhere."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(dashboard.__file__).parent / "server.py"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", str(script)),
            *("--server.address", "127.0.0.1", "--server.port", str(port)),
        ],
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env={**os.environ, "WANGGE_DATABASE_URL": demo_url},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


@pytest.fixture(scope="package")
def window(server: str) -> Iterator[BrowserContext]:
    """Debian's Chromium on a desk's screen; like a person's it keeps what it has fetched, and its cookies."""
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(_FLAGS))
        yield open_window(browser, viewport={"width": 1366, "height": 768}, locale="zh-CN")
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test of this folder again that fails; its first failure is told and kept all the same."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know whether what they were made for has failed."""
    report = yield
    item.stash[_HAS_FAILED] = report.failed or (call.when != "setup" and item.stash.get(_HAS_FAILED, False))
    return report


@pytest.fixture
def desk(
    window: BrowserContext, server: str, demo_url: str, request: pytest.FixtureRequest
) -> Iterator[Desk]:
    """A fresh tab, watched for errors and for requests to other machines."""
    page = window.new_page()
    witness = Witness(page)
    complaints: list[str] = []

    def watch_console(message: ConsoleMessage) -> None:
        # Streamlit looks for its server below the page's address first, and is told to look further up.
        is_search = "404" in message.text and "/_stcore/" in message.location["url"]
        if message.type == "error" and not is_search:
            complaints.append(f"console: {message.text} ({message.location})")

    def watch_request(request: Request) -> None:
        if not request.url.startswith((server, "data:", "blob:", "about:")):
            complaints.append(f"request to another machine: {request.url}")

    def watch_websocket(socket: WebSocket) -> None:
        if not socket.url.startswith(server.replace("http", "ws")):
            complaints.append(f"connection to another machine: {socket.url}")

    page.on("console", watch_console)
    page.on("request", watch_request)
    page.on("websocket", watch_websocket)
    page.on("pageerror", lambda error: complaints.append(f"uncaught: {error.stack}"))
    desk = Desk(page, server, demo_url)
    if not any(cookie["name"] == "wangge" for cookie in window.cookies()):
        desk.sign_in("d-leader")
    yield desk
    page.wait_for_timeout(300)
    if complaints or request.node.stash.get(_HAS_FAILED, False):
        diary = witness.keep(request.node.name)
        told = f"{witness.tell_last()}\n(all of it, the page and its picture: {diary})"
        request.node.add_report_section("teardown", "in the browser", told)
    page.close()
    assert complaints == []


@pytest.fixture
def secretary(window: BrowserContext, server: str) -> Iterator[None]:
    """The secretary of community D at the desk; whoever comes after signs in as somebody else."""
    page = window.new_page()
    Desk(page, server, "").sign_in("d-secretary", post="书记")
    page.close()
    yield
    window.clear_cookies()


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(int(PATIENCE_S) * 5):
        assert process.poll() is None, "the server ended while it was starting"
        try:
            with urlopen(url, timeout=2):  # noqa: S310 - our own address
                return
        except (URLError, OSError):
            time.sleep(0.2)
    pytest.fail("the server did not answer in time")

"""A screen on a wall to measure: the demo it hangs in, the server it asks, and what changes under it."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import httpx
import psycopg2

import dashboard
from etl.demo.load import load_demo
from geo.operations.accounts import hash_token
from geo.settings import get_settings
from geo.store.engine import load_queries
from tests.benchmarks.bench_people import find_server, list_filters, multiply_incidents

COMMUNITY: Final = "D"
TOKEN: Final = "the-token-of-a-screen"  # noqa: S105 - of nobody
FRAME: Final = f"/wall/frame.json?community={COMMUNITY}"
OURS: Final = ("-m", "streamlit", "run", str(Path(dashboard.__file__).with_name("server.py")))
EAGER: Final = (str(Path(__file__).with_name("eager_wall_server.py")),)
PATIENCE_S: Final = 90.0

CHANGE: Final = """
    INSERT INTO incident (
        community_id, category_code, source, reported_at, first_response_at, due_at, original_due_at,
        handled_at, closed_at, state, outcome, geom, geocode_quality, building_id, compound_id, grid_id)
    SELECT
        i.community_id, i.category_code, i.source, m.at, m.at, m.due_at, m.due_at, m.at, m.at,
        'closed', 'resolved', i.geom, i.geocode_quality, i.building_id, i.compound_id, i.grid_id
    FROM (
        SELECT * FROM incident WHERE id >= (SELECT min(id) + 8000 * random() FROM incident)
            AND grid_id IS NOT NULL AND category_code LIKE 'E1__'
        ORDER BY id LIMIT 1) AS i
    CROSS JOIN (SELECT random() AS part) AS chance
    CROSS JOIN LATERAL (
        SELECT now() - spent AS at, now() - spent + interval '1 hour' AS due_at
        FROM (SELECT (now() - date_trunc('month', now())) * part AS spent) AS month) AS m
"""
"""A case of this month, handled at once: the frame says of how many its shares are, so each makes another."""

TAKE_BACK: Final = "DELETE FROM incident WHERE id = (SELECT max(id) FROM incident)"
"""The last such case was none."""

Row = dict[str, object]

_HANG_UP = """
    WITH hall AS (
        INSERT INTO account (login, display_name, must_change_password) VALUES ('hall', '大厅', false)
        ON CONFLICT DO NOTHING RETURNING id),
    post AS (INSERT INTO role_grant (account_id, role) SELECT id, 'wall' FROM hall)
    INSERT INTO access_token (account_id, purpose, name, token_hash) SELECT id, 'wall', '大厅', %s FROM hall
"""


def prepare(url: str, incidents: int | None = None) -> list[str]:
    """Load the demo and hang up a screen; return what people at work ask for."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        if not load_queries("database").has_community(connection):
            load_demo(url, community=COMMUNITY, scale=1, seed=1)
        if incidents:
            multiply_incidents(connection, incidents)
        with connection.cursor() as cursor:
            cursor.execute(_HANG_UP, (hash_token(TOKEN),))
        return list_filters(connection)


class Server:
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
        wait(lambda: _answers(f"{self.address}/healthz"), "the server did not start")

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def read_memory_bytes(self) -> int:
        """Return what it wrote to memory; pages of programs are its own only while nobody else runs them."""
        return sum(part.anonymous for part in find_server(self.port).memory_maps())


@contextmanager
def serve_wall(program: Sequence[str]) -> Iterator[Server]:
    """Serve until the block ends."""
    with tempfile.TemporaryDirectory() as data_dir:
        server = Server(program, data_dir)
        server.start()
        try:
            yield server
        finally:
            server.kill()


def make_row(name: str, ours: float, peer: float, peer_name: str, unit: str, n: int) -> Row:
    """Return a row of the table."""
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


def wait(is_so: Callable[[], bool], what: str, *, every_s: float = 0.2) -> None:
    """Wait until something is so.

    Raises:
        TimeoutError: it did not come to be.
    """
    end_s = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > end_s:
            raise TimeoutError(what)
        time.sleep(every_s)

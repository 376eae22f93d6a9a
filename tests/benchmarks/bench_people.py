"""People at work on one page of the real server: how long each of their interactions takes.

Everybody holds a websocket of his own, signed in as a worker, and changes the filters every three seconds. The
time runs from the message that a browser would send to the one that says that the page is done. Beside it the same
on a server with Streamlit's default settings.

``python -m tests.benchmarks people`` measures a million incidents; ``python -m tests.benchmarks.bench_people
--incidents 100000 --people 10 --seconds 20`` what one asks for.
"""

import argparse
import asyncio
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psycopg2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

import dashboard
from etl.demo.load import load_demo
from geo.cluster import Cluster
from geo.schema.migrate import migrate
from geo.settings import get_settings
from tests.benchmarks.serving import serve

_COMMUNITY = "D"
_PERIOD_S = 3
_INCIDENTS = 1_000_000
_PEOPLE = 50
_SECONDS = 60
_DASHBOARD = Path(dashboard.__file__).parent
_START = ("--server.address", "127.0.0.1", "--server.port", "{port}", "--logger.hideWelcomeMessage", "true")

Row = dict[str, object]


def run(
    url: str, *, incidents: int = _INCIDENTS, people: int = _PEOPLE, seconds: float = _SECONDS
) -> list[Row]:
    """Measure on a migrated, empty database."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    load_demo(url, community=_COMMUNITY, scale=1, seed=1)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        multiply_incidents(connection, incidents)
    servers = {
        "ours": (_DASHBOARD / "server.py", {}),
        "peer": (_DASHBOARD / "server.py", {}),
    }
    times_ms = {}
    for name, (script, environment) in servers.items():
        command = [sys.executable, "-P", "-m", "streamlit", "run", str(script), *_START]
        with serve(command, environment, "/healthz") as port:
            asyncio.run(work(port, people=people, seconds=2 * _PERIOD_S))
            times_ms[name] = asyncio.run(work(port, people=people, seconds=seconds))
    quantiles = {name: statistics.quantiles(times, n=20) for name, times in times_ms.items()}
    return [
        {
            "name": f"worker's page, {label}, {people} people",
            "ours": quantiles["ours"][cut],
            "peer": quantiles["peer"][cut],
            "peer_name": "Streamlit's default settings",
            "ratio": quantiles["peer"][cut] / quantiles["ours"][cut],
            "unit": "ms",
            "n": incidents,
        }
        for label, cut in (("p50", 9), ("p95", 18))
    ]


def multiply_incidents(connection: psycopg2.extensions.connection, incidents: int) -> None:
    """Fill the demo's community with copies of its settled cases, reported over the five years before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE NOT is_open) FROM incident")
        ((present, settled),) = cursor.fetchall()
        missing = max(0, incidents - present)
        for first in range(0, missing, 100_000):
            cursor.execute(
                _MULTIPLY, {"first": first, "last": min(missing, first + 100_000) - 1, "settled": settled}
            )
        cursor.execute("VACUUM ANALYZE")


_MULTIPLY = """
    INSERT INTO incident (
        community_id, category_code, source, request_kind, severity, sensitivity, state, title, description, address,
        geom, geocode_quality, building_id, compound_id, grid_id, merchant_id, party_id, duty_rule_id, reported_at,
        first_response_at, due_at, original_due_at, handled_at, closed_at, outcome)
    SELECT
        community_id, category_code, source, request_kind, severity, sensitivity, state, title, description, address,
        geom, geocode_quality, building_id, compound_id, grid_id, merchant_id, party_id, duty_rule_id,
        reported_at - ago, first_response_at - ago, due_at - ago, original_due_at - ago, handled_at - ago,
        closed_at - ago, outcome
    FROM (
        SELECT *, row_number() OVER (ORDER BY id) - 1 AS number FROM incident
        WHERE NOT is_open ORDER BY id LIMIT %(settled)s) AS i
    JOIN generate_series(%(first)s, %(last)s) AS n ON i.number = n %% %(settled)s
    CROSS JOIN LATERAL (SELECT interval '1 day' + n * 7919 %% 1826 * interval '1 day' AS ago) AS earlier
"""


async def work(port: int, *, people: int, seconds: float) -> list[float]:
    """Return how many milliseconds each interaction took."""
    end = time.monotonic() + seconds
    return list(
        itertools.chain.from_iterable(
            await asyncio.gather(*(_act(port, number, people, end) for number in range(people)))
        )
    )


async def _act(port: int, number: int, people: int, end: float) -> list[float]:
    chance = random.Random(number)
    times_ms = []
    await asyncio.sleep(number / people * _PERIOD_S)
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=[Subprotocol("streamlit")], max_size=None
    ) as socket:
        await _rerun(socket, _choose_filters(chance))
        while time.monotonic() < end:
            await asyncio.sleep(_PERIOD_S * chance.uniform(0.8, 1.2))
            started = time.perf_counter()
            await _rerun(socket, _choose_filters(chance))
            times_ms.append(1000 * (time.perf_counter() - started))
    return times_ms


def _choose_filters(chance: random.Random) -> str:
    return chance.choice(_FILTERS)


_FILTERS: Sequence[str] = (
    f"community={_COMMUNITY}",
    f"community={_COMMUNITY}&layers=buildings,incidents",
    f"community={_COMMUNITY}&layers=compounds,zones",
)


async def _rerun(socket: ClientConnection, query: str) -> None:
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = ""
    await socket.send(message.SerializeToString())
    async for packed in socket:
        answer = ForwardMsg.FromString(packed if isinstance(packed, bytes) else packed.encode())
        kind = answer.WhichOneof("type")
        if kind == "delta" and answer.delta.new_element.WhichOneof("type") == "exception":
            raise RuntimeError(answer.delta.new_element.exception.message)
        if kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            return


def main() -> None:
    """Measure on a throw-away cluster what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--incidents", type=int, default=_INCIDENTS)
    parser.add_argument("--people", type=int, default=_PEOPLE)
    parser.add_argument("--seconds", type=float, default=_SECONDS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wangge-bench-") as folder:
        Path(folder).chmod(0o755)
        cluster = Cluster(Path(folder) / "people")
        url = cluster.start()
        try:
            migrate(url)
            rows = run(url, incidents=asked.incidents, people=asked.people, seconds=asked.seconds)
        finally:
            cluster.stop()
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()

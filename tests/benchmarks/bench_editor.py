"""The zone editor on the real server: how long each step of drawing a plan takes, against what it may take.

A client does what the browser does: it holds the page open by a websocket, signed in as the secretary, and
says what the hand has done. The time runs from that message to the one that says that the page is done;
drawing is the browser's and not in it. Community D as it is may take 300 ms a step; with 3,000 buildings
in 50 zones, 800 ms.

``python -m tests.benchmarks editor``.
"""

import asyncio
import json
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from urllib.parse import urlencode

import httpx
import psycopg2
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

import dashboard
from etl.demo.load import load_demo
from geo.model.zone import Plan, ZoneKind
from geo.operations import zone_drafts, zone_plans
from geo.operations.accounts import list_demo_accounts
from geo.settings import get_settings
from geo.store import engine
from tests.actors import find_secretary
from tests.benchmarks.serving import serve

_SERVER: Final = (
    *(sys.executable, "-P", "-m", "streamlit", "run", str(Path(dashboard.__file__).with_name("server.py"))),
    *("--server.address", "127.0.0.1", "--server.port", "{port}", "--server.headless", "true"),
    *("--browser.gatherUsageStats", "false", "--logger.hideWelcomeMessage", "true"),
)
_ROUNDS: Final = 20
_BUILDINGS: Final = 3_000
_ZONES: Final = 50
_BUDGETS_MS: Final = {"D": 300.0, "3,000 buildings": 800.0}
_PICKED: Final = 30

Row = dict[str, object]


def run(url: str) -> list[Row]:
    """Measure on a migrated, empty database."""
    os.environ["WANGGE_DATABASE_URL"] = url
    get_settings.cache_clear()
    load_demo(url, community="D", scale=1, seed=1)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as data_dir:
        # Where the server keeps the secret of its cookies.
        os.environ["WANGGE_DATA_DIR"] = data_dir
        for name, budget_ms in _BUDGETS_MS.items():
            if name != "D":
                _fill_up(url)
            plan = _begin_draft(url, _ZONES if name != "D" else 0)
            with serve(_SERVER, {}, "/healthz") as port:
                times_ms = asyncio.run(_draw(port, plan))
            rows += [_tell(name, step, each, budget_ms, len(plan.units)) for step, each in times_ms.items()]
    return rows


def _tell(name: str, step: str, times_ms: list[float], budget_ms: float, units: int) -> Row:
    cuts = statistics.quantiles(times_ms, n=20)
    print(f"{name}, {step}: p50 {cuts[9]:.0f} ms, p95 {cuts[18]:.0f} ms, most {max(times_ms):.0f} ms")
    return {
        "name": f"zone editor, {name}: {step}, p95",
        "ours": cuts[18],
        "peer": budget_ms,
        "peer_name": "what it may take",
        "ratio": budget_ms / cuts[18],
        "unit": "ms",
        "n": units,
    }


def _fill_up(url: str) -> None:
    """Put more buildings into the community."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM building")
        ((present,),) = cursor.fetchall()
        cursor.execute(_MORE, {"missing": _BUILDINGS - present})


_MORE: Final = """
    INSERT INTO building (community_id, code, name, floors, households, residents, elderly, geom)
    SELECT c.id, 'M' || n, n || '号楼', 6, 20 + n %% 60, 50 + n %% 90, n %% 40,
        ST_Multi(ST_Expand((spot).geom, 0.00004, 0.00003))
    FROM community AS c
    CROSS JOIN LATERAL ST_Dump(ST_GeneratePoints(c.geom, %(missing)s, 4)) AS spot
    CROSS JOIN LATERAL (SELECT (spot).path[1] AS n) AS numbered
"""


def _begin_draft(url: str, zone_count: int) -> Plan:
    """Begin a draft on the plan in force; with so many zones in squares, where that is not 0."""
    with (
        patch.object(engine, "_find_actor", lambda: find_secretary(url)),
        closing(psycopg2.connect(url)) as connection,
    ):
        cursor = connection.cursor()
        cursor.execute("SELECT id FROM community")
        ((community_id,),) = cursor.fetchall()
        based_on = zone_plans.list_plans(community_id, ZoneKind.GRID_WORKER)[0]
        plan = zone_plans.start_draft(community_id, ZoneKind.GRID_WORKER, "bench", based_on=based_on.id)
        if not zone_count:
            return plan
        cursor.execute(_SQUARES, {"columns": 10, "rows": zone_count // 10})
        squares = dict(cursor.fetchall())
        wanted = {key: plan.zones[square].id for key, square in squares.items() if square < len(plan.zones)}
        fresh: dict[str, list[int]] = {}
        for key in squares.keys() - wanted.keys():
            fresh.setdefault(f"Z{squares[key]}", []).append(key)
        revision = plan.head.revision
        return zone_drafts.redraw_zones(
            plan.head.id, wanted, fresh=fresh, dropped=(), seen_revision=revision, label="squares"
        )


# By rank, so that each square has about as many.
_SQUARES: Final = """
    SELECT
        id,
        (strip - 1) * %(columns)s + ntile(%(columns)s) OVER (PARTITION BY strip ORDER BY ST_X(anchor)) - 1
    FROM (SELECT id, anchor, ntile(%(rows)s) OVER (ORDER BY ST_Y(anchor)) AS strip FROM building) AS strips
"""


async def _draw(port: int, plan: Plan) -> dict[str, list[float]]:
    cookie = await _sign_in(port)
    async with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        subprotocols=[Subprotocol("streamlit")],
        additional_headers={"Cookie": cookie},
        max_size=None,
        open_timeout=None,
    ) as socket:
        hand = _Hand(socket, plan.head.id)
        await hand.open_page()
        times_ms: dict[str, list[float]] = {}
        for name, step in _list_steps(plan):
            times_ms.setdefault(name, []).append(await hand.say(step))
        return times_ms


def _list_steps(plan: Plan) -> Iterator[tuple[str, Mapping[str, Any]]]:
    ids = list(plan.units)
    for number in range(_ROUNDS):
        taker = plan.zones[number % len(plan.zones)]
        picked = [ids[(number * 7 + shift) % len(ids)] for shift in range(_PICKED)]
        yield "open a zone", {"open": taker.id}
        yield f"brush {_PICKED}", {"pick": picked}
        yield "give", {"act": "give"}
        yield "take back", {"act": "undo"}
        yield "make again", {"act": "redo"}
        yield "brush again", {"add": picked}
        yield "lock", {"act": "lock"}
        yield "unlock", {"act": "lock"}
        yield "take out", {"act": "take_out"}
        yield "take back again", {"act": "undo"}


class _Hand:
    """The browser's side of the editor."""

    def __init__(self, socket: ClientConnection, plan_id: int) -> None:
        self._socket, self._plan_id = socket, plan_id
        self._number = 0
        self._page = self._editor = self._fragment = ""

    async def open_page(self) -> None:
        await self._send(BackMsg())
        if not self._editor:
            msg = "the page has no editor"
            raise RuntimeError(msg)

    async def say(self, step: Mapping[str, Any]) -> float:
        """Do something; return how many milliseconds the server took for it."""
        self._number += 1
        message = BackMsg()
        message.rerun_script.fragment_id = self._fragment
        state = message.rerun_script.widget_states.widgets.add()
        state.id = f"$$STREAMLIT_INTERNAL_KEY_{self._editor}__events"
        said = {"plan": self._plan_id, "steps": [{"number": self._number, **step}]}
        state.json_trigger_value = json.dumps([{"event": "said", "value": said}])
        started = time.perf_counter()
        heard = await self._send(message)
        if heard != self._number:
            msg = f"step {self._number} was not heard: {step}"
            raise RuntimeError(msg)
        return 1000 * (time.perf_counter() - started)

    async def _send(self, message: BackMsg) -> int:
        """Send a message, wait until the page is done, and return which step it has heard of."""
        # A step is told to the page that is open; its name would open it anew.
        if self._page:
            message.rerun_script.page_script_hash = self._page
        else:
            message.rerun_script.page_name = "zones"
        message.rerun_script.query_string = urlencode({"community": "D", "plan": self._plan_id})
        await self._socket.send(message.SerializeToString())
        heard = 0
        async for packed in self._socket:
            answer = ForwardMsg.FromString(packed if isinstance(packed, bytes) else packed.encode())
            kind = answer.WhichOneof("type")
            element = answer.delta.new_element
            if kind == "delta" and element.WhichOneof("type") == "exception":
                raise RuntimeError(element.exception.message)
            if kind == "navigation":
                self._page = answer.navigation.page_script_hash
            if kind == "delta" and element.bidi_component.component_name.endswith("zone_editor"):
                self._editor, self._fragment = element.bidi_component.id, answer.delta.fragment_id
                heard = json.loads(element.bidi_component.json)["pick"]["heard"]
            if kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return heard
        msg = "the server has hung up"
        raise RuntimeError(msg)


async def _sign_in(port: int) -> str:
    """Sign the secretary of the demo in as a browser does, and return the cookies."""
    login, password = next(account[:2] for account in list_demo_accounts() if "secretary" in account[0])
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as browser:
        form = re.search(r'name="form" value="([^"]+)"', (await browser.get("/login")).text)
        answer = await browser.post(
            "/login", data={"login": login, "password": password, "form": form[1] if form else ""}
        )
        page = (await browser.get(answer.headers["location"])).text
        form = re.search(r'name="form" value="([^"]+)"', page)
        post = re.search(r'name="post" value="(\d+)"[^>]*><b>书记', page)
        if form and post:
            await browser.post("/post", data={"form": form[1], "post": post[1]})
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())

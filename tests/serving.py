"""The data routes of a test's database, served over real HTTP for as long as a block runs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.routes import health, metrics
from dashboard.routes.cache import DataCache
from dashboard.routes.lane import DataLane
from geo.model.actor import Actor
from geo.store.engine import acting_as
from tests.actors import find_secretary
from tests.patience import PATIENCE_S


class ActAs:
    """ASGI middleware in place of the guard: the header ``X-Actor`` is the number of the actor who asks."""

    def __init__(self, app: ASGIApp, url: str, actors: tuple[Actor, ...]) -> None:
        self._app = app
        self._url = url
        self._actors = actors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        number = int(dict(scope["headers"]).get(b"x-actor", b"0"))
        with acting_as(self._actors[number] if self._actors else find_secretary(self._url)):
            await self._app(scope, receive, send)


@contextmanager
def serve_app(app: ASGIApp) -> Iterator[str]:
    """Serve an application on a free port; yield its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def serve(url: str, *actors: Actor) -> Iterator[httpx.Client]:
    """Yield a client of a server with a cache of its own; ``url`` must be the installation's database.

    Args:
        url: the database.
        actors: who may ask, the first unless the header ``X-Actor`` gives a number; one who sees everything
            where none are given.
    """
    cache = DataCache(url)
    app = Starlette(
        routes=[*health.routes(), *metrics.routes()],
        middleware=[Middleware(ActAs, url, actors), Middleware(DataLane, cache)],
    )
    try:
        with serve_app(app) as address, httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
            yield client
    finally:
        cache.close()


def find_properties(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the properties of each feature of a GeoJSON answer."""
    assert answer.status_code == 200, answer.text
    return [feature["properties"] for feature in answer.json()["features"]]

"""The data routes of a test's database, served over real HTTP for as long as a block runs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette

from dashboard.routes import features, health, metrics, tiles
from dashboard.routes.cache import DataCache


@contextmanager
def serve(url: str) -> Iterator[httpx.Client]:
    """Yield a client of a server with a cache of its own; ``url`` must be the installation's database."""
    cache = DataCache(url)
    routes = [*features.routes(cache), *tiles.routes(cache), *health.routes(), *metrics.routes()]
    server = uvicorn.Server(
        uvicorn.Config(Starlette(routes=routes), port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()
        cache.close()


def find_properties(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the properties of each feature of a GeoJSON answer."""
    assert answer.status_code == 200, answer.text
    return [feature["properties"] for feature in answer.json()["features"]]

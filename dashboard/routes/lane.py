"""The fast lane: map data answered before Streamlit's own middleware sees the request.

Its session cookie and compression are of no use to data that are compressed already and shared by everyone,
and cost more than a tile out of the cache. Whoever guards the pages must stand in front of this middleware.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.routes import features, patterns, tiles
from dashboard.routes.cache import DataCache


class DataLane:
    """ASGI middleware that answers ``/tiles/``, ``/features/`` and ``/patterns/`` and passes the rest on.

    Args:
        app: what answers everything else.
        cache: the process's own unless given.
    """

    def __init__(self, app: ASGIApp, cache: DataCache | None = None) -> None:
        self._app = app
        self._endpoints = (
            (tiles.ROOT, tiles.make_endpoint(cache)),
            (features.ROOT, features.make_endpoint(cache)),
            (patterns.ROOT, patterns.make_endpoint(cache)),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            for root, answer in self._endpoints:
                if scope["path"].startswith(root):
                    await answer(scope, receive, send)
                    return
        await self._app(scope, receive, send)

"""The fast lane: map data answered before Streamlit's own middleware sees the request.

Its session cookie and compression are of no use to data that are compressed already and shared by everyone,
and cost more than a tile out of the cache. Whoever guards the pages must stand in front of this middleware.
"""

from typing import Final

from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.routes import features, tiles

_ROOTS: Final = ("/tiles/", "/features/")


class DataLane:
    """ASGI middleware that answers ``/tiles/`` and ``/features/`` and passes everything else on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._router = Router([*tiles.routes(), *features.routes()])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(_ROOTS):
            await self._router(scope, receive, send)
        else:
            await self._app(scope, receive, send)

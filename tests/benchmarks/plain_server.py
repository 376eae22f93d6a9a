"""What a server of the same kind can do at best: an answer as long as a tile, with nothing to find out."""

from typing import Final

from starlette.types import Receive, Scope, Send

_BODY: Final = bytes(4000)


async def app(scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer any request alike."""
    assert scope["type"] == "http"
    headers = [(b"content-type", b"application/octet-stream"), (b"content-length", b"%d" % len(_BODY))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _BODY})

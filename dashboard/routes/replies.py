"""What the data routes say over HTTP: bodies with their validators, and refusals of one sentence."""

import gzip
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Final
from urllib.parse import parse_qsl

import orjson
from starlette.types import Receive, Scope, Send

from dashboard.i18n import LANGUAGES, Text
from dashboard.i18n.refusals import tell_refusal
from dashboard.routes import metrics
from geo.errors import (
    DatabaseUnavailable,
    Forbidden,
    InputRefused,
    NotFound,
    NotSignedIn,
    WanggeError,
)
from geo.settings import get_settings

_STATUS: Final[Mapping[type[WanggeError], int]] = {
    NotSignedIn: 401,
    Forbidden: 403,
    NotFound: 404,
    InputRefused: 400,
    DatabaseUnavailable: 503,
}
_MEDIA_JSON: Final = b"application/json"
_FOR_GOOD: Final = b"private, max-age=31536000, immutable"
_ASK_AGAIN: Final = b"private, no-cache"
_NEVER: Final = b"no-store"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; ``layer`` is for the metrics and stays empty where no known layer was asked for."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    layer: str = ""


def make_data_reply(
    scope: Scope, packed: bytes, *, media_type: bytes, tag: str, asked_tag: str | None, layer: str
) -> Reply:
    """Answer with gzipped data.

    Args:
        scope: the request.
        packed: the data, gzipped.
        media_type: what the data are.
        tag: the state of the layer that they show.
        asked_tag: the state that the address names; a browser need not ask for that one again.
        layer: the layer.
    """
    headers = _make_validators(tag, asked_tag)
    headers.append((b"content-type", media_type))
    if accepts_gzip(scope):
        headers.append((b"content-encoding", b"gzip"))
        body = packed
    else:
        body = gzip.decompress(packed)
    headers.append((b"content-length", b"%d" % len(body)))
    return Reply(200, headers, body, layer)


def make_unchanged_reply(*, tag: str, asked_tag: str | None, layer: str) -> Reply:
    """Tell a browser that what it has is still right."""
    return Reply(304, _make_validators(tag, asked_tag), b"", layer)


def make_json_reply(status: int, content: object) -> Reply:
    """Answer with JSON that nobody may keep."""
    body = orjson.dumps(content)
    return Reply(
        status,
        [
            (b"content-type", _MEDIA_JSON),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", _NEVER),
        ],
        body,
    )


def make_refusal(scope: Scope, refusal: WanggeError) -> Reply:
    """Answer with the sentence of a refusal."""
    status, sentence = describe_refusal(scope, refusal)
    return make_json_reply(status, {"error": sentence})


def describe_refusal(scope: Scope, refusal: WanggeError) -> tuple[int, str]:
    """Return the status of a refusal and its sentence; what a server is called stays in the log."""
    status = next((status for kind, status in _STATUS.items() if isinstance(refusal, kind)), 500)
    sentence = str(refusal)
    if status >= 500:
        _log.warning("%s", refusal)
        sentence = (
            "the database does not answer: try again in a minute, and tell the administrator if it lasts"
        )
    return status, tell_refusal(sentence, _find_language(scope))


def _find_language(scope: Scope) -> Text:
    """Return the language of whoever opened an address in a browser; programs are told in English."""
    asked = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("lang", "")
    if asked in LANGUAGES:
        return Text(asked)
    is_opened = b"text/html" in find_header(scope, b"accept")
    return Text(get_settings().language if is_opened else "en")


def matches_tag(scope: Scope, tag: str) -> bool:
    """Whether the browser says that it has this state already."""
    return tag.encode() in find_header(scope, b"if-none-match")


def accepts_gzip(scope: Scope) -> bool:
    """Whether the client can unpack gzip."""
    return b"gzip" in find_header(scope, b"accept-encoding")


def find_header(scope: Scope, name: bytes) -> bytes:
    """Return the first header of that lower-case name, or nothing."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


def _make_validators(tag: str, asked_tag: str | None) -> list[tuple[bytes, bytes]]:
    return [
        (b"cache-control", _FOR_GOOD if asked_tag == tag else _ASK_AGAIN),
        (b"etag", b'W/"%s"' % tag.encode()),
        # Nor may the next to sign in at this browser be given what the last one kept.
        (b"vary", b"Accept-Encoding, Cookie"),
    ]


class DataEndpoint:
    """An ASGI endpoint: counts and times what ``answer`` says, and turns refusals into sentences."""

    def __init__(self, route: str, answer: Callable[[Scope], Awaitable[Reply]]) -> None:
        self._route = route
        self._answer = answer

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = perf_counter()
        method = scope["method"]
        if method in {"GET", "HEAD"}:
            try:
                reply = await self._answer(scope)
            except WanggeError as refusal:
                reply = make_refusal(scope, refusal)
        else:
            reply = make_json_reply(405, {"error": f"{method} is not possible here: use GET"})
        await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else reply.body})
        metrics.observe_request(self._route, reply.layer, reply.status, perf_counter() - started)

"""``/wall``: a screen on a wall, as a plain page of its own that knows nothing of Streamlit.

``/wall``
    The page, without anything in it. ``community`` is the code of the community where the screen may show
    several, ``lang`` its language.
``/wall/frame.json``
    What it shows, with an ETag: words and numbers that visitors may see. ``Wall-As-Of`` says up to when they
    are known to hold, ``Wall-Version`` which page they are for.
``/wall/worker.js``
    Opens the page while the server is away.
"""

import hashlib
from base64 import b64encode
from functools import lru_cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qsl, urlencode

import orjson
from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from dashboard.i18n import LANGUAGES, Text
from dashboard.routes.replies import DataEndpoint, Reply, accepts_gzip, find_header
from dashboard.routes.wall_frames import WallFrames, get_frames
from geo.errors import NotSignedIn
from geo.model.actor import NOBODY
from geo.settings import get_settings
from geo.store.engine import get_actor

_LOCALES: Final = {"zh": "zh-CN", "en": "en-GB"}
_SCRIPTS: Final = ("wall_map.js", "wall.js")
_LONGEST_CODE: Final = 40


def routes(frames: WallFrames | None = None) -> list[BaseRoute]:
    """Return the page and what it asks for; ``frames`` are the process's own unless given."""

    async def answer(scope: Scope) -> Reply:
        return await _send_frame(scope, frames or get_frames())

    return [
        Route("/wall", _open_page),
        Route("/wall/frame.json", DataEndpoint("wall", answer)),
        Route("/wall/worker.js", _send_worker),
        # A screen may reach what begins so: there is nothing else.
        Route("/wall/{elsewhere:path}", _find_nothing),
    ]


async def _open_page(request: Request) -> Response:
    language, community = _read_asked(request.scope)
    page, policy = _make_page(language, community)
    return Response(
        page,
        media_type="text/html",
        headers={
            "Content-Security-Policy": policy,
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        },
    )


async def _send_worker(_request: Request) -> Response:
    return Response(
        _read("wall_worker.js"),
        media_type="text/javascript",
        headers={"Cache-Control": "no-cache", "Service-Worker-Allowed": "/wall"},
    )


async def _find_nothing(_request: Request) -> Response:
    return Response("there is nothing here: open /wall", 404, media_type="text/plain")


async def _send_frame(scope: Scope, frames: WallFrames) -> Reply:
    language, code = _read_asked(scope)
    actor = get_actor()
    if actor is None or actor == NOBODY:
        msg = "nobody is signed in here, or no longer: sign in at /login"
        raise NotSignedIn(msg)
    community_id = await frames.find_community(code, actor.community_ids)
    frame = await frames.fetch(community_id, language)
    headers = [
        (b"cache-control", b"private, no-cache"),
        (b"vary", b"Accept-Encoding, Cookie"),
        (b"etag", frame.etag.encode()),
        (b"wall-as-of", frame.as_of.isoformat(timespec="seconds").encode()),
        (b"wall-version", get_version().encode()),
    ]
    if frame.etag.encode() in find_header(scope, b"if-none-match"):
        return Reply(304, headers, b"", "frame")
    if not accepts_gzip(scope):
        body = frame.unpack()
    else:
        headers.append((b"content-encoding", b"gzip"))
        body = frame.packed
    headers += [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return Reply(200, headers, body, "frame")


def _read_asked(scope: Scope) -> tuple[str, str | None]:
    given = dict(parse_qsl(scope["query_string"].decode("latin-1")))
    language = given.get("lang", "")
    code = given.get("community")
    # One that is longer is nobody's, shortened or not; the page need not keep all of it.
    return language if language in LANGUAGES else get_settings().language, code and code[: _LONGEST_CODE + 1]


@lru_cache
def get_version() -> str:
    """Return the version of the page; a screen that shows another loads itself anew."""
    parts = (_read(name) for name in ("wall.html", "wall.css", *_SCRIPTS))
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


@lru_cache(maxsize=64)
def _make_page(language: str, community: str | None) -> tuple[bytes, str]:
    """Return the page and what it may do: run what is in it, and ask this server."""
    text = Text(language)
    script, style = "".join(map(_read, _SCRIPTS)), _read("wall.css")
    other = next(each for each in LANGUAGES if each != language)
    settings = {
        "version": get_version(),
        "locale": _LOCALES[language],
        "address": _write_address("/wall", language, community),
        "frame": _write_address("/wall/frame.json", language, community),
        "words": {
            "as_of": text("wall.as_of"),
            "minutes_ago": text("wall.minutes_ago", number="{n}"),
            "hours_ago": text("wall.hours_ago", number="{n}"),
            "days_ago": text("wall.days_ago", number="{n}"),
            "cut_off": text("wall.cut_off"),
            "paused": text("wall.paused"),
            "stuck_none": text("wall.stuck_none"),
        },
    }
    page = (
        Environment(autoescape=True)
        .from_string(_read("wall.html"))
        .render(
            language=_LOCALES[language],
            title=text("wall.title"),
            words={
                "compared": text("wall.compared"),
                "stuck": text("wall.stuck"),
                "load": text("wall.load"),
                "sketch": text("wall.sketch"),
                "waiting": text("wall.waiting"),
            },
            other_language=text("wall.other_language"),
            other_address=_write_address("/wall", other, community),
            # A closing tag in it would end the element.
            settings=Markup(orjson.dumps(settings).decode().replace("<", "\\u003c")),  # noqa: S704 - JSON of ours
            script=Markup(script),  # noqa: S704 - a file of ours
            style=Markup(style),  # noqa: S704 - a file of ours
        )
    )
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; "
        "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return page.encode(), policy


def _write_address(path: str, language: str, community: str | None) -> str:
    asked = {"lang": language} | ({"community": community} if community is not None else {})
    return f"{path}?{urlencode(asked)}"


def _hash(source: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


@lru_cache
def _read(name: str) -> str:
    return (files("dashboard.routes") / name).read_text(encoding="utf-8")

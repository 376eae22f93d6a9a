"""The guard before everything the server answers: who is not signed in meets the login page and nothing else.

Open to all are the login page, ``/healthz`` and ``/vendor``; ``/open311/v2`` asks for a key of its own, and
programs on this machine read ``/metrics``. A page sends to the login page, anything else is refused with one
sentence: 401 where nobody is signed in, 403 where ``geo.rules.access`` does not list the role. The actor is
set for the request, so that the database knows him too. Only whoever may bring files in sends more at once
than a picture has. What hangs on a wall reaches its one page and nothing
else; without the database it still gets that page, which is empty, and goes on from what it has kept.
"""

from typing import Final
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.routes.cookies import SIGN_IN, find_cookie, read_token, write_cookie
from dashboard.routes.replies import describe_refusal, find_header
from dashboard.routes.sign_ins import find_actor, recall_actor
from geo.errors import DatabaseUnavailable, Forbidden, InputRefused, NotSignedIn, WanggeError
from geo.model.actor import NOBODY, Actor
from geo.rules.access import RESOURCES, find_route, is_allowed, may_reach
from geo.store.engine import acting_as
from geo.store.photos import MOST_BYTES

_FREE: Final = frozenset({"/login", "/logout", "/healthz"})
_FREE_BELOW: Final = ("/login/", "/vendor/", "/open311/v2/")
# What whoever must first choose a password may still open.
_PASSWORD: Final = "/password"  # noqa: S105 - an address
_LOCAL: Final = frozenset({"127.0.0.1", "::1"})
# Routes that people open as pages.
_FOR_PEOPLE: Final = frozenset({None, "print_morning", "print_cases", "print_hand_over", "wall"})
_WALL: Final = "/wall"
_PAGES: Final = frozenset({"/", _PASSWORD, "/post", *(resource.path for resource in RESOURCES.values())})
# The parameter by which the first page knows that there was no page.
LOST: Final = "lost"
_UPLOADS: Final = "/_stcore/upload_file/"
# What a browser writes around a file that it sends.
_WRAPPING_BYTES: Final = 64 * 1024


class Guard:
    """ASGI middleware; stands in front of every other."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "http" and scope["path"] == _WALL and b"token=" in scope["query_string"]:
            # Changed for a cookie there, so that no token stays in the address bar.
            scope = {**scope, "path": "/login/wall", "raw_path": b"/login/wall"}
        if scope["type"] not in {"http", "websocket"} or _is_free(scope):
            await self._app(scope, receive, send)
            return
        cookie = find_cookie(scope, SIGN_IN)
        try:
            found = recall_actor(cookie) or await run_in_threadpool(find_actor, cookie)
            actor = _judge(found, scope["path"])
            _weigh(actor, scope)
        except WanggeError as refusal:
            if _opens_empty(scope, cookie, refusal):
                with acting_as(NOBODY):
                    await self._app(scope, receive, send)
            elif scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await _refuse(scope, refusal)(scope, receive, send)
            return
        if _leads_nowhere(scope):
            await RedirectResponse(f"/?{LOST}=1", status_code=303)(scope, receive, send)
            return
        with acting_as(actor):
            await self._app(scope, receive, send)


def _is_free(scope: Scope) -> bool:
    path = scope["path"]
    if scope["type"] != "http":
        return False
    return path in _FREE or path.startswith(_FREE_BELOW) or (path == "/metrics" and _is_local(scope))


def _leads_nowhere(scope: Scope) -> bool:
    """Whether a person opens a page that there is none of, which Streamlit would say in English only.

    What lies deeper or has an ending is a part of a page.
    """
    path = scope["path"]
    return _is_opened(scope) and path.count("/") == 1 and "." not in path and path not in _PAGES


def _is_opened(scope: Scope) -> bool:
    """Whether a person opens an address, and no script asks."""
    is_read = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
    return is_read and b"text/html" in find_header(scope, b"accept")


def _opens_empty(scope: Scope, cookie: str, refusal: WanggeError) -> bool:
    """Whether this is a screen's page, which shows nothing by itself, while the database is away."""
    is_page = scope["type"] == "http" and scope["path"] == _WALL
    return is_page and isinstance(refusal, DatabaseUnavailable) and read_token(cookie) is not None


def _is_local(scope: Scope) -> bool:
    """Whether a program on this machine asks, and not a gateway on it for somebody elsewhere."""
    client = scope.get("client")
    is_passed_on = find_header(scope, b"x-forwarded-for") or find_header(scope, b"forwarded")
    return client is not None and client[0] in _LOCAL and not is_passed_on


class _PasswordFirst(Forbidden):
    """A seeded password opens nothing but the page on which it is changed."""


class _WallOnly(Forbidden):
    """What hangs on a wall has one page."""


def _judge(actor: Actor | None, path: str) -> Actor:
    if actor is None:
        msg = "nobody is signed in here, or no longer: sign in at /login"
        raise NotSignedIn(msg)
    if actor.must_change_password and path != _PASSWORD and actor.role != "wall":  # Which has none.
        msg = f"this account must choose a password of its own first: do so at {_PASSWORD}"
        raise _PasswordFirst(msg)
    if actor.role == "wall" and not may_reach(actor.role, path):
        msg = f"a screen on a wall has one page: open {_WALL}"
        raise _WallOnly(msg)
    if not may_reach(actor.role, path):
        msg = "this is not open to your role: ask an administrator if you need it"
        raise Forbidden(msg)
    return actor


def _weigh(actor: Actor, scope: Scope) -> None:
    """Refuse an upload that is larger than whoever sends it may send, before any of it is kept."""
    if not scope["path"].startswith(_UPLOADS) or is_allowed(actor.role, "import"):
        return
    said = find_header(scope, b"content-length") if scope["method"] == "PUT" else b"0"
    if not said.isdigit() or int(said) > MOST_BYTES + _WRAPPING_BYTES:
        msg = f"this is too large: send a picture of at most {MOST_BYTES >> 20} MB"
        raise InputRefused(msg)


def _refuse(scope: Scope, refusal: WanggeError) -> Response:
    address = _find_way_out(scope, refusal)
    if address is not None:
        response: Response = RedirectResponse(address, status_code=303)
    else:
        status, sentence = describe_refusal(scope, refusal)
        response = JSONResponse({"error": sentence}, status)
    response.headers["Cache-Control"] = "no-store"
    if isinstance(refusal, NotSignedIn) and find_cookie(scope, SIGN_IN):
        response.headers["Set-Cookie"] = write_cookie(scope, SIGN_IN, "", kept_s=0)
    return response


def _find_way_out(scope: Scope, refusal: WanggeError) -> str | None:
    """Return the page on which a person can do something about a refusal; None where no person asks."""
    is_page = _is_opened(scope)
    if is_page and isinstance(refusal, _WallOnly):
        return _WALL
    if not is_page or find_route(scope["path"]) not in _FOR_PEOPLE or scope["path"].startswith("/_stcore"):
        return None
    query = scope["query_string"].decode("latin-1")
    wanted = {"next": f"{scope['path']}?{query}" if query else scope["path"]}
    if isinstance(refusal, _PasswordFirst):
        return f"{_PASSWORD}?{urlencode(wanted)}"
    if isinstance(refusal, DatabaseUnavailable):
        return f"/login?{urlencode(wanted | {'why': 'database'})}"
    if isinstance(refusal, NotSignedIn):
        why = {"why": "ended"} if find_cookie(scope, SIGN_IN) else {}
        return f"/login?{urlencode(wanted | why)}"
    return None

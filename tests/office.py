"""Accounts of a test, and the guarded dashboard they sign in to, served over real HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser

import httpx
from psycopg2 import sql
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from dashboard.routes import health, login, metrics, vendor, wall
from dashboard.routes.cache import DataCache
from dashboard.routes.guard import Guard
from dashboard.routes.lane import DataLane
from dashboard.routes.sign_ins import forget_actors
from dashboard.routes.wall_frames import WallFrames
from geo.operations.accounts import hash_password, hash_token
from geo.operations.attempts import get_attempts
from geo.store.engine import get_actor
from tests.patience import PATIENCE_S
from tests.serving import serve_app
from tests.town import Town

PASSWORD = "correct horse"  # noqa: S105 - of nobody


def add_account(
    town: Town, name: str, role: str | None, party_id: int | None = None, **columns: object
) -> int:
    """Give a town an account with :data:`PASSWORD`, and a post in it if a role is given; the test commits."""
    values = {"login": name, "display_name": "王芳", "password_hash": hash_password(PASSWORD)} | columns
    account = _insert(town, "account", {"must_change_password": False} | values)
    if role is not None:
        add_post(town, account, role, party_id)
    return account


def add_post(town: Town, account_id: int, role: str, party_id: int | None = None) -> int:
    """Give an account a post in a town."""
    values = {"account_id": account_id, "role": role, "community_id": town.id, "party_id": party_id}
    return _insert(town, "role_grant", values)


def add_wall(town: Town, account_id: int, token: str) -> int:
    """Give an account the token of a screen."""
    values = {"account_id": account_id, "purpose": "wall", "name": "大厅", "token_hash": hash_token(token)}
    return _insert(town, "access_token", values)


def _insert(town: Town, table: str, values: dict[str, object]) -> int:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    with town.connection.cursor() as cursor:
        cursor.execute(statement, list(values.values()))
        return int(cursor.fetchall()[0][0])


async def _show_page(request: Request) -> PlainTextResponse:
    actor = get_actor()
    return PlainTextResponse(f"page {request.url.path} for {actor.role if actor else None}")


async def _talk(websocket: WebSocket) -> None:
    await websocket.accept()
    actor = get_actor()
    await websocket.send_text(str(actor and actor.role))
    await websocket.close()


@contextmanager
def serve_guarded(url: str) -> Iterator[str]:
    """Yield the address of the guarded dashboard, with a line of text in place of each page.

    ``url`` must be the installation's database.
    """
    cache = DataCache(url)
    frames = WallFrames()
    forget_actors()
    get_attempts.cache_clear()
    app = Starlette(
        routes=[
            *login.routes(), *health.routes(), *metrics.routes(), *vendor.routes(), *wall.routes(frames),
            WebSocketRoute("/_stcore/stream", _talk),
            Route("/{path:path}", _show_page, methods=["GET", "POST"]),
        ],
        middleware=[Middleware(Guard), Middleware(DataLane, cache)],
    )  # fmt: skip
    try:
        with serve_app(app) as address:
            yield address
    finally:
        frames.close()
        cache.close()


class Browser(httpx.Client):
    """A browser without scripts: keeps cookies, asks for pages, sends the forms it was shown."""

    def __init__(self, address: str) -> None:
        super().__init__(base_url=address, timeout=PATIENCE_S)

    def open(self, path: str) -> httpx.Response:
        """Open a page; where it sends to is not followed."""
        return self.get(path, headers={"Accept": "text/html"})

    def fill(self, path: str, **fields: str) -> httpx.Response:
        """Open a page and send its form with these fields filled in."""
        hidden = read_hidden(self.open(path).text)
        return self.post(path.partition("?")[0], data=hidden | fields)

    def sign_in(self, name: str, password: str = PASSWORD, page: str = "/login") -> httpx.Response:
        """Sign in by the form."""
        return self.fill(page, login=name, password=password)


def read_hidden(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's forms."""
    found: dict[str, str] = {}

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            given = dict(attributes)
            if tag == "input" and given.get("type") == "hidden":
                found[given["name"] or ""] = given["value"] or ""

    Reader().feed(page)
    return found

"""Map data and pages share one server: who answers what, and how soon it leaves."""

import asyncio
import socket

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from dashboard import server
from dashboard.routes.lane import DataLane


async def _answer(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"page {request.url.path}")


@pytest.mark.parametrize("path", ["/", "/map", "/tiles", "/featuresque/x.geojson", "/vendor/tiles/x"])
def test_pages_are_passed_on(path: str) -> None:
    assert ask(path).text == f"page {path}"


@pytest.mark.parametrize("path", ["/tiles/none/0/0/0.mvt", "/features/none.geojson"])
def test_map_data_are_answered_before_the_pages(path: str) -> None:
    answer = ask(path)
    assert answer.status_code == 404
    assert "there is no" in answer.json()["error"]


def ask(path: str) -> httpx.Response:
    pages = Starlette(routes=[Route("/{path:path}", _answer)], middleware=[Middleware(DataLane)])

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(pages), base_url="http://wangge"
        ) as client:
            return await client.get(path)

    return asyncio.run(get())


def test_a_body_does_not_wait_for_the_headers_to_be_confirmed() -> None:
    with socket.socket() as listener:  # as Streamlit opens it, without naming TCP
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server._send_at_once()
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

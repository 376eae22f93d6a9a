"""Every role at every page and route of the real server: allowed exactly where the one table says so."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
from websockets.typing import Subprotocol

import dashboard
from dashboard import server as dashboard_server
from dashboard.routes.cookies import sign_token
from geo.model.actor import ROLES, Role
from geo.operations.accounts import hash_token
from geo.rules.access import RESOURCES, find_route, is_allowed, list_pages, write_matrix
from tests.patience import PATIENCE_S
from tests.trust import Session, Worlds

PAGES = [name for name, resource in RESOURCES.items() if resource.kind == "page"]
ROUTES = [name for name, resource in RESOURCES.items() if resource.kind == "route"]
# What every signed-in person may open, and what asks for a key of its own or for nothing.
FOR_EVERYBODY = {"/password", "/post"}
FREE = ("/login", "/logout", "/healthz", "/vendor/", "/open311/v2/")


@pytest.fixture(scope="module")
def addresses(worlds: Worlds, owner: Session) -> dict[str, str]:
    """Of each route, one that answers."""
    (photo,) = owner.column("SELECT id FROM incident_photo WHERE incident_id = %s", worlds.a.cases["company"])
    owner.connection.rollback()
    return {
        "features": "/features/buildings.geojson",
        "tiles": "/tiles/buildings/14/13653/6653.mvt",
        "patterns": "/patterns/cells.json?community=A&since=2024-06-01&until=2024-06-30",
        "photos": f"/photos/{photo}",
        "print_morning": "/print/morning?community=A",
        "print_month": "/print/month?community=A&month=2024-06",
        "print_relapse": "/print/relapse?community=A",
        "print_pack": "/print/pack?community=A&quarter=2024-Q2",
        "print_cases": "/print/cases?community=A",
        "print_hand_over": f"/print/hand-over?community=A&party={worlds.a.parties['wang']}",
        "print_zones": "/print/zones?community=A",
        "wall": "/wall/frame.json?community=A",
        "metrics": "/metrics",
    }


@pytest.fixture(scope="module")
def cookies(worlds: Worlds, owner: Session) -> dict[Role, str]:
    """Somebody of each role in community A, signed in."""
    owner.ask("UPDATE account SET must_change_password = false")
    for role, account in worlds.a.accounts.items():
        owner.ask(
            "INSERT INTO sign_in (token_hash, account_id, grant_id, expires_at)"
            " SELECT %s, account_id, id, '2999-01-01' FROM role_grant WHERE account_id = %s",
            hash_token(f"token of {role}"),
            account,
        )
    owner.connection.commit()
    return {role: f"wangge={sign_token(f'token of {role}')}" for role in ROLES}


@pytest.fixture(scope="module")
def address(worlds: Worlds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard as ``wangge up`` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = Path(dashboard.__file__).with_name("server.py")
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)]
    process = subprocess.Popen(
        command,
        cwd=tmp_path_factory.mktemp("elsewhere"),
        env=os.environ | {"WANGGE_DATABASE_URL": worlds.url},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


def _wait(address: str, process: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            httpx.get(f"{address}/healthz", timeout=5).raise_for_status()
        except httpx.HTTPError:
            assert process.poll() is None
            assert time.monotonic() < deadline_s
            time.sleep(0.2)
        else:
            return


def open_page(address: str, cookie: str, page: str) -> tuple[set[str], bool]:
    """Open a page as Streamlit's browser part does; return the pages offered, and whether it was reached."""
    offered: set[str] = set()
    is_reached = False
    message = BackMsg()
    message.rerun_script.page_name = page
    message.rerun_script.query_string = "community=A"
    with connect(
        f"{address.replace('http', 'ws')}/_stcore/stream",
        additional_headers={"Cookie": cookie},
        subprotocols=[Subprotocol("streamlit")],
        max_size=None,
    ) as stream:
        stream.send(message.SerializeToString())
        while True:
            packed = stream.recv(timeout=PATIENCE_S)
            answer = ForwardMsg.FromString(packed if isinstance(packed, bytes) else packed.encode())
            kind = answer.WhichOneof("type")
            if kind == "navigation":
                shown = [offer for offer in answer.navigation.app_pages if not offer.is_hidden]
                offered = {offer.url_pathname for offer in shown}
                # The last word: whoever may not open a page is led on to another.
                is_reached = answer.navigation.page_script_hash in {
                    offer.page_script_hash for offer in shown if offer.url_pathname == page
                }
            elif kind == "delta":
                assert answer.delta.new_element.WhichOneof("type") != "exception", answer
            elif kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return offered, is_reached


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ROUTES)
def test_every_role_at_every_route(
    route: str, role: Role, address: str, addresses: dict[str, str], cookies: dict[Role, str]
) -> None:
    # As through a gateway, for programs on this machine read /metrics without signing in.
    headers = {"Cookie": cookies[role], "X-Forwarded-For": "203.0.113.9"}
    answer = httpx.get(address + addresses[route], headers=headers)
    if is_allowed(role, route):
        assert answer.status_code in {200, 404}, answer.text
    else:
        assert answer.status_code == 403
        assert set(answer.json()) == {"error"}
    assert (
        httpx.get(address + addresses[route], headers={"X-Forwarded-For": "203.0.113.9"}).status_code == 401
    )


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_every_role_at_every_page(page: str, role: Role, address: str, cookies: dict[Role, str]) -> None:
    if role == "wall":
        with pytest.raises(Exception, match="HTTP 403"):
            open_page(address, cookies[role], page)
        return
    offered, is_reached = open_page(address, cookies[role], page)
    assert offered == set(list_pages(role))
    assert is_reached == is_allowed(role, page)


def test_whoever_is_not_signed_in_reaches_no_page(address: str) -> None:
    with pytest.raises(Exception, match="HTTP 403"):
        open_page(address, "", "map")


def test_every_route_of_the_server_is_in_the_table_or_open_on_purpose() -> None:
    paths = [str(getattr(route, "path", "")) for route in dashboard_server.app._user_routes]
    assert len(paths) > len(ROUTES)
    for path in paths:
        is_open = path in FOR_EVERYBODY or path.startswith(FREE)
        assert is_open != (find_route(path) is not None), (
            f"{path} is neither in the table nor open on purpose"
        )


def test_every_page_and_route_of_the_table_is_there(addresses: dict[str, str]) -> None:
    views = {view.stem for view in Path(dashboard.__file__).with_name("views").glob("*.py")}
    assert views == set(PAGES)
    assert set(addresses) == set(ROUTES)


@pytest.mark.parametrize("path", ["/featuresx", "/feature", "/print", "/print/morningx", "/", "/map", ""])
def test_no_address_beside_a_route_is_taken_for_it(path: str) -> None:
    assert find_route(path) is None


def test_nobody_may_open_anything() -> None:
    assert not any(is_allowed(None, resource) for resource in RESOURCES)
    assert list_pages(None) == ()


def test_the_guide_prints_the_table() -> None:
    guide = Path(dashboard.__file__).parents[1] / "docs" / "guide.md"
    assert write_matrix() in guide.read_text(encoding="utf-8")

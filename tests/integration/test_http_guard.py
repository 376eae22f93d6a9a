"""Who gets past the guard: over real HTTP, with real accounts."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from itsdangerous import Signer
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extensions import make_dsn, parse_dsn
from shapely import box
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from dashboard.routes import cookies
from dashboard.routes.cookies import sign_token
from geo.settings import get_settings
from tests.office import PASSWORD, Browser, add_account, add_post, serve_guarded
from tests.town import Town

DATA = ("/features/buildings.geojson", "/tiles/buildings/14/13653/6653.mvt")


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    town.building("1", box(10, 10, 30, 20))
    add_account(town, "fang", "secretary")
    connection.commit()
    return town


@pytest.fixture
def address(town: Town, database_url: str) -> Iterator[str]:
    with serve_guarded(database_url) as address:
        yield address


@pytest.fixture
def browser(address: str) -> Iterator[Browser]:
    with Browser(address) as browser:
        yield browser


def run(town: Town, statement: str) -> None:
    with town.connection.cursor() as cursor:
        cursor.execute(statement)
    town.connection.commit()


def talk(address: str, cookie: str = "") -> str | int:
    """Open the websocket; return its first words, or the status of the refusal."""

    async def listen() -> str | int:
        try:
            stream = f"{address.replace('http', 'ws')}/_stcore/stream"
            async with connect(stream, additional_headers={"Cookie": f"wangge={cookie}"}) as socket:
                return str(await socket.recv())
        except InvalidStatus as refusal:
            return refusal.response.status_code

    return asyncio.run(listen())


def test_who_is_not_signed_in_meets_the_login_page_and_no_data(browser: Browser, address: str) -> None:
    answer = browser.open("/map?community=A&at=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fmap%3Fcommunity%3DA%26at%3D1"
    assert answer.headers["cache-control"] == "no-store"
    for path in (
        *DATA,
        "/",
        "/_stcore/health",
        "/_stcore/upload_file",
        "/media/1.png",
        "/photos/1",
        "/metrics/x",
    ):
        answer = browser.get(path)
        assert answer.status_code == 401, path
        assert set(answer.json()) == {"error"}
        assert answer.headers["cache-control"] == "no-store"
    for path in (*DATA, "/_stcore/health"):
        assert browser.open(path).status_code == 401, "what is no page sends nobody to one"
    assert browser.post("/").status_code == 401
    assert talk(address) == 403
    assert browser.open("/login").status_code == 200
    assert browser.get("/healthz").json()["status"] == "ok"
    assert browser.get("/vendor/none").status_code == 404
    assert browser.get("/login/none").status_code == 404


@pytest.mark.parametrize(
    "path", ["//features/buildings.geojson", "/login/../features/buildings.geojson", "/vendor/../features/x",
             "/open311/../features/buildings.geojson", "/Login", "/login%2f..%2fmap", "/healthz/", "/loginx"],
)  # fmt: skip
def test_no_other_way_of_writing_an_address_leads_past_the_guard(path: str, address: str) -> None:
    # As sent, not as httpx would tidy it.
    host, _, port = address.removeprefix("http://").partition(":")

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        return answer

    answer = asyncio.run(ask())
    assert answer.split()[1] in {b"401", b"404"}
    assert b"page " not in answer.partition(b"\r\n\r\n")[2]
    assert b"FeatureCollection" not in answer


def test_signing_in_opens_pages_data_and_websocket_alike(browser: Browser, address: str) -> None:
    answer = browser.sign_in("fang", page="/login?next=/map?community=A")
    assert (answer.status_code, answer.headers["location"]) == (303, "/map?community=A")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    assert f"Max-Age={12 * 3600}" in cookie
    assert browser.open("/map").text == "page /map for secretary"
    for path in DATA:
        assert browser.get(path).status_code == 200
    assert talk(address, browser.cookies["wangge"]) == "secretary"
    assert browser.open("/login?next=/draw").headers["location"] == "/draw", "no need to sign in twice"


def test_a_page_that_there_is_none_of_leads_to_the_first(browser: Browser) -> None:
    browser.sign_in("fang")
    answer = browser.open("/nosuch?community=A")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lost=1")
    for path in ("/", "/map", "/imports", "/_stcore/health", "/favicon.png"):
        assert browser.open(path).text == f"page {path} for secretary"
    assert browser.get("/nosuch").status_code == 200, "what a script fetches is no page"


def test_over_https_the_cookie_is_secure(browser: Browser) -> None:
    browser.headers["X-Forwarded-Proto"] = "https"
    assert "; Secure" in browser.sign_in("fang").headers["set-cookie"]


@pytest.mark.parametrize("harm", ["altered", "forged", "unsigned", "of nobody", "empty", "not latin"])
def test_a_cookie_that_is_not_ours_is_no_sign_in(harm: str, browser: Browser, address: str) -> None:
    browser.sign_in("fang")
    good = browser.cookies["wangge"]
    token, _, signature = good.rpartition(".")
    cookie = {
        "altered": f"{token}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "forged": Signer("guess", salt="sign-in").sign(token).decode(),
        "unsigned": token,
        "of nobody": sign_token("nobody"),
        "empty": ".",
        "not latin": "%00%ff",
    }[harm]
    browser.cookies.clear()
    headers = {"Cookie": f"wangge={cookie}"}
    answer = browser.get(DATA[0], headers=headers)
    assert answer.status_code == 401
    assert "wangge=;" in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    page = browser.get("/map", headers=headers | {"Accept": "text/html"})
    assert page.headers["location"] == "/login?next=%2Fmap&why=ended"
    assert "wangge=;" in page.headers["set-cookie"]
    assert talk(address, cookie) == 403
    assert "登录已失效，请重新登录" in browser.open("/login?why=ended").text


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE sign_in SET expires_at = now() - interval '1 s'",
        "UPDATE account SET disabled_at = now()",
        "DELETE FROM sign_in",
        "UPDATE role_grant SET valid_to = current_date, valid_from = '2020-01-01'",
    ],
)
def test_a_sign_in_ends_in_the_database_within_seconds(end: str, town: Town, browser: Browser) -> None:
    browser.sign_in("fang")
    run(town, end)  # The cookie was given but never asked about, so that nothing of it is remembered.
    assert browser.get(DATA[0]).status_code == 401


def test_signing_out_ends_pages_and_data_at_once_for_every_copy_of_the_cookie(
    browser: Browser, address: str
) -> None:
    browser.sign_in("fang")
    copy = {"Cookie": f"wangge={browser.cookies['wangge']}"}
    assert browser.get(DATA[0], headers=copy).status_code == 200
    form = cookies.make_form_token(browser.cookies["wangge"])
    answer = browser.post("/logout", data={"form": form, "lang": "en"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?why=out&lang=en")
    assert "wangge" not in browser.cookies
    for path in DATA:
        assert browser.get(path, headers=copy).status_code == 401
    assert browser.get("/map", headers=copy | {"Accept": "text/html"}).status_code == 303
    assert talk(address, copy["Cookie"].removeprefix("wangge=")) == 403


def test_no_other_site_can_sign_anybody_out(browser: Browser) -> None:
    browser.sign_in("fang")
    assert browser.post("/logout").status_code == 403
    assert browser.post("/logout", data={"form": "0" * 64}).status_code == 403
    assert browser.get("/logout").headers["location"] == "/"
    assert browser.get(DATA[0]).status_code == 200


def test_metrics_are_for_programs_on_this_machine_and_administrators(town: Town, browser: Browser) -> None:
    add_account(town, "admin", "administrator")
    town.connection.commit()
    assert browser.get("/metrics").status_code == 200
    browser.headers["X-Forwarded-For"] = "203.0.113.9"
    assert browser.get("/metrics").status_code == 401
    browser.sign_in("fang")
    assert browser.get("/metrics").status_code == 403
    browser.cookies.clear()
    browser.sign_in("admin")
    assert browser.get("/metrics").status_code == 200


def test_a_seeded_password_opens_nothing_before_it_is_changed(
    town: Town, browser: Browser, address: str
) -> None:
    add_account(town, "new", "grid_worker", must_change_password=True)
    town.connection.commit()
    browser.sign_in("new", page="/login?next=/map")
    assert browser.open("/map?x=1").headers["location"] == "/password?next=%2Fmap%3Fx%3D1"
    assert browser.get(DATA[0]).status_code == 403
    assert talk(address, browser.cookies["wangge"]) == 403
    page = "/password?next=/map"
    for old, new, again, sentence in (
        ("wrong", "a new horse!", "a new horse!", "现在的密码不对"),
        (PASSWORD, "a new horse!", "another one", "两次输入"),
        (PASSWORD, "short", "short", "这个新密码不行"),
        (PASSWORD, PASSWORD, PASSWORD, "这个新密码不行"),
    ):
        answer = browser.fill(page, old=old, new=new, again=again)
        assert (answer.status_code, sentence in answer.text) == (400, True), sentence
        assert browser.get(DATA[0]).status_code == 403
    answer = browser.fill(page, old=PASSWORD, new="a new horse!", again="a new horse!")
    assert (answer.status_code, answer.headers["location"]) == (303, "/map")
    assert browser.get(DATA[0]).status_code == 200


def test_whoever_has_several_posts_chooses_and_changes_at_once(town: Town, browser: Browser) -> None:
    account = add_account(town, "both", "secretary", town.party("both"))
    add_post(town, account, "grid_worker", town.party("other"))
    town.connection.commit()
    answer = browser.sign_in("both", page="/login?next=/map")
    assert answer.headers["location"] == "/post?next=%2Fmap&lang=zh"
    page = browser.open(answer.headers["location"]).text
    assert "书记" in page
    assert "网格员" in page
    assert browser.open("/").text == "page / for secretary"
    second = page.split('name="post" value="')[2].split('"')[0]
    assert browser.fill("/post?next=/map", post=second).headers["location"] == "/map"
    assert browser.open("/").text == "page / for grid_worker"
    for nonsense in ("999999", "-1", "x", ""):
        assert browser.fill("/post", post=nonsense).status_code == 200
        assert browser.open("/").text == "page / for grid_worker"


def test_a_database_that_is_gone_is_a_sentence(database_url: str, browser: Browser) -> None:
    browser.sign_in("fang")
    name = parse_dsn(database_url)["dbname"]
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
    with closing(psycopg2.connect(make_dsn(database_url, dbname="postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            cursor.execute(rename.format(sql.Identifier(name), sql.Identifier("away")))
            try:
                assert browser.get(DATA[0]).status_code == 503
                page = browser.open("/map")
                assert page.headers["location"] == "/login?next=%2Fmap&why=database"
                assert "set-cookie" not in page.headers, "he is still signed in when it comes back"
                shown = browser.open(page.headers["location"])
                assert (shown.status_code, "数据库没有应答" in shown.text) == (503, True)
                assert browser.sign_in("fang").status_code == 503
            finally:
                cursor.execute(rename.format(sql.Identifier("away"), sql.Identifier(name)))
    assert browser.open("/map").text == "page /map for secretary"


class TestSecret:
    """The file that the cookies are signed with."""

    def test_it_is_made_once_for_this_user_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WANGGE_DATA_DIR", str(tmp_path))
        get_settings.cache_clear()
        cookie = sign_token("x")
        assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
        assert [path.name for path in tmp_path.iterdir()] == ["secret"]
        cookies._read_secret.cache_clear()
        assert sign_token("x") == cookie
        monkeypatch.undo()
        get_settings.cache_clear()
        assert cookies.read_token(cookie) is None, "another installation's cookie"


def test_only_whoever_brings_files_in_sends_more_than_a_picture_has(town: Town, browser: Browser) -> None:
    add_account(town, "li", "grid_worker")
    town.connection.commit()
    address, large = "/_stcore/upload_file/session/file", b"\0" * (11 << 20)

    def send(content: bytes | Iterator[bytes]) -> int:
        return browser.put(address, content=content).status_code

    browser.sign_in("fang")
    # 405: past the guard, where this server has nothing that takes files.
    assert send(large) == 405
    browser.cookies.clear()
    browser.sign_in("li")
    assert send(b"\0" * (9 << 20)) == 405
    assert send(large) == 400
    assert send(iter([large])) == 400, "how much it is must be said beforehand"
    answer = browser.put(address, content=large).json()
    assert answer == {"error": "this is too large: send a picture of at most 10 MB"}

"""The login page: who may come in by it, what it says to others, and that it leads nowhere else."""

from collections.abc import Iterator

import httpx
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from dashboard.routes.login import read_next
from geo.operations.accounts import DEMO_PASSWORD, hash_password
from tests.office import PASSWORD, Browser, add_account, add_wall, read_hidden, serve_guarded
from tests.town import Town

DATA = "/features/buildings.geojson"


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    town = Town(connection)
    add_account(town, "fang", "secretary")
    connection.commit()
    return town


@pytest.fixture
def browser(town: Town, database_url: str) -> Iterator[Browser]:
    with serve_guarded(database_url) as address, Browser(address) as browser:
        yield browser


def run(town: Town, statement: str) -> None:
    with town.connection.cursor() as cursor:
        cursor.execute(statement)
    town.connection.commit()


@pytest.mark.parametrize(
    ("given", "goes_to"),
    [
        ("/map?community=A&at=1_2_3", "/map?community=A&at=1_2_3"),
        ("/", "/"),
        *((elsewhere, "/") for elsewhere in (
            None, "", "map", "//example.org", "///example.org", "/\\example.org", "\\\\example.org",
            "https://example.org", "javascript:alert(1)", "/\r\nSet-Cookie: x=1", "/map\n", "/a b", "/login",
            "/login?next=/", "/logout", "/password", "/post?next=/x", "/login/oidc", "/地图",
        )),
        ("/loginx", "/loginx"),
    ],
)  # fmt: skip
def test_after_the_door_one_stays_in_the_house(given: str | None, goes_to: str) -> None:
    assert read_next(given) == goes_to


def test_a_wrong_password_gets_one_sentence_and_no_cookie(town: Town, browser: Browser) -> None:
    said = set()
    for name, password in (("fang", "wrong"), ("nobody", "wrong"), ("", ""), ("fang'; --", PASSWORD)):
        answer = browser.sign_in(name, password)
        assert answer.status_code == 401
        assert "wangge" not in browser.cookies
        assert "登录名或密码不对" in answer.text
        said.add(answer.text.partition('role="alert">')[2].partition("<")[0])
    assert len(said) == 1, "whether a login exists is nobody's business"
    assert browser.get(DATA).status_code == 401


def test_after_five_wrong_tries_the_right_password_must_wait_too(town: Town, browser: Browser) -> None:
    for _ in range(5):
        browser.sign_in("fang", "wrong")
    answer = browser.sign_in("fang")
    assert answer.status_code == 401
    assert "连续错 5 次后要等 15 分钟" in answer.text
    browser.headers["X-Forwarded-For"] = "203.0.113.9"
    assert browser.sign_in("fang").status_code == 303, "who guessed elsewhere closed it to nobody here"


@pytest.mark.parametrize("harm", ["no token", "another's token", "no cookie"])
def test_no_other_site_can_sign_anybody_in(harm: str, browser: Browser) -> None:
    form = read_hidden(browser.open("/login").text) | {"login": "fang", "password": PASSWORD}
    if harm == "no token":
        del form["form"]
    elif harm == "another's token":
        browser.cookies.clear()
        browser.open("/login")
    else:
        browser.cookies.clear()
    answer = browser.post("/login", data=form)
    assert answer.status_code == 403
    assert "请再试一次" in answer.text
    assert "wangge" not in browser.cookies
    assert browser.sign_in("fang").status_code == 303


def test_two_windows_of_one_browser_may_both_show_the_page(browser: Browser) -> None:
    first = read_hidden(browser.open("/login").text)
    browser.open("/login")
    answer = browser.post("/login", data=first | {"login": "fang", "password": PASSWORD})
    assert answer.status_code == 303


def test_what_is_no_form_is_refused_in_a_sentence(browser: Browser) -> None:
    long = browser.post("/login", content=b"login=" + b"x" * 100_000)
    assert (long.status_code, long.text) == (413, "this form is too long")
    for nonsense in ("地图".encode(), b"&".join([b"a=1"] * 500)):
        answer = browser.post("/login", content=nonsense)
        assert answer.status_code == 400
        assert "cannot be read" in answer.text


@pytest.mark.parametrize("wanted", ["//[", "http://[x", "/map?lang=en#["])
def test_an_address_to_go_on_to_that_is_none_is_passed_over(wanted: str, browser: Browser) -> None:
    assert browser.get("/login", params={"next": wanted}).status_code == 200


def test_what_stands_in_the_address_comes_out_as_text(browser: Browser) -> None:
    script = '"><script>alert(1)</script>'
    page = browser.get(
        "/login", params={"login": script, "next": f"/{script}", "why": script, "lang": script}
    )
    assert page.status_code == 200
    assert "<script" not in page.text
    answer = browser.sign_in(script, "x")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


def test_the_page_speaks_both_languages_and_so_does_what_follows(browser: Browser) -> None:
    assert "登录名" in browser.open("/login").text
    english = browser.open("/login?lang=en&next=/map").text
    assert "Password" in english
    assert "登录名" not in english
    assert browser.sign_in("fang", "wrong", "/login?lang=en").text.count("do not open an account") == 1
    assert browser.sign_in("fang", page="/login?lang=en&next=/map").headers["location"] == "/map?lang=en"


class TestDemo:
    """The accounts that everybody may use, where nothing is real."""

    @pytest.fixture(autouse=True)
    def _demo_accounts(self, town: Town) -> None:
        add_account(town, "a-worker", "grid_worker", is_demo=True, password_hash=hash_password(DEMO_PASSWORD))
        run(town, "UPDATE community SET is_demo = true")

    def test_one_click_signs_in(self, browser: Browser) -> None:
        page = browser.open("/login?next=/map").text
        assert 'value="a-worker"' in page
        assert 'value="fang"' not in page
        assert browser.fill("/login?next=/map", demo="a-worker").headers["location"] == "/map"
        assert browser.open("/").text == "page / for grid_worker"

    def test_a_click_opens_no_other_account(self, browser: Browser) -> None:
        assert browser.fill("/login", demo="fang").status_code == 401

    def test_where_anything_is_real_there_are_none(self, town: Town, browser: Browser) -> None:
        form = read_hidden(browser.open("/login").text)
        Town(town.connection, "B")
        town.connection.commit()
        assert "a-worker" not in browser.open("/login").text
        assert browser.post("/login", data=form | {"demo": "a-worker"}).status_code == 401
        assert browser.sign_in("a-worker", DEMO_PASSWORD).status_code == 401


class TestWall:
    """A screen opens an address with a token and is signed in by it."""

    @pytest.fixture(autouse=True)
    def _screen(self, town: Town) -> None:
        add_wall(town, add_account(town, "hall", "wall", password_hash=None), "the-token")
        town.connection.commit()

    def test_the_token_becomes_a_cookie_and_leaves_the_address(self, browser: Browser) -> None:
        answer = browser.open("/wall?token=the-token")
        assert (answer.status_code, answer.headers["location"]) == (303, "/wall")
        assert "the-token" not in answer.headers["set-cookie"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert browser.open("/wall").status_code == 200
        assert browser.get(DATA).status_code == 403
        assert browser.get("/print/morning").status_code == 403

    def test_a_token_that_is_no_good_gets_a_sentence(self, town: Town, browser: Browser) -> None:
        def ask(token: str) -> httpx.Response:
            return browser.open(f"/wall?token={token}")

        for token in ("", "wrong", "the-token%00", "%ff"):
            assert ask(token).status_code == 401, token
            assert "这块大屏的地址已失效" in ask(token).text
        assert "wangge" not in browser.cookies
        run(town, "UPDATE access_token SET revoked_at = now()")
        assert ask("the-token").status_code == 401

    def test_revoking_the_token_ends_what_it_opened(self, town: Town, browser: Browser) -> None:
        browser.open("/wall?token=the-token")
        run(town, "UPDATE access_token SET revoked_at = now()")
        assert browser.get(DATA).status_code == 401

    def test_a_token_elsewhere_is_no_sign_in(self, browser: Browser) -> None:
        assert browser.open("/map?token=the-token").headers["location"].startswith("/login?next=")
        assert browser.get(f"{DATA}?token=the-token").status_code == 401

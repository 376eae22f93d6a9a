"""Signing in by an organisation's sign-on, against a provider that runs beside the test."""

from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
from oidc_provider_mock import run_server_in_thread  # type: ignore[import-untyped] # it has no types
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.settings import get_settings
from tests.office import Browser, add_account, serve_guarded
from tests.town import Town

DATA = "/features/buildings.geojson"


@pytest.fixture
def provider() -> Iterator[str]:
    with run_server_in_thread(require_nonce=True) as server:
        address = f"http://localhost:{server.server_port}"
        for subject, login in (("0017", "li"), ("0018", "stranger"), ("0019", "fang")):
            claims = {"preferred_username": login, "name": "李伟"}
            httpx.put(f"{address}/users/{subject}", json=claims).raise_for_status()
        yield address


@pytest.fixture
def town(connection: PostgresConnection, provider: str) -> Town:
    town = Town(connection)
    add_account(town, "li", "grid_worker", town.party("li"), password_hash=None, oidc_issuer=provider)
    # Has a password of its own: the organisation's word for it is not asked.
    add_account(town, "fang", "secretary")
    connection.commit()
    return town


@pytest.fixture
def browser(
    town: Town, provider: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Browser]:
    monkeypatch.setenv("WANGGE_OIDC_ISSUER", provider)
    monkeypatch.setenv("WANGGE_OIDC_CLIENT_ID", "wangge")
    monkeypatch.setenv("WANGGE_OIDC_CLIENT_SECRET", "secret")
    get_settings.cache_clear()
    with ExitStack() as stack:
        yield stack.enter_context(Browser(stack.enter_context(serve_guarded(database_url))))


def go(browser: Browser, wanted: str = "/map") -> str:
    """Press the button; return the address of the provider that the browser is sent to."""
    answer = browser.open(f"/login/oidc?next={wanted}&lang=zh")
    assert answer.status_code == 302
    return answer.headers["location"]


def consent(address: str, subject: str) -> str:
    """Sign in at the provider as somebody; return the address that it sends back to."""
    answer = httpx.post(address, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def change(address: str, **values: str) -> str:
    parts = urlsplit(address)
    return parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | values)).geturl()


def expect_refusal(browser: Browser, address: str, why: str, sentence: str) -> None:
    answer = browser.open(address)
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["why"] == [why]
    assert sentence in browser.open(answer.headers["location"]).text
    assert "wangge" not in browser.cookies
    assert browser.get(DATA).status_code == 401


def test_whoever_an_account_was_prepared_for_comes_in_and_comes_back(town: Town, browser: Browser) -> None:
    assert "使用单位统一身份认证登录" in browser.open("/login").text
    for _ in range(2):
        answer = browser.open(consent(go(browser, "/map?community=A"), "0017"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/map?community=A")
        assert "HttpOnly" in answer.headers["set-cookie"]
        assert browser.open("/").text == "page / for grid_worker"
        browser.cookies.clear()
    with town.connection.cursor() as cursor:
        cursor.execute("SELECT oidc_subject, display_name FROM account WHERE login = 'li'")
        assert cursor.fetchall() == [("0017", "李伟")]


def test_the_exchange_is_guarded_by_state_nonce_and_a_proof_of_the_code(browser: Browser) -> None:
    query = parse_qs(urlsplit(go(browser)).query)
    assert query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 20
    assert len(query["nonce"][0]) >= 20
    assert query["redirect_uri"] == [f"{browser.base_url}/login/oidc/callback"]
    assert parse_qs(urlsplit(go(browser)).query)["state"] != query["state"]


@pytest.mark.parametrize("subject", ["0018", "0019"])
def test_whom_nobody_prepared_an_account_for_stays_outside(subject: str, browser: Browser) -> None:
    expect_refusal(browser, consent(go(browser), subject), "unknown", "还没有为您准备账号")


def test_whoever_takes_over_the_login_of_another_stays_outside(provider: str, browser: Browser) -> None:
    browser.open(consent(go(browser), "0017"))
    browser.cookies.clear()
    httpx.put(f"{provider}/users/0018", json={"preferred_username": "li"}).raise_for_status()
    expect_refusal(browser, consent(go(browser), "0018"), "unknown", "还没有为您准备账号")


def test_another_nonce_is_refused(browser: Browser) -> None:
    address = change(go(browser), nonce="of-another-exchange")
    expect_refusal(browser, consent(address, "0017"), "oidc", "没有成功")


@pytest.mark.parametrize("state", ["", "of-another-exchange"])
def test_another_state_is_refused(state: str, browser: Browser) -> None:
    expect_refusal(browser, change(consent(go(browser), "0017"), state=state), "oidc", "没有成功")


def test_an_answer_is_good_for_the_browser_that_asked_only(browser: Browser) -> None:
    address = consent(go(browser), "0017")
    browser.cookies.clear()
    expect_refusal(browser, address, "oidc", "没有成功")


def test_an_answer_is_good_once(browser: Browser) -> None:
    address = consent(go(browser), "0017")
    assert browser.open(address).headers["location"] == "/map"
    browser.cookies.delete("wangge")
    expect_refusal(browser, address, "oidc", "没有成功")


def test_a_forged_code_is_refused(browser: Browser) -> None:
    expect_refusal(browser, change(consent(go(browser), "0017"), code="guess"), "oidc", "没有成功")


def test_whoever_declines_there_is_told_so_here(browser: Browser) -> None:
    answer = httpx.post(go(browser), data={"action": "deny"})
    expect_refusal(browser, answer.headers["location"], "oidc", "没有成功")


def test_a_provider_that_calls_itself_otherwise_is_refused(
    provider: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANGGE_OIDC_ISSUER", f"{provider}/")
    get_settings.cache_clear()
    expect_refusal(browser, consent(go(browser), "0017"), "oidc", "没有成功")


def test_a_provider_that_is_gone_is_a_sentence(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_OIDC_ISSUER", "http://127.0.0.1:9")
    get_settings.cache_clear()
    expect_refusal(browser, "/login/oidc?next=/map&lang=zh", "oidc", "没有成功")


def test_where_no_provider_is_set_there_is_none(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANGGE_OIDC_ISSUER")
    get_settings.cache_clear()
    assert "统一身份认证登录" not in browser.open("/login").text
    for address in ("/login/oidc", "/login/oidc/callback?code=x&state=y"):
        expect_refusal(browser, address, "oidc", "没有成功")


def test_nobody_is_sent_elsewhere_afterwards(browser: Browser) -> None:
    for wanted in ("//example.org", "https://example.org"):
        assert browser.open(consent(go(browser, wanted), "0017")).headers["location"] == "/"
        browser.cookies.clear()

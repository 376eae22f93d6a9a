"""``wangge account``: what an administrator types, and what each account can do afterwards."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from etl.cli import cli
from geo.errors import NotSignedIn, WanggeError
from geo.operations.accounts import (
    change_password,
    find_actor,
    find_api_actor,
    list_grants,
    sign_in,
    sign_in_with_oidc,
    sign_in_with_wall_token,
)
from tests.town import Town

TODAY = (datetime.now(UTC) + timedelta(hours=8)).date()


@pytest.fixture(autouse=True)
def town(connection: PostgresConnection) -> Town:
    """Community A with grid 01, worker wang and company P1."""
    town = Town(connection)
    town.grid("01", box(0, 0, 400, 400))
    town.party("wang")
    town.party("P1", "property_company")
    connection.commit()
    return town


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["account", *arguments], input=stdin)


def tell(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    result = run(*arguments, "--json", stdin=stdin)
    assert result.exit_code == 0, (result.exception, result.stderr)
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def refuse(*arguments: str, stdin: str | None = None) -> str:
    result = run(*arguments, stdin=stdin)
    assert isinstance(result.exception, WanggeError), (result.exception, result.stderr)
    return str(result.exception)


def test_a_worker_from_the_first_password_to_the_own(town: Town) -> None:
    told = tell(
        *("add", "Wang", "--role", "grid_worker", "--community", "A", "--grid", "01", "--party", "wang"),
        *("--name", "王芳"),
    )
    token = sign_in("wang", told["password"])
    actor = find_actor(token)
    assert actor is not None
    assert (actor.name, actor.role, actor.community_ids) == ("王芳", "grid_worker", (town.id,))
    assert actor.party_id is not None
    assert len(actor.grid_ids) == 1
    assert actor.must_change_password
    change_password(token, told["password"], "my own password")
    sign_in("wang", "my own password")
    assert told["password"] not in run("list").stdout + json.dumps(tell("list"))


def test_the_first_administrator_needs_no_community(connection: PostgresConnection) -> None:
    told = tell("add", "admin", "--role", "administrator")
    actor = find_actor(sign_in("admin", told["password"]))
    assert actor is not None
    assert actor.role == "administrator"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x", "--role", "administrator"], "2 to 64 characters"),
        (["a b", "--role", "administrator"], "no blanks"),
        (["wang", "--role", "grid_worker"], "--community"),
        (["wang", "--role", "secretary", "--community", "Z"], "no community Z"),
        (["wang", "--role", "grid_worker", "--community", "A", "--grid", "99"], "no grid 99"),
        (["wang", "--role", "grid_worker", "--community", "A", "--party", "li"], "no party li"),
        (["p", "--role", "property_company", "--community", "A"], "2 to 64"),
        (["pp", "--role", "property_company", "--community", "A"], "--party"),
        (["boss", "--role", "leader", "--grid", "01"], "--community"),
        (
            ["wang", "--role", "leader", "--from", "2024-02-01", "--until", "2024-01-31"],
            "before it begins",
        ),
        (["wang", "--role", "leader", "--oidc-subject", "s"], "issuer"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    arguments: list[str], sentence: str, connection: PostgresConnection
) -> None:
    assert sentence in refuse("add", *arguments)
    assert tell("list") == {"accounts": []}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM audit_log")
        assert cursor.fetchall() == [(0,)]


def test_usage_is_another_exit_code() -> None:
    assert run("add", "wang", "--role", "king").exit_code == 2
    assert run("add", "wang").exit_code == 2
    assert run("token", "wang", "--purpose", "door", "--name", "x").exit_code == 2


def test_a_login_is_taken_once() -> None:
    tell("add", "wang", "--role", "leader")
    assert "already" in refuse("add", "WANG", "--role", "leader")
    assert len(tell("list")["accounts"]) == 1


def test_posts_come_and_end() -> None:
    password = tell("add", "wang", "--role", "leader", "--until", TODAY.isoformat())["password"]
    token = sign_in("wang", password)
    second = tell("grant", "wang", "--role", "secretary", "--community", "A")["grant"]
    assert [grant.role for grant in list_grants(token)] == ["leader", "secretary"]
    tell("end", str(second))
    assert [grant.role for grant in list_grants(token)] == ["leader"]
    (account,) = tell("list")["accounts"]
    assert [post["until"] for post in account["grants"]] == [TODAY.isoformat()]
    assert "no grant 999" in refuse("end", "999")
    tell("end", str(account["grants"][0]["id"]))
    assert find_actor(token) is None


def test_passwd() -> None:
    first = tell("add", "wang", "--role", "leader")["password"]
    token = sign_in("wang", first)
    tell("passwd", "wang", "--password-stdin", stdin="set by the office\n")
    assert find_actor(token) is None
    actor = find_actor(sign_in("wang", "set by the office"))
    assert actor is not None
    assert actor.must_change_password
    prompted = run("passwd", "wang", "--no-change", stdin="typed at a prompt\ntyped at a prompt\n")
    assert prompted.exit_code == 0
    assert "typed" not in prompted.stdout + prompted.stderr
    actor = find_actor(sign_in("wang", "typed at a prompt"))
    assert actor is not None
    assert not actor.must_change_password
    assert "10 to 200" in refuse("passwd", "wang", "--password-stdin", stdin="short\n")
    assert "no account" in refuse("passwd", "li", "--password-stdin", stdin="set by the office\n")


def test_disable_and_enable() -> None:
    password = tell("add", "wang", "--role", "leader")["password"]
    token = sign_in("wang", password)
    tell("disable", "wang")
    assert find_actor(token) is None
    with pytest.raises(NotSignedIn):
        sign_in("wang", password)
    tell("enable", "wang")
    assert find_actor(token) is None
    sign_in("wang", password)


def test_an_expected_sign_on() -> None:
    told = tell("add", "wang", "--role", "leader", "--oidc-issuer", "https://sso.example.org")
    assert told["password"] is None
    assert find_actor(sign_in_with_oidc("https://sso.example.org", "7", "wang")) is not None
    assert "sign-on" in refuse("passwd", "wang", "--password-stdin", stdin="set by the office\n")


def test_tokens_of_screens_and_programs() -> None:
    assert tell("add", "hall", "--role", "wall", "--community", "A")["password"] is None
    tell("add", "api", "--role", "secretary", "--community", "A", "--no-password")
    wall = tell("token", "hall", "--purpose", "wall", "--name", "一楼大厅")
    key = tell("token", "api", "--purpose", "open311", "--name", "热线", "--until", TODAY.isoformat())
    stale = tell("token", "api", "--purpose", "open311", "--name", "旧", "--until", "2024-01-01")
    shown = find_actor(sign_in_with_wall_token(wall["token"]))
    assert shown is not None
    assert shown.role == "wall"
    assert find_api_actor(key["token"]) is not None
    assert find_api_actor(stale["token"]) is None
    assert wall["token"] not in json.dumps(tell("list"))
    tell("revoke", str(wall["id"]))
    with pytest.raises(NotSignedIn):
        sign_in_with_wall_token(wall["token"])
    assert "no token 999" in refuse("revoke", "999")
    assert [t["purpose"] for a in tell("list")["accounts"] for t in a["tokens"]] == ["open311"]


def test_every_change_is_in_the_log(connection: PostgresConnection) -> None:
    tell("add", "wang", "--role", "leader")
    tell("disable", "wang")
    with connection.cursor() as cursor:
        cursor.execute("SELECT action, object_type, reason FROM audit_log ORDER BY id")
        assert cursor.fetchall() == [
            ("account_changed", "account", "added as leader"),
            ("account_changed", "account", "disabled"),
        ]

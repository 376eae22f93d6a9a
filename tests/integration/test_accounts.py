"""Signing in and out, and what a token stands for: as the application, which sees no hash and no token."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import box

from geo.errors import Forbidden, InputRefused, NotFound, NotSignedIn
from geo.model.actor import NOBODY
from geo.operations.accounts import (
    DEMO_PASSWORD,
    change_password,
    find_actor,
    find_api_actor,
    hash_password,
    hash_token,
    list_demo_accounts,
    list_grants,
    sign_in,
    sign_in_with_oidc,
    sign_in_with_wall_token,
    sign_out,
    switch_grant,
)
from geo.operations.attempts import get_attempts
from geo.settings import get_settings
from geo.store.engine import acting_as
from tests.town import Town

PASSWORD = "correct horse"  # noqa: S105 - of nobody
CHINA = ZoneInfo("Asia/Shanghai")
ISSUER = "https://sso.example.org"
HERE = "203.0.113.9"


class Office:
    """A community with accounts, written as the owner."""

    def __init__(self, connection: PostgresConnection) -> None:
        self.connection = connection
        self.town = Town(connection)
        self.worker = self.town.party("wang")
        connection.commit()

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(query, values)
            rows = cursor.fetchall() if cursor.description else []
        self.connection.commit()
        return rows

    def account(self, login: str = "wang", **columns: object) -> int:
        values = {
            "login": login, "display_name": "王芳", "password_hash": hash_password(PASSWORD),
            "must_change_password": False,
        } | columns  # fmt: skip
        names, places = ", ".join(values), ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO account ({names}) VALUES ({places}) RETURNING id"
        return int(self.ask(statement, *values.values())[0][0])

    def grant(self, account_id: int, role: str = "grid_worker", **columns: object) -> int:
        values = {"account_id": account_id, "role": role, "community_id": self.town.id} | columns
        names, places = ", ".join(values), ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO role_grant ({names}) VALUES ({places}) RETURNING id"
        return int(self.ask(statement, *values.values())[0][0])

    def token(self, account_id: int, purpose: str, token: str, **columns: object) -> None:
        values = {"account_id": account_id, "purpose": purpose, "name": "x", "token_hash": hash_token(token)}
        values |= columns
        names, places = ", ".join(values), ", ".join(["%s"] * len(values))
        self.ask(f"INSERT INTO access_token ({names}) VALUES ({places})", *values.values())

    def actions(self) -> list[str]:
        return [action for (action,) in self.ask("SELECT action FROM audit_log ORDER BY id")]


@pytest.fixture
def office(connection: PostgresConnection) -> Office:
    return Office(connection)


@pytest.fixture(autouse=True)
def _as_the_application() -> Iterator[None]:
    get_attempts.cache_clear()
    with acting_as(NOBODY):
        yield


def test_the_right_password_opens_and_signing_out_closes(office: Office) -> None:
    account = office.account()
    office.grant(account, party_id=office.worker)
    token = sign_in(" Wang ", PASSWORD)
    actor = find_actor(token)
    assert actor is not None
    assert (actor.account_id, actor.role, actor.name) == (account, "grid_worker", "王芳")
    assert (actor.community_ids, actor.party_id, actor.grid_ids) == ((office.town.id,), office.worker, ())
    assert not actor.must_change_password
    sign_out(token)
    assert find_actor(token) is None
    sign_out(token)
    assert office.actions() == ["sign_in", "sign_out"]
    assert office.ask("SELECT account_id, role FROM audit_log WHERE action = 'sign_in'") == [
        (account, "grid_worker")
    ]


def test_the_refusal_does_not_tell_which_logins_exist(office: Office) -> None:
    office.grant(office.account())
    office.grant(office.account("closed", disabled_at="2024-01-01"))
    office.grant(office.account("sso", password_hash=None, oidc_issuer=ISSUER))
    said = set()
    for login, password in [
        ("wang", "wrong"), ("nobody", "wrong"), ("closed", PASSWORD), ("sso", ""), ("", ""),
        ("wang", "x" * 10**6), ("a\x00b", "wrong"), ("wang", "\ud800"), ("wang' OR true --", PASSWORD),
    ]:  # fmt: skip
        with pytest.raises(NotSignedIn) as refusal:
            sign_in(login, password)
        said.add(str(refusal.value))
    assert len(said) == 1
    assert office.actions() == ["sign_in_failed"] * 9
    assert "wrong" not in str(office.ask("SELECT * FROM audit_log"))


def test_five_wrong_tries_wait_where_they_were_made_and_close_the_account_to_nobody_else(
    office: Office,
) -> None:
    office.grant(office.account())
    before = sign_in("wang", PASSWORD, HERE)
    for _ in range(4):
        with pytest.raises(NotSignedIn):
            sign_in("wang", "wrong", HERE)
    sign_in("wang", PASSWORD, HERE)
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            sign_in("Wang", "wrong", HERE)
    with pytest.raises(NotSignedIn):
        sign_in("wang", PASSWORD, HERE)
    assert office.actions()[-1] == "sign_in_failed"
    assert find_actor(before) is not None
    sign_in("wang", PASSWORD, "198.51.100.7")
    with pytest.raises(NotSignedIn):
        sign_in("wang", PASSWORD, HERE)


def test_wrong_tries_from_ten_addresses_lock_the_account_for_a_quarter_of_an_hour(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "most_sign_in_attempts", 1)
    office.grant(office.account())
    before = sign_in("wang", PASSWORD)
    for number in range(10):
        with pytest.raises(NotSignedIn):
            sign_in("wang", "wrong", f"203.0.113.{number}")
    with pytest.raises(NotSignedIn):
        sign_in("wang", PASSWORD, "198.51.100.1")
    assert office.actions()[-2:] == ["locked", "sign_in_failed"]
    # Strangers who guess do not throw out whoever is signed in.
    assert find_actor(before) is not None
    office.ask("UPDATE account SET locked_until = locked_until - interval '14 minutes'")
    with pytest.raises(NotSignedIn):
        sign_in("wang", PASSWORD, "198.51.100.2")
    office.ask("UPDATE account SET locked_until = locked_until - interval '2 minutes'")
    sign_in("wang", PASSWORD, "198.51.100.3")


@pytest.mark.parametrize(("addresses", "counted", "locked"), [(1, 5, None), (60, 50, True)])
def test_guesses_made_all_at_once_are_counted_one_by_one(
    addresses: int, counted: int, locked: bool | None, office: Office
) -> None:
    office.grant(office.account())

    def guess(number: int) -> bool:
        with acting_as(NOBODY):
            try:
                sign_in("wang", "wrong", f"203.0.113.{number % addresses}")
            except NotSignedIn:
                return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert not any(pool.map(guess, range(60 if addresses > 1 else 12)))
    assert office.ask("SELECT failed_attempts, locked_until > now() FROM account") == [(counted, locked)]
    tried = office.ask("SELECT count(*) FROM audit_log WHERE account_id IS NOT NULL")
    assert tried == [(counted,)]


def test_tokens_and_passwords_are_kept_as_hashes(office: Office) -> None:
    office.grant(office.account())
    token = sign_in("wang", PASSWORD)
    assert len(token) >= 43
    kept = office.ask("SELECT token_hash FROM sign_in")
    assert [bytes(digest) for (digest,) in kept] == [hash_token(token)]
    everything = str(office.ask("SELECT a, s, l FROM account AS a, sign_in AS s, audit_log AS l"))
    assert token not in everything
    assert PASSWORD not in everything
    assert "$argon2id$" in everything


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sign_in SET expires_at = now()",
        "UPDATE account SET disabled_at = now()",
        "UPDATE role_grant SET valid_to = CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date)",
        "UPDATE role_grant SET valid_from = CAST(now() AT TIME ZONE 'Asia/Shanghai' AS date) + 1",
        "DELETE FROM role_grant",
        "DELETE FROM account",
    ],
)
def test_a_token_ends_with_what_it_rests_on(office: Office, change: str) -> None:
    office.grant(office.account(), valid_from="2024-01-01")
    token = sign_in("wang", PASSWORD)
    assert find_actor(token) is not None
    office.ask(change)
    assert find_actor(token) is None
    assert list_grants(token) == []


def test_a_sign_in_lasts_twelve_hours(office: Office) -> None:
    office.grant(office.account())
    sign_in("wang", PASSWORD)
    assert office.ask("SELECT expires_at - started_at FROM sign_in") == [(timedelta(hours=12),)]


@pytest.mark.parametrize("token", ["", "x", "\x00", "\ud800", "x" * 10**6])
def test_made_up_tokens_stand_for_nobody(office: Office, token: str) -> None:
    office.grant(office.account())
    sign_in("wang", PASSWORD)
    assert find_actor(token) is None
    assert find_api_actor(token) is None
    assert list_grants(token) == []
    with pytest.raises(NotSignedIn):
        sign_in_with_wall_token(token)
    with pytest.raises(NotSignedIn):
        change_password(token, PASSWORD, "another password")


def test_without_a_post_today_nobody_comes_in(office: Office) -> None:
    account = office.account()
    office.grant(account, valid_from="2024-01-01", valid_to="2024-02-01")
    with pytest.raises(NotSignedIn, match="no post today"):
        sign_in("wang", PASSWORD)


def test_several_posts(office: Office) -> None:
    """One post is acted under at a time; grants that differ only in their grid are one."""
    other = Town(office.connection, code="B", outline=box(2000, 0, 3000, 1000))
    parent = office.town.grid("01", box(0, 0, 400, 400))
    micro = office.town.grid("0101", box(0, 0, 200, 200), kind="micro", parent_id=parent)
    single = office.town.grid("02", box(400, 0, 800, 400))
    account = office.account()
    first = office.grant(account, grid_id=parent, party_id=office.worker)
    office.grant(account, grid_id=single, party_id=office.worker)
    lead = office.grant(account, "leader", community_id=None)
    strange = office.grant(office.account("li"), "secretary")
    token = sign_in("wang", PASSWORD)
    actor = find_actor(token)
    assert actor is not None
    assert actor.grid_ids == tuple(sorted((parent, micro, single)))
    grants = list_grants(token)
    assert [(g.id, g.role, g.community_name, g.party_name, g.is_current) for g in grants] == [
        (first, "grid_worker", "A社区", "wang", True),
        (lead, "leader", None, None, False),
    ]
    switch_grant(token, lead)
    actor = find_actor(token)
    assert actor is not None
    assert (actor.role, actor.community_ids, actor.grid_ids) == ("leader", (office.town.id, other.id), ())
    for grant in (strange, 0, -1):
        with pytest.raises(NotFound):
            switch_grant(token, grant)
    assert find_actor(token) == actor


def test_changing_the_password(office: Office) -> None:
    office.grant(office.account(must_change_password=True))
    token, elsewhere = sign_in("wang", PASSWORD), sign_in("wang", PASSWORD)
    actor = find_actor(token)
    assert actor is not None
    assert actor.must_change_password
    for bad in ("short", "", "         x"[:9], "x" * 201, "aaaaaaaaaaaa", PASSWORD):
        with pytest.raises(InputRefused):
            change_password(token, PASSWORD, bad)
    with pytest.raises(NotSignedIn, match="present password"):
        change_password(token, "wrong", "another password")
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            change_password(elsewhere, "wrong", "another password")
    with pytest.raises(NotSignedIn, match="present password"):
        change_password(elsewhere, PASSWORD, "another password")
    change_password(token, PASSWORD, "中文密码也可以用十位")
    actor = find_actor(token)
    assert actor is not None
    assert not actor.must_change_password
    assert find_actor(elsewhere) is None
    with pytest.raises(NotSignedIn):
        sign_in("wang", PASSWORD)
    sign_in("wang", "中文密码也可以用十位")
    assert "password_changed" in office.actions()


def test_the_login_is_no_password(office: Office) -> None:
    office.grant(office.account("wangfang-2024"))
    token = sign_in("wangfang-2024", PASSWORD)
    with pytest.raises(InputRefused):
        change_password(token, PASSWORD, "WangFang-2024")


def test_the_organisations_sign_on_links_prepared_accounts_only(office: Office) -> None:
    prepared = office.account(password_hash=None, oidc_issuer=ISSUER, must_change_password=True)
    office.grant(prepared)
    office.grant(office.account("local"))
    office.grant(office.account("wall", password_hash=None), "wall")
    office.grant(office.account("both", oidc_issuer=ISSUER))
    for issuer, subject, login in [
        ("https://other.example.org", "s1", "wang"), (ISSUER, "s1", "local"), (ISSUER, "s1", "wall"),
        (ISSUER, "s1", "both"), (ISSUER, "s1", "unknown"), (ISSUER, "", "wang"), (ISSUER, "a\x00", "wang"),
        ("", "s1", "wang"),
    ]:  # fmt: skip
        with pytest.raises(NotSignedIn, match="no account is prepared"):
            sign_in_with_oidc(issuer, subject, login)
    actor = find_actor(sign_in_with_oidc(ISSUER, "s1", "Wang", "王芳芳"))
    assert actor is not None
    assert (actor.account_id, actor.name, actor.must_change_password) == (prepared, "王芳芳", False)
    # Known by subject from now on, whatever the login says; and nobody else can be that login.
    again = find_actor(sign_in_with_oidc(ISSUER, "s1", "local"))
    assert again == actor
    with pytest.raises(NotSignedIn):
        sign_in_with_oidc(ISSUER, "s2", "wang")
    with pytest.raises(NotSignedIn):
        sign_in("wang", "")
    token = sign_in_with_oidc(ISSUER, "s1", "")
    with pytest.raises(NotSignedIn):
        change_password(token, "", "another password")
    office.ask("UPDATE account SET disabled_at = now() WHERE id = %s", prepared)
    with pytest.raises(NotSignedIn):
        sign_in_with_oidc(ISSUER, "s1", "wang")


def test_a_wall_comes_in_by_its_token_for_as_long_as_that_is_good(office: Office) -> None:
    account = office.account("wall", password_hash=None)
    office.grant(account, "wall")
    office.token(account, "wall", "w1", expires_at="2999-01-01")
    office.token(account, "open311", "key")
    office.token(account, "wall", "old", expires_at="2024-01-01")
    token = sign_in_with_wall_token("w1")
    actor = find_actor(token)
    assert actor is not None
    assert actor.role == "wall"
    assert office.ask("SELECT expires_at - started_at FROM sign_in") == [(timedelta(days=365),)]
    for bad in ("key", "old", token):
        with pytest.raises(NotSignedIn):
            sign_in_with_wall_token(bad)
    with pytest.raises(NotSignedIn):
        change_password(token, "", "another password")
    office.ask("UPDATE access_token SET revoked_at = now() WHERE purpose = 'wall'")
    assert find_actor(token) is None
    with pytest.raises(NotSignedIn):
        sign_in_with_wall_token("w1")


def test_a_wall_token_never_makes_a_person(office: Office) -> None:
    account = office.account()
    office.grant(account, "secretary")
    office.token(account, "wall", "w1")
    with pytest.raises(NotSignedIn):
        sign_in_with_wall_token("w1")


def test_a_program_is_known_by_its_key(office: Office) -> None:
    account = office.account("api", password_hash=None)
    office.grant(account, "secretary")
    office.token(account, "open311", "key")
    office.token(account, "wall", "w1")
    actor = find_api_actor("key")
    assert actor is not None
    assert (actor.account_id, actor.role) == (account, "secretary")
    assert find_api_actor("w1") is None
    assert find_actor("key") is None
    office.ask("UPDATE access_token SET revoked_at = now()")
    assert find_api_actor("key") is None


def test_demo_accounts_are_good_only_where_nothing_is_real(office: Office) -> None:
    office.ask("UPDATE community SET is_demo = true")
    account = office.account("demo", password_hash=hash_password(DEMO_PASSWORD), is_demo=True)
    office.grant(account, "secretary")
    office.grant(office.account("real"))
    assert list_demo_accounts() == [("demo", DEMO_PASSWORD, "secretary", "王芳")]
    token = sign_in("demo", DEMO_PASSWORD)
    with pytest.raises(Forbidden):
        change_password(token, DEMO_PASSWORD, "another password")
    Town(office.connection, code="B", outline=box(2000, 0, 3000, 1000))
    office.connection.commit()
    assert list_demo_accounts() == []
    assert find_actor(token) is None
    with pytest.raises(NotSignedIn):
        sign_in("demo", DEMO_PASSWORD)
    sign_in("real", PASSWORD)


def test_days_begin_when_they_do_in_china(office: Office) -> None:
    assert office.ask("SELECT app_today()") == [(datetime.now(UTC).astimezone(CHINA).date(),)]

"""The accounts of a demo: one for each role, the same at every load."""

from collections import Counter
from datetime import date
from typing import Any

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.demo.load import load_demo
from geo.operations.accounts import find_actor, list_demo_accounts, sign_in

AS_OF = date(2026, 3, 18)


def ask(connection: PostgresConnection, query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def test_accounts_for_each_role(database_url: str, connection: PostgresConnection) -> None:
    load_demo(database_url, community="Y", scale=2, as_of=AS_OF)
    listed = list_demo_accounts()
    roles = Counter(role for _, _, role, _ in listed)
    assert roles == {"secretary": 1, "grid_worker": 3, "property_company": 2, "leader": 1, "administrator": 1}
    actors = {}
    for login, password, _, _ in listed:
        actor = find_actor(sign_in(login, password))
        assert actor is not None
        assert not actor.must_change_password
        actors[login] = actor
    assert len(actors["y-leader"].community_ids) == len(actors["y-admin"].community_ids) == 2
    leading = ask(connection, "SELECT party_id FROM zone_party WHERE role = 'lead' AND valid_to IS NULL")
    for login, actor in actors.items():
        if actor.role in {"grid_worker", "property_company", "secretary"}:
            assert (actor.party_id,) in leading, login
    rows = "SELECT login, password_hash FROM account ORDER BY login"
    before = ask(connection, rows)
    connection.rollback()
    load_demo(database_url, community="Y", as_of=AS_OF)
    assert ask(connection, rows) == before
    (grants,) = ask(
        connection,
        "SELECT count(*), count(*) FILTER (WHERE c.code = 'Y') FROM role_grant AS g "
        "LEFT JOIN community AS c ON c.id = g.community_id",
    )
    assert grants == (9, 7)
    connection.rollback()


def test_a_real_account_keeps_its_login(database_url: str, connection: PostgresConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO account (login, display_name) VALUES ('y-admin', '真人')")
    connection.commit()
    load_demo(database_url, community="Y", as_of=AS_OF)
    real = ask(connection, "SELECT is_demo, password_hash FROM account WHERE login = 'y-admin'")
    assert real == [(False, None)]
    assert len(list_demo_accounts()) == 7

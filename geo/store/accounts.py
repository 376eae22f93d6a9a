"""Accounts as the database keeps them: passwords and tokens as hashes only, sign-ins, grants.

Everything here works as the application, which reaches accounts by functions alone, and as the owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import psycopg2

from geo.model.actor import Actor, Role
from geo.store.engine import connect, load_queries, transaction


@dataclass(frozen=True, slots=True)
class Grant:
    """One post of an account: what it may be signed in as.

    Attributes:
        id: of the grant; where several differ only in their grid, of the first.
        role: what it makes of the account.
        community_id: where; None for all communities of the installation.
        community_name: the same for people.
        party_name: whom the account acts for there.
        is_current: whether this sign-in acts under it.
    """

    id: int
    role: Role
    community_id: int | None
    community_name: str | None
    party_name: str | None
    is_current: bool


def find_actors(token_hashes: Sequence[bytes]) -> dict[bytes, Actor]:
    """Return whom sign-ins stand for today, by the hashes of those that stand for somebody."""
    with connect() as connection:
        rows = load_queries("accounts").find_actors(
            connection, token_hashes=[psycopg2.Binary(each) for each in token_hashes]
        )
        return {bytes(token_hash): _make_actor(tuple(row)) for token_hash, *row in rows}


def find_api_actor(token_hash: bytes) -> Actor | None:
    """Return whom a program's key stands for today."""
    with connect() as connection:
        row = load_queries("accounts").find_api_actor(connection, token_hash=token_hash)
        return None if row is None else _make_actor(row)


def _make_actor(row: tuple[object, ...]) -> Actor:
    account_id, role, community_ids, party_id, grid_ids, name, must_change_password = row
    return Actor(
        account_id=cast("int", account_id),
        role=cast("Role", role),
        community_ids=tuple(cast("list[int]", community_ids)),
        party_id=cast("int | None", party_id),
        grid_ids=tuple(cast("list[int] | None", grid_ids) or ()),
        name=cast("str", name),
        must_change_password=cast("bool", must_change_password),
    )


def begin_sign_in(login: str, *, most_attempts: int, lock_s: int) -> tuple[int, str] | None:
    """Return an account and its password's hash, and count an attempt; None where it must not be tried."""
    with transaction() as connection:
        row: tuple[int, str] | None = load_queries("accounts").begin_sign_in(
            connection, login=login, most_attempts=most_attempts, lock_s=lock_s
        )
        return row


def fail_sign_in(account_id: int | None) -> None:
    """Note that the password was wrong, or that there was none to try."""
    with transaction() as connection:
        load_queries("accounts").fail_sign_in(connection, account_id=account_id)


def open_sign_in(account_id: int, token_hash: bytes, *, valid_s: int) -> bool:
    """Let a token stand for an account; return False where it has no grant in force."""
    with transaction() as connection:
        opened = load_queries("accounts").open_sign_in(
            connection, account_id=account_id, token_hash=token_hash, valid_s=valid_s
        )
        return opened is not None


def open_wall(wall_hash: bytes, token_hash: bytes, *, valid_s: int) -> bool:
    """Let a token stand for a wall for as long as the wall's own does; return whether that is in force."""
    with transaction() as connection:
        opened = load_queries("accounts").open_wall(
            connection, wall_hash=wall_hash, token_hash=token_hash, valid_s=valid_s
        )
        return opened is not None


def link_oidc(issuer: str, subject: str, login: str, name: str) -> int | None:
    """Return the account that an organisation's sign-on speaks of, linking a prepared one the first time."""
    with transaction() as connection:
        account_id: int | None = load_queries("accounts").link_oidc(
            connection, issuer=issuer, subject=subject, login=login, name=name
        )
        return account_id


def list_grants(token_hash: bytes) -> list[Grant]:
    """Return the posts of whoever is signed in."""
    with connect() as connection:
        return [
            Grant(*row) for row in load_queries("accounts").list_grants(connection, token_hash=token_hash)
        ]


def switch_grant(token_hash: bytes, grant_id: int) -> bool:
    """Let a sign-in act under another grant of the same account; return whether there is such a one."""
    with transaction() as connection:
        switched: bool = load_queries("accounts").switch_grant(
            connection, token_hash=token_hash, grant_id=grant_id
        )
        return switched


def close_sign_in(token_hash: bytes) -> None:
    """End a sign-in."""
    with transaction() as connection:
        load_queries("accounts").close_sign_in(connection, token_hash=token_hash)


def find_own_login(token_hash: bytes) -> str | None:
    """Return the login of whoever is signed in in person."""
    with connect() as connection:
        login: str | None = load_queries("accounts").find_own_login(connection, token_hash=token_hash)
        return login


def replace_password(token_hash: bytes, password_hash: str) -> bool:
    """Store a new password and end the account's other sign-ins; return False for one who may not have it."""
    with transaction() as connection:
        replaced: bool = load_queries("accounts").replace_password(
            connection, token_hash=token_hash, password_hash=password_hash
        )
        return replaced


def list_demo_accounts() -> list[tuple[str, Role, str]]:
    """Return login, role and name of the demo's accounts; none where a community is real."""
    with connect() as connection:
        return list(load_queries("accounts").list_demo_accounts(connection))

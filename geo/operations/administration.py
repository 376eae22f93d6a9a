"""Accounts as an administrator keeps them from the command line: who has one, as what, and by which key."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, InputRefused, NotFound
from geo.model.actor import Role
from geo.operations.accounts import fold_login, hash_password, hash_token, verify_new_password
from geo.store.engine import connect, load_queries, transaction

# Without the letters and digits that are taken for each other on paper.
_LEGIBLE: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class Post:
    """What an account is to be granted, told by codes.

    Attributes:
        role: what it makes of the account.
        community: code; None for all communities of the installation.
        grid: code of a grid in it that the grant is limited to.
        party: code of whom the account acts for there.
        valid_from: first day; None for today.
        valid_until: last day; None for no end.
    """

    role: Role
    community: str | None = None
    grid: str | None = None
    party: str | None = None
    valid_from: date | None = None
    valid_until: date | None = None


def add_account(
    login: str,
    post: Post,
    *,
    name: str | None = None,
    has_password: bool = True,
    oidc_issuer: str | None = None,
    oidc_subject: str | None = None,
) -> str | None:
    """Add an account with its first post.

    Args:
        login: what the person types.
        post: the first post.
        name: what pages call the person; the login where none is given.
        has_password: False for a screen or a program, which comes in by a token.
        oidc_issuer: who vouches for the person instead of a password.
        oidc_subject: whom that means; filled at the first sign-in where none is given.

    Returns:
        A password, told this once, that must be changed at the first sign-in; None where there is none.

    Raises:
        Conflict: there is such a login.
        InputRefused: the login or the post cannot be.
        NotFound: there is no such community, grid or party.
    """
    folded = fold_login(login)
    if not 2 <= len(folded) <= 64 or any(character.isspace() for character in folded):
        msg = "a login has 2 to 64 characters and no blanks: choose another"
        raise InputRefused(msg)
    if oidc_subject and not oidc_issuer:
        msg = "a subject means nothing without its issuer: name that too"
        raise InputRefused(msg)
    password = None
    if has_password and not oidc_issuer and post.role != "wall":
        password = "-".join("".join(secrets.choice(_LEGIBLE) for _ in range(4)) for _ in range(3))
    queries = load_queries("accounts")
    with transaction() as connection:
        account_id = queries.add_account(
            connection,
            login=folded,
            name=(name or "").strip() or folded,
            password_hash=hash_password(password) if password else None,
            must_change_password=password is not None,
            oidc_issuer=oidc_issuer,
            oidc_subject=oidc_subject,
        )
        if account_id is None:
            msg = f"there is an account {folded} already: give it another post with 'wangge account grant'"
            raise Conflict(msg)
        _grant(connection, account_id, post)
        queries.note_change(connection, account_id=account_id, what=f"added as {post.role}")
    return password


def grant_post(login: str, post: Post) -> int:
    """Give an account another post; return the grant's id.

    Raises:
        InputRefused: the post cannot be.
        NotFound: there is no such account, community, grid or party.
    """
    with transaction() as connection:
        account_id = _find(connection, login)[0]
        grant_id = _grant(connection, account_id, post)
        load_queries("accounts").note_change(connection, account_id=account_id, what=f"granted {post.role}")
    return grant_id


def end_grant(grant_id: int, last_day: date) -> None:
    """Let a grant hold no longer than that day.

    Raises:
        NotFound: there is no such grant.
    """
    queries = load_queries("accounts")
    with transaction() as connection:
        valid_to = last_day + timedelta(days=1)
        account_id = queries.end_grant(connection, grant_id=grant_id, valid_to=valid_to)
        if account_id is None:
            msg = f"there is no grant {grant_id}: 'wangge account list' names them"
            raise NotFound(msg)
        queries.note_change(connection, account_id=account_id, what=f"grant {grant_id} ended")


def set_password(login: str, password: str, *, must_change: bool) -> None:
    """Give an account a password; its sign-ins end, and a lock opens.

    Raises:
        NotFound: there is no such account.
        InputRefused: the password will not do, or the account has none of its own.
    """
    queries = load_queries("accounts")
    with transaction() as connection:
        account_id, is_demo, is_oidc = _find(connection, login)
        if is_demo or is_oidc:
            reason = "belongs to the demo" if is_demo else "comes in through the organisation's sign-on"
            msg = f"account {fold_login(login)} {reason} and gets no other password"
            raise InputRefused(msg)
        verify_new_password(fold_login(login), password)
        queries.set_password(
            connection,
            account_id=account_id,
            password_hash=hash_password(password),
            must_change_password=must_change,
        )
        queries.end_sign_ins(connection, account_id=account_id)
        queries.note_change(connection, account_id=account_id, what="password set")


def set_disabled(login: str, *, disabled: bool) -> None:
    """Close an account and end its sign-ins, or open it again.

    Raises:
        NotFound: there is no such account.
    """
    queries = load_queries("accounts")
    with transaction() as connection:
        account_id = _find(connection, login)[0]
        queries.set_disabled(connection, account_id=account_id, disabled=disabled)
        queries.end_sign_ins(connection, account_id=account_id)
        queries.note_change(connection, account_id=account_id, what="disabled" if disabled else "enabled")


def add_token(login: str, purpose: str, name: str, expires_at: datetime | None = None) -> tuple[int, str]:
    """Make a token for a screen or a program; return its id and, this once, the token itself.

    Raises:
        NotFound: there is no such account.
    """
    token = secrets.token_urlsafe(32)
    queries = load_queries("accounts")
    with transaction() as connection:
        account_id = _find(connection, login)[0]
        token_id: int = queries.add_token(
            connection,
            account_id=account_id,
            purpose=purpose,
            name=name,
            token_hash=hash_token(token),
            expires_at=expires_at,
        )
        queries.note_change(connection, account_id=account_id, what=f"token {token_id} for {purpose} made")
    return token_id, token


def revoke_token(token_id: int) -> None:
    """Let a token open nothing any more, nor what was opened by it stay open.

    Raises:
        NotFound: there is no such token.
    """
    queries = load_queries("accounts")
    with transaction() as connection:
        account_id = queries.revoke_token(connection, token_id=token_id)
        if account_id is None:
            msg = f"there is no token {token_id}: 'wangge account list' names them"
            raise NotFound(msg)
        queries.note_change(connection, account_id=account_id, what=f"token {token_id} revoked")


def list_accounts() -> list[dict[str, Any]]:
    """Return every account with its grants and tokens, as plain values without any secret."""
    with connect() as connection:
        return [row for (row,) in load_queries("accounts").list_accounts(connection)]


def _find(connection: PostgresConnection, login: str) -> tuple[int, bool, bool]:
    found: tuple[int, bool, bool] | None = load_queries("accounts").find_account(
        connection, login=fold_login(login)
    )
    if found is None:
        msg = f"there is no account {login!r}: 'wangge account list' names them"
        raise NotFound(msg)
    return found


def _grant(connection: PostgresConnection, account_id: int, post: Post) -> int:
    queries = load_queries("accounts")
    community_id = grid_id = party_id = None
    if post.community is not None:
        community_id = queries.find_community(connection, code=post.community)
        if community_id is None:
            msg = f"there is no community {post.community}: 'wangge community list' names them"
            raise NotFound(msg)
    elif post.role not in {"leader", "administrator", "wall"}:
        msg = f"a {post.role.replace('_', ' ')} works in one community: name it with --community"
        raise InputRefused(msg)
    if post.role == "property_company" and post.party is None:
        msg = "a property company sees its own cases only: name which one it is with --party"
        raise InputRefused(msg)
    if (post.grid or post.party) and community_id is None:
        msg = "a grid or a party is one of a community: name that with --community"
        raise InputRefused(msg)
    if post.grid is not None:
        grid_id = queries.find_grid(connection, community_id=community_id, code=post.grid)
        if grid_id is None:
            msg = f"community {post.community} has no grid {post.grid} today"
            raise NotFound(msg)
    if post.party is not None:
        party_id = queries.find_party(connection, community_id=community_id, code=post.party)
        if party_id is None:
            msg = f"community {post.community} has no party {post.party} today"
            raise NotFound(msg)
    if post.valid_from and post.valid_until and post.valid_until < post.valid_from:
        msg = f"a post cannot end on {post.valid_until} before it begins on {post.valid_from}"
        raise InputRefused(msg)
    grant_id: int = queries.add_grant(
        connection,
        account_id=account_id,
        role=post.role,
        community_id=community_id,
        grid_id=grid_id,
        party_id=party_id,
        valid_from=post.valid_from,
        valid_to=post.valid_until + timedelta(days=1) if post.valid_until else None,
    )
    return grant_id

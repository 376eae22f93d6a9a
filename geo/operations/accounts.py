"""Signing in and out: by password, by the organisation's sign-on, by a token.

Tokens are random and stored as hashes; passwords as argon2. No answer tells whether a login exists.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from geo.errors import Forbidden, InputRefused, NotFound, NotSignedIn
from geo.model.actor import Actor, Role
from geo.operations.attempts import get_attempts
from geo.settings import get_settings
from geo.store import accounts
from geo.store.accounts import Grant

SHORTEST_PASSWORD: Final = 10
_LONGEST_PASSWORD = 200
# At so many places an account is guessed at before it must wait everywhere.
_PLACES: Final = 10
# Of every demo account; it stands on the login page.
DEMO_PASSWORD: Final = "wangge-demo"  # noqa: S105 - everybody may know it
# 19 MiB a try, as OWASP advises where many sign in on a small machine at once.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def sign_in(login: str, password: str, address: str = "") -> str:
    """Return a token for a login and its password. Takes about 50 ms of computing on purpose.

    Args:
        login: as it was typed.
        password: as it was typed.
        address: from where, as an IP address: wrong passwords make wait there first, so that nobody can close
            an account to its owner by guessing.

    Raises:
        NotSignedIn: they are not right, the account must wait or is closed (one sentence for all of these),
            or it has no post today.
    """
    settings = get_settings()
    login = fold_login(login)
    account_id, is_right = _try(login, password, address)
    if account_id is None or not is_right:
        accounts.fail_sign_in(account_id)
        msg = (
            f"this login and password do not open an account: see that both are right; after "
            f"{settings.most_sign_in_attempts} wrong tries in a row, wait "
            f"{settings.sign_in_lock_minutes} minutes"
        )
        raise NotSignedIn(msg)
    return _open(account_id)


def _try(login: str, password: str, place: str) -> tuple[int | None, bool]:
    """Return the account and whether its password is right; no account where none may be tried from there."""
    settings = get_settings()
    wait_s = settings.sign_in_lock_minutes * 60
    attempts = get_attempts(settings.most_sign_in_attempts, wait_s)
    attempt = None
    if attempts.take(login, place):
        attempt = accounts.begin_sign_in(
            login, most_attempts=settings.most_sign_in_attempts * _PLACES, lock_s=wait_s
        )
    account_id, password_hash = attempt or (None, _nobodys_hash())
    is_right = _is_right(password_hash, password)
    if account_id is not None and is_right:
        attempts.forget(login, place)
    return account_id, is_right


def sign_in_with_oidc(issuer: str, subject: str, login_hint: str, name: str = "") -> str:
    """Return a token for somebody whom the organisation's sign-on has recognised.

    The first time, the account is the one an administrator prepared with this login and this issuer and
    without a password; after that it is known by issuer and subject.

    Args:
        issuer: who vouches, as its signed token says.
        subject: whom it means, the same for ever.
        login_hint: the login it gives the person.
        name: what it calls the person; taken over the first time.

    Raises:
        NotSignedIn: nobody prepared such an account, or it has no post today.
    """
    account_id = None
    if subject and (issuer + subject).isprintable():
        called = name.strip() if name.isprintable() else ""
        account_id = accounts.link_oidc(issuer, subject, fold_login(login_hint), called)
    if account_id is None:
        msg = (
            "your organisation knows you, but no account is prepared for you here: "
            "ask an administrator to add one with your login"
        )
        raise NotSignedIn(msg)
    return _open(account_id)


def _open(account_id: int) -> str:
    token = secrets.token_urlsafe(32)
    if not accounts.open_sign_in(account_id, hash_token(token), valid_s=get_settings().sign_in_hours * 3600):
        msg = "this account has no post today: ask an administrator"
        raise NotSignedIn(msg)
    return token


def sign_in_with_wall_token(wall_token: str) -> str:
    """Return a token for a screen that shows an access token of its own.

    Raises:
        NotSignedIn: the access token is unknown, revoked or out of date.
    """
    token = secrets.token_urlsafe(32)
    valid_s = get_settings().wall_sign_in_days * 86400
    if not accounts.open_wall(hash_token(wall_token), hash_token(token), valid_s=valid_s):
        msg = "this screen's address is no longer good: ask an administrator for a new one"
        raise NotSignedIn(msg)
    return token


def find_actor(token: str) -> Actor | None:
    """Return whom a token stands for now: signed in, not yet out of time, with a grant in force."""
    return find_actors([token]).get(token)


def find_actors(tokens: Sequence[str]) -> dict[str, Actor]:
    """Return whom each of some tokens stands for now, in one question; those of nobody are missing."""
    hashes = {hash_token(token): token for token in tokens}
    return {hashes[found]: actor for found, actor in accounts.find_actors(tuple(hashes)).items()}


def find_api_actor(key: str) -> Actor | None:
    """Return whom a program's key stands for now."""
    return accounts.find_api_actor(hash_token(key))


def list_grants(token: str) -> list[Grant]:
    """Return the posts that whoever holds the token may act under."""
    return accounts.list_grants(hash_token(token))


def switch_grant(token: str, grant_id: int) -> None:
    """Act under another post from now on.

    Raises:
        NotFound: the account has no such post today.
    """
    if not accounts.switch_grant(hash_token(token), grant_id):
        msg = "this account has no such post today: choose one of those listed"
        raise NotFound(msg)


def sign_out(token: str) -> None:
    """End a sign-in; a token that stands for nobody is no fault."""
    accounts.close_sign_in(hash_token(token))


def change_password(token: str, old: str, new: str) -> None:
    """Change one's own password; one's sign-ins elsewhere end.

    Raises:
        NotSignedIn: the token stands for nobody, or the old password is wrong or was tried too often.
        InputRefused: the new one will not do.
        Forbidden: the account has no password of its own.
    """
    settings = get_settings()
    login = accounts.find_own_login(hash_token(token))
    if login is None:
        msg = "nobody is signed in here any more: sign in again"
        raise NotSignedIn(msg)
    verify_new_password(login, new)
    # Whoever is signed in waits in that sign-in, wherever it is used from.
    account_id, is_right = _try(login, old, place=token)
    if account_id is None or not is_right:
        accounts.fail_sign_in(account_id)
        msg = (
            f"the present password is not right: after {settings.most_sign_in_attempts} wrong tries in a row "
            f"wait {settings.sign_in_lock_minutes} minutes"
        )
        raise NotSignedIn(msg)
    if _normalise(new) == _normalise(old):
        msg = "the new password is the present one: choose another"
        raise InputRefused(msg)
    if not accounts.replace_password(hash_token(token), hash_password(new)):
        msg = "the password of this account cannot be changed here"
        raise Forbidden(msg)


def list_demo_accounts() -> list[tuple[str, str, Role, str]]:
    """Return login, password, role and name of the demo's accounts; none where any community is real."""
    return [(login, DEMO_PASSWORD, role, name) for login, role, name in accounts.list_demo_accounts()]


def verify_new_password(login: str, password: str) -> None:
    """Refuse a password that will not do.

    Raises:
        InputRefused: it is too short or too long, or it is the login.
    """
    normal = _normalise(password)
    if not SHORTEST_PASSWORD <= len(normal) <= _LONGEST_PASSWORD:
        msg = f"a password has {SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters: choose another"
        raise InputRefused(msg)
    if normal.casefold().strip() == login.casefold() or len(set(normal)) == 1:
        msg = "the password is too easy to guess: it must be neither the login nor one repeated character"
        raise InputRefused(msg)


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password, with a salt of its own."""
    return _hasher.hash(_encode(password))


def hash_token(token: str) -> bytes:
    """Return what the database keeps of a token; being random, it needs neither salt nor slowness."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _is_right(password_hash: str, password: str) -> bool:
    if len(password) > _LONGEST_PASSWORD:
        password = ""  # Nobody's; and not worth the time that a megabyte would take.
    try:
        return _hasher.verify(password_hash, _encode(password))
    except VerificationError:
        return False


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """What a password is held against where there is no account, so that the answer takes as long."""
    return hash_password(secrets.token_urlsafe(16))


def fold_login(login: str) -> str:
    """Return a login as it is stored, or one that nobody has where it cannot be one."""
    folded = unicodedata.normalize("NFC", login).strip().lower()
    return folded if folded.isprintable() else ""


def _normalise(password: str) -> str:
    # Two keyboards may write one character in two ways.
    return unicodedata.normalize("NFC", password)


def _encode(password: str) -> bytes:
    return _normalise(password).encode("utf-8", "surrogatepass")

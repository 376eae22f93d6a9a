"""Whom a cookie stands for: asked of the database every few seconds at most, and anew after a sign-out."""

from threading import Lock
from typing import Final

from cachetools import TTLCache

from dashboard.routes.cookies import read_token
from geo.model.actor import NOBODY, Actor
from geo.operations import accounts
from geo.store.engine import acting_as

_KEPT_S: Final = 5
_lock = Lock()
_known: TTLCache[str, Actor] = TTLCache(10_000, _KEPT_S)
_changes = 0


def recall_actor(cookie: str) -> Actor | None:
    """Return whom a cookie stood for a moment ago, if that was asked; never waits."""
    with _lock:
        return _known.get(cookie)


def find_actor(cookie: str) -> Actor | None:
    """Return whom a cookie stands for; None where it is forged, altered, out of time or signed out.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    actor = recall_actor(cookie)
    if actor is not None:
        return actor
    token = read_token(cookie)
    if token is None:
        return None
    before = _changes
    with acting_as(NOBODY):
        actor = accounts.find_actor(token)
    with _lock:
        # What was read while somebody signed out may be what he was before.
        if actor is not None and before == _changes:
            _known[cookie] = actor
    return actor


def forget_actors() -> None:
    """Ask again for everybody: somebody signed out, or is another from now on."""
    global _changes  # noqa: PLW0603 - one for the process, as the memory it guards
    with _lock:
        _changes += 1
        _known.clear()

"""Whom a cookie stands for: asked of the database every few seconds at most, and anew after a sign-out.

Screens on walls ask for weeks, so all of them are looked up in one question, however many there are.
"""

from collections.abc import Mapping
from threading import Lock
from time import monotonic
from typing import Final

from cachetools import TTLCache

from dashboard.routes.cookies import read_token
from geo.errors import DatabaseUnavailable
from geo.model.actor import NOBODY, Actor
from geo.operations import accounts
from geo.store.engine import acting_as

_KEPT_S: Final = 5
_lock = Lock()
_known: TTLCache[str, Actor] = TTLCache(10_000, _KEPT_S)
_changes = 0
# Screens that asked a moment ago, by cookie.
_screens: TTLCache[str, None] = TTLCache(10_000, 60)
_looking = Lock()
# Until when not to ask the database again for them, and why.
_away: tuple[float, DatabaseUnavailable] | None = None


def recall_actor(cookie: str) -> Actor | None:
    """Return whom a cookie stood for a moment ago, if that was asked; never waits."""
    with _lock:
        actor = _known.get(cookie)
        if actor is not None and actor.role == "wall":
            _screens[cookie] = None
        return actor


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
    with _lock:
        is_screen = cookie in _screens
    if not is_screen:
        return _look_up({token: cookie}).get(cookie)
    with _looking:
        # Another screen may have asked for all of them meanwhile.
        actor = recall_actor(cookie)
        if actor is None:
            actor = _look_up_screens(cookie, token).get(cookie)
    return actor


def _look_up_screens(cookie: str, token: str) -> dict[str, Actor]:
    """Return whom all screens stand for that asked a moment ago, and the one that asks."""
    global _away  # noqa: PLW0603 - one for the process, as the memory it guards
    if _away is not None and monotonic() < _away[0]:
        # Fifty screens that each wait for a database that is away would keep everybody else waiting.
        raise _away[1]
    with _lock:
        # Whoever waited long for its turn may no longer be among them.
        tokens = {read_token(each) or "": each for each in _screens} | {token: cookie}
    try:
        found = _look_up(tokens)
    except DatabaseUnavailable as failure:
        _away = (monotonic() + _KEPT_S, failure)
        raise
    _away = None
    return found


def _look_up(cookies: Mapping[str, str]) -> dict[str, Actor]:
    """Return whom cookies stand for, given by their tokens, and remember it."""
    before = _changes
    with acting_as(NOBODY):
        found = {cookies[token]: actor for token, actor in accounts.find_actors(tuple(cookies)).items()}
    with _lock:
        # What was read while somebody signed out may be what he was before.
        if before == _changes:
            _known.update(found)
            _screens.update({cookie: None for cookie, actor in found.items() if actor.role == "wall"})
        for cookie in cookies.values():
            if cookie not in found:
                _screens.pop(cookie, None)
    return found


def forget_actors() -> None:
    """Ask again for everybody: somebody signed out, or is another from now on."""
    global _changes  # noqa: PLW0603 - one for the process, as the memory it guards
    with _lock:
        _changes += 1
        _known.clear()

"""What is counted once for a state of the data and shared, and not again before it has paid.

Who counts is one at a time; what is there is given to everybody else, however old: it says what it is of.
"""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol, TypeVar, cast

from cachetools import LRUCache

# What takes long to count is counted again only after so many times as long.
_PATIENCE: Final = 20
_MOST_KEPT: Final = 512

_guard: Final = threading.Lock()
_locks: dict[Hashable, threading.Lock] = {}
# What was counted, and until when it is good enough.
_kept: LRUCache[Hashable, tuple[Any, float]] = LRUCache(_MOST_KEPT)


class Tagged(Protocol):
    """Something that says of which state of the data it is."""

    @property
    def tag(self) -> str:
        """Equal tags, equal content."""
        ...


_Counted = TypeVar("_Counted", bound=Tagged)


def recall(key: Hashable, tag: str, count: Callable[[], _Counted]) -> _Counted:
    """Return what was counted for a tag, or for an earlier one while counting again costs too much.

    Args:
        key: what it is; everybody who gives the same key counts the same.
        tag: of the data as they stand.
        count: counts it.
    """
    with _guard:
        lock = _locks.setdefault(key, threading.Lock())
        kept = _kept.get(key)
    if kept and (kept[0].tag == tag or time.monotonic() < kept[1]):
        return cast("_Counted", kept[0])
    # The first ones wait; later ones have something to show meanwhile.
    if not lock.acquire(blocking=kept is None):
        return cast("_Counted", cast("tuple[Any, float]", kept)[0])
    try:
        with _guard:
            since = _kept.get(key)
        if since and since is not kept:
            return cast("_Counted", since[0])
        started_s = time.monotonic()
        counted = count()
        now_s = time.monotonic()
        with _guard:
            _kept[key] = (counted, now_s + _PATIENCE * (now_s - started_s))
        return counted
    finally:
        lock.release()

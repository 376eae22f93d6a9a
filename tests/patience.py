"""For what is found sooner or later: how long a test waits, and waiting no longer than it takes."""

from collections.abc import Callable, Iterator
from typing import Final, TypeVar

Found = TypeVar("Found")

# A quiet machine needs a second of it; a busy one is not to fail a test.
PATIENCE_S: Final = 60.0


def take_first(found: Iterator[Found], is_good: Callable[[Found], bool]) -> Found:
    """The first that is good; the last where none is.

    Raises:
        StopIteration: there is none at all.
    """
    last = next(found)
    while not is_good(last):
        following = next(found, None)
        if following is None:
            return last
        last = following
    return last

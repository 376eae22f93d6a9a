"""What happens when others take away, at the same moment, what a change is about."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2.errors

from geo.errors import Conflict


@contextmanager
def tell_clashes() -> Iterator[None]:
    """Say in a sentence that an import was taking away what is being changed here.

    Raises:
        Conflict: it was, and nothing has changed.
    """
    try:
        yield
    except (psycopg2.errors.ForeignKeyViolation, psycopg2.errors.DeadlockDetected) as clash:
        msg = "some of what this is about was just being deleted or changed: load it again and repeat it"
        raise Conflict(msg) from clash

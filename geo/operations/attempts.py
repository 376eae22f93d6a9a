"""Wrong passwords, counted where they are tried: who guesses waits, and the account stays open to its owner.

Counted in this process alone and forgotten when it ends; for guesses that come from many addresses, the
database counts the wrong passwords of an account wherever they were tried.
"""

import ipaddress
import time
from collections.abc import Callable
from functools import lru_cache
from threading import Lock
from typing import Final

from cachetools import TTLCache

_MOST_KEPT: Final = 100_000
# What one house or one machine is given of the newer addresses.
_NETWORK_BITS: Final = 64


class Attempts:
    """The tries at each login from each address.

    Args:
        most: tries in a row before an address must wait.
        wait_s: for how long, from the last of them.
        tell_s: the clock, in seconds.
    """

    def __init__(self, most: int, wait_s: float, tell_s: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._made: TTLCache[tuple[str, str], int] = TTLCache(_MOST_KEPT, wait_s, tell_s)
        self._lock = Lock()

    def take(self, login: str, address: str) -> bool:
        """Count one more try, before its password is looked at; return False where it must wait."""
        key = (login, _name_network(address))
        with self._lock:
            made = self._made.get(key, 0)
            if made >= self._most:
                return False
            self._made[key] = made + 1
            return True

    def forget(self, login: str, address: str) -> None:
        """Begin to count anew: the password was right."""
        with self._lock:
            self._made.pop((login, _name_network(address)), None)


def _name_network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, _NETWORK_BITS), strict=False))


@lru_cache(maxsize=1)
def get_attempts(most: int, wait_s: float) -> Attempts:
    """Return the count that this process keeps."""
    return Attempts(most, wait_s)

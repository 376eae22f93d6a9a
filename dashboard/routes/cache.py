"""One cache for all data routes: fifty people on one map cost one query, and an edit is in the next answer.

Every request reads the layer versions after it has arrived, so that whoever wrote and then looks sees what he
wrote. That costs one short query shared by all requests that wait for it; a notification would cost less, and
would come a moment too late. Data are kept under the layer's tag, so nothing needs to be thrown out by hand:
what has changed has another key, and what nobody asks for any more makes room. What one person may not see he
is not given because another may: the key says for whom the answer was made.
"""

import asyncio
import gzip
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import lru_cache
from time import perf_counter
from typing import Final

from cachetools import LRUCache

from dashboard.routes import metrics
from geo.settings import get_settings
from geo.store.engine import get_actor
from geo.store.versions import LayerVersions, VersionWatch

_CACHE_BYTES: Final = 128 * 2**20
_GZIP_LEVEL: Final = 2
# What an entry costs besides its data.
_ENTRY_BYTES: Final = 500


class DataCache:
    """Keeps gzipped answers, makes each that is missing once, and knows the versions; for one event loop.

    Args:
        url: the database; the installation's own where None.
        capacity_bytes: how much to keep; what was asked for longest ago goes first.
    """

    def __init__(self, url: str | None = None, capacity_bytes: int = _CACHE_BYTES) -> None:
        self._watch = VersionWatch(url)
        self._workers = ThreadPoolExecutor(max(1, get_settings().pool_size // 2), thread_name_prefix="data")
        self._packed: LRUCache[Hashable, bytes] = LRUCache(
            capacity_bytes, getsizeof=lambda packed: len(packed) + _ENTRY_BYTES
        )
        self._under_way: dict[Hashable, asyncio.Task[bytes]] = {}
        self._reading = asyncio.Lock()
        self._next_reading: asyncio.Task[LayerVersions] | None = None

    async def read_versions(self) -> LayerVersions:
        """Return the versions of everything that was committed before the call.

        Raises:
            DatabaseUnavailable: the database does not answer.
        """
        if self._next_reading is None:
            self._next_reading = asyncio.create_task(self._read_versions())
        return await asyncio.shield(self._next_reading)

    async def _read_versions(self) -> LayerVersions:
        async with self._reading:
            # Whoever comes from here on may have written since this reading began, and waits for the next.
            self._next_reading = None
            return await self._watch.read()

    async def fetch(self, route: str, key: Hashable, produce: Callable[[], bytes]) -> bytes:
        """Return the gzipped data of a key, made by ``produce`` in a worker thread unless they are at hand.

        Args:
            route: for the metrics.
            key: names the question and the tag of the layer; for actors of one scope equal keys have equal
                answers.
            produce: asks the database as whoever acts; what it raises reaches everyone who waits for the key.
        """
        actor = get_actor()
        key = (actor and actor.scope, key)
        packed = self._packed.get(key)
        if packed is not None:
            metrics.HIT.inc()
            return packed
        task = self._under_way.get(key)
        if task is None:
            metrics.MISS.inc()
            task = self._under_way[key] = asyncio.create_task(self._produce(route, key, produce))
        else:
            metrics.JOINED.inc()
        return await asyncio.shield(task)

    async def _produce(self, route: str, key: Hashable, produce: Callable[[], bytes]) -> bytes:
        def pack() -> bytes:
            return gzip.compress(produce(), _GZIP_LEVEL, mtime=0)

        started = perf_counter()
        try:
            # The worker thread would not know who acts.
            packed = await asyncio.get_running_loop().run_in_executor(self._workers, copy_context().run, pack)
            if len(packed) + _ENTRY_BYTES <= self._packed.maxsize:
                self._packed[key] = packed
                metrics.set_cached_bytes(int(self._packed.currsize))
            return packed
        finally:
            del self._under_way[key]
            metrics.observe_production(route, perf_counter() - started)

    def close(self) -> None:
        """Let the threads and the connection go; requests must have ended."""
        self._workers.shutdown()
        self._watch.close()


@lru_cache(maxsize=1)
def get_cache() -> DataCache:
    """Return the cache that all routes of this process share."""
    return DataCache()

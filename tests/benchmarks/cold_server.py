"""The data routes with a cache that keeps nothing, so that every answer is a cold one."""

from collections.abc import Callable, Hashable

from starlette.applications import Starlette
from starlette.middleware import Middleware

from dashboard.routes.cache import DataCache
from dashboard.routes.lane import DataLane
from geo.settings import get_settings
from tests.actors import find_secretary
from tests.serving import ActAs


class ForgetfulCache(DataCache):
    """Makes every answer anew, even for those who ask the same at the same time."""

    async def fetch(self, route: str, key: Hashable, produce: Callable[[], bytes]) -> bytes:
        """Return the gzipped data."""
        return await super().fetch(route, (key, object()), produce)


_url = get_settings().database_url or ""
_cache = ForgetfulCache(capacity_bytes=0)
app = Starlette(
    # As the application with its row-level security, for somebody who sees the whole city.
    middleware=[Middleware(ActAs, _url, (find_secretary(_url),)), Middleware(DataLane, _cache)],
)

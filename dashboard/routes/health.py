"""``/healthz``: whether this process can do its work, for supervisors and for ``wangge up``.

200 with ``{"status": "ok", "database": "ok", "migration": "0007"}``; or 503 with ``status`` ``failing`` and
``error``, one sentence, where ``database`` may be ``unavailable`` and ``migration`` null.
"""

import asyncio
from functools import lru_cache
from typing import Final

from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from dashboard.routes.replies import DataEndpoint, Reply, make_json_reply
from geo.errors import DatabaseUnavailable
from geo.schema.migrate import head_revision
from geo.store.versions import read_revision

# Sooner than a supervisor gives up on us.
_PATIENCE_S: Final = 4
_expected_revision = lru_cache(head_revision)


async def _answer(_scope: Scope) -> Reply:
    try:
        revision = await asyncio.wait_for(asyncio.to_thread(read_revision), _PATIENCE_S)
    except (DatabaseUnavailable, TimeoutError):
        return _fail(
            "unavailable", None, "the database does not answer: see that it runs, 'wangge db status' tells"
        )
    if revision != _expected_revision():
        sentence = (
            f"the database is at schema revision {revision}, this program needs {_expected_revision()}: "
            "run 'wangge db migrate' with the newer of the two programs"
        )
        return _fail("ok", revision, sentence)
    return make_json_reply(200, {"status": "ok", "database": "ok", "migration": revision})


def _fail(database: str, revision: str | None, sentence: str) -> Reply:
    return make_json_reply(
        503, {"status": "failing", "database": database, "migration": revision, "error": sentence}
    )


def routes() -> list[BaseRoute]:
    """Return ``/healthz``."""
    return [Route("/healthz", DataEndpoint("healthz", _answer))]

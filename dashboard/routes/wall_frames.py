"""One frame for all screens of a community, made by one thread, however many hang on walls.

A request is answered from memory. Whether the data have changed is looked up every few seconds as long as
anybody asks, and what takes long to make is made again only after twenty times as long. Without the database
the last frame stays, and says up to when it was known to hold.
"""

import asyncio
import gzip
import hashlib
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from time import monotonic
from typing import Final

import orjson

from dashboard.i18n import LANGUAGES, Text
from dashboard.models.wall import build_frame
from dashboard.routes import metrics
from geo.errors import DatabaseUnavailable, NotFound, WanggeError
from geo.operations.wall import gather_wall, prepare_wall, read_wall_tag
from geo.store.versions import list_community_codes

LOOK_S: Final = 4.0
"""How soon after one look at the data the next follows; screens ask every five seconds."""

# What nobody asked for in so long is looked at before it is shown.
_LONG_S: Final = 30.0
_PATIENCE: Final = 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame in one language, gzipped; ``as_of`` is the last moment at which it was known to hold."""

    etag: str
    packed: bytes
    as_of: datetime

    def unpack(self) -> bytes:
        """Return the JSON."""
        return gzip.decompress(self.packed)


_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Kept:
    """What is known of a community; times in seconds of a clock that nobody puts back."""

    frames: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tag: str = ""
    as_of: datetime = _NEVER
    looked_s: float = float("-inf")
    good_until_s: float = float("-inf")


class WallFrames:
    """Keeps the frames of all communities that screens ask for; for one event loop."""

    def __init__(self) -> None:
        # One thread: frames are made one after the other, beside everything else the server does.
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="wall")
        self._kept: dict[int, _Kept] = {}
        self._looks: dict[int, asyncio.Task[None]] = {}
        self._codes: dict[str, int] = {}

    async def find_community(self, code: str | None, allowed: Sequence[int]) -> int:
        """Return the community of a code among those that may be shown; the first of them without a code.

        Raises:
            NotFound: there is none.
            DatabaseUnavailable: the database does not answer.
        """
        if code is not None and code not in self._codes:
            self._codes = await asyncio.get_running_loop().run_in_executor(self._maker, list_community_codes)
        found = min(allowed, default=None) if code is None else self._codes.get(code)
        if found is None or found not in allowed:
            msg = "there is no such community to show here: use the code of one that this screen may show"
            raise NotFound(msg)
        return found

    async def fetch(self, community_id: int, language: str) -> Frame:
        """Return the present frame, or the last one that could be made.

        Raises:
            NotFound: there is no such community.
            DatabaseUnavailable: the database does not answer, and there is no frame yet.
        """
        kept = self._kept.setdefault(community_id, _Kept())
        quiet_s = monotonic() - kept.looked_s
        look = self._looks.get(community_id)
        if look is None and (quiet_s > LOOK_S or not kept.frames):
            look = self._looks[community_id] = asyncio.create_task(self._look(community_id, kept))
            look.add_done_callback(lambda _: self._looks.pop(community_id))
        if look is not None and (quiet_s > _LONG_S or not kept.frames):
            await asyncio.shield(look)
        etag, packed = kept.frames[language]
        return Frame(etag, packed, kept.as_of)

    async def _look(self, community_id: int, kept: _Kept) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._maker, _renew, community_id, kept)
        except WanggeError as failure:
            if not kept.frames:
                raise
            if not isinstance(failure, DatabaseUnavailable):
                # The community is gone, and what was known of it goes too.
                kept.frames = {}
                raise
            _log.warning("a wall keeps its last frame: %s", failure)
        finally:
            kept.looked_s = monotonic()

    def close(self) -> None:
        """Let the thread go."""
        self._maker.shutdown()


def _renew(community_id: int, kept: _Kept) -> None:
    """Make a frame if the data have changed and it may be made again already."""
    looked_at = datetime.now(UTC)
    tag = read_wall_tag(community_id)
    if kept.frames and tag == kept.tag:
        kept.as_of = looked_at
        return
    if kept.frames and monotonic() < kept.good_until_s:
        return
    # The first one shows what there is at once; what is over follows when it has been counted, which is done
    # once and says nothing of what the next frames cost.
    is_first = not kept.frames
    if not is_first:
        prepare_wall(community_id)
    started_s = monotonic()
    wall = gather_wall(community_id, is_hurried=is_first)
    frames = {}
    for language in LANGUAGES:
        body = orjson.dumps(build_frame(wall, Text(language)))
        frames[language] = (f'"{hashlib.sha256(body).hexdigest()[:20]}"', gzip.compress(body, 6, mtime=0))
    took_s = monotonic() - started_s
    kept.frames, kept.tag, kept.as_of = frames, wall.tag, wall.read_at
    kept.good_until_s = monotonic() if is_first else monotonic() + _PATIENCE * took_s
    metrics.observe_production("wall", took_s)


@lru_cache(maxsize=1)
def get_frames() -> WallFrames:
    """Return the frames that all routes of this process share."""
    return WallFrames()

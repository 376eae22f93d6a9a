"""Every place and every case of a community as columns, for those who look for patterns in them.

What is sensitive or personal never enters: the columns are kept, and shared by all who may see them. Those
are staff and their leaders, who all see the same here; the database still says so when the columns are read.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from cachetools import LRUCache

from geo.errors import NotFound
from geo.model.actor import Role
from geo.store.engine import connect, get_actor, load_queries
from geo.store.pattern_cases import Cases, Records, load_cases
from geo.store.pattern_places import Ground, Ints, Numbers, load_ground
from geo.store.versions import read_common_tag

READERS: Final[frozenset[Role]] = frozenset({"secretary", "grid_worker", "leader", "administrator"})
"""Who sees the same cases here; a property company sees its own alone, and nothing of these."""

_LAYERS: Final = ("communities", "grids", "compounds", "buildings", "merchants", "incidents")
_KEPT_BYTES: Final = 1 << 30
# What takes long to read is read again only after so many times as long, however often it changes.
_PATIENCE: Final = 20
_SHORT_S: Final = 0.25
_CHINA: Final = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, eq=False)
class Columns:
    """A community in one state; equal ``tag``, equal content."""

    tag: str
    ground: Ground
    cases: Cases
    records: Records

    def count_bytes(self) -> int:
        """Return what the cases take in memory."""
        return self.cases.count_bytes() + self.records.count_bytes()


@dataclass(frozen=True, eq=False)
class Looks:
    """Who was looked at: each row is a building's number and a day from 2000-01-01 on."""

    building: Ints
    day: Ints


def read_columns(community_id: int, *, url: str | None = None) -> Columns:
    """Return a community as columns, read once for each state of its data.

    Where reading took long, an older state is returned until twenty times as long has passed.

    Args:
        community_id: which.
        url: the database; the installation's own where None.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    _verify_reader(community_id)
    with connect(url) as connection:
        today = datetime.now(_CHINA).date()
        tag = read_common_tag(connection, community_id, _LAYERS, today)
        key = (connection.dsn, community_id)
        with _guard:
            lock = _locks.setdefault(key, threading.Lock())
        with lock:
            kept = _kept.get(key)
            if kept and (kept.columns.tag == tag or time.monotonic() < kept.good_until_s):
                return kept.columns
            started_s = time.monotonic()
            ground = load_ground(connection, community_id, today)
            if ground is None:
                raise _refuse(community_id)
            columns = Columns(tag, ground, *load_cases(connection, community_id, ground))
            took_s = time.monotonic() - started_s
            pause_s = _PATIENCE * took_s if took_s > _SHORT_S else 0.0
            fresh = _Kept(columns, time.monotonic() + pause_s)
            # What alone is more than all may be is read again each time.
            if fresh.count_bytes() <= _KEPT_BYTES:
                with _guard:
                    _kept[key] = fresh
            return columns


def read_looks(community_id: int, ground: Ground, *, url: str | None = None) -> Looks:
    """Return on which days somebody looked at which buildings.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    _verify_reader(community_id)
    with connect(url) as connection:
        rows = list(load_queries("patterns").list_pattern_looks(connection, community_id=community_id))
    table = np.array(rows, np.int64).reshape(-1, 2)
    number = Numbers(ground.building_ids).find(table[:, 0])
    is_here = number >= 0
    return Looks(number[is_here], table[is_here, 1].astype(np.int32))


def _verify_reader(community_id: int) -> None:
    actor = get_actor()
    if actor is not None and (actor.role not in READERS or community_id not in actor.community_ids):
        raise _refuse(community_id)


def _refuse(community_id: int) -> NotFound:
    return NotFound(f"there is no community {community_id}, or its patterns are not yours to see")


@dataclass(frozen=True)
class _Kept:
    columns: Columns
    good_until_s: float

    def count_bytes(self) -> int:
        return self.columns.count_bytes()


_guard: Final = threading.Lock()
_locks: dict[tuple[str, int], threading.Lock] = {}
_kept: LRUCache[tuple[str, int], _Kept] = LRUCache(_KEPT_BYTES, getsizeof=_Kept.count_bytes)

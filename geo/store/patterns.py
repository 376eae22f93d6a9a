"""Every place and every case of a community as columns, for those who look for patterns in them.

What is sensitive or personal never enters: the columns are kept, and shared by all who may see them. Those
are staff and their leaders, who all see the same here; the database still says so when the columns are read.
"""

import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import shapely
from cachetools import LRUCache
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.crs import LocalPlane
from geo.errors import NotFound
from geo.model.actor import Role
from geo.model.incident import SOURCES
from geo.store.engine import connect, get_actor, load_queries
from geo.store.versions import read_common_tag

READERS: Final[frozenset[Role]] = frozenset({"secretary", "grid_worker", "leader", "administrator"})
"""Who sees the same cases here; a property company sees its own alone, and nothing of these."""

NEVER: Final = np.iinfo(np.int32).max
"""The minute at which what is not closed was closed."""

FIRST_DAY: Final = date(2000, 1, 1)
"""The day, in China, with whose beginning the columns begin to count."""

DAY_MIN: Final = 24 * 60

_LAYERS: Final = ("communities", "grids", "compounds", "buildings", "merchants", "incidents")
_KEPT_BYTES: Final = 1 << 30
# What takes long to read is read again only after so many times as long, however often it changes.
_PATIENCE: Final = 20
_SHORT_S: Final = 0.25
_CHINA: Final = ZoneInfo("Asia/Shanghai")
# China has had no summer time since 1991.
_CHINA_MIN: Final = 8 * 60
# PostgreSQL counts microseconds from 2000-01-01 UTC; that was a Saturday.
_FIRST_WEEKDAY: Final = 5
_MINUTE_US: Final = 60_000_000
_INFINITE_US: Final = np.iinfo(np.int64).max
_COPY_HEADER: Final = 19
_ROWS_AT_ONCE: Final = 1 << 17
_WIRE: Final = (
    ("id", ">i8"),
    ("x", ">f8"),
    ("y", ">f8"),
    ("building", ">i8"),
    ("compound", ">i8"),
    ("grid", ">i8"),
    ("category", ">i2"),
    ("source", ">i2"),
    ("reported", ">i8"),
    ("closed", ">i8"),
)

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Areas:
    """Compounds or grids: n ids in ascending order, names, and shapes in metres."""

    ids: npt.NDArray[np.int64]
    names: tuple[str, ...]
    shapes: npt.NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class Ground:
    """The places of a community.

    Attributes:
        plane: its plane; metres everywhere here are on it.
        outline: the community, in metres.
        building_ids: n, ascending.
        building_names: n, with the compound's.
        places_m: n × 2; a point in each building.
        compound_of, grid_of: n; number of the building's compound and grid of the day, -1 for none.
        households, residents, merchants: n.
        compounds, grids: of the day.
    """

    plane: LocalPlane
    outline: shapely.MultiPolygon
    building_ids: npt.NDArray[np.int64]
    building_names: tuple[str, ...]
    places_m: Floats
    compound_of: Ints
    grid_of: Ints
    households: Floats
    residents: Floats
    merchants: Floats
    compounds: Areas
    grids: Areas


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases of a community in the order in which they were reported; n rows, some 30 bytes each.

    Attributes:
        ids: row ids.
        x_m, y_m: where; of a case in a building, where the building is; NaN where nobody knows.
        building, compound, grid: numbers of the places of :class:`Ground`, -1 for none. Of a case in a
            building its compound and grid are the building's today.
        category: number of the category in ``categories``.
        source: number in :data:`SOURCES`, or its length for any other.
        hour: hour of the week of the report in China, 0 to 167 from Monday on.
        reported_min, closed_min: minutes from 2000-01-01 in China; :data:`NEVER` where it is not closed.
        categories: codes.
        parents: the code above each; itself where none is.
    """

    ids: npt.NDArray[np.int64]
    x_m: npt.NDArray[np.float32]
    y_m: npt.NDArray[np.float32]
    building: Ints
    compound: npt.NDArray[np.int16]
    grid: npt.NDArray[np.int16]
    category: npt.NDArray[np.uint8]
    source: npt.NDArray[np.uint8]
    hour: npt.NDArray[np.uint8]
    reported_min: Ints
    closed_min: Ints
    categories: tuple[str, ...]
    parents: tuple[str, ...]

    @property
    def codes(self) -> frozenset[str]:
        """The codes of either level by which cases may be chosen."""
        return frozenset(self.categories + self.parents)

    def count_bytes(self) -> int:
        """Return what they take in memory."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))


@dataclass(frozen=True, eq=False)
class Columns:
    """A community in one state; equal ``tag``, equal content."""

    tag: str
    ground: Ground
    cases: Cases


@dataclass(frozen=True, eq=False)
class Looks:
    """Who was looked at: each row is a building's number and a day from 2000-01-01 on."""

    building: Ints
    day: Ints


def count_minutes(day: date) -> int:
    """Return the minute at which a day begins in China, as the columns count them."""
    return (day - FIRST_DAY).days * DAY_MIN


def count_days(day: date) -> int:
    """Return a day as the columns count them."""
    return (day - FIRST_DAY).days


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
            ground = _load_ground(connection, community_id, today)
            columns = Columns(tag, ground, _load_cases(connection, community_id, ground))
            took_s = time.monotonic() - started_s
            pause_s = _PATIENCE * took_s if took_s > _SHORT_S else 0.0
            with _guard:
                _kept[key] = _Kept(columns, time.monotonic() + pause_s)
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
    number = _number(table[:, 0], ground.building_ids)
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
        return self.columns.cases.count_bytes()


_guard: Final = threading.Lock()
_locks: dict[tuple[str, int], threading.Lock] = {}
_kept: LRUCache[tuple[str, int], _Kept] = LRUCache(_KEPT_BYTES, getsizeof=_Kept.count_bytes)


def _load_ground(connection: PostgresConnection, community_id: int, on_day: date) -> Ground:
    queries = load_queries("patterns")
    outline = queries.find_pattern_outline(connection, community_id=community_id)
    if outline is None:
        raise _refuse(community_id)
    shape = shapely.MultiPolygon(shapely.get_parts(shapely.from_wkb(bytes(outline))).tolist())
    plane = LocalPlane(shape.centroid.x, shape.centroid.y)
    rows = list(queries.list_pattern_buildings(connection, community_id=community_id, on_day=on_day))
    table = np.array([(row[0], *row[2:]) for row in rows], np.float64).reshape(-1, 8)
    compounds = _load_areas(queries.list_pattern_compounds(connection, community_id=community_id), plane)
    grids = _load_areas(
        queries.list_pattern_grids(connection, community_id=community_id, on_day=on_day), plane
    )
    return Ground(
        plane=plane,
        outline=shapely.transform(shape, plane.to_metres),
        building_ids=table[:, 0].astype(np.int64),
        building_names=tuple(row[1] for row in rows),
        places_m=plane.to_metres(table[:, 1:3]),
        compound_of=_number(table[:, 3].astype(np.int64), compounds.ids),
        grid_of=_number(table[:, 4].astype(np.int64), grids.ids),
        households=table[:, 5],
        residents=table[:, 6],
        merchants=table[:, 7],
        compounds=compounds,
        grids=grids,
    )


def _load_areas(rows: Iterable[tuple[int, str, memoryview]], plane: LocalPlane) -> Areas:
    listed = list(rows)
    shapes = shapely.from_wkb(np.array([bytes(row[2]) for row in listed], np.object_))
    return Areas(
        np.array([row[0] for row in listed], np.int64),
        tuple(row[1] for row in listed),
        plane.geometry_to_metres(shapes),
    )


def _load_cases(connection: PostgresConnection, community_id: int, ground: Ground) -> Cases:
    queries = load_queries("patterns")
    parents: dict[str, str] = dict(queries.list_pattern_categories(connection))
    codes = tuple(parents)
    with ThreadPoolExecutor(1) as beside, connection.cursor() as cursor:
        sink = _Sink(ground, codes, beside)
        asked = {"community_id": community_id, "categories": list(codes), "sources": list(SOURCES)}
        # COPY takes no parameters; the driver writes them into the text.
        queries.use_indexes(connection, is_on="off")
        cursor.copy_expert(cursor.mogrify(queries.copy_pattern_cases.sql, asked), sink)
        queries.use_indexes(connection, is_on="on")
        columns = sink.finish()
    return Cases(**columns, categories=codes, parents=tuple(parents.values()))


class _Sink:
    """Takes what COPY writes, row by row, and makes compact columns of it while more comes."""

    def __init__(self, ground: Ground, codes: tuple[str, ...], beside: ThreadPoolExecutor) -> None:
        self._ground = ground
        self._beside = beside
        self._category_of = np.zeros(10_000, np.uint8)
        for number, code in enumerate(codes):
            self._category_of[int(code[1:])] = number
        self._rows: list[bytes] = []
        self._parts: list[Future[dict[str, npt.NDArray[Any]]]] = []
        self._is_begun = False

    def write(self, row: bytes) -> None:
        """Take a row; psycopg2 calls this for each."""
        self._rows.append(row)
        if len(self._rows) >= _ROWS_AT_ONCE:
            self._convert()

    def finish(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of everything that was written, in the order of time."""
        self._convert()
        parts = [part.result() for part in self._parts]
        self._parts.clear()
        whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        parts.clear()
        order = np.argsort(whole["reported_min"], kind="stable")
        return {name: column[order] for name, column in whole.items()}

    def _convert(self) -> None:
        rows, self._rows = self._rows, []
        start = 0 if self._is_begun else _COPY_HEADER
        self._is_begun = True
        self._parts.append(self._beside.submit(self._pack, rows, start))

    def _pack(self, written: list[bytes], start: int) -> dict[str, npt.NDArray[Any]]:
        whole = b"".join(written)
        rows = np.frombuffer(whole, _ROW, (len(whole) - start) // _ROW.itemsize, start)
        ground = self._ground
        building = _number(rows["building"], ground.building_ids)
        is_housed = building >= 0
        # Without a building the last row, which nobody looks at.
        places = np.append(ground.places_m, [[np.nan, np.nan]], axis=0)[building]
        places = np.where(
            is_housed[:, None], places, ground.plane.to_metres(np.column_stack([rows["x"], rows["y"]]))
        )
        compound = _number(rows["compound"], ground.compounds.ids)
        grid = _number(rows["grid"], ground.grids.ids)
        compound[is_housed] = ground.compound_of[building[is_housed]]
        grid[is_housed] = ground.grid_of[building[is_housed]]
        reported_min = _to_minutes(rows["reported"])
        source = rows["source"].astype(np.uint8)
        return {
            "ids": rows["id"].astype(np.int64),
            "x_m": places[:, 0].astype(np.float32),
            "y_m": places[:, 1].astype(np.float32),
            "building": building,
            "compound": compound.astype(np.int16),
            "grid": grid.astype(np.int16),
            "category": self._category_of[rows["category"]],
            "source": np.where(source > 0, source - 1, len(SOURCES)).astype(np.uint8),
            "hour": ((reported_min // 60 + 24 * _FIRST_WEEKDAY) % (24 * 7)).astype(np.uint8),
            "reported_min": reported_min,
            "closed_min": np.where(rows["closed"] == _INFINITE_US, NEVER, _to_minutes(rows["closed"])).astype(
                np.int32
            ),
        }


# How COPY writes a row: the number of fields, then for each its length and itself.
_ROW: Final = np.dtype(
    [
        ("fields", ">i2"),
        *(field for name, kind in _WIRE for field in ((f"{name}_length", ">i4"), (name, kind))),
    ]
)


def _number(ids: npt.NDArray[np.int64], known: npt.NDArray[np.int64]) -> Ints:
    """Return where each id stands among the known ones, which ascend; -1 where it does not."""
    if not len(known):
        return np.full(len(ids), -1, np.int32)
    native = ids.astype(np.int64)
    at = np.searchsorted(known, native)
    at[at == len(known)] = 0
    return np.where(known[at] == native, at, -1).astype(np.int32)


def _to_minutes(us: npt.NDArray[np.int64]) -> Ints:
    """Bring PostgreSQL's time to minutes from 2000-01-01 in China."""
    return (us.astype(np.int64) // _MINUTE_US + _CHINA_MIN).astype(np.int32)

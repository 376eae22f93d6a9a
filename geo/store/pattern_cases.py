"""Every case of a community as columns, and how they come out of the database.

PostgreSQL writes rows of one width, without a null, which are brought to compact columns many at once while
more come.
"""

import io
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.incident import SOURCES
from geo.store.engine import load_queries
from geo.store.pattern_places import Floats, Ground, Ints, Numbers, find_system

NEVER: Final = np.iinfo(np.int32).max
"""The minute at which what is not closed was closed."""

FIRST_DAY: Final = date(2000, 1, 1)
"""The day, in China, with whose beginning the columns begin to count."""

DAY_MIN: Final = 24 * 60

# China has had no summer time since 1991.
_CHINA_MIN: Final = 8 * 60
# 2000-01-01 was a Saturday.
_FIRST_WEEKDAY: Final = 5
_MINUTE_US: Final = 60_000_000
# PostgreSQL counts microseconds from 2000-01-01 UTC, numpy from 1970; the last of them is never.
_EPOCH_US: Final = int(np.datetime64("2000-01-01", "us").astype(np.int64))
_INFINITE_US: Final = np.iinfo(np.int64).max
_NOT_US: Final = np.iinfo(np.int64).min
_COPY_HEADER: Final = 19
_BYTES_AT_ONCE: Final = 1 << 22
# Compound and grid come as one number.
_GRID_BITS: Final = 32
_GRID_MASK: Final = (1 << _GRID_BITS) - 1
# A point begins with the order of its bytes, its kind and its system.
_CASE_WIRE: Final = (
    ("id", ">i8"), ("point", "V9"), ("place", ">i8"), ("kind", ">i8"), ("party", ">i8"), ("reported", ">i8"),
    ("closed", ">i8"),
)  # fmt: skip
_BOND_WIRE: Final = (("id", ">i8"), ("campaign", ">i8"), ("parent", ">i8"))

Ids = npt.NDArray[np.int64]
Moments = npt.NDArray[np.datetime64]


@dataclass(frozen=True, eq=False)
class Cases:
    """The cases of a community in the order in which they were reported; n rows, some 30 bytes each.

    Attributes:
        ids: row ids.
        x_m, y_m: where; of a case in a building, where the building is; NaN where nobody knows.
        building, compound, grid: numbers of the places of :class:`Ground`, -1 for none. Of a case in a
            building its compound and grid are the building's today.
        category: number of the category in ``categories``.
        source: number in :data:`SOURCES`.
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
class Records:
    """The same cases and those that were rejected or voided, in the order of moment and id; n rows.

    What came back is looked for among them: some 50 bytes each beside those of :class:`Cases`.

    Attributes:
        ids: row ids.
        x_m, y_m: the place of the case itself in the community's Gauss–Krüger system; NaN where nobody knows.
        building: number of its building, -1 for none.
        category: number of the category in ``categories`` of :class:`Cases`.
        party: row id of who is in charge, 0 for nobody.
        reported_at, closed_at: UTC; NaT where it is not closed.
        bound, campaign, parent: ids of the cases that a campaign found or that were linked to another by
            hand, in ascending order; row ids of the campaign and of the other case, 0 for none.
    """

    ids: Ids
    x_m: Floats
    y_m: Floats
    building: Ints
    category: npt.NDArray[np.uint8]
    party: Ids
    reported_at: Moments
    closed_at: Moments
    bound: Ids
    campaign: Ids
    parent: Ids

    def count_bytes(self) -> int:
        """Return what they take in memory."""
        return sum(value.nbytes for value in vars(self).values())


def count_minutes(day: date) -> int:
    """Return the minute at which a day begins in China, as the columns count them."""
    return (day - FIRST_DAY).days * DAY_MIN


def count_days(day: date) -> int:
    """Return a day as the columns count them."""
    return (day - FIRST_DAY).days


def load_cases(connection: PostgresConnection, community_id: int, ground: Ground) -> tuple[Cases, Records]:
    """Read the cases of a community, of those that whoever acts may see."""
    queries = load_queries("patterns")
    parents: dict[str, str] = dict(queries.list_pattern_categories(connection))
    codes = tuple(parents)
    asked = {"community_id": community_id, "categories": list(codes), "sources": list(SOURCES)}
    kinds = list(queries.list_pattern_kinds(connection, **asked))
    with ThreadPoolExecutor(os.cpu_count()) as beside:
        sink = _Sink(_Packer(ground, codes, kinds), beside)
        queries.use_indexes(connection, is_on="off")
        # The driver hands over row by row.
        with io.BufferedWriter(sink, _BYTES_AT_ONCE) as gathered:
            _copy(connection, queries.copy_pattern_cases.sql, asked, gathered)
        bonds = io.BytesIO()
        _copy(connection, queries.copy_pattern_bonds.sql, asked, bonds)
        queries.use_indexes(connection, is_on="on")
        whole = sink.finish()
    is_void = whole.pop("is_void")
    bound = np.sort(_read_rows(bonds.getvalue()[_COPY_HEADER:], _BOND_ROW), order="id")
    records = Records(
        ids=whole["ids"],
        x_m=whole.pop("own_x_m"),
        y_m=whole.pop("own_y_m"),
        building=whole["building"],
        category=whole["category"],
        party=whole.pop("party"),
        reported_at=whole.pop("reported_us").view("datetime64[us]"),
        closed_at=whole.pop("closed_us").view("datetime64[us]"),
        bound=bound["id"].astype(np.int64),
        campaign=bound["campaign"].astype(np.int64),
        parent=bound["parent"].astype(np.int64),
    )
    if is_void.any():
        whole = {name: column[~is_void] for name, column in whole.items()}
    return Cases(**whole, categories=codes, parents=tuple(parents.values())), records


def _copy(connection: PostgresConnection, statement: str, asked: Mapping[str, object], to: Any) -> None:
    with connection.cursor() as cursor:
        # COPY takes no parameters; the driver writes them into the text.
        cursor.copy_expert(cursor.mogrify(statement, asked), to)


class _Packer:
    """Makes columns of rows as PostgreSQL writes them."""

    def __init__(
        self, ground: Ground, codes: Sequence[str], kinds: Sequence[tuple[int, str, str, bool]]
    ) -> None:
        self._ground = ground
        self._buildings, self._compounds, self._grids = (
            Numbers(ids) for ids in (ground.building_ids, ground.compounds.ids, ground.grids.ids)
        )
        self._system = find_system(ground.epsg)
        # Without a building the last row.
        nowhere = [[np.nan, np.nan]]
        self._anchors = np.append(ground.anchors, nowhere, axis=0)
        self._places_m = np.append(ground.places_m, nowhere, axis=0)
        self._own_m = np.column_stack(self._system.transform(*self._anchors.T))
        ordered = sorted(kinds)
        self._kinds = np.array([kind[0] for kind in ordered], np.int64)
        self._category = np.array([codes.index(kind[1]) for kind in ordered], np.uint8)
        self._source = np.array([SOURCES.index(kind[2]) for kind in ordered], np.uint8)
        self._is_void = np.array([kind[3] for kind in ordered], bool)

    def pack(self, written: bytes) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of whole rows."""
        rows = _read_rows(written, _CASE_ROW)
        ground = self._ground
        place = rows["place"].astype(np.int64)
        building = self._buildings.find(place)
        is_housed = building >= 0
        own = np.column_stack([rows["x"], rows["y"]])
        places = self._places_m[building]
        places[~is_housed] = ground.plane.to_metres(own[~is_housed])
        # Most are where their building is.
        own_m = self._own_m[building]
        is_elsewhere = (own != self._anchors[building]).any(axis=1)
        own_m[is_elsewhere] = np.column_stack(self._system.transform(*own[is_elsewhere].T))
        own_m[~np.isfinite(own_m)] = np.nan
        areas = np.where(is_housed, 0, -place)
        compound, grid = self._compounds.find(areas >> _GRID_BITS), self._grids.find(areas & _GRID_MASK)
        compound[is_housed] = ground.compound_of[building[is_housed]]
        grid[is_housed] = ground.grid_of[building[is_housed]]
        kind = np.searchsorted(self._kinds, rows["kind"].astype(np.int64))
        reported_us, closed_us = rows["reported"].astype(np.int64), rows["closed"].astype(np.int64)
        is_open = closed_us == _INFINITE_US
        reported_min = _to_minutes(reported_us)
        return {
            "ids": rows["id"].astype(np.int64),
            "x_m": places[:, 0].astype(np.float32),
            "y_m": places[:, 1].astype(np.float32),
            "building": building,
            "compound": compound.astype(np.int16),
            "grid": grid.astype(np.int16),
            "category": self._category[kind],
            "source": self._source[kind],
            "hour": ((reported_min // 60 + 24 * _FIRST_WEEKDAY) % (24 * 7)).astype(np.uint8),
            "reported_min": reported_min,
            "closed_min": np.where(is_open, NEVER, _to_minutes(closed_us)).astype(np.int32),
            "is_void": self._is_void[kind],
            "own_x_m": own_m[:, 0],
            "own_y_m": own_m[:, 1],
            "party": rows["party"].astype(np.int64),
            "reported_us": reported_us + _EPOCH_US,
            "closed_us": np.where(is_open, _NOT_US, closed_us + _EPOCH_US),
        }


class _Sink(io.RawIOBase):
    """Takes what COPY writes, and has it packed beside while more comes."""

    def __init__(self, packer: _Packer, beside: ThreadPoolExecutor) -> None:
        super().__init__()
        self._packer = packer
        self._beside = beside
        self._parts: list[Future[dict[str, npt.NDArray[Any]]]] = []
        self._rest = b""
        self._skipped = _COPY_HEADER

    def writable(self) -> bool:
        """Say that it is."""
        return True

    def write(self, written: Any) -> int:
        """Take some rows; the last may be cut."""
        taken = self._rest + bytes(written[self._skipped :])
        self._skipped = max(self._skipped - len(written), 0)
        whole = len(taken) // _CASE_ROW.itemsize * _CASE_ROW.itemsize
        self._rest = taken[whole:]
        self._parts.append(self._beside.submit(self._packer.pack, taken[:whole]))
        return len(written)

    def finish(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of all that was written, in the order of moment and id."""
        parts = [part.result() for part in self._parts]
        self._parts.clear()

        def join(name: str) -> npt.NDArray[Any]:
            return np.concatenate([part[name] for part in parts])

        order = _find_order(join("reported_us"), join("ids"))
        columns = self._beside.map(lambda name: join(name)[order], parts[0])
        return dict(zip(parts[0], columns, strict=True))


def _find_order(reported_us: Ids, ids: Ids) -> npt.NDArray[np.intp] | slice:
    """Return the order of moment and id."""
    is_same = reported_us[1:] == reported_us[:-1]
    if not (reported_us[1:] < reported_us[:-1]).any() and not (is_same & (ids[1:] < ids[:-1])).any():
        return slice(None)
    order = np.argsort(reported_us)
    # Of the same moment few are, and they are put in order by themselves.
    is_same = np.diff(reported_us[order], prepend=_NOT_US) == 0
    is_same |= np.append(is_same[1:], False)
    tied = order[is_same]
    order[is_same] = tied[np.lexsort((ids[tied], reported_us[tied]))]
    return order


def _lay_out_row(wire: Sequence[tuple[str, str]]) -> np.dtype[np.void]:
    """Return how COPY writes a row: the number of fields, then for each its length and itself."""
    fields = [("fields", ">i2")]
    for name, kind in wire:
        fields += [(f"{name}_length", ">i4"), (name, kind)]
        if name == "point":
            fields += [("x", "<f8"), ("y", "<f8")]
    return np.dtype(fields)


def _read_rows(written: bytes, row: np.dtype[np.void]) -> npt.NDArray[np.void]:
    return np.frombuffer(written, row, len(written) // row.itemsize)


def _to_minutes(us: npt.NDArray[np.int64]) -> Ints:
    """Bring PostgreSQL's time to minutes from 2000-01-01 in China."""
    return (us // _MINUTE_US + _CHINA_MIN).astype(np.int32)


_CASE_ROW: Final = _lay_out_row(_CASE_WIRE)
_BOND_ROW: Final = _lay_out_row(_BOND_WIRE)

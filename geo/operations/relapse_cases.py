"""The cases of a community as what came back is looked for among them, once for each state of the data."""

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from geo.patterns.following import Cases, Floats, Following, Ints
from geo.patterns.relapse import WITHIN_M, Pairs, find_first_returns
from geo.store.pattern_cases import Records
from geo.store.pattern_places import find_system
from geo.store.patterns import Columns

WATCHED_DAYS: Final = 90.0
"""How long after closing a return is looked for; the first of them is also the first of fewer days."""

# What people come and ask for cannot come back.
_ASKED_FOR: Final = frozenset({"E10", "E12"})


@dataclass(frozen=True, eq=False)
class Told:
    """Cases in the order of reporting; n rows.

    Attributes:
        cases: where and when; a category by the number of its code, 403 of E403, a building by its own.
        ids: row ids.
        building_ids: row ids of the buildings they are in, 0 for none.
        building_names: by number of the building.
        compound_ids: by number of the building; row id of the compound it stands in, 0 for none.
        party, campaign: row ids, 0 for none.
        epsg: the system of ``cases.x_m`` and ``y_m``.
    """

    cases: Cases
    ids: Ints
    building_ids: Ints
    building_names: tuple[str, ...]
    compound_ids: Ints
    party: Ints
    campaign: Ints
    epsg: int

    @property
    def following(self) -> Following:
        """The cases as they follow each other within fifty metres: much memory, kept while it is in use."""
        with _guard:
            found = _followings.get(self)
        if found is None:
            found = Following(self.cases, WITHIN_M)
            with _guard:
                _followings[self] = found
        return found

    @cached_property
    def first_returns(self) -> Pairs:
        """What came first after each closing, and what was linked by hand."""
        return find_first_returns(self.cases, self.following, within_days=WATCHED_DAYS)

    def locate(self, rows: Ints) -> Floats:
        """Return where some of them are: EPSG:4490 degrees, infinite where nobody knows."""
        own_m = (self.cases.x_m[rows], self.cases.y_m[rows])
        return np.column_stack(find_system(self.epsg).transform(*own_m, direction="INVERSE"))


def tell_cases(columns: Columns) -> Told:
    """Return the cases of a community; made once for each state of its columns."""
    with _guard:
        told = _told.get(columns)
    if told is None:
        told = _tell(columns)
        with _guard:
            told = _told.setdefault(columns, told)
    return told


_guard: Final = threading.Lock()
_told: WeakKeyDictionary[Columns, Told] = WeakKeyDictionary()
_followings: WeakValueDictionary[Told, Following] = WeakValueDictionary()


def _tell(columns: Columns) -> Told:
    records, ground = columns.records, columns.ground
    numbers = [
        -1 if parent in _ASKED_FOR or parent == code else int(code[1:])
        for code, parent in zip(columns.cases.categories, columns.cases.parents, strict=True)
    ]
    campaign, linked = _bind(records)
    building = records.building.astype(np.int64)
    cases = Cases(
        records.x_m, records.y_m, building, np.array(numbers, np.int64)[records.category],
        records.reported_at, records.closed_at, linked,
    )  # fmt: skip
    # Without a building the last.
    ids = np.append(ground.building_ids, 0)[building]
    compounds = np.append(ground.compounds.ids, 0)[ground.compound_of]
    return Told(
        cases, records.ids, ids, ground.building_names, compounds, records.party, campaign, ground.epsg
    )


def _bind(records: Records) -> tuple[Ints, Ints | None]:
    """Return the campaign of each record, and the row of the one it was linked to; None where none was."""
    campaign = np.zeros(len(records.ids), np.int64)
    if not len(records.bound):
        return campaign, None
    linked = np.full(len(records.ids), -1, np.int64)
    order = np.argsort(records.ids)

    def find(ids: Ints) -> Ints:
        at = order[np.minimum(np.searchsorted(records.ids, ids, sorter=order), len(order) - 1)]
        return np.where(records.ids[at] == ids, at, -1)

    rows = find(records.bound)
    is_here = rows >= 0
    campaign[rows[is_here]] = records.campaign[is_here]
    linked[rows[is_here]] = find(records.parent[is_here])
    return campaign, linked if (linked >= 0).any() else None

"""Which cases follow which: of the same category, in the same building or near, within a span of time.

Places are metres of one plane (the community's Gauss–Krüger zone), moments ``datetime64[us]`` in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Moments = NDArray[np.datetime64]

SECOND_US: Final = 1_000_000
DAY_US: Final = 86_400 * SECOND_US
# Candidates looked at together: what bounds the memory, some 200 MB.
_AT_ONCE: Final = 2_000_000
_MOST: Final = 1 << 62


@dataclass(frozen=True)
class Cases:
    """Cases as columns, one row a case.

    Attributes:
        x_m: easting; ``nan`` where it is not located.
        y_m: northing; ``nan`` where it is not located.
        building: number of its building, -1 for none.
        category: number of its second-level category, -1 for kinds that are not counted.
        reported_at: when it came in.
        closed_at: when it was settled; NaT where it was not.
        linked_to: row of the case that somebody linked it to by hand, -1 for none; None where nobody did.
    """

    x_m: Floats
    y_m: Floats
    building: Ints
    category: Ints
    reported_at: Moments
    closed_at: Moments
    linked_to: Ints | None = None

    def __len__(self) -> int:
        return len(self.x_m)


def to_micros(moments: Moments) -> Ints:
    """Return microseconds since 1970; NaT is the least number there is."""
    return moments.astype("datetime64[us]").astype(np.int64)


class Following:
    """The cases in order of category, place and time, to ask which were reported near another in a span.

    Near is the same building, however long it is, or ``within_m`` metres; always the same category. A case
    is never near itself. Places are looked up in squares twice as wide as that: what is near a point lies in
    the four squares around the corner nearest to it.

    Args:
        cases: the cases; those of category -1 are left out.
        within_m: how far is near.
    """

    def __init__(self, cases: Cases, within_m: float) -> None:
        self._cases = cases
        self._within_m = within_m
        self._at_us = to_micros(cases.reported_at)
        in_time = np.arange(len(cases))
        if len(cases) and (np.diff(self._at_us) < 0).any():
            in_time = np.argsort(self._at_us, kind="stable")
        counted = cases.category >= 0
        is_located = counted & np.isfinite(cases.x_m) & np.isfinite(cases.y_m)
        is_housed = counted & (cases.building >= 0)
        houses = int(cases.building.max(initial=0)) + 1
        self._houses = _Shelf(
            cases.category * houses + cases.building, in_time[is_housed[in_time]], self._at_us
        )
        # In squares, counted from one before the first; there is one to spare behind the last as well, so
        # that no neighbour's number is that of a square elsewhere.
        across, along = (self._divide(metres, is_located) for metres in (cases.x_m, cases.y_m))
        self._lines = int(along.max(initial=0)) + 2
        columns = int(across.max(initial=0)) + 2
        square = ((cases.category * columns + across) * self._lines + along).astype(np.int64)
        self._squares = _Shelf(square, in_time[is_located[in_time]], self._at_us)
        # In the order of the shelf, in which they are looked at.
        self._x_m, self._y_m, self._building = (
            column[self._squares.rows] for column in (cases.x_m, cases.y_m, cases.building)
        )
        # The corner nearest to each case: 0 or 1 in each direction.
        self._right, self._up = (
            (np.nan_to_num(metres) / (2 * within_m)) % 1 >= 0.5 for metres in (cases.x_m, cases.y_m)
        )

    def _divide(self, metres: Floats, is_located: Flags) -> Ints:
        number = np.floor(np.where(is_located, metres, 0.0) / (2 * self._within_m)).astype(np.int64)
        return number - (int(number[is_located].min()) if is_located.any() else 0) + 1

    def find(self, rows: Ints, since_us: Ints, until_us: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield (position in ``rows``, row of the case that followed) for cases reported in [since, until).

        Args:
            rows: the cases to look around.
            since_us: for each of them, the first microsecond asked for.
            until_us: the microsecond after the last.
        """
        slot, order = self._houses.line_up(rows)
        for at, held in self._houses.look_up(slot, since_us[order], until_us[order]):
            found = self._houses.rows[held]
            other = found != rows[order[at]]
            yield order[at[other]], found[other]
        slot, order = self._squares.line_up(rows)
        asked = _Asked(order, rows[order], since_us[order], until_us[order], slot)
        corner = 2 * self._right[asked.rows] + self._up[asked.rows]
        for across, along in ((0, 0), (1, 0), (0, 1), (1, 1)):
            # By the corner, one of the squares on either side.
            steps = [
                across * (self._lines if corner & 2 else -self._lines) + along * (1 if corner & 1 else -1)
                for corner in range(4)
            ]
            beside = np.choose(corner, [self._squares.step(step)[slot] for step in steps])
            yield from self._search(asked.move(beside))

    def _search(self, asked: "_Asked") -> Iterator[tuple[Ints, Ints]]:
        """Yield (position, row) of what is near in one square for each."""
        cases, shelf = self._cases, self._squares
        x_m, y_m, building = (column[asked.rows] for column in (cases.x_m, cases.y_m, cases.building))
        for at, held in shelf.look_up(asked.slot, asked.since_us, asked.until_us):
            away_m = np.hypot(self._x_m[held] - x_m[at], self._y_m[held] - y_m[at])
            # Those of the same building were found in it.
            other = (self._building[held] != building[at]) | (building[at] < 0)
            near = np.flatnonzero((away_m <= self._within_m) & other)
            here, found = at[near], shelf.rows[held[near]]
            other = found != asked.rows[here]
            yield asked.order[here[other]], found[other]


@dataclass(frozen=True)
class _Asked:
    """What is looked for: positions, rows, spans and slots, in ascending order of the cases' own slots."""

    order: Ints
    rows: Ints
    since_us: Ints
    until_us: Ints
    slot: Ints

    def move(self, slot: Ints) -> "_Asked":
        """Return the same in other slots, without those of slot -1."""
        kept = np.flatnonzero(slot >= 0)
        return _Asked(self.order[kept], self.rows[kept], self.since_us[kept], self.until_us[kept], slot[kept])


class _Shelf:
    """Rows in order of a place's number and of time, to the second; each place has a slot.

    Args:
        place: of each case, the number of its place.
        rows: those that have a place, in order of time.
        at_us: of each case, when it was reported.
    """

    def __init__(self, place: Ints, rows: Ints, at_us: Ints) -> None:
        placed, order = _sort_stably(place[rows])
        self.rows = rows[order]
        is_first = np.ones(len(rows), dtype=bool)
        is_first[1:] = placed[1:] != placed[:-1]
        self._places = placed[is_first]
        slot = np.cumsum(is_first) - 1
        self._slot_of = np.full(len(place), -1, dtype=np.int64)
        self._slot_of[self.rows] = slot
        self._at_us = at_us[self.rows]
        seconds = self._at_us // SECOND_US
        self._first_s = int(seconds.min()) if len(rows) else 0
        self._span_s = (int(seconds.max()) if len(rows) else 0) - self._first_s + 2
        self._keys = slot * self._span_s + (seconds - self._first_s)

    def line_up(self, rows: Ints) -> tuple[Ints, Ints]:
        """Return the slots of rows in ascending order, and their positions; of rows that have one."""
        slot, order = _sort_stably(self._slot_of[rows])
        first = int(np.searchsorted(slot, 0))
        return slot[first:], order[first:]

    def step(self, step: int) -> Ints:
        """Return of each slot that of the place so many numbers on, -1 where there is none."""
        beside = np.minimum(np.searchsorted(self._places, self._places + step), len(self._places) - 1)
        return np.where(self._places[beside] == self._places + step, beside, -1)

    def look_up(self, slot: Ints, since_us: Ints, until_us: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield (position, position on the shelf) of what lies in each slot and its span."""
        if not len(self.rows):
            return
        since_s = np.clip(since_us // SECOND_US - self._first_s, 0, self._span_s - 1)
        until_s = np.clip(until_us // SECOND_US - self._first_s + 1, 0, self._span_s)
        begin = np.searchsorted(self._keys, slot * self._span_s + since_s)
        last = slot * self._span_s + until_s
        # Most spans are empty: only where something lies within them is their end looked for.
        first = self._keys[np.minimum(begin, len(self._keys) - 1)]
        asked = np.flatnonzero((begin < len(self._keys)) & (first < last))
        begin = begin[asked]
        count = np.searchsorted(self._keys, last[asked]) - begin
        total = np.cumsum(count)
        start = 0
        while start < len(asked):
            before = total[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(total, before + _AT_ONCE, side="right")))
            counts = count[start:stop]
            offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            held, at = np.repeat(begin[start:stop], counts) + offset, np.repeat(asked[start:stop], counts)
            # To the second a little too many.
            meant = (self._at_us[held] >= since_us[at]) & (self._at_us[held] < until_us[at])
            yield at[meant], held[meant]
            start = stop


def _sort_stably(numbers: Ints) -> tuple[Ints, Ints]:
    """Return numbers in ascending order and their positions, equal ones in the order they came."""
    size = max(len(numbers), 1)
    if len(numbers) and int(numbers.max()) >= _MOST // size:
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order
    # Numbers are sorted many times faster than positions by their numbers: so each is given its position.
    ordered, order = np.divmod(np.sort(numbers * size + np.arange(len(numbers))), size)
    return ordered, order

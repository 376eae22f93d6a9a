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
    is never near itself. Places are looked up in squares twice as wide as that: what is near a point lies
    in the four squares around the corner nearest to it.

    Args:
        cases: the cases; those of category -1 are left out.
        within_m: how far is near.
    """

    def __init__(self, cases: Cases, within_m: float) -> None:
        self._cases = cases
        self._within_m = within_m
        self._at_us = to_micros(cases.reported_at)
        counted = cases.category >= 0
        located = np.flatnonzero(counted & np.isfinite(cases.x_m) & np.isfinite(cases.y_m))
        housed = np.flatnonzero(counted & (cases.building >= 0))
        side_m = 2 * within_m
        # One square to spare at every edge, so that a neighbour's number is never another row's.
        self._column = np.zeros(len(cases), dtype=np.int64)
        self._line = np.zeros(len(cases), dtype=np.int64)
        for number, metres in ((self._column, cases.x_m), (self._line, cases.y_m)):
            square = np.floor(metres[located] / side_m).astype(np.int64)
            number[located] = square - (square.min() if len(square) else 0) + 1
        self._lines = int(self._line.max(initial=0)) + 2
        columns = int(self._column.max(initial=0)) + 2
        self._square = (cases.category * columns + self._column) * self._lines + self._line
        self._house = cases.category * (int(cases.building.max(initial=0)) + 1) + cases.building
        self._squares = _Shelf(self._square, located, self._at_us)
        self._houses = _Shelf(self._house, housed, self._at_us)

    def find(self, rows: Ints, since_us: Ints, until_us: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield (position in ``rows``, row of the case that followed) for cases reported in [since, until).

        Args:
            rows: the cases to look around.
            since_us: for each of them, the first microsecond asked for.
            until_us: the microsecond after the last.
        """
        cases = self._cases
        counted = cases.category[rows] >= 0
        housed = np.flatnonzero(counted & (cases.building[rows] >= 0))
        yield from self._search(self._houses, self._house[rows], housed, rows, since_us, until_us)
        located = np.flatnonzero(counted & np.isfinite(cases.x_m[rows]) & np.isfinite(cases.y_m[rows]))
        side_m = 2 * self._within_m
        right = np.where((cases.x_m[rows] / side_m) % 1 < 0.5, -1, 1)
        up = np.where((cases.y_m[rows] / side_m) % 1 < 0.5, -1, 1)
        for across, along in ((0, 0), (1, 0), (0, 1), (1, 1)):
            square = self._square[rows] + across * right * self._lines + along * up
            for at, found in self._search(self._squares, square, located, rows, since_us, until_us):
                here = rows[at]
                away_m = np.hypot(cases.x_m[found] - cases.x_m[here], cases.y_m[found] - cases.y_m[here])
                # Those of the same building were found in it.
                other = (cases.building[found] != cases.building[here]) | (cases.building[here] < 0)
                near = (away_m <= self._within_m) & other
                yield at[near], found[near]

    def _search(
        self, shelf: "_Shelf", place: Ints, asked: Ints, rows: Ints, since_us: Ints, until_us: Ints
    ) -> Iterator[tuple[Ints, Ints]]:
        """Yield (position in ``rows``, row) of what the shelf holds in a place and a span."""
        for at, found in shelf.look_up(place, asked, since_us, until_us):
            at_us = self._at_us[found]
            meant = (at_us >= since_us[at]) & (at_us < until_us[at]) & (found != rows[at])
            yield at[meant], found[meant]


class _Shelf:
    """Rows in order of a place's number and of time, to the second."""

    def __init__(self, place: Ints, rows: Ints, at_us: Ints) -> None:
        self._rows = rows[np.lexsort((at_us[rows], place[rows]))]
        placed = place[self._rows]
        is_first = np.ones(len(placed), dtype=bool)
        is_first[1:] = placed[1:] != placed[:-1]
        self._places = placed[is_first]
        seconds = at_us[self._rows] // SECOND_US
        self._first_s = int(seconds.min(initial=0))
        self._span_s = int(seconds.max(initial=0)) - self._first_s + 2
        self._keys = (np.cumsum(is_first) - 1) * self._span_s + (seconds - self._first_s)

    def look_up(
        self, place: Ints, asked: Ints, since_us: Ints, until_us: Ints
    ) -> Iterator[tuple[Ints, Ints]]:
        """Yield (position, row) for the asked positions; to the second, so a little too many."""
        if not len(self._rows):
            return
        # In order of place the searches go through the shelf once.
        asked = asked[np.argsort(place[asked], kind="stable")]
        slot = np.minimum(np.searchsorted(self._places, place[asked]), len(self._places) - 1)
        held = self._places[slot] == place[asked]
        asked, slot = asked[held], slot[held]
        since_s = np.clip(since_us[asked] // SECOND_US - self._first_s, 0, self._span_s - 1)
        until_s = np.clip(until_us[asked] // SECOND_US - self._first_s + 1, 0, self._span_s)
        begin = np.searchsorted(self._keys, slot * self._span_s + since_s)
        last = slot * self._span_s + until_s
        # Most spans are empty: only where something lies within them is their end looked for.
        some = np.flatnonzero(
            (begin < len(self._keys)) & (self._keys[np.minimum(begin, len(self._keys) - 1)] < last)
        )
        asked, begin = asked[some], begin[some]
        count = np.searchsorted(self._keys, last[some]) - begin
        total = np.cumsum(count)
        start = 0
        while start < len(asked):
            before = total[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(total, before + _AT_ONCE, side="right")))
            counts = count[start:stop]
            offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            yield (
                np.repeat(asked[start:stop], counts),
                self._rows[np.repeat(begin[start:stop], counts) + offset],
            )
            start = stop

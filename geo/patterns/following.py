"""Which cases follow which: of the same category, in the same building or near, within a span of time.

Places are metres of one plane (the community's Gauss–Krüger zone), moments ``datetime64[us]`` in UTC.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Moments = NDArray[np.datetime64]

_Given = TypeVar("_Given")
_Made = TypeVar("_Made")

DAY_US: Final = 86_400_000_000
# Candidates looked at together: few enough to stay close to the processor.
_AT_ONCE: Final = 1 << 17
_MOST: Final = 1 << 62
# Fewer cases are looked through before other threads have begun.
_MANY: Final = 1 << 16


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
    """Cases by category, place and time, to ask which were reported near another in a span.

    Near is the same building, however long it is, or ``within_m`` metres; always the same category. A case
    is never near itself. Each category is looked through by itself: several at once, and each in little
    memory. Places are looked up in squares twice as wide as ``within_m``: what is near a point lies in the
    four squares around the corner nearest to it.

    Args:
        cases: the cases; those of category -1 are left out.
        within_m: how far is near.
    """

    def __init__(self, cases: Cases, within_m: float) -> None:
        self._category = cases.category
        at_us = to_micros(cases.reported_at)
        in_time = np.flatnonzero(cases.category >= 0)
        if (np.diff(at_us[in_time]) < 0).any():
            in_time = in_time[np.argsort(at_us[in_time], kind="stable")]
        category, order = _sort_stably(cases.category[in_time])
        first = np.flatnonzero(np.diff(category, prepend=-1))
        self._categories = category[first]
        self._rows = np.split(in_time[order], first[1:]) if len(first) else []
        # The number of each case within its category.
        self._number = np.full(len(cases), -1, dtype=np.int64)
        for rows in self._rows:
            self._number[rows] = np.arange(len(rows))

        def lay_out(rows: Ints) -> _Kind:
            return _Kind(cases.x_m[rows], cases.y_m[rows], cases.building[rows], at_us[rows], within_m)

        self._kinds = _do_all(lay_out, self._rows, len(cases))

    def find_all(self, rows: Ints, since_us: Ints, until_us: Ints) -> tuple[Ints, Ints]:
        """Return (positions in ``rows``, rows of what followed) for all cases reported in [since, until).

        Args:
            rows: the cases to look around, each once; none of category -1.
            since_us: for each of them, the first microsecond asked for.
            until_us: the microsecond after the last.
        """
        positions, found = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
        for number, at, pairs in self._ask(_Kind.find_all, rows, since_us, until_us):
            positions += [at[around] for around, _ in pairs]
            found += [self._rows[number][again] for _, again in pairs]
        return np.concatenate(positions), np.concatenate(found)

    def find_first(self, rows: Ints, since_us: Ints, until_us: Ints) -> Ints:
        """Return for each of ``rows`` the row of the first case in [since, until), -1 where there is none.

        Of several reported in the same microsecond it is the first row. For the arguments see
        :meth:`find_all`.
        """
        first = np.full(len(rows), -1, dtype=np.int64)
        for number, at, found in self._ask(_Kind.find_first, rows, since_us, until_us):
            first[at] = np.where(found >= 0, self._rows[number][found], -1)
        return first

    def count(self, rows: Ints, since_us: Ints, until_us: Ints) -> Ints:
        """Return how many cases followed each of ``rows``; for the arguments see :meth:`find_all`."""
        counts = np.zeros(len(rows), dtype=np.int64)
        for _, at, counted in self._ask(_Kind.count, rows, since_us, until_us):
            counts[at] = counted
        return counts

    def _ask(
        self, work: "Callable[[_Kind, _Asked], _Made]", rows: Ints, since_us: Ints, until_us: Ints
    ) -> list[tuple[int, Ints, _Made]]:
        """Ask every category; return its number, the positions of its cases in ``rows``, and its answer."""
        category, order = _sort_stably(self._category[rows])
        bounds = np.searchsorted(category, np.append(self._categories, _MOST))

        def ask(number: int) -> tuple[int, Ints, _Made]:
            at, kind = order[bounds[number] : bounds[number + 1]], self._kinds[number]
            asked = kind.look_at(self._number[rows[at]], since_us[at], until_us[at])
            return number, at, work(kind, asked)

        return _do_all(ask, range(len(self._kinds)), len(rows))


@dataclass(frozen=True)
class _Asked:
    """Cases to look around, and the numbers from which on and before which they ask."""

    numbers: Ints
    since: Ints
    until: Ints


class _Kind:
    """The cases of one category, numbered in order of time."""

    def __init__(self, x_m: Floats, y_m: Floats, building: Ints, at_us: Ints, within_m: float) -> None:
        self._at_us = at_us
        self._within_m = within_m
        self._x_m, self._y_m, self._building = x_m, y_m, building
        self._houses = _Shelf(building, building >= 0)
        is_located = np.isfinite(x_m) & np.isfinite(y_m)
        across, along = (np.where(is_located, metres, 0.0) / (2 * within_m) for metres in (x_m, y_m))
        column, line = (_number_squares(squares, is_located) for squares in (across, along))
        # A line to spare on either side, so that no neighbour's number is that of a square elsewhere.
        lines = int(line.max(initial=0)) + 2
        self._square = column * lines + line
        self._squares = _Shelf(self._square, is_located)
        # From the square of each case to those around the corner nearest to it.
        aside = np.where(across % 1 >= 0.5, lines, -lines)
        ahead = np.where(along % 1 >= 0.5, 1, -1)
        self._steps = (np.zeros_like(aside), aside, ahead, aside + ahead)
        # In the order of the shelf, in which they are looked at.
        self._shelved_x_m, self._shelved_y_m, self._shelved_building = (
            values[self._squares.numbers] for values in (x_m, y_m, building)
        )

    def look_at(self, numbers: Ints, since_us: Ints, until_us: Ints) -> _Asked:
        """Return what is asked, moments as numbers of cases."""
        # Moments are found many times faster in their order.
        order = np.argsort(since_us)
        since, until = np.empty_like(numbers), np.empty_like(numbers)
        for found, moments in ((since, since_us), (until, until_us)):
            found[order] = np.searchsorted(self._at_us, moments[order])
        return _Asked(numbers, since, until)

    def find_all(self, asked: _Asked) -> list[tuple[Ints, Ints]]:
        """Return parts of (positions in what is asked, numbers of the cases that followed)."""
        at, begin, end = self._look_inside(asked)
        parts = []
        for around, held in _enumerate(begin, end):
            again = self._houses.numbers[held]
            other = again != asked.numbers[at[around]]
            parts.append((at[around[other]], again[other]))
        return [*parts, *self._find_beside(asked)]

    def count(self, asked: _Asked) -> Ints:
        """Return how many followed each."""
        at, begin, end = self._look_inside(asked)
        is_among = (asked.since <= asked.numbers) & (asked.numbers < asked.until)
        counts = np.zeros(len(asked.numbers), dtype=np.int64)
        counts[at] = end - begin - is_among[at]
        for around, _ in self._find_beside(asked):
            counts += np.bincount(around, minlength=len(counts))
        return counts

    def find_first(self, asked: _Asked) -> Ints:
        """Return the first that followed each, -1 where none did."""
        # The best so far: what comes later is not looked for.
        first = np.maximum(asked.until, asked.since)
        at, begin, end = self._look_inside(asked)
        found = np.flatnonzero(begin < end)
        # It may be the case itself.
        begin[found] += self._houses.numbers[begin[found]] == asked.numbers[at[found]]
        found = found[begin[found] < end[found]]
        first[at[found]] = self._houses.numbers[begin[found]]
        at = self._squares.line_up(asked.numbers)
        numbers, since = asked.numbers[at], asked.since[at]
        x_m, y_m, square = self._x_m[numbers], self._y_m[numbers], self._square[numbers]
        for step in self._steps:
            begin, end = self._squares.look_up(square + step[numbers], since, first[at])
            left = np.flatnonzero(begin < end)
            while len(left):
                tried = begin[left]
                again = self._squares.numbers[tried]
                is_near = self._is_near(tried, x_m[left], y_m[left]) & (again != numbers[left])
                first[at[left[is_near]]] = again[is_near]
                left = left[~is_near]
                begin[left] += 1
                left = left[begin[left] < end[left]]
        return np.where(first < asked.until, first, -1)

    def _look_inside(self, asked: _Asked) -> tuple[Ints, Ints, Ints]:
        """Return positions of those that have a building, and where on the shelf its span is."""
        at = self._houses.line_up(asked.numbers)
        return at, *self._houses.look_up(self._building[asked.numbers[at]], asked.since[at], asked.until[at])

    def _find_beside(self, asked: _Asked) -> Iterator[tuple[Ints, Ints]]:
        """Yield (positions, numbers) of what followed near, in another building or in none."""
        at = self._squares.line_up(asked.numbers)
        numbers, since, until = asked.numbers[at], asked.since[at], asked.until[at]
        x_m, y_m = self._x_m[numbers], self._y_m[numbers]
        square, building = self._square[numbers], self._building[numbers]
        for step in self._steps:
            for around, held in _enumerate(*self._squares.look_up(square + step[numbers], since, until)):
                again = self._squares.numbers[held]
                is_near = self._is_near(held, x_m[around], y_m[around]) & (again != numbers[around])
                # Those of the same building were found in it.
                is_near &= (building[around] < 0) | (self._shelved_building[held] != building[around])
                yield at[around[is_near]], again[is_near]

    def _is_near(self, held: Ints, x_m: Floats, y_m: Floats) -> Flags:
        """Return which cases on the shelf of squares are near a point each."""
        east_m, north_m = self._shelved_x_m[held] - x_m, self._shelved_y_m[held] - y_m
        is_near: Flags = east_m * east_m + north_m * north_m <= self._within_m**2
        return is_near


class _Shelf:
    """The numbers of cases in order of their places, and of time at each.

    Args:
        place: of each case, the number of its place.
        is_placed: which of them have one.
    """

    def __init__(self, place: Ints, is_placed: Flags) -> None:
        self._size = max(len(place), 1)
        placed = np.flatnonzero(is_placed)
        self._keys = np.sort(place[placed] * self._size + placed)
        self.numbers: Ints = self._keys % self._size

    def line_up(self, numbers: Ints) -> Ints:
        """Return the positions of cases in the order of the shelf; of those that are on it."""
        position = np.full(self._size, -1, dtype=np.int64)
        position[numbers] = np.arange(len(numbers))
        lined_up: Ints = position[self.numbers]
        return lined_up[lined_up >= 0]

    def look_up(self, place: Ints, since: Ints, until: Ints) -> tuple[Ints, Ints]:
        """Return from where to where on the shelf a place's cases of so many numbers are."""
        begin = np.searchsorted(self._keys, place * self._size + since)
        last = place * self._size + until
        # Most spans are empty: only where something lies within them is their end looked for.
        end = begin.copy()
        some = np.flatnonzero(begin < len(self._keys))
        some = some[self._keys[begin[some]] < last[some]]
        end[some] = np.searchsorted(self._keys, last[some])
        return begin, end


def _enumerate(begin: Ints, end: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield (position of each span, number in it) of spans, so many at once."""
    asked = np.flatnonzero(begin < end)
    count = (end - begin)[asked]
    total = np.cumsum(count)
    start = 0
    while start < len(asked):
        before = total[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(total, before + _AT_ONCE, side="right")))
        counts = count[start:stop]
        first = begin[asked[start:stop]] - (total[start:stop] - counts - before)
        yield (
            np.repeat(asked[start:stop], counts),
            np.repeat(first, counts) + np.arange(total[stop - 1] - before),
        )
        start = stop


def _number_squares(squares: Floats, is_located: Flags) -> Ints:
    """Return whole numbers of squares from 1 on."""
    number = np.floor(squares).astype(np.int64)
    return number - (int(number[is_located].min()) if is_located.any() else 0) + 1


def _do_all(work: Callable[[_Given], _Made], given: Sequence[_Given], cases: int) -> list[_Made]:
    """Do some work on all that is given, on several processors where there are many cases."""
    if cases < _MANY:
        return [work(one) for one in given]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, given))


def _sort_stably(numbers: Ints) -> tuple[Ints, Ints]:
    """Return numbers in ascending order and their positions, equal ones in the order they came."""
    size = max(len(numbers), 1)
    if len(numbers) and int(numbers.max()) >= _MOST // size:
        order = np.argsort(numbers, kind="stable")
        return numbers[order], order
    # Numbers are sorted many times faster than positions by their numbers: so each is given its position.
    ordered, order = np.divmod(np.sort(numbers * size + np.arange(len(numbers))), size)
    return ordered, order

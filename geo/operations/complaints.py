"""A month's complaints against the month before and the same month last year, for those who meet over it.

Everything is counted as the acting reader may see it, and nothing sensitive is counted at all.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeVar

import numpy as np
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import InputRefused
from geo.model.repeats import RepeatPoint
from geo.operations.deadlines import load_calendar
from geo.operations.relapses import BackAgain, list_back
from geo.rules.calendar import WorkingCalendar
from geo.rules.comparing import Change, Ints, compare_counts
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period, cut_period, find_month, format_month, go_back
from geo.rules.repeats import WINDOW_DAYS, find_repeats
from geo.store import complaints
from geo.store.complaints import CountedCases, PlaceLayer
from geo.store.engine import connect

OTHER: Final = "E1299"
"""The category of what fits no other."""

MOST_OTHER: Final = 0.1
"""Above this share of a month, the categories are to be refined."""

LONG_OPEN: Final = timedelta(days=30)
_LEAST_DAYS: Final = 14
_MONTHS_WATCHED: Final = 3
_LAYERS: Final[tuple[PlaceLayer, ...]] = ("grids", "compounds")
_Key = TypeVar("_Key", bound=Hashable)
Against = Literal["month", "year"]


@dataclass(frozen=True, slots=True)
class Compared:
    """A number of the month against the month before, and against the same month last year."""

    month: Change
    year: Change


@dataclass(frozen=True)
class PlaceTable:
    """Places by groups of categories.

    Attributes:
        places: name of each place by id; None is where no place is known.
        groups: codes of the groups that have a case.
        cells: by place and group; a pair without a case in any period is not in it.
        totals: by place.
    """

    places: Mapping[int | None, str | None]
    groups: tuple[str, ...]
    cells: Mapping[tuple[int | None, str], Compared]
    totals: Mapping[int | None, Compared]


@dataclass(frozen=True, slots=True)
class Rise:
    """What rises: a category, in all or at one place, by more than chance explains."""

    category_code: str
    layer: PlaceLayer | None
    place_id: int | None
    place: str | None
    against: Against
    change: Change

    @property
    def excess(self) -> float:
        """Cases more than at the earlier rate."""
        return self.change.now - (self.change.expected or 0.0)


@dataclass(frozen=True, slots=True)
class NamedPoint:
    """A repeat point and what it is called."""

    point: RepeatPoint
    name: str | None


@dataclass(frozen=True)
class MonthReview:
    """What there is to say about a month.

    Attributes:
        period: its days that are over.
        is_whole: whether all of them are.
        before, year_before: what it is compared with, as far as cases were kept; None where too few days
            were.
        working_days: of the period and of the two it is compared with, by the community's calendar; 0 of
            none.
        total: of all cases.
        groups, categories: by code; only those with a case in a period.
        tables: by grids and by compounds.
        rises: the largest excess first.
        repeats: points reported again, the fullest first.
        unsettled: cases open for more than thirty days at the end of the period, by category.
        other_share: of the month's cases, how many fit no category; None where there were none.
    """

    period: Period
    is_whole: bool
    before: Period | None
    year_before: Period | None
    working_days: tuple[int, int, int]
    total: Compared
    groups: Mapping[str, Compared]
    categories: Mapping[str, Compared]
    tables: Mapping[PlaceLayer, PlaceTable]
    rises: tuple[Rise, ...]
    repeats: tuple[NamedPoint, ...]
    unsettled: Mapping[str, int]
    other_share: float | None


def find_first_day(community_id: int) -> date | None:
    """Return the day from which there are cases that the acting reader may see; None where there are none.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        first = complaints.find_first_report(connection, community_id)
    return None if first is None else find_day(first)


def find_months(community_id: int, now: datetime) -> list[Period]:
    """Return the months that can be looked at, the newest first: one has a day that is over.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        first = complaints.find_first_report(connection, community_id)
    if first is None:
        return []
    months = [find_month(find_day(now) - timedelta(days=1))]
    while months[-1].first > find_day(first):
        months.append(go_back(months[-1], 1))
    return months


def review_month(community_id: int, month: Period, now: datetime) -> MonthReview:
    """Compare a month of a community, as far as its days are over.

    Args:
        community_id: the community.
        month: a month with a day that is over.
        now: the moment of asking.

    Raises:
        DatabaseUnavailable: the database does not answer.
        InputRefused: no day of the month is over.
    """
    today = find_day(now)
    period = cut_period(month, until=today)
    if period is None:
        msg = f"no day of {format_month(month)} is over: choose an earlier month"
        raise InputRefused(msg)
    with connect() as connection:
        first = complaints.find_first_report(connection, community_id)
        since = find_day(first) if first else today
        judge = _Judge(
            period, _find_comparable(go_back(month, 1), since), _find_comparable(go_back(month, 12), since)
        )
        counted = complaints.count_cases(connection, community_id, judge.list_moments())
        categories = judge.compare(_sum_by(counted, lambda case: case.category_code))
        rises = [*_list_rises({(code, None): each for code, each in categories.items()}, None, {})]
        tables: dict[PlaceLayer, PlaceTable] = {}
        for layer in _LAYERS:
            names = _name_places(connection, community_id, layer, counted)
            tables[layer] = _build_table(counted, layer, names, judge)
            rises += _list_rises(_compare_at_places(counted, layer, judge), layer, names)
        repeats = _find_points(connection, community_id, period)
        ended_at = start_of_day(period.end)
        calendar = load_calendar(connection, community_id)
        unsettled = complaints.count_unsettled(connection, community_id, ended_at - LONG_OPEN, ended_at)
    total = judge.compare({"": sum((np.array(case.counts) for case in counted), np.zeros(3, np.int64))})[""]
    other = categories[OTHER].month.now if OTHER in categories else 0
    return MonthReview(
        period=period,
        is_whole=period == month,
        before=judge.before,
        year_before=judge.year_before,
        working_days=(
            _count_working_days(calendar, judge.period),
            _count_working_days(calendar, judge.before),
            _count_working_days(calendar, judge.year_before),
        ),
        total=total,
        groups=judge.compare(_sum_by(counted, lambda case: case.group_code)),
        categories=categories,
        tables=tables,
        rises=tuple(sorted(rises, key=lambda rise: (-rise.excess, rise.category_code, rise.against))),
        repeats=repeats,
        unsettled=unsettled,
        other_share=other / total.month.now if total.month.now else None,
    )


def list_returns(community_id: int, month: Period, now: datetime) -> tuple[BackAgain, ...]:
    """Return where what was settled in a month or the two before it has come back, more than chance explains.

    What came after the month is not known yet. The places come first of which least is chance.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    until = min(start_of_day(month.end), now)
    since = start_of_day(go_back(month, _MONTHS_WATCHED - 1).first)
    return tuple(place for place in list_back(community_id, until, since=since) if place.is_relapse)


@dataclass(frozen=True, slots=True)
class _Judge:
    """What compares numbers of a period with those of two others."""

    period: Period
    before: Period | None
    year_before: Period | None

    def list_moments(self) -> list[tuple[datetime, datetime]]:
        """Return from when to when the three are; one with which nothing can be compared is empty."""
        none = Period(self.period.first, self.period.first)
        return [
            (start_of_day(each.first), start_of_day(each.end))
            for each in (self.period, self.before or none, self.year_before or none)
        ]

    def compare(self, numbers: Mapping[_Key, Ints]) -> dict[_Key, Compared]:
        """Compare numbers by key, three each, and judge all of them together."""
        table = np.array(list(numbers.values()), np.int64).reshape(-1, 3)
        month, year = (
            compare_counts(
                table[:, 0], table[:, column] if kept else None, self.period.days, kept.days if kept else 0
            )
            for column, kept in enumerate((self.before, self.year_before), start=1)
        )
        return {key: Compared(*changes) for key, *changes in zip(numbers, month, year, strict=True)}


def _find_comparable(month: Period, since: date) -> Period | None:
    """Return the days of an earlier month from which cases were kept; None where they are too few."""
    kept = cut_period(month, since=since)
    return kept if kept and kept.days >= _LEAST_DAYS else None


def _count_working_days(calendar: WorkingCalendar, period: Period | None) -> int:
    days = range(period.days) if period else ()
    return sum(period is not None and calendar.is_workday(period.first + timedelta(days=day)) for day in days)


def _sum_by(counted: Iterable[CountedCases], key: Callable[[CountedCases], _Key]) -> dict[_Key, Ints]:
    sums: dict[_Key, Ints] = {}
    for case in counted:
        sums.setdefault(key(case), np.zeros(3, np.int64))
        sums[key(case)] += case.counts
    return sums


def _place_of(case: CountedCases, layer: PlaceLayer) -> int | None:
    return case.grid_id if layer == "grids" else case.compound_id


def _name_places(
    connection: PostgresConnection, community_id: int, layer: PlaceLayer, counted: Iterable[CountedCases]
) -> dict[int | None, str | None]:
    ids = {_place_of(case, layer) for case in counted}
    known = complaints.name_places(connection, community_id, layer, [i for i in ids if i is not None])
    # Cases in no place of the layer come last, with those of a place that the reader does not know.
    missing = sorted(ids - set(known), key=lambda i: i or 0)
    names: dict[int | None, str | None] = dict.fromkeys([*known, *missing])
    names.update(known.items())
    return names


def _build_table(
    counted: Iterable[CountedCases],
    layer: PlaceLayer,
    names: Mapping[int | None, str | None],
    judge: _Judge,
) -> PlaceTable:
    cells = judge.compare(_sum_by(counted, lambda case: (_place_of(case, layer), case.group_code)))
    return PlaceTable(
        places=names,
        groups=tuple(sorted({group for _, group in cells}, key=lambda code: int(code[1:]))),
        cells=cells,
        totals=judge.compare(_sum_by(counted, lambda case: _place_of(case, layer))),
    )


def _compare_at_places(
    counted: Iterable[CountedCases], layer: PlaceLayer, judge: _Judge
) -> dict[tuple[str, int | None], Compared]:
    sums = _sum_by(counted, lambda case: (case.category_code, _place_of(case, layer)))
    return judge.compare({key: numbers for key, numbers in sums.items() if key[1] is not None})


def _list_rises(
    compared: Mapping[tuple[str, int | None], Compared],
    layer: PlaceLayer | None,
    names: Mapping[int | None, str | None],
) -> Iterator[Rise]:
    against: tuple[Against, ...] = ("month", "year")
    for (code, place_id), numbers in compared.items():
        for kind, change in zip(against, (numbers.month, numbers.year), strict=True):
            if change.verdict == "up":
                yield Rise(code, layer, place_id, names.get(place_id), kind, change)


def _find_points(connection: PostgresConnection, community_id: int, period: Period) -> tuple[NamedPoint, ...]:
    began_at = start_of_day(period.first)
    cases = complaints.list_placed_cases(
        connection, community_id, began_at - timedelta(days=WINDOW_DAYS), start_of_day(period.end)
    )
    points = find_repeats(cases, began_at.timestamp())
    names = complaints.name_points(connection, community_id, points)
    return tuple(NamedPoint(point, name) for point, name in zip(points, names, strict=True))

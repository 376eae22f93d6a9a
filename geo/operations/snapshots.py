"""A community's figures in one state of its data, counted once and shared by all who read them.

Periods that are over are kept one by one, and counted again only when something they rest on has changed: of
a year and more that is seldom more than the last few weeks.
"""

import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from cachetools import LRUCache

from geo.model.indicator import PLACE_FACTS, WHOLE, Value
from geo.operations import indicators
from geo.operations.indicators import Measured, measure
from geo.operations.recalling import recall
from geo.patterns.relapse import WITHIN_DAYS
from geo.rules.indicators import CORE, INDICATORS, make_empty
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period, find_compared, find_month, go_back
from geo.store import indicators as store
from geo.store.engine import connect
from geo.store.versions import read_common_tag

MONTHS: Final = 13
"""How many months the snapshot's series has, the running one included: so it begins a year ago."""

# What was closed on the last day of a period may come back so long after it; nothing later counts in it.
_FOLLOWED: Final = timedelta(days=WITHIN_DAYS)
_OF_PLACES: Final = tuple(
    id_ for id_, each in INDICATORS.items() if each.facts in PLACE_FACTS or each.facts == "loads"
)
_OF_CASES: Final = tuple(id_ for id_ in INDICATORS if id_ not in _OF_PLACES)
_PLACE_LAYERS: Final = ("communities", "grids", "compounds", "buildings", "merchants", "zones", "visits")
_MOST_KEPT: Final = 512


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A community's figures in one state of its data, kept for all who read them.

    Attributes:
        tag: equal tags, equal figures of the running month.
        past_tag: the same of the periods that are over; where counting takes long, of an earlier state; empty
            where nobody has counted them yet, and they are empty too.
        as_of: the moment up to which due times count as passed.
        read_at: when the data were read.
        months: the series' months, the oldest first; the last is the running one, whose ``end`` is to come.
        before: the days of the month before up to the same day, for comparison with the running month.
        year_before: the days of the same month last year up to the same day.
        series: by indicator, a value for each of ``months``; of the running month as far as it has come.
        then: by indicator, the values of ``before`` and ``year_before``.
        grids: core figures of the running month by indicator and grid.
    """

    tag: str
    past_tag: str
    as_of: datetime
    read_at: datetime
    months: tuple[Period, ...]
    before: Period
    year_before: Period
    series: Mapping[str, tuple[Value, ...]]
    then: Mapping[str, tuple[Value, ...]]
    grids: Mapping[str, Mapping[str, Value]]

    def now(self, id_: str) -> Value:
        """Return what an indicator comes to in the running month."""
        return self.series[id_][-1]


def read_snapshot(community_id: int, *, is_hurried: bool = False) -> Snapshot:
    """Return a community's figures, counted once for each state of its data and shared by all readers.

    Where counting took long, older figures are returned until twenty times as long has passed, and to all
    others while somebody counts; they say of which state they are. What is over is counted by itself, and the
    running month does not wait for it.

    Args:
        community_id: whose.
        is_hurried: whether what is over is left empty where nobody has counted it yet.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    state = _find_state(community_id)
    now = _recall_now(state)
    past = _recall_past(state, is_hurried=is_hurried)
    return Snapshot(
        tag=now.tag,
        past_tag=past.tag,
        as_of=now.whole.as_of,
        read_at=now.read_at,
        months=(*past.months, state.running),
        before=past.compared[0],
        year_before=past.compared[1],
        series={
            id_: (*(past.values[month, id_] for month in past.months), by_key[WHOLE][0])
            for id_, by_key in now.whole.values.items()
        },
        then={id_: tuple(past.values[period, id_] for period in past.compared) for id_ in now.whole.values},
        grids={id_: {key: value for key, (value,) in row.items()} for id_, row in now.grids.values.items()},
    )


def read_running_month(community_id: int) -> Measured:
    """Return the figures of the running month.

    They are those of :func:`read_snapshot`, for whoever does not need what is over.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    return _recall_now(_find_state(community_id)).whole


@dataclass(frozen=True)
class _State:
    """A community as it stands: what its figures are kept under, and of which day they are."""

    community_id: int
    place: tuple[str, int]
    tag: str
    today: date
    running: Period

    @property
    def key(self) -> tuple[Hashable, ...]:
        return (*self.place, self.running.first)


@dataclass(frozen=True, eq=False)
class _Now:
    """The running month: of the community, and of its grids."""

    whole: Measured
    grids: Measured
    read_at: datetime

    @property
    def tag(self) -> str:
        return self.whole.tag


@dataclass(frozen=True, eq=False)
class _Past:
    """What is over: the months before the running one, what that is compared with, and what they come to."""

    tag: str
    months: tuple[Period, ...]
    compared: tuple[Period, Period]
    values: Mapping[tuple[Period, str], Value]


@dataclass(frozen=True)
class _Kept:
    """What some indicators came to in a period that is over; the same print, the same figures."""

    print: str
    values: Mapping[str, Value]


# A period, and whether the figures are of places.
_Part = tuple[Period, bool]

_guard: Final = threading.Lock()
_locks: Final[dict[Hashable, threading.Lock]] = {}
_kept: LRUCache[Hashable, Mapping[_Part, _Kept]] = LRUCache(_MOST_KEPT)


def _find_state(community_id: int) -> _State:
    indicators.verify_reader(community_id)
    hour = indicators.find_hour(datetime.now(UTC))
    today = find_day(hour)
    with connect() as connection:
        tag = indicators.read_tag_of(connection, community_id, hour)
        return _State(community_id, (connection.dsn, community_id), tag, today, find_month(today))


def _recall_now(state: _State) -> _Now:
    return recall((*state.key, "now"), state.tag, lambda: _measure_now(state))


def _measure_now(state: _State) -> _Now:
    read_at = datetime.now(UTC)
    whole = measure(state.community_id, [state.running])
    return _Now(whole, measure(state.community_id, [state.running], level="grid", ids=CORE), read_at)


def _recall_past(state: _State, *, is_hurried: bool) -> _Past:
    if is_hurried and not _is_counted(state):
        months, compared = _list_over(state)
        nothing = {
            (period, id_): make_empty(each)
            for period in (*months, *compared)
            for id_, each in INDICATORS.items()
        }
        return _Past("", months, compared, nothing)
    # The first time all of it is counted, which says nothing of how long what changes will take.
    with _guard:
        lock = _locks.setdefault(state.place, threading.Lock())
    with lock:
        if not _is_counted(state):
            _measure_past(state)
    return recall((*state.key, "past"), state.tag, lambda: _measure_past(state))


def _is_counted(state: _State) -> bool:
    with _guard:
        return state.place in _kept


def _list_over(state: _State) -> tuple[tuple[Period, ...], tuple[Period, Period]]:
    months = tuple(go_back(state.running, back) for back in range(MONTHS - 1, 0, -1))
    return months, find_compared(state.running, "month", state.today)


def _measure_past(state: _State) -> _Past:
    """Count what is over, as far as something has changed of what it rests on."""
    months, compared = _list_over(state)
    periods = tuple(dict.fromkeys((*months, *compared)))
    prints = _read_prints(state, periods)
    with _guard:
        known = _kept.get(state.place, {})
    found = {part: kept for part, kept in known.items() if kept.print == prints.get(part)}
    for is_of_places, ids in ((False, _OF_CASES), (True, _OF_PLACES)):
        missing = [period for period in periods if (period, is_of_places) not in found]
        if missing:
            values = measure(state.community_id, missing, ids=ids).values
            for number, period in enumerate(missing):
                come_to = {id_: by_key[WHOLE][number] for id_, by_key in values.items()}
                found[period, is_of_places] = _Kept(prints[period, is_of_places], come_to)
    # What changed while it was counted is of no state, and will be counted again.
    tag = _find_state(state.community_id).tag
    afterwards = prints if tag == state.tag else _read_prints(state, periods)
    with _guard:
        _kept[state.place] = {part: kept for part, kept in found.items() if kept.print == afterwards[part]}
    return _Past(
        tag=tag if tag == state.tag else f"{state.tag}~{tag}",
        months=months,
        compared=compared,
        values={
            (period, id_): value for (period, _), kept in found.items() for id_, value in kept.values.items()
        },
    )


def _read_prints(state: _State, periods: Sequence[Period]) -> Mapping[_Part, str]:
    """Return the print of what each period's figures rest on.

    No case counts that was reported after a period, but for those that follow what was closed in it.
    """
    ends = [start_of_day(period.end) + _FOLLOWED for period in periods]
    with connect() as connection:
        cases = store.list_prints(connection, state.community_id, ends)
        terms_of_cases, terms = indicators.read_terms(connection, state.community_id)
        places = read_common_tag(connection, state.community_id, _PLACE_LAYERS, state.today)
    prints: dict[_Part, str] = {}
    for period, of_cases in zip(periods, cases, strict=True):
        prints[period, False] = f"{of_cases} {terms_of_cases}"
        prints[period, True] = f"{of_cases} {terms} {places}"
    return prints

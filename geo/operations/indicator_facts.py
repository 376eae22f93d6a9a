"""What indicators rest on that a query alone does not count: returns, working time, points reported again.

What came back is told by the rule of ``geo.patterns.relapse``, time at work by the community's calendar, and
points by that of ``geo.rules.repeats``: as everywhere else.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.indicator import WHOLE, Indicator, Level, Value
from geo.model.inspection import USUAL_TEMPLATES
from geo.model.repeats import RepeatPoint
from geo.operations.deadlines import load_calendar
from geo.patterns.following import Cases, Following
from geo.patterns.relapse import WITHIN_DAYS, WITHIN_M, find_first_returns
from geo.rules.clock import PauseColumns, measure_spans
from geo.rules.indicators import INDICATORS, make_value
from geo.rules.inspections import count_due
from geo.rules.morning import find_day, start_of_day
from geo.rules.repeats import THRESHOLDS, WINDOW_DAYS, find_repeats
from geo.store import indicators as store
from geo.store import inspections
from geo.store.complaints import list_placed_cases
from geo.store.indicators import Bounds, CountedCases, Followable, Ints, Spans

_WITHIN: Final = np.timedelta64(round(WITHIN_DAYS * 24), "h")
_HOUR_US: Final = 3_600_000_000.0
# As numpy writes NaT: a pause that has not ended.
_NAT_US: Final = np.iinfo(np.int64).min
# Which share of the cases was as quick or quicker; None for the mean.
_RESPONSES: Final[Mapping[str, float | None]] = {"first_response_p50": 0.5, "first_response_p90": 0.9}
_HANDLINGS: Final[Mapping[str, float | None]] = {"avg_handle_time": None, "handle_time_p50": 0.5}
_POINTS: Final[Mapping[str, int]] = {"repeat_points": THRESHOLDS[0], "stubborn_points": THRESHOLDS[1]}


@dataclass(frozen=True)
class Asked:
    """What is asked for: a community's periods by a level, over an open transaction."""

    connection: PostgresConnection
    community_id: int
    periods: Sequence[Bounds]
    level: Level


Found = dict[tuple[int, str, str], Value]
"""(Number of the period, key, indicator) to its value."""


def measure_returns(asked: Asked) -> Found:
    """Return of what was closed how much came back."""
    closings, came_back = _find_returns(asked)
    indicator = INDICATORS["relapse_rate"]
    return {
        (*place, indicator.id): make_value(indicator, float(came_back[rows].sum()), float(len(rows)))
        for place, rows in _group(closings).items()
    }


def list_returns(asked: Asked, _indicator: Indicator, key: str, *, counted: bool) -> list[int]:
    """Return what was closed and came back, or did not."""
    closings, came_back = _find_returns(asked)
    return sorted(closings.id[(closings.key == key) & (came_back == counted)].tolist())


def _find_returns(asked: Asked) -> tuple[CountedCases, npt.NDArray[np.bool_]]:
    """Return the closings, and which of them something came back after."""
    closings = store.list_closings(asked.connection, asked.community_id, asked.periods, asked.level)
    since = min(period.starts_at for period in asked.periods)
    until = max(period.ends_at for period in asked.periods)
    known = store.list_followable(asked.connection, asked.community_id, since, until)
    cases = _to_cases(known)
    pairs = find_first_returns(cases, Following(cases, WITHIN_M))
    waited = known.reported_at[pairs.later] - known.closed_at[pairs.earlier]
    # Linked by hand, it may have been reported before the closing, or long after it.
    in_time = (waited >= np.timedelta64(0)) & (waited < _WITHIN)
    return closings, np.isin(closings.id, known.ids[pairs.earlier[in_time]])


def _to_cases(known: Followable) -> Cases:
    """Return the cases with their buildings numbered, and each linked to the row of its parent."""
    buildings, building = np.unique(known.building, return_inverse=True)
    order = np.argsort(known.ids)
    at = order[np.minimum(np.searchsorted(known.ids, known.parent, sorter=order), len(order) - 1)]
    return Cases(
        x_m=known.x_m,
        y_m=known.y_m,
        building=np.where(known.building > 0, building, -1) if len(buildings) else building,
        category=known.category,
        reported_at=known.reported_at,
        closed_at=known.closed_at,
        linked_to=np.where(known.ids[at] == known.parent, at, -1) if len(order) else at,
    )


def measure_responses(asked: Asked) -> Found:
    """Return how long it took in working time until somebody looked after what was reported."""
    spans = store.list_responses(asked.connection, asked.community_id, asked.periods, asked.level)
    return _sum_up(spans, _measure_hours(asked, spans, None), _RESPONSES)


def measure_handlings(asked: Asked) -> Found:
    """Return how long handling took in working time, times in which the clock stood left out."""
    spans = store.list_handlings(asked.connection, asked.community_id, asked.periods, asked.level)
    steps = store.list_suspensions(asked.connection, asked.community_id, spans.id)
    return _sum_up(spans, _measure_hours(asked, spans, _find_pauses(spans, steps)), _HANDLINGS)


def list_responses(asked: Asked, _indicator: Indicator, key: str, *, counted: bool) -> list[int]:
    """Return what was first looked after."""
    spans = store.list_responses(asked.connection, asked.community_id, asked.periods, asked.level)
    return sorted(spans.id[(spans.key == key) & counted].tolist())


def list_handlings(asked: Asked, _indicator: Indicator, key: str, *, counted: bool) -> list[int]:
    """Return what was handled."""
    spans = store.list_handlings(asked.connection, asked.community_id, asked.periods, asked.level)
    return sorted(spans.id[(spans.key == key) & counted].tolist())


def _measure_hours(asked: Asked, spans: Spans, pauses: PauseColumns | None) -> npt.NDArray[np.float64]:
    calendar = load_calendar(asked.connection, asked.community_id)
    is_working = np.ones(len(spans.id), np.bool_)
    return measure_spans(calendar, spans.started_at, spans.ended_at, is_working, pauses) / _HOUR_US


def _find_pauses(spans: Spans, steps: Sequence[tuple[int, int, bool]]) -> PauseColumns:
    """Return the pauses of each row; one that did not end stands."""
    of_case: dict[int, list[tuple[int, int]]] = {}
    for number, (case, at_us, begins) in enumerate(steps):
        if begins:
            following = steps[number + 1] if number + 1 < len(steps) else None
            ends_us = following[1] if following and following[0] == case else _NAT_US
            of_case.setdefault(case, []).append((at_us, ends_us))
    found = [(row, *pause) for row, case in enumerate(spans.id.tolist()) for pause in of_case.get(case, ())]
    table = np.array(found, np.int64).reshape(-1, 3)
    return PauseColumns(
        table[:, 0], table[:, 1].astype("datetime64[us]"), table[:, 2].astype("datetime64[us]")
    )


def _sum_up(spans: Spans, hours: npt.NDArray[np.float64], shares: Mapping[str, float | None]) -> Found:
    """Return mean and quantiles of the hours of each period and key."""
    found: Found = {}
    for place, rows in _group(spans).items():
        for id_, share in shares.items():
            amount = float(np.mean(hours[rows]) if share is None else np.quantile(hours[rows], share))
            is_small = len(rows) < INDICATORS[id_].least_n
            found[*place, id_] = Value(amount, len(rows), is_small=is_small)
    return found


def measure_freshness(asked: Asked) -> Found:
    """Return how many days ago the records of buildings were verified, the median of those that were."""
    indicator = INDICATORS["freshness_days"]
    rows = store.list_freshness(asked.connection, asked.community_id, asked.periods, asked.level)
    return {
        (number, key, indicator.id): Value(days, count, is_small=count < indicator.least_n)
        for number, key, days, count in rows
    }


def measure_points(asked: Asked) -> Found:
    """Return how many places were reported again and again: three times in thirty days, or five times."""
    found: Found = {}
    for number, period in enumerate(asked.periods):
        of_key: dict[str, list[RepeatPoint]] = {}
        for point in _find_points(asked, period):
            for key in _list_point_keys(asked.level, point):
                of_key.setdefault(key, []).append(point)
        for key, points in of_key.items():
            for id_, least in _POINTS.items():
                count = sum(point.count >= least for point in points)
                found[number, key, id_] = make_value(INDICATORS[id_], count)
    return found


def list_points(asked: Asked, indicator: Indicator, key: str, *, counted: bool) -> list[int]:
    """Return the cases of the places that were reported again and again."""
    [period] = asked.periods
    ids = {
        id_
        for point in _find_points(asked, period)
        if counted and point.count >= _POINTS[indicator.id] and key in _list_point_keys(asked.level, point)
        for id_ in point.cases
    }
    return sorted(ids)


def _find_points(asked: Asked, period: Bounds) -> list[RepeatPoint]:
    since = period.starts_at - timedelta(days=WINDOW_DAYS)
    cases = list_placed_cases(asked.connection, asked.community_id, since, period.ends_at)
    return find_repeats(cases, period.starts_at.timestamp())


def _list_point_keys(level: Level, point: RepeatPoint) -> tuple[str, ...]:
    if level == "community":
        return (WHOLE,)
    # The last two digits number a category within its group.
    return (point.category_code, point.category_code[:-2])


def measure_loads(asked: Asked) -> Found:
    """Return how much each grid worker has in hand against the others; of all of them, the most loaded."""
    opens = store.count_facts(asked.connection, "opens", asked.community_id, asked.periods, "party")
    due = _count_due(asked)
    indicator = INDICATORS["load_index"]
    of_period: dict[int, list[tuple[str, float, float, float]]] = {}
    for number, key, groups in store.list_workers(asked.connection, asked.community_id, asked.periods):
        in_hand, _ = opens.get((number, key, "open_cases"), (0.0, None))
        of_period.setdefault(number, []).append((key, in_hand, due[number][int(key)], groups))
    found: Found = {}
    for number, workers in of_period.items():
        parts = np.array([worker[1:] for worker in workers])
        usual = np.median(parts, axis=0)
        if not usual.any():
            continue
        loads = (parts[:, usual > 0] / usual[usual > 0]).mean(axis=1)
        if asked.level == "community":
            found[number, WHOLE, indicator.id] = Value(float(loads.max()), len(workers))
        else:
            for (key, in_hand, *_), load in zip(workers, loads.tolist(), strict=True):
                found[number, key, indicator.id] = Value(load, round(in_hand))
    return found


def _count_due(asked: Asked) -> list[Counter[int]]:
    """Return how many visits each party owed when each period ended; places and templates as of today."""
    community_id, connection = asked.community_id, asked.connection
    templates = inspections.list_templates(connection, community_id) or USUAL_TEMPLATES
    calendar = load_calendar(connection, community_id)
    days = [find_day(period.due_until - timedelta(microseconds=1)) for period in asked.periods]
    holders = inspections.list_holders(connection, community_id, set(days))
    places = {
        template.subject: inspections.list_places(connection, community_id, template.subject)
        for template in templates
    }
    counted = []
    for day in days:
        # No cycle is longer than a month, and a week may have begun in the month before.
        since = min(day.replace(day=1), day - timedelta(days=day.weekday()))
        looks = inspections.list_looks(
            connection, community_id, start_of_day(since), start_of_day(day + timedelta(days=1))
        )
        counted.append(count_due(templates, places, looks, holders, day, calendar.is_workday))
    return counted


def list_loads(asked: Asked, _indicator: Indicator, key: str, *, counted: bool) -> list[int]:
    """Return what a grid worker has in hand."""
    [period] = asked.periods
    if asked.level == "community" or not counted:
        return []
    return store.list_cases(
        asked.connection, INDICATORS["open_cases"], asked.community_id, period, asked.level, key, counted=True
    )


def _group(cases: CountedCases) -> dict[tuple[int, str], Ints]:
    """Return the rows of each period and key."""
    rows: dict[tuple[int, str], list[int]] = {}
    for row, place in enumerate(zip(cases.number.tolist(), cases.key.tolist(), strict=True)):
        rows.setdefault(place, []).append(row)
    return {place: np.array(each, np.int64) for place, each in rows.items()}


MEASURES: Final[Mapping[str, Callable[[Asked], Found]]] = {
    "returns": measure_returns,
    "responses": measure_responses,
    "handlings": measure_handlings,
    "points": measure_points,
    "loads": measure_loads,
    "freshness": measure_freshness,
}
"""By the name of the facts in the registry."""


class _ListCases(Protocol):
    def __call__(self, asked: Asked, indicator: Indicator, key: str, /, *, counted: bool) -> list[int]: ...


LISTS: Final[Mapping[str, _ListCases]] = {
    "returns": list_returns,
    "responses": list_responses,
    "handlings": list_handlings,
    "points": list_points,
    "loads": list_loads,
}
"""Likewise, which cases a figure rests on."""

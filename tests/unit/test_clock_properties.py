"""The clock against a count of every minute: festivals, worked Saturdays, nights, pauses, odd hours."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geo.model.working_time import DEFAULT_HOURS, Allowance, Status, Unit, WorkingHours
from geo.rules.calendar import WorkingCalendar
from geo.rules.clock import (
    Pause,
    PauseColumns,
    find_due,
    find_dues,
    judge_case,
    judge_cases,
    measure_elapsed,
    resume_due,
)
from tests.unit.slow_clock import CHINA, MINUTE, SlowClock

STRAIGHT = WorkingHours(((9 * 60, 17 * 60 + 30),))
ODD = WorkingHours(((0, 7), (11 * 60 + 1, 11 * 60 + 2), (20 * 60, 24 * 60)))
hours = st.sampled_from([DEFAULT_HOURS, STRAIGHT, ODD])
# The notices know 2026 and not 2027: its New Year and spring festival are ordinary weekdays here.
days = st.one_of(
    st.dates(date(2025, 9, 20), date(2027, 2, 20)),
    st.dates(date(2026, 2, 10), date(2026, 3, 2)),  # spring festival with two worked Saturdays
    st.dates(date(2026, 9, 17), date(2026, 10, 12)),  # National Day, a worked Sunday and a worked Saturday
    st.dates(date(2026, 12, 29), date(2027, 1, 5)),
)
moments = st.builds(
    lambda day, minute: datetime(day.year, day.month, day.day, tzinfo=CHINA) + minute * MINUTE,
    days,
    st.one_of(st.integers(0, 1439), st.sampled_from([0, 420, 509, 510, 720, 870, 1050, 1079, 1080, 1439])),
)
overrides = st.dictionaries(days, st.booleans(), max_size=6)
units = st.sampled_from(list(Unit))
spans = st.timedeltas(timedelta(0), timedelta(days=9)).map(lambda span: span // MINUTE * MINUTE)


def find_unit_minutes(unit: Unit, hours: WorkingHours) -> int:
    worked = sum(closes - opens for opens, closes in hours.intervals_min)
    return {Unit.WORKING_HOUR: 60, Unit.HOUR: 60, Unit.WORKING_DAY: worked, Unit.DAY: 1440}[unit]


@st.composite
def allowances(draw: st.DrawFn, unit: Unit, hours: WorkingHours) -> tuple[Allowance, int]:
    """An allowance of at most two working weeks that is whole minutes, and these."""
    minutes = draw(st.integers(0, 4200))
    if draw(st.booleans()):
        minutes = minutes // find_unit_minutes(unit, hours) * find_unit_minutes(unit, hours)
    return Allowance(minutes / find_unit_minutes(unit, hours), unit), minutes


@settings(max_examples=100, deadline=None)
@given(data=st.data(), hours=hours, overrides=overrides, unit=units, start=moments)
def test_due_is_when_so_many_minutes_have_counted(
    data: st.DataObject, hours: WorkingHours, overrides: dict[date, bool], unit: Unit, start: datetime
) -> None:
    allowance, minutes = data.draw(allowances(unit, hours))
    slow = SlowClock(unit.is_working, hours, overrides)
    assert find_due(WorkingCalendar(hours, overrides), start, allowance) == slow.find_due(start, minutes)


@settings(max_examples=100, deadline=None)
@given(
    hours=hours,
    overrides=overrides,
    unit=units,
    start=moments,
    span=spans,
    pauses=st.lists(st.tuples(moments, spans), max_size=2),
    near=st.lists(st.tuples(spans, spans), max_size=3),
)
@example(  # A pause over a night and another that overlaps it.
    DEFAULT_HOURS, {}, Unit.WORKING_HOUR, datetime(2026, 11, 18, 9, tzinfo=CHINA), timedelta(days=3), [],
    [(timedelta(hours=7), timedelta(hours=18)), (timedelta(hours=20), timedelta(hours=9))],
)  # fmt: skip
def test_elapsed_is_the_minutes_outside_pauses(
    hours: WorkingHours,
    overrides: dict[date, bool],
    unit: Unit,
    start: datetime,
    span: timedelta,
    pauses: list[tuple[datetime, timedelta]],
    near: list[tuple[timedelta, timedelta]],
) -> None:
    stood = [(at, at + length) for at, length in pauses] + [
        (start + after, start + after + length) for after, length in near
    ]
    elapsed = measure_elapsed(
        WorkingCalendar(hours, overrides), start, start + span, unit, [Pause(*pause) for pause in stood]
    )
    slow = SlowClock(unit.is_working, hours, overrides, stood)
    assert elapsed == slow.count(start, start + span) * MINUTE


@settings(max_examples=50, deadline=None)
@given(
    data=st.data(),
    hours=hours,
    overrides=overrides,
    unit=units,
    start=moments,
    gaps=st.lists(st.tuples(spans, spans), max_size=3),
    watched=spans,
)
def test_a_paused_case_is_judged_by_the_minutes_it_had(
    data: st.DataObject,
    hours: WorkingHours,
    overrides: dict[date, bool],
    unit: Unit,
    start: datetime,
    gaps: list[tuple[timedelta, timedelta]],
    watched: timedelta,
) -> None:
    """Pause after pause the due time is moved on; at any moment it is right by the minutes that counted."""
    calendar = WorkingCalendar(hours, overrides)
    allowance, minutes = data.draw(allowances(unit, hours).filter(lambda drawn: drawn[1] > 0))
    due, at, pauses = find_due(calendar, start, allowance), start, []
    for gap, length in gaps:
        # At the very moment it is due a case is in time while the clock stands, and over once it goes on.
        assume(at + gap != due)
        pauses.append((at + gap, at + gap + length))
        due, at = resume_due(calendar, due, unit, Pause(*pauses[-1])), pauses[-1][1]
    slow = SlowClock(unit.is_working, hours, overrides, pauses)
    assert due == slow.find_due(start, minutes)

    moment = at + watched
    stood = [Pause(*pause) for pause in pauses]
    judged = judge_case(calendar, start, due, moment, unit, stood)
    used = slow.count(start, moment)
    assert judged.share is not None
    assert judged.share * minutes == pytest.approx(used, abs=1e-6)
    before_due = Status.AMBER if used / minutes >= 0.75 else Status.IN_TIME
    assert judged.status == (Status.OVER if moment > due else before_due)

    # With nothing watched this pause begins the moment the last one ended.
    still = judge_case(calendar, start, due, moment + watched, unit, [*stood, Pause(moment)])
    assert still == judged, "the clock stands while a case is paused"

    ahead = judge_case(calendar, start, due, moment, unit, [*stood, Pause(moment + MINUTE)])
    assert ahead == judged, "a pause to come changes nothing yet"


@settings(max_examples=40, deadline=None)
@given(
    data=st.data(),
    hours=hours,
    overrides=overrides,
    starts=st.lists(moments, min_size=1, max_size=6),
    moment=moments,
)
def test_columns_say_what_single_cases_say(
    data: st.DataObject,
    hours: WorkingHours,
    overrides: dict[date, bool],
    starts: list[datetime],
    moment: datetime,
) -> None:
    calendar = WorkingCalendar(hours, overrides)
    kinds = [data.draw(units) for _ in starts]
    given_time = [data.draw(allowances(unit, hours))[0] for unit in kinds]
    has_limit = [data.draw(st.booleans()) for _ in starts]
    pauses = [data.draw(st.none() | st.tuples(spans, st.none() | spans)) for _ in starts]

    dues = find_dues(
        calendar,
        read(starts),
        np.array([a.amount if limited else np.nan for a, limited in zip(given_time, has_limit, strict=True)]),
        np.array([unit.value for unit in kinds]),
    )
    paused = [
        (n, starts[n] + p[0], starts[n] + p[0] + p[1] if p[1] is not None else None)
        for n, p in enumerate(pauses)
        if p is not None
    ]
    judged = judge_cases(
        calendar,
        read(starts),
        dues,
        read([moment])[0],
        np.array([unit.is_working for unit in kinds]),
        PauseColumns(
            np.array([n for n, *_ in paused], dtype=np.int64),
            read([since for _, since, _ in paused]),
            read([until for _, _, until in paused]),
        ),
    )

    for n, start in enumerate(starts):
        due = find_due(calendar, start, given_time[n]) if has_limit[n] else None
        assert dues[n] == read([due])[0] or (due is None and np.isnat(dues[n]))
        one = judge_case(
            calendar,
            start,
            due,
            moment,
            kinds[n],
            [Pause(since, until) for case, since, until in paused if case == n],
        )
        assert judged.status[n] == one.status
        assert judged.share[n] == one.share or (one.share is None and np.isnan(judged.share[n]))


def read(moments: list[datetime] | list[datetime | None]) -> np.ndarray:
    naive = [None if each is None else each.astimezone(UTC).replace(tzinfo=None) for each in moments]
    return np.array(naive, dtype="datetime64[us]")

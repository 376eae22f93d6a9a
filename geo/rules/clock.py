"""When a case is due, how much of its time is used, and what colour that is.

- A **working hour** runs in working time only. A start outside it counts from the next opening.
- A **working day** is as much working time as a working day has: from 10:00 on Monday to 10:00 on Tuesday,
  from before opening to closing time. What is used up at closing is due at closing, not at the next opening.
- An **hour** and a **day** run by the clock on the wall, nights and holidays included; a day is 24 hours.
- A **pause** (挂账) stops the clock; what was left is left when it goes on.
- At the due time a case is still in time; after it, it is over. From 75 % on it is amber.

One case at a time in ``datetime`` with a time zone, or columns of cases in ``datetime64`` in UTC; the code is
the same. Columns hold NaT where there is no due time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from geo.model.working_time import Allowance, Judgement, Status, Unit
from geo.rules.calendar import DAY_US, Micros, Moments, WorkingCalendar, to_moments, to_us

AMBER_SHARE: Final = 0.75
_HOUR_US: Final = 3_600_000_000
_NAT: Final = np.datetime64("NaT", "us")

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pause:
    """A time in which the clock stood; without an end it still stands."""

    started_at: datetime
    ended_at: datetime | None = None


class PauseColumns(NamedTuple):
    """Pauses of many cases: the case's row, from when, until when (NaT: still). Those of a case lie apart."""

    case: NDArray[np.int64]
    started_at: Moments
    ended_at: Moments


_NO_PAUSES: Final = PauseColumns(np.array([], np.int64), to_moments([]), to_moments([]))


class JudgementColumns(NamedTuple):
    """How many cases stand: shares (NaN without a limit), and :class:`Status` values."""

    share: NDArray[np.float64]
    status: NDArray[np.str_]


def find_due(calendar: WorkingCalendar, start: datetime, allowance: Allowance) -> datetime:
    """Return when an allowance that begins at ``start`` is used up, in UTC."""
    dues = find_dues(calendar, _read(start), np.array(allowance.amount), np.array(allowance.unit.value))
    return _write(dues)


def find_dues(
    calendar: WorkingCalendar, starts: Moments, amounts: NDArray[np.float64], units: NDArray[Any]
) -> Moments:
    """Return when each allowance is used up.

    Args:
        calendar: the community's.
        starts: when each begins.
        amounts: how many units each has; NaN for no limit.
        units: :class:`Unit` values; anything where there is no limit.

    Returns:
        Moments, NaT for no limit.
    """
    units = np.asarray(units)
    unit_us = np.select(
        [units == Unit.WORKING_HOUR, units == Unit.WORKING_DAY, units == Unit.HOUR, units == Unit.DAY],
        [_HOUR_US, calendar.day_us, _HOUR_US, DAY_US],
        0,
    )
    is_working = (units == Unit.WORKING_HOUR) | (units == Unit.WORKING_DAY)
    spans = np.rint(np.nan_to_num(amounts) * unit_us).astype(np.int64)
    dues = _add(calendar, starts, spans, is_working)
    return np.where(np.isnan(amounts) | np.isnat(starts), _NAT, dues)


def measure_elapsed(
    calendar: WorkingCalendar, start: datetime, end: datetime, unit: Unit, pauses: Iterable[Pause] = ()
) -> timedelta:
    """Return the time from one moment to another on the clock of a unit, pauses left out; none backwards."""
    first, last = np.atleast_1d(_read(start)), np.atleast_1d(_read(end))
    us = measure_spans(calendar, first, last, np.array([unit.is_working]), _merge(pauses))
    return timedelta(microseconds=int(us[0]))


def measure_spans(
    calendar: WorkingCalendar,
    starts: Moments,
    ends: Moments,
    is_working: Flags,
    pauses: PauseColumns | None = None,
) -> Micros:
    """Return the microseconds from one moment to another on the clock of each case, pauses left out.

    Args:
        calendar: the community's.
        starts: from when.
        ends: until when; none backwards.
        is_working: whether each runs in working time.
        pauses: in which the clock stood.
    """
    ends = np.maximum(starts, ends)
    whole = _measure(calendar, ends, is_working) - _measure(calendar, starts, is_working)
    return np.asarray(whole - _sum_pauses(calendar, pauses or _NO_PAUSES, starts, ends, is_working))


def judge_case(
    calendar: WorkingCalendar,
    start: datetime,
    due: datetime | None,
    moment: datetime,
    unit: Unit,
    pauses: Iterable[Pause] = (),
    *,
    amber_share: float = AMBER_SHARE,
) -> Judgement:
    """Return how one case stands; see :func:`judge_cases`."""
    judged = judge_cases(
        calendar,
        np.atleast_1d(_read(start)),
        np.atleast_1d(_NAT if due is None else _read(due)),
        _read(moment),
        np.array([unit.is_working]),
        _merge(pauses),
        amber_share=amber_share,
    )
    share = float(judged.share[0])
    return Judgement(None if np.isnan(share) else share, Status(judged.status[0]))


def judge_cases(
    calendar: WorkingCalendar,
    starts: Moments,
    dues: Moments,
    moment: Moments,
    is_working: Flags,
    pauses: PauseColumns | None = None,
    *,
    amber_share: float = AMBER_SHARE,
) -> JudgementColumns:
    """Return how cases stand at a moment.

    Args:
        calendar: the community's.
        starts: when the time of each began.
        dues: due times in force, moved on by every pause that has ended; NaT for no limit.
        moment: one for all, or one each.
        is_working: whether each runs in working time.
        pauses: in which the clock stood, or stands.
        amber_share: the share from which on a case is amber.
    """
    pauses = pauses or _NO_PAUSES
    moments = np.broadcast_to(moment, starts.shape).astype("datetime64[us]")
    has_ended = pauses.ended_at <= moments[pauses.case]
    stands = (pauses.started_at <= moments[pauses.case]) & ~has_ended
    np.minimum.at(moments, pauses.case[stands], pauses.started_at[stands])
    ended = PauseColumns(pauses.case[has_ended], pauses.started_at[has_ended], pauses.ended_at[has_ended])
    moments = np.maximum(moments, starts)
    begun = _measure(calendar, starts, is_working)

    def measure_used(until: Moments) -> Micros:
        paused = _sum_pauses(calendar, ended, starts, until, is_working)
        return np.asarray(_measure(calendar, until, is_working) - begun - paused)

    no_limit = np.isnat(dues) | np.isnat(starts)
    allowed = measure_used(np.where(no_limit, starts, dues))
    is_over = moments > dues
    share = np.where(is_over | (moments == dues), 1.0, 0.0)  # of no time at all
    np.divide(measure_used(moments), allowed, out=share, where=allowed > 0)
    share[no_limit] = np.nan
    status = np.select(
        [no_limit, is_over, share >= amber_share],
        [Status.NO_LIMIT.value, Status.OVER.value, Status.AMBER.value],
        Status.IN_TIME.value,
    )
    return JudgementColumns(share, status)


def resume_due(calendar: WorkingCalendar, due: datetime, unit: Unit, pause: Pause) -> datetime:
    """Return the due time after a pause: what was left when it began is left when it ends.

    A pause that has not ended, or that began when the case was over, moves nothing.
    """
    if pause.ended_at is None or pause.started_at >= due:
        return due
    left = measure_elapsed(calendar, pause.started_at, due, unit)
    span = np.array(left // timedelta(microseconds=1))
    return _write(_add(calendar, _read(pause.ended_at), span, np.array(unit.is_working)))


def _measure(calendar: WorkingCalendar, moments: Moments, is_working: Flags) -> Micros:
    return np.where(is_working, calendar.measure(moments), to_us(moments))


def _locate(calendar: WorkingCalendar, measured: Micros, is_working: Flags) -> Moments:
    return np.where(
        is_working, calendar.locate(np.where(is_working, measured, 0)), to_moments(measured)
    ).astype("datetime64[us]")


def _add(calendar: WorkingCalendar, starts: Moments, spans: Micros, is_working: Flags) -> Moments:
    # Where nothing is to be added, the first moment with that much time worked may lie before the start.
    dues = _locate(calendar, _measure(calendar, starts, is_working) + spans, is_working)
    return np.maximum(dues, np.where(is_working, calendar.find_opening(starts), starts))


def _sum_pauses(
    calendar: WorkingCalendar, pauses: PauseColumns, starts: Moments, ends: Moments, is_working: Flags
) -> Micros:
    """Return how much of the time between starts and ends each case was paused."""
    case = pauses.case
    since = np.maximum(pauses.started_at, starts[case])
    until = np.fmin(pauses.ended_at, ends[case])  # NaT, for a pause without end, gives way.
    measured = [
        _measure(calendar, moments, is_working[case]) for moments in (since, np.maximum(since, until))
    ]
    total = np.zeros(len(starts), np.int64)
    np.add.at(total, case, measured[1] - measured[0])
    return total


def _merge(pauses: Iterable[Pause]) -> PauseColumns:
    """Return the pauses of one case as columns, joined where they overlap.

    Those that only touch stay apart: one may have ended, and moved the due time on, while the next stands.
    """
    apart: list[list[datetime | None]] = []
    for pause in sorted(pauses, key=lambda pause: pause.started_at):
        last_end = apart[-1][1] if apart else pause.started_at
        if apart and (last_end is None or last_end > pause.started_at):
            apart[-1][1] = (
                None if last_end is None or pause.ended_at is None else max(last_end, pause.ended_at)
            )
        else:
            apart.append([pause.started_at, pause.ended_at])
    return PauseColumns(
        np.zeros(len(apart), np.int64),
        _list_moments([started for started, _ in apart]),
        _list_moments([ended for _, ended in apart]),
    )


def _list_moments(moments: Sequence[datetime | None]) -> Moments:
    return np.array([_NAT if each is None else _read(each) for each in moments], dtype="datetime64[us]")


def _read(moment: datetime) -> Moments:
    if moment.tzinfo is None:
        msg = "a moment needs a time zone"
        raise ValueError(msg)
    return np.array(moment.astimezone(UTC).replace(tzinfo=None), dtype="datetime64[us]")


def _write(moment: Moments) -> datetime:
    instant: datetime = moment.astype("datetime64[us]").item()
    return instant.replace(tzinfo=UTC)

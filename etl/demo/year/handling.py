"""How each case was handled: its steps from report to closing, cut off where the story ends today."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.demo.year.clock import DAY_S, HOUR_S, WorkingTime, find_midnight
from etl.demo.year.incidents import Flags, Floats, Ints, Reports
from etl.demo.year.mixture import KINDS, read_categories

NEVER = np.inf
_REASONS = ("not_our_duty", "outside_our_area", "property_first", "other_lead", "information_missing")
_MINUTE_S = 60.0
_ON_TIME_PACE, _PACE_SPREAD = 0.46, 0.6
# The companies given the most of late are behind with it: there something is to be done, and to be urged.
_BEHIND_COMPANIES, _BEHIND_DAYS = 2, 7

Words = NDArray[Any]


@dataclass(frozen=True)
class Desk:
    """Who does what for each case: positions in the parties, one a case; and which of these are companies."""

    finder: Ints
    desk: Ints
    lead: Ints
    second: Ints
    companies: Ints


@dataclass(frozen=True)
class Step:
    """One kind of step: when each case took it (``inf``: never) and what is written down about it."""

    at: Floats
    kind: str
    from_state: str | None
    to_state: str
    actor: Ints
    reason: Words | str | None = None
    suggested: Ints | None = None


@dataclass(frozen=True)
class Events:
    """Columns of events, in order of case and time."""

    incident: Ints
    at: Floats
    kind: Words
    from_state: Words
    to_state: Words
    actor: Ints
    reason: Words
    suggested: Ints


@dataclass(frozen=True)
class Handling:
    """How each case stands at the end of the history; ``nan`` for what has not happened."""

    state: Words
    party: Ints
    first_response_at: Floats
    due_at: Floats
    original_due_at: Floats
    handled_at: Floats
    closed_at: Floats
    outcome: Words
    events: Events


class _Clock:
    """Forward and back on the clock each case runs on: working time, or the time of day."""

    def __init__(self, as_of: date, working: Flags, *, every_day: bool = False) -> None:
        first, last = as_of - timedelta(days=400), as_of + timedelta(days=200)
        self._time = WorkingTime(first, last, every_day=every_day)
        self._working = working

    def measure(self, instants: Floats) -> Floats:
        return np.where(self._working, self._time.measure(instants), instants)

    def locate(self, measured: Floats) -> Floats:
        return np.where(self._working, self._time.locate(np.where(self._working, measured, 0.0)), measured)

    def add(self, instants: Floats, seconds: Floats) -> Floats:
        return self.locate(self.measure(instants) + seconds)


@dataclass
class _Course:
    """The instants of every step each case would take, whether it does or not."""

    accepted: Floats
    registered: Floats
    dispatched: Floats
    returned: Floats
    dispatched_again: Floats
    returned_twice: Floats
    dispatched_thrice: Floats
    handling: Floats
    suspended: Floats
    resumed: Floats
    verifying: Floats
    sent_back: Floats
    verified_again: Floats
    closed: Floats
    rated: Floats
    extended: Floats
    due: Floats
    later_due: Floats
    settled: Floats


@dataclass(frozen=True)
class _Fate:
    """Which way each case goes."""

    spot: Flags
    voided: Flags
    rejected: Flags
    full: Flags
    returns: Ints
    pause: Flags
    rework: Flags


def handle_reports(
    reports: Reports, desk: Desk, as_of: date, source: NDArray[np.str_], rng: np.random.Generator
) -> Handling:
    """Return how each case went, up to the beginning of a day."""
    end = find_midnight(as_of)
    fate = _draw_fate(reports, source, rng)
    behind = _find_behind(reports, fate, desk, end)
    course = _plan_course(reports, fate, behind, as_of, rng)
    steps = _list_steps(reports, fate, course, desk, rng)
    events = _list_events(steps, end)
    state = np.full(len(reports), "reported", dtype=object)
    state[events.incident] = events.to_state  # in time order: the last one stays
    is_closed = np.isin(state.astype(str), ("closed", "rated"))

    def happened(at: Floats) -> Floats:
        return np.where(at < end, at, np.nan)

    is_registered = fate.full & (course.registered < end)
    done_again = fate.rework & (course.verified_again < end)
    in_rework = fate.rework & (course.sent_back < end) & ~done_again
    done = np.where(fate.spot, course.settled, np.where(done_again, course.verified_again, course.verifying))
    greeted = np.where(fate.spot, np.minimum(course.settled, reports.at + _MINUTE_S), course.accepted)
    return Handling(
        state=state,
        party=np.where(
            fate.spot, desk.finder, np.where(fate.full & (course.dispatched < end), desk.lead, -1)
        ),
        first_response_at=happened(greeted),
        due_at=np.where(is_registered, np.where(course.extended < end, course.later_due, course.due), np.nan),
        original_due_at=np.where(is_registered, course.due, np.nan),
        handled_at=np.where((fate.spot | fate.full) & ~in_rework, happened(done), np.nan),
        closed_at=np.where(is_closed, np.where(fate.spot, course.settled, course.closed), np.nan),
        outcome=_judge(_spell_codes(reports), is_closed, rng),
        events=events,
    )


def _spell_codes(reports: Reports) -> NDArray[np.str_]:
    return np.array([kind.code for kind in KINDS])[reports.kind]


def _draw_fate(reports: Reports, source: NDArray[np.str_], rng: np.random.Generator) -> _Fate:
    """Most enquiries are answered at the desk, half of what a patrol finds is settled in passing."""
    count, code = len(reports), _spell_codes(reports)
    answered = np.isin(code, ("E1201", "E1203", "E1005", "E1299", "E1202"))
    share = np.where(answered, np.where(reports.walk_in, 0.94, 0.6), np.where(source == "patrol", 0.55, 0.03))
    serious = np.isin(code, ("E502", "E501", "E605", "E604", "E905", "E902"))
    natural = reports.plant < 0
    spot = ((rng.random(count) < share) & ~serious & natural) | reports.settled_on_spot
    dice = rng.random(count)
    voided = ~spot & natural & (dice < 0.016)
    rejected = ~spot & natural & (dice >= 0.016) & (dice < 0.023)
    full = ~spot & ~voided & ~rejected
    once = (rng.random(count) < 0.075).astype(np.int64)
    returns = np.where(reports.returns >= 0, reports.returns, once) * full
    pause = full & (rng.random(count) < 0.012) & (_find_deadlines(reports)[0] > 16 * HOUR_S)
    return _Fate(spot, voided, rejected, full, returns, pause, full & (rng.random(count) < 0.035))


def _find_behind(reports: Reports, fate: _Fate, desk: Desk, end: float) -> Flags:
    """Tell which cases wait for a company that has been given too many of late."""
    recent = fate.full & (reports.plant < 0) & (reports.at > end - _BEHIND_DAYS * DAY_S)
    given = (desk.lead[recent] == desk.companies[:, np.newaxis]).sum(axis=1)
    busiest = desk.companies[np.argsort(-given, kind="stable")[:_BEHIND_COMPANIES]]
    return np.asarray(recent & np.isin(desk.lead, busiest))


def _find_deadlines(reports: Reports) -> tuple[Floats, Flags]:
    """Return the seconds each case may take, ``nan`` without limit, and whether they are working seconds."""
    facts = [read_categories()[kind.code] for kind in KINDS]
    allowed_s = np.array([f.deadline_s or np.nan for f in facts])
    working = np.array([f.is_working or f.deadline_s is None for f in facts])
    return allowed_s[reports.kind], working[reports.kind]


def _plan_course(
    reports: Reports, fate: _Fate, behind: Flags, as_of: date, rng: np.random.Generator
) -> _Course:
    count = len(reports)
    deadline_s, working = _find_deadlines(reports)
    clock = _Clock(as_of, working)
    # The desk takes cases in on every day, nights excepted; what runs by the clock is taken in at once.
    reception = _Clock(as_of, working, every_day=True)
    office = _Clock(as_of, np.ones(count, bool))

    def minutes(low: float, high: float) -> Floats:
        return np.asarray(rng.uniform(low, high, count) * _MINUTE_S)

    accepted = reception.add(reports.at, minutes(1, 26))
    registered = reception.add(accepted, minutes(0.5, 9))
    dispatched = reception.add(registered, minutes(0.5, 14))
    returned = clock.add(dispatched, minutes(20, 150))
    dispatched_again = clock.add(returned, minutes(10, 100))
    returned_twice = clock.add(dispatched_again, minutes(30, 240))
    dispatched_thrice = clock.add(returned_twice, minutes(15, 150))
    owned = np.select(
        [fate.returns >= 2, fate.returns == 1], [dispatched_thrice, dispatched_again], dispatched
    )
    due = clock.add(registered, deadline_s)
    # How long it takes as a share of the time allowed: one case in ten takes longer.
    pace = np.exp(rng.normal(np.log(_ON_TIME_PACE), _PACE_SPREAD, count))
    allowed_s = np.where(np.isnan(deadline_s), 20 * HOUR_S, deadline_s)
    begun = np.where(behind, find_midnight(as_of), registered)
    done = clock.measure(begun) + np.maximum(pace * allowed_s, 6 * _MINUTE_S)
    least = clock.measure(owned) + np.minimum(0.3 * allowed_s, 2 * HOUR_S) * rng.uniform(0.3, 1, count)
    verifying = clock.locate(np.maximum(done, least))
    handling = owned + (verifying - owned) * rng.uniform(0.08, 0.6, count)
    suspended = handling + (verifying - handling) * 0.3
    resumed = suspended + rng.uniform(3, 12, count) * DAY_S
    verifying = np.where(fate.pause, clock.add(resumed, minutes(60, 400)), verifying)
    sent_back = verifying + minutes(10, 200)
    verified_again = clock.add(sent_back, minutes(40, 400))
    last = np.where(fate.rework, verified_again, verifying)
    closed = np.maximum(office.add(last, minutes(4, 380)), last + _MINUTE_S)
    rated = np.where(rng.random(count) < 0.3, office.add(closed, minutes(60, 1200)) + _MINUTE_S, NEVER)
    # Asked for before it is too late, while the case is being handled.
    late = fate.full & ~fate.pause & (verifying > due) & (due > handling) & (rng.random(count) < 0.3)
    extended = np.where(late, handling + (np.fmin(due, verifying) - handling) * 0.8, NEVER)
    settled = reports.at + np.where(reports.walk_in, minutes(3, 25), minutes(5, 75))
    later_due = clock.add(due, 0.8 * np.nan_to_num(deadline_s))
    return _Course(
        accepted, registered, dispatched, returned, dispatched_again, returned_twice, dispatched_thrice,
        handling, suspended, resumed, verifying, sent_back, verified_again, closed, rated, extended,
        due, later_due, settled,
    )  # fmt: skip


def _list_steps(
    reports: Reports, fate: _Fate, course: _Course, desk: Desk, rng: np.random.Generator
) -> list[Step]:
    """Return the steps in the order a case takes them."""
    reason = np.array(_REASONS, dtype=object)
    blame, blame_again = reason[rng.integers(0, len(_REASONS), (2, len(reports)))]
    full, bounced, twice = fate.full, fate.returns >= 1, fate.returns >= 2

    def move(
        mask: Flags, at: Floats, before: str, after: str, actor: Ints, why: Words | str | None = None,
        suggested: Ints | None = None,
    ) -> Step:  # fmt: skip
        return Step(np.where(mask, at, NEVER), "moved", before, after, actor, why, suggested)

    return [
        Step(reports.at, "moved", None, "reported", desk.finder),
        move(~fate.spot, course.accepted, "reported", "accepted", desk.desk),
        move(fate.rejected, course.registered, "accepted", "rejected", desk.desk, "out_of_scope"),
        move(fate.voided, course.registered, "accepted", "voided", desk.desk, "duplicate"),
        move(full, course.registered, "accepted", "registered", desk.desk),
        move(full, course.dispatched, "registered", "dispatched", desk.desk),
        move(bounced, course.returned, "dispatched", "returned", desk.lead, blame, desk.second),
        move(bounced, course.dispatched_again, "returned", "dispatched", desk.desk),
        move(twice, course.returned_twice, "dispatched", "returned", desk.second, blame_again, desk.lead),
        move(twice, course.dispatched_thrice, "returned", "dispatched", desk.desk),
        move(full, course.handling, "dispatched", "handling", desk.lead),
        Step(course.extended, "extended", "handling", "handling", desk.desk, "several_parties"),
        move(fate.pause, course.suspended, "handling", "suspended", desk.desk, "waiting_parts"),
        move(fate.pause, course.resumed, "suspended", "handling", desk.lead),
        move(full, course.verifying, "handling", "verifying", desk.lead),
        Step(
            np.where(fate.rework, course.sent_back, NEVER),
            "rework", "verifying", "handling", desk.desk, "not_solved",
        ),
        move(fate.rework, course.verified_again, "handling", "verifying", desk.lead),
        move(full, course.closed, "verifying", "closed", desk.desk),
        move(full, course.rated, "closed", "rated", desk.desk),
        move(fate.spot, course.settled, "reported", "closed", desk.finder),
    ]  # fmt: skip


def _list_events(steps: list[Step], end: float) -> Events:
    """Return what happened before the end, in order of case and time."""
    count = len(steps[0].at)
    incident = np.tile(np.arange(count), len(steps))
    at = np.concatenate([s.at for s in steps])
    step_number = np.repeat(np.arange(len(steps)), count)
    kept = np.flatnonzero(at < end)
    kept = kept[np.lexsort((step_number[kept], at[kept], incident[kept]))]
    which = step_number[kept]

    def spell(words: list[str | None] | list[str]) -> Words:
        return np.array(words, dtype=object)[which]

    nobody = np.full(count, -1)
    reasons = [
        s.reason if isinstance(s.reason, np.ndarray) else np.full(count, s.reason, object) for s in steps
    ]
    return Events(
        incident=incident[kept],
        at=at[kept],
        kind=spell([s.kind for s in steps]),
        from_state=spell([s.from_state for s in steps]),
        to_state=spell([s.to_state for s in steps]),
        actor=np.concatenate([s.actor for s in steps])[kept],
        reason=np.concatenate(reasons)[kept],
        suggested=np.concatenate([nobody if s.suggested is None else s.suggested for s in steps])[kept],
    )


def _judge(code: NDArray[np.str_], is_closed: Flags, rng: np.random.Generator) -> Words:
    """Return how the closed cases ended."""
    dice = rng.random(len(code))
    group = np.array([c[1:-2] for c in code])
    outcome = np.select([dice < 0.9, dice < 0.96], ["resolved", "partly_resolved"], "unresolvable").astype(
        object
    )
    outcome[np.isin(group, ("2", "3", "7")) & (dice < 0.4)] = "persuaded"
    outcome[(group == "9") & (dice < 0.75)] = "mediated"
    outcome[(group == "8") & (dice > 0.9)] = "negotiated"
    outcome[(group == "6") & (dice > 0.93)] = "transferred"
    outcome[~is_closed] = None
    return outcome

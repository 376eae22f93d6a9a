"""How each case was handled: its steps from report to closing, cut off where the story ends today."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from etl.demo.clock import DAY_S, HOUR_S, WorkingTime, find_midnight
from etl.demo.incidents import Flags, Floats, Ints, Reports
from etl.demo.mixture import KINDS, read_categories

NEVER = np.inf
_REASONS = ("非本单位职责范围", "位置不在本辖区", "应由物业先行处置", "需其他部门牵头", "信息不全无法处置")
_MINUTE_S = 60.0


@dataclass(frozen=True)
class Step:
    """One kind of step: when each case took it (``inf``: never) and what is written down about it."""

    at: Floats
    kind: str
    from_state: str | None
    to_state: str | None
    actor: Ints
    reason: NDArray[Any] | None = None
    suggested: Ints | None = None


@dataclass(frozen=True)
class Events:
    """Columns of events, in order of case and time."""

    incident: Ints
    at: Floats
    kind: NDArray[Any]
    from_state: NDArray[Any]
    to_state: NDArray[Any]
    actor: Ints
    reason: NDArray[Any]
    suggested: Ints


@dataclass(frozen=True)
class Handling:
    """How each case stands at the end of the history; ``nan`` for what has not happened."""

    state: NDArray[Any]
    party: Ints
    first_response_at: Floats
    due_at: Floats
    original_due_at: Floats
    handled_at: Floats
    closed_at: Floats
    outcome: NDArray[Any]
    events: Events


@dataclass(frozen=True)
class Desk:
    """Who does what for each case: positions in the parties, one a case."""

    finder: Ints
    desk: Ints
    lead: Ints
    second: Ints


class _Clock:
    """Forward and back on the clock each case runs on: working time, or the time of day."""

    def __init__(self, as_of: date, working: Flags) -> None:
        self._time = WorkingTime(as_of - timedelta(days=400), as_of + timedelta(days=200))
        self._working = working

    def measure(self, instants: Floats) -> Floats:
        return np.where(self._working, self._time.measure(instants), instants)

    def locate(self, measured: Floats) -> Floats:
        return np.where(self._working, self._time.locate(np.where(self._working, measured, 0.0)), measured)


def handle_reports(
    reports: Reports, desk: Desk, as_of: date, source: NDArray[np.str_], rng: np.random.Generator
) -> Handling:
    """Return how each case went, up to the beginning of a day."""
    end = find_midnight(as_of)
    facts = [read_categories()[kind.code] for kind in KINDS]
    code = np.array([kind.code for kind in KINDS])[reports.kind]
    deadline_s = np.array([f.deadline_s or np.nan for f in facts])[reports.kind]
    clock = _Clock(as_of, np.array([f.is_working or f.deadline_s is None for f in facts])[reports.kind])
    count = len(reports)
    spot = _settle_on_spot(reports, source, code, rng)
    fate = rng.random(count)
    voided = ~spot & (fate < 0.016) & (reports.plant < 0)
    rejected = ~spot & ~voided & (fate < 0.023) & (reports.plant < 0)
    full = ~spot & ~voided & ~rejected

    def minutes(low: float, high: float) -> Floats:
        return np.asarray(rng.uniform(low, high, count) * _MINUTE_S)

    accepted = clock.locate(clock.measure(reports.at) + minutes(1, 26))
    registered = clock.locate(clock.measure(accepted) + minutes(0.5, 9))
    dispatched = clock.locate(clock.measure(registered) + minutes(0.5, 14))
    due = clock.locate(clock.measure(registered) + deadline_s)
    # How long it takes as a share of the time allowed: one case in ten takes longer.
    pace = np.exp(rng.normal(np.log(0.46), 0.6, count))
    allowed_s = np.where(np.isnan(deadline_s), 20 * HOUR_S, deadline_s)
    returns = np.where(reports.returns >= 0, reports.returns, (rng.random(count) < 0.075).astype(int)) * full
    first_return = clock.locate(clock.measure(dispatched) + minutes(20, 150))
    again = clock.locate(clock.measure(first_return) + minutes(10, 100))
    second_return = clock.locate(clock.measure(again) + minutes(30, 240))
    third = clock.locate(clock.measure(second_return) + minutes(15, 150))
    owned = np.where(returns >= 2, third, np.where(returns == 1, again, dispatched))
    done = clock.measure(registered) + np.maximum(pace * allowed_s, 6 * _MINUTE_S)
    least = clock.measure(owned) + np.minimum(0.3 * allowed_s, 2 * HOUR_S) * rng.uniform(0.3, 1, count)
    verifying = clock.locate(np.maximum(done, least))
    handling = owned + (verifying - owned) * rng.uniform(0.08, 0.6, count)
    pause = full & (rng.random(count) < 0.012) & (allowed_s > 2 * DAY_S / 3)
    suspended = handling + (verifying - handling) * 0.3
    resumed = np.where(pause, suspended + rng.uniform(3, 12, count) * DAY_S, NEVER)
    verifying = np.where(
        pause, clock.locate(clock.measure(np.where(pause, resumed, verifying)) + minutes(60, 400)), verifying
    )
    rework = full & (rng.random(count) < 0.035)
    sent_back = verifying + minutes(10, 200)
    verified_again = clock.locate(clock.measure(sent_back) + minutes(40, 400))
    last_verified = np.where(rework, verified_again, verifying)
    office = _Clock(as_of, np.ones(count, bool))
    closed = office.locate(office.measure(last_verified) + minutes(4, 380))
    closed = np.maximum(closed, last_verified + _MINUTE_S)
    rated = np.where(
        rng.random(count) < 0.3, office.locate(office.measure(closed) + minutes(60, 1200)) + _MINUTE_S, NEVER
    )
    extend = full & ~np.isnan(deadline_s) & (verifying > due) & (rng.random(count) < 0.3) & ~pause
    extended = np.where(extend, owned + (np.fmin(due, verifying) - owned) * 0.8, NEVER)
    settled = reports.at + np.where(reports.walk_in, minutes(3, 25), minutes(5, 75))

    def when(mask: Flags, at: Floats) -> Floats:
        return np.where(mask, at, NEVER)

    reason = np.array(_REASONS, dtype=object)
    blame, blame_again = reason[rng.integers(0, 5, count)], reason[rng.integers(0, 5, count)]
    steps = [
        Step(reports.at, "moved", None, "reported", desk.finder),
        Step(when(~spot, accepted), "moved", "reported", "accepted", desk.desk),
        Step(
            when(rejected, registered),
            "moved",
            "accepted",
            "rejected",
            desk.desk,
            _fill(count, "超出社区职责清单"),
        ),
        Step(when(voided, registered), "moved", "accepted", "voided", desk.desk, _fill(count, "重复上报")),
        Step(when(full, registered), "moved", "accepted", "registered", desk.desk),
        Step(when(full, dispatched), "moved", "registered", "dispatched", desk.desk),
        Step(
            when(returns >= 1, first_return), "moved", "dispatched", "returned", desk.lead, blame, desk.second
        ),
        Step(when(returns >= 1, again), "moved", "returned", "dispatched", desk.desk),
        Step(
            when(returns >= 2, second_return),
            "moved",
            "dispatched",
            "returned",
            desk.second,
            blame_again,
            desk.lead,
        ),
        Step(when(returns >= 2, third), "moved", "returned", "dispatched", desk.desk),
        Step(when(full, handling), "moved", "dispatched", "handling", desk.lead),
        Step(extended, "extended", "handling", "handling", desk.desk, _fill(count, "需协调多方，申请延期")),
        Step(
            when(pause, suspended),
            "moved",
            "handling",
            "suspended",
            desk.desk,
            _fill(count, "等待配件或资金"),
        ),
        Step(when(pause, resumed), "moved", "suspended", "handling", desk.lead),
        Step(when(full, verifying), "moved", "handling", "verifying", desk.lead),
        Step(
            when(rework, sent_back), "rework", "verifying", "handling", desk.desk, _fill(count, "核查未通过")
        ),
        Step(when(rework, verified_again), "moved", "handling", "verifying", desk.lead),
        Step(when(full, closed), "moved", "verifying", "closed", desk.desk),
        Step(when(full, rated), "moved", "closed", "rated", desk.desk),
        Step(when(spot, settled), "moved", "reported", "closed", desk.finder, _fill(count, "就地办结")),
    ]
    steps[11] = _place_extension(steps[11], handling, verifying)
    events = _list_events(steps, end)
    state = np.full(count, "reported", dtype=object)
    moves = np.array([to is not None for to in events.to_state])
    state[events.incident[moves]] = events.to_state[moves]  # in time order: the last one stays
    is_closed = np.isin(state.astype(str), ("closed", "rated"))

    def happened(at: Floats) -> Floats:
        return np.where(at < end, at, np.nan)

    is_registered = full & (registered < end)
    new_due = clock.locate(clock.measure(due) + 0.8 * np.nan_to_num(deadline_s))
    done_at = np.where(spot, settled, np.where(rework & (verified_again < end), verified_again, verifying))
    in_rework = rework & (sent_back < end) & (verified_again >= end)
    return Handling(
        state=state,
        party=np.where(spot, desk.finder, np.where(full & (dispatched < end), desk.lead, -1)),
        first_response_at=happened(np.where(spot, np.minimum(settled, reports.at + 60), accepted)),
        due_at=np.where(is_registered, np.where(steps[11].at < end, new_due, due), np.nan),
        original_due_at=np.where(is_registered, due, np.nan),
        handled_at=np.where((spot | full) & ~in_rework, happened(done_at), np.nan),
        closed_at=np.where(is_closed, np.where(spot, settled, closed), np.nan),
        outcome=_judge(code, is_closed, rng),
        events=events,
    )


def _place_extension(step: Step, handling: Floats, verifying: Floats) -> Step:
    """An extension is asked for while the case is being handled."""
    at = np.where(
        np.isfinite(step.at), np.clip(step.at, handling + 1, np.maximum(handling + 1, verifying - 1)), NEVER
    )
    return Step(at, step.kind, step.from_state, step.to_state, step.actor, step.reason)


def _fill(count: int, text: str) -> NDArray[Any]:
    return np.full(count, text, dtype=object)


def _settle_on_spot(
    reports: Reports, source: NDArray[np.str_], code: NDArray[np.str_], rng: np.random.Generator
) -> Flags:
    """Most enquiries are answered at the desk, half of what a patrol finds is settled in passing."""
    dice = rng.random(len(reports))
    answered = np.isin(code, ("E1201", "E1203", "E1005", "E1299", "E1202"))
    share = np.where(answered, np.where(reports.walk_in, 0.94, 0.6), np.where(source == "patrol", 0.55, 0.03))
    calm = ~np.isin(code, ("E502", "E501", "E605", "E604", "E905", "E902"))
    settled = (dice < share) & calm & (reports.plant < 0) | reports.settled_on_spot
    return np.asarray(settled)


def _list_events(steps: list[Step], end: float) -> Events:
    """Return what happened before the end, in order of case and time; nothing follows what has not happened."""
    count = len(steps[0].at)
    incident = np.tile(np.arange(count), (len(steps), 1)).ravel()
    at = np.concatenate([s.at for s in steps])
    order_of_step = np.repeat(np.arange(len(steps)), count)
    kept = np.flatnonzero(at < end)
    kept = kept[np.lexsort((order_of_step[kept], at[kept], incident[kept]))]
    which = order_of_step[kept]

    def spell(words: list[str | None]) -> NDArray[Any]:
        return np.array(words, dtype=object)[which]

    nobody, nothing = np.full(count, -1), np.full(count, None, dtype=object)
    return Events(
        incident=incident[kept],
        at=at[kept],
        kind=spell([s.kind for s in steps]),
        from_state=spell([s.from_state for s in steps]),
        to_state=spell([s.to_state for s in steps]),
        actor=np.concatenate([s.actor for s in steps])[kept],
        reason=np.concatenate([nothing if s.reason is None else s.reason for s in steps])[kept],
        suggested=np.concatenate([nobody if s.suggested is None else s.suggested for s in steps])[kept],
    )


def _judge(code: NDArray[np.str_], is_closed: Flags, rng: np.random.Generator) -> NDArray[Any]:
    dice = rng.random(len(code))
    group = np.array([c[1:3] if len(c) == 5 else c[1:2] for c in code])
    outcome = np.where(
        dice < 0.9, "resolved", np.where(dice < 0.96, "partly_resolved", "unresolvable")
    ).astype(object)
    talked = np.isin(group, ("2", "3", "7")) & (dice < 0.4)
    outcome[talked] = "persuaded"
    outcome[(group == "9") & (dice < 0.75)] = "mediated"
    outcome[(group == "8") & (dice > 0.9)] = "negotiated"
    outcome[(group == "6") & (dice > 0.93)] = "transferred"
    outcome[~is_closed] = None
    return outcome

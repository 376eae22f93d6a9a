"""Every indicator of cases counted again from their histories: one case after another, slow and plain.

Nothing here knows the product's queries or the columns of a case: only what its events say.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

import numpy as np

from tests.unit.slow_clock import SlowClock

THIRTY_DAYS: Final = timedelta(days=30)
SOLVED: Final = frozenset({"resolved", "persuaded", "mediated", "negotiated"})
CLOCK: Final = SlowClock()
_MOVES_DUE: Final = frozenset({"approve_extension", "resume", "reopen"})
_SETS_DUE: Final = _MOVES_DUE | {"register", "dispatch", "start"}


@dataclass
class SlowEvent:
    """A step in the history of a case."""

    at: datetime
    kind: str
    from_state: str | None
    to_state: str | None
    move: str
    due_at: datetime | None = None
    original_due_at: datetime | None = None
    rating: int | None = None
    outcome: str | None = None
    to_party: int | None = None


@dataclass
class SlowCase:
    """A case: what it is, where, and what happened to it."""

    number: int
    category: str
    group: str
    source: str
    building: int | None
    x_m: float | None
    y_m: float | None
    parent: int | None
    is_hidden: bool
    events: list[SlowEvent] = field(default_factory=list)

    @property
    def reported(self) -> datetime:
        """When it came in."""
        return self.events[0].at

    @property
    def state(self) -> str:
        """What it came to."""
        return [event.to_state for event in self.events if event.to_state][-1]

    @property
    def is_valid(self) -> bool:
        """Whether it was one."""
        return self.state not in {"voided", "rejected"}

    @property
    def closed(self) -> datetime | None:
        """When it was closed, if it is."""
        if self.state not in {"closed", "rated"}:
            return None
        return [event.at for event in self.events if event.to_state == "closed"][-1]

    @property
    def handled(self) -> datetime | None:
        """When it was handed in and not sent back, if it was."""
        found = None
        for event in self.events:
            if event.to_state == "verifying":
                found = event.at
            elif event.to_state == "closed":
                found = found or event.at
            elif event.kind in {"rework", "reopened"}:
                found = None
        return found

    @property
    def answered(self) -> datetime | None:
        """When somebody first did something about it."""
        acts = {"start", "handle", "self_handle", "verify_on_site"}
        return next((event.at for event in self.events if event.move in acts), None)

    @property
    def first_due(self) -> datetime | None:
        """The due time that was set first, moved on by the times in which its clock stood."""
        found = None
        for event in self.events:
            if event.move in _SETS_DUE and event.due_at and found is None:
                found = event.due_at
            elif event.move == "resume":
                found = event.original_due_at or found
        return found

    @property
    def due(self) -> datetime | None:
        """The due time in force; None while the clock stands, unless it was over before."""
        found = None
        for event in self.events:
            if event.due_at and (event.move in _MOVES_DUE or (event.move in _SETS_DUE and found is None)):
                found = event.due_at
        if self.state == "suspended" and found is not None:
            began = [e.at for e in self.events if e.to_state == "suspended" != e.from_state][-1]
            return found if found <= began else None
        return found

    @cached_property
    def hours_to_answer(self) -> float:
        """The hours at work until somebody did something about it."""
        assert self.answered is not None
        return CLOCK.count(self.reported, self.answered) / 60

    @cached_property
    def hours_to_handle(self) -> float:
        """The hours at work until it was handled, those left out in which the clock stood."""
        pauses, began = [], None
        for event in self.events:
            if event.to_state == "suspended" and began is None:
                began = event.at
            elif event.from_state == "suspended" != event.to_state and event.to_state and began:
                pauses.append((began, event.at))
                began = None
        assert self.handled is not None
        return SlowClock(pauses=pauses).count(self.reported, self.handled) / 60

    def list(self, **wanted: str) -> list[SlowEvent]:
        """Return the events of a kind, or to a state."""
        return [e for e in self.events if all(getattr(e, name) == value for name, value in wanted.items())]


@dataclass(frozen=True)
class SlowTown:
    """All cases, and the period that is asked for: from ``start`` to before ``end``, due times to ``due``."""

    cases: Sequence[SlowCase]
    residents: int
    start: datetime
    end: datetime
    due: datetime

    def is_in(self, moment: datetime | None) -> bool:
        """Whether something happened in the period."""
        return moment is not None and self.start <= moment < self.end

    def is_due_in(self, moment: datetime | None) -> bool:
        """Whether something was due in it."""
        return moment is not None and self.start <= moment < min(self.end, self.due)

    def is_before(self, moment: datetime | None) -> bool:
        """Whether something had happened when it ended."""
        return moment is not None and moment < self.end

    def is_called(self, case: SlowCase) -> bool:
        """Whether its people were called in the period."""
        return any(self.is_in(e.at) for e in [*case.list(kind="called_back"), *case.list(to_state="rated")])

    def is_reached(self, case: SlowCase) -> bool:
        """Whether they were reached."""
        return any(self.is_in(e.at) for e in case.list(to_state="rated"))

    def find_rating(self, case: SlowCase) -> int | None:
        """Return what they said last in the period."""
        said = [e.rating for e in case.list(to_state="rated") if self.is_in(e.at)]
        return said[-1] if said else None

    def is_back(self, case: SlowCase, everything: Sequence[SlowCase]) -> bool:
        """Whether the same was reported again within thirty days of its closing."""
        closed = case.closed
        assert closed is not None
        return any(
            other is not case
            and closed <= other.reported < closed + THIRTY_DAYS
            and (other.parent == case.number or (other.category == case.category and is_near(case, other)))
            for other in everything
        )


def is_by(moment: datetime | None, limit: datetime | None) -> bool:
    """Whether something happened by its limit; without one always."""
    return moment is not None and (limit is None or moment <= limit)


def is_near(one: SlowCase, other: SlowCase) -> bool:
    """Whether two cases are of one building, or within fifty metres."""
    if one.building is not None and one.building == other.building:
        return True
    if one.x_m is None or one.y_m is None or other.x_m is None or other.y_m is None:
        return False
    return bool(np.hypot(one.x_m - other.x_m, one.y_m - other.y_m) <= 50)


def count(town: SlowTown, everything: Sequence[SlowCase]) -> dict[str, tuple[float | None, int]]:
    """Return amount and n of each indicator.

    Args:
        town: the cases of the place that is asked for.
        everything: those of the whole community, any of which may be a return.
    """
    cases = [case for case in town.cases if case.is_valid]
    to_handle = [c for c in cases if town.is_due_in(c.due) or town.is_in(c.handled)]
    first_to_handle = [c for c in cases if town.is_due_in(c.first_due) or town.is_in(c.handled)]
    to_close = [c for c in cases if town.is_due_in(c.due) or town.is_in(c.closed)]
    sent = [c for c in cases if (first := c.list(to_state="dispatched")) and town.is_in(first[0].at)]
    waiting = [
        c for c in cases
        if c.state == "registered" and any(town.is_in(e.at) for e in c.list(to_state="registered"))
    ]  # fmt: skip
    called = [c for c in cases if town.is_called(c)]
    reached = [c for c in called if town.is_reached(c)]
    closed = [c for c in cases if town.is_in(c.closed)]
    matters = [c for c in closed if c.group not in {"E10", "E12"}]
    to_call = [c for c in closed if c.source != "patrol"]
    reported = [c for c in town.cases if town.is_in(c.reported)]
    valid = [c for c in reported if c.is_valid]
    whistles = [(c, e) for c in cases for e in c.list(kind="whistled") if town.is_in(e.at)]
    answers = [
        CLOCK.count(c.reported, c.answered) / 60 for c in cases if c.answered and town.is_in(c.answered)
    ]
    hours = [c.hours_to_handle for c in cases if town.is_in(c.handled)]
    unfinished = [c for c in cases if town.is_before(c.reported) and not town.is_before(c.closed)]

    def was_returned(case: SlowCase) -> bool:
        return any(town.is_before(e.at) for e in case.list(to_state="returned"))

    def share(among: Sequence[SlowCase], is_one: Callable[[SlowCase], bool]) -> tuple[float | None, int]:
        return (sum(map(is_one, among)) / len(among) if among else None, len(among))

    return {
        "handle_rate": share(to_handle, lambda c: town.is_before(c.handled)),
        "on_time_rate": share(to_handle, lambda c: town.is_before(c.handled) and is_by(c.handled, c.due)),
        "on_time_original_rate": share(
            first_to_handle,
            lambda c: town.is_before(c.handled) and is_by(c.handled, c.first_due),
        ),
        "overdue_open_rate": share(
            to_handle, lambda c: town.is_due_in(c.due) and not town.is_before(c.handled)
        ),
        "extension_rate": share(
            to_handle, lambda c: any(town.is_before(e.at) for e in c.list(kind="extended"))
        ),
        "closure_rate": share(to_close, lambda c: town.is_before(c.closed)),
        "on_time_closure_rate": share(
            to_close, lambda c: town.is_before(c.closed) and is_by(c.closed, c.due)
        ),
        "rework_rate": share(to_close, lambda c: any(town.is_before(e.at) for e in c.list(kind="rework"))),
        "accurate_dispatch_rate": share(
            [*sent, *waiting], lambda c: c.state != "registered" and not was_returned(c)
        ),
        "bounce_rate": share(sent, was_returned),
        "relapse_rate": share(matters, lambda c: town.is_back(c, everything)),
        "callback_rate": share(
            to_call,
            lambda c: any(
                is_by(c.closed, e.at) and town.is_before(e.at)
                for e in [*c.list(kind="called_back"), *c.list(to_state="rated")]
            ),
        ),
        "contact_rate": share(called, town.is_reached),
        "resolved_rate": share(reached, lambda c: closing_outcome(c) in SOLVED),
        "satisfaction_rate": share(reached, lambda c: (town.find_rating(c) or 0) >= 4),
        "valid_report_rate": share(reported, lambda c: c.is_valid),
        "proactive_rate": share(valid, lambda c: c.source == "patrol"),
        "whistle_response_rate": share([c for c, _ in whistles], iter_answers(town, whistles)),
        "incidents_per_10k": (10_000 * len(valid) / town.residents if town.residents else None, len(valid)),
        "reported_cases": (len(valid), len(valid)),
        "closed_cases": (len(closed), len(closed)),
        "open_cases": (len(unfinished), len(unfinished)),
        "overdue_open_cases": count_overdue(town, unfinished),
        "bounces": count_returns(town, cases),
        "first_response_p50": (statistics.median(answers) if answers else None, len(answers)),
        "first_response_p90": (find_ninth(answers), len(answers)),
        "avg_handle_time": (statistics.fmean(hours) if hours else None, len(hours)),
        "handle_time_p50": (statistics.median(hours) if hours else None, len(hours)),
    }


def closing_outcome(case: SlowCase) -> str | None:
    """Return how it ended, if it is closed."""
    return [e.outcome for e in case.list(to_state="closed")][-1] if case.closed else None


def iter_answers(
    town: SlowTown, whistles: Sequence[tuple[SlowCase, SlowEvent]]
) -> Callable[[SlowCase], bool]:
    """Return for one whistle after another whether whoever was called came before the period ended."""
    following = iter(whistles)

    def is_answered(_case: SlowCase) -> bool:
        case, call = next(following)
        return any(
            call.at <= e.at < town.end and e.to_party == call.to_party for e in case.list(kind="arrived")
        )

    return is_answered


def count_overdue(town: SlowTown, unfinished: Sequence[SlowCase]) -> tuple[float, int]:
    """Return how many had been due, and were not handled when the period ended."""
    late = [
        c for c in unfinished if c.due and c.due < min(town.end, town.due) and not town.is_before(c.handled)
    ]
    return len(late), len(late)


def count_returns(town: SlowTown, cases: Sequence[SlowCase]) -> tuple[float, int]:
    """Return how often cases were returned in the period."""
    returns = [e for c in cases for e in c.list(to_state="returned") if town.is_in(e.at)]
    return len(returns), len(returns)


def find_ninth(values: Sequence[float]) -> float | None:
    """Return the ninth decile, between two values in proportion."""
    if not values:
        return None
    ranked, place = sorted(values), 0.9 * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (place - low) * (ranked[high] - ranked[low])

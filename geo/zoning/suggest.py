"""Suggestions: one search with three wishes, better and better until time is up or somebody says stop."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from time import monotonic
from typing import Final

from geo.zoning.anneal import anneal_plan
from geo.zoning.problem import NO_ZONE, Figures, Ints, Problem, Wishes, measure_plan, rate_plan
from geo.zoning.start import continue_plan, grow_from_locks, partition_graph

_SEARCHERS: Final = 2
# Tried changes of the first round; each later one tries more, since a slower search ends better.
_FIRST_STEPS: Final = 1_000_000
_MOST_STEPS: Final = 20_000_000
_HOT: Final = 0.03
_GENTLE: Final = 0.002


class Goal(StrEnum):
    """What a suggestion is best at."""

    FAIREST = "fairest"
    STEADIEST = "steadiest"
    MOST_COMPACT = "most_compact"


@dataclass(frozen=True)
class Suggestion:
    """A plan and how it was found.

    Attributes:
        goal: what it is to be best at.
        plan: n zone numbers.
        figures: how it turned out.
        rating: what was lowered; comparable within a goal.
        tries: how many searches it is the best of.
        elapsed_s: seconds since the search began.
    """

    goal: Goal
    plan: Ints
    figures: Figures
    rating: float
    tries: int
    elapsed_s: float


def choose_wishes(goal: Goal, load_count: int) -> Wishes:
    """Choose what a goal weighs: the first load is kept closest, as it is the one that people compare."""
    rest = load_count - 1
    if goal is Goal.FAIREST:
        return Wishes((0.003,) + (0.03,) * rest, constancy=0.05)
    if goal is Goal.STEADIEST:
        return Wishes((0.03,) + (0.08,) * rest, compactness=0.3, constancy=2.0)
    return Wishes((0.05,) + (0.10,) * rest)


def improve_suggestions(
    problem: Problem, goal: Goal, seconds: float, *, wishes: Wishes | None = None, seed: int = 0
) -> Iterator[Suggestion]:
    """Search until the time is up, and hand out the best so far after each round.

    The first is the best start, and comes at once, even where the search has yet to be compiled; whoever
    stops asking ends the search.

    Args:
        problem: what is shared out, among how many.
        goal: what to be best at.
        seconds: how long to search at most, the round under way included.
        wishes: in place of the goal's own.
        seed: of the chance.

    Yields:
        Suggestions whose rating never gets worse.
    """
    wishes = wishes or choose_wishes(goal, problem.loads.shape[1])
    began = monotonic()
    best = min(
        (_begin(problem, wishes, seed * 10_000 + one)[:2] for one in range(_SEARCHERS)), key=_get_rating
    )
    tries = 0
    yield Suggestion(goal, best[1], measure_plan(problem, best[1]), best[0], tries, monotonic() - began)
    steps, pace = _FIRST_STEPS, None
    with ThreadPoolExecutor(_SEARCHERS) as searchers:
        for first in count(seed * 10_000, _SEARCHERS):
            started = monotonic()
            found = searchers.map(
                lambda chance, steps=steps: _search_once(problem, wishes, steps, chance),
                range(first, first + _SEARCHERS),
            )
            for rating, plan in found:
                tries += 1
                if rating < best[0]:
                    best = rating, plan
            took_s = monotonic() - started
            yield Suggestion(
                goal, best[1], measure_plan(problem, best[1]), best[0], tries, monotonic() - began
            )
            left_s = seconds - (monotonic() - began)
            pace = steps / max(took_s, 1e-3)
            steps = int(min(steps * 4, _MOST_STEPS, pace * left_s * 0.9))
            if steps < _FIRST_STEPS // 4:
                return


def _search_once(problem: Problem, wishes: Wishes, steps: int, seed: int) -> tuple[float, Ints]:
    rating, start, hot = _begin(problem, wishes, seed)
    plan = anneal_plan(problem, start, wishes, steps, seed, hot)
    return min((rate_plan(problem, plan, wishes), plan), (rating, start), key=_get_rating)


def _begin(problem: Problem, wishes: Wishes, seed: int) -> tuple[float, Ints, float]:
    """Choose a start, and how hot a search from it begins: one that is to change little begins cool."""
    is_held = bool((problem.holder != NO_ZONE).any())
    if is_held and wishes.constancy > 0 and seed % _SEARCHERS == 0:
        start, hot = continue_plan(problem), _GENTLE
    elif (problem.fixed != NO_ZONE).any():
        start, hot = grow_from_locks(problem, seed), _HOT
    else:
        start, hot = partition_graph(problem, seed), _HOT
    return rate_plan(problem, start, wishes), start, hot


def _get_rating(rated: tuple[float, Ints]) -> float:
    return rated[0]

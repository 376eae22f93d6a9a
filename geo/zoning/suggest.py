"""Suggestions: one search with three wishes, better and better until time is up or somebody says stop."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from threading import Timer
from time import monotonic
from typing import Final

import numpy as np

from geo.zoning.anneal import anneal_plan
from geo.zoning.problem import (
    NO_ZONE,
    Figures,
    Goal,
    Ints,
    Neighbourhood,
    Problem,
    Wishes,
    measure_plan,
    pose_problem,
    rate_plan,
)
from geo.zoning.start import continue_plan, grow_from_locks, partition_graph

_SEARCHERS: Final = 2
# Tried changes per unit in the first round; each later one tries more, as a slower search ends better, until
# another start is worth more.
_FIRST_STEPS: Final = 250
_MOST_STEPS: Final = 7_000
# What it is to begin hot: where a zone has few units, each changes its shape by much.
_HOT_PER_ZONE: Final = 1.8
_LEAST_HOT, _MOST_HOT = 0.03, 0.2
_GENTLE: Final = 0.01
_GRAIN: Final = 7.4
# By how much the second searcher begins hotter than the first, and what is never surpassed.
_HEATING: Final = 1.3
_HOTTEST: Final = 2.0


@dataclass(frozen=True)
class Suggestion:
    """A plan and how it was found.

    Attributes:
        goal: what it is to be best at.
        plan: n zone numbers.
        figures: how it turned out.
        rating: what was lowered; comparable within a goal.
        tries: how many searches of this goal it is the best of.
        elapsed_s: seconds since the search began.
    """

    goal: Goal
    plan: Ints
    figures: Figures
    rating: float
    tries: int
    elapsed_s: float


def choose_wishes(problem: Problem, *goals: Goal) -> dict[Goal, Wishes]:
    """Choose what goals weigh: the first load is kept closest, as it is the one that people compare."""
    rest = problem.loads.shape[1] - 1
    zone_size = problem.neighbourhood.size / problem.zone_count
    # Few units can be put together in few ways: to be more even than that, zones take any shape.
    finest = min(_GRAIN / zone_size**2, 0.05)
    known = {
        # Nor can several loads at once be as even as one alone.
        Goal.FAIREST: Wishes(
            (max(0.012 if rest else 0.003, finest),) + (max(0.04, 2.8 * finest),) * rest,
            evenness=20_000.0 if rest else 100_000.0,
            constancy=1.5,
        ),
        Goal.STEADIEST: Wishes((0.05,) + (0.10,) * rest, compactness=0.3, constancy=2.0),
        Goal.MOST_COMPACT: Wishes((0.05,) + (0.10,) * rest, constancy=0.1),
    }
    return {goal: known[goal] for goal in goals}


def improve_suggestions(
    problem: Problem, goals: Mapping[Goal, Wishes], seconds: float, *, seed: int = 0
) -> Iterator[Suggestion]:
    """Search for several goals in turn until the time is up, and hand out the best so far after each round.

    The first for each goal is its best start, and comes at once, even where the search has yet to be
    compiled; whoever stops asking ends the search.

    Args:
        problem: what is shared out, among how many.
        goals: what to be best at, and what that weighs; see :func:`choose_wishes`.
        seconds: how long to search at most, the round under way included.
        seed: of the chance.

    Yields:
        Suggestions whose rating, within a goal, never gets worse.
    """
    began = monotonic()
    best: dict[Goal, tuple[float, Ints]] = {}
    tries = 0

    def tell(goal: Goal) -> Suggestion:
        rating, plan = best[goal]
        return Suggestion(goal, plan, measure_plan(problem, plan), rating, tries, monotonic() - began)

    for goal, wishes in goals.items():
        starts = (_begin(problem, wishes, seed * 10_000 + one)[:2] for one in range(_SEARCHERS))
        best[goal] = min(starts, key=_get_rating)
        yield tell(goal)
    prepare_search()
    size = problem.neighbourhood.size
    fewest, most = _FIRST_STEPS * max(size, 100), _MOST_STEPS * max(size, 1000)
    steps = fewest
    heats = dict.fromkeys(goals, 1.0)
    left_s = seconds - (monotonic() - began)
    with ThreadPoolExecutor(_SEARCHERS) as searchers, _halting_after(left_s) as halt:
        for first in count(seed * 10_000, _SEARCHERS):
            started = monotonic()
            tries += _SEARCHERS
            for goal, wishes in goals.items():
                tried = [heats[goal], heats[goal] * _HEATING]
                search = partial(_search_once, problem, wishes, steps, halt)
                found = list(searchers.map(search, range(first, first + _SEARCHERS), tried))
                # How rugged the ground is, the search finds out: the next round is about as hot as what won.
                is_hotter_better = found[1][0] < found[0][0]
                heats[goal] = tried[1] if is_hotter_better else max(1.0, tried[0] / _HEATING)
                best[goal] = min(best[goal], *found, key=_get_rating)
                yield tell(goal)
            pace = steps / max(monotonic() - started, 1e-3)
            left_s = seconds - (monotonic() - began)
            steps = int(min(steps * 4, most, pace * left_s * 0.8))
            if steps < fewest // 4 or halt[0]:
                return


@contextmanager
def _halting_after(seconds: float) -> Iterator[Ints]:
    """Yield a cell that tells searches to stop once the time is up, or the block is left.

    What a busy machine makes late is given up, and so is what nobody waits for.
    """
    halt = np.zeros(1, np.int64)
    alarm = Timer(max(0.0, seconds), halt.__setitem__, (0, 1))
    alarm.daemon = True
    alarm.start()
    try:
        yield halt
    finally:
        halt[0] = 1
        alarm.cancel()


def prepare_search() -> float:
    """Compile the search unless that was done; return the seconds it took."""
    began = monotonic()
    two = Neighbourhood(np.array([0, 1, 2]), np.array([1, 0]), np.ones(2), np.ones(2), np.full(2, 4.0))
    anneal_plan(pose_problem(two, np.ones((2, 1)), 2), np.array([0, 1]), Wishes((0.0,)), 0, 0)
    return monotonic() - began


def _search_once(
    problem: Problem, wishes: Wishes, steps: int, halt: Ints, seed: int, heat: float
) -> tuple[float, Ints]:
    _, start, hot = _begin(problem, wishes, seed)
    plan = anneal_plan(problem, start, wishes, steps, seed, min(hot * heat, _HOTTEST), halt)
    return rate_plan(problem, plan, wishes), plan


def _begin(problem: Problem, wishes: Wishes, seed: int) -> tuple[float, Ints, float]:
    """Choose a start, and how hot a search from it begins: one that is to change little begins cool."""
    zone_size = problem.neighbourhood.size / problem.zone_count
    hot = min(max(_HOT_PER_ZONE / zone_size, _LEAST_HOT), _MOST_HOT)
    if (problem.holder != NO_ZONE).any() and wishes.constancy > wishes.compactness:
        start, hot = continue_plan(problem), _GENTLE
    elif (problem.fixed != NO_ZONE).any():
        start = grow_from_locks(problem, seed)
    else:
        start = partition_graph(problem, seed)
    return rate_plan(problem, start, wishes), start, hot


def _get_rating(rated: tuple[float, Ints]) -> float:
    return rated[0]

"""One annealing of a plan: what the compiled search is given, and what of its outcome is kept."""

from typing import Final

import numpy as np

from geo.zoning.flips import Costs, Tally, Units, search_flips
from geo.zoning.problem import NO_ZONE, Ints, Problem, Wishes, rate_plan

_HOT: Final = 0.05


def anneal_plan(
    problem: Problem,
    start: Ints,
    wishes: Wishes,
    steps: int,
    seed: int,
    hot: float = _HOT,
    halt: Ints | None = None,
) -> Ints:
    """Improve a plan by a number of tried changes, or leave it; the same seed gives the same plan.

    Args:
        problem: what is shared out.
        start: n zone numbers; every zone has a unit, and locks are respected.
        wishes: what is lowered.
        steps: how many changes are tried.
        seed: of the chance.
        hot: the temperature to begin with, in shares of what compactness and constancy weigh together; lower
            ones stay closer to the start.
        halt: one cell; the search stops once another thread has put anything but 0 into it.
    """
    ground = problem.neighbourhood
    mean = problem.loads.sum(axis=0) / problem.zone_count
    units = Units(
        ground.starts,
        ground.neighbours,
        ground.ties_m,
        ground.areas_m2,
        ground.perimeters_m,
        problem.loads,
        problem.holder,
        problem.fixed == NO_ZONE,
        problem.closed,
        np.where(mean > 0, mean, 1.0),
    )
    constancy = wishes.constancy if (problem.holder != NO_ZONE).any() else 0.0
    costs = Costs(np.asarray(wishes.tolerances, np.float64), wishes.compactness, constancy)
    halt = np.zeros(1, np.int64) if halt is None else halt
    tally = _open_tally(start.astype(np.int64), problem.zone_count, problem.loads.shape[1])
    search_flips(units, costs, tally, wishes.evenness, hot, steps, seed, halt)
    # What a search is lenient about while it is hot it may not make good again.
    return min(tally.zone, start, key=lambda plan: rate_plan(problem, plan, wishes))


def _open_tally(zone: Ints, zone_count: int, kinds: int) -> Tally:
    size = len(zone)
    return Tally(
        zone,
        np.zeros(zone_count, np.int64),
        np.zeros(zone_count),
        np.zeros(zone_count),
        np.zeros((zone_count, kinds)),
        np.empty(size, np.int64),
        np.full(size, -1),
        np.zeros(1, np.int64),
        np.zeros(size, np.int64),
        np.zeros(1, np.int64),
        np.empty(size, np.int64),
    )

"""Plans to begin a search from: METIS where all is free, growing from what is locked elsewhere."""

import heapq

import numpy as np
import pymetis

from geo.zoning.problem import NO_ZONE, Flags, Ints, Neighbourhood, Problem, label_pieces


def partition_graph(problem: Problem, seed: int) -> Ints:
    """Cut the graph into whole zones of even first load by METIS, named after who holds most of each today.

    Locks are not asked; use this where nothing is fixed.
    """
    ground = problem.neighbourhood
    if problem.zone_count == 1:
        return np.zeros(ground.size, np.int64)
    # METIS counts in whole numbers, its weights' sum below 2³¹.
    scale = 1e6 / max(float(problem.loads[:, 0].sum()), 1e-9)
    weights = np.maximum(1, np.rint(problem.loads[:, 0] * scale)).astype(np.int64)
    adjacency = pymetis.CSRAdjacency(ground.starts, ground.neighbours)
    options = pymetis.Options(seed=seed, contig=1)
    _, parts = pymetis.part_graph(problem.zone_count, adjacency, vweights=weights, options=options)
    plan = np.asarray(parts, np.int64)
    return _name_zones(problem, _make_whole(problem, plan))


def continue_plan(problem: Problem) -> Ints:
    """Continue what is held today: locks first, then holders; what nobody holds joins whom it touches."""
    plan = problem.holder.copy()
    locked = problem.fixed != NO_ZONE
    plan[locked] = problem.fixed[locked]
    plan[(plan >= problem.zone_count) | (~locked & _is_closed(problem, plan))] = NO_ZONE
    return _make_whole(problem, plan)


def grow_from_locks(problem: Problem, seed: int) -> Ints:
    """Grow zones from locked units, the others from units far from all; the lightest grows first."""
    chance = np.random.default_rng(seed)
    plan = problem.fixed.copy()
    far = _measure_steps(problem.neighbourhood, plan != NO_ZONE)
    for zone in range(problem.zone_count):
        if (plan == zone).any():
            continue
        free = np.flatnonzero(plan == NO_ZONE)
        farthest = free[far[free] == far[free].max()]
        plan[chance.choice(farthest)] = zone
        far = np.minimum(far, _measure_steps(problem.neighbourhood, plan == zone))
    return _make_whole(problem, plan)


def _is_closed(problem: Problem, plan: Ints) -> Flags:
    is_closed = np.append(problem.closed, False)  # NO_ZONE reads the last
    return is_closed[plan]


def _name_zones(problem: Problem, plan: Ints) -> Ints:
    """Give each zone the number of who holds most of it today, so that the fewest people change hands."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 - see label_pieces

    shared = np.zeros((problem.zone_count, problem.zone_count))
    held = problem.holder != NO_ZONE
    np.add.at(shared, (plan[held], problem.holder[held]), problem.loads[held, 0])
    _, names = linear_sum_assignment(shared, maximize=True)
    return np.asarray(names, np.int64)[plan]


def _make_whole(problem: Problem, plan: Ints) -> Ints:
    """Give every unit a zone and every zone a unit; keep each zone's main part and all that is locked."""
    plan = plan.copy()
    locked = problem.fixed != NO_ZONE
    _, piece = label_pieces(problem.neighbourhood, plan)
    for zone in range(problem.zone_count):
        pieces = np.unique(piece[plan == zone])
        if len(pieces) < 2:
            continue
        has_locks = np.isin(pieces, piece[locked & (plan == zone)])
        weights = [problem.loads[piece == one, 0].sum() for one in pieces]
        main = pieces[int(np.argmax(weights))]
        for one, keeps in zip(pieces, has_locks, strict=True):
            is_spared = keeps if has_locks.any() else one == main
            if not is_spared:
                plan[piece == one] = NO_ZONE
    _fill_empty_zones(problem, plan)
    return _grow(problem, plan)


def _fill_empty_zones(problem: Problem, plan: Ints) -> None:
    locked = problem.fixed != NO_ZONE
    for zone in range(problem.zone_count):
        if (plan == zone).any():
            continue
        free = np.flatnonzero((plan == NO_ZONE) & ~locked)
        if not len(free):
            # The zone with most to give; a unit at its rim, so that it stays whole.
            free = _list_loose_ends(problem, plan)
        plan[free[int(np.argmax(problem.loads[free, 0]))]] = zone


def _list_loose_ends(problem: Problem, plan: Ints) -> Ints:
    """List free units that may leave their zone without breaking it."""
    ground = problem.neighbourhood
    sizes = np.bincount(plan[plan != NO_ZONE], minlength=problem.zone_count)
    free = np.flatnonzero((problem.fixed == NO_ZONE) & (sizes[plan] > 1))
    whole, _ = label_pieces(ground, plan)
    ends = []
    for unit in free[np.argsort(-problem.loads[free, 0])]:
        trial = plan.copy()
        trial[unit] = problem.zone_count
        if label_pieces(ground, trial)[0] <= whole + 1:
            ends.append(unit)
            break
    return np.asarray(ends or free[:1], np.int64)


def _grow(problem: Problem, plan: Ints) -> Ints:
    """Let zones take the units that have none, the lightest zone first."""
    ground, loads = problem.neighbourhood, problem.loads[:, 0]
    weights = np.bincount(plan[plan != NO_ZONE], loads[plan != NO_ZONE], problem.zone_count)
    queue = [(weights[zone], int(zone)) for zone in np.flatnonzero(~problem.closed)]
    heapq.heapify(queue)
    while queue:
        _, zone = heapq.heappop(queue)
        unit = _find_taken(ground, plan, zone)
        if unit is not None:
            plan[unit] = zone
            weights[zone] += loads[unit]
            heapq.heappush(queue, (weights[zone], zone))
    while (plan == NO_ZONE).any():
        # Shut in between closed zones: to the lightest, in a piece of their own that the figures show.
        zone = int(np.argmin(np.where(problem.closed, np.inf, weights)))
        unit = int(np.flatnonzero(plan == NO_ZONE)[0])
        plan[unit] = zone
        while (more := _find_taken(ground, plan, zone)) is not None:
            plan[more] = zone
        weights[zone] = loads[plan == zone].sum()
    return plan


def _find_taken(ground: Neighbourhood, plan: Ints, zone: int) -> int | None:
    """Find the free unit that shares most border with a zone."""
    source = np.repeat(np.arange(ground.size), np.diff(ground.starts))
    reach = (plan[source] == zone) & (plan[ground.neighbours] == NO_ZONE)
    if not reach.any():
        return None
    shared = np.bincount(ground.neighbours[reach], ground.borders_m[reach] + 1e-9, minlength=ground.size)
    return int(np.argmax(shared))


def _measure_steps(ground: Neighbourhood, sources: Flags) -> Ints:
    """Measure for every unit how many steps it is from the nearest source; n where none is."""
    steps = np.where(sources, 0, ground.size).astype(np.int64)
    front = np.flatnonzero(sources)
    far = 0
    while len(front):
        far += 1
        near = np.concatenate(
            [ground.neighbours[ground.starts[unit] : ground.starts[unit + 1]] for unit in front]
        )
        front = np.unique(near[steps[near] == ground.size])
        steps[front] = far
    return steps

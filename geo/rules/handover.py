"""How the buildings of somebody who is away are shared among those who are there."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# So much above the least that the busiest could carry is given for buildings that lie near their taker.
_ROOM = 1.06
_EPSILON = 1e-9


def share_buildings(weights: Floats, loads: Floats, distances_m: Floats) -> Numbers:
    """Return for each building the number of its taker.

    The busiest of those who take any carries at most :data:`_ROOM` times the least that any split could give
    him, or as much as by a fair deal where buildings are too few and too unlike for that. Within it, each
    goes to whoever is nearest.

    Args:
        weights: n; the work in each building, none negative.
        loads: k; what each taker carries already.
        distances_m: n × k; from each building to the nearest one that the taker has.

    Raises:
        ValueError: there are buildings and nobody to take them.
    """
    if not len(weights):
        return np.empty(0, np.int64)
    if not len(loads):
        msg = "nobody is there to take the buildings"
        raise ValueError(msg)
    fair = _deal(weights, loads)
    most = max(_find_busiest(fair, weights, loads), find_least(weights, loads) * _ROOM)
    near = _fill(weights, loads, distances_m, most)
    return fair if near is None else near


def find_least(weights: Floats, loads: Floats) -> float:
    """Return what the busiest of those who take buildings carries at least, however these are split.

    Args:
        weights: n; the work in each building, at least one.
        loads: k; what each taker carries already, at least one.
    """
    # As water finds its level: the work, poured onto what they carry, lies on the least loaded.
    risen = np.sort(loads)
    levels = (risen.cumsum() + weights.sum()) / np.arange(1, len(risen) + 1)
    return float(max(levels.min(), risen[0] + weights.max()))


def _deal(weights: Floats, loads: Floats) -> Numbers:
    """Deal the heaviest first to whoever carries least, then move and swap while that relieves someone."""
    taker_of = np.zeros(len(weights), np.int64)
    carried = loads.astype(np.float64).copy()
    for building in np.argsort(-weights, kind="stable"):
        taker_of[building] = taker = int(np.argmin(carried))
        carried[taker] += weights[building]
    while _relieve(taker_of, carried, weights):
        pass
    return taker_of


def _relieve(taker_of: Numbers, carried: Floats, weights: Floats) -> bool:
    """Move one building off the busiest, or swap it for a lighter one, if both then carry less than he."""
    takers = np.unique(taker_of)
    busiest = int(takers[np.argmax(carried[takers])])
    best, step = float(carried[busiest]), None
    for building in np.flatnonzero(taker_of == busiest):
        # A taker's own nothing stands for a move without one in return.
        for other in (*np.flatnonzero(taker_of != busiest), None):
            back = 0.0 if other is None else float(weights[other])
            given = float(weights[building]) - back
            if given <= _EPSILON:
                continue
            takers_then = range(len(carried)) if other is None else (int(taker_of[other]),)
            for taker in takers_then:
                after = max(carried[busiest] - given, carried[taker] + given)
                if taker != busiest and after < best - _EPSILON:
                    best, step = float(after), (building, other, taker, given)
    if step is None:
        return False
    building, other, taker, given = step
    taker_of[building] = taker
    if other is not None:
        taker_of[other] = busiest
    carried[busiest] -= given
    carried[taker] += given
    return True


def _fill(weights: Floats, loads: Floats, distances_m: Floats, most: float) -> Numbers | None:
    """Give each building, the heaviest first, to the nearest who then carries no more than ``most``."""
    taker_of = np.zeros(len(weights), np.int64)
    carried = loads.astype(np.float64).copy()
    for building in np.argsort(-weights, kind="stable"):
        free = np.flatnonzero(carried + weights[building] <= most + _EPSILON)
        if not len(free):
            return None
        taker_of[building] = taker = int(free[np.argmin(distances_m[building, free])])
        carried[taker] += weights[building]
    return taker_of


def _find_busiest(taker_of: Numbers, weights: Floats, loads: Floats) -> float:
    carried = loads + np.bincount(taker_of, weights, len(loads))
    return float(carried[np.unique(taker_of)].max())

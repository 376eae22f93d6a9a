"""How the buildings of somebody who is away are shared among those who are there."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

# So much above the least that the busiest could carry is given for buildings that lie near their taker.
_ROOM = 1.06
_EPSILON = 1e-9
_SOLVER_LIMIT_S = 2.0


def share_buildings(weights: Floats, loads: Floats, distances_m: Floats) -> Numbers:
    """Return for each building the number of its taker.

    The busiest of those who take any carries at most :data:`_ROOM` times the least that any split could give
    him, or as much as by the best split where buildings are too few and too unlike for that. Within it, each
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
    enough = find_least(weights, loads) * _ROOM
    fair = _deal(weights, loads)
    if _find_busiest(fair, weights, loads) > enough + _EPSILON:
        fair = min(fair, _solve(weights, loads), key=lambda split: _find_busiest(split, weights, loads))
    most = max(_find_busiest(fair, weights, loads), enough)
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
    """Deal the heaviest first to whoever then carries least."""
    taker_of = np.zeros(len(weights), np.int64)
    carried = loads.astype(np.float64).copy()
    for building in np.argsort(-weights, kind="stable"):
        taker_of[building] = taker = int(np.argmin(carried))
        carried[taker] += weights[building]
    return taker_of


def _solve(weights: Floats, loads: Floats) -> Numbers:
    """Return the split whose busiest carries least, or the best one found in the time given.

    Unknowns: whether taker j takes building i (n × k), whether j takes any (k), what the busiest carries.
    """
    n, k = len(weights), len(loads)
    pair = np.arange(n * k)
    building, taker = np.divmod(pair, k)
    takes_any, busiest = n * k + np.arange(k), n * k + k
    every_building_once = coo_array((np.ones(n * k), (building, pair)), shape=(n, busiest + 1))
    only_takers_take = coo_array(
        (np.repeat([1.0, -1.0], n * k), (np.tile(pair, 2), np.concatenate([pair, takes_any[taker]]))),
        shape=(n * k, busiest + 1),
    )
    none_above_busiest = coo_array(
        (
            np.concatenate([weights[building], loads, np.full(k, -1.0)]),
            (
                np.concatenate([taker, np.arange(k), np.arange(k)]),
                np.concatenate([pair, takes_any, np.full(k, busiest)]),
            ),
        ),
        shape=(k, busiest + 1),
    )
    found = milp(
        np.append(np.zeros(busiest), 1.0),
        integrality=np.append(np.ones(busiest), 0.0),
        bounds=Bounds(0, np.append(np.ones(busiest), np.inf)),
        constraints=[
            LinearConstraint(every_building_once.tocsc(), 1, 1),
            LinearConstraint(only_takers_take.tocsc(), -np.inf, 0),
            LinearConstraint(none_above_busiest.tocsc(), -np.inf, 0),
        ],
        options={"time_limit": _SOLVER_LIMIT_S, "mip_rel_gap": 0.01},
    )
    if found.x is None:
        return _deal(weights, loads)
    return np.asarray(found.x[: n * k].reshape(n, k).argmax(axis=1), np.int64)


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

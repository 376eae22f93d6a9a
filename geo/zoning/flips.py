"""The search, compiled: units change zones, or two change places, as long as every zone stays whole.

Simulated annealing (Kirkpatrick, Gelatt and Vecchi 1983) over the units on the rim of their zones. A change
that makes the plan better is taken, a worse one with a chance that falls as the search cools. Uneven loads
cost more and more in its first half, so that zones first find their shape and then their weight, while there
is still warmth to mend the one for the other. No zone ever falls into more pieces than it had.

All that is compiled stands in this module: what is kept on disk is known to be old by this file alone.
"""

from typing import Final, NamedTuple

import numpy as np
from numba import njit

from geo.zoning.compiling import compile_inner
from geo.zoning.problem import Flags, Floats, Ints

# How much of its temperature a search ends with, and what it ends with at most.
_COOLING: Final = 1 / 16
_COLD: Final = 0.006
# What unevenness costs while the search is hot, and after how much of it in full.
_LENIENT: Final = 20.0
_HARD_AFTER: Final = 0.5
# Those who change places are so many steps apart along the border, or fewer.
_APART: Final = 6
_NONE: Final = -1


class Units(NamedTuple):
    """What does not change during a search."""

    starts: Ints
    neighbours: Ints
    borders_m: Floats
    areas_m2: Floats
    perimeters_m: Floats
    loads: Floats
    holder: Ints
    may_move: Flags
    is_closed: Flags
    mean: Floats


class Costs(NamedTuple):
    """What a plan is charged for."""

    tolerances: Floats
    compactness: float
    constancy: float


class Tally(NamedTuple):
    """A plan under way, and its sums by zone."""

    zone: Ints
    size: Ints
    areas_m2: Floats
    perimeters_m: Floats
    loads: Floats
    # The units that touch another zone, in no order; where each of them stands; how many, in one cell.
    rim: Ints
    place_in_rim: Ints
    rim_size: Ints
    # Marks of a walk through a zone: the number of the walk that met a unit.
    met: Ints
    walk: Ints
    queue: Ints


@njit(cache=True, nogil=True, error_model="numpy")
def search_flips(
    units: Units,
    costs: Costs,
    tally: Tally,
    evenness: float,
    hot: float,
    steps: int,
    seed: int,
    halt: Ints,
) -> None:
    """Change a plan under way, step by step, as long as nobody puts anything but 0 into ``halt``."""
    np.random.seed(seed)
    _fill_tally(units, tally)
    zone = tally.zone
    scale = costs.compactness + costs.constancy
    if scale <= 0:
        scale = 1.0
    cooling = np.log(min(_COOLING, _COLD / hot))
    lenient = min(_LENIENT, evenness)
    hardening = np.log(evenness / lenient) if evenness > 0 else 0.0
    temperature, weight = hot * scale, lenient
    for step in range(steps):
        if tally.rim_size[0] == 0:
            return
        if step % 256 == 0:
            if halt[0] != 0:
                return
            progress = step / steps
            temperature = scale * hot * np.exp(cooling * progress)
            weight = lenient * np.exp(hardening * min(1.0, progress / _HARD_AFTER))
        unit = tally.rim[np.random.randint(tally.rim_size[0])]
        beside = _pick_neighbour(units, unit)
        giver, taker = zone[unit], zone[beside]
        if giver == taker or units.is_closed[taker]:
            continue
        partner = _NONE
        if np.random.random() < 0.5:
            partner = _pick_partner(units, zone, unit, beside)
            if partner == _NONE:
                continue
        elif tally.size[giver] == 1:
            continue
        gain = _weigh_change(units, costs, tally, unit, taker, partner, weight)
        if gain < 0 and np.random.random() >= np.exp(gain / temperature):
            continue
        _change(units, tally, unit, taker, partner)


@compile_inner
def _change(units: Units, tally: Tally, unit: int, taker: int, partner: int) -> None:
    """Let a unit go to another zone and, perhaps, a partner come from there, if both zones stay whole."""
    giver = tally.zone[unit]
    _move(units, tally, unit, taker)
    is_whole = True
    if partner != _NONE:
        _move(units, tally, partner, giver)
        is_whole = _holds_together(units, tally, partner, taker, unit)
    if is_whole and _holds_together(units, tally, unit, giver, partner):
        _mend_rim_around(units, tally, unit)
        if partner != _NONE:
            _mend_rim_around(units, tally, partner)
        return
    if partner != _NONE:
        _move(units, tally, partner, taker)
    _move(units, tally, unit, giver)


@compile_inner
def _fill_tally(units: Units, tally: Tally) -> None:
    # Sums are taken one by one: of a sum over rows, most of the compiler's time goes into its messages.
    for unit in range(len(tally.zone)):
        home = tally.zone[unit]
        tally.size[home] += 1
        tally.areas_m2[home] += units.areas_m2[unit]
        tally.perimeters_m[home] += units.perimeters_m[unit]
        for kind in range(units.loads.shape[1]):
            tally.loads[home, kind] += units.loads[unit, kind]
        for edge in range(units.starts[unit], units.starts[unit + 1]):
            if tally.zone[units.neighbours[edge]] == home:
                tally.perimeters_m[home] -= units.borders_m[edge]
        _mend_rim(units, tally, unit)


@compile_inner
def _pick_neighbour(units: Units, unit: int) -> int:
    first, last = units.starts[unit], units.starts[unit + 1]
    return int(units.neighbours[first + np.random.randint(last - first)])


@compile_inner
def _pick_partner(units: Units, zone: Ints, unit: int, beside: int) -> int:
    """Find a unit of the other zone, somewhere at the border, that may come in exchange."""
    giver, taker = zone[unit], zone[beside]
    partner = beside
    for _ in range(np.random.randint(_APART)):
        other = _pick_neighbour(units, partner)
        if zone[other] == taker:
            partner = other
    if not units.may_move[partner]:
        return _NONE
    for edge in range(units.starts[partner], units.starts[partner + 1]):
        if units.neighbours[edge] != unit and zone[units.neighbours[edge]] == giver:
            return partner
    return _NONE


@compile_inner
def _move(units: Units, tally: Tally, unit: int, taker: int) -> None:
    giver = tally.zone[unit]
    with_giver = with_taker = 0.0
    for edge in range(units.starts[unit], units.starts[unit + 1]):
        other = tally.zone[units.neighbours[edge]]
        if other == giver:
            with_giver += units.borders_m[edge]
        elif other == taker:
            with_taker += units.borders_m[edge]
    tally.zone[unit] = taker
    tally.size[giver] -= 1
    tally.size[taker] += 1
    tally.areas_m2[giver] -= units.areas_m2[unit]
    tally.areas_m2[taker] += units.areas_m2[unit]
    tally.perimeters_m[giver] += 2 * with_giver - units.perimeters_m[unit]
    tally.perimeters_m[taker] += units.perimeters_m[unit] - 2 * with_taker
    for kind in range(units.loads.shape[1]):
        tally.loads[giver, kind] -= units.loads[unit, kind]
        tally.loads[taker, kind] += units.loads[unit, kind]


@compile_inner
def _weigh_change(
    units: Units, costs: Costs, tally: Tally, unit: int, taker: int, partner: int, evenness: float
) -> float:
    """By how much a plan gets better if a unit changes zones and, perhaps, a partner comes from there."""
    giver = tally.zone[unit]
    given_m, taken_m, shared_m = _sum_borders(units, tally, unit, giver, taker, partner)
    giver_m2 = tally.areas_m2[giver] - units.areas_m2[unit]
    taker_m2 = tally.areas_m2[taker] + units.areas_m2[unit]
    giver_m = tally.perimeters_m[giver] + 2 * given_m - units.perimeters_m[unit]
    taker_m = tally.perimeters_m[taker] - 2 * taken_m + units.perimeters_m[unit]
    gain = -_cost_constancy(units, costs, unit, giver, taker)
    if partner != _NONE:
        back_m, come_m, _ = _sum_borders(units, tally, partner, taker, giver, unit)
        giver_m2 += units.areas_m2[partner]
        taker_m2 -= units.areas_m2[partner]
        # The two have changed places by then: what they share lies between the zones again.
        giver_m += units.perimeters_m[partner] - 2 * (come_m - shared_m)
        taker_m += 2 * (back_m + shared_m) - units.perimeters_m[partner]
        gain -= _cost_constancy(units, costs, partner, taker, giver)
    gain += costs.compactness * (
        _rate_roundness(giver_m2, giver_m)
        + _rate_roundness(taker_m2, taker_m)
        - _rate_roundness(tally.areas_m2[giver], tally.perimeters_m[giver])
        - _rate_roundness(tally.areas_m2[taker], tally.perimeters_m[taker])
    )
    for kind in range(len(units.mean)):
        shift = units.loads[unit, kind]
        if partner != _NONE:
            shift -= units.loads[partner, kind]
        given, taken, mean = tally.loads[giver, kind], tally.loads[taker, kind], units.mean[kind]
        tolerance = costs.tolerances[kind]
        gain += evenness * (
            _square_beyond(given / mean, tolerance)
            + _square_beyond(taken / mean, tolerance)
            - _square_beyond((given - shift) / mean, tolerance)
            - _square_beyond((taken + shift) / mean, tolerance)
        )
    return gain


@compile_inner
def _sum_borders(
    units: Units, tally: Tally, unit: int, own: int, other: int, partner: int
) -> tuple[float, float, float]:
    """Sum what a unit shares with its own zone, with another, and with its partner there."""
    with_own = with_other = with_partner = 0.0
    for edge in range(units.starts[unit], units.starts[unit + 1]):
        near = units.neighbours[edge]
        if tally.zone[near] == own:
            with_own += units.borders_m[edge]
        elif tally.zone[near] == other:
            with_other += units.borders_m[edge]
            if near == partner:
                with_partner = units.borders_m[edge]
    return with_own, with_other, with_partner


@compile_inner
def _rate_roundness(area_m2: float, perimeter_m: float) -> float:
    return 4 * np.pi * area_m2 / (perimeter_m * perimeter_m) if perimeter_m > 0 else 0.0


@compile_inner
def _square_beyond(share: float, tolerance: float) -> float:
    beyond = abs(share - 1.0) - tolerance
    return beyond * beyond if beyond > 0 else 0.0


@compile_inner
def _cost_constancy(units: Units, costs: Costs, unit: int, giver: int, taker: int) -> float:
    if units.holder[unit] == giver:
        return float(costs.constancy * units.loads[unit, 0] / units.mean[0])
    if units.holder[unit] == taker:
        return -float(costs.constancy * units.loads[unit, 0] / units.mean[0])
    return 0.0


@compile_inner
def _holds_together(units: Units, tally: Tally, gone: int, zone: int, come: int) -> bool:
    """Whether a zone is in no more pieces now that one unit has left it and, perhaps, another has come.

    It is, if what the one that left was tied to, and the one that came, still reach one another.
    """
    tally.walk[0] += 2
    wanted, reached = tally.walk[0], tally.walk[0] + 1
    count, first = 0, _NONE
    for edge in range(units.starts[gone], units.starts[gone + 1]):
        near = units.neighbours[edge]
        if tally.zone[near] == zone and tally.met[near] != wanted:
            tally.met[near] = wanted
            count += 1
            first = near
    if come != _NONE and tally.met[come] != wanted:
        tally.met[come] = wanted
        count += 1
        first = come
    if count <= 1:
        return True
    tally.met[first] = reached
    tally.queue[0] = first
    head, tail = 0, 1
    count -= 1
    while head < tail:
        here = tally.queue[head]
        head += 1
        for edge in range(units.starts[here], units.starts[here + 1]):
            near = units.neighbours[edge]
            if tally.zone[near] != zone or tally.met[near] == reached:
                continue
            if tally.met[near] == wanted:
                count -= 1
                if count == 0:
                    return True
            tally.met[near] = reached
            tally.queue[tail] = near
            tail += 1
    return False


@compile_inner
def _mend_rim_around(units: Units, tally: Tally, unit: int) -> None:
    _mend_rim(units, tally, unit)
    for edge in range(units.starts[unit], units.starts[unit + 1]):
        _mend_rim(units, tally, units.neighbours[edge])


@compile_inner
def _mend_rim(units: Units, tally: Tally, unit: int) -> None:
    is_rim = False
    if units.may_move[unit]:
        for edge in range(units.starts[unit], units.starts[unit + 1]):
            if tally.zone[units.neighbours[edge]] != tally.zone[unit]:
                is_rim = True
                break
    place = tally.place_in_rim[unit]
    if is_rim and place == _NONE:
        tally.place_in_rim[unit] = tally.rim_size[0]
        tally.rim[tally.rim_size[0]] = unit
        tally.rim_size[0] += 1
    elif not is_rim and place != _NONE:
        tally.rim_size[0] -= 1
        last = tally.rim[tally.rim_size[0]]
        tally.rim[place] = last
        tally.place_in_rim[last] = place
        tally.place_in_rim[unit] = _NONE

"""Cases over those at risk: crude rates, exact intervals, empirical-Bayes smoothing, and what nobody knows.

Counts mislead: where more people live, more is reported. A rate over few people misleads as well: one case
among three households is not the worst place in town. So a rate comes with its exact interval, and smoothed:
drawn towards the mean by as much as it is uncertain (Marshall 1991), towards the mean of all (*globally*) or
of the neighbourhood (*locally*).

``at_risk`` is the denominator of each cell: households, residents or merchants. Where it is 0 there is no
rate (nan), and the cases there are in no mean.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from geo.patterns.neighbours import Flags, Floats, Neighbours, sum_around

# Under so many at risk the fraction is shown, without colour and without rank.
LEAST_AT_RISK: Final = 10.0


@dataclass(frozen=True)
class Rates:
    """One row a cell; rates are cases per one at risk.

    Attributes:
        count: cases.
        at_risk: households, residents or merchants.
        rate: count over at_risk.
        low: lower end of the exact interval of the rate.
        high: its upper end.
        smoothed: the rate drawn towards the mean of all.
        smoothed_locally: the rate drawn towards the mean of its neighbourhood; nan without neighbours.
        is_unknown: neither a case nor a visit: nobody looked.
        is_few: too few at risk for a colour or a rank.
    """

    count: Floats
    at_risk: Floats
    rate: Floats
    low: Floats
    high: Floats
    smoothed: Floats
    smoothed_locally: Floats
    is_unknown: Flags
    is_few: Flags


def compute_rates(
    count: Floats, at_risk: Floats, *, visits: Floats | None = None, neighbours: Neighbours | None = None,
    least_at_risk: float = LEAST_AT_RISK, level: float = 0.95,
) -> Rates:  # fmt: skip
    """Return the rates of cells.

    Args:
        count: n cases.
        at_risk: n households, residents or merchants.
        visits: n visits of the same time; without them no cell is unknown.
        neighbours: n × n, to smooth within.
        least_at_risk: fewer are too few for a colour.
        level: how sure the interval holds the true rate.
    """
    low, high = bound_rates(count, at_risk, level=level)
    return Rates(
        count=count,
        at_risk=at_risk,
        rate=divide(count, at_risk),
        low=low,
        high=high,
        smoothed=smooth_globally(count, at_risk),
        smoothed_locally=np.full(len(count), np.nan)
        if neighbours is None
        else smooth_locally(count, at_risk, neighbours),
        is_unknown=np.zeros(len(count), bool) if visits is None else (count == 0) & (visits == 0),
        is_few=at_risk < least_at_risk,
    )


def divide(over: Floats, under: Floats) -> Floats:
    """Return the quotient, nan where there is nothing to divide by."""
    quotient = np.full(np.broadcast(over, under).shape, np.nan)
    return np.asarray(np.divide(over, under, out=quotient, where=under > 0))


def bound_rates(count: Floats, at_risk: Floats, *, level: float = 0.95) -> tuple[Floats, Floats]:
    """Return the exact (Garwood) interval of a Poisson rate, its lower and its upper end.

    Args:
        count: n cases.
        at_risk: n households, residents or merchants.
        level: how sure the interval holds the true rate.
    """
    tail = (1 - level) / 2
    low = np.where(count > 0, special.gammaincinv(np.maximum(count, 1e-300), tail), 0.0).astype(np.float64)
    high = np.asarray(special.gammaincinv(count + 1, 1 - tail), dtype=np.float64)
    return divide(low, at_risk), divide(high, at_risk)


def smooth_globally(count: Floats, at_risk: Floats) -> Floats:
    """Return rates drawn towards the mean of all cells, by the moments of Marshall (1991).

    Where cells differ no more than chance makes them, all get the mean.

    Args:
        count: n cases.
        at_risk: n households, residents or merchants.
    """
    counted, people = _leave_out(count, at_risk)
    if not people.any():
        return np.full(len(count), np.nan)
    rate = divide(count, at_risk)
    mean = counted.sum() / people.sum()
    spread = np.nansum(people * (rate - mean) ** 2) / people.sum()
    beyond_chance = max(0.0, spread - mean / people[people > 0].mean())
    return _shrink(rate, people, mean, beyond_chance)


def smooth_locally(count: Floats, at_risk: Floats, neighbours: Neighbours) -> Floats:
    """Return rates drawn towards the mean of their neighbourhood, by the moments of Marshall (1991).

    Args:
        count: n cases.
        at_risk: n households, residents or merchants.
        neighbours: n × n.
    """
    counted, people = _leave_out(count, at_risk)
    rate = divide(count, at_risk)
    around = sum_around(
        neighbours, np.column_stack([counted, people, counted * np.nan_to_num(rate), people > 0])
    )
    cases, living, squares, cells = around.T
    mean = divide(cases, living)
    spread = divide(squares, living) - mean**2
    beyond_chance = np.maximum(0.0, spread - mean * divide(cells, living))
    return _shrink(rate, people, mean, beyond_chance)


def _leave_out(count: Floats, at_risk: Floats) -> tuple[Floats, Floats]:
    """Return the counts without those where nobody is at risk, and those at risk."""
    return np.where(at_risk > 0, count, 0.0), np.asarray(at_risk, dtype=np.float64)


def _shrink(rate: Floats, people: Floats, mean: Floats | float, beyond_chance: Floats | float) -> Floats:
    """Weigh each rate against the mean: the variance between cells against that of chance."""
    own = beyond_chance * people
    trust = np.divide(own, own + mean, out=np.zeros(len(rate)), where=own + mean > 0)
    return np.asarray(np.where(people > 0, trust * rate + (1 - trust) * mean, np.nan))

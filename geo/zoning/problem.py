"""What a zone plan is made of and how it is judged: units, who touches whom, loads, wishes, figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.errors import InputRefused

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

# Stands for "no zone" wherever a unit's zone is asked for.
NO_ZONE: Final = -1


@dataclass(frozen=True)
class Neighbourhood:
    """Who touches whom, as a symmetric graph in compressed rows, with the land each unit stands for.

    Attributes:
        starts: n + 1; the neighbours of unit u are ``neighbours[starts[u]:starts[u + 1]]``.
        neighbours: m unit numbers.
        borders_m: m lengths shared with each neighbour; 0 for a link across a barrier.
        areas_m2: n areas.
        perimeters_m: n perimeters, the parts that touch nobody included.
        bridges: pairs of units, k × 2, that are linked only because nothing else ties their parts together.
        wall_shares: m; how much of a border a search is to count, less along a wall; None for all of each.
    """

    starts: Ints
    neighbours: Ints
    borders_m: Floats
    areas_m2: Floats
    perimeters_m: Floats
    bridges: Ints = field(default_factory=lambda: np.empty((0, 2), np.int64))
    wall_shares: Floats | None = None

    @property
    def ties_m(self) -> Floats:
        """The borders as a search counts them."""
        return self.borders_m if self.wall_shares is None else self.borders_m * self.wall_shares

    @property
    def size(self) -> int:
        """How many units there are."""
        return len(self.areas_m2)


@dataclass(frozen=True)
class Problem:
    """What is to be shared out, among how many, and what must stay.

    Attributes:
        neighbourhood: the n units.
        loads: n × k, not negative; the first is the one that counts as moved with a unit (households).
        zone_count: how many zones there are to be.
        holder: the zone that holds each unit today, or ``NO_ZONE``.
        fixed: the zone each locked unit must be in, or ``NO_ZONE``.
        closed: per zone, whether it neither gives nor takes.
    """

    neighbourhood: Neighbourhood
    loads: Floats
    zone_count: int
    holder: Ints
    fixed: Ints
    closed: Flags

    def __post_init__(self) -> None:
        """Refuse what no plan can fulfil.

        Raises:
            InputRefused: the wish cannot be granted, whatever the plan.
        """
        size = self.neighbourhood.size
        if size == 0:
            message = "there is no building to share out: load the community's buildings first"
            raise InputRefused(message)
        if not 1 <= self.zone_count <= size:
            message = f"{size} buildings cannot make {self.zone_count} zones: ask for 1 to {size}"
            raise InputRefused(message)
        takers = np.flatnonzero(~self.closed)
        loose = self.fixed == NO_ZONE
        if loose.any() and not len(takers):
            message = f"every zone is locked, and buildings are in none ({int(loose.sum())}): unlock a zone"
            raise InputRefused(message)
        needy = [zone for zone in takers if not (self.fixed == zone).any()]
        if len(needy) > int(loose.sum()):
            message = (
                f"zones without a building: {len(needy)}; buildings not locked: {int(loose.sum())}; "
                "ask for fewer zones or unlock some buildings"
            )
            raise InputRefused(message)
        empty = [int(zone) + 1 for zone in np.flatnonzero(self.closed) if not (self.fixed == zone).any()]
        if empty:
            message = f"zone {empty[0]} is locked and holds nothing: unlock it or give it a building"
            raise InputRefused(message)


def pose_problem(
    neighbourhood: Neighbourhood,
    loads: Floats,
    zone_count: int,
    *,
    holder: Ints | None = None,
    fixed: Ints | None = None,
    closed: Sequence[int] = (),
) -> Problem:
    """State a problem, closed zones keeping exactly what they hold today.

    Args:
        neighbourhood: the n units.
        loads: n × k.
        zone_count: how many zones there are to be.
        holder: n; the zone that holds each unit today; None where nobody holds anything.
        fixed: n; the zone a locked unit must be in.
        closed: zones that neither give nor take.

    Raises:
        InputRefused: no plan can be like that.
    """
    size = neighbourhood.size
    nobody = np.full(size, NO_ZONE, np.int64)
    holder = nobody if holder is None else holder.astype(np.int64)
    fixed = nobody.copy() if fixed is None else fixed.astype(np.int64).copy()
    is_closed = np.zeros(max(zone_count, 0), bool)
    is_closed[list(closed)] = True
    shut_in = np.isin(holder, list(closed)) & (fixed == NO_ZONE)
    fixed[shut_in] = holder[shut_in]
    return Problem(
        neighbourhood, np.ascontiguousarray(loads, np.float64), zone_count, holder, fixed, is_closed
    )


@dataclass(frozen=True)
class Wishes:
    """What a plan is to be good at; each weight counts against the others.

    Attributes:
        tolerances: k shares of the mean within which a load counts as even.
        evenness: what the square of a share beyond the tolerance costs.
        compactness: what a zone loses by 1 − Polsby–Popper.
        constancy: what it costs to move a mean zone's first load away from who holds it today.
    """

    tolerances: tuple[float, ...]
    evenness: float = 20_000.0
    compactness: float = 1.0
    constancy: float = 0.0


class Goal(StrEnum):
    """What a suggestion is best at."""

    FAIREST = "fairest"
    STEADIEST = "steadiest"
    MOST_COMPACT = "most_compact"


@dataclass(frozen=True)
class Figures:
    """How a plan turned out.

    Attributes:
        loads: zones × k.
        deviations: zones × k; (load − mean) / mean, 0 where nothing is to be shared.
        areas_m2: per zone.
        compactness: per zone, Polsby–Popper 4πA/P² (1 is a circle); Polsby and Popper 1991.
        pieces: per zone, in how many parts it lies that do not touch; 1 is whole.
        moved: sum of the first load in units that leave who holds them today.
    """

    loads: Floats
    deviations: Floats
    areas_m2: Floats
    compactness: Floats
    pieces: Ints
    moved: float


def measure_plan(problem: Problem, plan: Ints) -> Figures:
    """Measure a plan, n zone numbers, by plain sums; the search keeps the same figures by their changes."""
    ground, count = problem.neighbourhood, problem.zone_count
    loads = np.zeros((count, problem.loads.shape[1]))
    np.add.at(loads, plan, problem.loads)
    areas = np.bincount(plan, ground.areas_m2, count).astype(np.float64)
    mean = loads.mean(axis=0)
    deviations = np.divide(loads - mean, mean, out=np.zeros_like(loads), where=mean > 0)
    is_moved = (problem.holder != NO_ZONE) & (problem.holder != plan)
    return Figures(
        loads=loads,
        deviations=deviations,
        areas_m2=areas,
        compactness=_measure_compactness(ground, plan, count, ground.borders_m),
        pieces=count_pieces(ground, plan, count),
        moved=float(problem.loads[is_moved, 0].sum()),
    )


def _measure_compactness(ground: Neighbourhood, plan: Ints, zone_count: int, borders_m: Floats) -> Floats:
    source = np.repeat(np.arange(ground.size), np.diff(ground.starts))
    inside = plan[source] == plan[ground.neighbours]
    areas = np.bincount(plan, ground.areas_m2, zone_count)
    perimeters = np.bincount(plan, ground.perimeters_m, zone_count) - np.bincount(
        plan[source[inside]], borders_m[inside], zone_count
    )
    return np.asarray(4 * np.pi * areas / np.square(perimeters), np.float64)


def count_pieces(ground: Neighbourhood, plan: Ints, zone_count: int) -> Ints:
    """Count, per zone, the parts that do not touch."""
    _, piece = label_pieces(ground, plan)
    firsts = np.unique(piece, return_index=True)[1]
    return np.bincount(plan[firsts], minlength=zone_count)


def label_pieces(ground: Neighbourhood, plan: Ints) -> tuple[int, Ints]:
    """Number the parts of equal zone that hang together: how many there are, and the part of each unit."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - a page that only shows a plan need not load SciPy
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    source = np.repeat(np.arange(ground.size), np.diff(ground.starts))
    inside = plan[source] == plan[ground.neighbours]
    links = csr_array(
        (np.ones(int(inside.sum()), np.int8), (source[inside], ground.neighbours[inside])),
        shape=(ground.size, ground.size),
    )
    count, labels = connected_components(links, directed=False)
    return int(count), labels.astype(np.int64)


def rate_plan(problem: Problem, plan: Ints, wishes: Wishes) -> float:
    """Weigh a plan against wishes; less is better. What the search lowers, in plain arithmetic."""
    figures = measure_plan(problem, plan)
    ground = problem.neighbourhood
    compactness = _measure_compactness(ground, plan, problem.zone_count, ground.ties_m)
    beyond = np.maximum(0.0, np.abs(figures.deviations) - np.asarray(wishes.tolerances))
    mean = max(float(figures.loads[:, 0].mean()), 1e-12)
    return float(
        wishes.compactness * (1 - compactness).sum()
        + wishes.evenness * np.square(beyond).sum()
        + wishes.constancy * figures.moved / mean
    )

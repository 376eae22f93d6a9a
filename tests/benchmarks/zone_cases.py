"""What the benchmark shares out: a lattice, random land, community D, and three thousand buildings."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
import shapely

from geo.operations.suggesting import Load, pose_question
from geo.store.places import list_communities
from geo.zoning.adjacency import link_buildings
from geo.zoning.problem import Floats, Neighbourhood
from geo.zoning.question import Question

_SIDE_M: Final = 5_000
_CELL_M: Final = 100.0


@dataclass(frozen=True)
class Case:
    """Units to share out.

    Attributes:
        name: what to call it.
        ground: the n units.
        loads: n × 2; households and incidents.
        points: n × 2; a point in each unit, in metres.
        zone_count: how many zones there are to be.
    """

    name: str
    ground: Neighbourhood
    loads: Floats
    points: Floats
    zone_count: int


def build_case(name: str, seed: int) -> Case:
    """Build one of the cases a to d; c expects the demo community in the installation's database."""
    if name == "a":
        ground, points = _build_lattice(30)
        return Case("lattice", ground, _draw_loads(900, seed), points, 16)
    if name == "c":
        return _read_demo()
    size, zone_count = (1000, 16) if name == "b" else (3000, 50)
    points = np.random.default_rng(seed).random((size, 2)) * _SIDE_M
    ground, _ = link_buildings(points, shapely.box(0, 0, _SIDE_M, _SIDE_M))
    return Case(
        "random land" if name == "b" else "3,000 buildings",
        ground,
        _draw_loads(size, seed),
        points,
        zone_count,
    )


def _draw_loads(size: int, seed: int) -> Floats:
    chance = np.random.default_rng(1000 + seed)
    households = np.round(chance.lognormal(3.3, 0.8, size)) + 1
    return np.stack([households, chance.poisson(households / 10)], axis=1).astype(np.float64)


def _build_lattice(side: int) -> tuple[Neighbourhood, Floats]:
    cell = np.arange(side * side).reshape(side, side)
    across = np.stack([cell[:, :-1].ravel(), cell[:, 1:].ravel()])
    down = np.stack([cell[:-1].ravel(), cell[1:].ravel()])
    one, other = np.concatenate([across, down], axis=1)
    source, target = np.concatenate([one, other]), np.concatenate([other, one])
    order = np.lexsort((target, source))
    ground = Neighbourhood(
        np.concatenate([[0], np.cumsum(np.bincount(source))]),
        target[order],
        np.full(len(order), _CELL_M),
        np.full(side * side, _CELL_M**2),
        np.full(side * side, 4 * _CELL_M),
    )
    return ground, (np.stack(np.divmod(np.arange(side * side), side), axis=1) + 0.5) * _CELL_M


def _read_demo() -> Case:
    question = ask_demo()
    return Case("community D", question.problem.neighbourhood, question.loads, question.points_m, 16)


def ask_demo() -> Question:
    """Ask about the demo community in the installation's database."""
    community = next(each for each in list_communities() if each.code == "D")
    posed = pose_question(
        community.id,
        None,
        datetime.now(UTC).date(),
        zone_count=16,
        balance=(Load.HOUSEHOLDS, Load.INCIDENTS),
    )
    # Peers know of no walls.
    return replace(posed.question, compounds=np.full(len(posed.building_ids), -1))

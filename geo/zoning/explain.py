"""Why a suggestion moves what it moves: one finding for each group of buildings that goes together."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from geo.zoning.problem import NO_ZONE, Ints, Problem, label_pieces, measure_plan


class Reason(StrEnum):
    """What a move is good for, the strongest first."""

    UNHELD = "unheld"
    DISSOLVED = "dissolved"
    REUNITES = "reunites"
    EVENS = "evens"
    ROUNDS = "rounds"
    MAKES_ROOM = "makes_room"


@dataclass(frozen=True)
class Move:
    """Buildings that go together from one zone to another.

    Attributes:
        units: which.
        giver: the zone that held them, or ``NO_ZONE``.
        taker: the zone that is to hold them.
        reason: what it is good for.
        load: sum of their first load.
        giver_before, giver_after, taker_before, taker_after: shares of the mean first load; 1 is the mean.
    """

    units: tuple[int, ...]
    giver: int
    taker: int
    reason: Reason
    load: float
    giver_before: float
    giver_after: float
    taker_before: float
    taker_after: float


def explain_moves(problem: Problem, plan: Ints) -> list[Move]:
    """Explain every move from today's holders to a plan; the heaviest first."""
    before = np.where(problem.holder == NO_ZONE, problem.zone_count, problem.holder)
    weights = problem.loads[:, 0]
    mean = max(float(weights.sum()) / problem.zone_count, 1e-12)
    shares_before = np.bincount(before, weights, problem.zone_count + 1) / mean
    shares_after = np.bincount(plan, weights, problem.zone_count) / mean
    _, pieces_before = label_pieces(problem.neighbourhood, before)
    main = _find_main_pieces(problem, before, pieces_before)
    # A group: same giver, same taker, and touching.
    pair = before * problem.zone_count + plan
    _, group = label_pieces(problem.neighbourhood, pair)
    moves = []
    for label in np.unique(group[before != plan]):
        units = np.flatnonzero(group == label)
        giver, taker = int(before[units[0]]), int(plan[units[0]])
        is_held = giver != problem.zone_count
        if not is_held:
            reason = Reason.UNHELD
        elif pieces_before[units[0]] != main[giver]:
            reason = Reason.REUNITES
        else:
            reason = _find_reason(problem, plan, units, giver)
        moves.append(
            Move(
                units=tuple(map(int, units)),
                giver=giver if is_held else NO_ZONE,
                taker=taker,
                reason=reason,
                load=float(weights[units].sum()),
                giver_before=float(shares_before[giver]) if is_held else 0.0,
                giver_after=float(shares_after[giver]) if is_held else 0.0,
                taker_before=float(shares_before[taker]),
                taker_after=float(shares_after[taker]),
            )
        )
    return sorted(moves, key=lambda move: (-move.load, move.units))


def _find_reason(problem: Problem, plan: Ints, units: Ints, giver: int) -> Reason:
    """Ask what would be worse if these units stayed."""
    unmoved = plan.copy()
    unmoved[units] = giver
    without, reached = measure_plan(problem, unmoved), measure_plan(problem, plan)
    if np.square(without.deviations).sum() > np.square(reached.deviations).sum():
        return Reason.EVENS
    if without.compactness.sum() < reached.compactness.sum():
        return Reason.ROUNDS
    return Reason.MAKES_ROOM


def _find_main_pieces(problem: Problem, plan: Ints, pieces: Ints) -> dict[int, int]:
    """Find, per zone, the piece that carries most."""
    loads = np.bincount(pieces, problem.loads[:, 0])
    main: dict[int, int] = {}
    for piece in np.argsort(loads):
        main[int(plan[np.argmax(pieces == piece)])] = int(piece)
    return main

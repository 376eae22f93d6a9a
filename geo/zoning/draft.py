"""Figures of a plan under way, in which zones may be empty and units in no zone."""

from dataclasses import dataclass

import numpy as np

from geo.zoning.problem import NO_ZONE, Floats, Ints, Neighbourhood, label_pieces


@dataclass(frozen=True)
class DraftFigures:
    """How a plan under way stands.

    Attributes:
        sizes: units per zone.
        loads: zones × k.
        shares: zones × k; load over the mean that zones have once all is shared out.
        areas_m2: per zone.
        compactness: per zone, Polsby–Popper; 0 of an empty one.
        parts: per zone, its parts that do not touch, as unit numbers, the heaviest first by the first load.
    """

    sizes: Ints
    loads: Floats
    shares: Floats
    areas_m2: Floats
    compactness: Floats
    parts: tuple[tuple[Ints, ...], ...]


def measure_draft(ground: Neighbourhood, loads: Floats, plan: Ints, zone_count: int) -> DraftFigures:
    """Measure a plan under way.

    Args:
        ground: the n units.
        loads: n × k.
        plan: n zone numbers below ``zone_count``, or ``NO_ZONE``.
        zone_count: how many zones there are, empty ones included.
    """
    held = plan != NO_ZONE
    sums = np.zeros((zone_count, loads.shape[1]))
    np.add.at(sums, plan[held], loads[held])
    # The mean that is aimed at: what everybody will carry once nothing is left over.
    mean = loads.sum(axis=0) / max(zone_count, 1)
    areas = np.bincount(plan[held], ground.areas_m2[held], zone_count).astype(np.float64)
    source = np.repeat(np.arange(ground.size), np.diff(ground.starts))
    inside = held[source] & (plan[source] == plan[ground.neighbours])
    perimeters = np.bincount(plan[held], ground.perimeters_m[held], zone_count) - np.bincount(
        plan[source[inside]], ground.borders_m[inside], zone_count
    )
    squares = np.square(perimeters)
    return DraftFigures(
        sizes=np.bincount(plan[held], minlength=zone_count),
        loads=sums,
        shares=np.divide(sums, mean, out=np.zeros_like(sums), where=mean > 0),
        areas_m2=areas,
        compactness=np.divide(4 * np.pi * areas, squares, out=np.zeros_like(areas), where=squares > 0),
        parts=_list_parts(ground, loads[:, 0], plan, zone_count),
    )


def _list_parts(
    ground: Neighbourhood, weights: Floats, plan: Ints, zone_count: int
) -> tuple[tuple[Ints, ...], ...]:
    _, piece = label_pieces(ground, plan)
    order = np.argsort(piece, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(piece[order])) + 1) if len(order) else []
    parts: list[list[Ints]] = [[] for _ in range(zone_count)]
    for units in groups:
        if plan[units[0]] != NO_ZONE:
            parts[plan[units[0]]].append(units)
    return tuple(
        tuple(sorted(of_zone, key=lambda units: (-weights[units].sum(), -len(units)))) for of_zone in parts
    )

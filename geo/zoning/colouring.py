"""Colours of zones on a map: twelve muted hues, never a neighbour's."""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Final

import numpy as np
import shapely

from geo.zoning.problem import NO_ZONE, Floats, Ints

HUES: Final = (
    "#7A9E7E", "#C08552", "#6C8EAD", "#B5838D", "#8C8A5A", "#5E9A9A",
    "#A67DB8", "#B29F45", "#708090", "#B0705E", "#6E9F5C", "#8592C4",
)  # fmt: skip


def pair_neighbours(points: Floats, zone: Ints) -> set[tuple[int, int]]:
    """Find which zones lie side by side: those with buildings that nothing lies between (Delaunay 1934).

    A zone across a river counts as beside: on the map it is.

    Args:
        points: n × 2, a point on each building, in a system in which nearness is nearness.
        zone: n; the zone of each, ``NO_ZONE`` for none.

    Returns:
        Pairs, the lower number first.
    """
    spots, spot = np.unique(points, axis=0, return_inverse=True)
    spot = spot.ravel()
    # Of buildings on one spot the first stands for all, and touches the others.
    order = np.argsort(spot, kind="stable")
    first = np.full(len(spots), -1, np.int64)
    first[spot[order[::-1]]] = order[::-1]
    together = spot[order[:-1]] == spot[order[1:]]
    left, right = [order[:-1][together]], [order[1:][together]]
    if len(spots) > 1:
        ends = _link_spots(spots)
        left.append(first[ends[:, 0]])
        right.append(first[ends[:, 1]])
    pairs = np.sort(np.stack([zone[np.concatenate(left)], zone[np.concatenate(right)]], axis=1), axis=1)
    pairs = np.unique(pairs[(pairs[:, 0] != pairs[:, 1]) & (pairs[:, 0] != NO_ZONE)], axis=0)
    return {(int(a), int(b)) for a, b in pairs}


def _link_spots(spots: Floats) -> Ints:
    """Return the pairs of points that a Delaunay triangulation joins, m × 2."""
    edges = shapely.delaunay_triangles(shapely.multipoints(spots), only_edges=True)
    ends = shapely.get_coordinates(edges)
    if len(ends) == 0:  # Nothing to triangulate: two points, or all on one line.
        numbers = np.arange(len(spots), dtype=np.int64)
        return np.stack([numbers[:-1], numbers[1:]], axis=1)
    # Both in the order of their first coordinate, then the second, in which complex numbers are sorted too.
    numbers = np.searchsorted(
        spots.view(np.complex128).ravel(), np.ascontiguousarray(ends).view(np.complex128)
    )
    return numbers.reshape(-1, 2).astype(np.int64)


def settle_colours(
    colours: Mapping[int, str | None],
    neighbours: Collection[tuple[int, int]],
    *,
    kept: Collection[int] = (),
) -> dict[int, str]:
    """Find colours for zones that have none, or a neighbour's; as few change as may be.

    Greedy, those with most neighbours first: with twelve hues that serves every map on which a zone has at
    most eleven neighbours; beyond that a hue is taken twice.

    Args:
        colours: of every zone.
        neighbours: pairs of zones that lie side by side.
        kept: zones whose colour somebody has just chosen: a neighbour gives way.

    Returns:
        The new colour of each zone that changes.
    """
    beside: dict[int, set[int]] = {zone: set() for zone in colours}
    for a, b in neighbours:
        beside[a].add(b)
        beside[b].add(a)
    chosen: dict[int, str] = {}
    order = sorted(
        colours, key=lambda zone: (zone not in kept, colours[zone] is None, -len(beside[zone]), zone)
    )
    for zone in order:
        mine = colours[zone]
        settled = {chosen[other] for other in beside[zone] if other in chosen}
        if mine is None or mine in settled:
            around = settled | {colour for other in beside[zone] if (colour := colours[other]) is not None}
            used = Counter([*chosen.values(), *(colour for colour in colours.values() if colour)])
            chosen[zone] = min(HUES, key=lambda hue: (hue in settled, hue in around, used[hue]))
        else:
            chosen[zone] = mine
    return {zone: colour for zone, colour in chosen.items() if colour != colours[zone]}

"""Footprints: how buildings stand on their land. Rows of slabs, staggered towers, tight lots; metres."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Point, Polygon, box
from shapely.affinity import rotate, translate

# Slabs face south within this angle, whatever way the block lies.
_MOST_TURN_DEG = 16.0


@dataclass(frozen=True)
class SlabStyle:
    """Measures of a row of slabs.

    Attributes:
        length_m: shortest and longest slab.
        depth_m: shallowest and deepest slab.
        row_gap_m: open space between rows, by the height of the houses.
        end_gap_m: open space between two slabs of a row.
        turn_deg: how far a single slab may stand out of line.
        even: all slabs of one length and depth.
    """

    length_m: tuple[float, float]
    depth_m: tuple[float, float]
    row_gap_m: float
    end_gap_m: float = 9.0
    turn_deg: float = 0.0
    even: bool = True


def find_turn(land: Polygon) -> float:
    """Return by how many degrees houses on this land turn from due south to stand along its edges."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(land))
    edge = corners[1] - corners[0]
    angle = np.degrees(np.arctan2(edge[1], edge[0])) % 90
    angle = angle - 90 if angle > 45 else angle
    return float(np.clip(angle, -_MOST_TURN_DEG, _MOST_TURN_DEG))


def _find_free_run(land: Polygon, low: float, high: float) -> tuple[float, float]:
    """Return the longest west-east run that is inside the land over the whole height from low to high."""
    west, east = -np.inf, np.inf
    for level in (low, (low + high) / 2, high):
        cut = land.intersection(LineString([(land.bounds[0] - 1, level), (land.bounds[2] + 1, level)]))
        runs = [part.bounds for part in shapely.get_parts(cut) if part.length > 0]
        if not runs:
            return 0.0, 0.0
        run = max(runs, key=lambda r: r[2] - r[0])
        west, east = max(west, run[0]), min(east, run[2])
    return float(west), float(east)


def _thin_out(candidates: list[Polygon], count: int, heart: Point) -> list[Polygon]:
    """Keep ``count`` of the candidates: what stands nearest the heart gives way to a garden."""
    return sorted(sorted(candidates, key=lambda c: -c.centroid.distance(heart))[:count], key=_read_order)


def _read_order(shape: Polygon) -> tuple[float, float]:
    here = shape.centroid
    return (-round(here.y / 15), here.x)


def place_slabs(land: Polygon, count: int, style: SlabStyle, rng: np.random.Generator) -> list[Polygon]:
    """Return ``count`` slabs in rows, as loosely as the land allows; fewer where they do not fit at all."""
    turn, pivot = find_turn(land), land.centroid
    flat = rotate(land, -turn, origin=pivot)
    best: list[Polygon] = []
    state = rng.bit_generator.state
    for looseness in (2.0, 1.75, 1.5, 1.3, 1.15, 1.0, 0.88, 0.78, 0.68, 0.6, 0.5):
        # The same dice for every try: only the spacing differs.
        rng.bit_generator.state = state
        best = _fill_rows(flat, style, min(1.0, 0.35 + 0.65 * looseness), looseness, rng)
        if len(best) >= count:
            break
    heart = Point(pivot.x + rng.normal(0, 15), pivot.y + rng.normal(0, 10))
    kept = _thin_out(best, count, heart)
    return [rotate(slab, turn, origin=pivot) for slab in kept]


def _fill_rows(
    land: Polygon, style: SlabStyle, shrink: float, looseness: float, rng: np.random.Generator
) -> list[Polygon]:
    slabs = []
    _, south, _, north = land.bounds
    length, depth = rng.uniform(*style.length_m) * shrink, rng.uniform(*style.depth_m) * shrink
    level = south + 4.0
    while level + depth < north - 4.0:
        west, east = _find_free_run(land, level - 1, level + depth + 1)
        west, east = west + 3, east - 3
        gap = style.end_gap_m * max(1.0, looseness * 0.8)
        if style.even:
            fit = int((east - west + gap) // (length + gap))
            lengths = [length] * fit
        else:
            lengths, room = [], east - west
            while room > style.length_m[0]:
                wanted = min(rng.uniform(*style.length_m) * shrink, room)
                lengths.append(wanted)
                room -= wanted + gap
        if lengths:
            slack = max(0.0, (east - west - sum(lengths) - gap * (len(lengths) - 1)) / len(lengths))
            at = west + slack / 2
            for each in lengths:
                deep = depth if style.even else min(depth, rng.uniform(*style.depth_m))
                slab = box(at, level, at + each, level + deep)
                slabs.append(rotate(slab, rng.uniform(-style.turn_deg, style.turn_deg), origin="centroid"))
                at += each + gap + slack
        level += depth + style.row_gap_m * looseness
    return [slab for slab in slabs if slab.within(land)]


def _shape_tower(side_m: float, kind: int) -> Polygon:
    """Return a tower about (0, 0): a cross, a butterfly or a thick slab."""
    half = side_m / 2
    if kind == 0:
        parts = [box(-half, -half * 0.52, half, half * 0.52), box(-half * 0.5, -half, half * 0.5, half)]
    elif kind == 1:
        parts = [
            box(-half * 1.15, -half * 0.45, -half * 0.1, half * 0.5),
            box(half * 0.1, -half * 0.45, half * 1.15, half * 0.5),
            box(-half * 0.3, -half * 0.15, half * 0.3, half * 0.75),
        ]
    else:
        parts = [box(-half * 1.2, -half * 0.62, half * 1.2, half * 0.62)]
    return Polygon(shapely.get_coordinates(shapely.union_all(parts)))


def place_towers(land: Polygon, count: int, side_m: float, rng: np.random.Generator) -> list[Polygon]:
    """Return ``count`` towers in staggered rows on the land, as far apart as it allows."""
    turn, pivot = find_turn(land), land.centroid
    flat = rotate(land, -turn, origin=pivot)
    shape = _shape_tower(side_m, int(rng.integers(3)))
    west, south, east, north = flat.bounds
    best: list[Polygon] = []
    for pitch in np.arange(110.0, side_m * 1.35, -3.0):
        best = []
        rows = max(1, int((north - south - side_m - 8) // (pitch * 0.9)) + 1)
        start = south + ((north - south) - (rows - 1) * pitch * 0.9) / 2
        for row in range(rows):
            columns = int((east - west) // pitch) + 2
            for column in range(columns):
                x = west + (column + 0.25 + 0.5 * (row % 2)) * pitch
                tower = translate(shape, x, start + row * pitch * 0.9)
                if tower.buffer(4).within(flat):
                    best.append(tower)
        if len(best) >= count:
            break
    return [rotate(t, turn, origin=pivot) for t in _thin_out(best, count, pivot)]


def place_lots(land: Polygon, count: int, rng: np.random.Generator) -> list[Polygon]:
    """Return ``count`` village houses wall to wall, back to back between lanes, spread from one heart."""
    turn, pivot = find_turn(land), land.centroid
    flat = rotate(land, -turn, origin=pivot)
    _, south, _, north = flat.bounds
    houses: list[Polygon] = []
    level, row = south + 3.0, 0
    while level < north - 12:
        depth = rng.uniform(9.5, 12.0)
        west, east = _find_free_run(flat, level - 0.5, level + depth + 0.5)
        at = west + 2 + rng.uniform(0, 4)
        while at < east - 10:
            front = rng.uniform(8.0, 11.5)
            if rng.random() < 0.07:
                at += rng.uniform(3, 9)
                continue
            corners = np.asarray(box(at, level, at + front, level + depth).exterior.coords)[:4]
            house = Polygon(corners + rng.uniform(-0.35, 0.35, (4, 2)))
            if house.within(flat):
                houses.append(house)
            at += front + rng.uniform(0.9, 1.6) + (rng.uniform(2.0, 3.5) if rng.random() < 0.2 else 0)
        level += depth + (1.2 if row % 2 == 0 else rng.uniform(3.2, 4.6))
        row += 1
    west, _, east, _ = flat.bounds
    heart = Point(
        pivot.x + rng.uniform(-0.2, 0.2) * (east - west), pivot.y + rng.uniform(-0.15, 0.15) * (north - south)
    )
    houses.sort(key=lambda h: h.centroid.distance(heart))
    return [rotate(h, turn, origin=pivot) for h in sorted(houses[:count], key=_read_order)]

"""Grids: the community's faces, cut between houses where too many live, merged to one person's work.

Grids are made by cutting and joining one set of faces, never by buffering: neighbours share every corner.
What is left out on purpose is the planted truth of ``wangge check``. EPSG:4545 metres.
"""

import heapq
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from etl.demo.town.blocks import Plan
from etl.demo.town.buildings import Building, Compound
from etl.demo.town.footprints import find_turn
from etl.demo.town.streets import cut_along
from etl.demo.town.terrain import PRECISION_M, DoesNotFit, Site

LEAST_HOUSEHOLDS, MOST_HOUSEHOLDS = 200, 600
_CLEARANCE_M = 1.0
_SLIVER_M = 3.0


@dataclass
class Atom:
    """A piece of land that one grid takes whole, and the positions of the buildings on it."""

    shape: Polygon
    use: str
    block: int
    buildings: list[int] = field(default_factory=list)
    is_gap: bool = False


@dataclass(frozen=True)
class Grid:
    """One grid; ``parent`` is the position of a micro grid's parent in the town's list."""

    code: str
    name: str
    kind: str
    shape: BaseGeometry
    buildings: tuple[int, ...]
    parent: int = -1


@dataclass(frozen=True)
class GridPlan:
    """All grids, and the gaps left between them on purpose."""

    grids: tuple[Grid, ...]
    gaps: tuple[Polygon, ...]
    uncovered: tuple[int, ...]


def _cut_between_houses(
    atom: Atom, buildings: list[Building], wanted_share: float
) -> tuple[Atom, Atom] | None:
    """Cut an atom in two between its houses, the first part with about the wanted share of households."""
    turn = np.radians(find_turn(atom.shape))
    axes = [np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])]
    homes = np.array([buildings[i].households for i in atom.buildings])
    best: tuple[float, tuple[Atom, Atom]] | None = None
    for axis in axes:
        spans = np.array(
            [
                np.sort(np.asarray(buildings[i].footprint.exterior.coords) @ axis)[[0, -1]]
                for i in atom.buildings
            ]
        )
        order = np.argsort(spans[:, 0])
        reach = np.maximum.accumulate(spans[order, 1])
        for k in range(1, len(order)):
            low, high = reach[k - 1], spans[order[k], 0]
            if high - low < 2 * _CLEARANCE_M:
                continue
            miss = abs(homes[order[:k]].sum() / max(1, homes.sum()) - wanted_share)
            if best is not None and miss >= best[0]:
                continue
            parts = _divide_atom(atom, axis, (low + high) / 2, order[:k].tolist())
            if parts is not None:
                best = (float(miss), parts)
    return best[1] if best else None


def _divide_atom(atom: Atom, axis: np.ndarray, at: float, first: list[int]) -> tuple[Atom, Atom] | None:
    across = np.array([-axis[1], axis[0]])
    middle = axis * at + across * (np.asarray(atom.shape.centroid.coords[0]) @ across)
    line = LineString([middle - across * 5_000, middle + across * 5_000])
    parts = cut_along(atom.shape, line)
    if parts is None:
        return None
    low, high = sorted(parts[:2], key=lambda p: float(np.asarray(p.centroid.coords[0]) @ axis))
    chosen = set(first)
    mine = [b for k, b in enumerate(atom.buildings) if k in chosen]
    rest = [b for k, b in enumerate(atom.buildings) if k not in chosen]
    return Atom(low, atom.use, atom.block, mine), Atom(high, atom.use, atom.block, rest)


def _count_households(atom: Atom, buildings: list[Building]) -> int:
    return sum(buildings[i].households for i in atom.buildings)


def _split_large(atoms: list[Atom], buildings: list[Building]) -> list[Atom]:
    """Cut atoms until none holds more households than a grid should start with."""
    done, waiting = [], list(atoms)
    while waiting:
        atom = waiting.pop()
        homes = _count_households(atom, buildings)
        if homes <= 0.85 * MOST_HOUSEHOLDS or atom.is_gap:
            done.append(atom)
            continue
        pieces = int(np.ceil(homes / (0.8 * MOST_HOUSEHOLDS)))
        parts = _cut_between_houses(atom, buildings, (pieces // 2) / pieces)
        if parts is None:
            done.append(atom)
        else:
            waiting += parts
    return done


def _plant_gaps(site: Site, plan: Plan, atoms: list[Atom], buildings: list[Building]) -> list[Atom]:
    """Cut three gaps: houses that nobody drew into a grid, an empty corner, and a sliver along a lane."""
    rng = site.make_rng("gaps")
    wanted = site.program.uncovered_buildings
    new_homes = [
        a for a in atoms if len(a.buildings) >= wanted + 6 and _form_of(plan, a) in ("uniform_slabs", "slabs")
    ] or [a for a in atoms if len(a.buildings) > wanted and _form_of(plan, a) in ("uniform_slabs", "slabs")]
    for atom in sorted(new_homes, key=lambda a: (_form_of(plan, a) != "uniform_slabs", -len(a.buildings))):
        parts = _cut_off_houses(atom, buildings, wanted)
        if parts is not None:
            parts[0].is_gap = True
            atoms = [a for a in atoms if a is not atom] + list(parts)
            break
    empty = [
        a for a in atoms if not a.buildings and a.use not in ("river", "square") and a.shape.area > 4_000
    ]
    if len(empty) < 2:
        msg = f"{site.code}: no empty land to leave a gap in"
        raise DoesNotFit(msg)
    order = rng.permutation(len(empty))
    corner, strip = empty[int(order[0])], empty[int(order[1])]
    atoms = [a for a in atoms if a is not corner and a is not strip]
    for atom, width in ((corner, None), (strip, _SLIVER_M)):
        west, _, east, _ = atom.shape.bounds
        axis = np.array([1.0, 0.0])
        at = west + (0.3 * (east - west) if width is None else 0.5 * (east - west))
        parts = _divide_atom(atom, axis, at, [])
        second = _divide_atom(parts[1], axis, at + width, []) if parts and width is not None else None
        if parts is None:
            atoms.append(atom)
        elif width is None:
            parts[0].is_gap = True
            atoms += parts
        elif second is None:
            atoms += parts
        else:
            second[0].is_gap = True
            atoms += [parts[0], *second]
    return atoms


def _form_of(plan: Plan, atom: Atom) -> str:
    program = plan.blocks[atom.block].compound
    return program.form if program else ""


def _cut_off_houses(atom: Atom, buildings: list[Building], wanted: int) -> tuple[Atom, Atom] | None:
    """Cut off exactly the wanted number of houses at one side."""
    turn = np.radians(find_turn(atom.shape))
    for angle in (turn, turn + np.pi / 2, turn + np.pi, turn + 1.5 * np.pi):
        axis = np.array([np.cos(angle), np.sin(angle)])
        spans = np.array(
            [
                np.sort(np.asarray(buildings[i].footprint.exterior.coords) @ axis)[[0, -1]]
                for i in atom.buildings
            ]
        )
        order = np.argsort(spans[:, 0])
        low, high = spans[order[:wanted], 1].max(), spans[order[wanted], 0]
        if high - low >= 2 * _CLEARANCE_M:
            return _divide_atom(atom, axis, (low + high) / 2, order[:wanted].tolist())
    return None


def _find_neighbours(atoms: list[Atom]) -> dict[int, dict[int, float]]:
    """Return, for each atom, the atoms it shares an edge with and the length of that edge in metres."""
    shapes = np.array([a.shape for a in atoms], dtype=object)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = left < right
    left, right = left[pairs], right[pairs]
    shared = shapely.length(
        shapely.intersection(shapely.boundary(shapes[left]), shapely.boundary(shapes[right]))
    )
    neighbours: dict[int, dict[int, float]] = defaultdict(dict)
    for a, b, length in zip(left.tolist(), right.tolist(), shared.tolist(), strict=True):
        if length > 5:
            neighbours[a][b] = neighbours[b][a] = length
    return neighbours


def _flood(atoms: list[Atom], homes: list[int], river_middle: BaseGeometry) -> list[int]:
    """Return for each atom the inhabited one it goes with: the nearest by land, across the river last."""
    neighbours = _find_neighbours(atoms)
    centres = np.array([a.shape.centroid.coords[0] for a in atoms])
    owner = [-1] * len(atoms)
    queue = [(0.0, i, i) for i, count in enumerate(homes) if count > 0 and not atoms[i].is_gap]
    heapq.heapify(queue)
    while queue:
        cost, i, source = heapq.heappop(queue)
        if owner[i] >= 0:
            continue
        owner[i] = source
        for j in neighbours[i]:
            if owner[j] < 0 and homes[j] == 0 and not atoms[j].is_gap:
                step = LineString([centres[i], centres[j]])
                wet = 4_000.0 if step.intersects(river_middle) else 0.0
                heapq.heappush(queue, (cost + step.length + wet, j, source))
    return owner


def _merge_small(groups: dict[int, set[int]], atoms: list[Atom], homes: list[int], most_grids: int) -> None:
    """Join small neighbours until every group has people enough and there are not too many groups."""
    neighbours = _find_neighbours(atoms)
    group_of = {i: g for g, members in groups.items() for i in members}
    sizes = {g: sum(homes[i] for i in members) for g, members in groups.items()}
    stuck: set[int] = set()
    while True:
        small = [
            g
            for g in sizes
            if (sizes[g] < 1.3 * LEAST_HOUSEHOLDS or len(sizes) > most_grids) and g not in stuck
        ]
        if not small:
            return
        g = min(small, key=lambda k: (sizes[k], k))
        touching: dict[int, float] = defaultdict(float)
        for i in groups[g]:
            for j, length in neighbours[i].items():
                other = group_of.get(j, g)
                if other != g:
                    touching[other] += length
        fitting = [o for o in touching if sizes[o] + sizes[g] <= 0.95 * MOST_HOUSEHOLDS]
        if not fitting:
            stuck.add(g)
            continue
        other = min(fitting, key=lambda o: (sizes[o] - 0.3 * touching[o], o))
        for i in groups.pop(g):
            group_of[i] = other
            groups[other].add(i)
        sizes[other] += sizes.pop(g)


def draw_grids(site: Site, plan: Plan, compounds: list[Compound], buildings: list[Building]) -> GridPlan:
    """Return the grids of a community: community grids, an exclusive one for the mall, some micro grids."""
    by_block: dict[int, list[int]] = defaultdict(list)
    for i, building in enumerate(buildings):
        by_block[building.block].append(i)
    atoms = [Atom(b.face, b.use, k, by_block[k]) for k, b in enumerate(plan.blocks)]
    atoms = _split_large(_plant_gaps(site, plan, atoms, buildings), buildings)
    _share_corners(atoms)
    homes = [0 if a.is_gap else _count_households(a, buildings) for a in atoms]
    owner = _flood(atoms, homes, plan.river_middle)
    groups: dict[int, set[int]] = defaultdict(set)
    for i, g in enumerate(owner):
        if g >= 0:
            groups[g].add(i)
        else:
            atoms[i].is_gap = True
    _merge_small(groups, atoms, homes, site.program.grids[1] - 2)
    shapes = {g: shapely.coverage_union_all([atoms[i].shape for i in sorted(m)]) for g, m in groups.items()}
    order = sorted(shapes, key=lambda g: (-round(shapes[g].centroid.y / 450), shapes[g].centroid.x))
    grids = [
        Grid(
            f"WG-{site.code}-{n:02d}",
            f"第{n}网格",
            "community",
            shapes[g],
            tuple(sorted(b for i in groups[g] for b in atoms[i].buildings)),
        )
        for n, g in enumerate(order, start=1)
    ]
    gap_shape = shapely.unary_union([a.shape for a in atoms if a.is_gap], grid_size=PRECISION_M)
    gaps = tuple(sorted(shapely.get_parts(gap_shape).tolist(), key=lambda p: -p.area))
    uncovered = tuple(sorted(b for a in atoms if a.is_gap for b in a.buildings))
    homes_of = [sum(buildings[b].households for b in g.buildings) for g in grids]
    least, most = site.program.grids
    if (
        len(gaps) != 3
        or len(uncovered) != site.program.uncovered_buildings
        or not least <= len(grids) <= most
        or min(homes_of) < LEAST_HOUSEHOLDS
        or max(homes_of) > MOST_HOUSEHOLDS
        or any(g.shape.geom_type != "Polygon" for g in grids)
    ):
        msg = f"{site.code}: the grids do not come out as planned"
        raise DoesNotFit(msg)
    grids += _draw_special_grids(site, plan, compounds, buildings, grids)
    return GridPlan(tuple(grids), gaps, uncovered)


def _share_corners(atoms: list[Atom]) -> None:
    """Give every atom the corners its neighbours have on the edges between them."""
    lines = shapely.unary_union([a.shape.exterior for a in atoms], grid_size=PRECISION_M)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(lines)))
    tree = shapely.STRtree(faces)
    for atom in atoms:
        atom.shape = faces[int(tree.query(atom.shape.representative_point(), predicate="within")[0])]


def _draw_special_grids(
    site: Site, plan: Plan, compounds: list[Compound], buildings: list[Building], grids: list[Grid]
) -> list[Grid]:
    """Return the mall's exclusive grid, and micro grids for urban villages and old compounds."""
    special = []
    malls = [k for k, b in enumerate(plan.blocks) if b.use == "mall"]
    for n, k in enumerate(malls, start=1):
        inside = tuple(i for i, b in enumerate(buildings) if b.block == k)
        special.append(Grid(f"WG-{site.code}-Z{n}", "商圈专属网格", "exclusive", plan.blocks[k].face, inside))
    parent_of = {b: g for g, grid in enumerate(grids) for b in grid.buildings}
    number = 1
    for c, compound in enumerate(compounds):
        if compound.program.form not in ("lots", "old_slabs"):
            continue
        mine = [i for i, b in enumerate(buildings) if b.compound == c]
        parents = {parent_of.get(i, -1) for i in mine}
        if len(parents) != 1 or -1 in parents:
            continue
        whole = Atom(compound.wall, "compound", compound.block, mine)
        parts = _cut_between_houses(whole, buildings, 0.5) or (whole,)
        for part in parts:
            special.append(
                Grid(
                    f"WG-{site.code}-W{number:02d}",
                    f"{compound.name}微网格{number}",
                    "micro",
                    part.shape,
                    tuple(sorted(part.buildings)),
                    parents.copy().pop(),
                )
            )
            number += 1
    return special

"""Where things happen: homes, yards, streets and shops, as pools of points to draw from. EPSG:4545 metres."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from etl.demo.town.merchants import Merchant
from etl.demo.town.town import Town
from etl.demo.year.mixture import Kind

_STREET_STEP_M = 14.0
# Streets this near a silent building are left alone, whatever radius an analysis looks around it.
_SILENCE_M = 45.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pool:
    """Points of one kind of place; positions refer to the town's lists, -1 for none.

    Attributes:
        x: easting of each point.
        y: northing of each point.
        building: the building it belongs to.
        compound: the compound it lies in.
        merchant: the shop it is.
        grid: the community grid it lies in.
        weight: how much happens there, whatever the category.
        tags: what an affinity may name, for each point.
        address: how one would say where it is.
        quality: how well it is located, as the schema names it.
    """

    x: Floats
    y: Floats
    building: Ints
    compound: Ints
    merchant: Ints
    grid: Ints
    weight: Floats
    tags: NDArray[Any]
    address: NDArray[Any]
    quality: str

    def weigh(self, kind: Kind) -> Floats:
        """Return the probability of each point for a category."""
        weights = self.weight.copy()
        for tag, factor in kind.affinity.items():
            weights[[tag in mine for mine in self.tags]] *= factor
        return np.asarray(weights / weights.sum())


def find_grid(town: Town, x: Floats, y: Floats) -> Ints:
    """Return the position of the community grid each point lies in, -1 in a gap."""
    grids = [i for i, g in enumerate(town.grid_plan.grids) if g.kind == "community"]
    tree = shapely.STRtree([town.grid_plan.grids[i].shape for i in grids])
    point, found = tree.query(shapely.points(x, y), predicate="intersects")
    grid = np.full(len(x), -1, dtype=np.int64)
    # On a shared edge the lower code counts, as in the database.
    for p, g in sorted(zip(point.tolist(), found.tolist(), strict=True), reverse=True):
        grid[p] = grids[g]
    return grid


def gather_pools(town: Town, merchants: list[Merchant], silent: frozenset[int]) -> dict[str, Pool]:
    """Return the pools ``home``, ``yard``, ``street`` and ``shop``, none of them at a silent building."""
    rng = town.site.make_rng("spots")
    homes = [i for i, b in enumerate(town.buildings) if b.use == "compound" and i not in silent]
    return {
        "home": _pool_homes(town, homes),
        "yard": _pool_yards(town, homes, silent, rng),
        "street": _pool_streets(town, silent, rng),
        "shop": _pool_shops(town, merchants),
    }


def _tag_building(town: Town, building: int) -> frozenset[str]:
    compound = town.buildings[building].compound
    if compound < 0:
        return frozenset()
    program = town.compounds[compound].program
    return frozenset({program.type, program.form, "three_no" if program.is_three_no else "managed"})


def _make_pool(
    town: Town, x: Any, y: Any, weight: Any, tags: list[frozenset[str]], address: list[str], quality: str,
    building: Any = None, merchant: Any = None,
) -> Pool:  # fmt: skip
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    nowhere = np.full(len(xs), -1, dtype=np.int64)
    at = nowhere if building is None else np.asarray(building, dtype=np.int64)
    compound_of = np.array([b.compound for b in town.buildings] + [-1], dtype=np.int64)
    tagged = np.empty(len(xs), dtype=object)
    tagged[:] = tags
    return Pool(
        xs, ys, at, compound_of[at],
        nowhere if merchant is None else np.asarray(merchant, dtype=np.int64),
        find_grid(town, xs, ys), np.asarray(weight, dtype=float),
        tagged, np.array(address, dtype=object), quality,
    )  # fmt: skip


def _pool_homes(town: Town, homes: list[int]) -> Pool:
    points = shapely.point_on_surface(np.array([town.buildings[i].footprint for i in homes], dtype=object))
    return _make_pool(
        town, shapely.get_x(points), shapely.get_y(points),
        [town.buildings[i].households for i in homes],
        [_tag_building(town, i) for i in homes],
        [town.buildings[i].address for i in homes],
        "building", building=homes,
    )  # fmt: skip


def _pool_yards(town: Town, homes: list[int], silent: frozenset[int], rng: np.random.Generator) -> Pool:
    """Eight points around each house, inside the wall and outside every house."""
    each = 8
    building = np.repeat(np.array(homes), each)
    walls = np.array([town.compounds[town.buildings[i].compound].wall for i in homes], dtype=object)
    rings = shapely.buffer(
        np.array([town.buildings[i].footprint for i in homes], dtype=object), 4.5, join_style="mitre"
    )
    along = (np.tile(np.arange(each), len(homes)) + rng.uniform(0, 1, len(building))) / each
    points = shapely.line_interpolate_point(np.repeat(shapely.boundary(rings), each), along, normalized=True)
    inside = shapely.contains_properly(np.repeat(walls, each), points)
    houses = shapely.STRtree([b.footprint for b in town.buildings])
    inside[np.unique(houses.query(points, predicate="intersects")[0])] = False
    quiet = shapely.STRtree([town.buildings[i].footprint for i in silent])
    inside[np.unique(quiet.query(points, predicate="dwithin", distance=12.0)[0])] = False
    chosen, at = points[inside], building[inside]
    homes_of = np.array([town.buildings[i].households for i in at.tolist()], dtype=float)
    spots_of = np.bincount(at, minlength=len(town.buildings))[at]
    return _make_pool(
        town, shapely.get_x(chosen), shapely.get_y(chosen), homes_of / spots_of,
        [_tag_building(town, i) for i in at.tolist()],
        [f"{town.buildings[i].address}旁" for i in at.tolist()],
        "manual", building=at,
    )  # fmt: skip


def _pool_streets(town: Town, silent: frozenset[int], rng: np.random.Generator) -> Pool:
    points: list[Any] = []
    names: list[str] = []
    weights: list[float] = []
    busy = [b.footprint.centroid for b in town.buildings if b.use in ("mall", "market", "school")]
    for street in town.plan.streets:
        if street.kind == "rail":
            continue
        count = int(street.line.length // _STREET_STEP_M)
        at = shapely.line_interpolate_point(street.line, (np.arange(count) + 0.5) * _STREET_STEP_M)
        side = rng.uniform(-0.42, 0.42, (count, 2)) * street.width_m
        moved = np.asarray(shapely.points(shapely.get_coordinates(at) + side))
        near = np.min([shapely.distance(moved, place) for place in busy], axis=0) if busy else np.zeros(count)
        points += list(moved)
        names += [street.name] * count
        weights += (
            {"arterial": 0.7, "collector": 1.0}.get(street.kind, 0.6) * (0.12 + np.exp(-near / 320))
        ).tolist()
    chosen = np.array(points, dtype=object)
    dry = shapely.contains_properly(town.plan.extent.buffer(-2), chosen)
    dry &= ~shapely.intersects(town.plan.water, chosen)
    quiet = shapely.STRtree([town.buildings[i].footprint for i in silent])
    dry[np.unique(quiet.query(chosen, predicate="dwithin", distance=_SILENCE_M)[0])] = False
    kept = np.flatnonzero(dry)
    near_compound = shapely.STRtree([c.wall for c in town.compounds]).nearest(chosen[kept])
    return _make_pool(
        town, shapely.get_x(chosen[kept]), shapely.get_y(chosen[kept]), np.array(weights)[kept],
        [frozenset({town.compounds[int(c)].program.type}) for c in near_compound],
        [f"{names[i]}（{town.compounds[c].name}附近）" for i, c in zip(kept, near_compound, strict=True)],
        "street",
    )  # fmt: skip


def _pool_shops(town: Town, merchants: list[Merchant]) -> Pool:
    return _make_pool(
        town, [m.place.x for m in merchants], [m.place.y for m in merchants], np.ones(len(merchants)),
        [frozenset({m.category}) for m in merchants],
        [f"{m.address}{m.name}" for m in merchants],
        "dwelling",
        building=[m.building for m in merchants], merchant=np.arange(len(merchants)),
    )  # fmt: skip

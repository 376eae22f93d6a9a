"""Merchants: stalls in the market, units in the mall, ground floors and shop rows along the streets."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import shapely
from shapely import Point

from etl.demo.names import SHOP_OWNERS, SHOP_TRADES
from etl.demo.town import Town

_OFFERS = {
    "restaurant": "免费炒粉",
    "service": "免费义剪与配镜",
    "education": "公益体验课",
    "pharmacy": "免费量血压",
    "convenience": "便民歇脚点",
    "fresh_food": "助老平价菜",
}
_FRONT_M = 9.0
_LEAST_BLOCK_M2 = 400.0
# Uses whose edges carry shop rows, beside compounds whose houses stand back from the street.
_ROWS_ALONG = ("plot", "square", "pocket_park", "station", "market")


@dataclass(frozen=True)
class Merchant:
    """One shop; ``building`` is a position in the town's list, -1 for a shop row of its own."""

    code: str
    name: str
    category: str
    place: Point
    building: int
    address: str
    partner_since: date | None = None
    offer: str | None = None


def open_shops(town: Town, as_of: date, quiet: frozenset[int]) -> list[Merchant]:
    """Return the community's merchants, exactly as many as programmed.

    Args:
        town: the community.
        as_of: the day partners are counted to.
        quiet: buildings nothing may happen in.
    """
    program, rng = town.site.program, town.site.make_rng("merchants")
    indoor = _list_units(town, {"mall": 0.26, "market": 0.09}, rng)
    street = _list_fronts(town, quiet)
    room = program.merchants - len(indoor)
    chosen = sorted(rng.choice(len(street), room, replace=False).tolist()) if len(street) >= room else []
    if not chosen:
        msg = f"{town.site.code} has room for {len(street)} shops along its streets, not {room}"
        raise ValueError(msg)
    spots = indoor + [street[i] for i in chosen]
    trades = list(SHOP_TRADES)
    shares = np.array([SHOP_TRADES[t][0] for t in trades])
    kinds = rng.choice(len(trades), len(spots), p=shares / shares.sum())
    partners = set(_choose_partners(kinds, trades, program.partners, rng))
    merchants = []
    for n, ((place, building, address), kind) in enumerate(zip(spots, kinds, strict=True)):
        trade = trades[int(kind)]
        words = SHOP_TRADES[trade][1]
        name = f"{SHOP_OWNERS[int(rng.integers(len(SHOP_OWNERS)))]}{words[int(rng.integers(len(words)))]}"
        since = as_of - timedelta(days=int(rng.integers(30, 900))) if n in partners else None
        merchants.append(
            Merchant(
                f"{town.site.code}-M{n + 1:04d}", name, trade, place, building, address, since,
                f"每月9日{_OFFERS.get(trade, '便民服务')}" if since else None,
            )
        )  # fmt: skip
    return merchants


Spot = tuple[Point, int, str]


def _choose_partners(kinds: np.ndarray, trades: list[str], count: int, rng: np.random.Generator) -> list[int]:
    """Partners come from trades that have something to offer."""
    giving = np.array([1.0 if trades[k] in _OFFERS else 0.08 for k in kinds])
    return list(rng.choice(len(kinds), count, replace=False, p=giving / giving.sum()).tolist())


def _list_units(town: Town, shares: dict[str, float], rng: np.random.Generator) -> list[Spot]:
    """Units of the mall and stalls of the market, on a lattice inside the building."""
    spots: list[Spot] = []
    for use, share in shares.items():
        houses = [i for i, b in enumerate(town.buildings) if b.use == use]
        for h in houses:
            building = town.buildings[h]
            wanted = int(town.site.program.merchants * share / len(houses))
            west, south, east, north = building.footprint.bounds
            step = float(np.sqrt(building.footprint.area / (wanted * 1.35)))
            xs, ys = np.meshgrid(
                np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step)
            )
            points = shapely.points(xs.ravel(), ys.ravel())
            inside = points[shapely.contains_properly(building.footprint.buffer(-1.5), points)]
            order = np.sort(rng.permutation(len(inside))[:wanted])
            for k, place in enumerate(inside[order]):
                unit = f"{k % max(1, building.floors) + 1}{k // max(1, building.floors) + 1:02d}"
                spots.append((place, h, f"{building.address}{building.name}{unit}"))
    return spots


def _list_fronts(town: Town, quiet: frozenset[int]) -> list[Spot]:
    """Shop fronts: ground floors of houses by the street, and rows along blocks where no house stands."""
    spots: list[Spot] = []
    shopping = [s for s in town.plan.streets if s.kind in ("arterial", "collector", "lane")]
    tree = shapely.STRtree([s.line for s in shopping])
    for h, building in enumerate(town.buildings):
        if building.kind != "mixed" or h in quiet:
            continue
        street = shopping[int(tree.nearest(building.footprint))]
        front = _find_front(building.footprint, street.line)
        for k in range(int(front.length // 5.5)):
            place = front.interpolate(5.5 * (k + 0.5))
            inward = shapely.shortest_line(place, building.footprint.centroid).interpolate(2.0)
            spots.append((inward, h, f"{building.address}商铺{101 + k}"))
    walled = {c.block: c.program.form for c in town.compounds}
    places = []
    for position, block in enumerate(town.plan.blocks):
        open_to_street = walled.get(position) in ("towers", "lots") or block.use in _ROWS_ALONG
        if not open_to_street or block.land.area < _LEAST_BLOCK_M2:
            continue
        edge = block.land.buffer(-2.0).exterior
        steps = (np.arange(int(edge.length // _FRONT_M)) + 0.5) * _FRONT_M
        places.append(np.asarray(shapely.line_interpolate_point(edge, steps)))
    rows = np.concatenate(places)
    streets = np.array([shopping[i] for i in tree.nearest(rows)], dtype=object)
    lines = np.array([s.line for s in streets], dtype=object)
    half_widths = np.array([s.width_m / 2 for s in streets])
    fitting = np.array([s.kind != "lane" for s in streets])
    fitting &= shapely.distance(lines, rows) <= half_widths + 6
    houses = shapely.STRtree([b.footprint for b in town.buildings])
    fitting[np.unique(houses.query(rows, predicate="dwithin", distance=6.0)[0])] = False
    silent = shapely.STRtree([town.buildings[h].footprint for h in quiet])
    fitting[np.unique(silent.query(rows, predicate="dwithin", distance=60.0)[0])] = False
    spots += [(rows[k], -1, f"{streets[k].name}{2 * k + 1}号") for k in np.flatnonzero(fitting)]
    return spots


def _find_front(footprint: shapely.Polygon, street: shapely.LineString) -> shapely.LineString:
    """The wall of a house that is nearest the street."""
    ring = footprint.exterior
    corners = [Point(c) for c in ring.coords]
    walls = [shapely.LineString(ends) for ends in pairwise(corners)]
    long = [w for w in walls if w.length > 8] or walls
    return min(long, key=lambda w: w.centroid.distance(street))

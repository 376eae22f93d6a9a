"""Merchants: stalls in the market, units in the mall, ground floors and shop rows along the streets."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import shapely
from shapely import Point

from etl.demo.names import SHOP_OWNERS, SHOP_TRADES
from etl.demo.town.blocks import find_centre
from etl.demo.town.streets import Street
from etl.demo.town.town import Town
from geo.errors import InputRefused

_OFFERS = {
    "restaurant": "免费炒粉",
    "service": "免费义剪与配镜",
    "education": "公益体验课",
    "pharmacy": "免费量血压",
    "convenience": "便民歇脚点",
    "fresh_food": "助老平价菜",
}
_UNIT_M, _FRONT_M, _ROW_SHOPS = 5.5, 8.0, 9
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

    Raises:
        InputRefused: the streets are too short for so many.
    """
    program, rng = town.site.program, town.site.make_rng("merchants")
    indoor = _list_units(town, {"mall": 0.26, "market": 0.09}, rng)
    spots = indoor + _choose_fronts(town, _list_fronts(town, quiet), program.merchants - len(indoor), rng)
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


def _choose_fronts(town: Town, rows: list[list[Spot]], count: int, rng: np.random.Generator) -> list[Spot]:
    """Choose whole rows of shops, ground floors and the middle of the town before the rest."""
    centre = town.site.bend(find_centre(town.site))
    remoteness = [
        row[0][0].distance(centre) / town.site.program.width_m - (0.25 if row[0][1] >= 0 else 0.0)
        for row in rows
    ]
    order = np.argsort(np.array(remoteness) + rng.uniform(0, 0.5, len(rows)), kind="stable")
    spots = [spot for i in order.tolist() for spot in rows[i]][:count]
    if len(spots) < count:
        msg = f"{town.site.code} has room for {len(spots)} shops along its streets, not {count}"
        raise InputRefused(msg)
    return spots


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


def _list_fronts(town: Town, quiet: frozenset[int]) -> list[list[Spot]]:
    """Return rows of shop fronts: ground floors by the street, and rows along blocks without houses."""
    shopping = [s for s in town.plan.streets if s.kind in ("arterial", "collector", "lane")]
    tree = shapely.STRtree([s.line for s in shopping])
    rows: list[list[Spot]] = []
    for h, building in enumerate(town.buildings):
        if building.kind != "mixed" or h in quiet:
            continue
        street = shopping[int(tree.nearest(building.footprint))]
        front = _find_front(building.footprint, street.line)
        row: list[Spot] = []
        for k in range(int(front.length // _UNIT_M)):
            place = front.interpolate(_UNIT_M * (k + 0.5))
            inward = shapely.shortest_line(place, building.footprint.centroid).interpolate(2.0)
            row.append((Point(inward), h, f"{building.address}商铺{101 + k}"))
        rows.append(row)
    return [row for row in rows if row] + _list_rows(town, quiet, shopping, tree)


def _list_rows(
    town: Town, quiet: frozenset[int], shopping: list[Street], tree: shapely.STRtree
) -> list[list[Spot]]:
    """Return rows of shops along the edges of blocks, each row on one street."""
    walled = {c.block: c.program.form for c in town.compounds}
    places, blocks = [], []
    for position, block in enumerate(town.plan.blocks):
        open_to_street = walled.get(position) in ("towers", "lots") or block.use in _ROWS_ALONG
        if not open_to_street or block.land.area < _LEAST_BLOCK_M2:
            continue
        edge = block.land.buffer(-2.0).exterior
        steps = (np.arange(int(edge.length // _FRONT_M)) + 0.5) * _FRONT_M
        places.append(np.asarray(shapely.line_interpolate_point(edge, steps)))
        blocks.append(np.full(len(steps), position))
    fronts, block_of = np.concatenate(places), np.concatenate(blocks)
    street_of = tree.nearest(fronts)
    lines = np.array([s.line for s in shopping], dtype=object)[street_of]
    half_widths = np.array([s.width_m / 2 for s in shopping])[street_of]
    fitting = np.array([s.kind != "lane" for s in shopping])[street_of]
    fitting &= shapely.distance(lines, fronts) <= half_widths + 6
    houses = shapely.STRtree([b.footprint for b in town.buildings])
    fitting[np.unique(houses.query(fronts, predicate="dwithin", distance=6.0)[0])] = False
    silent = shapely.STRtree([town.buildings[h].footprint for h in quiet])
    fitting[np.unique(silent.query(fronts, predicate="dwithin", distance=60.0)[0])] = False
    # Numbers run along the street, odd on one side and even on the other.
    along = (shapely.line_locate_point(lines, fronts) // _FRONT_M).astype(int)
    rows: dict[tuple[int, int, int], list[Spot]] = {}
    for k in np.flatnonzero(fitting).tolist():
        side, street = int(block_of[k]), int(street_of[k])
        number = 2 * int(along[k]) + 1 + side % 2
        row = rows.setdefault((side, street, int(along[k]) // _ROW_SHOPS), [])
        row.append((fronts[k], -1, f"{shopping[street].name}{number}号"))
    return list(rows.values())


def _find_front(footprint: shapely.Polygon, street: shapely.LineString) -> shapely.LineString:
    """The wall of a house that is nearest the street."""
    ring = footprint.exterior
    corners = [Point(c) for c in ring.coords]
    walls = [shapely.LineString(ends) for ends in pairwise(corners)]
    long = [w for w in walls if w.length > 8] or walls
    return min(long, key=lambda w: w.centroid.distance(street))

"""What lies between the houses: water, greens, squares, and the streets as they are drawn. EPSG:4545."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from etl.demo.town.blocks import Block
from etl.demo.town.town import Town

_HILLS = (
    "马鞍岭", "笔架山", "驼峰岭", "青螺峰", "屏风岭", "鹅头山", "文笔峰", "灯台山", "雀儿岭",
    "狮子岩", "磨盘山", "牛角岭", "天平山", "石鼓峰", "斗笠山", "葫芦岭", "仙人岩", "独秀岭",
)  # fmt: skip
# Use: name, name of the pond in it, how far the pond reaches to the edges.
_LAWNS = {
    "park": ("江滨公园", "荷塘", 0.42),
    "pocket_park": ("小游园", "", 0.0),
    "field": ("菜地", "鱼塘", 0.3),
}
_LEAST_LAND_WITH_POND_M2 = 50_000.0
# Single peaks stand in the middle of towns here.
_PEAK_SHARE = 0.4
_TRACK_WIDTH_M = 6.0
_LEAST_GARDEN_M = 9.0


@dataclass(frozen=True)
class Feature:
    """One thing of the ground: a line has a width, an area none."""

    kind: str
    name: str
    shape: BaseGeometry
    width_m: float | None = None


def draw_landscape(town: Town) -> list[Feature]:
    """Return the ground of a town; wide streets come after narrow ones, which they are drawn over."""
    rng = town.site.make_rng("landscape")
    plan = town.plan
    features = [] if plan.water.is_empty else [Feature("water", "金水河", plan.water)]
    hills = rng.permutation(np.array(_HILLS)).tolist()
    for position, block in enumerate(plan.blocks):
        features += _draw_block(town, position, block, hills[position % len(hills)], rng)
    for street in sorted(plan.streets, key=lambda s: s.width_m):
        if street.kind == "rail":
            features.append(Feature("rail", street.name, street.line, _TRACK_WIDTH_M))
        else:
            features.append(Feature("road", street.name, street.line, street.width_m))
    return [f for f in features if not f.shape.is_empty]


def _draw_block(
    town: Town, position: int, block: Block, hill: str, rng: np.random.Generator
) -> list[Feature]:
    land, use = block.land, block.use
    features: list[Feature] = []
    if land.is_empty:
        return features
    if use == "river":
        features.append(Feature("green", "滨江绿带", land.difference(town.plan.water.buffer(1))))
    elif use == "square":
        features.append(Feature("square", "中心广场", land))
    elif use in _LAWNS:
        name, pond_name, pond_share = _LAWNS[use]
        wide = land.area > _LEAST_LAND_WITH_POND_M2
        pond = _draw_blob(land, pond_share, rng) if pond_name and wide else Polygon()
        features.append(Feature("green", name, land.difference(pond.buffer(2))))
        features.append(Feature("water", pond_name, pond))
    elif use == "hill" or (use == "plot" and rng.random() < _PEAK_SHARE):
        features.append(Feature("green", hill, _draw_blob(land, 0.95 if use == "hill" else 0.85, rng)))
    else:
        features += _draw_garden(town, position, block)
    return features


def _draw_blob(land: Polygon, fill: float, rng: np.random.Generator) -> Polygon:
    """Return a rounded shape inside the land, reaching ``fill`` of the way to its edges."""
    heart = Point(shapely.maximum_inscribed_circle(land, tolerance=2.0).coords[0])
    reach = float(np.hypot(land.bounds[2] - land.bounds[0], land.bounds[3] - land.bounds[1]))
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    waves = 1 + 0.16 * np.sin(2 * angles + rng.uniform(0, 6)) + 0.1 * np.sin(5 * angles + rng.uniform(0, 6))
    corners = []
    for angle, wave in zip(angles, waves / waves.max(), strict=True):
        far = (heart.x + reach * np.cos(angle), heart.y + reach * np.sin(angle))
        ray = LineString([(heart.x, heart.y), far])
        edge = float(ray.intersection(land).length)
        length = min(edge, 2.4 * heart.distance(land.exterior)) * fill * wave
        corners.append((heart.x + length * np.cos(angle), heart.y + length * np.sin(angle)))
    blob = Polygon(corners).buffer(-3).buffer(6, quad_segs=4).buffer(-3, quad_segs=4)
    inside: Polygon = max(shapely.get_parts(blob.intersection(land)), key=lambda p: p.area, default=Polygon())
    return inside


def _draw_garden(town: Town, position: int, block: Block) -> list[Feature]:
    """Return the garden or the playing field in the widest open space between the houses of a block."""
    houses = [b.footprint for b in town.buildings if b.block == position]
    if not houses or block.use not in ("compound", "school", "hospital", "kindergarten"):
        return []
    if block.compound and block.compound.form in ("lots", "old_slabs"):
        return []
    free = block.land.buffer(-6).difference(shapely.unary_union(houses).buffer(5))
    if not isinstance(free, Polygon | MultiPolygon) or free.is_empty:
        return []
    circle = shapely.maximum_inscribed_circle(free, tolerance=1.0)
    radius = min(float(circle.length), 42.0)
    if radius < _LEAST_GARDEN_M:
        return []
    name = "操场" if block.use == "school" else "中心花园"
    return [Feature("green", name, Point(circle.coords[0]).buffer(radius, quad_segs=6))]

"""Blocks: the land between the streets, and what each is used for."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely import LineString, MultiLineString, Point, Polygon
from shapely.geometry.base import BaseGeometry

from etl.demo.chance import make_rng
from etl.demo.program import CompoundProgram, Facility
from etl.demo.town.streets import (
    Street,
    StreetKind,
    choose_width,
    cut_across,
    divide,
    measure_sides,
    name_streets,
)
from etl.demo.town.terrain import PRECISION_M, Site

# Land one building takes, walls, greens and inner roads included.
LAND_PER_BUILDING_M2 = {
    "towers": 4_900.0,
    "slabs": 2_900.0,
    "uniform_slabs": 2_100.0,
    "old_slabs": 1_550.0,
    "lots": 235.0,
}
_LEAST_LAND_M2 = 4_500.0
# The narrowest block, as a share of the side of a square one of the wanted size.
_LEAST_SIDE_SHARE = 0.5


@dataclass(frozen=True)
class Block:
    """One block.

    Attributes:
        use: ``compound``, a facility's use, ``river``, or what fills the land nobody asked for.
        face: the land to the middle of the streets around it; faces tile the community.
        land: the face without the streets, corners rounded.
        compound: what is to be built, where ``use`` is ``compound``.
        facility: what is to be built, where a facility asked for the land.
    """

    use: str
    face: Polygon
    land: Polygon
    compound: CompoundProgram | None = None
    facility: Facility | None = None


@dataclass(frozen=True)
class Plan:
    """A community laid out on the ground, EPSG:4545 metres.

    Attributes:
        extent: the community; the union of all faces.
        blocks: every block.
        streets: middle lines with widths.
        water: the river, empty where there is none.
        river_middle: the river's middle line, empty where there is none.
    """

    extent: BaseGeometry
    blocks: tuple[Block, ...]
    streets: tuple[Street, ...]
    water: BaseGeometry
    river_middle: BaseGeometry


def _lay_out_majors(site: Site) -> tuple[list[Polygon], list[Street]]:
    """Cut the cell by river, railway and the two main arterials; return the parts and the lines."""
    rng = site.make_rng("majors")
    program, cell = site.program, site.cell
    west, south, east, north = cell.bounds
    lines: list[Street] = []
    parts: list[Polygon] = [cell]
    if site.has_river:
        corridor = site.shape_river(site.corridor_half_width_m)
        parts = [p for p in shapely.get_parts(cell.difference(corridor)) if p.area > 1_000]
        for side in (1, -1):
            bank_road = site.trace_river(side * site.corridor_half_width_m).intersection(cell)
            name = "滨江北路" if side > 0 else "滨江南路"
            lines += [_lay(site, "collector", line, name) for line in shapely.get_parts(bank_road)]
    centre_u = west + rng.uniform(0.44, 0.54) * program.width_m
    spine = LineString([(centre_u, south), (centre_u + rng.normal(0, 25), north)])
    lines.append(_lay(site, "arterial", spine))
    cuts = [spine]
    if site.has_railway:
        # Where one community's track ends, the next one's begins.
        shares = [
            make_rng(site.seed, "city", f"rail {site.row} {column}").uniform(0.1, 0.13)
            for column in (site.column, site.column + 1)
        ]
        ends = [north - share * program.height_m for share in shares]
        track = LineString([(west, ends[0]), (east, ends[1])])
        lines.append(_lay(site, "rail", track))
        cuts.append(track)
    cross_v = south + rng.uniform(0.55, 0.60) * program.height_m
    cross = LineString([(west, cross_v), (east, cross_v + rng.normal(0, 30))])
    lines.append(_lay(site, "arterial", cross))
    cuts.append(cross)
    for cut in cuts:
        parts = [piece for part in parts for piece in shapely.get_parts(_split(part, cut))]
    return parts, lines


def _lay(site: Site, kind: StreetKind, line: LineString, name: str = "") -> Street:
    return Street(kind, line, choose_width(kind, small_town=site.program.width_m < 1_500), name)


def _split(part: Polygon, line: LineString) -> BaseGeometry:
    return shapely.ops.split(part, shapely.affinity.scale(line, 1.02, 1.02))


def find_centre(site: Site) -> Point:
    """Return where the main arterials cross, about, in the plan: where the mall wants to be."""
    west, south, _, _ = site.cell.bounds
    return Point(west + 0.5 * site.program.width_m, south + 0.575 * site.program.height_m)


@dataclass
class _Lot:
    land: Polygon
    compound: CompoundProgram | None = None
    facility: Facility | None = None
    use: str = ""


def _assign_uses(
    site: Site, blocks: list[Polygon], rng: np.random.Generator
) -> tuple[list[_Lot], list[Street]]:
    """Give every wish of the programme the free block that suits it best, cutting off what is too much."""
    program = site.program
    centre, reach = find_centre(site), 0.5 * float(np.hypot(program.width_m, program.height_m))
    river = site.trace_river(0.0)
    street_share = 1.32 if program.width_m > 1_500 else 1.45
    wishes: list[tuple[float, CompoundProgram | None, Facility | None]] = [
        (max(_LEAST_LAND_M2, LAND_PER_BUILDING_M2[c.form] * c.buildings) * street_share, c, None)
        for c in program.compounds
    ] + [(f.area_m2 * street_share, None, f) for f in program.facilities]
    # What cares most about its place chooses first; among equals the largest.
    wishes.sort(key=lambda w: ((w[1] or w[2]).from_centre > 0.25, -w[0]))  # type: ignore[union-attr]
    free, lots = list(blocks), list[_Lot]()
    lanes: list[Street] = []
    for wanted_m2, compound, facility in wishes:
        wish = compound or facility
        assert wish is not None  # noqa: S101 - one of the two is always there

        def unfitness(
            block: Polygon, wish: CompoundProgram | Facility = wish, wanted: float = wanted_m2
        ) -> float:
            here = block.centroid
            apart = abs(here.distance(centre) / reach - wish.from_centre) * 1.3
            wet = abs(here.distance(river) / (0.75 * program.height_m) - wish.from_river) * (
                0.8 if site.has_river else 0
            )
            size = block.area / wanted
            squeeze = 6 * max(0.0, 1 - size) ** 2 * 4 + 0.25 * max(0.0, np.log(size))
            long, short = measure_sides(block)
            return float(apart + wet + squeeze + 0.1 * max(0.0, long / short - 2) + rng.uniform(0, 0.05))

        best = min(free, key=unfitness)
        free.remove(best)
        while best.area > 1.75 * wanted_m2:
            share = min(0.5, max(0.3, 1.1 * wanted_m2 / best.area)) if best.area < 3 * wanted_m2 else 0.5
            parts = cut_across(best, share if rng.random() < 0.5 else 1 - share, rng.normal(0, 2.0))
            if parts is None or min(measure_sides(p)[1] for p in parts[:2]) < 0.55 * np.sqrt(wanted_m2):
                break
            fitting = [p for p in parts[:2] if p.area >= 0.98 * wanted_m2]
            if not fitting:
                break
            keep = min(fitting, key=lambda p: p.area)
            free.append(parts[1] if keep is parts[0] else parts[0])
            lanes.append(_lay(site, "lane", parts[2]))
            best = keep
        lots.append(
            _Lot(best, compound, facility, "compound" if compound else facility.use if facility else "")
        )
    lots += [_Lot(land, use="") for land in free]
    return lots, lanes


def lay_out_plan(site: Site) -> Plan:
    """Return the community's streets and blocks on the ground."""
    program = site.program
    rng = site.make_rng("blocks")
    centre, reach = find_centre(site), 0.5 * float(np.hypot(program.width_m, program.height_m))
    parts, lines = _lay_out_majors(site)

    def wanted_m2(block: Polygon) -> float:
        away = block.centroid.distance(centre) / reach
        return program.block_m2 * (1.0 + 2.2 * float(np.clip((away - 0.35) / 0.5, 0, 1)))

    pieces: list[Polygon] = []
    for part in parts:
        blocks, streets = divide(
            part,
            wanted_m2,
            rng,
            arterial_m2=program.block_m2 * 24,
            collector_m2=program.block_m2 * 5,
            least_width_m=_LEAST_SIDE_SHARE * float(np.sqrt(program.block_m2)),
        )
        pieces += blocks
        lines += [_lay(site, kind, line) for kind, line in streets]
    lots, lanes = _assign_uses(site, pieces, site.make_rng("uses"))
    lines += lanes
    # Points at fixed places along the sides, so that two communities draw the same line between them.
    lines += [
        _lay(site, "arterial", shapely.segmentize(LineString(side), 10.0)) for side in _list_sides(site.cell)
    ]
    return _draw_on_ground(site, lots, lines)


def _list_sides(cell: Polygon) -> list[list[tuple[float, float]]]:
    ring = [(x, y) for x, y in cell.exterior.coords]
    return [ring[i : i + 2] for i in range(4)]


def _draw_on_ground(site: Site, lots: list[_Lot], lines: list[Street]) -> Plan:
    """Bend the plan, node all lines once, and read the faces from them: neighbours share every corner."""
    middle: BaseGeometry = MultiLineString()
    water: BaseGeometry = Polygon()
    drawn: list[BaseGeometry] = [street.line for street in lines]
    if site.has_river:
        middle = site.trace_river(0.0).intersection(site.cell)
        water = site.bend(site.shape_river(site.water_half_width_m))
        drawn.append(middle)
    # Noded before it is bent: a street that ends on a curve must end on one of its corners.
    noded = shapely.get_parts(shapely.unary_union(np.array(drawn, dtype=object), grid_size=PRECISION_M))
    network = shapely.set_precision(site.bend(noded), PRECISION_M)
    faces = shapely.get_parts(shapely.polygonize(network))
    streets = [replace(street, line=site.bend(street.line)) for street in lines]
    paved = shapely.unary_union([s.line.buffer(s.width_m / 2, cap_style="flat") for s in streets])
    tree = shapely.STRtree([site.bend(lot.land) for lot in lots])
    wet = site.bend(site.shape_river(site.corridor_half_width_m)) if site.has_river else Polygon()
    blocks = []
    for face in sorted(faces, key=lambda f: (round(f.centroid.x), round(f.centroid.y))):
        inside = face.representative_point()
        land = shapely.difference(face, paved).buffer(-6, join_style="mitre").buffer(6, quad_segs=3)
        land = max(shapely.get_parts(land), key=lambda p: p.area, default=Polygon())
        if inside.within(wet):
            blocks.append(Block("river", face, land))
            continue
        lot = lots[int(tree.nearest(inside))]
        blocks.append(Block(lot.use, face, land, lot.compound, lot.facility))
    extent = shapely.unary_union([b.face for b in blocks], grid_size=PRECISION_M)
    named = name_streets(streets, site.make_rng("street names"))
    return Plan(extent, _fill_leftovers(site, blocks), named, water, site.bend(middle))


def _fill_leftovers(site: Site, blocks: list[Block]) -> tuple[Block, ...]:
    """Say what the land is that nobody asked for: greens near the centre, fields towards the edge."""
    rng = site.make_rng("leftovers")
    centre = site.bend(find_centre(site))
    reach = 0.5 * float(np.hypot(site.program.width_m, site.program.height_m))
    filled = []
    for block in blocks:
        use = block.use
        if not use:
            away = block.face.centroid.distance(centre) / reach
            if block.land.area < 9_000 * (site.program.width_m / 2641.3):
                use = "pocket_park"
            elif away < 0.45:
                use = "pocket_park" if rng.random() < 0.35 else "plot"
            else:
                use = "field" if rng.random() < 0.6 else "plot"
        filled.append(replace(block, use=use))
    return tuple(filled)

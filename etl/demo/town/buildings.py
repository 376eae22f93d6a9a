"""Compounds and buildings: walls, houses, floors, and how many live in each. EPSG:4545 metres."""

from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from etl.demo.names import COMPOUND_WORDS, draw_names
from etl.demo.program import CompoundProgram
from etl.demo.town.blocks import Block, Plan
from etl.demo.town.footprints import SlabStyle, place_lots, place_slabs, place_towers
from etl.demo.town.terrain import DoesNotFit, Site

_WALL_M = 3.0
_SHOPFRONT_M = 24.0
_SLABS = {
    "slabs": SlabStyle((42, 62), (12.5, 14.0), 27.0, 11.0),
    "uniform_slabs": SlabStyle((44, 58), (11.5, 12.5), 19.0, 8.0),
    "old_slabs": SlabStyle((24, 46), (10.0, 12.0), 14.0, 6.5, turn_deg=1.5, even=False),
}
# Facility: footprint style, floors, and the building's kind.
_FACILITIES = {
    "mall": (SlabStyle((95, 110), (62, 70), 22, 18), (4, 5), "commercial"),
    "market": (SlabStyle((58, 64), (34, 38), 14, 10), (1, 2), "commercial"),
    "service_centre": (SlabStyle((34, 40), (15, 18), 14, 10), (3, 4), "public"),
    "school": (SlabStyle((54, 66), (13, 15), 24, 14), (4, 6), "public"),
    "kindergarten": (SlabStyle((38, 44), (14, 16), 14, 10), (3, 3), "public"),
    "hospital": (SlabStyle((60, 72), (17, 19), 22, 14), (6, 11), "public"),
    "factory": (SlabStyle((76, 110), (28, 36), 14, 14), (1, 2), "industrial"),
    "station": (SlabStyle((64, 72), (20, 24), 14, 14), (1, 2), "public"),
}
_FACILITY_NAMES = {
    "mall": ("城市广场A馆", "城市广场B馆"),
    "market": ("农贸市场",),
    "service_centre": ("党群服务中心",),
    "school": ("一号教学楼", "二号教学楼", "三号教学楼", "实验楼", "综合楼"),
    "kindergarten": ("幼儿园",),
    "hospital": ("门诊楼", "住院楼"),
    "factory": ("一号厂房", "二号厂房", "三号厂房", "四号厂房", "五号厂房", "六号厂房"),
    "station": ("货运站房",),
}
_SCHOOLS = ("第一小学", "实验中学", "第二小学", "附属学校")
_FACTORIES = ("机械厂", "五金工业园", "食品厂", "包装厂")
# By compound type: people in a household, share of elderly, share of dwellings lived in, years of building.
_LIFE = {
    "commodity": (2.75, 0.11, 0.93, (2008, 2021)),
    "resettlement": (3.0, 0.19, 0.96, (2009, 2018)),
    "relocation": (3.5, 0.15, 0.95, (2017, 2020)),
    "urban_village": (2.1, 0.14, 0.94, (1996, 2014)),
    "old": (2.15, 0.37, 0.90, (1979, 1998)),
}


@dataclass(frozen=True)
class Compound:
    """One walled compound."""

    code: str
    name: str
    program: CompoundProgram
    wall: Polygon
    block: int
    address: str


@dataclass(frozen=True)
class Building:
    """One building; ``compound`` and ``block`` are positions in the town's lists, -1 for none."""

    code: str
    name: str
    kind: str
    footprint: Polygon
    floors: int
    entrances: int
    block: int
    compound: int
    use: str
    address: str
    built_year: int
    dwellings: int = 0
    households: int = 0
    residents: int = 0
    elderly: int = 0


def share_out(total: int, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Share a total in proportion to weights, to the unit, the largest remainders first."""
    exact = total * weights / weights.sum()
    shares: NDArray[np.int64] = np.floor(exact).astype(np.int64)
    missing = int(total - shares.sum())
    order = np.argsort(-(exact - shares), kind="stable")
    shares[order[:missing]] += 1
    return shares


def _stand_houses(land: Polygon, program: CompoundProgram, rng: np.random.Generator) -> list[Polygon]:
    if program.form == "towers":
        return place_towers(land, program.buildings, rng.uniform(25.5, 29.0), rng)
    if program.form == "lots":
        return place_lots(land, program.buildings, rng)
    return place_slabs(land, program.buildings, _SLABS[program.form], rng)


def _draw_wall(land: Polygon, houses: list[Polygon], program: CompoundProgram) -> Polygon:
    """The compound ends at its wall along the streets; a village, where its houses end."""
    if program.form != "lots":
        return land
    around = shapely.unary_union(houses).buffer(22, quad_segs=2).buffer(-13, quad_segs=2).buffer(-1).buffer(1)
    return _largest(around.intersection(land).simplify(0.8))


def _largest(shape: BaseGeometry) -> Polygon:
    if shape.area < 100:
        msg = "a block has no land left between its streets"
        raise DoesNotFit(msg)
    largest: Polygon = max(shapely.get_parts(shape), key=lambda part: part.area)
    return Polygon(largest.exterior)


def _count_floors(program: CompoundProgram, rng: np.random.Generator, *, small: bool) -> tuple[int, int]:
    """Return floors and dwellings a floor and entrance."""
    if program.form == "towers":
        return (int(rng.integers(16, 19)), 4) if small else (int(rng.integers(25, 33)), 4)
    if program.form == "slabs":
        return int(rng.integers(6, 12)), 2
    if program.form == "uniform_slabs":
        return (int(rng.integers(8, 12)), 2) if program.type == "relocation" else (int(rng.integers(6, 8)), 2)
    if program.form == "old_slabs":
        return int(rng.integers(5, 8)), 2
    return int(rng.integers(3, 7)), 2


def build_compounds(site: Site, plan: Plan) -> tuple[list[Compound], list[Building]]:
    """Build every compound of the plan, with its houses still without people.

    Raises:
        DoesNotFit: a compound got land its buildings have no room on.
    """
    rng = site.make_rng("compounds")
    small = site.program.width_m < 1_500
    chosen = [i for i, block in enumerate(plan.blocks) if block.compound]
    # Numbered from north to south, from west to east, as grids are.
    chosen.sort(key=lambda i: (-round(plan.blocks[i].face.centroid.y / 400), plan.blocks[i].face.centroid.x))
    names = _name_compounds([plan.blocks[i] for i in chosen], rng)
    frontages = _list_frontages(plan)
    compounds: list[Compound] = []
    buildings: list[Building] = []
    for number, (position, name) in enumerate(zip(chosen, names, strict=True), start=1):
        block = plan.blocks[position]
        program = block.compound
        assert program is not None  # noqa: S101 - chosen for having one
        land = _largest(block.land.buffer(-_WALL_M, join_style="mitre"))
        houses = _stand_houses(land, program, rng)
        if len(houses) != program.buildings:
            msg = f"{site.code}: {program.form} found room for {len(houses)} of {program.buildings} buildings"
            raise DoesNotFit(msg)
        wall = _draw_wall(land, houses, program)
        street = frontages.name_nearest(land)
        address = f"{street}{int(rng.integers(2, 160))}号"
        code = f"{site.code}-C{number:02d}"
        compounds.append(Compound(code, name, program, wall, position, address))
        floors, per_floor = _count_floors(program, rng, small=small)
        first, last = _LIFE[program.type][3]
        year = int(rng.integers(first, last + 1))
        for index, house in enumerate(houses, start=1):
            own_floors = (
                int(np.clip(floors + rng.integers(-1, 2), 2, 34))
                if program.form in ("lots", "old_slabs")
                else floors
            )
            length = float(np.sqrt(house.area / 0.24)) if program.form not in ("towers", "lots") else 0.0
            entrances = 1 if program.form in ("towers", "lots") else max(1, round(length / 18))
            fronts = program.form != "towers" and frontages.distance_m(house) < _SHOPFRONT_M
            buildings.append(
                Building(
                    code=f"{code}-{index:02d}",
                    name=f"{name}{index}栋" if program.form != "lots" else f"{name}{index}号",
                    kind="mixed" if fronts else "residential",
                    footprint=house,
                    floors=own_floors,
                    entrances=entrances,
                    block=position,
                    compound=number - 1,
                    use="compound",
                    address=f"{address}{name}{index}{'号' if program.form == 'lots' else '栋'}",
                    built_year=min(last, year + int(rng.integers(0, 3))),
                    dwellings=own_floors * per_floor * entrances,
                )
            )
    return compounds, buildings


@dataclass(frozen=True)
class _Frontages:
    tree: shapely.STRtree
    names: list[str]
    half_widths_m: NDArray[np.float64]
    lines: list[LineString]

    def name_nearest(self, shape: Polygon) -> str:
        return self.names[int(self.tree.nearest(shape))]

    def distance_m(self, shape: Polygon) -> float:
        """From the shape to the edge of the nearest street where shops are."""
        nearest = int(self.tree.nearest(shape))
        return float(self.lines[nearest].distance(shape) - self.half_widths_m[nearest])


def _list_frontages(plan: Plan) -> _Frontages:
    shopping = [s for s in plan.streets if s.kind in ("arterial", "collector")]
    lines = [s.line for s in shopping]
    widths = np.array([s.width_m / 2 for s in shopping])
    return _Frontages(shapely.STRtree(lines), [s.name for s in shopping], widths, lines)


def _name_compounds(blocks: list[Block], rng: np.random.Generator) -> list[str]:
    names: list[str] = [""] * len(blocks)
    for kind, words in COMPOUND_WORDS.items():
        mine = [i for i, b in enumerate(blocks) if b.compound and b.compound.type == kind]
        for i, name in zip(mine, draw_names(words, len(mine), rng), strict=True):
            names[i] = name
    return names


def build_facilities(site: Site, plan: Plan) -> list[Building]:
    """Build the mall, schools, works and whatever else the programme asks for."""
    rng = site.make_rng("facilities")
    frontages = _list_frontages(plan)
    buildings: list[Building] = []
    seen: dict[str, int] = {}
    for position, block in enumerate(plan.blocks):
        facility = block.facility
        if facility is None or facility.buildings == 0:
            continue
        style, floors, kind = _FACILITIES[facility.use]
        land = _largest(block.land.buffer(-5, join_style="mitre"))
        shapes = place_slabs(land, facility.buildings, style, rng)
        if len(shapes) != facility.buildings:
            msg = (
                f"{site.code}: {facility.use} found room for {len(shapes)} of {facility.buildings} buildings"
            )
            raise DoesNotFit(msg)
        turn = seen.get(facility.use, 0)
        seen[facility.use] = turn + 1
        before = {"school": _SCHOOLS, "factory": _FACTORIES}.get(facility.use, ("",))[turn]
        address = f"{frontages.name_nearest(land)}{int(rng.integers(2, 160))}号"
        for shape, name in zip(shapes, _FACILITY_NAMES[facility.use], strict=False):
            levels = int(rng.integers(floors[0], floors[1] + 1))
            buildings.append(
                Building(
                    code=f"{site.code}-P{len(buildings) + 1:02d}",
                    name=before + name,
                    kind=kind,
                    footprint=shape,
                    floors=levels,
                    entrances=2,
                    block=position,
                    compound=-1,
                    use=facility.use,
                    address=address,
                    built_year=int(rng.integers(2004, 2021)),
                )
            )
    return buildings


def move_in(site: Site, compounds: list[Compound], buildings: list[Building]) -> list[Building]:
    """Return the buildings with households and residents, whose sums are the programme's, and elderly."""
    rng = site.make_rng("households")
    lived_in = [compounds[b.compound].program.type if b.compound >= 0 else "" for b in buildings]
    homes = np.array([kind != "" for kind in lived_in])
    dwellings = np.array([b.dwellings for b in buildings], dtype=float)
    occupied = np.array([_LIFE[kind][2] if kind else 0.0 for kind in lived_in])
    people = np.array([_LIFE[kind][0] if kind else 0.0 for kind in lived_in])
    old = np.array([_LIFE[kind][1] if kind else 0.0 for kind in lived_in])
    households = np.zeros(len(buildings), dtype=np.int64)
    weights = dwellings * occupied * rng.uniform(0.93, 1.07, len(buildings))
    households[homes] = share_out(site.program.households, weights[homes])
    residents = np.zeros(len(buildings), dtype=np.int64)
    crowd = households * people * rng.uniform(0.93, 1.07, len(buildings))
    residents[homes] = share_out(site.program.residents, crowd[homes])
    elderly = rng.binomial(residents, old)
    return [
        replace(b, households=int(h), residents=int(r), elderly=int(e))
        for b, h, r, e in zip(buildings, households, residents, elderly, strict=True)
    ]

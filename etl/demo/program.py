"""What the demo communities consist of: counts, compound types and sizes. No geometry, no chance."""

from dataclasses import dataclass
from typing import Literal

CompoundType = Literal["commodity", "resettlement", "relocation", "urban_village", "old"]
Form = Literal["towers", "slabs", "uniform_slabs", "old_slabs", "lots"]


@dataclass(frozen=True)
class CompoundProgram:
    """One compound to be built.

    Attributes:
        type: tenure and origin of the compound, as the schema names it.
        form: how its buildings stand.
        buildings: residential buildings, exactly.
        is_three_no: reviewed as having neither property management nor responsible unit nor security.
        from_centre: where it would like to lie: 0 the town centre, 1 the edge of the community.
        from_river: the same for the river, 0 on the bank.
    """

    type: CompoundType
    form: Form
    buildings: int
    is_three_no: bool = False
    from_centre: float = 0.5
    from_river: float = 0.5


@dataclass(frozen=True)
class Facility:
    """A place that is not a compound: its use, how many buildings stand in it and how much land it takes."""

    use: str
    buildings: int
    area_m2: float
    from_centre: float = 0.5
    from_river: float = 0.5


@dataclass(frozen=True)
class Program:
    """One community to be built, to the unit.

    Attributes:
        code: the community's code; numbered where there are several.
        width_m: its extent from west to east, in the plan.
        height_m: its extent from south to north, in the plan.
        river_width_m: how wide its river is, on average.
        block_m2: the size of a block near the centre.
        grids: the fewest and the most community grids.
        uncovered_buildings: planted in no grid.
        silent_buildings: planted without incident and visit.
        left_out_buildings: planted in a grid but in no zone, beside those of one grid whose worker left.
        incidents_per_year: natural ones; the planted come on top.
    """

    code: str
    name: str
    width_m: float
    height_m: float
    river_width_m: float
    block_m2: float
    households: int
    residents: int
    compounds: tuple[CompoundProgram, ...]
    facilities: tuple[Facility, ...]
    staff: int
    party_members: int
    party_branches: int
    merchants: int
    partners: int
    grids: tuple[int, int]
    uncovered_buildings: int
    silent_buildings: int
    left_out_buildings: int
    incidents_per_year: int

    @property
    def buildings(self) -> int:
        """Buildings of every kind."""
        return sum(c.buildings for c in self.compounds) + sum(f.buildings for f in self.facilities)


def _repeat(count: int, *args: object, **kwargs: object) -> tuple[CompoundProgram, ...]:
    return (CompoundProgram(*args, **kwargs),) * count  # type: ignore[arg-type]


D = Program(
    code="D",
    name="D社区",
    width_m=2641.3,
    height_m=2197.0,
    river_width_m=128.0,
    block_m2=42_000.0,
    households=13_000,
    residents=35_000,
    compounds=(
        *(
            CompoundProgram("old", "old_slabs", n, t, 0.18, 0.15)
            for n, t in ((14, True), (12, True), (13, False))
        ),
        *(
            CompoundProgram("commodity", "towers", n, False, 0.3, r)
            for n, r in ((9, 0.1), (8, 0.2), (8, 0.6))
        ),
        *(CompoundProgram("commodity", "towers", n, False, 0.45, 0.6) for n in (7, 9, 8)),
        *(CompoundProgram("commodity", "slabs", n, False, 0.4, 0.5) for n in (15, 14, 13, 14)),
        *(CompoundProgram("resettlement", "uniform_slabs", n, False, 0.6, 0.5) for n in (20, 18, 19)),
        *(CompoundProgram("relocation", "uniform_slabs", n, False, 0.75, 0.9) for n in (18, 17)),
        CompoundProgram("urban_village", "lots", 64, True, 0.6, 0.25),
        CompoundProgram("old", "old_slabs", 13, False, 0.25, 0.3),
    ),
    facilities=(
        Facility("mall", 2, 33_000, 0.0, 0.5),
        Facility("square", 0, 13_000, 0.0, 0.5),
        Facility("market", 1, 12_000, 0.2, 0.2),
        Facility("service_centre", 1, 7_000, 0.15, 0.4),
        Facility("school", 5, 42_000, 0.35, 0.4),
        Facility("school", 3, 30_000, 0.6, 0.6),
        Facility("kindergarten", 1, 7_000, 0.4, 0.5),
        Facility("hospital", 2, 18_000, 0.4, 0.4),
        Facility("park", 0, 75_000, 0.35, 0.1),
        Facility("hill", 0, 150_000, 0.9, 0.7),
        Facility("hill", 0, 110_000, 0.8, 0.2),
        Facility("factory", 6, 110_000, 0.95, 1.0),
        Facility("factory", 5, 80_000, 0.95, 1.0),
        Facility("station", 1, 16_000, 0.8, 1.0),
    ),
    staff=16,
    party_members=456,
    party_branches=10,
    merchants=618,
    partners=23,
    grids=(26, 43),
    uncovered_buildings=4,
    silent_buildings=6,
    left_out_buildings=3,
    incidents_per_year=9_800,
)

Y = Program(
    code="Y",
    name="Y社区",
    width_m=880.0,
    height_m=720.0,
    river_width_m=34.0,
    block_m2=15_000.0,
    households=2_480,
    residents=6_000,
    compounds=(
        *_repeat(2, "old", "old_slabs", 5, False, 0.2, 0.3),
        CompoundProgram("old", "old_slabs", 4, True, 0.3, 0.3),
        *_repeat(3, "commodity", "towers", 3, False, 0.4, 0.4),
        *_repeat(3, "commodity", "slabs", 5, False, 0.5, 0.6),
        *_repeat(3, "resettlement", "uniform_slabs", 5, False, 0.7, 0.7),
        CompoundProgram("urban_village", "lots", 4, True, 0.9, 0.4),
        CompoundProgram("urban_village", "lots", 4, False, 0.9, 0.6),
    ),
    facilities=(
        Facility("market", 1, 6_500, 0.1, 0.4),
        Facility("service_centre", 1, 3_500, 0.1, 0.5),
        Facility("school", 2, 17_000, 0.5, 0.5),
        Facility("square", 0, 5_000, 0.0, 0.5),
        Facility("park", 0, 16_000, 0.6, 0.1),
    ),
    staff=4,
    party_members=96,
    party_branches=3,
    merchants=86,
    partners=5,
    grids=(5, 8),
    uncovered_buildings=2,
    silent_buildings=2,
    left_out_buildings=2,
    incidents_per_year=1_800,
)

PROGRAMS = {program.code: program for program in (D, Y)}

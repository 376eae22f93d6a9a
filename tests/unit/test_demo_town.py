"""The demo's geography: to the unit, without a house in the river, and tiled by its grids."""

from functools import lru_cache

import numpy as np
import pytest
import shapely
from pyproj import Geod

from etl.demo.program import PROGRAMS
from etl.demo.town.grids import LEAST_HOUSEHOLDS, MOST_HOUSEHOLDS
from etl.demo.town.terrain import lay_out_sites, to_degrees
from etl.demo.town.town import Town, build_town

CASES = [("D", 1), ("D", 2), ("Y", 1), ("Y", 5)]


@lru_cache
def build(code: str, seed: int) -> Town:
    return build_town(lay_out_sites(PROGRAMS[code], 1, seed)[0])


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}{case[1]}")
def town(request: pytest.FixtureRequest) -> Town:
    return build(*request.param)


def footprints(town: Town) -> np.ndarray:
    return np.array([building.footprint for building in town.buildings], dtype=object)


def test_programme_is_built_to_the_unit(town: Town) -> None:
    program = town.site.program
    assert len(town.compounds) == len(program.compounds)
    assert len(town.buildings) == program.buildings
    assert sum(b.households for b in town.buildings) == program.households
    assert sum(b.residents for b in town.buildings) == program.residents
    assert all(b.elderly <= b.residents for b in town.buildings)
    homes = [b for b in town.buildings if b.use == "compound"]
    assert min(b.households for b in homes) > 0
    assert max(b.households / b.dwellings for b in homes) < 1.25


def test_community_d_is_the_one_of_the_paper() -> None:
    town = build("D", 1)
    shape = to_degrees(town.plan.extent)
    area_m2 = abs(Geod(ellps="GRS80").geometry_area_perimeter(shape)[0])
    assert area_m2 == pytest.approx(5.8e6, rel=1e-4)
    assert len(town.buildings) == 340
    assert sum(c.program.is_three_no for c in town.compounds) == 3
    assert 26 <= sum(g.kind == "community" for g in town.grid_plan.grids) <= 43


def test_houses_stand_inside_their_walls_and_apart(town: Town) -> None:
    shapes = footprints(town)
    assert shapely.is_valid(shapes).all()
    for building in town.buildings:
        if building.compound >= 0:
            assert town.compounds[building.compound].wall.contains(building.footprint), building.code
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    assert (left == right).all()


def test_no_house_stands_in_the_river_or_on_a_street(town: Town) -> None:
    tree = shapely.STRtree(footprints(town))
    assert len(tree.query(town.plan.water, predicate="intersects")) == 0
    for street in town.plan.streets:
        on_it = tree.query(street.line, predicate="dwithin", distance=street.width_m / 2)
        assert len(on_it) == 0, street.name


def test_grids_and_planted_gaps_tile_the_community(town: Town) -> None:
    grids = [g for g in town.grid_plan.grids if g.kind == "community"]
    pieces = [g.shape for g in grids] + list(town.grid_plan.gaps)
    assert sum(p.area for p in pieces) == pytest.approx(town.plan.extent.area, abs=0.5)
    assert town.plan.extent.difference(shapely.unary_union(pieces)).area < 0.5
    assert len(town.grid_plan.gaps) == 3
    assert min(gap.area for gap in town.grid_plan.gaps) > 50


def test_neighbouring_grids_share_every_corner(town: Town) -> None:
    """Rounding to degrees must not open slivers where three grids meet."""
    grids = to_degrees(
        np.array([g.shape for g in town.grid_plan.grids if g.kind == "community"], dtype=object)
    )
    assert shapely.coverage_is_valid(grids)


def test_every_grid_is_one_persons_work(town: Town) -> None:
    for grid in town.grid_plan.grids:
        if grid.kind == "community":
            homes = sum(town.buildings[b].households for b in grid.buildings)
            assert LEAST_HOUSEHOLDS <= homes <= MOST_HOUSEHOLDS, grid.code
        for b in grid.buildings:
            assert grid.shape.buffer(0.01).contains(town.buildings[b].footprint), grid.code


def test_only_the_planted_buildings_are_in_no_grid(town: Town) -> None:
    covered = {b for g in town.grid_plan.grids if g.kind == "community" for b in g.buildings}
    missing = set(range(len(town.buildings))) - covered
    assert missing == set(town.grid_plan.uncovered)
    assert len(missing) == town.site.program.uncovered_buildings


def test_same_seed_same_town_other_seed_other_town() -> None:
    again = build_town(lay_out_sites(PROGRAMS["Y"], 1, 1)[0])
    first, other = build("Y", 1), build("Y", 5)
    assert again.buildings == first.buildings
    assert [g.shape.wkb for g in again.grid_plan.grids] == [g.shape.wkb for g in first.grid_plan.grids]
    assert [b.footprint.wkb for b in other.buildings] != [b.footprint.wkb for b in first.buildings]


def test_communities_of_a_city_lie_side_by_side() -> None:
    towns = [build_town(site) for site in lay_out_sites(PROGRAMS["Y"], 5, 3)]
    extents = to_degrees(np.array([t.plan.extent for t in towns], dtype=object))
    ellipsoid = Geod(ellps="GRS80")
    neighbours = 0
    for i, one in enumerate(extents):
        for other in extents[i + 1 :]:
            shared = shapely.intersection(one, other)
            neighbours += shared.length > 0
            for part in shapely.get_parts(shared):
                if part.geom_type == "Polygon":
                    assert abs(ellipsoid.geometry_area_perimeter(part)[0]) < 1
    assert neighbours >= 5
    assert len({t.site.code for t in towns}) == 5


def test_a_large_and_a_small_community_do_not_meet() -> None:
    assert build("D", 1).plan.extent.distance(build("Y", 1).plan.extent) > 500

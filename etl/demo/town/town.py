"""A community as it stands: everything that does not change with the day."""

from dataclasses import dataclass, replace

from etl.demo.town.blocks import Plan, lay_out_plan
from etl.demo.town.buildings import Building, Compound, build_compounds, build_facilities, move_in
from etl.demo.town.grids import GridPlan, draw_grids
from etl.demo.town.terrain import DoesNotFit, Site
from geo.errors import InputRefused

_ATTEMPTS = 20


@dataclass(frozen=True)
class Town:
    """One community's geography, EPSG:4545 metres; lists refer to each other by position."""

    site: Site
    plan: Plan
    compounds: list[Compound]
    buildings: list[Building]
    grid_plan: GridPlan


def build_town(site: Site) -> Town:
    """Return the community of a site; the same site gives the same town.

    Raises:
        InputRefused: no layout of many had room for the programme.
    """
    for attempt in range(_ATTEMPTS):
        try:
            return _build_once(replace(site, attempt=attempt))
        except DoesNotFit:
            continue
    msg = f"seed {site.seed} leaves no room for community {site.code}: choose another seed"
    raise InputRefused(msg)


def _build_once(site: Site) -> Town:
    plan = lay_out_plan(site)
    compounds, houses = build_compounds(site, plan)
    buildings = move_in(site, compounds, houses + build_facilities(site, plan))
    if (len(compounds), len(buildings)) != (len(site.program.compounds), site.program.buildings):
        msg = f"{site.code}: streets cut a block in two"
        raise DoesNotFit(msg)
    return Town(site, plan, compounds, buildings, draw_grids(site, plan, compounds, buildings))

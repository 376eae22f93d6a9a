"""A community as it stands: everything that does not change with the day."""

from dataclasses import dataclass, replace

from etl.demo.blocks import Plan, lay_out_plan
from etl.demo.buildings import Building, Compound, build_compounds, build_facilities, move_in
from etl.demo.grids import GridPlan, draw_grids
from etl.demo.terrain import DoesNotFit, Site


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
        DoesNotFit: twenty layouts in a row had no room for the programme.
    """
    for attempt in range(20):
        try:
            return _build_once(replace(site, attempt=attempt))
        except DoesNotFit as failure:
            last = failure
    raise last


def _build_once(site: Site) -> Town:
    plan = lay_out_plan(site)
    compounds, houses = build_compounds(site, plan)
    buildings = move_in(site, compounds, houses + build_facilities(site, plan))
    if (len(compounds), len(buildings)) != (len(site.program.compounds), site.program.buildings):
        msg = f"{site.code}: streets cut a block in two"
        raise DoesNotFit(msg)
    return Town(site, plan, compounds, buildings, draw_grids(site, plan, compounds, buildings))

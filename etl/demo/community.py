"""A whole demo community: its town, its people, its shops, and a year of what happened there."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely import Point

from etl.demo.people import People, gather_people
from etl.demo.town.merchants import Merchant, open_shops
from etl.demo.town.terrain import Site, to_degrees
from etl.demo.town.town import Town, build_town
from etl.demo.truth import Truth
from etl.demo.year.clock import DAY_S
from etl.demo.year.history import History, live_through
from etl.demo.year.plants import BOUNCED, HOTSPOT, REBOUND, RETURNED

_ELLIPSOID = Geod(ellps="GRS80")


@dataclass(frozen=True)
class Community:
    """Everything a load writes for one community."""

    town: Town
    people: People
    merchants: list[Merchant]
    silent: frozenset[int]
    history: History
    as_of: date
    truth: Truth


def build_community(site: Site, as_of: date) -> Community:
    """Return one community with its history up to a day; the same site and day give the same community."""
    town = build_town(site)
    people = gather_people(town, as_of)
    silent = _choose_silent(town, people)
    merchants = open_shops(town, as_of, silent)
    history = live_through(town, people, merchants, silent, as_of)
    truth = _tell_truth(town, people, silent, history)
    return Community(town, people, merchants, silent, history, as_of, truth)


def _choose_silent(town: Town, people: People) -> frozenset[int]:
    """Choose homes nobody hears of, apart from every other plant and without shops in them."""
    rng = town.site.make_rng("silent")
    taken = {*town.grid_plan.uncovered, *people.unheld}
    homes = [
        i for i, b in enumerate(town.buildings)
        if b.use == "compound" and b.kind == "residential" and i not in taken
        and town.compounds[b.compound].program.form in ("slabs", "uniform_slabs", "towers")
    ]  # fmt: skip
    chosen = rng.choice(np.array(homes), town.site.program.silent_buildings, replace=False)
    return frozenset(chosen.tolist())


def _tell_truth(town: Town, people: People, silent: frozenset[int], history: History) -> Truth:
    codes = [b.code for b in town.buildings]
    held = {b for zone in people.zones if zone.lead_until is None for b in zone.buildings}
    gaps = []
    for gap in town.grid_plan.gaps:
        shape = to_degrees(gap)
        place = to_degrees(gap.representative_point())
        area_m2 = abs(_ELLIPSOID.geometry_area_perimeter(shape)[0])
        gaps.append({
            "community": town.site.code, "area_m2": round(area_m2, 1), "lon": place.x, "lat": place.y,
            "geometry": shapely.geometry.mapping(shape),
        })  # fmt: skip
    return Truth(
        hotspots=_tell_hotspots(town, history),
        relapses=_tell_relapses(history),
        rebounds=_tell_rebounds(history),
        bounced=_tell_bounced(history),
        uncovered_buildings=[codes[i] for i in town.grid_plan.uncovered],
        unheld_buildings=[codes[i] for i in people.unheld],
        silent_buildings=sorted(codes[i] for i in silent),
        grid_gaps=gaps,
        grids_without_person=[
            grid.code for grid in town.grid_plan.grids
            if grid.buildings and grid.kind == "community" and not held & set(grid.buildings)
        ],
    )  # fmt: skip


def _tell_hotspots(town: Town, history: History) -> list[dict[str, Any]]:
    spots = []
    for spot in history.plants.hotspots:
        place = to_degrees(Point(spot.x, spot.y))
        spots.append({
            "community": town.site.code, "category": spot.code, "lon": place.x, "lat": place.y,
            "radius_m": spot.radius_m, "days": spot.days, "planted": spot.planted,
            "expected": round(spot.expected, 2),
            "ratio": round((spot.planted + spot.expected) / spot.expected, 1),
        })  # fmt: skip
    return spots


def _tell_relapses(history: History) -> list[dict[str, Any]]:
    reports, plants = history.reports, history.plants
    at_plant = {
        int(plant): i for i, plant in enumerate(reports.plant) if plant >= HOTSPOT + len(plants.hotspots)
    }
    relapses = []
    for n, origin in enumerate(plants.came_back):
        first, again = at_plant[origin], at_plant[RETURNED + n]
        away = float(np.hypot(history.x[first] - history.x[again], history.y[first] - history.y[again]))
        days = (reports.at[again] - history.handling.closed_at[first]) / DAY_S
        relapses.append({
            "campaign": plants.campaigns[int(history.campaign[first])].code,
            "category": history.category[first],
            "closed": history.external_id[first], "returned": history.external_id[again],
            "days": round(float(days), 2), "distance_m": round(away, 1),
        })  # fmt: skip
    return relapses


def _tell_rebounds(history: History) -> list[dict[str, Any]]:
    rebound = history.plants.rebound
    if rebound is None:
        return []
    campaign = rebound.campaign
    return [{"campaign": campaign.code, "category": campaign.category, "since": rebound.since.isoformat()}]


def _tell_bounced(history: History) -> list[dict[str, Any]]:
    events = history.handling.events
    returned = np.bincount(events.incident[events.to_state == "returned"], minlength=len(history.reports))
    return [
        {"incident": history.external_id[i], "returns": int(returned[i])}
        for i in np.flatnonzero((history.reports.plant >= BOUNCED) & (history.reports.plant < REBOUND))
    ]

"""What is not covered in a community: land and buildings in no grid, buildings nobody holds or has heard of.

It is the same for all who may see it: what is sealed or sensitive counts for nobody.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from geo.errors import NotFound
from geo.model.actor import Role
from geo.model.coverage import GAP_KINDS, CoverageGaps, Gap, GapKind, UnheldGrid
from geo.rules.morning import find_day, start_of_day
from geo.settings import get_settings
from geo.store import coverage
from geo.store.coverage import DescribedBuilding
from geo.store.engine import connect, get_actor
from geo.store.versions import read_common_tag

READERS: Final[frozenset[Role]] = frozenset({"secretary", "grid_worker", "leader", "administrator"})
"""Who sees how a community is covered."""

LAYERS: Final = (
    "communities",
    "grids",
    "compounds",
    "buildings",
    "merchants",
    "incidents",
    "zones",
    "visits",
)
"""What coverage is drawn from, for tags."""

_GAP_M2: Final = 50.0


def read_coverage_gaps(community_id: int, now: datetime | None = None) -> CoverageGaps:
    """Return what is not covered in a community on the day of a moment, the present one unless given.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
        DatabaseUnavailable: the database does not answer.
    """
    actor = get_actor()
    if actor is not None and (actor.role not in READERS or community_id not in actor.community_ids):
        msg = f"there is no community {community_id}, or its coverage is not yours to see"
        raise NotFound(msg)
    day = find_day(now or datetime.now(UTC))
    day_start = start_of_day(day)
    with connect() as connection:
        tag = read_common_tag(connection, community_id, LAYERS, day)
        found = coverage.find_gaps(
            connection,
            community_id,
            on_day=day,
            silent_since=day_start - timedelta(days=get_settings().silent_days),
            day_end=day_start + timedelta(days=1),
        )
        land, land_m2 = coverage.find_bare_land(connection, community_id, day, _GAP_M2)
        unheld_grids = coverage.find_unheld_grids(connection, community_id, day)
        described = coverage.describe_buildings(
            connection, community_id, day, {code for codes in found.values() for code in codes}
        )
        buildings = len(coverage.list_codes(connection, community_id))
        excused = coverage.count_excused(connection, community_id, day)
    return CoverageGaps(
        tag=tag,
        on_day=day,
        gaps=tuple(
            _make_gap(kind, building, found[kind][building.code].get("nearest"))
            for kind in GAP_KINDS
            for building in described
            if building.code in found[kind]
        ),
        grids=tuple(
            UnheldGrid(
                grid_id, seen.code, seen.name, int(seen.value or 0), seen.longitude or 0, seen.latitude or 0
            )
            for grid_id, seen in unheld_grids
        ),
        land=land,
        land_m2=land_m2,
        buildings=buildings,
        excused=excused,
    )


def _make_gap(kind: GapKind, building: DescribedBuilding, nearest_grid: str | None) -> Gap:
    since: dict[GapKind, date | None] = {
        "uncovered": building.left_grid_on,
        "unheld": building.left_alone_on,
        "silent": building.heard_of_on,
    }
    return Gap(
        kind=kind,
        building_id=building.id,
        code=building.code,
        name=building.name,
        households=building.households,
        longitude=building.longitude,
        latitude=building.latitude,
        since=since[kind],
        grid_id=building.grid_id,
        party_id=building.party_id,
        party=building.party,
        advice=nearest_grid,
    )

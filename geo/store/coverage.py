"""Places that are not covered, as the checks of coverage find them, with what is to be said of them."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.coverage import GapKind
from geo.store.checks import Observation, observe
from geo.store.engine import load_queries

# The check that finds buildings of a kind, and the one that says it is all of them.
_CHECKS: Final[Mapping[GapKind, tuple[str, str]]] = {
    "uncovered": ("building_without_grid", "grids_missing"),
    "unheld": ("building_without_holder", "plan_missing"),
    "silent": ("building_silent", "records_missing"),
}


@dataclass(frozen=True, slots=True)
class DescribedBuilding:
    """A building as its gaps name it.

    Attributes:
        party_id: whoever holds it, else whoever holds the nearest held building; ``party`` is the name.
        left_grid_on: the first day in no grid any more.
        left_alone_on: the first day without any of those who were appointed.
        heard_of_on: the day of the last visit or case, however long ago.
    """

    code: str
    id: int
    name: str
    households: int
    longitude: float
    latitude: float
    grid_id: int | None
    party_id: int | None
    party: str | None
    left_grid_on: date | None
    left_alone_on: date | None
    heard_of_on: date | None


def find_gaps(
    connection: PostgresConnection,
    community_id: int,
    *,
    on_day: date,
    silent_since: datetime,
    day_end: datetime,
) -> dict[GapKind, dict[str, Mapping[str, Any]]]:
    """Find the buildings of each kind of gap by code, with the details of the check.

    Args:
        connection: for reading.
        community_id: the community.
        on_day: the day whose grids, plan and posts count.
        silent_since: what nobody has heard of since then is silent.
        day_end: visits and incidents count until then.
    """
    parameters = {
        "community_ids": [community_id],
        "on_day": on_day,
        "silent_since": silent_since,
        "day_end": day_end,
    }
    found: dict[GapKind, dict[str, Mapping[str, Any]]] = {}
    for kind, (single, all_of_them) in _CHECKS.items():
        if observe(connection, "coverage", all_of_them, parameters):
            found[kind] = {code: {} for code in list_codes(connection, community_id)}
        else:
            found[kind] = {
                seen.code: seen.details for seen in observe(connection, "coverage", single, parameters)
            }
    return found


def find_unheld_grids(
    connection: PostgresConnection, community_id: int, on_day: date
) -> list[tuple[int, Observation]]:
    """Return the grids nobody holds a building of, each with its row id."""
    seen = observe(
        connection, "coverage", "grid_without_person", {"community_ids": [community_id], "on_day": on_day}
    )
    ids = dict(
        load_queries("coverage").find_grids(
            connection, community_id=community_id, on_day=on_day, codes=[each.code for each in seen]
        )
    )
    return [(ids[each.code], each) for each in seen]


def describe_buildings(
    connection: PostgresConnection, community_id: int, on_day: date, codes: Collection[str]
) -> list[DescribedBuilding]:
    """Return some buildings of a community, those with most households first."""
    rows = load_queries("coverage").describe_buildings(
        connection, community_id=community_id, on_day=on_day, codes=list(codes)
    )
    return [DescribedBuilding(*row) for row in rows]


def list_codes(connection: PostgresConnection, community_id: int) -> list[str]:
    """Return the codes of all buildings of a community."""
    return [code for (code,) in load_queries("coverage").list_codes(connection, community_id=community_id)]


def count_excused(connection: PostgresConnection, community_id: int, on_day: date) -> int:
    """Count the buildings that the plan in force leaves to nobody on purpose."""
    return int(load_queries("coverage").count_excused(connection, community_id=community_id, on_day=on_day))


def find_bare_land(
    connection: PostgresConnection, community_id: int, on_day: date, gap_m2: float
) -> tuple[dict[str, Any] | None, float]:
    """Return the land in no grid as a GeoJSON geometry, and its area in square metres on the ellipsoid."""
    shape, area_m2 = load_queries("coverage").find_bare_land(
        connection, community_id=community_id, on_day=on_day, gap_m2=gap_m2
    )
    return (json.loads(shape) if shape else None), float(area_m2)

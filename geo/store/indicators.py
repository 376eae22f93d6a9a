"""What figures are counted from: numerators and denominators by period and place, as the queries give them.

Every query leaves out what is sensitive or sealed, so that what it gives is the same for all who may read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.indicator import WHOLE, Indicator, Level
from geo.store.engine import load_queries

# The files of queries in which facts are counted; those of places know no cases.
_CASES: Final = "indicators"
_PLACES: Final = "indicators_places"
_FILES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("dues", "calls", "reports", "closings", "opens"), _CASES),
    **dict.fromkeys(("areas", "buildings", "grids", "merchants", "compounds", "doors"), _PLACES),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """A period as the queries take it.

    Attributes:
        starts_at, ends_at: its first moment, and the one after its last.
        due_until: due times before this have passed; the end, or now where that comes before it.
    """

    starts_at: datetime
    ends_at: datetime
    due_until: datetime


Counts = Mapping[tuple[int, str, str], tuple[float, float | None]]
"""(Number of the period from 0 on, key, indicator) to numerator and denominator."""


def count_facts(
    connection: PostgresConnection, facts: str, community_id: int, periods: Sequence[Bounds], level: Level
) -> Counts:
    """Count what some indicators of a community rest on.

    Args:
        connection: an open transaction.
        facts: as the registry names them.
        community_id: whose.
        periods: in any order; they may overlap.
        level: by what.
    """
    counts: dict[tuple[int, str, str], tuple[float, float | None]] = {}
    for found in _ask(connection, facts, community_id, periods, level, by_case=False):
        for column, value in found.items():
            id_, _, part = column.rpartition("_")
            if part == "numerator":
                total = found.get(f"{id_}_denominator")
                place = (int(found["number"]) - 1, str(found["key"]), id_)
                counts[place] = (float(value or 0), None if total is None else float(total))
    return counts


def list_cases(
    connection: PostgresConnection,
    indicator: Indicator,
    community_id: int,
    period: Bounds,
    level: Level,
    key: str,
    *,
    counted: bool,
) -> list[int]:
    """Return the ids of the cases an indicator rests on at one place; none of what is counted from places.

    Args:
        connection: an open transaction.
        indicator: which.
        community_id: whose.
        period: when.
        level: by what.
        key: the place.
        counted: those of the numerator; else those of the denominator that are not in it.
    """
    if _FILES[indicator.facts] != _CASES:
        return []
    numerator, denominator = f"{indicator.id}_numerator", f"{indicator.id}_denominator"
    return sorted(
        int(found["case_id"])
        for found in _ask(connection, indicator.facts, community_id, [period], level, by_case=True)
        if found["key"] == key
        and found["case_id"] is not None
        and (found[numerator] if counted else not found[numerator] and found.get(denominator))
    )


def _ask(
    connection: PostgresConnection,
    facts: str,
    community_id: int,
    periods: Sequence[Bounds],
    level: Level,
    *,
    by_case: bool,
) -> list[dict[str, Any]]:
    asked = {
        "community_id": community_id,
        "level": level,
        "starts": [period.starts_at for period in periods],
        "ends": [period.ends_at for period in periods],
        "dues_until": [period.due_until for period in periods],
        "by_case": by_case,
    }
    with connection.cursor() as cursor:
        cursor.execute(getattr(load_queries(_FILES[facts]), f"measure_{facts}").sql, asked)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor]


def list_keys(connection: PostgresConnection, community_id: int, level: Level) -> dict[str, str]:
    """Return the name of everything there is at a level, by its key, in order.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
    """
    queries = load_queries("indicators")
    name = queries.find_counted_community(connection, community_id=community_id)
    if name is None:
        msg = f"there is no community {community_id}, or its figures are not yours to see"
        raise NotFound(msg)
    match level:
        case "community":
            return {WHOLE: name}
        case "grid":
            return dict(queries.list_grid_keys(connection, community_id=community_id))
        case "zone":
            return dict(queries.list_zone_keys(connection, community_id=community_id))
        case "compound":
            return dict(queries.list_compound_keys(connection, community_id=community_id))
        case "party":
            return dict(queries.list_party_keys(connection, community_id=community_id))
        case "category":
            return dict(queries.list_category_keys(connection))

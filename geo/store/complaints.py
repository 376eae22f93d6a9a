"""What was reported in a month, as the acting reader may know it, without anything sensitive."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.repeats import PlacedCase, RepeatPoint
from geo.store.engine import load_queries

MOST_TEXTS: Final = 15_000
"""So many texts of a period are read at most."""

PlaceLayer = Literal["grids", "compounds"]
_NAMES: Final = {"grids": "list_grid_names", "compounds": "list_compound_names"}


@dataclass(frozen=True, slots=True)
class CountedCases:
    """Cases of one category and place in each of the periods that were asked for."""

    group_code: str
    category_code: str
    grid_id: int | None
    compound_id: int | None
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CaseText:
    """What people wrote about a case: numbers and people masked."""

    incident_id: int
    category_code: str
    words: str


def find_first_report(connection: PostgresConnection, community_id: int) -> datetime | None:
    """Return when the first case of a community was reported that the reader may see."""
    found: datetime | None = load_queries("complaints").find_first_report(
        connection, community_id=community_id
    )
    return found


def count_cases(
    connection: PostgresConnection, community_id: int, periods: Sequence[tuple[datetime, datetime]]
) -> list[CountedCases]:
    """Count the cases of periods, each from its first moment to before its last, by category and place."""
    rows = load_queries("complaints").count_cases(
        connection,
        community_id=community_id,
        starts=[start for start, _ in periods],
        ends=[end for _, end in periods],
    )
    found: dict[tuple[str, str, int | None, int | None], list[int]] = {}
    for number, *key, count in rows:
        found.setdefault(tuple(key), [0] * len(periods))[number - 1] = count
    return [CountedCases(*key, tuple(counts)) for key, counts in found.items()]


def list_placed_cases(
    connection: PostgresConnection, community_id: int, since: datetime, until: datetime
) -> list[PlacedCase]:
    """Return the cases of a period that may come from a place again; errands and enquiries are none."""
    rows = load_queries("complaints").list_placed_cases(
        connection, community_id=community_id, since=since, until=until
    )
    return [PlacedCase(*row) for row in rows]


def count_unsettled(
    connection: PostgresConnection, community_id: int, before: datetime, at: datetime
) -> dict[str, int]:
    """Count by category what was open at a moment and had been reported before another."""
    rows = load_queries("complaints").count_unsettled(
        connection, community_id=community_id, before=before, at=at
    )
    return dict(rows)


def name_places(
    connection: PostgresConnection, community_id: int, layer: PlaceLayer, ids: Collection[int]
) -> dict[int, str]:
    """Return the names of grids or compounds by id, in the order of their codes."""
    read = getattr(load_queries("complaints"), _NAMES[layer])
    return dict(read(connection, community_id=community_id, ids=list(ids)))


def name_points(
    connection: PostgresConnection, community_id: int, points: Sequence[RepeatPoint]
) -> list[str | None]:
    """Return what each point is called: its building, or the compound or grid it is out of doors in."""
    queries = load_queries("complaints")
    buildings = dict(
        queries.list_building_names(
            connection,
            community_id=community_id,
            ids=[point.building_id for point in points if point.building_id is not None],
        )
    )
    last = [point.cases[-1] for point in points if point.building_id is None]
    spots = dict(queries.list_case_spots(connection, community_id=community_id, ids=last))
    return [
        spots.get(point.cases[-1]) if point.building_id is None else buildings.get(point.building_id)
        for point in points
    ]


def list_texts(
    connection: PostgresConnection, community_id: int, since: datetime, until: datetime
) -> list[CaseText]:
    """Return what people wrote in a period, as the reader may read it, by the cases' ids.

    Nothing of a sealed or sensitive case; at most :data:`MOST_TEXTS`, chosen by the cases' numbers.
    """
    rows = load_queries("complaints").list_texts(
        connection, community_id=community_id, since=since, until=until, most=MOST_TEXTS
    )
    return [CaseText(*row) for row in rows]


def list_place_names(connection: PostgresConnection, community_id: int) -> list[str]:
    """Return the names of a community's compounds and grids."""
    return [
        name for (name,) in load_queries("complaints").list_place_names(connection, community_id=community_id)
    ]

"""What figures are counted from: numerators and denominators by period and place, as the queries give them.

Every query leaves out what is sensitive or sealed, so that what it gives is the same for all who may read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zlib import crc32

import numpy as np
import numpy.typing as npt
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.model.indicator import PLACE_FACTS, WHOLE, Indicator, Level
from geo.settings import get_settings
from geo.store.engine import load_queries

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Moments = npt.NDArray[np.datetime64]

# The files of queries in which facts are counted.
_CASES: Final = "indicators"
_PLACES: Final = "indicators_places"
_FILES: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("dues", "opens", "reports", "dispatches", "bounces", "whistles", "calls", "closings"), _CASES
    ),
    **dict.fromkeys(PLACE_FACTS, _PLACES),
}


# Of one period PostgreSQL knows how few cases are due in it and looks them up; for several it reads all.
_ONE_BY_ONE: Final = frozenset({"dues"})


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
    asked = [[period] for period in periods] if facts in _ONE_BY_ONE else [periods]
    for first, together in enumerate(asked):
        for found in _ask(connection, facts, community_id, together, level, by_case=False):
            for column, value in found.items():
                id_, _, part = column.rpartition("_")
                if part == "numerator":
                    total = found.get(f"{id_}_denominator")
                    place = (first + int(found["number"]) - 1, str(found["key"]), id_)
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
    if _FILES.get(indicator.facts) != _CASES or (indicator.unit != "share" and not counted):
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
    asked = _write(community_id, periods, level) | {
        "dues_until": [period.due_until for period in periods],
        "first_end": min(period.ends_at for period in periods),
        "by_case": by_case,
        **get_settings().windows,
    }
    with connection.cursor() as cursor:
        cursor.execute(getattr(load_queries(_FILES[facts]), f"measure_{facts}").sql, asked)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor]


def list_prints(connection: PostgresConnection, community_id: int, moments: Sequence[datetime]) -> list[str]:
    """Return for each moment what changes when anything does of the cases that were reported before it.

    Or of what the figures of a whole community take from elsewhere: its residents, the tree of categories.
    Places are not in it, nor what is agreed, as working time.

    Args:
        connection: an open transaction.
        community_id: whose cases.
        moments: in any order.
    """
    queries = load_queries("indicators")
    ordered = sorted(set(moments))
    parts = {
        int(part): (int(cases), int(mixed))
        for part, cases, mixed in queries.list_prints(connection, community_id=community_id, moments=ordered)
    }
    elsewhere = crc32(str(queries.read_elsewhere(connection, community_id=community_id)).encode())
    prints: dict[datetime, str] = {}
    total, mixture = 0, 0
    for number, moment in enumerate(ordered):
        cases, mixed = parts.get(number, (0, 0))
        total, mixture = total + cases, mixture ^ mixed
        prints[moment] = f"{total}-{mixture:x}-{elsewhere:08x}"
    return [prints[moment] for moment in moments]


@dataclass(frozen=True, eq=False)
class CountedCases:
    """Cases in periods, a row for each key they count under.

    Attributes:
        number: of the period, from 0 on.
        key: of the place.
        id: of the case.
    """

    number: Ints
    key: npt.NDArray[np.object_]
    id: Ints


@dataclass(frozen=True, eq=False)
class Spans(CountedCases):
    """Cases with the time something took: from ``started_at`` to ``ended_at``."""

    started_at: Moments
    ended_at: Moments


def list_closings(
    connection: PostgresConnection, community_id: int, periods: Sequence[Bounds], level: Level
) -> CountedCases:
    """Return what was closed in each period, of what may come back."""
    rows = load_queries("indicators").list_closings(connection, **_write(community_id, periods, level))
    return CountedCases(*_read_places(list(rows)))


def list_responses(
    connection: PostgresConnection, community_id: int, periods: Sequence[Bounds], level: Level
) -> Spans:
    """Return what somebody first looked after in each period, from the report on."""
    rows = load_queries("indicators").list_responses(connection, **_write(community_id, periods, level))
    return _read_spans(list(rows))


def list_handlings(
    connection: PostgresConnection, community_id: int, periods: Sequence[Bounds], level: Level
) -> Spans:
    """Return what was handled in each period, from the report on."""
    rows = load_queries("indicators").list_handlings(connection, **_write(community_id, periods, level))
    return _read_spans(list(rows))


def list_freshness(
    connection: PostgresConnection, community_id: int, periods: Sequence[Bounds], level: Level
) -> list[tuple[int, str, float, int]]:
    """Return how old the verified records are: number of the period, key, median of the days, records."""
    rows = load_queries(_PLACES).list_freshness(
        connection,
        community_id=community_id,
        level=level,
        ends=[period.ends_at for period in periods],
        dues_until=[period.due_until for period in periods],
    )
    return [(int(number) - 1, str(key), float(days), int(count)) for number, key, days, count in rows]


def list_suspensions(
    connection: PostgresConnection, community_id: int, ids: Ints
) -> list[tuple[int, int, bool]]:
    """Return when the clocks of cases began to stand (True) or went on: case, microseconds since 1970."""
    wanted = np.unique(ids).tolist()
    return list(
        load_queries("indicators").list_suspensions(connection, community_id=community_id, ids=wanted)
    )


def list_workers(
    connection: PostgresConnection, community_id: int, periods: Sequence[Bounds]
) -> list[tuple[int, str, float]]:
    """Return who does a grid worker's work when each period ends: its number from 0 on, key, chat groups."""
    rows = load_queries("indicators").list_workers(
        connection, community_id=community_id, dues_until=[period.due_until for period in periods]
    )
    return [(number - 1, key, float(groups)) for number, key, groups in rows]


@dataclass(frozen=True, eq=False)
class Followable:
    """Cases in the order of reporting, for who follows whom; as :class:`geo.store.relapses.CaseColumns`."""

    ids: Ints
    x_m: Floats
    y_m: Floats
    building: Ints
    parent: Ints
    category: Ints
    reported_at: Moments
    closed_at: Moments


def list_followable(
    connection: PostgresConnection, community_id: int, since: datetime, until: datetime
) -> Followable:
    """Return what was closed in a span, and what may have followed it within thirty days.

    Places are in metres of the community's Gauss-Krüger system, NaN where nobody knows; building and parent
    are row ids, 0 for none; the category is -1 where nobody calls it a relapse.
    """
    rows = load_queries("indicators").list_followable(
        connection, community_id=community_id, since=since, until=until
    )
    table = np.array(list(rows), np.float64).reshape(-1, 8)
    whole = table.astype(np.int64) if not np.isnan(table).any() else np.nan_to_num(table).astype(np.int64)
    return Followable(
        whole[:, 0],
        table[:, 1],
        table[:, 2],
        whole[:, 3],
        whole[:, 4],
        whole[:, 5],
        whole[:, 6].astype("datetime64[us]"),
        np.where(np.isnan(table[:, 7]), np.datetime64("NaT"), whole[:, 7].astype("datetime64[us]")),
    )


def _write(community_id: int, periods: Sequence[Bounds], level: Level) -> dict[str, Any]:
    return {
        "community_id": community_id,
        "level": level,
        "starts": [period.starts_at for period in periods],
        "ends": [period.ends_at for period in periods],
    }


def _read_places(rows: list[tuple[Any, ...]]) -> tuple[Ints, npt.NDArray[np.object_], Ints]:
    return (
        np.array([row[0] for row in rows], np.int64) - 1,
        np.array([row[1] for row in rows], np.object_),
        np.array([row[2] for row in rows], np.int64),
    )


def _read_spans(rows: list[tuple[Any, ...]]) -> Spans:
    started_at, ended_at = (
        np.array([row[column] for row in rows], np.int64).astype("datetime64[us]") for column in (3, 4)
    )
    return Spans(*_read_places(rows), started_at, ended_at)


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

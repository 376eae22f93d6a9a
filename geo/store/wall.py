"""What a screen on a wall tells of single cases and of people, as far as visitors may know it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class LongOpen:
    """A case that has been open for long.

    Attributes:
        grid: what its grid is called; None where it lies in none.
        reported_at: when it was reported.
        due_at: when it is, or was, due.
        kind: what it is, in Chinese and English; None where there were too few like it to say even its group.
    """

    grid: str | None
    reported_at: datetime
    due_at: datetime | None
    kind: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class ThreeNo:
    """A three-no compound; ``open_cases`` is None where there are too few to be told."""

    id: int
    name: str
    households: int
    open_cases: int | None


def list_categories(connection: PostgresConnection) -> list[str]:
    """Return the codes of the categories that may be counted on a map."""
    return [code for code, _ in load_queries("patterns").list_pattern_categories(connection)]


def list_longest_open(
    connection: PostgresConnection,
    community_id: int,
    categories: Sequence[str],
    *,
    since: datetime,
    least: int,
    most: int,
) -> tuple[LongOpen, ...]:
    """Return the cases that have been open longest.

    Args:
        connection: an open transaction.
        community_id: whose.
        categories: those that may be told of.
        since: from when on cases are alike enough to hide among.
        least: among how many like it in its grid a case must be for its kind to be told.
        most: how many to return.
    """
    rows = load_queries("wall").list_longest_open(
        connection,
        community_id=community_id,
        categories=list(categories),
        since=since,
        least=least,
        most=most,
    )
    return tuple(
        LongOpen(
            grid,
            reported_at,
            due_at,
            (name, name_en) if is_common else (group or name, group_en or name_en) if is_group else None,
        )
        for grid, reported_at, due_at, name, name_en, group, group_en, is_common, is_group in rows
    )


def list_three_no(
    connection: PostgresConnection, community_id: int, categories: Sequence[str], *, least: int
) -> tuple[ThreeNo, ...]:
    """Return the three-no compounds of a community, the most households first."""
    rows = load_queries("wall").list_three_no_compounds(
        connection, community_id=community_id, categories=list(categories)
    )
    return tuple(
        ThreeNo(id_, name, int(households), open_cases if open_cases >= least else None)
        for id_, name, households, open_cases in rows
    )

"""What a property company is told of its compounds for a quarter; nothing sensitive, nobody's words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class Company:
    """A property company and the compounds that it manages, both in the order of their codes."""

    id: int
    code: str
    name: str
    compound_ids: tuple[int, ...]
    compounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CategoryCount:
    """Cases of a category in a company's compounds in one of the periods, numbered from 0.

    Attributes:
        cases: all of them.
        own: those that the company has itself.
    """

    number: int
    company_id: int
    category_code: str
    cases: int
    own: int


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case that is open in a company's compounds; ``is_own`` where the company has it itself."""

    company_id: int
    id: int
    category_code: str
    place: str
    state: str
    reported_at: datetime
    due_at: datetime | None
    is_own: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same matter at the same building, and how often."""

    company_id: int
    category_code: str
    place: str
    cases: int


def list_companies(connection: PostgresConnection, community_id: int) -> list[Company]:
    """Return the companies that manage a compound which the reader may see."""
    rows = load_queries("packs").list_pack_companies(connection, community_id=community_id)
    return [
        Company(id_, code, name, tuple(compound_ids), tuple(compounds))
        for id_, code, name, compound_ids, compounds in rows
    ]


def count_cases(
    connection: PostgresConnection, community_id: int, periods: Sequence[tuple[datetime, datetime]]
) -> list[CategoryCount]:
    """Count the cases of periods, each from its first moment to before its last, by company and category."""
    rows = load_queries("packs").count_pack_cases(
        connection,
        community_id=community_id,
        starts=[start for start, _ in periods],
        ends=[end for _, end in periods],
    )
    return [CategoryCount(number - 1, *values) for number, *values in rows]


def list_open(connection: PostgresConnection, community_id: int, until: datetime) -> list[OpenCase]:
    """Return what was reported before a moment and is open now, the oldest first."""
    rows = load_queries("packs").list_pack_open(connection, community_id=community_id, until=until)
    return [OpenCase(*row) for row in rows]


def list_repeats(
    connection: PostgresConnection, community_id: int, since: datetime, until: datetime, least: int
) -> list[Repeat]:
    """Return where a company had the same matter at least so often in a period, the most often first."""
    rows = load_queries("packs").list_pack_repeats(
        connection, community_id=community_id, starts_at=since, ends_at=until, least=least
    )
    return [Repeat(*row) for row in rows]

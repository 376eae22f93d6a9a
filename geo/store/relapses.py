"""The places, campaigns and parties that are named where something came back."""

from dataclasses import dataclass
from datetime import date

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class WatchedBuilding:
    """A building cases may come back to; outside of compounds ``compound_id`` is 0 and ``kind`` empty."""

    id: int
    name: str
    longitude: float
    latitude: float
    households: int
    compound_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign, what it was against, and the buildings it went to."""

    id: int
    name: str
    category_codes: tuple[str, ...]
    starts_on: date
    ends_on: date
    buildings: frozenset[int]


def list_watched_buildings(connection: PostgresConnection, community_id: int) -> list[WatchedBuilding]:
    """Return the buildings of a community, in order of their ids."""
    rows = load_queries("relapses").list_relapse_buildings(connection, community_id=community_id)
    return [WatchedBuilding(*row) for row in rows]


def list_campaigns(connection: PostgresConnection, community_id: int) -> list[Campaign]:
    """Return the campaigns of a community, the latest first."""
    rows = load_queries("relapses").list_relapse_campaigns(connection, community_id=community_id)
    return [
        Campaign(id_, name, tuple(codes), starts_on, ends_on, frozenset(buildings))
        for id_, name, codes, starts_on, ends_on, buildings in rows
    ]


def list_party_names(connection: PostgresConnection, community_id: int) -> dict[int, str]:
    """Return the names of a community's parties by id."""
    return dict(load_queries("relapses").list_relapse_parties(connection, community_id=community_id))

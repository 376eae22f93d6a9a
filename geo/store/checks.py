"""What the checks of a community find in the database, before anybody judges it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import load_queries


@dataclass(frozen=True)
class Observation:
    """One place that a check has something to say about.

    Attributes:
        community: code of its community.
        place: what it is: community, grid, compound, building, merchant, party, campaign, ground_feature,
            duty_rule.
        code: its code.
        name: its name.
        longitude: degrees of EPSG:4490 of a point to go to, None for what is nowhere.
        latitude: the same.
        area_m2: square metres on the ellipsoid, where the check measures land.
        value: what the check counts or measures otherwise; the query says what.
        details: what else a sentence about it needs.
    """

    community: str
    place: str
    code: str
    name: str
    longitude: float | None
    latitude: float | None
    area_m2: float | None
    value: float | None
    details: Mapping[str, Any]


@dataclass(frozen=True)
class CommunityAnchor:
    """A community and a point of it to go to, in degrees of EPSG:4490."""

    id: int
    code: str
    name: str
    longitude: float
    latitude: float


def locate_communities(connection: PostgresConnection, community_ids: Sequence[int]) -> list[CommunityAnchor]:
    """Return communities by code, each with the middle of its map."""
    rows = load_queries("communities").locate_communities(connection, community_ids=list(community_ids))
    return [CommunityAnchor(*row) for row in rows]


def observe(
    connection: PostgresConnection, group: str, check: str, parameters: Mapping[str, object]
) -> list[Observation]:
    """Run the query of one check in ``queries/check_<group>.sql``; parameters it does not name are idle."""
    rows = getattr(load_queries(f"check_{group}"), check)(connection, **parameters)
    return [
        Observation(
            community=community,
            place=place,
            code=code,
            name=name,
            longitude=longitude,
            latitude=latitude,
            area_m2=area_m2,
            value=None if value is None else float(value),  # Sums and rounded shares come as Decimal.
            details=details,
        )
        for community, place, code, name, longitude, latitude, area_m2, value, details in rows
    ]

"""The names of a community's places, by which addresses are matched; and what waits for a place."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer, PlaceAlias
from geo.store.engine import load_queries


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for a place and says the same of it.

    Attributes:
        kind: ``incident`` or ``merchant``.
        address: as it was written, rooms masked; None where nothing was.
        compound_id: the compound, where no more than that is known.
        waiting: how many.
        still_open: how many of them are open.
        latest: when the latest was reported.
    """

    kind: str
    address: str | None
    compound_id: int | None
    waiting: int
    still_open: int
    latest: datetime


@dataclass(frozen=True, slots=True)
class KeptAlias:
    """An alias as a person reads it; ``place`` is None where the words mean nothing of the community's."""

    id: int
    words: str
    place: str | None
    is_elsewhere: bool
    made_by: str | None
    made_at: datetime


def read_gazetteer(connection: PostgresConnection, community_id: int) -> Gazetteer:
    """Read the names of all compounds and buildings of a community that the connection may see."""
    compounds, buildings = [], []
    for kind, place_id, compound_id, name, address, aliases, _ in load_queries("addresses").list_place_names(
        connection, community_id=community_id
    ):
        if kind == "compound":
            compounds.append(CompoundName(place_id, name, tuple(aliases), address))
        else:
            buildings.append(BuildingName(place_id, compound_id, name, address))
    aliases = tuple(
        PlaceAlias(
            words,
            building_id,
            compound_id,
            None if longitude is None else (longitude, latitude),
            is_elsewhere,
        )
        for words, building_id, compound_id, longitude, latitude, is_elsewhere in load_queries(
            "addresses"
        ).list_aliases(connection, community_id=community_id)
    )
    return Gazetteer(tuple(compounds), tuple(buildings), aliases)


def read_anchors(
    connection: PostgresConnection, building_ids: Collection[int], compound_ids: Collection[int]
) -> dict[tuple[int | None, int | None], tuple[float, float]]:
    """Read a point inside each place: longitude and latitude, EPSG:4490.

    Returns:
        By (building id, None) and (None, compound id).
    """
    rows = load_queries("addresses").list_anchors(
        connection, building_ids=list(building_ids), compound_ids=list(compound_ids)
    )
    return {(building_id, compound_id): tuple(point) for building_id, compound_id, *point in rows}


def read_told_places(connection: PostgresConnection, table: str, ids: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Read what stored rows say of their place, by id: ``address``, ``is_placed``, ``geocode_quality``.

    Args:
        connection: the caller's transaction.
        table: ``incident`` or ``merchant``.
        ids: shape (n,), rows of the table.
    """
    statement = sql.SQL(
        "SELECT id, address, geom IS NOT NULL, geocode_quality FROM {} WHERE id = ANY (%s)"
    ).format(sql.Identifier(table))
    with connection.cursor() as cursor:
        cursor.execute(statement, (ids.tolist(),))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    columns = ["id", "address", "is_placed", "geocode_quality"]
    return pd.DataFrame(rows, columns=columns).set_index("id")


def list_waiting(connection: PostgresConnection, community_id: int, most: int) -> list[Waiting]:
    """List what waits for a place, by what it says of one, most first; nothing to a role that places none."""
    rows = load_queries("addresses").list_waiting(connection, community_id=community_id, most=most)
    return [Waiting(*row) for row in rows]


def count_waiting(connection: PostgresConnection, community_id: int) -> tuple[int, int, int]:
    """Count cases without a place: all that one sees, those of them that are sealed, and merchants."""
    cases, sealed, merchants = load_queries("addresses").count_waiting(connection, community_id=community_id)
    return cases, sealed, merchants


def place_waiting(
    connection: PostgresConnection,
    community_id: int,
    said: Collection[tuple[str, str]],
    *,
    building_id: int | None = None,
    compound_id: int | None = None,
    point: tuple[float, float] | None = None,
) -> int:
    """Give all that waits and says one of these addresses its place, with an event in each case's history.

    Args:
        connection: as whoever acts.
        community_id: of the cases.
        said: addresses as :func:`list_waiting` gives them, each with the quality its place then has.
        building_id: where they are.
        compound_id: where they are, of which no more is known.
        point: longitude and latitude, EPSG:4490; by default the building's.

    Returns:
        How many cases and merchants were placed.

    Raises:
        psycopg2.Error: what the database refuses, with the states of the workflow.
    """
    longitude, latitude = point or (None, None)
    placed: int = load_queries("addresses").place_waiting(
        connection,
        community_id=community_id,
        addresses=[address for address, _ in said],
        qualities=[quality for _, quality in said],
        building_id=building_id,
        compound_id=compound_id,
        longitude=longitude,
        latitude=latitude,
    )
    return placed


def insert_alias(connection: PostgresConnection, community_id: int, alias: PlaceAlias) -> None:
    """Remember, as made by whoever acts, what words mean.

    Raises:
        psycopg2.errors.UniqueViolation: they mean something already.
    """
    longitude, latitude = alias.point or (None, None)
    load_queries("addresses").insert_alias(
        connection,
        community_id=community_id,
        words=alias.words,
        building_id=alias.building_id,
        compound_id=alias.compound_id,
        longitude=longitude,
        latitude=latitude,
        is_elsewhere=alias.is_elsewhere,
    )


def list_kept_aliases(connection: PostgresConnection, community_id: int) -> list[KeptAlias]:
    """List the aliases of a community, the latest first."""
    rows = load_queries("addresses").list_kept_aliases(connection, community_id=community_id)
    return [KeptAlias(*row) for row in rows]


def delete_alias(connection: PostgresConnection, alias_id: int) -> bool:
    """Forget an alias; return whether there was one."""
    return bool(load_queries("addresses").delete_alias(connection, alias_id=alias_id))

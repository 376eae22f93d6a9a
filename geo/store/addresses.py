"""The names of a community's places, by which addresses are matched."""

from collections.abc import Collection

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.gazetteer import BuildingName, CompoundName, Gazetteer
from geo.store.engine import load_queries


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
    return Gazetteer(tuple(compounds), tuple(buildings))


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

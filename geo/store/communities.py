"""Communities themselves: adding one by its boundary, removing one nobody has worked in, its own settings."""

import shapely
from psycopg2.extensions import connection

from geo.crs import gauss_kruger_epsg
from geo.errors import Conflict, NotFound
from geo.store.engine import load_queries


def add_community(
    connection: connection,
    code: str,
    name: str,
    boundary: shapely.MultiPolygon | shapely.Polygon,
    *,
    subdistrict: str | None = None,
) -> float:
    """Add a community and return its area in m².

    Args:
        connection: an open transaction.
        code: short code, one for the installation.
        name: what people call it.
        boundary: EPSG:4490, longitude first.
        subdistrict: the 街道 or 镇 it belongs to.

    Raises:
        Conflict: a community has this code already.
    """
    queries = load_queries("communities")
    community_id = queries.add_community(
        connection,
        code=code,
        name=name,
        subdistrict=subdistrict,
        metric_epsg=gauss_kruger_epsg(boundary.centroid.x),
        geom=shapely.to_wkb(boundary),
    )
    if community_id is None:
        msg = f"there is a community {code} already; choose another code"
        raise Conflict(msg)
    area_m2: float = queries.measure_community(connection, id=community_id)
    return area_m2


def remove_community(connection: connection, code: str) -> tuple[int, int]:
    """Remove a community with all that was brought into it; return how many buildings and cases went with it.

    Raises:
        NotFound: there is no such community.
        Conflict: people have reported or moved cases there; what they did is not thrown away.
    """
    queries = load_queries("communities")
    found = queries.lock_community(connection, code=code)
    if found is None:
        msg = f"there is no community {code}"
        raise NotFound(msg)
    community_id, buildings, incidents, worked_on = found
    if worked_on:
        msg = (
            f"community {code} stays: {worked_on:,} of its cases were reported or worked on here, "
            "and a history is not thrown away"
        )
        raise Conflict(msg)
    queries.remove_community(connection, id=community_id)
    return buildings, incidents


def find_supervision_phone(connection: connection, community_id: int) -> str | None:
    """Return the number by which residents complain about whoever answers for a zone; None of none."""
    phone: str | None = load_queries("communities").get_supervision_phone(connection, id=community_id)
    return phone


def set_supervision_phone(connection: connection, community_id: int, phone: str) -> None:
    """Set the number by which residents complain about whoever answers for a zone."""
    load_queries("communities").set_supervision_phone(connection, id=community_id, phone=phone)

"""Places as a reader meets them: what there is, what one place is and who answers for it, where a name leads.

Coordinates are EPSG:4490 degrees, longitude first. ``community_id`` None stands for all communities together.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import InputRefused, NotFound
from geo.store.engine import connect, load_queries

_MOST_FOUND: Final = 20
_MOST_INCIDENTS: Final = 5
_MOST_LISTED: Final = 50


@dataclass(frozen=True)
class Community:
    """A community and the box, in degrees, that its map opens on."""

    id: int
    code: str
    name: str
    is_demo: bool
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True)
class PlaceCounts:
    """What lies in a community; open incidents, placed or not, are 0 where all are counted together."""

    grids: int
    compounds: int
    three_no: int
    buildings: int
    households: int
    residents: int
    merchants: int
    partners: int
    open_incidents: int
    unplaced_incidents: int


@dataclass(frozen=True)
class ThreeNoCompound:
    """A three-no compound with what is at stake in it."""

    id: int
    name: str
    buildings: int
    households: int


@dataclass(frozen=True)
class FoundPlace:
    """A place whose name or address contains the words searched for."""

    layer: str
    id: int
    name: str
    address: str | None
    community_code: str
    community_name: str


@dataclass(frozen=True)
class Holder:
    """Who holds ``buildings`` of a place for one kind of responsibility; the name is None where nobody does.

    Attributes:
        name: of the party.
        zone: in which they are; None where in none.
        buildings: how many.
        kind: of responsibility.
        lead: who leads the zone, where somebody else holds it for him.
        gap: why nobody is to hold them, where that is on purpose.
    """

    name: str | None
    zone: str | None
    buildings: int
    kind: str = "grid_worker"
    lead: str | None = None
    gap: str | None = None


@dataclass(frozen=True)
class Coverage:
    """How many buildings of a community somebody holds for one kind of responsibility.

    Attributes:
        kind: of responsibility.
        is_planned: whether a plan in force shares its buildings out.
        buildings: all there are.
        held: those that somebody holds who is there.
        on_purpose: those that nobody is to hold, for a stated reason.
    """

    kind: str
    is_planned: bool
    buildings: int
    held: int
    on_purpose: int


@dataclass(frozen=True)
class OpenIncident:
    """An open incident at a place."""

    id: int
    category: str
    category_en: str
    state: str
    reported_at: datetime
    due_at: datetime | None


@dataclass(frozen=True)
class Place:
    """One place: where it is, its facts, who holds it and what is open there.

    Attributes:
        layer: the map layer it belongs to.
        outline: its geometry as GeoJSON.
        facts: what the layer knows about it, by name.
        holders: who holds its buildings, kind by kind of responsibility, the most buildings first.
        unplanned: kinds of responsibility that no plan in force shares out.
        coverage: of a community, how much of it each kind of responsibility reaches.
        open_incidents: the most urgent ones.
        open_total: the number of all open ones.
    """

    layer: str
    id: int
    community_code: str
    code: str
    name: str
    longitude: float
    latitude: float
    outline: dict[str, Any]
    facts: Mapping[str, Any]
    holders: tuple[Holder, ...]
    unplanned: tuple[str, ...]
    coverage: tuple[Coverage, ...]
    open_incidents: tuple[OpenIncident, ...]
    open_total: int


@dataclass(frozen=True)
class MeasuredArea:
    """A drawn polygon: its area on the ellipsoid and what stands in it."""

    area_m2: float
    buildings: int
    households: int
    residents: int


_GETTERS: Final = {
    "communities": "get_community",
    "grids": "get_grid",
    "compounds": "get_compound",
    "buildings": "get_building",
    "merchants": "get_merchant",
    "incidents": "get_incident",
}


def list_communities() -> list[Community]:
    """Return every community, by code."""
    with connect() as connection:
        return [Community(*row) for row in load_queries("places").list_communities(connection)]


def count_places(community_id: int | None, on_day: date) -> PlaceCounts:
    """Count what lies in a community on a day."""
    with connect() as connection:
        row = load_queries("places").count_places(connection, community_id=community_id, on_day=on_day)
    return PlaceCounts(*map(int, row))


def list_three_no(community_id: int | None) -> list[ThreeNoCompound]:
    """Return the three-no compounds, the 50 with the most households first."""
    with connect() as connection:
        rows = load_queries("places").list_three_no(connection, community_id=community_id, most=_MOST_LISTED)
        return [ThreeNoCompound(*row) for row in rows]


def search_places(words: str, community_id: int | None, on_day: date) -> list[FoundPlace]:
    """Return the places whose name or address contains the words, the closest name first.

    Spaces in the words stand for anything, so that both parts of "麒麟花园 3栋" may be abbreviated.
    """
    parts = [part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for part in words.split()]
    if not parts:
        return []
    with connect() as connection:
        rows = load_queries("places").search_places(
            connection,
            pattern=f"%{'%'.join(parts)}%",
            community_id=community_id,
            on_day=on_day,
            most=_MOST_FOUND,
        )
        return [FoundPlace(*row) for row in rows]


def get_place(layer: str, place_id: int, on_day: date) -> Place:
    """Return one place as it stands on a day.

    Args:
        layer: ``communities``, ``grids``, ``compounds``, ``buildings``, ``merchants`` or ``incidents``.
        place_id: its row id.
        on_day: the day whose grids and holders count.

    Raises:
        NotFound: there is no such place, or it is not for a shared map.
    """
    queries = load_queries("places")
    msg = f"there is no place {place_id} in layer {layer}: it may have been deleted since the map was drawn"
    if layer not in _GETTERS:
        raise NotFound(msg)
    with connect() as connection:
        row = getattr(queries, _GETTERS[layer])(connection, id=place_id, on_day=on_day)
        if row is None:
            raise NotFound(msg)
        holders, unplanned = _list_holders(connection, layer, place_id, on_day)
        incidents = list(
            queries.list_open_incidents(connection, layer=layer, id=place_id, most=_MOST_INCIDENTS)
        )
        community_code, code, name, longitude, latitude, outline, facts = row
        return Place(
            layer=layer,
            id=place_id,
            community_code=community_code,
            code=code,
            name=name,
            longitude=longitude,
            latitude=latitude,
            outline=json.loads(outline),
            facts=facts,
            holders=holders,
            unplanned=unplanned,
            coverage=_count_coverage(connection, place_id, on_day) if layer == "communities" else (),
            open_incidents=tuple(OpenIncident(*incident[:-1]) for incident in incidents),
            open_total=incidents[0][-1] if incidents else 0,
        )


def list_holders_at(
    community_id: int, longitude: float, latitude: float, on_day: date
) -> tuple[tuple[Holder, ...], tuple[str, ...]]:
    """Return who answers for a point of a community on a day: whoever holds the nearest building.

    Args:
        community_id: the community.
        longitude: EPSG:4490 degrees.
        latitude: EPSG:4490 degrees.
        on_day: the day whose plans, leads and absences count.

    Returns:
        The holders, kind by kind, and the kinds that no plan in force shares out.

    Raises:
        NotFound: the point lies outside the community, or that has no building.
    """
    with connect() as connection:
        building_id = load_queries("places").find_nearest_building(
            connection, community_id=community_id, longitude=longitude, latitude=latitude
        )
        if building_id is None:
            msg = "the place lies outside the community: choose one inside its boundary"
            raise NotFound(msg)
        return _list_holders(connection, "buildings", building_id, on_day)


def _count_coverage(connection: PostgresConnection, community_id: int, on_day: date) -> tuple[Coverage, ...]:
    rows = load_queries("places").count_coverage(connection, community_id=community_id, on_day=on_day)
    return tuple(Coverage(*row) for row in rows)


def _list_holders(
    connection: PostgresConnection, layer: str, place_id: int, on_day: date
) -> tuple[tuple[Holder, ...], tuple[str, ...]]:
    rows = list(load_queries("places").list_holders(connection, layer=layer, id=place_id, on_day=on_day))
    holders = tuple(Holder(*holder) for *holder, is_planned in rows if is_planned)
    unplanned = tuple(dict.fromkeys(str(row[3]) for row in rows if not row[-1]))
    # Without a plan of the grid workers, nobody holds the place, which a map must say.
    gaps = tuple(
        Holder(*holder) for *holder, is_planned in rows if not is_planned and holder[3] == "grid_worker"
    )
    return (*gaps, *holders), tuple(kind for kind in unplanned if kind != "grid_worker")


def measure_area(polygon: Mapping[str, Any], community_id: int) -> MeasuredArea:
    """Measure a drawn polygon and count the buildings of a community whose anchor stands in it.

    Args:
        polygon: GeoJSON geometry, EPSG:4490 degrees.
        community_id: whose buildings to count.

    Raises:
        InputRefused: the outline crosses itself or does not lie in China.
    """
    with connect() as connection:
        is_sound, *measured = load_queries("places").measure_area(
            connection, polygon=json.dumps(polygon), community_id=community_id
        )
    if not is_sound:
        msg = "the outline crosses itself or lies outside China: draw it again without crossing lines"
        raise InputRefused(msg)
    area_m2, buildings, households, residents = measured
    return MeasuredArea(area_m2, buildings, int(households), int(residents))

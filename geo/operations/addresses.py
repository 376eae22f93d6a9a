"""From an address as somebody types it to the places it may mean."""

from dataclasses import dataclass

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.rules.address import Address, parse_address
from geo.rules.matching import Match, Quality, match_address
from geo.rules.naming import Candidate, PlaceIndex, index_places
from geo.store.addresses import read_anchors, read_gazetteer


@dataclass(frozen=True)
class AddressedPlace:
    """A place that a typed address means, or may mean.

    Attributes:
        building_id: None where only the compound is known.
        name: as a person would say it.
        longitude: of a point inside the place, EPSG:4490 degrees; in a compound it only says where to look,
            unless the quality is ``manual``: then it is the spot that somebody has shown.
        latitude: of the same point.
        quality: how well the place would be known if taken.
        is_certain: whether it may be taken without asking.
        likeness: of the names, from 0 to 1.
    """

    building_id: int | None
    compound_id: int | None
    name: str
    longitude: float
    latitude: float
    quality: Quality
    is_certain: bool
    likeness: float


def find_places_by_address(
    connection: PostgresConnection, community_id: int, text: str
) -> tuple[AddressedPlace, ...]:
    """Find what an address means in a community: the certain place first, then at most five likely ones."""
    gazetteer = read_gazetteer(connection, community_id)
    address = parse_address(text)
    match = match_address(address, gazetteer)
    if match.point is not None:
        return (_show_spot(match, match.point, text, index_places(gazetteer)),)
    places = list(match.candidates)
    if match.compound_id is not None or match.building_id is not None:
        index = index_places(gazetteer)
        places.insert(0, index.candidate(match.compound_id, match.building_id, 1.0, match.by or "exact"))
    buildings = [place.building_id for place in places if place.building_id is not None]
    compounds = [place.compound_id for place in places if place.compound_id is not None]
    anchors = read_anchors(connection, buildings, compounds)
    found = []
    for position, place in enumerate(places):
        is_building = place.building_id is not None
        anchor = anchors[(place.building_id, None) if is_building else (None, place.compound_id)]
        found.append(
            AddressedPlace(
                building_id=place.building_id,
                compound_id=place.compound_id,
                name=place.name,
                longitude=anchor[0],
                latitude=anchor[1],
                quality=_judge(place, address),
                is_certain=match.quality != "none" and position == 0,
                likeness=place.likeness,
            )
        )
    return tuple(found)


def _show_spot(match: Match, point: tuple[float, float], text: str, index: PlaceIndex) -> AddressedPlace:
    place = index.candidate(match.compound_id, match.building_id, 1.0, "alias")
    return AddressedPlace(
        building_id=match.building_id,
        compound_id=match.compound_id,
        name=place.name or text.strip(),
        longitude=point[0],
        latitude=point[1],
        quality="manual",
        is_certain=True,
        likeness=1.0,
    )


def _judge(place: Candidate, address: Address) -> Quality:
    if place.building_id is None:
        return "compound"
    return "dwelling" if address.room else "building"

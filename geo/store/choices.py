"""What the forms and filters of a community offer to choose from."""

from dataclasses import dataclass
from datetime import date

from geo.store.engine import connect, load_queries


@dataclass(frozen=True, slots=True)
class Category:
    """What can happen; ``call_first`` is the emergency number that comes before this tool."""

    code: str
    parent_code: str | None
    name: str
    name_en: str
    call_first: str | None
    is_sealed: bool
    is_sensitive: bool


@dataclass(frozen=True, slots=True)
class PartyChoice:
    """Somebody who can be given a case; ``back_on`` is when one who is away is back, if that is known."""

    id: int
    name: str
    kind: str
    is_away: bool = False
    back_on: date | None = None


@dataclass(frozen=True, slots=True)
class PartyCard:
    """Who somebody is and how to reach him at work, masked for those who do not work for the community."""

    party_id: int
    full_name: str | None
    work_phone: str | None


@dataclass(frozen=True, slots=True)
class AreaChoice:
    """A grid or a compound to look into: its layer, ``grids`` or ``compounds``, and row id."""

    layer: str
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class BuildingChoice:
    """A building by the name people use, and its anchor in EPSG:4490 degrees."""

    id: int
    name: str
    longitude: float
    latitude: float


def list_categories() -> list[Category]:
    """Return both levels, those below each after it."""
    with connect() as connection:
        return [Category(*row) for row in load_queries("choices").list_categories(connection)]


def list_parties(community_id: int, on_day: date) -> list[PartyChoice]:
    """Return those in office on a day who can be given a case: staff first."""
    with connect() as connection:
        rows = load_queries("choices").list_parties(connection, community_id=community_id, on_day=on_day)
        return [PartyChoice(*row) for row in rows]


def list_party_cards(community_id: int) -> list[PartyCard]:
    """Return what the public may know of a community's parties."""
    with connect() as connection:
        rows = load_queries("choices").list_party_cards(connection, community_id=community_id)
        return [PartyCard(*row) for row in rows]


def list_areas(community_id: int, on_day: date) -> list[AreaChoice]:
    """Return the compounds, then the grids in force."""
    with connect() as connection:
        rows = load_queries("choices").list_areas(connection, community_id=community_id, on_day=on_day)
        return [AreaChoice(layer, place_id, name) for layer, place_id, name, _ in rows]


def list_buildings(community_id: int) -> list[BuildingChoice]:
    """Return the buildings along the way: compound by compound, by number."""
    with connect() as connection:
        rows = load_queries("choices").list_building_names(connection, community_id=community_id)
        return [BuildingChoice(*row) for row in rows]


def list_area_buildings(community_id: int, on_day: date) -> dict[tuple[str, int], frozenset[int]]:
    """Return the buildings of each compound, and of each grid in force, by layer and row id."""
    with connect() as connection:
        rows = load_queries("choices").list_area_buildings(
            connection, community_id=community_id, on_day=on_day
        )
        return {(layer, place_id): frozenset(building_ids) for layer, place_id, building_ids in rows}

"""The places of one community by the names people call them, without their shapes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CompoundName:
    """A compound, its name and what else people call it; ``address`` is its street and number."""

    id: int
    name: str
    aliases: tuple[str, ...] = ()
    address: str | None = None


@dataclass(frozen=True)
class BuildingName:
    """A building; its name is its own (``3栋``) or holds its compound's (``麒麟花园3栋``)."""

    id: int
    compound_id: int | None
    name: str
    address: str | None = None


@dataclass(frozen=True)
class PlaceAlias:
    """What a place is called here too, as somebody has confirmed: a building, a compound, or a spot.

    Attributes:
        words: as :func:`geo.rules.matching.name_place` writes an address, or a compound's name simplified.
        point: longitude and latitude of a spot, EPSG:4490; building and compound are then those it lies in.
        is_elsewhere: the words mean nothing of the community's, and need not be asked about again.
    """

    words: str
    building_id: int | None = None
    compound_id: int | None = None
    point: tuple[float, float] | None = None
    is_elsewhere: bool = False


@dataclass(frozen=True)
class Gazetteer:
    """All compounds and buildings of one community, and what else they have been found to be called."""

    compounds: tuple[CompoundName, ...]
    buildings: tuple[BuildingName, ...]
    aliases: tuple[PlaceAlias, ...] = ()

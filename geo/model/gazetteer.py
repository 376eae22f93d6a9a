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
class Gazetteer:
    """All compounds and buildings of one community."""

    compounds: tuple[CompoundName, ...]
    buildings: tuple[BuildingName, ...]

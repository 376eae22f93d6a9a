"""Coverage: where nobody is responsible, and where nobody has looked."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

GapKind = Literal["uncovered", "unheld", "silent"]
"""A building in no grid; one that no grid worker who is there holds; one of which nobody has heard."""

GAP_KINDS: Final[tuple[GapKind, ...]] = ("uncovered", "unheld", "silent")


@dataclass(frozen=True, slots=True)
class Gap:
    """A building that something is missing for; it has a gap for each thing.

    Attributes:
        kind: what is missing.
        building_id: row id; ``code`` is the building's own.
        name: with its compound's.
        households: in it.
        longitude, latitude: of a point in it, degrees of EPSG:4490.
        since: the first day it was so in China; None where nobody knows, or it was never otherwise.
        grid_id: the grid of the day it lies in.
        party_id: who could see to it: whoever holds it, else whoever holds the nearest building that is held.
        party: that party's public name.
        advice: of an uncovered building the name of the nearest grid.
    """

    kind: GapKind
    building_id: int
    code: str
    name: str
    households: int
    longitude: float
    latitude: float
    since: date | None
    grid_id: int | None = None
    party_id: int | None = None
    party: str | None = None
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class UnheldGrid:
    """A grid of whose buildings no grid worker who is there holds a single one."""

    grid_id: int
    code: str
    name: str
    buildings: int
    longitude: float
    latitude: float


@dataclass(frozen=True, slots=True)
class CoverageGaps:
    """What is not covered in a community.

    Attributes:
        tag: equal tag, equal content on the same day.
        on_day: the day in China it is of.
        gaps: buildings, by kind as :data:`GAP_KINDS` has them, then by households, most first.
        grids: the grids that nobody holds.
        land: the land in no grid as a GeoJSON geometry in degrees; None where there is none.
        land_m2: its area on the ellipsoid.
        buildings: how many there are in all.
        excused: buildings that the plan in force leaves to nobody and says why; not among ``gaps``.
    """

    tag: str
    on_day: date
    gaps: tuple[Gap, ...]
    grids: tuple[UnheldGrid, ...]
    land: dict[str, Any] | None
    land_m2: float
    buildings: int
    excused: int

    def list_kind(self, kind: GapKind) -> tuple[Gap, ...]:
        """Return the gaps of one kind."""
        return tuple(gap for gap in self.gaps if gap.kind == kind)

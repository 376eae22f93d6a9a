"""Cases with their places, and the places that are reported again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlacedCase:
    """A case with its place: a building, or a point in EPSG:4490 degrees, or neither.

    Attributes:
        at_s: when it was reported, in seconds since 1970.
    """

    id: int
    category_code: str
    building_id: int | None
    longitude: float | None
    latitude: float | None
    at_s: float


@dataclass(frozen=True, slots=True)
class RepeatPoint:
    """A place that one category is reported from again and again.

    Attributes:
        building_id: the building; None where it is out of doors.
        count: cases in the fullest thirty days that end in the month.
        cases: their ids, the oldest first.
    """

    category_code: str
    building_id: int | None
    count: int
    cases: tuple[int, ...]

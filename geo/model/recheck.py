"""Looking again at what was settled: what a community asks for, and what is due."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

USUAL_CATEGORIES: Final = (
    "E103", "E104", "E106", "E201", "E202", "E203", "E205", "E207", "E302", "E304", "E401", "E402", "E403",
    "E405", "E501", "E503", "E505", "E701", "E702", "E704",
)  # fmt: skip
"""What comes back when nobody looks: habits of people, not things that break."""

DANGERS: Final = "E4"
"""The group whose cases come first."""


@dataclass(frozen=True, slots=True)
class RecheckSetting:
    """What a community asks to be looked at again.

    Attributes:
        is_on: whether anything is.
        days: after closing, ascending.
        lapse_days: what nobody looked at for so long after it was due is no longer asked for.
        share_percent: of the cases for which nothing speaks, how many are looked at all the same.
        most_a_day: so many a day for one person.
        categories: codes of level 2.
    """

    is_on: bool = True
    days: tuple[int, ...] = (7, 30, 90)
    lapse_days: int = 14
    share_percent: int = 10
    most_a_day: int = 2
    categories: tuple[str, ...] = USUAL_CATEGORIES


@dataclass(frozen=True, slots=True)
class SettledCase:
    """A settled case whose place is to be looked at.

    Attributes:
        version: of the case.
        days: after closing, which look it is.
        due_on: the day in China.
        place: the building with its compound, or the compound or grid it is out of doors in.
        party_id: who is to look: the building's holder, else the staff member it was with; None for nobody.
        came_back: whether it was itself the return of an earlier one.
        earlier: cases of the category settled at the place in the year before it was reported.
    """

    id: int
    version: int
    category_code: str
    days: int
    due_on: date
    closed_at: datetime
    building_id: int | None
    place: str | None
    longitude: float | None
    latitude: float | None
    party_id: int | None
    party: str | None
    came_back: bool
    earlier: int

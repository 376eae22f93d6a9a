"""What happens how often, where and when: the mixture of categories of a plausible year. Figures, no chance.

Weights are cases a year in a community of 9,600.
"""

import csv
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from etl.demo.year.clock import DAY_S, HOUR_S, WORKING_DAY_S


@dataclass(frozen=True)
class Kind:
    """One second-level category as it occurs.

    Attributes:
        code: category code.
        walk_in: cases a year brought to the desk.
        other: cases a year that come in any other way.
        place: ``home``, ``yard``, ``street`` or ``shop``.
        hours: profile of the hours it is reported at.
        affinity: how much more often a compound type, building form or shop trade has it.
    """

    code: str
    walk_in: float
    other: float
    place: str
    hours: str = "day"
    affinity: dict[str, float] = field(default_factory=dict)


_OLD = {"old": 2.2, "urban_village": 2.0, "three_no": 1.5}
KINDS = (
    Kind("E101", 0, 190, "street", affinity=_OLD),
    Kind("E102", 10, 230, "yard", affinity=_OLD),
    Kind("E103", 10, 160, "yard", affinity={"commodity": 1.5, "three_no": 2.0}),
    Kind("E104", 10, 180, "yard", affinity=_OLD),
    Kind("E105", 0, 90, "yard"),
    Kind("E106", 5, 75, "yard", affinity=_OLD),
    Kind("E107", 5, 45, "yard", affinity={"urban_village": 2.0}),
    Kind("E201", 0, 180, "shop", affinity={"restaurant": 2.0, "fresh_food": 2.0, "hardware": 1.8}),
    Kind("E202", 0, 150, "street", "evening"),
    Kind("E203", 0, 120, "yard", affinity=_OLD),
    Kind("E204", 0, 20, "shop"),
    Kind("E205", 10, 80, "shop", "evening", {"restaurant": 9.0}),
    Kind("E206", 5, 35, "shop", affinity={"restaurant": 2.0, "fresh_food": 2.0}),
    Kind("E207", 5, 85, "yard", affinity=_OLD),
    Kind("E301", 20, 240, "street", "commute", {"commodity": 1.5}),
    Kind("E302", 5, 165, "yard", "commute"),
    Kind("E303", 130, 20, "home", "office", {"commodity": 1.6}),
    Kind("E304", 5, 25, "yard"),
    Kind("E305", 5, 20, "yard"),
    Kind("E401", 5, 105, "yard", "evening", {"resettlement": 1.6, "old": 1.5}),
    Kind("E402", 10, 190, "home", affinity={"old": 2.2, "resettlement": 1.5, "slabs": 1.2}),
    Kind("E403", 5, 185, "home", "evening", {"urban_village": 2.5, "resettlement": 1.7, "old": 1.6}),
    Kind("E404", 0, 40, "home", affinity={"towers": 1.6}),
    Kind("E405", 5, 45, "home", affinity=_OLD),
    Kind("E406", 0, 6, "home", "evening"),
    Kind("E501", 5, 50, "home", affinity={"urban_village": 5.0}),
    Kind("E502", 5, 10, "home", affinity={"old": 3.0}),
    Kind("E503", 0, 25, "home", affinity={"urban_village": 3.0}),
    Kind("E504", 110, 30, "home", "office", {"commodity": 1.6}),
    Kind("E505", 5, 35, "yard"),
    Kind("E601", 0, 20, "street"),
    Kind("E602", 5, 55, "street", "evening"),
    Kind("E603", 5, 55, "street"),
    Kind("E604", 20, 110, "yard", affinity=_OLD),
    Kind("E605", 5, 105, "home", "commute", {"towers": 6.0, "urban_village": 0.01, "old": 0.01}),
    Kind("E606", 5, 35, "home", "evening"),
    Kind("E607", 2, 23, "yard"),
    Kind("E608", 0, 30, "street"),
    Kind("E609", 2, 38, "yard"),
    Kind("E701", 5, 125, "yard", "night", {"commodity": 1.4}),
    Kind("E702", 5, 85, "shop", "night", {"restaurant": 3.0, "leisure": 6.0}),
    Kind("E703", 15, 105, "home", "day", {"commodity": 1.7}),
    Kind("E704", 10, 60, "yard", "night"),
    Kind("E801", 150, 40, "home", "office", {"commodity": 1.6, "three_no": 0.05}),
    Kind("E802", 180, 30, "home", "office", {"commodity": 1.5, "three_no": 0.05}),
    Kind("E803", 20, 5, "home", "office"),
    Kind("E804", 0, 4, "home", "office"),
    Kind("E805", 22, 3, "home", "office"),
    Kind("E901", 90, 40, "home", "evening"),
    Kind("E902", 6, 9, "home", "night"),
    Kind("E903", 30, 12, "home", "office"),
    Kind("E904", 20, 12, "shop", "office"),
    Kind("E905", 0, 4, "home", "night"),
    Kind("E1001", 25, 40, "home", "day", {"old": 3.0}),
    Kind("E1002", 55, 10, "home", "office", {"relocation": 2.0, "old": 1.6}),
    Kind("E1003", 10, 8, "home", "day"),
    Kind("E1004", 0, 8, "street"),
    Kind("E1005", 1_450, 40, "home", "office"),
    Kind("E1101", 5, 20, "home", "night"),
    Kind("E1102", 5, 20, "yard", "evening", {"towers": 3.0}),
    Kind("E1103", 0, 15, "street"),
    Kind("E1104", 0, 6, "home", "evening"),
    Kind("E1105", 0, 2, "yard"),
    Kind("E1201", 2_900, 110, "home", "office"),
    Kind("E1202", 140, 50, "home", "office"),
    Kind("E1203", 40, 15, "home", "office"),
    Kind("E1299", 250, 60, "home", "office"),
)

# Weight of each hour of the day.
HOURS = {
    "office": (0, 0, 0, 0, 0, 0, 0, 0.5, 6, 11, 10, 6, 1, 0.5, 3, 7, 7, 4, 1, 0, 0, 0, 0, 0),
    "day": (
        0.2,
        0.1,
        0.1,
        0.1,
        0.2,
        0.5,
        1.5,
        3,
        6,
        9,
        9,
        6,
        3,
        2.5,
        4,
        6,
        6.5,
        7,
        7.5,
        6.5,
        4,
        2.5,
        1.2,
        0.5,
    ),
    "commute": (
        0.4,
        0.2,
        0.2,
        0.2,
        0.3,
        1,
        4,
        9,
        7,
        4,
        3.5,
        4,
        4,
        2.5,
        3,
        3.5,
        4.5,
        8.5,
        10,
        8,
        5,
        3,
        1.8,
        0.9,
    ),
    "evening": (0.6, 0.3, 0.2, 0.2, 0.3, 0.5, 1.5, 2.5, 4, 5, 5, 4, 3, 2.5, 3, 4, 5, 8, 11, 12, 9, 6, 3, 1.4),
    "night": (4, 2.5, 1.5, 1, 0.8, 1.2, 2, 1.5, 1.5, 2, 2, 2, 2.5, 2.5, 1.5, 1.5, 2, 3, 5, 9, 13, 14, 11, 7),
}
# Monday to Sunday: desks are quiet at weekends, streets are not.
WEEKDAYS = {
    "office": (1.25, 1.1, 1.05, 1.0, 1.05, 0.22, 0.16),
    "other": (1.08, 1.0, 0.98, 1.0, 1.05, 0.95, 0.9),
}
SOURCES = {
    "patrol": 0.36, "hotline_12345": 0.19, "wechat_group": 0.21, "phone": 0.13, "property": 0.06,
    "courier": 0.02, "superior": 0.03,
}  # fmt: skip


@dataclass(frozen=True)
class CategoryFacts:
    """What the seeded category tree says; seconds are working seconds where ``is_working``."""

    name: str
    sensitivity: str
    deadline_s: float | None
    is_working: bool
    leads: tuple[str, ...]


@lru_cache(maxsize=1)
def read_categories() -> dict[str, CategoryFacts]:
    """Return the seeded categories by code."""
    unit_s = {"working_hour": HOUR_S, "working_day": WORKING_DAY_S, "hour": HOUR_S, "day": DAY_S}
    with (files("geo.schema") / "seed" / "category.csv").open(encoding="utf-8") as rows:
        return {
            row["code"]: CategoryFacts(
                row["name"],
                row["sensitivity"],
                float(row["deadline_amount"]) * unit_s[row["deadline_unit"]]
                if row["deadline_amount"]
                else None,
                row["deadline_unit"].startswith("working"),
                tuple(lead for lead in row["default_leads"].strip("{}").split(",") if lead),
            )
            for row in csv.DictReader(rows)
        }

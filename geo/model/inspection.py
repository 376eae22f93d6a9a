"""The cycle of inspections (日查、周巡、月评): what is looked at how often and by whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from geo.model.zone import ZoneKind

Cadence = Literal["day", "week", "month"]
Subject = Literal["three_no", "building", "home", "merchant"]
Finding = Literal["checked", "problem_found"]

CADENCES: Final[tuple[Cadence, ...]] = ("day", "week", "month")
SUBJECTS: Final[tuple[Subject, ...]] = ("three_no", "building", "home", "merchant")

VISIT_KINDS: Final[Mapping[Subject, str]] = {
    "three_no": "patrol",
    "building": "patrol",
    "home": "home_visit",
    "merchant": "merchant_check",
}
"""The kind of visit by which each is looked at."""


@dataclass(frozen=True, slots=True)
class Template:
    """What is looked at in each cycle.

    Attributes:
        name: for people.
        cadence: every working day, every week, every month.
        subject: three-no compounds, buildings, buildings with households, or shops.
        zone_kind: whoever holds a place by the plan of this kind looks at it.
        items: what is looked at there.
        weight: its part of the month's score, among those of the others.
        is_on: whether it is asked for.
    """

    name: str
    cadence: Cadence
    subject: Subject
    zone_kind: ZoneKind = ZoneKind.GRID_WORKER
    items: tuple[str, ...] = ()
    weight: int = 0
    is_on: bool = True


USUAL_TEMPLATES: Final = (
    Template(
        "日查三无小区", "day", "three_no", items=("消防通道", "垃圾清运", "乱停车", "飞线充电"), weight=30
    ),
    Template(
        "周巡楼栋", "week", "building", items=("楼道堆物", "飞线充电", "消防设施", "环境卫生"), weight=40
    ),
    Template("月查商户", "month", "merchant", items=("消防设施", "占道经营", "食品卫生证照"), weight=30),
)
"""What a community inspects that has chosen nothing else."""


@dataclass(frozen=True, slots=True)
class InspectedPlace:
    """A place to look at.

    Attributes:
        id: row id of the building, merchant or compound that ``subject`` says.
        name: with its compound's.
        longitude, latitude: degrees of EPSG:4490.
        buildings: whose holders answer for it, with how many households each has; of a shop in no building
            the nearest.
    """

    subject: Subject
    id: int
    name: str
    longitude: float
    latitude: float
    buildings: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody was at a place on a day."""

    subject: Subject
    place_id: int
    day: date

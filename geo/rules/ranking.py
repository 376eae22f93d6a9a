"""What to do first: a score that grows with everything that makes a case worse, and the reasons for it.

Points are added up, each by a table that never falls, so that what makes a case worse never ranks it lower:

==================  ===================================================================================
safety              25 for categories in which people get hurt; severity high 8, urgent 18
time                rises to 8 at three quarters of the time allowed, to 20 at the due time; over it 28,
                    rising to 40 when four times the time allowed is used
relapse             8 the first time it came back to the place, 14 the second, 24 from the third on
bounced             3 when one party sent it back, 14 from the second on, 20 from the third
supervised          16
whistle unanswered  14
who lives there     8 in a three-no compound; up to 6 as the share of the elderly rises to two in five
same place          2 for each other case of the group at the building in a month, up to 10
==================  ===================================================================================

Of equal points the one due first comes first, then the one reported first.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

# Fire, security; and by themselves: structures, manholes, lifts, cables, objects from above.
SAFETY_GROUPS: Final = frozenset({"E4", "E11"})
SAFETY_CATEGORIES: Final = frozenset({"E502", "E601", "E605", "E608", "E804"})

_SAFETY: Final = 25.0
_SEVERITY: Final = {"low": 0.0, "normal": 0.0, "high": 8.0, "urgent": 18.0}
_BEFORE_DUE: Final = ((0.0, 0.0), (0.75, 8.0), (1.0, 20.0))
_OVER_DUE: Final = ((1.0, 28.0), (4.0, 40.0))
_RELAPSE: Final = (0.0, 8.0, 14.0, 24.0)
_BOUNCED: Final = (0.0, 3.0, 14.0, 20.0)
_SUPERVISED: Final = 16.0
_WHISTLE: Final = 14.0
_THREE_NO: Final = 8.0
_ELDERLY: Final = ((0.1, 0.0), (0.4, 6.0))
_SAME_PLACE: Final = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


class Reason(StrEnum):
    """Why a case stands where it stands."""

    SAFETY = "safety"
    OVER = "over"
    SOON_DUE = "soon_due"
    RELAPSE = "relapse"
    BOUNCED = "bounced"
    SUPERVISED = "supervised"
    WHISTLE = "whistle"
    THREE_NO = "three_no"
    ELDERLY = "elderly"
    SAME_PLACE = "same_place"


@dataclass(frozen=True, slots=True)
class Matter:
    """What is known of an open case that may make it urgent.

    Attributes:
        id: of the case.
        category_code: of the second level, such as ``E403``.
        group_code: of the first level, such as ``E4``.
        severity: low, normal, high or urgent.
        reported_at: when it was reported.
        due_at: when it is due; None without a limit.
        used_share: share of the time allowed that is used, above 1 when overdue; None without a limit, or
            while its clock stands.
        relapses: cases of the same category closed at the place in the month before it was reported.
        returns: how often a party sent it back.
        is_supervised: whether a superior watches it.
        is_whistle_open: whether others were whistled for and have not come.
        is_three_no: whether it is in a three-no compound.
        elderly_share: share of the building's residents who are elderly, from 0 to 1; None where not known.
        same_place: other cases of the same group at the building in the last month.
    """

    id: int
    category_code: str
    group_code: str
    severity: str
    reported_at: datetime
    due_at: datetime | None = None
    used_share: float | None = None
    relapses: int = 0
    returns: int = 0
    is_supervised: bool = False
    is_whistle_open: bool = False
    is_three_no: bool = False
    elderly_share: float | None = None
    same_place: int = 0

    @property
    def is_safety(self) -> bool:
        """Whether people get hurt by what the category names."""
        return self.group_code in SAFETY_GROUPS or self.category_code in SAFETY_CATEGORIES


@dataclass(frozen=True, slots=True)
class RankedMatter:
    """A case in its place: its points, and what they are for, the most first."""

    matter: Matter
    points: float
    reasons: tuple[tuple[Reason, float], ...]


def rank_matters(matters: Iterable[Matter], most: int | None = None) -> list[RankedMatter]:
    """Return open cases in the order in which to look at them, ``most`` at most."""
    ranked = [_weigh(matter) for matter in matters]
    ranked.sort(
        key=lambda r: (-r.points, r.matter.due_at or _LAST, r.matter.reported_at, r.matter.id),
    )
    return ranked[:most]


def _weigh(matter: Matter) -> RankedMatter:
    points = weigh_reasons(matter)
    reasons = sorted(((r, p) for r, p in points.items() if p > 0), key=lambda found: -found[1])
    # Added exactly, so that the order of the parts makes no difference.
    return RankedMatter(matter, math.fsum(points.values()), tuple(reasons))


def weigh_reasons(matter: Matter) -> dict[Reason, float]:
    """Return the points of a case for each reason."""
    share = matter.used_share
    is_over = share is not None and share > 1
    return {
        Reason.SAFETY: _SAFETY * matter.is_safety + _SEVERITY[matter.severity],
        Reason.OVER: _interpolate(share, _OVER_DUE) if share is not None and is_over else 0.0,
        Reason.SOON_DUE: _interpolate(share, _BEFORE_DUE) if share is not None and not is_over else 0.0,
        Reason.RELAPSE: _look_up(matter.relapses, _RELAPSE),
        Reason.BOUNCED: _look_up(matter.returns, _BOUNCED),
        Reason.SUPERVISED: _SUPERVISED * matter.is_supervised,
        Reason.WHISTLE: _WHISTLE * matter.is_whistle_open,
        Reason.THREE_NO: _THREE_NO * matter.is_three_no,
        Reason.ELDERLY: _interpolate(matter.elderly_share or 0.0, _ELDERLY),
        Reason.SAME_PLACE: _look_up(matter.same_place, _SAME_PLACE),
    }


def _look_up(count: int, points: tuple[float, ...]) -> float:
    return points[min(max(count, 0), len(points) - 1)]


def _interpolate(value: float, line: tuple[tuple[float, float], ...]) -> float:
    """Return the height of a line of points at a value; level before its first and after its last."""
    previous_x, previous_y = line[0]
    if value <= previous_x:
        return previous_y
    for x, y in line[1:]:
        if value <= x:
            return previous_y + (y - previous_y) * (value - previous_x) / (x - previous_x)
        previous_x, previous_y = x, y
    return previous_y

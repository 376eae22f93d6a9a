"""Responsibility zones: plans of a kind, their zones, and what a plan says of each building."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class ZoneKind(StrEnum):
    """Kinds of responsibility: 网格员, 党支部, 志愿队, 物业, 巡查. Each has its own plans."""

    GRID_WORKER = "grid_worker"
    PARTY_BRANCH = "party_branch"
    VOLUNTEER = "volunteer"
    PROPERTY = "property"
    INSPECTION = "inspection"


class PlanState(StrEnum):
    """A plan is drawn, then published, then superseded by the one after it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


class ZoneRole(StrEnum):
    """What somebody is in a zone: the one who holds it, or who stands in for that one."""

    LEAD = "lead"
    BACKUP = "backup"


@dataclass(frozen=True, slots=True)
class Appointment:
    """Somebody's role in a zone from a day until before another, None for no end."""

    party_id: int
    role: ZoneRole
    valid_from: date
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def sort_appointments(appointments: Iterable[Appointment]) -> tuple[Appointment, ...]:
    """Put appointments into the one order they are compared in."""
    return tuple(sorted(appointments, key=lambda a: (a.role != ZoneRole.LEAD, a.valid_from, a.party_id)))


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of a plan, apart from the buildings in it.

    Attributes:
        id: of the row; a zone that comes back by an undo has the id it had.
        code: short, one in the plan; a copy of the plan keeps it, so that the two can be compared.
        name: what people call it.
        colour: ``#RRGGBB``.
        is_locked: it neither gives nor takes buildings.
        appointments: leads and backups, those of other days included.
    """

    id: int
    code: str
    name: str
    colour: str | None = None
    is_locked: bool = False
    appointments: tuple[Appointment, ...] = ()

    def find_party(self, role: ZoneRole, day: date) -> int | None:
        """Return who has a role on a day; of several backups the one named first."""
        return next((a.party_id for a in self.appointments if a.role is role and a.covers(day)), None)


@dataclass(frozen=True, slots=True)
class Unit:
    """What a plan says of one building.

    Attributes:
        zone_id: the zone it is in; None for none.
        is_locked: it stays in that zone.
        gap: why nobody is to hold it, where that is on purpose.
    """

    zone_id: int | None = None
    is_locked: bool = False
    gap: str | None = None


UNASSIGNED: Final = Unit()


@dataclass(frozen=True, slots=True)
class PlanHead:
    """A plan, apart from its zones.

    Attributes:
        id: of the plan.
        community_id: whose buildings it shares out.
        kind: of responsibility.
        name: what people call it.
        state: a draft can be changed, the others stay as they are.
        valid_from: the first day it is in force; None of a draft.
        valid_to: the first day it is in force no more; None while nothing follows it.
        based_on: the plan it began as a copy of.
        revision: rises by one with every change.
        created_by, created_at: which account began it, and when; None where it was brought in.
        published_by, published_at: the same of its publication.
        zone_count, building_count: zones, and buildings in them.
    """

    id: int
    community_id: int
    kind: ZoneKind
    name: str
    state: PlanState
    valid_from: date | None = None
    valid_to: date | None = None
    based_on: int | None = None
    revision: int = 0
    created_by: int | None = None
    created_at: datetime | None = None
    published_by: int | None = None
    published_at: datetime | None = None
    zone_count: int = 0
    building_count: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it stands.

    Attributes:
        head: the plan itself.
        zones: in the order of their codes.
        units: the zone of each building that is in one, by building.
        locked_units: buildings that stay in their zone.
        gaps: why nobody is to hold a building, by building.
        party_names: of everybody appointed in it.
    """

    head: PlanHead
    zones: tuple[Zone, ...]
    units: Mapping[int, int]
    locked_units: frozenset[int] = frozenset()
    gaps: Mapping[int, str] = field(default_factory=dict)
    party_names: Mapping[int, str] = field(default_factory=dict)

    def find_zone(self, zone_id: int) -> Zone | None:
        """Return a zone of the plan; None if there is no such one."""
        return next((zone for zone in self.zones if zone.id == zone_id), None)

    def find_unit(self, building_id: int) -> Unit:
        """Return what the plan says of a building."""
        return Unit(self.units.get(building_id), building_id in self.locked_units, self.gaps.get(building_id))

    def list_buildings(self, *zone_ids: int) -> list[int]:
        """Return the buildings of some zones."""
        return [building_id for building_id, zone_id in self.units.items() if zone_id in zone_ids]


@dataclass(frozen=True, slots=True)
class Change:
    """What one step changes: each building and each zone concerned, as it was and as it is after.

    Attributes:
        units: by building.
        zones: by zone; None before it was there, or after it is gone.
    """

    units: Mapping[int, tuple[Unit, Unit]] = field(default_factory=dict)
    zones: Mapping[int, tuple[Zone | None, Zone | None]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything changes at all."""
        return bool(self.units or self.zones)

    def reverse(self) -> "Change":
        """Return the change that takes this one back."""
        return Change(
            {key: (after, before) for key, (before, after) in self.units.items()},
            {key: (after, before) for key, (before, after) in self.zones.items()},
        )

    def touches(self, other: "Change") -> bool:
        """Whether a building or a zone is concerned by both."""
        return not (self.units.keys().isdisjoint(other.units) and self.zones.keys().isdisjoint(other.zones))


@dataclass(frozen=True, slots=True)
class Step:
    """A change of a draft as its journal keeps it.

    Attributes:
        number: the steps of a draft in the order they were made.
        account_id: who made it; nobody else takes it back.
        at: when.
        label: what to call it on a page.
        revision: the plan's after the step was made, taken back or made again, whichever was last.
        change: what it does.
        is_undone: it was taken back.
    """

    number: int
    account_id: int | None
    at: datetime
    label: str
    revision: int
    change: Change
    is_undone: bool = False


@dataclass(frozen=True, slots=True)
class Journal:
    """Which step of a draft whoever asks can take back next, and which he can make again."""

    undoable: Step | None = None
    redoable: Step | None = None


class ObstacleKind(StrEnum):
    """What keeps a plan from being published."""

    BUILDING_UNASSIGNED = "building_unassigned"
    ZONE_WITHOUT_LEAD = "zone_without_lead"
    ZONE_WITHOUT_BUILDING = "zone_without_building"
    NO_ZONE = "no_zone"
    DAY_IN_THE_PAST = "day_in_the_past"
    DAY_BEFORE_OTHER_PLAN = "day_before_other_plan"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One reason why a plan cannot be published.

    Attributes:
        kind: of reason.
        building_ids: the buildings concerned.
        zone_ids: the zones concerned.
        plan_id: the other plan concerned.
        names: what to call those, in the same order.
        day: from which day on it could be published, where the day is the reason.
    """

    kind: ObstacleKind
    building_ids: tuple[int, ...] = ()
    zone_ids: tuple[int, ...] = ()
    plan_id: int | None = None
    names: tuple[str, ...] = ()
    day: date | None = None

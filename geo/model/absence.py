"""Who is away, who stands in for him, and what somebody who leaves for good has in hand."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from geo.model.zone import ZoneKind


class AbsenceReason(StrEnum):
    """Why somebody is away: 休假, 病假, 学习培训, 借调, 其他."""

    LEAVE = "leave"
    SICK = "sick"
    TRAINING = "training"
    SECONDMENT = "secondment"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Substitute:
    """Who holds buildings for somebody who is away; without a party, nobody does."""

    party_id: int | None
    name: str | None
    buildings: int


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody is away.

    Attributes:
        id: of the row.
        party_id: who.
        name: of the party.
        valid_from: the first day he is away.
        valid_to: the first day he is back; None until further notice.
        stand_in_id: who does what belongs to no building; ``stand_in`` is the name.
        reason: why; None where whoever asks is not to know.
        note: what else there is to say; None for the same.
        substitutes: who holds his buildings on the day asked for, the most buildings first.
        cases: how many open ones are still with him.
    """

    id: int
    party_id: int
    name: str
    valid_from: date
    valid_to: date | None
    stand_in_id: int | None
    stand_in: str | None
    reason: AbsenceReason | None = None
    note: str | None = None
    substitutes: tuple[Substitute, ...] = ()
    cases: int = 0

    def covers(self, day: date) -> bool:
        """Whether he is away on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class HandOver:
    """What became of the work of those who are away or gone.

    Attributes:
        absence_id: the absence that was entered; None where none was.
        taken: buildings that somebody took over who was not named before, by kind and building.
        untaken: buildings for which there was nobody.
        moved: cases that went on, each with the party that has it now.
        left: cases that stayed, for nobody is there for them or they were just being moved by somebody else.
        returned: cases that came back, each with the party that has it again.
    """

    absence_id: int | None
    taken: dict[tuple[ZoneKind, int], int] = field(default_factory=dict)
    untaken: tuple[tuple[ZoneKind, int], ...] = ()
    moved: dict[int, int] = field(default_factory=dict)
    left: tuple[int, ...] = ()
    returned: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Return:
    """Somebody is back: how many cases came back to him, and how many stay with whoever has begun them."""

    name: str
    back_on: date
    returned: int
    kept: int


class DutyKind(StrEnum):
    """What somebody may be or have that goes to somebody else when he leaves."""

    POST = "post"
    ZONE_LEAD = "zone_lead"
    ZONE_BACKUP = "zone_backup"
    DUTY_RULE = "duty_rule"
    ORGANISATION = "organisation"
    COMPOUND = "compound"
    STAND_IN = "stand_in"
    OPEN_CASES = "open_cases"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """One thing that needs a new holder.

    Attributes:
        kind: of duty.
        id: of the zone, rule, organisation or whatever it is; None of cases, which are several.
        name: what to call it: a zone, an organisation, a category, the code of a post; empty of a rule for
            all categories.
        count: buildings of a zone or compound, or cases.
        successor: who does it from then on without anything being done; None where nobody.
    """

    kind: DutyKind
    id: int | None
    name: str
    count: int = 0
    successor: str | None = None


@dataclass(frozen=True, slots=True)
class HandedCase:
    """An open case as it is handed over, with the last that was done.

    Attributes:
        place: the building with its compound, or the grid.
        title: as whoever asks may read it.
        party: who has it now.
        last_kind, last_move, last_state: what kind of event the last one was.
        last_actor: who did it.
        last_note: as whoever asks may read it.
    """

    id: int
    category_code: str
    state: str
    severity: str
    place: str | None
    title: str | None
    party: str | None
    reported_at: datetime
    due_at: datetime | None
    last_at: datetime | None
    last_kind: str | None
    last_move: str | None
    last_state: str | None
    last_actor: str | None
    last_note: str | None


@dataclass(frozen=True, slots=True)
class HandedBuilding:
    """A building as it is handed over: who has it now, and when somebody was there last."""

    id: int
    name: str
    households: int
    party: str | None
    visited_at: datetime | None


@dataclass(frozen=True, slots=True)
class HandOverSheet:
    """What somebody hands over: his buildings, the longest unvisited first, and what is open there."""

    name: str
    absence: Absence | None
    cases: tuple[HandedCase, ...]
    buildings: tuple[HandedBuilding, ...]

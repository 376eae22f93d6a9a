"""A case as it is reported, corrected, told and read. Places are EPSG:4490 degrees, longitude first."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

SOURCES: Final = (
    "patrol", "walk_in", "phone", "hotline_12345", "wechat_group", "courier", "property", "superior", "other",
)  # fmt: skip
"""How a case came."""


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked; kept apart from the case and shown masked."""

    name: str | None = None
    phone: str | None = None
    room: str | None = None
    wants_secrecy: bool = False


@dataclass(frozen=True, slots=True)
class NewIncident:
    """A case to be reported.

    Attributes:
        community_id: where.
        category_code: of either level.
        source: one of :data:`SOURCES`.
        description: what is the matter, in the words it was told in.
        title: a heading; by default the beginning of the description.
        address: as people write it.
        longitude: of the place, with ``latitude``; by default that of the building, merchant or compound.
        latitude: of the place.
        building_id: the building it is in; by default the one the point lies in.
        compound_id: the compound; by default the building's, or the one the point lies in.
        merchant_id: whose premises it is at.
        request_kind: ``help``, ``enquiry`` or ``complaint``.
        severity: ``low``, ``normal``, ``high`` or ``urgent``.
        requester: who asked.
        client_id: a name the reporter gives, by which a report sent twice is known.
        reported_at: when, with a time zone; by default now.
        photos: files of pictures.
    """

    community_id: int
    category_code: str
    source: str
    description: str
    title: str | None = None
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    building_id: int | None = None
    compound_id: int | None = None
    merchant_id: int | None = None
    request_kind: str | None = None
    severity: str = "normal"
    requester: Requester | None = None
    client_id: str | None = None
    reported_at: datetime | None = None
    photos: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Correction:
    """What is put right in a case; None leaves what is there."""

    category_code: str | None = None
    title: str | None = None
    description: str | None = None
    address: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    building_id: int | None = None
    compound_id: int | None = None
    merchant_id: int | None = None


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One thing that happened to a case.

    Attributes:
        at: when.
        kind: what sort of thing, also for history told by an import.
        move: the move; None for history told by an import.
        version: of the case after it; None for history told by an import.
        from_state: the state before.
        to_state: the state after; None where it stayed.
        role: the role of whoever did it.
        actor_party_id: the party of whoever did it.
        actor_name: that party's public name.
        to_party_id: whom the case went to, or who was called.
        to_party_name: that party's public name.
        suggested_party_id: whose it is in the opinion of whoever returned it.
        suggested_party_name: that party's public name.
        reason: a code of the move's list, or words of an import.
        due_at: the time that was set, asked for or agreed.
        original_due_at: the original due time, where it moved too.
        outcome: how the case ended.
        rating: 1 (very dissatisfied) to 5.
        note: words, masked; None where the reader may not read them.
        payload: of a correction ``from``, ``to`` (category and words, masked) and ``is_moved``.
        id: of the row.
    """

    at: datetime
    kind: str
    move: str | None = None
    version: int | None = None
    from_state: str | None = None
    to_state: str | None = None
    role: str | None = None
    actor_party_id: int | None = None
    actor_name: str | None = None
    to_party_id: int | None = None
    to_party_name: str | None = None
    suggested_party_id: int | None = None
    suggested_party_name: str | None = None
    reason: str | None = None
    due_at: datetime | None = None
    original_due_at: datetime | None = None
    outcome: str | None = None
    rating: int | None = None
    note: str | None = None
    payload: dict[str, Any] | None = None
    id: int = 0


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture of a case; its content is at ``/photos/{id}``."""

    id: int
    event_id: int
    media_type: str
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True)
class RequesterCard:
    """Who asked, masked."""

    name: str | None
    phone: str | None
    wants_secrecy: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What people wrote about a case."""

    title: str | None
    description: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Original:
    """A case as it was written and seen.

    Attributes:
        photos: hash and media type of each, in the order they were taken.
    """

    words: Words
    photos: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One case as the reader may see it.

    Attributes:
        words: masked; None where they are sealed to the reader or his role reads facts only.
        requester: masked; None where there is none, or the reader may not know.
        is_own: whether it is the reader's own, as :func:`geo.rules.workflow.list_moves` asks.
        bounces: how often it was returned.
    """

    id: int
    version: int
    community_id: int
    category_code: str
    category_name: str
    category_name_en: str
    call_first: str | None
    source: str
    request_kind: str | None
    severity: str
    sensitivity: str
    state: str
    is_open: bool
    external_id: str | None
    longitude: float | None
    latitude: float | None
    geocode_quality: str
    building_id: int | None
    building_name: str | None
    compound_id: int | None
    compound_name: str | None
    grid_id: int | None
    grid_name: str | None
    merchant_id: int | None
    merchant_name: str | None
    party_id: int | None
    party_name: str | None
    parent_id: int | None
    duty_rule_id: int | None
    reported_at: datetime
    first_response_at: datetime | None
    due_at: datetime | None
    original_due_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    is_own: bool
    bounces: int
    words: Words | None = None
    requester: RequesterCard | None = None
    events: tuple[CaseEvent, ...] = ()
    photos: tuple[Photo, ...] = field(default=())

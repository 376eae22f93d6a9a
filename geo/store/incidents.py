"""One case: taking it in, acting on it, reading it. Everything runs as whoever acts; the database judges.

What the database refuses comes as an exception of :mod:`geo.errors`; its sentence is the database's own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final

import psycopg2
import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extras import Json

from geo.errors import Conflict, Forbidden, InputRefused, NotFound, WanggeError
from geo.model.incident import Case, CaseEvent, Original, Photo, Requester, RequesterCard, Words
from geo.store.engine import load_queries
from geo.store.photos import KeptPhoto

_REFUSALS: Final[dict[str, type[WanggeError]]] = {
    "WG001": Conflict,
    "WG002": Forbidden,
    "WG003": InputRefused,
    "WG004": NotFound,
}
# What a value that fits no column, no list or no other value of the case is refused with.
_UNFIT: Final = (
    psycopg2.errors.CheckViolation,
    psycopg2.errors.ForeignKeyViolation,
    psycopg2.errors.NotNullViolation,
    psycopg2.DataError,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a case is: EPSG:4490 as EWKT, what that is worth, and what it lies in."""

    geom: str | None
    geocode_quality: str
    building_id: int | None
    compound_id: int | None
    grid_id: int | None
    merchant_id: int | None

    @property
    def columns(self) -> dict[str, Any]:
        """The place as columns of a case."""
        return {
            "geom": self.geom,
            "geocode_quality": self.geocode_quality,
            "building_id": self.building_id,
            "compound_id": self.compound_id,
            "grid_id": self.grid_id,
            "merchant_id": self.merchant_id,
        }


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What the clock of a case goes by."""

    community_id: int
    category_code: str
    state: str
    party_id: int | None
    duty_rule_id: int | None
    reported_at: datetime
    due_at: datetime | None
    original_due_at: datetime | None
    version: int
    building_id: int | None
    compound_id: int | None
    merchant_id: int | None
    longitude: float | None
    latitude: float | None


@contextmanager
def explain_refusals() -> Iterator[None]:
    """Turn what the database refuses inside the block into an exception of ours.

    Raises:
        Conflict: the case has changed since the version that was given.
        Forbidden: whoever acts may not.
        InputRefused: something is missing or wrong.
        NotFound: the case is not there, or not to be seen.
    """
    try:
        yield
    except psycopg2.errors.UniqueViolation:
        raise
    except _UNFIT as refusal:
        field = refusal.diag.constraint_name or refusal.diag.column_name
        about = f" ({field.replace('_', ' ')})" if field else ""
        msg = f"a value does not fit the case{about}: see that numbers, times and choices are right"
        raise InputRefused(msg) from refusal
    except psycopg2.errors.InsufficientPrivilege as refusal:
        msg = "your role may not do this to a case"
        raise Forbidden(msg) from refusal
    except psycopg2.Error as refusal:
        kind = _REFUSALS.get(refusal.pgcode or "")
        if kind is None:
            raise
        raise kind(refusal.diag.message_primary) from refusal


def place_report(
    connection: PostgresConnection,
    community_id: int,
    day: date,
    *,
    point: tuple[float, float] | None = None,
    building_id: int | None = None,
    compound_id: int | None = None,
    merchant_id: int | None = None,
) -> Place:
    """Return where a case is.

    Args:
        connection: for reading, as whoever acts.
        community_id: of the case.
        day: whose grids count.
        point: EPSG:4490, longitude first; by default that of the merchant, building or compound.
        building_id: by default the merchant's, or the one the point lies in.
        compound_id: by default the building's, or the one the point lies in.
        merchant_id: whose premises it is at.

    Raises:
        NotFound: the community, or what was named, is not there or not to be seen.
        InputRefused: the point lies outside the community.
    """
    longitude, latitude = point or (None, None)
    row = load_queries("incidents").place_report(
        connection,
        community_id=community_id,
        longitude=longitude,
        latitude=latitude,
        building_id=building_id,
        compound_id=compound_id,
        merchant_id=merchant_id,
        day=day,
    )
    if row is None:
        msg = "there is no such community among yours: choose one of the list"
        raise NotFound(msg)
    *place, has_building, has_compound, has_merchant, is_inside = row
    for is_there, what in (
        (has_building, "building"),
        (has_compound, "compound"),
        (has_merchant, "merchant"),
    ):
        if not is_there:
            msg = f"there is no such {what} in this community: choose one of the list"
            raise NotFound(msg)
    if not is_inside:
        msg = "the place lies outside the community: choose one inside its boundary"
        raise InputRefused(msg)
    return Place(*place)


def has_category(connection: PostgresConnection, code: str) -> bool:
    """Tell whether there is a category of that code."""
    return bool(load_queries("incidents").has_category(connection, code=code))


def insert_report(
    connection: PostgresConnection, client_id: str, columns: dict[str, Any], requester: Requester | None
) -> int:
    """Take a report in, in the caller's transaction, and return the id of the case.

    Raises:
        psycopg2.errors.UniqueViolation: there is a report of that ``client_id`` in the community.
        Forbidden: whoever acts takes in no cases there.
        InputRefused: something is wrong.
    """
    queries = load_queries("incidents")
    with explain_refusals():
        queries.insert_report(connection, client_id=client_id, **columns)
        incident_id = find_report(connection, columns["community_id"], client_id)
        if incident_id is None:
            msg = "the case that was just reported is not there"
            raise AssertionError(msg)
        if requester is not None:
            queries.insert_requester(
                connection,
                incident_id=incident_id,
                community_id=columns["community_id"],
                name=requester.name,
                phone=requester.phone,
                room=requester.room,
                wants_secrecy=requester.wants_secrecy,
            )
    return incident_id


def find_report(connection: PostgresConnection, community_id: int, client_id: str) -> int | None:
    """Return the case that the acting account reported by that name, None where it did not."""
    found: int | None = load_queries("incidents").find_report(
        connection, community_id=community_id, client_id=client_id
    )
    return found


def insert_event(
    connection: PostgresConnection, incident_id: int, move: str, version: int, **fields: Any
) -> None:
    """Make a move, in the caller's transaction: the database judges it and applies its effect.

    Args:
        connection: as whoever acts.
        incident_id: the case.
        move: its name.
        version: of the case that whoever acts saw.
        fields: ``reason``, ``note``, ``to_party_id``, ``suggested_party_id``, ``due_at``,
            ``original_due_at``, ``outcome``, ``rating``, ``payload``.

    Raises:
        Conflict: the case has changed since that version.
        Forbidden: whoever acts may not.
        InputRefused: a field is missing or wrong, or the case does not take the move.
        NotFound: the case is not there, or not to be seen.
    """
    given = dict.fromkeys(
        (
            "reason",
            "note",
            "to_party_id",
            "suggested_party_id",
            "due_at",
            "original_due_at",
            "outcome",
            "rating",
        )
    )
    payload = fields.pop("payload", None)
    with explain_refusals():
        load_queries("incidents").insert_event(
            connection,
            incident_id=incident_id,
            move=move,
            version=version,
            payload=None if payload is None else Json(payload),
            **{**given, **fields},
        )


def get_clock_facts(connection: PostgresConnection, incident_id: int) -> ClockFacts:
    """Return what the clock of a case goes by.

    Raises:
        NotFound: the case is not there, or not to be seen.
    """
    row = load_queries("incidents").get_clock_facts(connection, incident_id=incident_id)
    if row is None:
        _refuse_unseen(incident_id)
    return ClockFacts(*row)


def find_pause_start(connection: PostgresConnection, incident_id: int) -> datetime | None:
    """Return since when a suspended case is suspended."""
    since: datetime | None = load_queries("incidents").find_pause_start(connection, incident_id=incident_id)
    return since


def was_sent(connection: PostgresConnection, incident_id: int) -> bool:
    """Tell whether a case has been sent to somebody before."""
    return bool(load_queries("incidents").find_sending(connection, incident_id=incident_id))


def find_asked_due(connection: PostgresConnection, incident_id: int) -> datetime | None:
    """Return the time that was last asked for in an extension."""
    asked: datetime | None = load_queries("incidents").find_asked_due(connection, incident_id=incident_id)
    return asked


def find_hand(
    connection: PostgresConnection, party_id: int, building_id: int | None, category_code: str, day: date
) -> int | None:
    """Return who holds a building for a residents' committee.

    None where the party is no such committee, or where grid workers do not see cases of the category.
    """
    hand: int | None = load_queries("incidents").find_hand(
        connection, party_id=party_id, building_id=building_id, category_code=category_code, day=day
    )
    return hand


def is_withheld(connection: PostgresConnection, party_id: int, category_code: str) -> bool:
    """Tell whether cases of a category are not shown to a party: sealed and sensitive ones to companies."""
    return bool(
        load_queries("incidents").is_withheld(connection, party_id=party_id, category_code=category_code)
    )


def is_asked(connection: PostgresConnection, incident_id: int, request: str) -> bool:
    """Tell whether a request about a case is open: asked, and not answered since."""
    return bool(load_queries("incidents").is_asked(connection, incident_id=incident_id, request=request))


def attach_photo(
    connection: PostgresConnection, incident_id: int, version: int, position: int, photo: KeptPhoto
) -> None:
    """Put a kept photo to the event of one's own by which a case came to a version; positions are 1 to 9."""
    load_queries("incidents").attach_photo(
        connection,
        incident_id=incident_id,
        version=version,
        position=position,
        sha256=photo.sha256,
        media_type=photo.media_type,
        width_px=photo.width_px,
        height_px=photo.height_px,
    )


def list_changes_since(
    connection: PostgresConnection, incident_id: int, version: int
) -> list[tuple[str, str, datetime]]:
    """Return who made which move when since a version of a case."""
    return list(
        load_queries("incidents").list_changes_since(connection, incident_id=incident_id, version=version)
    )


def read_case(connection: PostgresConnection, incident_id: int) -> Case:
    """Return a case as the reader may see it.

    Raises:
        NotFound: it is not there, or not to be seen.
    """
    queries = load_queries("incidents")
    row = queries.get_case(connection, incident_id=incident_id)
    if row is None:
        _refuse_unseen(incident_id)
    words = queries.get_words(connection, incident_id=incident_id)
    requester = queries.get_requester(connection, incident_id=incident_id)
    return replace(
        Case(*row),
        words=Words(*words) if words else None,
        requester=RequesterCard(*requester) if requester else None,
        events=list_events(connection, incident_id),
        photos=tuple(Photo(*photo) for photo in queries.list_photos(connection, incident_id=incident_id)),
    )


def list_events(connection: PostgresConnection, incident_id: int) -> tuple[CaseEvent, ...]:
    """Return the history of a case, oldest first; nothing where it is not to be seen."""
    rows = load_queries("incidents").list_events(connection, incident_id=incident_id)
    return tuple(CaseEvent(*row) for row in rows)


def unseal_case(connection: PostgresConnection, incident_id: int, reason: str) -> Original:
    """Return the words of a case as they were written, and its photos; that they were read, and why, is kept.

    Raises:
        InputRefused: no reason was given.
        NotFound: the case is not there, or the reader may not read it.
    """
    with explain_refusals():
        row = load_queries("incidents").unseal_case(connection, incident_id=incident_id, reason=reason)
    if row is None:
        _refuse_unseen(incident_id)
    *words, photos = row
    return Original(Words(*words), tuple((sha256, media_type) for sha256, media_type in photos))


def unmask_requester(connection: PostgresConnection, incident_id: int, reason: str) -> Requester:
    """Return who asked, unmasked; that it was read, and why, is kept.

    Raises:
        InputRefused: no reason was given.
        NotFound: nobody is known, or the reader may not know.
    """
    with explain_refusals():
        row = load_queries("incidents").unmask_requester(connection, incident_id=incident_id, reason=reason)
    if row is None:
        msg = f"nobody is known to have asked for case {incident_id}, or not to you"
        raise NotFound(msg)
    return Requester(*row)


def _refuse_unseen(incident_id: int) -> Any:
    msg = f"there is no case {incident_id} that you can see"
    raise NotFound(msg)

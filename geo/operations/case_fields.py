"""What is given with a report or a move, cleaned and completed: words, places, times, whom it goes to."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import InputRefused
from geo.model.incident import Correction, NewIncident
from geo.operations.deadlines import choose_route_and_due, find_day, find_new_due, find_resumed_dues
from geo.rules.inert import strip_controls
from geo.rules.workflow import find_move
from geo.store import incidents
from geo.store.incidents import ClockFacts, Place

LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 4000
LONGEST_NAME: Final = 200


def complete_move(
    connection: PostgresConnection, incident_id: int, case: ClockFacts, move: str, fields: dict[str, Any]
) -> dict[str, Any]:
    """Return the columns of an event: what was given, cleaned, and the times that follow from the clocks.

    Args:
        connection: as whoever acts.
        incident_id: the case.
        case: what its clock goes by.
        move: name of the move.
        fields: the fields of :func:`geo.operations.incidents.act`.

    Raises:
        InputRefused: a field is wrong.
        NotFound: a place named is not there.
    """
    given = {
        name: fields.get(name)
        for name in ("reason", "to_party_id", "suggested_party_id", "outcome", "rating")
    }
    given["note"] = clean_text(fields.get("note"), LONGEST_TEXT, "note")
    given["due_at"] = read_moment(fields.get("due_at"), "due_at")
    if fields.get("parent_id") is not None:
        given["payload"] = {"parent_id": fields["parent_id"]}
    if fields.get("correction") is not None:
        given["payload"] = _spell_correction(connection, case, fields["correction"])
    row = find_move(move, case.state)
    effects = () if row is None else row.effects
    now = datetime.now(UTC)
    if move == "dispatch":
        if given["to_party_id"] is None:
            given["to_party_id"] = _route_again(connection, case)
        # The first leg has the time of the case; whoever gets it later, a time of his own.
        is_first = not incidents.was_sent(connection, incident_id) and case.due_at is not None
        given["due_at"] = case.due_at if is_first else find_new_due(connection, case, now)
    elif move == "approve_extension":
        given["due_at"] = given["due_at"] or incidents.find_asked_due(connection, incident_id)
    elif move == "resume":
        since = incidents.find_pause_start(connection, incident_id)
        if since is not None:
            given["due_at"], given["original_due_at"] = find_resumed_dues(connection, case, since, now)
    elif move == "reopen":
        given["due_at"] = find_new_due(connection, case, now)
    elif "due_if_none" in effects:
        given["due_at"] = case.due_at or find_new_due(connection, case, now)
    return given


def _route_again(connection: PostgresConnection, case: ClockFacts) -> int:
    point = None if case.longitude is None or case.latitude is None else (case.longitude, case.latitude)
    return choose_route_and_due(
        connection, case.community_id, case.category_code, datetime.now(UTC),
        building_id=case.building_id, compound_id=case.compound_id, merchant_id=case.merchant_id, point=point,
    ).party_id  # fmt: skip


def _spell_correction(
    connection: PostgresConnection, case: ClockFacts, correction: Correction
) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "category_code": correction.category_code,
        "title": clean_text(correction.title, LONGEST_TITLE, "title"),
        "description": clean_text(correction.description, LONGEST_TEXT, "description"),
        "address": clean_text(correction.address, LONGEST_NAME, "address"),
    }
    payload = {name: value for name, value in payload.items() if value is not None}
    places = (correction.longitude, correction.latitude, correction.building_id, correction.compound_id)
    if any(value is not None for value in (*places, correction.merchant_id)):
        payload |= find_place(connection, case.community_id, case.reported_at, correction).columns
    return payload


def find_place(
    connection: PostgresConnection, community_id: int, moment: datetime, told: NewIncident | Correction
) -> Place:
    """Return where a case is, from what was told of the place.

    Raises:
        InputRefused: it lies outside the community, or is told by half.
        NotFound: the community or what was named is not there.
    """
    return incidents.place_report(
        connection, community_id, find_day(moment), point=read_point(told), building_id=told.building_id,
        compound_id=told.compound_id, merchant_id=told.merchant_id,
    )  # fmt: skip


def read_point(told: NewIncident | Correction) -> tuple[float, float] | None:
    """Return the point that was told, EPSG:4490, longitude first; None without one.

    Raises:
        InputRefused: it is told by half, or is no number.
    """
    if told.longitude is None and told.latitude is None:
        return None
    if told.longitude is None or told.latitude is None:
        msg = "a place needs both a longitude and a latitude"
        raise InputRefused(msg)
    if not (math.isfinite(told.longitude) and math.isfinite(told.latitude)):
        msg = "the place lies outside the community: choose one inside its boundary"
        raise InputRefused(msg)
    return told.longitude, told.latitude


def clean_text(text: str | None, longest: int, what: str) -> str | None:
    """Return words without what cannot be seen; None where nothing is left.

    Raises:
        InputRefused: they are longer than ``longest`` characters.
    """
    clean = strip_controls(text or "").strip()
    if len(clean) > longest:
        msg = f"the {what.replace('_', ' ')} has {len(clean):,} characters: shorten it to {longest:,}"
        raise InputRefused(msg)
    return clean or None


def read_moment(moment: datetime | None, what: str) -> datetime | None:
    """Return a moment as it was given.

    Raises:
        InputRefused: it has no time zone.
    """
    if moment is not None and moment.tzinfo is None:
        msg = f"{what} needs a time zone"
        raise InputRefused(msg)
    return moment


def refuse_unknown(value: str, known: Sequence[str], what: str) -> None:
    """Refuse a value that is none of a list.

    Raises:
        InputRefused: it is none.
    """
    if value not in known:
        msg = f"“{value}” is no {what}: choose one of {', '.join(known)}"
        raise InputRefused(msg)

"""What people do with cases: report them, settle them, pass them on. Each is one transaction of whoever acts.

Photos are kept before the transaction begins; one that belongs to no case in the end is shown to nobody.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, InputRefused, WanggeError
from geo.model.incident import SOURCES, Case, Correction, NewIncident, Original, Requester
from geo.operations.case_fields import (
    LONGEST_NAME,
    LONGEST_TEXT,
    LONGEST_TITLE,
    clean_text,
    complete_move,
    find_place,
    read_moment,
    read_point,
    refuse_unknown,
)
from geo.operations.deadlines import CHINA, choose_route_and_due
from geo.rules.titles import derive_title
from geo.rules.workflow import MOST_DISSATISFIED, MOVES, OUTCOMES, REQUEST_KINDS, SEVERITIES
from geo.store import incidents
from geo.store.engine import connect, transaction
from geo.store.photos import KeptPhoto, keep_photos

__all__ = [
    "BulkOutcome", "Case", "Correction", "NewIncident", "Original", "Requester", "act", "act_on_many",
    "act_within", "get_case", "report_and_settle", "report_incident", "report_return", "reveal_case",
    "reveal_requester", "settle_on_spot",
]  # fmt: skip

_MOST_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """What became of many cases: the ids of those the move was made on, and of the others with the reason."""

    done: list[int]
    refused: list[tuple[int, str]]


def report_incident(new: NewIncident) -> int:
    """Take a case in and give it to whoever has to deal with it; return its id.

    A report that was sent before, by the same account and with the same ``client_id``, is the case it became.

    Raises:
        InputRefused: something is wrong or missing.
        NotFound: the community or a place named is not there.
        Forbidden: whoever acts takes in no cases.
        Conflict: somebody else's report has that ``client_id``.
    """
    return _report_once(new, lambda _connection, _incident_id: None)


def report_and_keep(new: NewIncident, keep: Callable[[PostgresConnection], None]) -> int:
    """Take a case in as :func:`report_incident`, and keep something else with it: both, or neither.

    Args:
        new: the case.
        keep: writes the rest, in the transaction of the report; not where the report was sent before.
    """
    return _report_once(new, lambda connection, _incident_id: keep(connection))


def report_and_settle(
    new: NewIncident, outcome: str, note: str | None = None, photos: Sequence[bytes] = ()
) -> int:
    """Take a case in that is settled already, in one step; return its id.

    Args:
        new: the case.
        outcome: how it ended.
        note: what there is to say.
        photos: files of pictures of how it is now; those of ``new`` show how it was.

    Raises:
        InputRefused: something is wrong or missing.
        NotFound: the community or a place named is not there.
        Forbidden: whoever acts may not.
        Conflict: somebody else's report has that ``client_id``.
    """
    kept = keep_photos(photos)

    def settle(connection: PostgresConnection, incident_id: int) -> None:
        _act(connection, incident_id, "self_handle", 1, kept, {"outcome": outcome, "note": note})

    return _report_once(new, settle)


def report_return(new: NewIncident, earlier_id: int, version: int) -> int:
    """Take in that what was settled has come back, as a case that goes back to the earlier; return its id.

    The history of the earlier one says that somebody looked again and found it so.

    Args:
        new: the case.
        earlier_id: the settled one.
        version: of the settled one, as whoever acts saw it.

    Raises:
        InputRefused: something is wrong or missing, or the earlier case is not settled.
        NotFound: the earlier case, or a place named, is not there or not to be seen.
        Forbidden: whoever acts may not.
        Conflict: the earlier case has changed, or somebody else's report has that ``client_id``.
    """

    def link(connection: PostgresConnection, incident_id: int) -> None:
        _act(connection, incident_id, "link_relapse", 1, (), {"parent_id": earlier_id})
        _act(connection, earlier_id, "recheck", version, (), {"reason": "came_back"})

    return _report_once(new, link)


def settle_on_spot(
    incident_id: int, version: int, outcome: str, note: str | None = None, photos: Sequence[bytes] = ()
) -> None:
    """Settle a case in one step: from wherever it is before verifying to closed.

    Raises:
        InputRefused, NotFound, Forbidden, Conflict: as :func:`act`.
    """
    act(incident_id, "self_handle", version, outcome=outcome, note=note, photos=photos)


def act(
    incident_id: int,
    move: str,
    version: int,
    *,
    reason: str | None = None,
    note: str | None = None,
    to_party_id: int | None = None,
    due_at: datetime | None = None,
    outcome: str | None = None,
    suggested_party_id: int | None = None,
    rating: int | None = None,
    parent_id: int | None = None,
    correction: Correction | None = None,
    photos: Sequence[bytes] = (),
) -> None:
    """Make a move on a case; which may be made when, :data:`geo.rules.workflow.MOVES` says.

    Args:
        incident_id: the case.
        move: name of the move.
        version: of the case as whoever acts saw it.
        reason: a code of the move's list.
        note: words.
        to_party_id: whom it goes to, or who is called; by default whom a dispatch goes to by the duty rules.
        due_at: until when: the extension asked for or agreed (by default what was asked for), the day a
            suspension is looked at again, the limit of a supervision.
        outcome: how it ended.
        suggested_party_id: whose it is, in the opinion of whoever returns it.
        rating: 1 (very dissatisfied) to 5; 1 and 2 also ask for reopening.
        parent_id: the earlier case that has come back in this one.
        correction: what is put right.
        photos: files of pictures.

    Raises:
        InputRefused: a field is missing or wrong, or the case does not take the move in its state.
        Forbidden: the role may not, not on this case, or it must be somebody else.
        Conflict: the case has changed since ``version``; the sentence says who did what.
        NotFound: the case is not there, or not to be seen.
    """
    fields = {
        "reason": reason, "note": note, "to_party_id": to_party_id, "due_at": due_at, "outcome": outcome,
        "suggested_party_id": suggested_party_id, "rating": rating, "parent_id": parent_id,
        "correction": correction,
    }  # fmt: skip
    kept = keep_photos(photos)
    with transaction() as connection:
        _act(connection, incident_id, move, version, kept, fields)


def act_within(
    connection: PostgresConnection, incident_id: int, move: str, version: int, **fields: Any
) -> None:
    """Make a move as :func:`act` does, in the caller's transaction; a refusal undoes this move alone."""
    _act(connection, incident_id, move, version, (), fields)


def act_on_many(ids_with_versions: Iterable[tuple[int, int]], move: str, **same: Any) -> BulkOutcome:
    """Make the same move on many cases: each is judged alone, and those refused stay as they are.

    Args:
        ids_with_versions: the cases and their versions.
        move: name of the move.
        same: the fields of :func:`act`, one for all.

    Raises:
        InputRefused: there are more than 500, or a photo is not to be taken.
    """
    # In one order, so that two who act on the same cases never wait for each other.
    cases = sorted(set(ids_with_versions))
    if len(cases) > _MOST_AT_ONCE:
        msg = f"{len(cases):,} cases are too many at once: choose at most {_MOST_AT_ONCE}"
        raise InputRefused(msg)
    kept = keep_photos(same.pop("photos", ()))
    outcome = BulkOutcome([], [])
    with transaction() as connection:
        for incident_id, version in cases:
            try:
                _act(connection, incident_id, move, version, kept, same)
                outcome.done.append(incident_id)
            except WanggeError as refusal:
                outcome.refused.append((incident_id, str(refusal)))
    return outcome


def get_case(incident_id: int) -> Case:
    """Return a case as whoever acts may see it.

    Raises:
        NotFound: it is not there, or not to be seen.
    """
    with connect() as connection:
        return incidents.read_case(connection, incident_id)


def reveal_case(incident_id: int, reason: str) -> Original:
    """Return the words of a case as they were written, and its photos; the log keeps who read them and why.

    Raises:
        InputRefused: no reason was given.
        NotFound: the case is not there, or the role may not read it.
    """
    with transaction() as connection:
        return incidents.unseal_case(
            connection, incident_id, clean_text(reason, LONGEST_NAME, "reason") or ""
        )


def reveal_requester(incident_id: int, reason: str) -> Requester:
    """Return who asked, unmasked; the log keeps who read it and why.

    Raises:
        InputRefused: no reason was given.
        NotFound: nobody is known, or the role may not know.
    """
    with transaction() as connection:
        return incidents.unmask_requester(
            connection, incident_id, clean_text(reason, LONGEST_NAME, "reason") or ""
        )


def _report_once(new: NewIncident, settle: Callable[[PostgresConnection, int], None]) -> int:
    kept = keep_photos(new.photos)
    client_id = clean_text(new.client_id, LONGEST_NAME, "client_id") or uuid.uuid4().hex
    try:
        with transaction() as connection:
            known = incidents.find_report(connection, new.community_id, client_id)
            if known is not None:
                return known
            incident_id = _report(connection, new, client_id, kept)
            settle(connection, incident_id)
            return incident_id
    except psycopg2.errors.UniqueViolation as clash:
        # Sent twice at once: the other one was first.
        with connect() as connection:
            known = incidents.find_report(connection, new.community_id, client_id)
        if known is None:
            msg = f"another report of this community is called {client_id}: give this one a name of its own"
            raise Conflict(msg) from clash
        return known


def _report(
    connection: PostgresConnection, new: NewIncident, client_id: str, photos: Sequence[KeptPhoto]
) -> int:
    refuse_unknown(new.source, SOURCES, "source")
    refuse_unknown(new.severity, SEVERITIES, "severity")
    if new.request_kind is not None:
        refuse_unknown(new.request_kind, REQUEST_KINDS, "kind of request")
    description = clean_text(new.description, LONGEST_TEXT, "description")
    if description is None:
        msg = "say in a few words what is the matter"
        raise InputRefused(msg)
    if not incidents.has_category(connection, new.category_code):
        msg = f"there is no category {new.category_code}: choose one of the list"
        raise InputRefused(msg)
    now = datetime.now(UTC)
    reported_at = read_moment(new.reported_at, "reported_at") or now
    if reported_at > now:
        msg = "the case is reported for a time that is yet to come: give when it was reported"
        raise InputRefused(msg)
    place = find_place(connection, new.community_id, reported_at, new)
    chosen = choose_route_and_due(
        connection, new.community_id, new.category_code, reported_at,
        building_id=place.building_id, compound_id=place.compound_id, merchant_id=place.merchant_id,
        point=read_point(new),
    )  # fmt: skip
    columns = {
        "community_id": new.community_id,
        "category_code": new.category_code,
        "source": new.source,
        "request_kind": new.request_kind,
        "severity": new.severity,
        "title": clean_text(new.title, LONGEST_TITLE, "title") or derive_title(description),
        "description": description,
        "address": clean_text(new.address, LONGEST_NAME, "address"),
        **place.columns,
        "party_id": chosen.party_id,
        "duty_rule_id": chosen.duty_rule_id,
        "reported_at": reported_at,
        "due_at": chosen.due_at,
    }
    incident_id = incidents.insert_report(connection, client_id, columns, _clean_requester(new.requester))
    _attach(connection, incident_id, 1, photos)
    return incident_id


def _act(
    connection: PostgresConnection,
    incident_id: int,
    move: str,
    version: int,
    photos: Sequence[KeptPhoto],
    fields: dict[str, Any],
) -> None:
    if all(each.name != move for each in MOVES):
        msg = f"there is no move called {move}"
        raise InputRefused(msg)
    if fields.get("outcome") is not None:
        refuse_unknown(fields["outcome"], OUTCOMES, "outcome")
    rating = fields.get("rating")
    if rating is not None and rating not in range(1, 6):
        msg = f"a rating of {rating} is not one of 1 to 5"
        raise InputRefused(msg)
    with _explain_conflict(connection, incident_id, version):
        case = incidents.get_clock_facts(connection, incident_id)
        given = complete_move(connection, incident_id, case, move, fields)
        incidents.insert_event(connection, incident_id, move, version, **given)
        _attach(connection, incident_id, version + 1, photos)
        dissatisfied = move == "rate" and rating is not None and rating <= MOST_DISSATISFIED
        if dissatisfied and not incidents.is_asked(connection, incident_id, "request_reopen"):
            incidents.insert_event(
                connection, incident_id, "request_reopen", version + 1, reason="not_satisfied"
            )


@contextmanager
def _explain_conflict(connection: PostgresConnection, incident_id: int, version: int) -> Iterator[None]:
    """Undo what the block did where it is refused, and tell who was faster if that is why."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT move")
        try:
            yield
        except (WanggeError, psycopg2.Error) as refusal:
            cursor.execute("ROLLBACK TO SAVEPOINT move")
            if isinstance(refusal, Conflict):
                changes = incidents.list_changes_since(connection, incident_id, version)
                raise Conflict(_tell_changes(changes)) from refusal
            raise
        cursor.execute("RELEASE SAVEPOINT move")


def _tell_changes(changes: Sequence[tuple[str, str, datetime]]) -> str:
    told = ", ".join(
        f"{who} {move.replace('_', ' ')} at {at.astimezone(CHINA):%m-%d %H:%M}" for who, move, at in changes
    )
    return f"somebody was faster ({told or 'the case is not at that version'}): look at the case again"


def _attach(
    connection: PostgresConnection, incident_id: int, version: int, photos: Sequence[KeptPhoto]
) -> None:
    for position, photo in enumerate(photos, start=1):
        incidents.attach_photo(connection, incident_id, version, position, photo)


def _clean_requester(requester: Requester | None) -> Requester | None:
    if requester is None:
        return None
    return replace(
        requester,
        name=clean_text(requester.name, LONGEST_NAME, "name"),
        phone=clean_text(requester.phone, LONGEST_NAME, "phone"),
        room=clean_text(requester.room, LONGEST_NAME, "room"),
    )

"""Every move × role × state, asked of the database itself: allowed exactly where the table says."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extras import Json

from geo.errors import Forbidden, InputRefused, NotFound, WanggeError
from geo.rules.workflow import MOVES, OUTCOMES, STATES, find_move
from geo.store import incidents
from geo.store.engine import acting_as, load_queries, transaction
from tests.case_town import CaseTown, found_town

_NAMES = sorted({move.name for move in MOVES})
_MOVE = "INSERT INTO incident_event (incident_id, move, expected_version, {}) VALUES ({{id}}, '{}', 0, {})"
_LATER = datetime.now(UTC) + timedelta(days=40)


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


@pytest.fixture
def owner(database_url: str, town: CaseTown) -> Iterator[PostgresConnection]:
    with closing(psycopg2.connect(database_url)) as connection:
        yield connection


def put_case(owner: PostgresConnection, town: CaseTown, state: str, **values: object) -> int:
    """Put a case into a state as an import does: with the company, in the worker's building."""
    at = datetime.now(UTC) - timedelta(hours=5)
    columns: dict[str, object] = {
        "community_id": town.id, "category_code": "E402", "source": "phone", "state": state,
        "building_id": town.building, "grid_id": town.grid, "party_id": town.company, "reported_at": at,
        "due_at": datetime.now(UTC) + timedelta(days=2),
    }  # fmt: skip
    if state in {"closed", "rated"}:
        columns |= {"closed_at": at, "outcome": "resolved"}
    columns |= values
    with owner.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO incident ({', '.join(columns)}) VALUES %s RETURNING id", [tuple(columns.values())]
        )
        return int(cursor.fetchall()[0][0])


def choose_fields(town: CaseTown, move: str, state: str, parent_id: int) -> dict[str, Any]:
    """Return fields with which nothing is missing."""
    row = find_move(move, state) or next(each for each in MOVES if each.name == move)
    given = {
        "to_party": ("to_party_id", town.department),
        "suggested_party": ("suggested_party_id", town.department),
        "reason": ("reason", row.reasons[0] if row.reasons else None),
        "note": ("note", "已到现场"),
        "due_at": ("due_at", _LATER),
        "outcome": ("outcome", OUTCOMES[0]),
        "rating": ("rating", 4),
        "correction": ("payload", {"category_code": "E403"}),
        "parent": ("payload", {"parent_id": parent_id}),
    }
    return dict(given[field] for field in row.required)


def expect(move: str, state: str, role: str, *, is_own: bool, is_seen: bool) -> type[WanggeError] | None:
    """Say again, slowly, what the table says."""
    rows = [each for each in MOVES if each.name == move]
    if move == "report":
        return Forbidden
    if not any(role in {*row.roles, *row.own_roles} for row in rows):
        return Forbidden
    if not is_seen:
        return NotFound
    here = [row for row in rows if state in row.from_states]
    if not here:
        return InputRefused
    if role in here[0].roles or (is_own and role in here[0].own_roles):
        return None
    return Forbidden


@pytest.mark.parametrize(
    ("who", "is_own", "is_seen"),
    [
        ("secretary", True, True),
        ("worker", True, True),
        ("colleague", False, True),
        ("company", True, True),
        ("leader", False, True),
        ("administrator", False, True),
        ("wall", False, False),
    ],
)
def test_every_move_is_allowed_exactly_where_the_table_says(
    town: CaseTown, owner: PostgresConnection, who: str, is_own: bool, is_seen: bool
) -> None:
    parent_id = put_case(owner, town, "closed")
    cases = {(state, asked): put_case(owner, town, state) for state in STATES for asked in (False, True)}
    owner.commit()
    versions = dict.fromkeys(cases.values(), 0)
    with acting_as(town.actor("secretary")), transaction() as connection:
        for (state, asked), incident_id in cases.items():
            for request in ("request_extension", "request_reopen", "whistle"):
                if asked and find_move(request, state):
                    fields = choose_fields(town, request, state, parent_id)
                    incidents.insert_event(connection, incident_id, request, versions[incident_id], **fields)
                    versions[incident_id] += 1
    wrong, allowed = [], 0
    with acting_as(town.actor(who)), transaction() as connection:
        for move in _NAMES:
            answers = any(row.answers for row in MOVES if row.name == move)
            for state in STATES:
                incident_id = cases[state, answers]
                fields = choose_fields(town, move, state, parent_id)
                outcome = try_move(connection, incident_id, move, versions[incident_id], fields)
                role = town.actor(who).role or ""
                expected = expect(move, state, role, is_own=is_own, is_seen=is_seen)
                allowed += outcome is None
                if outcome is not expected:
                    wrong.append((move, state, outcome, expected))
    assert wrong == []
    assert (allowed > 0) == (who in {"secretary", "worker", "colleague", "company", "leader"})


def try_move(
    connection: PostgresConnection, incident_id: int, move: str, version: int, fields: dict[str, Any]
) -> type[Exception] | None:
    """Make a move and take it back; return what it was refused with."""
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT trial")
        try:
            incidents.insert_event(connection, incident_id, move, version, **fields)
        except WanggeError as refusal:
            return type(refusal)
        finally:
            cursor.execute("ROLLBACK TO SAVEPOINT trial")
    return None


def test_the_database_has_the_table_that_python_has(owner: PostgresConnection) -> None:
    with owner.cursor() as cursor:
        cursor.execute(
            "SELECT name, from_states, to_state, kind, roles, own_roles, required, reasons, effects, answers,"
            " by_other, most_days FROM workflow_move"
        )
        stored = sorted(cursor.fetchall())
    written = sorted(
        (
            m.name, list(m.from_states), m.to_state, m.kind, list(m.roles), list(m.own_roles),
            list(m.required), list(m.reasons), list(m.effects), m.answers, m.by_other, m.most_days,
        )
        for m in MOVES
    )  # fmt: skip
    assert stored == written


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE incident SET state = 'closed' WHERE id = {id}",
        "UPDATE incident SET party_id = NULL",
        "UPDATE incident SET version = version + 1",
        "DELETE FROM incident",
        "DELETE FROM incident_event",
        "UPDATE incident_event SET reason = 'other'",
        "TRUNCATE incident_event",
        "UPDATE workflow_move SET roles = '{{grid_worker}}'",
        "INSERT INTO workflow_move SELECT * FROM workflow_move",
        _MOVE.format("account_id", "accept", "1"),
        _MOVE.format("role", "accept", "'secretary'"),
        _MOVE.format("actor_party_id", "accept", "1"),
        _MOVE.format("at", "accept", "now()"),
        _MOVE.format("to_state", "note", "'closed'"),
        "INSERT INTO incident_photo (incident_id) VALUES ({id})",
        "INSERT INTO incident (community_id, category_code, source, reported_at, state)"
        " VALUES (1, 'E101', 'patrol', now(), 'closed')",
        "INSERT INTO incident (community_id, category_code, source, reported_at, version)"
        " VALUES (1, 'E101', 'patrol', now(), 7)",
        "INSERT INTO layer_touch (layer, community_id) VALUES ('incidents', 1)",
        "SELECT payload FROM incident_event",
        "SELECT note FROM incident_event",
        "SELECT title FROM incident",
    ],
)
def test_the_application_writes_nothing_but_reports_and_moves(
    town: CaseTown, owner: PostgresConnection, statement: str
) -> None:
    incident_id = put_case(owner, town, "reported")
    owner.commit()
    for who in ("secretary", "worker"):
        with acting_as(town.actor(who)), transaction() as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(statement.format(id=incident_id))
            connection.rollback()


@pytest.mark.parametrize("move", [None, "report"])
def test_history_is_not_made_up(town: CaseTown, owner: PostgresConnection, move: str | None) -> None:
    incident_id = put_case(owner, town, "reported")
    owner.commit()
    with acting_as(town.actor("secretary")), transaction() as connection, connection.cursor() as cursor:
        # The trigger passes these by; the columns that the application may not give are then missing.
        with pytest.raises((psycopg2.errors.NotNullViolation, psycopg2.errors.InsufficientPrivilege)):
            cursor.execute(
                "INSERT INTO incident_event (incident_id, move, expected_version) VALUES (%s, %s, 0)",
                (incident_id, move),
            )
        connection.rollback()


def test_two_moves_in_one_statement_are_judged_one_after_the_other(
    town: CaseTown, owner: PostgresConnection
) -> None:
    incident_id = put_case(owner, town, "reported")
    owner.commit()
    both = (
        "INSERT INTO incident_event (incident_id, move, expected_version, outcome)"
        " VALUES (%s, %s, 0, %s), (%s, %s, %s, %s)"
    )
    again = ("self_handle", 0, "unresolvable")
    late = ("accept", 1, None)
    for second, sentence in ((again, "somebody was faster"), (late, "a case that is closed")):
        with acting_as(town.actor("secretary")), transaction() as connection, connection.cursor() as cursor:
            with pytest.raises(psycopg2.Error, match=sentence):
                cursor.execute(both, (incident_id, "self_handle", "resolved", incident_id, *second))
            connection.rollback()


def test_a_case_of_another_community_or_sealed_to_the_role_is_not_there(
    town: CaseTown, owner: PostgresConnection
) -> None:
    foreign = put_case(
        owner, town, "reported", community_id=town.other_id, building_id=None, grid_id=None,
        party_id=town.stranger,
    )  # fmt: skip
    sealed = put_case(owner, town, "reported", category_code="E905", sensitivity="S3")
    owner.commit()
    for who, hidden in (
        ("secretary", [foreign]),
        ("worker", [foreign, sealed]),
        ("leader", [foreign, sealed]),
    ):
        with acting_as(town.actor(who)), transaction() as connection:
            for incident_id in hidden:
                assert try_move(connection, incident_id, "note", 0, {"note": "看到"}) is NotFound
    with acting_as(town.actor("secretary")), transaction() as connection:
        assert try_move(connection, sealed, "note", 0, {"note": "看到"}) is None


def test_an_import_does_not_undo_what_was_done_here(town: CaseTown, owner: PostgresConnection) -> None:
    incident_id, untouched = put_case(owner, town, "reported"), put_case(owner, town, "reported")
    owner.commit()
    with acting_as(town.actor("secretary")), transaction() as connection:
        incidents.insert_event(connection, incident_id, "accept", 0)
    with owner.cursor() as cursor:
        cursor.execute("UPDATE incident SET state = 'handling', severity = 'high', version = 0")
        cursor.execute("SELECT id, state, severity, version FROM incident ORDER BY id")
        assert cursor.fetchall() == [(incident_id, "accepted", "high", 1), (untouched, "handling", "high", 0)]


def test_payload_is_json_of_the_fields_that_may_be_corrected(
    town: CaseTown, owner: PostgresConnection
) -> None:
    incident_id = put_case(owner, town, "reported")
    owner.commit()
    for payload in ({"state": "closed"}, {"party_id": 1}, {"version": 9}, {"category_code": "E9999"}, {}):
        with acting_as(town.actor("secretary")), transaction() as connection:
            assert try_move(connection, incident_id, "correct", 0, {"payload": payload}) is InputRefused
    with acting_as(town.actor("secretary")), transaction() as connection, connection.cursor() as cursor:
        with pytest.raises(psycopg2.Error):
            load_queries("incidents").insert_event(
                connection, incident_id=incident_id, move="correct", version=0, reason=None, note=None,
                to_party_id=None, suggested_party_id=None, due_at=None, original_due_at=None, outcome=None,
                rating=None, payload=Json({"building_id": "no number"}),
            )  # fmt: skip
        cursor.execute("ROLLBACK")

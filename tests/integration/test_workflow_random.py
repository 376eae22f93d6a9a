"""Random moves by random people, some at once: no case is ever undefined, nobody's, or unlike its history."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.incident import Correction
from geo.operations.incidents import act, report_and_settle, report_incident
from geo.rules.workflow import MOVES, OUTCOMES, STATES, Present, replay
from geo.store.engine import acting_as
from geo.store.incidents import list_events
from tests.case_town import CaseTown, found_town

_REFUSED = (Conflict, Forbidden, InputRefused, NotFound)
_PEOPLE = ("secretary", "worker", "colleague", "company", "leader", "wall", "administrator")
_NAMES = sorted({move.name for move in MOVES} - {"report"})
_COLUMNS = [field.name for field in fields(Present)]


def draw_fields(town: CaseTown, move: str, dice: random.Random, others: list[int]) -> dict[str, Any]:
    """Return fields for a move: mostly what it asks for, now and then something missing or wrong."""
    reasons = [reason for row in MOVES if row.name == move for reason in row.reasons]
    parties = [town.company, town.department, town.worker, town.committee]
    given: dict[str, Any] = {
        "reason": dice.choice(reasons) if reasons else None,
        "note": dice.choice(["已到现场", "再看看 13812345678", "'; DROP TABLE incident; --"]),
        "to_party_id": dice.choice(parties),
        "suggested_party_id": dice.choice(parties),
        "due_at": datetime.now(UTC) + timedelta(days=dice.randint(1, 80)),
        "outcome": dice.choice(OUTCOMES),
        "rating": dice.randint(1, 5),
        "parent_id": dice.choice(others),
        "correction": Correction(
            category_code=dice.choice(["E101", "E402", "E701"]),
            building_id=dice.choice([None, town.building]),
        ),
    }
    if dice.random() < 0.2:
        given.pop(dice.choice(list(given)))
    if dice.random() < 0.1:
        wrong = {
            "reason": "magic",
            "to_party_id": town.departed,
            "rating": 9,
            "due_at": datetime(2020, 1, 1, tzinfo=UTC),
        }
        name = dice.choice(list(wrong))
        given[name] = wrong[name]
    return {name: value for name, value in given.items() if value is not None}


def read_history(owner: PostgresConnection, incident_id: int) -> tuple[Present, Present, int]:
    """Return a case as it is stored, as its history replays, and the number of its events."""
    owner.rollback()
    with owner.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM incident WHERE id = %s", (incident_id,))
        stored = Present(*cursor.fetchall()[0])
        cursor.execute("SELECT id, payload FROM incident_event WHERE incident_id = %s", (incident_id,))
        payloads = dict(cursor.fetchall())
    events = [replace(event, payload=payloads[event.id]) for event in list_events(owner, incident_id)]
    assert [event.version for event in events] == list(range(1, len(events) + 1))
    return stored, replay(events), len(events)


class Cases(RuleBasedStateMachine):
    """Cases of one town, and people who do what comes to their minds."""

    town: ClassVar[CaseTown]
    owner: ClassVar[PostgresConnection]
    made: ClassVar[dict[str, int]] = {}
    cases = Bundle("cases")

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[int, int] = {}

    @rule(target=cases, who=st.sampled_from(["secretary", "worker", "colleague"]), settled=st.booleans())
    def report(self, who: str, settled: bool) -> int:
        new = self.town.report(building_id=None if settled else self.town.building)
        with acting_as(self.town.actor(who)):
            incident_id = report_and_settle(new, "resolved") if settled else report_incident(new)
        self.versions[incident_id] = 2 if settled else 1
        return incident_id

    @rule(
        incident_id=cases,
        who=st.sampled_from(_PEOPLE),
        move=st.sampled_from(_NAMES),
        seed=st.integers(0, 2**32),
    )
    def move(self, incident_id: int, who: str, move: str, seed: int) -> None:
        self.attempt(incident_id, who, move, random.Random(seed))

    @rule(incident_id=cases, seed=st.integers(0, 2**32))
    def live_on(self, incident_id: int, seed: int) -> None:
        """Choose among the moves that the case takes, several times, so that cases come far."""
        dice = random.Random(seed)
        for _ in range(6):
            state = read_history(self.owner, incident_id)[0].state
            able = [row for row in MOVES if state in row.from_states and row.name not in {"note", "void"}]
            onward = [row for row in able if row.to_state] if dice.random() < 0.6 else able
            if not onward:
                return
            chosen = dice.choice(onward)
            role = dice.choice(chosen.roles + chosen.own_roles)
            people = {"grid_worker": ["worker", "colleague"], "property_company": ["company"]}
            self.attempt(incident_id, dice.choice(people.get(role, [role])), chosen.name, dice)

    @rule(
        incident_id=cases,
        pair=st.tuples(*[st.tuples(st.sampled_from(_PEOPLE[:4]), st.sampled_from(_NAMES))] * 2),
        seed=st.integers(0, 2**32),
    )
    def move_at_once(self, incident_id: int, pair: tuple[tuple[str, str], ...], seed: int) -> None:
        """At most one of two who saw the same version wins."""
        dice, version = random.Random(seed), self.versions[incident_id]
        start, won = threading.Barrier(2), []

        def run(who: str, move: str, given: dict[str, Any]) -> None:
            start.wait()
            with acting_as(self.town.actor(who)):
                try:
                    act(incident_id, move, version, **given)
                    won.append((move, given))
                except _REFUSED:
                    pass

        threads = [
            threading.Thread(
                target=run, args=(who, move, draw_fields(self.town, move, dice, list(self.versions)))
            )
            for who, move in pair
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(won) <= 1
        for move, given in won:
            self.count(incident_id, move, given)

    def attempt(self, incident_id: int, who: str, move: str, dice: random.Random) -> None:
        """Make a move; where it is refused, nothing has changed."""
        version = self.versions[incident_id] - (dice.random() < 0.05)
        given = draw_fields(self.town, move, dice, list(self.versions))
        before = read_history(self.owner, incident_id)
        try:
            with acting_as(self.town.actor(who)):
                act(incident_id, move, version, **given)
        except _REFUSED as refusal:
            sentence = str(refusal)
        else:
            sentence = ""
            assert version == self.versions[incident_id]
            self.count(incident_id, move, given)
        assert "\n" not in sentence
        assert not sentence or read_history(self.owner, incident_id) == before

    def count(self, incident_id: int, move: str, given: dict[str, Any]) -> None:
        self.made[move] = self.made.get(move, 0) + 1
        stored = read_history(self.owner, incident_id)[0]
        extra = 1 if move == "rate" and given["rating"] <= 2 else 0
        assert stored.version in {self.versions[incident_id] + 1, self.versions[incident_id] + 1 + extra}
        self.versions[incident_id] = stored.version

    @invariant()
    def each_case_is_what_its_history_says(self) -> None:
        for incident_id, version in self.versions.items():
            stored, told, events = read_history(self.owner, incident_id)
            told.category_code = told.category_code or stored.category_code
            assert stored == told
            assert stored.version == events == version
            assert stored.state in STATES
            assert stored.party_id is not None
            assert (stored.state in {"closed", "rated"}) == (stored.closed_at is not None)


@pytest.fixture
def played(database_url: str) -> Iterator[Callable[[int], dict[str, int]]]:
    """Return how often each move was made when that many histories were played."""
    with closing(psycopg2.connect(database_url, options="-c timezone=UTC")) as owner:
        Cases.town, Cases.owner, Cases.made = found_town(database_url), owner, {}

        def play(histories: int) -> dict[str, int]:
            run_state_machine_as_test(
                Cases,
                settings=settings(
                    max_examples=histories, stateful_step_count=30, deadline=None, derandomize=True,
                    database=None, suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
            return Cases.made

        yield play


def test_no_case_is_ever_undefined_with_nobody_or_unlike_its_history(
    played: Callable[[int], dict[str, int]],
) -> None:
    made = played(12)
    # The histories came far enough to prove something.
    assert len(made) > 15
    assert sum(made.values()) > 100

"""Random histories: what the queries count equals what is counted one case after another from the events."""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg2
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extras import execute_values
from shapely import Point

from geo.cluster import Cluster
from geo.model.incident import CaseEvent
from geo.model.indicator import WHOLE, Level
from geo.operations.indicators import list_indicator_cases, measure
from geo.rules.indicators import INDICATORS
from geo.rules.periods import Period
from geo.rules.workflow import MOVES, find_move, replay
from geo.settings import get_settings
from tests.conftest import clone_database
from tests.indicator_town import IndicatorTown, at, found_indicator_town, month
from tests.slow_indicators import SlowCase, SlowEvent, SlowTown, count

PERIODS: Final = (
    month("2026-09"),
    month("2026-10"),
    month("2026-W40"),
    month("2026-Q3"),
    month("2026-09-30"),
)
# What moves a case about; requests and words change no figure.
_WALKS: Final = (
    "accept", "verify_on_site", "register", "dispatch", "start", "return", "handle", "rework", "close",
    "self_handle", "reject", "void", "suspend", "resume", "approve_extension", "whistle", "arrive", "rate",
    "miss_call", "reopen",
)  # fmt: skip
_CATEGORIES: Final = ("E101", "E402", "E1201")
_HIDDEN: Final = "E905"
# A minute, an hour, a working day, and what carries a case over the end of a month.
_GAPS_MIN: Final = (1, 45, 60 * 9, 60 * 24 * 2, 60 * 24 * 9)
# Of calls for departments one case may have several.
_OPENED: Final = sorted(
    id_
    for id_, each in INDICATORS.items()
    if each.unit == "share"
    and each.facts in {"dues", "dispatches", "reports", "calls", "closings", "returns"}
)
# Thirty metres apart, nearly fifty, and eighty: at fifty to the millimetre, views and columns may differ.
_SPOTS: Final = ((100.0, 300.0), (130.0, 300.0), (179.9, 300.0))


@st.composite
def histories(draw: st.DrawFn) -> list[SlowEvent]:
    """Draw a way through the workflow, at whole minutes."""
    moment = at("08-25 08:30") + timedelta(minutes=draw(st.integers(0, 60 * 24 * 50)))
    events = [SlowEvent(moment, "moved", None, "reported", "report")]
    state, has_due = "reported", False
    for _ in range(draw(st.integers(0, 9))):
        possible = sorted({move.name for move in MOVES if move.name in _WALKS and state in move.from_states})
        if not possible:
            break
        name = draw(st.sampled_from(possible))
        move = find_move(name, state)
        assert move is not None
        moment += timedelta(minutes=draw(st.sampled_from(_GAPS_MIN)))
        event = SlowEvent(moment, move.kind, state, move.to_state, name)
        effects = set(move.effects)
        if effects & {"due", "clock"} or ("due_if_none" in effects and not has_due and draw(st.booleans())):
            event.due_at = moment + timedelta(minutes=draw(st.integers(0, 60 * 24 * 20)))
            has_due = True
        if "clock" in effects:
            event.original_due_at = event.due_at
        if name == "rate":
            event.rating = draw(st.integers(1, 5))
        if name in {"close", "self_handle"}:
            event.outcome = draw(st.sampled_from(("resolved", "mediated", "partly_resolved", "transferred")))
        if name in {"whistle", "arrive"}:
            event.to_party = draw(st.integers(0, 1))
        events.append(event)
        state = move.to_state or state
    return events


@st.composite
def towns(draw: st.DrawFn) -> list[SlowCase]:
    """Draw some cases: in two buildings or out of doors, of few kinds, so that they meet each other."""
    cases = []
    for number, events in enumerate(draw(st.lists(histories(), min_size=1, max_size=7))):
        category = draw(st.sampled_from((*_CATEGORIES, *_CATEGORIES, _HIDDEN)))
        place = draw(st.integers(0, 4))
        x_m, y_m = _SPOTS[place - 2] if place >= 2 else (None, None)
        cases.append(
            SlowCase(
                number=number,
                category=category,
                group=category[:-2],
                source=draw(st.sampled_from(("patrol", "phone"))),
                building=place if place < 2 else None,
                x_m=x_m,
                y_m=y_m,
                parent=draw(st.one_of(st.none(), st.integers(0, number - 1)))
                if number and not place
                else None,
                is_hidden=category == _HIDDEN or draw(st.integers(0, 9)) == 0,
                events=events,
            )
        )
    return cases


@pytest.fixture(scope="module")
def owner(cluster: Cluster, migrated_template: str) -> Iterator[PostgresConnection]:
    with clone_database(cluster, migrated_template) as url, pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        with closing(psycopg2.connect(url)) as connection:
            yield connection
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def town(owner: PostgresConnection) -> IndicatorTown:
    return found_indicator_town(owner)


def write(owner: PostgresConnection, town: IndicatorTown, cases: Sequence[SlowCase]) -> dict[int, int]:
    """Put the cases in place of those there are, as their histories replay; return row ids by number."""
    with owner.cursor() as cursor:
        # Triggers are tested elsewhere; here they would set times that nobody drew.
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("DELETE FROM incident_event")
        cursor.execute("DELETE FROM incident")
        rows: dict[int, int] = {}
        for case in cases:
            rows[case.number] = _write_case(town, case, rows)
            execute_values(
                cursor,
                "INSERT INTO incident_event (community_id, incident_id, at, kind, from_state, to_state, "
                "reason, due_at, original_due_at, rating, outcome, to_party_id) VALUES %s",
                [
                    (
                        town.id, rows[case.number], e.at, e.kind, e.from_state, e.to_state, "other",
                        e.due_at, e.original_due_at, e.rating, e.outcome,
                        None if e.to_party is None else town.parties[e.to_party],
                    )
                    for e in case.events
                ],
            )  # fmt: skip
    owner.commit()
    return rows


def _write_case(town: IndicatorTown, case: SlowCase, rows: dict[int, int]) -> int:
    present = replay(
        CaseEvent(
            at=e.at, kind=e.kind, move=e.move, from_state=e.from_state, to_state=e.to_state, due_at=e.due_at,
            original_due_at=e.original_due_at, outcome=e.outcome, rating=e.rating,
        )
        for e in case.events
    )  # fmt: skip
    place: dict[str, Any] = (
        {"building_id": town.buildings[case.building]}
        if case.building is not None
        else {"geom": Point(case.x_m or 0, case.y_m or 0), "grid_id": town.grids[0]}
    )
    columns = asdict(present)
    return town.town.incident(
        **{name: columns[name] for name in ("state", "due_at", "original_due_at", "first_response_at",
                                            "handled_at", "closed_at", "outcome")},
        **place,
        category_code=case.category,
        source=case.source,
        sensitivity="S3" if case.is_hidden else "S1",
        reported_at=case.reported,
        parent_id=None if case.parent is None else rows[case.parent],
        party_id=town.parties[case.number % 2],
    )  # fmt: skip


def is_alike(told: float | None, slow: float | None) -> bool:
    return told == slow or (told is not None and slow is not None and math.isclose(told, slow, abs_tol=1e-9))


@given(cases=towns(), hour=st.integers(0, 24 * 60), data=st.data())
@hypothesis_settings(max_examples=30)
def test_every_figure_equals_the_slow_one(
    owner: PostgresConnection, town: IndicatorTown, cases: list[SlowCase], hour: int, data: st.DataObject
) -> None:
    rows = write(owner, town, cases)
    now = at("09-20 00:00") + timedelta(hours=hour)
    seen = [case for case in cases if not case.is_hidden]
    places: list[tuple[Level, str, list[SlowCase], int]] = [
        ("grid", str(town.grids[0]), [c for c in seen if c.building != 1], 300),
        ("compound", str(town.compounds[1]), [c for c in seen if c.building == 1], 200),
        ("zone", str(town.zones[0]), [c for c in seen if c.building == 0], 300),
        ("party", str(town.parties[0]), [c for c in seen if c.number % 2 == 0], 0),
        ("category", "E4", [c for c in seen if c.group == "E4"], 0),
    ]
    compare(town, ("community", WHOLE, seen, 500), seen, now)
    compare(town, data.draw(st.sampled_from(places)), seen, now)
    open_down(town, data.draw(st.sampled_from(_OPENED)), rows, now)


def compare(
    town: IndicatorTown, place: tuple[Level, str, list[SlowCase], int], seen: list[SlowCase], now: datetime
) -> None:
    level, key, here, residents = place
    slow = [count(_ask(here, residents, period, now), seen) for period in PERIODS]
    told = measure(town.id, PERIODS, level=level, now=now, ids=list(slow[0]))
    for id_, by_key in told.values.items():
        if level == "party" and (key not in told.names or id_ == "whistle_response_rate"):
            continue  # Nothing was counted there; whistles count by whom they call.
        for period, value, counted in zip(PERIODS, by_key[key], slow, strict=True):
            amount, n = counted[id_]
            assert is_alike(value.amount, amount), (level, id_, period, value, amount)
            assert value.n == n, (level, id_, period)


def _ask(cases: list[SlowCase], residents: int, period: Period, now: datetime) -> SlowTown:
    start, end = (at(f"{day:%m-%d} 00:00") for day in (period.first, period.end))
    # As if it were now, nothing that comes later has happened.
    return SlowTown(cases, residents, start, min(end, now), now)


def open_down(town: IndicatorTown, id_: str, rows: dict[int, int], now: datetime) -> None:
    """The cases a figure opens down to are as many as it says."""
    period = PERIODS[1]
    [value] = measure(town.id, [period], now=now, ids=[id_]).values[id_][WHOLE]
    inside = list_indicator_cases(town.id, id_, period, now=now)
    rest = list_indicator_cases(town.id, id_, period, part="rest", now=now)
    assert (len(inside), len(inside) + len(rest)) == (value.numerator, value.denominator)
    assert set(inside) | set(rest) <= set(rows.values())

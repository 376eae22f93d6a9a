"""What is over is counted again only where something it rests on has changed, and then it always is."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest

from geo.model.indicator import WHOLE
from geo.operations import snapshots
from geo.operations.indicators import measure
from geo.operations.snapshots import read_snapshot
from geo.rules.indicators import INDICATORS
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period, find_month, go_back
from tests.indicator_town import IndicatorTown, found_indicator_town
from tests.town import START

NOW = datetime.now(UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
THIS_MONTH = find_month(find_day(NOW))
LONG_AGO, MONTH = go_back(THIS_MONTH, 8), go_back(THIS_MONTH, 4)


@pytest.fixture(autouse=True)
def one_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no hour begin while a test reads the same twice, and let what changes be counted at once."""
    monkeypatch.setattr("geo.operations.indicators.find_hour", lambda _moment: HOUR)
    monkeypatch.setattr("geo.operations.recalling._PATIENCE", 0)


@pytest.fixture
def town(database_url: str) -> Iterator[IndicatorTown]:
    """A town with a worker for each zone and a settled case in each of two months that are over."""
    with closing(psycopg2.connect(database_url)) as connection:
        town = found_indicator_town(connection)
        for number, zone in enumerate(town.zones):
            town.town.add(
                "zone_party", plan_id=town.plan, zone_id=zone, party_id=town.town.party(f"W{number}"),
                role="lead", valid_from=START,
            )  # fmt: skip
        for month in (LONG_AGO, MONTH):
            report(town, month, days=10)
        connection.commit()
        yield town


def report(town: IndicatorTown, month: Period, days: int, **values: Any) -> int:
    """Add a case of a month that was settled within hours."""
    at = start_of_day(month.first) + timedelta(days=days, hours=9)
    settled: dict[str, Any] = {
        "category_code": "E101", "source": "phone", "reported_at": at, "building_id": town.buildings[0],
        "party_id": town.parties[0], "first_response_at": at + timedelta(hours=1),
        "due_at": at + timedelta(hours=4), "handled_at": at + timedelta(hours=2),
        "closed_at": at + timedelta(hours=3), "state": "closed", "outcome": "resolved",
    }  # fmt: skip
    return town.town.incident(**settled | values)


def run(town: IndicatorTown, statement: str, *given: object) -> None:
    with town.town.connection.cursor() as cursor:
        cursor.execute(statement, given)


def note_counting(monkeypatch: pytest.MonkeyPatch) -> list[set[Period]]:
    """Keep which periods are counted, but for the running month."""
    counted: list[set[Period]] = []

    def keep(community_id: int, periods: Any, **given: Any) -> Any:
        counted.append({*periods} - {THIS_MONTH})
        return measure(community_id, periods, **given)

    monkeypatch.setattr(snapshots, "measure", keep)
    return counted


CHANGES: dict[str, Callable[[IndicatorTown], None]] = {
    "a case is voided": lambda town: run(
        town, "UPDATE incident SET state = 'voided', closed_at = NULL WHERE reported_at < %s",
        start_of_day(MONTH.first),
    ),
    "a case is opened again": lambda town: run(
        town,
        "UPDATE incident SET state = 'handling', closed_at = NULL, handled_at = NULL WHERE reported_at < %s",
        start_of_day(MONTH.first),
    ),
    "a case becomes sensitive": lambda town: run(
        town, "UPDATE incident SET sensitivity = 'S3' WHERE reported_at < %s", start_of_day(MONTH.first)
    ),
    "a case is deleted": lambda town: run(
        town, "DELETE FROM incident WHERE reported_at < %s", start_of_day(MONTH.first)
    ),
    "a case moves to another month": lambda town: run(
        town, "UPDATE incident SET reported_at = reported_at - interval '40 days' WHERE reported_at < %s",
        start_of_day(MONTH.first),
    ),
    "a case is brought in late": lambda town: void(report(town, LONG_AGO, days=2)),
    "what was closed on the last day came back": lambda town: void(
        report(town, LONG_AGO, days=LONG_AGO.days - 1), report(town, go_back(LONG_AGO, -1), days=28)
    ),
    "a category is sealed": lambda town: run(
        town, "UPDATE category SET is_sealed = true WHERE code = 'E101'"
    ),
    "people move in": lambda town: run(town, "UPDATE building SET residents = residents + 100"),
    "the working time changes": lambda town: run(
        town, "INSERT INTO community_calendar VALUES (%s, '08:00', '09:00')", town.id
    ),
    "inspections are asked for otherwise": lambda town: run(
        town,
        "INSERT INTO inspection_template (community_id, position, name, cadence, subject, zone_kind, items, "
        "weight, is_on) VALUES (%s, 1, 'all', 'day', 'building', 'grid_worker', '{}', 100, true)",
        town.id,
    ),
    "a visit is entered late": lambda town: void(town.town.add(
        "visit", at=start_of_day(MONTH.end) - timedelta(days=3), kind="patrol", building_id=town.buildings[1],
        outcome="checked",
    )),
}  # fmt: skip


def void(*_given: object) -> None:
    """Take what an expression gives: a lambda is to give nothing."""


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_over_follows_every_change(
    town: IndicatorTown, change: Callable[[IndicatorTown], None]
) -> None:
    before = read_snapshot(town.id)
    change(town)
    town.town.connection.commit()
    after = read_snapshot(town.id)
    assert after.series != before.series, "a change that changes nothing tests nothing"
    whole = measure(town.id, after.months)
    compared = measure(town.id, [after.before, after.year_before])
    for id_ in INDICATORS:
        assert after.series[id_] == whole.values[id_][WHOLE]
        assert after.then[id_] == compared.values[id_][WHOLE]
    assert after.tag == after.past_tag == whole.tag


def test_months_that_nothing_happened_to_are_not_counted_again(
    town: IndicatorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = read_snapshot(town.id)
    counted = note_counting(monkeypatch)
    town.town.incident(building_id=town.buildings[0], reported_at=NOW, source="phone")
    town.town.connection.commit()
    assert read_snapshot(town.id).now("reported_cases") != snapshot.now("reported_cases")
    # What was closed last month may come back until today.
    assert set.union(*counted) <= {go_back(THIS_MONTH, 1), snapshot.before}
    counted.clear()
    report(town, MONTH, days=3)
    town.town.connection.commit()
    assert read_snapshot(town.id).series["reported_cases"][-5].n == 2
    assert MONTH in set.union(*counted)
    assert LONG_AGO not in set.union(*counted)


def test_what_is_due_to_be_looked_at_leaves_the_figures_of_cases(
    town: IndicatorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: set[str] = set()

    def keep(community_id: int, periods: Any, **given: Any) -> Any:
        if {*periods} != {THIS_MONTH}:
            counted.update(given["ids"])
        return measure(community_id, periods, **given)

    read_snapshot(town.id)
    monkeypatch.setattr(snapshots, "measure", keep)
    CHANGES["inspections are asked for otherwise"](town)
    town.town.connection.commit()
    read_snapshot(town.id)
    assert "load_index" in counted
    assert "on_time_rate" not in counted
    CHANGES["the working time changes"](town)
    town.town.connection.commit()
    read_snapshot(town.id)
    assert "on_time_rate" in counted


def test_what_was_written_while_it_was_counted_is_counted_again(
    town: IndicatorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count_and_write(*given: Any, **named: Any) -> Any:
        counted = measure(*given, **named)
        monkeypatch.setattr(snapshots, "measure", measure)
        report(town, MONTH, days=3)
        town.town.connection.commit()
        return counted

    read_snapshot(town.id)
    report(town, MONTH, days=2)
    town.town.connection.commit()
    monkeypatch.setattr(snapshots, "measure", count_and_write)
    read_snapshot(town.id)
    settled = read_snapshot(town.id)
    assert settled.series["reported_cases"][-5].n == 3
    assert settled.tag == settled.past_tag


def test_who_is_in_a_hurry_is_given_the_running_month_alone(town: IndicatorTown) -> None:
    hurried = read_snapshot(town.id, is_hurried=True)
    assert hurried.past_tag == ""
    assert all(
        value.amount is None or value.n == 0 for id_ in INDICATORS for value in hurried.series[id_][:-1]
    )
    whole = read_snapshot(town.id)
    assert hurried.tag == whole.tag
    assert all(hurried.now(id_) == whole.now(id_) for id_ in INDICATORS)
    again = read_snapshot(town.id, is_hurried=True)
    assert again.series == whole.series, "what has been counted is shown to all"

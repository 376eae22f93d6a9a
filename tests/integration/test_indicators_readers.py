"""One value whoever asks and wherever it is read: roles, snapshot, command line and ``/metrics``."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg2
import pytest
from click.testing import CliRunner

from etl.cli import cli
from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.actor import ROLES, Role
from geo.model.indicator import WHOLE
from geo.operations.indicators import READERS, list_indicator_cases, measure, read_tag
from geo.operations.scores import read_score_template, set_score_template
from geo.operations.snapshots import read_snapshot
from geo.rules.indicators import CORE, INDICATORS, USUAL_SCORE, Score
from geo.rules.morning import find_day
from geo.rules.periods import find_month, go_back
from geo.store.engine import acting_as
from geo.store.indicators import count_facts
from tests.actors import make_actor
from tests.indicator_town import IndicatorTown, found_indicator_town
from tests.serving import serve

NOW = datetime.now(UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
THIS_MONTH = find_month(find_day(NOW))


@pytest.fixture(autouse=True)
def one_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no hour begin while a test reads the same twice."""
    monkeypatch.setattr("geo.operations.indicators.find_hour", lambda _moment: HOUR)


@pytest.fixture
def town(database_url: str) -> Iterator[IndicatorTown]:
    """A town with cases of this month and of a year ago, some of which nobody is told of."""
    with closing(psycopg2.connect(database_url)) as connection:
        town = found_indicator_town(connection)
        first = datetime.combine(THIS_MONTH.first, datetime.min.time(), UTC)
        for ago in (timedelta(0), timedelta(days=200), timedelta(days=340)):
            for category, sensitivity in (("E101", "S1"), ("E101", "S3"), ("E905", "S1"), ("E902", "S3")):
                reported = first - ago
                incident = town.town.incident(
                    category_code=category, sensitivity=sensitivity, source="phone", reported_at=reported,
                    building_id=town.buildings[0], party_id=town.parties[0],
                    due_at=reported + timedelta(hours=4), handled_at=reported + timedelta(hours=1),
                    closed_at=reported + timedelta(hours=2), first_response_at=reported,
                    outcome="resolved", state="rated",
                )  # fmt: skip
                town.town.add(
                    "incident_event", incident_id=incident, at=reported + timedelta(hours=3), kind="moved",
                    to_state="rated", rating=5,
                )  # fmt: skip
        connection.commit()
        yield town


def as_role(town: IndicatorTown, role: Role) -> Any:
    return acting_as(make_actor(town.id, role=role, party_id=town.parties[0]))


def test_every_reader_sees_one_value_and_nothing_sealed_in_it(town: IndicatorTown) -> None:
    told = []
    for role in sorted(READERS):
        with as_role(town, role):
            whole = measure(town.id, [THIS_MONTH, go_back(THIS_MONTH, 12)])
            grids = measure(town.id, [THIS_MONTH], level="grid")
            cases = list_indicator_cases(town.id, "handle_rate", THIS_MONTH)
            told.append((whole.tag, whole.values, grids.values, cases))
    assert all(each == told[0] for each in told)
    values = told[0][1]
    assert values["reported_cases"][WHOLE][0].n == 1
    assert values["satisfaction_rate"][WHOLE][0].n == 1
    assert values["relapse_rate"][WHOLE][0].n == 1
    owner = measure(town.id, [THIS_MONTH, go_back(THIS_MONTH, 12)])
    assert (owner.tag, owner.values) == told[0][:2], "what a command counts is what a page shows"


@pytest.mark.parametrize("role", sorted(set(ROLES) - READERS))
def test_others_are_told_nothing(town: IndicatorTown, role: Role) -> None:
    with as_role(town, role):
        for ask in (
            lambda: measure(town.id, [THIS_MONTH]),
            lambda: read_snapshot(town.id),
            lambda: read_tag(town.id),
            lambda: list_indicator_cases(town.id, "handle_rate", THIS_MONTH),
        ):
            with pytest.raises(NotFound):
                ask()


def test_another_community_is_told_nothing(town: IndicatorTown) -> None:
    read_snapshot(town.id)
    with acting_as(make_actor(town.id + 1)), pytest.raises(NotFound):
        read_snapshot(town.id)


def test_what_is_not_in_the_registry_is_refused(town: IndicatorTown) -> None:
    with pytest.raises(InputRefused, match="no indicator charm"):
        measure(town.id, [THIS_MONTH], ids=["charm"])
    with pytest.raises(InputRefused, match="not given by party"):
        list_indicator_cases(town.id, "incidents_per_10k", THIS_MONTH, level="party")
    with pytest.raises(NotFound, match="no community"):
        measure(town.id + 100, [THIS_MONTH])


def test_each_opens_down_to_cases_or_to_none(town: IndicatorTown) -> None:
    with as_role(town, "leader"):
        for id_ in INDICATORS:
            found = list_indicator_cases(town.id, id_, THIS_MONTH)
            rest = list_indicator_cases(town.id, id_, THIS_MONTH, part="rest")
            assert set(found).isdisjoint(rest)
            assert len(found) + len(rest) <= 1, "of four cases three are sealed or sensitive"


def test_snapshot_page_command_and_metrics_tell_one_value(town: IndicatorTown, database_url: str) -> None:
    snapshot = read_snapshot(town.id)
    page = measure(town.id, [THIS_MONTH])
    outcome = CliRunner().invoke(cli, ["indicators", "--json"], catch_exceptions=False)
    command = json.loads(outcome.stdout)
    with serve(database_url) as client:
        gauges = read_gauges(client)
    assert snapshot.tag == page.tag == command["tag"]
    printed = {each["id"]: each["values"][0] for each in command["indicators"]}
    assert set(printed) == set(INDICATORS) == set(snapshot.series)
    for id_ in INDICATORS:
        [value] = page.values[id_][WHOLE]
        assert snapshot.now(id_) == value
        assert (printed[id_]["amount"], printed[id_]["n"]) == (value.amount, value.n)
        assert gauges.get(f'wangge_indicator{{community="A",indicator="{id_}"}}') == value.amount
        assert gauges[f'wangge_indicator_n{{community="A",indicator="{id_}"}}'] == value.n
    by_grid = measure(town.id, [THIS_MONTH], level="grid", ids=CORE)
    assert snapshot.grids == {
        id_: {key: value for key, (value,) in row.items()} for id_, row in by_grid.values.items()
    }


def read_gauges(client: httpx.Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_the_snapshot_says_of_when_each_figure_is(town: IndicatorTown) -> None:
    snapshot = read_snapshot(town.id)
    assert len(snapshot.months) == 13
    assert snapshot.months[-1] == THIS_MONTH
    assert snapshot.months[0] == go_back(THIS_MONTH, 12)
    assert snapshot.before.first == go_back(THIS_MONTH, 1).first
    assert snapshot.before.end <= THIS_MONTH.first
    assert snapshot.as_of == HOUR <= snapshot.read_at
    whole = measure(town.id, snapshot.months)
    compared = measure(town.id, [snapshot.before, snapshot.year_before])
    for id_ in INDICATORS:
        assert snapshot.series[id_] == whole.values[id_][WHOLE]
        assert snapshot.then[id_] == compared.values[id_][WHOLE]
    assert sum(value.n for value in snapshot.series["reported_cases"]) == 3


def test_a_snapshot_is_kept_until_the_data_change(
    town: IndicatorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.operations.recalling._PATIENCE", 0)
    with as_role(town, "secretary"):
        first = read_snapshot(town.id)
    with as_role(town, "leader"):
        assert read_snapshot(town.id).read_at == first.read_at, "counted once for all who read it"
    before = read_snapshot(town.id)
    town.town.incident(building_id=town.buildings[0], reported_at=NOW, source="phone")
    town.town.connection.commit()
    after = read_snapshot(town.id)
    assert after.tag != before.tag
    assert after.tag == read_tag(town.id)
    assert after.past_tag == after.tag
    assert after.now("open_cases").n == before.now("open_cases").n + 1


def test_what_was_counted_while_somebody_wrote_is_of_no_state(
    town: IndicatorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count_and_write(*given: Any) -> Any:
        counted = count_facts(*given)
        town.town.incident(building_id=town.buildings[0], reported_at=NOW, source="phone")
        town.town.connection.commit()
        return counted

    before = read_tag(town.id)
    monkeypatch.setattr("geo.store.indicators.count_facts", count_and_write)
    torn = measure(town.id, [THIS_MONTH], ids=["open_cases"]).tag
    assert torn not in {before, read_tag(town.id)}


def test_working_hours_are_part_of_what_a_tag_names(town: IndicatorTown) -> None:
    before = read_tag(town.id)
    with town.town.connection.cursor() as cursor:
        cursor.execute("INSERT INTO community_calendar VALUES (%s, '08:00', '12:00')", (town.id,))
    town.town.connection.commit()
    assert read_tag(town.id) != before


def test_what_takes_long_is_not_counted_again_at_once(
    town: IndicatorTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geo.operations.recalling._PATIENCE", 1e9)
    before = read_snapshot(town.id)
    town.town.incident(building_id=town.buildings[0], reported_at=NOW, source="phone")
    town.town.connection.commit()
    after = read_snapshot(town.id)
    assert (after.tag, after.read_at) == (before.tag, before.read_at), "it says of when it is"


def test_the_score_is_the_secretarys_to_make_of_what_she_saw(town: IndicatorTown) -> None:
    wanted = Score({"relapse_rate": 40.0, "satisfaction_rate": 60.0})
    with as_role(town, "secretary"):
        assert read_score_template(town.id) == USUAL_SCORE
        set_score_template(town.id, USUAL_SCORE, wanted)
        assert read_score_template(town.id).weights == wanted.weights
        with pytest.raises(Conflict):
            set_score_template(town.id, USUAL_SCORE, wanted)
        set_score_template(town.id, wanted, USUAL_SCORE)
        assert read_score_template(town.id) == USUAL_SCORE
    with as_role(town, "grid_worker"):
        assert read_score_template(town.id) == USUAL_SCORE
        with pytest.raises(Forbidden):
            set_score_template(town.id, USUAL_SCORE, wanted)
    with town.town.connection.cursor() as cursor:
        cursor.execute("SELECT details FROM audit_log WHERE object_type = 'score_template' ORDER BY id")
        changes = [details for (details,) in cursor]
    assert [change["to"] for change in changes] == [wanted.weights, USUAL_SCORE.weights]


@pytest.mark.parametrize(
    ("words", "said"),
    [("2026-13", "is no period"), ("2026-Q5", "is no period"), ("2999-01", "has not begun")],
)
def test_the_command_refuses_what_is_no_period(town: IndicatorTown, words: str, said: str) -> None:
    outcome = CliRunner().invoke(cli, ["indicators", "--period", words])
    assert isinstance(outcome.exception, InputRefused)
    assert said in str(outcome.exception)


@pytest.mark.usefixtures("town")
def test_the_command_prints_a_table_of_a_level() -> None:
    outcome = CliRunner().invoke(cli, ["indicators", "--level", "grid", "--indicator", "reported_cases"])
    assert outcome.exit_code == 0
    assert "第G1网格" in outcome.stdout

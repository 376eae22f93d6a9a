"""The morning of a community: each figure against a plain count, and what was planted is found."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from dashboard.i18n import Text
from dashboard.models.incident_filters import parse_filters, pick_marked, to_asked
from dashboard.models.morning import build_page
from etl.demo.load import DemoReport, load_demo
from geo.cluster import Cluster
from geo.model.working_time import Status
from geo.operations.marks import list_marks
from geo.operations.morning import gather_morning
from geo.rules.calendar import WorkingCalendar
from geo.rules.morning import find_last_close
from geo.settings import get_settings
from geo.store import choices, places, worklist
from geo.store.engine import acting_as, connect, load_queries
from geo.store.morning import Morning
from tests.actors import make_actor
from tests.conftest import clone_database
from tests.town import START, Town

# A Tuesday, 07:50 in China; the Monday before was worked until 18:00.
NOW = datetime(2024, 6, 3, 23, 50, tzinfo=UTC)
CLOSE = "2024-06-03T18:00+08"


def gather(town: Town, now: datetime = NOW, **acting: Any) -> Morning:
    town.connection.commit()
    with acting_as(make_actor(town.id, **acting)):
        return gather_morning(town.id, now)


def settle(town: Town, at: Point, closed_at: str, **values: object) -> int:
    """Add a case that was settled."""
    return town.incident(
        geom=at, state="closed", closed_at=closed_at, reported_at="2024-05-01T09:00+08", **values
    )


def add_event(town: Town, incident_id: int, at: str, **values: object) -> int:
    return town.add("incident_event", incident_id=incident_id, at=at, **{"kind": "noted"} | values)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def test_work_ended_last_on_the_last_working_day_by_the_communitys_calendar() -> None:
    calendar = WorkingCalendar()
    assert find_last_close(calendar, date(2024, 6, 4)) == datetime.fromisoformat(CLOSE)
    # After the Dragon Boat holiday of 8 to 10 June 2024: Friday.
    assert find_last_close(calendar, date(2024, 6, 11)) == datetime.fromisoformat("2024-06-07T18:00+08")
    # Sunday 29 September 2024 was worked for the National Day holiday.
    assert find_last_close(calendar, date(2024, 9, 30)) == datetime.fromisoformat("2024-09-29T18:00+08")


def test_a_communitys_own_hours_and_days_say_when_work_ended(town: Town) -> None:
    town.connection.cursor().execute(
        "INSERT INTO community_calendar VALUES (%s, '09:00', '17:30')", (town.id,)
    )
    town.connection.cursor().execute(
        "INSERT INTO calendar_day (community_id, day, is_workday) VALUES (%s, '2024-06-03', false)",
        (town.id,),
    )
    assert gather(town).since == datetime.fromisoformat("2024-05-31T17:30+08")


def test_new_counts_from_the_close_and_settled_from_the_last_working_day(town: Town) -> None:
    for reported_at in ("2024-06-03T17:59+08", CLOSE, "2024-06-04T07:49+08", "2024-06-04T07:51+08"):
        town.incident(reported_at=reported_at)
    settle(town, Point(1, 1), "2024-06-02T23:59+08")
    settle(town, Point(2, 2), "2024-06-03T00:00+08")
    found = gather(town)
    assert found.reported == 2
    assert found.settled == 1


def test_amber_is_judged_in_working_time_and_a_suspended_case_is_neither_amber_nor_overdue(
    town: Town,
) -> None:
    # E101 has four working hours. Of those from Monday 15:30, two and a half are used by 18:00 and at 07:50.
    on_time = town.incident(reported_at="2024-06-03T15:30+08", due_at="2024-06-04T10:00+08")
    # From 14:40, 3 h 20 min.
    amber = town.incident(reported_at="2024-06-03T14:40+08", due_at="2024-06-04T09:10+08")
    over = town.incident(reported_at="2024-06-03T09:00+08", due_at="2024-06-03T15:30+08")
    suspended = town.incident(
        reported_at="2024-06-03T09:00+08", due_at="2024-06-03T15:30+08", state="suspended"
    )
    add_event(
        town, suspended, "2024-06-03T10:00+08", kind="moved", from_state="handling", to_state="suspended",
        reason="waiting_parts",
    )  # fmt: skip
    found = gather(town)
    assert found.judgements[on_time].status is Status.IN_TIME
    assert found.judgements[amber].status is Status.AMBER
    assert found.judgements[over].status is Status.OVER
    assert found.judgements[suspended].status is Status.IN_TIME
    counts = count_figures(found)
    assert (counts["amber"], counts["overdue"]) == (1, 1)


@pytest.mark.parametrize(
    ("again", "days_before", "is_relapse"),
    [
        ({"geom": Point(49, 0)}, 29, True),
        ({"geom": Point(51, 0)}, 29, False),
        ({"geom": Point(10, 0)}, 31, False),
        ({"geom": Point(10, 0), "category_code": "E102"}, 5, False),
        # The same building counts however long it is.
        ({"geom": Point(200, 5), "building_id": "long"}, 5, True),
        ({"geom": None, "building_id": "long"}, 5, True),
    ],
)
def test_a_relapse_is_the_same_category_at_the_place_within_a_month_of_closing(
    town: Town, again: dict[str, object], days_before: int, is_relapse: bool
) -> None:
    long = town.building("L", box(-5, -5, 210, 10))
    closed = datetime(2024, 6, 1, 1, tzinfo=UTC) - timedelta(days=days_before)
    settle(town, Point(0, 0), closed.isoformat(), building_id=long)
    if again.get("building_id"):
        again = again | {"building_id": long}
    town.incident(reported_at="2024-06-01T09:00+08", **again)
    assert [case.relapses for case in gather(town).cases] == [int(is_relapse)]


def test_neither_an_enquiry_nor_a_case_before_the_closing_nor_itself_is_a_relapse(town: Town) -> None:
    settle(town, Point(0, 0), "2024-05-30T09:00+08", category_code="E1201")
    town.incident(geom=Point(0, 0), category_code="E1201", reported_at="2024-06-01T09:00+08")
    settle(town, Point(0, 0), "2024-06-02T09:00+08")
    town.incident(geom=Point(0, 0), reported_at="2024-06-01T09:00+08")
    assert [case.relapses for case in gather(town).cases] == [0, 0]


def test_a_relapse_linked_by_hand_counts_once_whether_the_rule_finds_it_or_not(town: Town) -> None:
    found = settle(town, Point(0, 0), "2024-05-30T09:00+08")
    town.incident(geom=Point(0, 0), reported_at="2024-06-01T09:00+08", parent_id=found)
    town.incident(
        geom=Point(500, 0), reported_at="2024-06-01T09:00+08", parent_id=found, category_code="E102"
    )
    assert [case.relapses for case in gather(town).cases] == [1, 1]


def test_how_often_it_came_back_is_counted(town: Town) -> None:
    for day in (10, 20, 30):
        settle(town, Point(0, 0), f"2024-05-{day}T09:00+08")
    town.incident(geom=Point(0, 0), reported_at="2024-06-01T09:00+08")
    assert [case.relapses for case in gather(town).cases] == [3]


def test_returns_are_counted_and_whistles_wait_for_the_party_that_was_called(town: Town) -> None:
    police, street = town.party("警", "department"), town.party("街", "department")
    once, twice = town.incident(), town.incident()
    for case in (once, twice, twice):
        add_event(town, case, "2024-06-02T09:00+08", kind="moved", to_state="returned", reason="other")
    waiting, answered, other_came, again = (town.incident() for _ in range(4))
    for case in (waiting, answered, other_came, again):
        add_event(town, case, "2024-06-02T10:00+08", kind="whistled", to_party_id=police)
    add_event(town, waiting, "2024-06-02T11:00+08", kind="noted")
    add_event(town, answered, "2024-06-02T11:00+08", kind="arrived", to_party_id=police)
    add_event(town, other_came, "2024-06-02T11:00+08", kind="arrived", to_party_id=street)
    add_event(town, again, "2024-06-02T11:00+08", kind="arrived", to_party_id=police)
    add_event(town, again, "2024-06-02T12:00+08", kind="whistled", to_party_id=police)
    cases = {case.id: case for case in gather(town).cases}
    assert [cases[case].returns for case in (once, twice, waiting)] == [1, 2, 0]
    assert {case for case in cases if cases[case].is_whistle_open} == {waiting, other_came, again}
    assert count_figures(gather(town))["bounced"] == 1


def test_nobody_holds_what_no_lead_in_office_leads(town: Town) -> None:
    held, left, forgotten = (town.building(code, box(n, 0, n + 9, 9)) for n, code in enumerate("abc"))
    plan = town.plan()
    town.zone(plan, "A", held, lead=town.party("李"))
    vacant = town.zone(plan, "B", left, lead=town.party("王"), valid_to=date(2024, 6, 4))
    found = gather(town)
    assert {building.id for building in found.unheld} == {left, forgotten}
    assert [zone.id for zone in found.zones if zone.lead is None] == [vacant]
    before = gather(town, NOW - timedelta(days=1))
    assert {building.id for building in before.unheld} == {forgotten}


def test_what_is_left_to_nobody_on_purpose_is_no_alarm(town: Town) -> None:
    """Where the plan in force says so; not a draft, nor a plan of another kind."""
    stated, drafted, volunteers = (town.building(code, box(n, 0, n + 9, 9)) for n, code in enumerate("abc"))
    plans = (town.plan(), town.plan(state="draft", valid_from=None), town.plan(kind="volunteer"))
    for plan, building in zip(plans, (stated, drafted, volunteers), strict=True):
        with town.connection.cursor() as cursor:
            cursor.execute("INSERT INTO zone_gap VALUES (%s, %s, %s, '空置')", (plan, building, town.id))
    assert {building.id for building in gather(town).unheld} == {drafted, volunteers}


def test_a_building_is_unknown_when_nobody_has_looked_for_sixty_days(town: Town) -> None:
    seen, reported, shop, silent, long_ago = (
        town.building(code, box(n, 0, n + 9, 9)) for n, code in enumerate("abcde")
    )
    merchant = town.add("merchant", code="1", name="店", building_id=shop, geom=Point(20, 5))
    visit = {"party_id": town.party("李"), "at": "2024-05-20T09:00+08", "outcome": "checked"}
    town.add("visit", kind="patrol", building_id=seen, **visit)
    town.add("visit", kind="merchant_check", merchant_id=merchant, **visit)
    town.add("visit", kind="patrol", building_id=long_ago, **visit | {"at": "2024-04-01T09:00+08"})
    town.incident(building_id=reported, reported_at="2024-05-20T09:00+08", state="voided")
    assert {building.id for building in gather(town).unknown} == {silent, long_ago}


def test_those_on_duty_hold_a_post_today_and_are_still_there(town: Town) -> None:
    here = town.party("在")
    town.add("post", party_id=here, title="grid_worker", valid_from=START)
    town.add("post", party_id=here, title="officer", valid_from=START)
    town.add("post", party_id=town.party("走", active_to=date(2024, 5, 1)), title="officer", valid_from=START)
    town.add("post", party_id=town.party("卸"), title="officer", valid_from=START, valid_to=date(2024, 6, 1))
    town.party("无岗")
    assert [member.name for member in gather(town).staff] == ["在"]


def test_a_leader_is_not_told_of_sealed_or_sensitive_cases_and_nobody_of_another_community(
    town: Town,
) -> None:
    town.incident()
    town.incident(category_code="E905", sensitivity="S3")
    town.incident(category_code="E1001", sensitivity="S3")
    other = Town(town.connection, code="B", outline=box(5000, 0, 6000, 1000))
    other.incident()
    assert len(gather(town).cases) == 3
    assert [case.is_sensitive for case in gather(town).cases].count(True) == 2
    assert len(gather(town, role="leader").cases) == 1
    with acting_as(make_actor(other.id)):
        assert gather_morning(town.id, NOW).cases == ()
        assert gather_morning(town.id, NOW).reported == 0


def test_on_its_first_day_a_community_knows_that_it_knows_nothing(town: Town) -> None:
    building = town.building("a", box(0, 0, 9, 9))
    found = gather(town)
    assert not found.has_history
    assert [place.id for place in found.unknown] == [building]
    assert (found.reported, found.settled, found.cases, found.staff) == (0, 0, (), ())


@pytest.fixture(scope="module")
def demo(cluster: Cluster, migrated_template: str) -> Iterator[tuple[str, DemoReport]]:
    with clone_database(cluster, migrated_template) as url:
        yield url, load_demo(url, community="Y", as_of=date(2026, 11, 20))


def read_demo(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


@pytest.fixture
def demo_morning(demo: tuple[str, DemoReport], monkeypatch: pytest.MonkeyPatch) -> Iterator[Morning]:
    url, _ = demo
    monkeypatch.setenv("WANGGE_DATABASE_URL", url)
    get_settings.cache_clear()
    [(community_id,)] = read_demo(url, "SELECT id FROM community")
    with acting_as(make_actor(community_id)):
        found = gather_morning(community_id, datetime(2026, 11, 20, 0, 0, tzinfo=UTC))
    yield found
    get_settings.cache_clear()


def test_the_demos_unheld_and_silent_buildings_are_found(
    demo: tuple[str, DemoReport], demo_morning: Morning
) -> None:
    url, report = demo
    codes = dict(read_demo(url, "SELECT id, code FROM building"))
    assert {codes[place.id] for place in demo_morning.unheld} == set(report.truth.unheld_buildings)
    assert {codes[place.id] for place in demo_morning.unknown} == set(report.truth.silent_buildings)
    assert [zone.lead for zone in demo_morning.zones].count(None) == 1


def test_the_demos_relapses_and_bounced_cases_are_found(demo: tuple[str, DemoReport]) -> None:
    url, report = demo
    relapses = read_demo(
        url,
        "SELECT before.external_id, again.external_id FROM relapse AS r"
        " JOIN incident AS again ON again.id = r.incident_id"
        " JOIN incident AS before ON before.id = r.earlier_id",
    )
    planted = {(pair["closed"], pair["returned"]) for pair in report.truth.relapses}
    assert planted
    assert planted <= set(relapses)
    bounced = read_demo(
        url,
        "SELECT i.external_id FROM bounce AS b JOIN incident AS i ON i.id = b.incident_id"
        " WHERE b.returns >= 2",
    )
    assert {case["incident"] for case in report.truth.bounced} == {number for (number,) in bounced}


def test_each_figure_of_the_demo_is_what_a_plain_count_finds(
    demo: tuple[str, DemoReport], demo_morning: Morning
) -> None:
    url, _ = demo
    now, since = demo_morning.now, demo_morning.since
    rows = read_demo(
        url, "SELECT id, category_code, reported_at, due_at, closed_at, building_id, state, is_open,"
        " ST_X(geom), ST_Y(geom) FROM incident",
    )  # fmt: skip
    open_rows = [row for row in rows if row[7]]
    counts = count_figures(demo_morning)
    assert len(demo_morning.cases) == len(open_rows) > 0
    assert counts["new"] == sum(since <= row[2] < now for row in rows)
    midnight = datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert counts["today"] == sum(row[3] is not None and row[3] < midnight for row in open_rows)
    assert counts["overdue"] == sum(
        row[3] is not None and row[3] < now and row[6] != "suspended" for row in open_rows
    )
    relapses = [row for row in open_rows if any(comes_back(row, earlier) for earlier in rows)]
    assert counts["relapse"] == len(relapses)
    assert demo_morning.settled == sum(
        row[4] is not None and datetime(2026, 11, 18, 16, tzinfo=UTC) <= row[4] < now for row in rows
    )


def test_each_number_is_as_long_as_the_list_it_opens(demo_morning: Morning) -> None:
    [community] = places.list_communities()
    with acting_as(make_actor(community.id)):
        marks = list_marks(community.id, demo_morning.now)
        categories = choices.list_categories()
        for figure in build_page(demo_morning, "Y", Text("zh")).figures:
            if figure.params is not None:
                filters, ignored = parse_filters(figure.params, {category.code for category in categories})
                assert not ignored
                asked = to_asked(filters, community.id, date(2026, 11, 20), categories)
                ids = pick_marked(filters, marks)
                found = worklist.list_cases(asked, demo_morning.now, most=500, ids=ids)
                assert found.total == len(found.cases) == figure.count, figure.key


def comes_back(row: tuple[Any, ...], earlier: tuple[Any, ...]) -> bool:
    """The rule of relapses once more, row by row; in Guangxi a degree is 101 by 111 km."""
    if earlier[4] is None or row[1] != earlier[1] or re.match(r"E1[02]\d\d$", row[1]):
        return False
    in_time = earlier[4] <= row[2] < earlier[4] + timedelta(days=30) and earlier[0] != row[0]
    same_building = row[5] is not None and row[5] == earlier[5]
    near = (
        row[8] is not None
        and earlier[8] is not None
        and ((row[8] - earlier[8]) * 101_400) ** 2 + ((row[9] - earlier[9]) * 110_800) ** 2 <= 50**2
    )
    return in_time and (same_building or near)


def test_the_queries_read_by_index(demo: tuple[str, DemoReport], demo_morning: Morning) -> None:
    url, _ = demo
    [(community_id,)] = read_demo(url, "SELECT id FROM community")
    queries = load_queries("morning")
    values = {
        "community_id": community_id,
        "now": demo_morning.now,
        "on_day": date(2026, 11, 20),
        "since": demo_morning.since,
        "until": demo_morning.now,
    }
    names = [name for name in queries.available_queries if not name.endswith("_cursor")]
    with acting_as(make_actor(community_id)), connect(url) as connection, connection.cursor() as cursor:
        # A small demo fits on a few pages, which the planner would rather read through.
        cursor.execute("SET LOCAL enable_seqscan = off")
        for name in names:
            cursor.execute("EXPLAIN " + getattr(queries, name).sql, values)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            for table in ("incident", "incident_event", "visit", "building", "zone_unit"):
                assert f"Seq Scan on {table} " not in plan, name
            if "relapse" in getattr(queries, name).sql:
                # Not all that was ever settled: row-level security keeps what is worked out from the index.
                (found,) = re.findall(r"incident_settled on incident before .*\n +Index Cond: (.*)", plan)
                assert "(closed_at > " in found, plan


def count_figures(morning: Morning) -> dict[str, int]:
    return {figure.key: figure.count for figure in build_page(morning, "社区", Text("zh")).figures}

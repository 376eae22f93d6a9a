"""Looking again at what was settled: what is due, whose it is, what a look leaves behind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from shapely import Point, box

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.recheck import RecheckSetting, SettledCase
from geo.operations.incidents import get_case, report_incident
from geo.operations.rechecks import (
    change_setting,
    confirm_settled,
    count_found,
    list_rechecks,
    read_setting,
    report_back,
)
from geo.store import rechecks
from geo.store.engine import acting_as, connect
from tests.actors import make_actor
from tests.case_town import CaseTown, found_town
from tests.town import Town

NOW = datetime.now(UTC)
EVERYTHING = RecheckSetting(share_percent=100, most_a_day=50)


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def settle(town: Town, days: float, **values: object) -> int:
    return town.incident(
        **{
            "category_code": "E201", "state": "closed", "outcome": "resolved",
            "reported_at": days_ago(days + 1), "closed_at": days_ago(days),
        }
        | values
    )  # fmt: skip


def list_due(town: Town, setting: RecheckSetting = EVERYTHING, **acting: Any) -> list[SettledCase]:
    town.connection.commit()
    with acting_as(make_actor(town.id, **acting)), connect() as connection:
        day = (NOW + timedelta(hours=8)).date()
        return rechecks.list_due(connection, town.id, setting, day)


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


def test_a_look_is_due_on_its_day_and_for_a_fortnight(town: Town) -> None:
    for place, days in enumerate((6, 7, 20, 22, 30, 50, 90, 104, 106)):
        settle(town, days, geom=Point(100 * place, 500))
    found = {(round((NOW - case.closed_at).total_seconds() / 86_400), case.days) for case in list_due(town)}
    assert found == {(7, 7), (20, 7), (30, 30), (90, 90), (104, 90)}


def test_other_categories_sensitive_ones_and_what_was_passed_on_are_not_looked_at(town: Town) -> None:
    settle(town, 8, category_code="E602")
    settle(town, 8, sensitivity="S3")
    settle(town, 8, outcome="transferred")
    settle(town, 8, outcome="unresolvable")
    settle(town, 8, category_code="E905")
    assert list_due(town) == []
    assert list_due(town, RecheckSetting(categories=("E905",))) == []


def test_what_is_back_already_is_not_looked_at(town: Town) -> None:
    building = town.building("1", box(0, 0, 20, 20))
    settle(town, 8, building_id=building)
    settle(town, 8, geom=Point(500, 500))
    town.incident(category_code="E201", reported_at=days_ago(3), building_id=building)
    town.incident(category_code="E201", reported_at=days_ago(3), geom=Point(500, 540), state="voided")
    town.incident(category_code="E202", reported_at=days_ago(3), geom=Point(500, 540))
    assert [case.building_id for case in list_due(town)] == [None]
    town.incident(category_code="E201", reported_at=days_ago(3), geom=Point(500, 540))
    assert list_due(town) == []


def test_a_place_with_earlier_ones_is_told_from_one_without(town: Town) -> None:
    building = town.building("1", box(0, 0, 20, 20))
    settle(town, 200, building_id=building)
    settle(town, 380, building_id=building)
    settle(town, 100, building_id=building, category_code="E202")
    settle(town, 8, building_id=building)
    settle(town, 8, geom=Point(500, 500))
    settle(town, 25, geom=Point(520, 500))
    told = {case.place is None: (case.earlier, case.came_back) for case in list_due(town) if case.days == 7}
    # Of 380 days ago is too long; of 25 days ago came back within thirty days.
    assert told == {False: (1, False), True: (1, True)}


def test_the_house_and_what_is_within_fifty_metres_are_the_place_each_case_once(town: Town) -> None:
    building = town.building("1", box(500, 500, 520, 520))
    other = town.building("2", box(540, 500, 560, 520))
    here = Point(510, 510)
    settle(town, 8, building_id=building, geom=here)
    for place, is_there in (
        ({"building_id": building, "geom": here}, True),
        # Somebody pinned it at the gate.
        ({"building_id": building, "geom": Point(700, 510)}, True),
        ({"building_id": building}, True),
        ({"building_id": other, "geom": Point(550, 510)}, True),
        ({"geom": Point(510, 558)}, True),
        ({"geom": Point(558, 510)}, True),
        ({"geom": Point(510, 564)}, False),
        ({"geom": Point(564, 510)}, False),
        # In the corner of the square around it, and not in the circle.
        ({"geom": Point(550, 550)}, False),
        ({"building_id": other, "geom": Point(600, 510)}, False),
    ):
        before = max(case.earlier for case in list_due(town))
        settle(town, 200, **place)
        assert max(case.earlier for case in list_due(town)) == before + is_there, place


def test_of_one_kind_only_as_many_are_due_as_anybody_could_walk_to(town: Town) -> None:
    for number in range(30):
        settle(town, 8 + number / 10, geom=Point(100 * (number % 9) + 50, 100 * (number // 9) + 50))
    settle(town, 8, geom=Point(950, 950), category_code="E202")
    due = list_due(town)
    assert [case.category_code for case in due].count("E201") == 25
    assert [case.category_code for case in due].count("E202") == 1
    # What lapses first.
    closed = sorted(case.closed_at for case in due if case.category_code == "E201")
    assert NOW - closed[-1] > timedelta(days=8.4)


def test_whoever_holds_the_building_looks_and_else_whoever_had_the_case(town: Town) -> None:
    building = town.building("1", box(0, 0, 20, 20))
    holder, handler, company = town.party("wang"), town.party("li"), town.party("P", "property_company")
    town.zone(town.plan(), "Z", building, lead=holder)
    settle(town, 8, building_id=building, party_id=handler)
    settle(town, 8, party_id=handler, geom=Point(400, 400))
    settle(town, 8, party_id=company, geom=Point(800, 800))
    assert {case.party_id for case in list_due(town)} == {holder, handler, None}


def test_another_community_is_none_of_ones_business(town: Town, connection: PostgresConnection) -> None:
    other = Town(connection, "B", box(2000, 0, 3000, 1000))
    settle(other, 8)
    connection.commit()
    with acting_as(make_actor(town.id)):
        assert list_rechecks(other.id, NOW) == []


@pytest.fixture
def office(database_url: str) -> CaseTown:
    return found_town(database_url)


def settle_in(office: CaseTown, connection: PostgresConnection, days: float) -> int:
    """Add a case in the worker's building that was settled some days ago."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO incident (community_id, category_code, source, state, outcome, reported_at,"
            " closed_at, building_id)"
            " VALUES (%s, 'E201', 'patrol', 'closed', 'resolved', %s, %s, %s) RETURNING id",
            (office.id, days_ago(days + 1), days_ago(days), office.building),
        )
        ((case_id,),) = cursor.fetchall()
    connection.commit()
    return int(case_id)


def test_a_look_is_kept_in_the_history_and_asked_for_once(
    office: CaseTown, connection: PostgresConnection
) -> None:
    case_id = settle_in(office, connection, 8)
    with acting_as(office.actor("secretary")):
        change_setting(office.id, EVERYTHING)
        ((case, why),) = list_rechecks(office.id, NOW)
        assert (case.id, case.party_id, why) == (case_id, office.worker, "sample")
        confirm_settled(case.id, case.version)
        assert list_rechecks(office.id, NOW) == []
        assert count_found(office.id, NOW) == {"stays_away": 1}
        seen = get_case(case_id)
        assert (seen.events[-1].kind, seen.events[-1].reason) == ("rechecked", "stays_away")
        assert seen.state == "closed"
        # A look on the seventh day is none on the thirtieth.
        assert [found.days for found, _ in list_rechecks(office.id, NOW + timedelta(days=23))] == [30]
        with pytest.raises(Conflict):
            confirm_settled(case.id, case.version)


def test_what_is_back_becomes_a_case_that_goes_back_to_the_earlier_one(
    office: CaseTown, connection: PostgresConnection
) -> None:
    case_id = settle_in(office, connection, 8)
    with acting_as(office.actor("secretary")):
        change_setting(office.id, EVERYTHING)
    with acting_as(office.actor("worker")):
        ((case, _),) = list_rechecks(office.id, NOW)
        new_id = report_back(case, office.id, "又摆出来了")
        assert report_back(case, office.id, "又摆出来了") == new_id
        again, earlier = get_case(new_id), get_case(case_id)
    assert again.parent_id == case_id
    assert (again.category_code, again.building_id) == ("E201", office.building)
    assert again.words is not None
    assert again.words.description == "又摆出来了"
    assert (earlier.events[-1].kind, earlier.events[-1].reason) == ("rechecked", "came_back")
    assert earlier.state == "closed"


def test_where_the_earlier_case_has_changed_no_new_one_is_opened(
    office: CaseTown, connection: PostgresConnection
) -> None:
    settle_in(office, connection, 8)
    with acting_as(office.actor("secretary")):
        change_setting(office.id, EVERYTHING)
        ((case, _),) = list_rechecks(office.id, NOW)
        confirm_settled(case.id, case.version)
        with pytest.raises(Conflict):
            report_back(case, office.id, "又摆出来了")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM incident")
        assert cursor.fetchall() == [(1,)]


@pytest.mark.parametrize("who", ["company", "leader", "administrator"])
def test_others_do_not_look_in_somebodys_name(
    office: CaseTown, connection: PostgresConnection, who: str
) -> None:
    case_id = settle_in(office, connection, 8)
    with acting_as(office.actor(who)), pytest.raises((Forbidden, NotFound)):
        confirm_settled(case_id, 0)


def test_an_open_case_is_not_looked_at_again(office: CaseTown) -> None:
    with acting_as(office.actor("secretary")):
        case_id = report_incident(office.report())
        with pytest.raises(InputRefused):
            confirm_settled(case_id, 1)


def test_a_community_chooses_what_is_looked_at(office: CaseTown, connection: PostgresConnection) -> None:
    wanted = RecheckSetting(True, (3, 60), 5, 25, 4, ("E101", "E201"))
    settle_in(office, connection, 8)
    with acting_as(office.actor("secretary")):
        assert read_setting(office.id) == RecheckSetting()
        change_setting(office.id, wanted)
        assert read_setting(office.id) == wanted
        with connection.cursor() as cursor:
            cursor.execute("SELECT object_type, details ->> 'most_a_day' FROM audit_log")
            assert cursor.fetchall() == [("recheck_setting", "4")]
        connection.rollback()
        change_setting(office.id, RecheckSetting())
        assert read_setting(office.id) == RecheckSetting()
        for wrong in (
            RecheckSetting(days=()), RecheckSetting(days=(7, 7)), RecheckSetting(days=(0,)),
            RecheckSetting(days=(366,)), RecheckSetting(days=(1, 2, 3, 4, 5, 6)),
            RecheckSetting(share_percent=101), RecheckSetting(lapse_days=0), RecheckSetting(most_a_day=0),
            RecheckSetting(lapse_days=99_999), RecheckSetting(categories=("E9999",)),
        ):  # fmt: skip
            with pytest.raises(InputRefused):
                change_setting(office.id, wrong)
        change_setting(office.id, RecheckSetting(share_percent=100, is_on=False))
        assert list_rechecks(office.id, NOW) == []
    with acting_as(office.actor("worker")), pytest.raises(Forbidden):
        change_setting(office.id, wanted)

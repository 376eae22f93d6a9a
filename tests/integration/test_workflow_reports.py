"""Taking cases in: where they go, what is refused, what is known to have been sent before."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.model.incident import Correction, NewIncident, Requester
from geo.operations.incidents import (
    act,
    get_case,
    report_and_settle,
    report_incident,
    reveal_case,
    reveal_requester,
)
from geo.store.engine import acting_as, transaction
from tests.case_town import CaseTown, found_town, point_at


@pytest.fixture
def town(database_url: str) -> CaseTown:
    return found_town(database_url)


def count_cases(url: str) -> tuple[int, ...]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM incident), (SELECT count(*) FROM incident_event),"
            " (SELECT count(*) FROM incident_requester), (SELECT count(*) FROM incident_photo)"
        )
        return tuple(cursor.fetchall()[0])


def test_a_report_goes_to_whoever_holds_the_building_with_a_due_time(town: CaseTown) -> None:
    with acting_as(town.actor("secretary")):
        case = get_case(report_incident(town.report(building_id=town.far_building)))
    assert (case.state, case.version, case.party_id) == ("reported", 1, town.colleague)
    assert case.due_at is not None
    assert case.due_at > case.reported_at
    assert case.original_due_at == case.due_at
    assert (case.grid_name, case.geocode_quality) == ("第G2网格", "building")
    assert [(event.move, event.to_party_id) for event in case.events] == [("report", town.colleague)]


def test_a_report_without_a_place_goes_to_the_committee(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        case = get_case(report_incident(town.report(building_id=None, category_code="E1201")))
        assert (case.party_id, case.geocode_quality, case.longitude) == (town.committee, "none", None)
        assert case.is_own


def test_a_duty_rule_says_whose_it_is(database_url: str, town: CaseTown) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO duty_rule (community_id, position, category_code, lead_party_id, deadline_amount,"
            " deadline_unit) VALUES (%s, 1, 'E4', %s, 3, 'hour') RETURNING id",
            (town.id, town.department),
        )
        rule_id = cursor.fetchall()[0][0]
        connection.commit()
    with acting_as(town.actor("secretary")):
        case = get_case(report_incident(town.report()))
    assert (case.party_id, case.duty_rule_id) == (town.department, rule_id)
    assert case.due_at == case.reported_at + timedelta(hours=3)


def test_a_click_on_the_map_finds_building_compound_and_grid(town: CaseTown) -> None:
    longitude, latitude = point_at(20, 20)
    with acting_as(town.actor("worker")):
        report = town.report(building_id=None, longitude=longitude, latitude=latitude)
        case = get_case(report_incident(report))
    assert (case.building_id, case.compound_id, case.grid_id) == (town.building, town.compound, town.grid)
    assert case.geocode_quality == "manual"
    assert (case.longitude, case.latitude) == (longitude, latitude)


def test_a_sealed_case_is_taken_in_by_somebody_who_may_not_read_it(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report(category_code="E905", client_id="x"))
        assert report_incident(town.report(category_code="E905", client_id="x")) == incident_id
        with pytest.raises(NotFound):
            get_case(incident_id)
    with acting_as(town.actor("secretary")):
        case = get_case(incident_id)
        assert (case.sensitivity, case.words, case.party_id) == ("S3", None, town.committee)
        with pytest.raises(InputRefused, match="reason"):
            reveal_case(incident_id, " ")
        assert reveal_case(incident_id, "上门处置").words.description == "楼道堆物"


def test_a_sealed_case_is_not_left_with_a_company_that_may_not_see_it(
    database_url: str, town: CaseTown
) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO duty_rule (community_id, position, lead_kind)"
            " VALUES (%s, 1, 'compound_property_company')",
            (town.id,),
        )
        connection.commit()
    with acting_as(town.actor("secretary")):
        assert get_case(report_incident(town.report())).party_id == town.company
        sealed = report_incident(town.report(category_code="E905"))
        assert get_case(sealed).party_id == town.committee
        with pytest.raises(InputRefused, match="not shown"):
            act(sealed, "dispatch", 1, to_party_id=town.company)
        open_case = report_incident(town.report())
        with pytest.raises(InputRefused, match="not shown"):
            act(open_case, "correct", 1, correction=Correction(category_code="E1001"))


def test_who_asked_is_said_by_whoever_took_the_case_in(database_url: str, town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report())
    for who, error in (("colleague", psycopg2.errors.InsufficientPrivilege), ("worker", None)):
        with acting_as(town.actor(who)), transaction() as connection, connection.cursor() as cursor:
            statement = (
                "INSERT INTO incident_requester (incident_id, community_id, name) VALUES (%s, %s, '张')"
            )
            if error is None:
                cursor.execute(statement, (incident_id, town.id))
            else:
                with pytest.raises(error):
                    cursor.execute(statement, (incident_id, town.id))
                connection.rollback()


def test_whoever_asked_is_masked_and_shown_for_a_reason(town: CaseTown) -> None:
    requester = Requester(name="张三丰", phone="13812345678", room="501")
    with acting_as(town.actor("worker")):
        incident_id = report_incident(town.report(requester=requester))
        card = get_case(incident_id).requester
        assert card is not None
        assert (card.name, card.phone) == ("张**", "138****5678")
        assert reveal_requester(incident_id, "回访").name == "张三丰"
    with acting_as(town.actor("leader")):
        assert get_case(incident_id).requester is None
        with pytest.raises(NotFound):
            reveal_requester(incident_id, "好奇")


def test_reporting_and_settling_is_one_step(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        report = town.report(building_id=None, category_code="E1201", source="walk_in", client_id="k")
        case = get_case(report_and_settle(report, "resolved", "当场答复"))
        assert (case.state, case.version, case.party_id, case.outcome) == (
            "closed", 2, town.worker, "resolved",
        )  # fmt: skip
        assert case.first_response_at == case.handled_at == case.closed_at
        assert report_and_settle(report, "resolved") == case.id
        assert get_case(case.id).version == 2


def test_a_report_that_cannot_be_settled_is_not_taken_in(database_url: str, town: CaseTown) -> None:
    before = count_cases(database_url)
    with acting_as(town.actor("worker")), pytest.raises(InputRefused):
        report_and_settle(town.report(), "magic")
    assert count_cases(database_url) == before


BAD: dict[str, Callable[[CaseTown], NewIncident]] = {
    "category": lambda town: town.report(category_code="E9999"),
    "category injected": lambda town: town.report(category_code="E1'; DROP TABLE incident; --"),
    "no words": lambda town: town.report(description=" \u200b\n"),
    "endless words": lambda town: town.report(description="长" * 5000),
    "source": lambda town: town.report(source="gossip"),
    "severity": lambda town: town.report(severity="worst"),
    "request kind": lambda town: town.report(request_kind="demand"),
    "future": lambda town: town.report(reported_at=datetime.now(UTC) + timedelta(minutes=5)),
    "no zone": lambda town: town.report(reported_at=datetime(2026, 1, 1)),  # noqa: DTZ001 - that is the point
    "before all time": lambda town: town.report(reported_at=datetime(1900, 1, 1, tzinfo=UTC)),
    "outside": lambda town: town.report(
        building_id=None, longitude=point_at(2500, 500)[0], latitude=point_at(2500, 500)[1]
    ),
    "nowhere": lambda town: town.report(building_id=None, longitude=float("nan"), latitude=32.0),
    "half a place": lambda town: town.report(building_id=None, longitude=120.0),
    "building": lambda town: town.report(building_id=999_999),
    "compound": lambda town: town.report(building_id=None, compound_id=999_999),
    "merchant": lambda town: town.report(building_id=None, merchant_id=999_999),
    "other community": lambda town: town.report(community_id=town.other_id, building_id=None),
    "no community": lambda town: town.report(community_id=999_999),
    "a photo that is none": lambda town: town.report(photos=(b"MZ\x90\x00" + b"\x00" * 100,)),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_gets_one_sentence_and_changes_nothing(
    database_url: str, town: CaseTown, what: str
) -> None:
    before = count_cases(database_url)
    with acting_as(town.actor("worker")), pytest.raises((InputRefused, NotFound)) as refusal:
        report_incident(BAD[what](town))
    sentence = str(refusal.value)
    assert 10 < len(sentence) < 250
    assert "\n" not in sentence
    assert count_cases(database_url) == before


@pytest.mark.parametrize("who", ["leader", "company", "wall", "administrator"])
def test_others_take_no_cases_in(database_url: str, town: CaseTown, who: str) -> None:
    before = count_cases(database_url)
    with acting_as(town.actor(who)), pytest.raises((Forbidden, NotFound)):
        report_incident(town.report(building_id=None))
    assert count_cases(database_url) == before


def test_a_report_sent_twice_at_once_is_one_case(town: CaseTown) -> None:
    start = threading.Barrier(4)
    found: list[int] = []

    def send() -> None:
        with acting_as(town.actor("worker")):
            start.wait()
            found.append(report_incident(town.report(client_id="at once")))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_the_name_of_somebody_elses_report_is_a_conflict(database_url: str, town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        report_incident(town.report(client_id="mine"))
    before = count_cases(database_url)
    with acting_as(town.actor("colleague")), pytest.raises(Conflict, match="mine"):
        report_incident(town.report(client_id="mine"))
    assert count_cases(database_url) == before


def test_without_anybody_to_take_it_a_report_is_refused(database_url: str, town: CaseTown) -> None:
    with closing(psycopg2.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE party SET active_to = '2025-01-01' WHERE id = %s", (town.committee,))
        connection.commit()
    with acting_as(town.actor("worker")), pytest.raises(NotFound, match="nobody"):
        report_incident(town.report())


def test_what_cannot_be_seen_is_taken_out_of_words(town: CaseTown) -> None:
    with acting_as(town.actor("worker")):
        case = get_case(report_incident(town.report(description="飞\u200b线\x00充电\u202e", title="=1+1")))
    assert case.words is not None
    assert case.words.description == "飞线充电"


def test_a_report_without_a_title_is_headed_by_what_it_says(town: CaseTown) -> None:
    told = "3栋楼道堆了纸箱，请联系13800138000。谢谢"
    with acting_as(town.actor("secretary")):
        case = get_case(report_incident(town.report(description=told, title=" ")))
        named = get_case(report_incident(town.report(description=told, title="纸箱")))
        assert case.words is not None
        assert case.words.title is not None
        assert case.words.title.startswith("3栋楼道堆了纸箱，请联系")
        assert "13800138000" not in case.words.title, "masked like every word of a case"
        assert named.words is not None
        assert named.words.title == "纸箱"
        assert reveal_case(case.id, "核对").words.title == "3栋楼道堆了纸箱，请联系13800138000"

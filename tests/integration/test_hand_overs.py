"""Cases go on as an absence begins and come back as it ends: at midnight, late, twice, after a crash."""

import threading
from datetime import date, timedelta

import psycopg2
import pytest

from geo.model.absence import AbsenceReason, HandOver
from geo.model.actor import Actor
from geo.operations import hand_overs
from geo.operations.absences import end_absence, end_service, list_absences, mark_absent
from geo.operations.hand_overs import begin_day
from geo.operations.incidents import act, act_within, get_case
from geo.operations.morning import gather_morning
from geo.rules.morning import start_of_day
from geo.store.engine import acting_as, connect
from tests.absence_town import AbsenceTown
from tests.plan_town import TODAY, TOMORROW

NEXT_WEEK = TODAY + timedelta(days=7)
SICK = AbsenceReason.SICK


@pytest.fixture
def town(database_url: str) -> AbsenceTown:
    """With ``zhao`` as backup of the zone of ``wang``."""
    town = AbsenceTown(database_url)
    town.appoint(town.zhao)
    return town


def come(town: AbsenceTown, days: int) -> HandOver:
    """Let days go by: everything entered moves into the past, and then the day begins."""
    for (absence,) in town.run("SELECT id FROM absence ORDER BY valid_from"):
        town.run(
            "UPDATE absence SET valid_from = valid_from - %s, valid_to = valid_to - %s WHERE id = %s",
            days, days, absence,
        )  # fmt: skip
    return begin(town)


def begin(town: AbsenceTown) -> HandOver:
    here, _elsewhere = begin_day(TODAY)
    return here


def holder(town: AbsenceTown, case: int) -> int | None:
    with acting_as(town.actor()):
        return get_case(case).party_id


def test_cases_of_an_absence_entered_beforehand_go_on_as_it_begins(town: AbsenceTown) -> None:
    case, other = town.report(0), town.report(11)
    with acting_as(town.actor()):
        before = get_case(case)
        mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
    assert begin(town).moved == {}
    assert come(town, 1).moved == {case: town.zhao}
    with acting_as(town.actor()):
        after = get_case(case)
    assert (after.state, after.due_at, after.original_due_at) == (
        before.state, before.due_at, before.original_due_at,
    )  # fmt: skip
    last = after.events[-1]
    assert (last.move, last.reason, last.to_party_id) == ("hand_over", "holder_away", town.zhao)
    # Nobody's name stands under it.
    assert last.actor_name is None
    assert holder(town, other) == town.li
    # Asked again, it does nothing.
    assert begin(town) == HandOver(None)
    assert holder(town, case) == town.zhao


def test_two_servers_begin_one_day(town: AbsenceTown) -> None:
    cases = [town.report(building) for building in range(6)]
    with acting_as(town.actor()):
        mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
    town.run("UPDATE absence SET valid_from = %s", TODAY)
    done: list[HandOver] = []
    servers = [threading.Thread(target=lambda: done.extend(begin_day(TODAY)[:1])) for _ in range(2)]
    for server in servers:
        server.start()
    for server in servers:
        server.join()
    assert sorted(len(each.moved) for each in done) == [0, 6]
    handed = town.run("SELECT count(*) FROM incident_event WHERE move = 'hand_over'")
    assert handed == [(len(cases),)]


def test_a_crash_in_the_midst_leaves_nothing_half_done(
    town: AbsenceTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = [town.report(building) for building in range(3)]
    with acting_as(town.actor()):
        mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
    town.run("UPDATE absence SET valid_from = %s", TODAY)
    handed: list[object] = []

    def fall_over(*args: object, **fields: object) -> None:
        if len(handed) == 2:
            raise KeyboardInterrupt
        handed.append(args)
        act_within(*args, **fields)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(hand_overs, "act_within", fall_over)
        with pytest.raises(KeyboardInterrupt):
            begin_day(TODAY)
    assert {holder(town, case) for case in cases} == {town.wang}
    assert town.run("SELECT count(*) FROM absence_case") == [(0,)]
    assert set(begin(town).moved) == set(cases)


def test_a_community_that_fails_keeps_no_other_waiting(
    town: AbsenceTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
    town.run("UPDATE absence SET valid_from = %s", TODAY)
    before = town.run("SELECT id FROM community ORDER BY id")
    ((first,),) = town.run(
        "INSERT INTO community (id, code, name, metric_epsg, geom) OVERRIDING SYSTEM VALUE"
        " SELECT -1, '0', '坏社区', metric_epsg, geom FROM community ORDER BY id LIMIT 1 RETURNING id"
    )
    assert all(first < community for (community,) in before)
    settle = hand_overs.settle

    def fail_in_the_first(connection: object, community_id: int, today: date) -> HandOver:
        if community_id == first:
            fault = "this community's data is broken"
            raise psycopg2.DataError(fault)
        return settle(connection, community_id, today)  # type: ignore[arg-type]

    monkeypatch.setattr(hand_overs, "settle", fail_in_the_first)
    with pytest.raises(ExceptionGroup) as told:
        begin_day(TODAY)
    assert [type(each) for each in told.value.exceptions] == [psycopg2.DataError]
    assert holder(town, case) == town.zhao


def test_what_nobody_has_begun_comes_back_and_what_was_begun_stays(town: AbsenceTown) -> None:
    untouched, begun = town.report(0), town.report(1)
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, TOMORROW, SICK)
        assert {get_case(case).party_id for case in (untouched, begun)} == {town.zhao}
    with acting_as(town.worker(town.zhao)):
        act(begun, "verify_on_site", get_case(begun).version, note="已到现场")
    done = come(town, 1)
    assert done.returned == {untouched: town.wang}
    assert (holder(town, untouched), holder(town, begun)) == (town.wang, town.zhao)
    assert begin(town) == HandOver(None)
    with acting_as(town.actor()):
        last = get_case(untouched).events[-1]
        (back,) = gather_morning(town.id, start_of_day(TODAY) + timedelta(hours=8)).returns
    assert (last.reason, last.to_party_id) == ("holder_back", town.wang)
    assert (back.name, back.back_on, back.returned, back.kept) == ("wang", TODAY, 1, 1)


def test_whoever_is_called_back_has_his_cases_at_once(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        absence = mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
        assert end_absence(absence.absence_id or 0, TODAY).returned == {case: town.wang}
    assert holder(town, case) == town.wang


def test_an_absence_called_off_before_it_begins_moves_nothing(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        absence = mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
        end_absence(absence.absence_id or 0, TODAY)
    assert come(town, 1) == HandOver(None)
    assert holder(town, case) == town.wang


def test_an_absence_made_longer_keeps_the_case_where_it_is(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        absence = mark_absent(town.wang, TODAY, TOMORROW, SICK)
        end_absence(absence.absence_id or 0, NEXT_WEEK)
    assert come(town, 1) == HandOver(None)
    assert holder(town, case) == town.zhao
    assert come(town, 6).returned == {case: town.wang}


def test_a_case_that_went_on_twice_comes_back_to_the_first_who_is_there(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, TODAY + timedelta(days=2), SICK)
        mark_absent(town.zhao, TODAY, TOMORROW, SICK)
    assert holder(town, case) == town.li
    assert come(town, 1).returned == {case: town.zhao}
    assert come(town, 1).returned == {case: town.wang}
    # He falls ill again: it goes the same way, and comes back.
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, TOMORROW, SICK)
    assert holder(town, case) == town.zhao
    assert come(town, 1).returned == {case: town.wang}


def test_the_first_is_back_before_the_one_who_stood_in(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, TOMORROW, SICK)
        mark_absent(town.zhao, TODAY, NEXT_WEEK, SICK)
    assert come(town, 1).returned == {case: town.wang}
    # Whoever stood in is not asked for it when he comes back himself.
    assert come(town, 6) == HandOver(None)
    assert holder(town, case) == town.wang


def test_a_case_the_secretary_gave_away_by_hand_does_not_come_back(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, TOMORROW, SICK)
        act(case, "hand_over", get_case(case).version, to_party_id=town.li)
    assert come(town, 1) == HandOver(None)
    assert holder(town, case) == town.li


def test_cases_of_whoever_has_left_go_on_the_next_day_and_stay_there(town: AbsenceTown) -> None:
    case = town.report(0)
    with acting_as(town.actor()):
        end_service(town.wang, TODAY)
    assert begin(town).moved == {}
    town.run("UPDATE party SET active_to = %s WHERE id = %s", TODAY, town.wang)
    town.run("UPDATE zone_party SET valid_to = %s WHERE party_id = %s AND role = 'lead'", TODAY, town.wang)
    assert begin(town).moved == {case: town.zhao}
    assert begin(town) == HandOver(None)


def test_who_waits_for_a_case_is_the_secretarys_business(town: AbsenceTown) -> None:
    town.report(0)
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
        assert list_absences(town.id, TODAY)[0].cases == 0
    elsewhere = Actor(account_id=3, role="secretary", community_ids=(town.elsewhere,))
    for actor, seen in ((town.actor(), 1), (town.worker(town.zhao), 0), (elsewhere, 0)):
        with acting_as(actor), connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM absence_case")
            assert cursor.fetchone() == (seen,), actor.role

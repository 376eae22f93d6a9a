"""Somebody is away: backups step in, buildings are shared, cases follow. Somebody leaves: all of his ends."""

from datetime import timedelta

import psycopg2.errors
import pytest

from geo.errors import Forbidden, InputRefused
from geo.model.absence import AbsenceReason, DutyKind
from geo.model.actor import Actor
from geo.model.zone import ZoneKind
from geo.operations.absences import (
    end_absence,
    end_service,
    list_absences,
    list_duties,
    mark_absent,
    read_hand_over_sheet,
    settle_hand_overs,
)
from geo.operations.incidents import act, get_case
from geo.store.engine import acting_as, connect
from tests.absence_town import AbsenceTown
from tests.plan_town import TODAY, TOMORROW, YESTERDAY
from tests.town import START

NEXT_WEEK = TODAY + timedelta(days=7)
SICK = AbsenceReason.SICK


@pytest.fixture
def town(database_url: str) -> AbsenceTown:
    return AbsenceTown(database_url)


def test_the_backup_holds_the_buildings_from_the_first_day_until_the_lead_is_back(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    with acting_as(town.actor()):
        done = mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
    assert not done.taken
    assert not done.untaken
    mine = set(town.buildings[:6])
    for day, holder in (
        (TODAY, town.wang), (TOMORROW, town.zhao), (NEXT_WEEK - timedelta(days=1), town.zhao),
        (NEXT_WEEK, town.wang),
    ):  # fmt: skip
        holders = town.holders(day)
        assert {holders[b] for b in mine} == {holder}, day
        assert {holders[b] for b in set(town.buildings) - mine} == {town.li}


def test_the_backup_steps_in_for_a_lead_who_has_left(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    town.run("UPDATE party SET active_to = %s WHERE id = %s", TODAY, town.wang)
    assert town.holders(YESTERDAY)[town.buildings[0]] == town.wang
    assert town.holders(TODAY)[town.buildings[0]] == town.zhao


def test_of_two_backups_the_one_who_is_there_holds_them(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    town.appoint(town.li, since=TOMORROW)
    with acting_as(town.actor()):
        mark_absent(town.zhao, TODAY, None, SICK)
        mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
    assert town.holders(TODAY)[town.buildings[0]] == town.wang
    assert town.holders(TOMORROW)[town.buildings[0]] == town.li


def test_without_a_backup_the_buildings_are_shared_and_come_back(town: AbsenceTown) -> None:
    town.appoint(town.zhao, zone=1)
    with acting_as(town.actor()):
        done = mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
    mine = set(town.buildings[:6])
    assert set(done.taken) == {(ZoneKind.GRID_WORKER, b) for b in mine}
    # Whoever has six already gets fewer than whoever has none.
    takers = [done.taken[ZoneKind.GRID_WORKER, b] for b in mine]
    assert takers.count(town.zhao) > takers.count(town.li)
    assert {b: p for b, p in town.holders(TODAY).items() if b in mine} == {
        b: done.taken[ZoneKind.GRID_WORKER, b] for b in mine
    }
    assert {town.holders(NEXT_WEEK)[b] for b in mine} == {town.wang}
    # Who held what while he was away stays known after.
    with acting_as(town.actor()):
        (absence,) = list_absences(town.id, TODAY)
        end_absence(absence.id, TOMORROW)
    assert {town.holders(TOMORROW)[b] for b in mine} == {town.wang}
    assert {town.holders(TODAY)[b] for b in mine} <= {town.li, town.zhao}


def test_when_a_taker_falls_ill_too_what_he_took_goes_on(town: AbsenceTown) -> None:
    town.appoint(town.zhao, zone=1)
    with acting_as(town.actor()):
        first = mark_absent(town.wang, TODAY, None, SICK)
        mark_absent(town.zhao, TOMORROW, NEXT_WEEK, SICK)
    theirs = [b for (_, b), taker in first.taken.items() if taker == town.zhao]
    assert theirs
    assert {town.holders(TODAY)[b] for b in theirs} == {town.zhao}
    assert {town.holders(TOMORROW)[b] for b in theirs} == {town.li}
    assert {town.holders(NEXT_WEEK)[b] for b in theirs} == {town.zhao}


def test_an_absence_entered_first_is_thought_of_when_a_later_one_overlaps(town: AbsenceTown) -> None:
    """The backup goes away in the midst of it, and was entered before the lead was."""
    town.appoint(town.zhao)
    with acting_as(town.actor()):
        mark_absent(town.zhao, TOMORROW, NEXT_WEEK, SICK)
        mark_absent(town.wang, TODAY, None, SICK)
    assert town.holders(TODAY)[town.buildings[0]] == town.zhao
    assert town.holders(TOMORROW)[town.buildings[0]] == town.li
    assert set(town.holders(TOMORROW)) == set(town.buildings)


def test_where_nobody_is_left_the_gap_is_named(town: AbsenceTown) -> None:
    with acting_as(town.actor()):
        mark_absent(town.zhao, TODAY, None, SICK)
        mark_absent(town.li, TODAY, None, SICK)
        last = mark_absent(town.wang, TODAY, None, SICK)
    assert len(last.untaken) == 12
    assert town.holders(TODAY) == {}


def test_open_cases_follow_and_their_clocks_do_not_move(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    case, other, settled = town.report(0), town.report(11), town.report(1)
    with acting_as(town.actor()):
        act(settled, "self_handle", 1, outcome="resolved")
        before = get_case(case)
        assert before.party_id == town.wang
        done = mark_absent(town.wang, TODAY, None, SICK)
        after = get_case(case)
    assert done.moved == {case: town.zhao}
    assert done.left == ()
    assert after.party_id == town.zhao
    assert (after.state, after.due_at, after.original_due_at) == (
        before.state, before.due_at, before.original_due_at
    )  # fmt: skip
    last = after.events[-1]
    assert (last.kind, last.move, last.to_party_id) == ("handed_over", "hand_over", town.zhao)
    with acting_as(town.actor()):
        assert get_case(other).party_id == town.li
        assert settle_hand_overs(town.id).moved == {}


def test_cases_of_an_absence_to_come_stay_until_it_begins(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    case = town.report(0)
    with acting_as(town.actor()):
        assert mark_absent(town.wang, TOMORROW, None, SICK).moved == {}
    # The day comes.
    town.run("UPDATE absence SET valid_from = %s", TODAY)
    with acting_as(town.actor()):
        (absence,) = list_absences(town.id, TODAY)
        assert absence.cases == 1
        assert settle_hand_overs(town.id).moved == {case: town.zhao}
        (absence,) = list_absences(town.id, TODAY)
        assert absence.cases == 0


def test_a_case_in_the_street_goes_to_the_one_named_or_stays_and_is_told(town: AbsenceTown) -> None:
    case = town.enter(town.li)
    with acting_as(town.actor()):
        first = mark_absent(town.li, TODAY, NEXT_WEEK, SICK)
        assert (first.moved, first.left) == ({}, (case,))
        end_absence(first.absence_id or 0, TODAY)
        assert mark_absent(town.li, TODAY, NEXT_WEEK, SICK, stand_in_id=town.zhao).moved == {case: town.zhao}


def test_new_cases_go_to_whoever_is_there(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    town.run("UPDATE duty_rule SET lead_party_id = %s", town.li)
    with acting_as(town.actor()):
        mark_absent(town.li, TODAY, NEXT_WEEK, SICK, stand_in_id=town.zhao)
    case = town.report(0)
    with acting_as(town.actor()):
        # The rule names li, who is away: whoever has the building has the case.
        assert get_case(case).party_id == town.wang
        mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
    with acting_as(town.actor()):
        assert get_case(town.report(0)).party_id == town.zhao


def test_a_returned_case_goes_to_the_committee_while_its_sender_is_away(town: AbsenceTown) -> None:
    sender = Actor(account_id=1, role="secretary", community_ids=(town.id,), party_id=town.zhao)
    present, away = town.report(0), town.report(1)
    with acting_as(sender):
        for case in (present, away):
            act(case, "dispatch", 1, to_party_id=town.li)
    with acting_as(town.worker(town.li)):
        act(present, "return", 2, reason="not_our_duty", suggested_party_id=town.wang)
    with acting_as(town.actor()):
        assert get_case(present).party_id == town.zhao
        mark_absent(town.zhao, TODAY, None, SICK)
    with acting_as(town.worker(town.li)):
        act(away, "return", 2, reason="not_our_duty", suggested_party_id=town.wang)
    with acting_as(town.actor()):
        assert get_case(away).party_id == town.committee


def test_whoever_stands_in_reads_what_the_holder_reads(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    secret = town.enter(town.committee, 0, "S3")

    def sees(party_id: int) -> bool:
        with acting_as(town.worker(party_id)), connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM incident WHERE id = %s", (secret,))
            return bool(cursor.fetchall())

    assert (sees(town.wang), sees(town.zhao)) == (True, False)
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
    assert (sees(town.wang), sees(town.zhao)) == (False, True)


def test_what_cannot_be_is_refused_in_a_sentence(town: AbsenceTown) -> None:
    with acting_as(town.actor()):
        mark_absent(town.wang, TOMORROW, NEXT_WEEK, SICK)
        with pytest.raises(InputRefused, match=r"is away from .* already"):
            mark_absent(town.wang, TODAY, None, SICK)
        with pytest.raises(InputRefused, match="not after the first day"):
            mark_absent(town.li, TOMORROW, TOMORROW, SICK)
        with pytest.raises(InputRefused, match="stands in for himself"):
            mark_absent(town.li, TODAY, None, SICK, stand_in_id=town.li)
        with pytest.raises(InputRefused, match="does not work here"):
            mark_absent(town.li, START - timedelta(days=1), None, SICK)
    with acting_as(town.worker(town.li)), pytest.raises(Forbidden):
        mark_absent(town.li, TODAY, None, SICK)


def test_why_somebody_is_away_is_known_to_the_secretary_and_himself(town: AbsenceTown) -> None:
    with acting_as(town.actor()):
        mark_absent(town.wang, TODAY, NEXT_WEEK, SICK, note="住院")
        (absence,) = list_absences(town.id, TODAY)
        assert (absence.reason, absence.note) == (SICK, "住院")
    with acting_as(town.worker(town.wang)):
        assert list_absences(town.id, TODAY)[0].note == "住院"
    with acting_as(town.worker(town.li)):
        (absence,) = list_absences(town.id, TODAY)
        assert (absence.name, absence.reason, absence.note) == ("wang", None, None)
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), connect() as connection:
            connection.cursor().execute("SELECT reason FROM absence")
    (log,) = town.run("SELECT details FROM audit_log WHERE action = 'absence_changed'")
    assert "sick" not in str(log)


def test_what_is_over_is_not_rewritten(town: AbsenceTown) -> None:
    with acting_as(town.actor()):
        done = mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
    town.run("UPDATE absence SET valid_from = %s, valid_to = %s", YESTERDAY - timedelta(days=9), TODAY)
    with acting_as(town.actor()):
        with pytest.raises(InputRefused, match="is past"):
            end_absence(done.absence_id or 0, YESTERDAY)
        with pytest.raises(Exception, match="is over already"):
            end_absence(done.absence_id or 0, NEXT_WEEK)


def test_leaving_for_good_ends_everything_and_tells_what_needs_a_holder(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    town.appoint(town.wang, zone=1)
    (branch,) = town._add_party("B1", "party_branch")
    town.run(
        "INSERT INTO membership (community_id, member_id, organisation_id, role, valid_from) "
        "VALUES (%s, %s, %s, 'lead', %s)", town.id, town.wang, branch, START,
    )  # fmt: skip
    town.run("UPDATE duty_rule SET lead_party_id = %s", town.wang)
    town.run("INSERT INTO account (login, display_name) VALUES ('wang', '王')")
    town.run(
        "INSERT INTO role_grant (account_id, role, community_id, party_id) "
        "SELECT id, 'grid_worker', %s, %s FROM account", town.id, town.wang,
    )  # fmt: skip
    case = town.report(0)
    with acting_as(town.actor()):
        preview = list_duties(town.wang, TODAY)
        duties = end_service(town.wang, TODAY)
    assert duties == preview
    told = {duty.kind: duty for duty in duties}
    assert told.keys() == {
        DutyKind.POST, DutyKind.ZONE_LEAD, DutyKind.ZONE_BACKUP, DutyKind.DUTY_RULE, DutyKind.ORGANISATION,
        DutyKind.OPEN_CASES,
    }  # fmt: skip
    assert (told[DutyKind.ZONE_LEAD].count, told[DutyKind.ZONE_LEAD].successor) == (6, "zhao")
    assert told[DutyKind.ORGANISATION].name == "B1"
    assert town.run("SELECT active_to FROM party WHERE id = %s", town.wang) == [(TOMORROW,)]
    for table, column in (("post", "party_id"), ("membership", "member_id"), ("role_grant", "party_id")):
        ends = town.run(f"SELECT valid_to FROM {table} WHERE {column} = %s", town.wang)
        assert ends == [(TOMORROW,)], table
    assert town.run(
        "SELECT count(*) FROM zone_party WHERE party_id = %s AND valid_to IS NULL", town.wang
    ) == [(0,)]
    assert town.holders(TODAY)[town.buildings[0]] == town.wang
    assert town.holders(TOMORROW)[town.buildings[0]] == town.zhao
    # His day is over: his cases go to whoever has the building.
    town.run("UPDATE party SET active_to = %s WHERE id = %s", TODAY, town.wang)
    town.run("UPDATE zone_party SET valid_to = %s WHERE party_id = %s AND role = 'lead'", TODAY, town.wang)
    with acting_as(town.actor()):
        assert settle_hand_overs(town.id).moved == {case: town.zhao}


def test_nobody_but_the_secretary_ends_a_service_and_not_her_own(town: AbsenceTown) -> None:
    with acting_as(town.worker(town.li)), pytest.raises(Forbidden):
        end_service(town.wang, TODAY)
    with (
        acting_as(town.worker(town.li)),
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
        connect() as connection,
    ):
        connection.cursor().execute("SELECT end_service(%s, %s)", (town.wang, TODAY))
    herself = Actor(account_id=1, role="secretary", community_ids=(town.id,), party_id=town.wang)
    with acting_as(herself), pytest.raises(InputRefused, match="ends his own service"):
        end_service(town.wang, TODAY)
    elsewhere = Actor(account_id=1, role="secretary", community_ids=(town.elsewhere,))
    with acting_as(elsewhere), pytest.raises(Exception, match="no such party"):
        end_service(town.wang, TODAY)
    with acting_as(town.actor()), pytest.raises(InputRefused, match="is past"):
        end_service(town.wang, YESTERDAY)
    assert town.run("SELECT active_to FROM party WHERE id = %s", town.wang) == [(None,)]


def test_the_sheet_tells_the_last_that_was_done(town: AbsenceTown) -> None:
    town.appoint(town.zhao)
    case = town.report(0)
    with acting_as(town.actor()):
        act(case, "verify_on_site", 1, note="已到现场，电话13812341234")
        mark_absent(town.wang, TODAY, NEXT_WEEK, SICK)
        sheet = read_hand_over_sheet(town.wang, TODAY)
    (line,) = sheet.cases
    assert (line.id, line.party, line.last_move) == (case, "zhao", "verify_on_site")
    assert line.last_note is not None
    assert "已到现场" in line.last_note
    assert "13812341234" not in line.last_note
    assert len(sheet.buildings) == 6
    assert {building.party for building in sheet.buildings} == {"zhao"}
    assert sheet.absence is not None

"""A community's own working time and clocks: read as they were set, set by nobody who may not."""

from datetime import UTC, date, datetime

import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.model.working_time import DEFAULT_HOURS, Allowance, Unit, WorkingHours
from geo.rules.calendar import WorkingCalendar
from geo.rules.clock import find_due
from geo.store.calendars import CategoryClock, load_clocks, load_working_time
from tests.town import Town


@pytest.fixture
def town(connection: PostgresConnection) -> Town:
    return Town(connection)


@pytest.fixture
def neighbour(town: Town) -> Town:
    return Town(town.connection, "B")


def run(town: Town, statement: str, *values: object) -> int:
    with town.connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def set_hours(town: Town, *intervals: tuple[str, str]) -> None:
    for opens, closes in intervals:
        run(town, "INSERT INTO community_calendar VALUES (%s, %s, %s)", town.id, opens, closes)


def set_clock(town: Town, code: str, *values: object) -> None:
    run(town, "INSERT INTO community_category VALUES (%s, %s, %s, %s, %s, %s)", town.id, code, *values)


def act_as(town: Town, role: str, *communities: Town) -> None:
    ids = "{" + ",".join(str(community.id) for community in communities) + "}"
    run(town, "SET LOCAL ROLE wangge_app")
    run(
        town,
        "SELECT set_config('wangge.role', %s, true), set_config('wangge.communities', %s, true)",
        role,
        ids,
    )


class TestWorkingTime:
    def test_without_any_of_its_own_it_is_the_usual_one(self, town: Town, neighbour: Town) -> None:
        set_hours(neighbour, ("09:00", "17:30"))
        run(neighbour, "INSERT INTO calendar_day VALUES (%s, '2026-11-20', false)", neighbour.id)
        assert load_working_time(town.connection, town.id) == (DEFAULT_HOURS, {})

    def test_its_own(self, town: Town) -> None:
        set_hours(town, ("18:30", "24:00"), ("09:00", "17:30"))
        run(
            town,
            "INSERT INTO calendar_day SELECT %s, day, is_workday FROM "
            "(VALUES (date '2026-11-20', false), (date '2026-11-21', true)) AS own (day, is_workday)",
            town.id,
        )
        time = load_working_time(town.connection, town.id)
        assert time.hours == WorkingHours(((540, 1050), (1110, 1440)))
        assert time.overrides == {date(2026, 11, 20): False, date(2026, 11, 21): True}

    def test_it_makes_a_calendar(self, town: Town) -> None:
        """Friday is off, Saturday is worked: four hours from Friday night are over at one on Saturday."""
        set_hours(town, ("09:00", "17:30"))
        run(town, "INSERT INTO calendar_day VALUES (%s, '2026-11-20', false)", town.id)
        run(town, "INSERT INTO calendar_day VALUES (%s, '2026-11-21', true)", town.id)
        calendar = WorkingCalendar(*load_working_time(town.connection, town.id))
        due = find_due(calendar, datetime(2026, 11, 20, 3, tzinfo=UTC), Allowance(4, Unit.WORKING_HOUR))
        assert due == datetime(2026, 11, 21, 5, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("intervals", "refusal"),
        [
            ([("12:00", "08:30")], "hours_in_order"),
            ([("08:30", "08:30")], "hours_in_order"),
            ([("08:30", "12:00"), ("11:59", "18:00")], "hours_apart"),
            ([("08:30:30", "12:00")], "whole_minutes"),
        ],
    )
    def test_hours_that_make_no_day_are_refused(
        self, town: Town, intervals: list[tuple[str, str]], refusal: str
    ) -> None:
        with pytest.raises((errors.CheckViolation, errors.ExclusionViolation), match=refusal):
            set_hours(town, *intervals)

    def test_hours_may_meet(self, town: Town) -> None:
        set_hours(town, ("08:30", "12:00"), ("12:00", "18:00"))
        assert load_working_time(town.connection, town.id).hours.intervals_min == ((510, 720), (720, 1080))


class TestClocks:
    def test_without_its_own_they_are_the_categories(self, town: Town, neighbour: Town) -> None:
        set_clock(neighbour, "E101", 9, "hour", 9, "day")
        clocks = load_clocks(town.connection, town.id)
        assert clocks["E101"] == CategoryClock(
            Allowance(1, Unit.WORKING_HOUR), Allowance(4, Unit.WORKING_HOUR)
        )
        assert clocks["E605"].response == Allowance(0.1, Unit.HOUR)
        assert clocks["E1203"] == CategoryClock(None, None)
        assert len(clocks) == 79

    def test_what_it_does_not_set_stays(self, town: Town) -> None:
        set_clock(town, "E101", None, None, 1, "working_day")
        set_clock(town, "E606", 2, "working_hour", None, None)
        clocks = load_clocks(town.connection, town.id)
        assert clocks["E101"] == CategoryClock(
            Allowance(1, Unit.WORKING_HOUR), Allowance(1, Unit.WORKING_DAY)
        )
        assert clocks["E606"] == CategoryClock(Allowance(2, Unit.WORKING_HOUR), None)

    @pytest.mark.parametrize(
        "values",
        [
            pytest.param((None, None, None, None), id="nothing"),
            pytest.param((1, None, 1, "day"), id="an amount of nothing"),
            pytest.param((None, None, 0, "day"), id="no time"),
            pytest.param((None, None, 1, "week"), id="a unit nobody knows"),
        ],
    )
    def test_nonsense_is_refused(self, town: Town, values: tuple[object, ...]) -> None:
        with pytest.raises(errors.CheckViolation):
            set_clock(town, "E101", *values)


class TestAccess:
    TABLES = ("community_calendar", "calendar_day", "community_category")

    @pytest.fixture(autouse=True)
    def _set_both(self, town: Town, neighbour: Town) -> None:
        for each in (town, neighbour):
            set_hours(each, ("09:00", "17:30"))
            run(each, "INSERT INTO calendar_day VALUES (%s, '2026-11-20', false)", each.id)
            set_clock(each, "E101", 1, "hour", None, None)

    @pytest.mark.parametrize("role", ["secretary", "grid_worker", "leader", "administrator"])
    def test_each_sees_its_own_area(self, town: Town, neighbour: Town, role: str) -> None:
        act_as(town, role, town)
        assert load_working_time(town.connection, town.id).hours != DEFAULT_HOURS
        assert load_working_time(town.connection, neighbour.id) == (DEFAULT_HOURS, {})
        assert load_clocks(town.connection, neighbour.id)["E101"].response == Allowance(1, Unit.WORKING_HOUR)

    def test_nobody_sees_nothing(self, town: Town) -> None:
        act_as(town, "")
        for table in self.TABLES:
            with town.connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM {table}")
                assert cursor.fetchone() == (0,), table

    @pytest.mark.parametrize(
        ("role", "may"),
        [("secretary", True), ("administrator", True), ("grid_worker", False), ("leader", False),
         ("property_company", False), ("wall", False)],
    )  # fmt: skip
    def test_who_keeps_the_calendar(self, town: Town, neighbour: Town, role: str, may: bool) -> None:
        act_as(town, role, town)
        changes = (
            "UPDATE community_calendar SET closes = '18:00'",
            "UPDATE calendar_day SET is_workday = true",
            "UPDATE community_category SET response_amount = 2",
        )
        assert [run(town, change) for change in changes] == [int(may)] * 3, "of two rows each, one its own"
        assert run(town, "DELETE FROM calendar_day") == int(may)
        if may:
            run(town, "INSERT INTO calendar_day VALUES (%s, '2027-02-06', false)", town.id)
        with pytest.raises(errors.InsufficientPrivilege):
            run(
                town,
                "INSERT INTO calendar_day VALUES (%s, '2027-02-07', true)",
                neighbour.id if may else town.id,
            )

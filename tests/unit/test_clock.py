"""The clock where it could be read in two ways, by dates from real calendars."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from geo.errors import InputRefused
from geo.model.working_time import DEFAULT_HOURS, Allowance, Judgement, Status, Unit, WorkingHours
from geo.rules.calendar import KNOWN_YEARS, WorkingCalendar
from geo.rules.clock import (
    Pause,
    find_due,
    find_dues,
    judge_case,
    judge_cases,
    measure_elapsed,
    resume_due,
)
from tests.unit.slow_clock import CHINA

CALENDAR = WorkingCalendar()
STRAIGHT = WorkingCalendar(WorkingHours(((9 * 60, 17 * 60 + 30),)))


def at(text: str) -> datetime:
    """Read a local time of China."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


class TestDays:
    @pytest.mark.parametrize(
        ("day", "is_worked"),
        [
            pytest.param(date(2026, 2, 14), True, id="a Saturday worked for the spring festival"),
            pytest.param(date(2026, 2, 17), False, id="New Year's Day of the moon"),
            pytest.param(date(2026, 10, 10), True, id="a Saturday worked for National Day"),
            pytest.param(date(2026, 10, 1), False, id="National Day, a Thursday"),
            pytest.param(date(2015, 9, 3), False, id="a holiday of one year alone"),
            pytest.param(date(2027, 10, 1), True, id="a Friday of a year without a notice"),
            pytest.param(date(2027, 10, 2), False, id="its Saturday"),
            pytest.param(
                date(1890, 1, 1), False, id="before the calendar begins: as its first day, a Sunday"
            ),
        ],
    )
    def test_a_day_is_worked(self, day: date, is_worked: bool) -> None:
        assert CALENDAR.is_workday(day) is is_worked

    def test_a_community_has_the_last_word(self) -> None:
        own = WorkingCalendar(
            DEFAULT_HOURS, {date(2026, 10, 1): True, date(2026, 9, 30): False, date(9999, 1, 1): True}
        )
        assert own.is_workday(date(2026, 10, 1))
        assert not own.is_workday(date(2026, 9, 30))
        assert not CALENDAR.is_workday(date(2026, 10, 1)), "others are not touched"

    def test_it_tells_what_it_does_not_know(self) -> None:
        unknown = max(KNOWN_YEARS) + 1
        own = WorkingCalendar(DEFAULT_HOURS, {date(unknown, 1, 1): False})
        assert own.is_known(date(unknown - 1, 12, 31))
        assert own.is_known(date(unknown, 1, 1))
        assert not own.is_known(date(unknown, 1, 2))
        assert not own.is_known(date(2003, 6, 2))

    @pytest.mark.parametrize(
        "intervals",
        [
            (),
            ((540, 540),),
            ((720, 510),),
            ((510, 720), (700, 1080)),
            ((870, 1080), (510, 720)),
            ((-60, 720),),
            ((510, 1441),),
        ],
    )
    def test_hours_that_make_no_day_are_refused(self, intervals: tuple[tuple[int, int], ...]) -> None:
        with pytest.raises(InputRefused, match="working hours"):
            WorkingHours(intervals)

    @pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), 10_001])
    def test_a_time_nobody_can_mean_is_refused(self, amount: float) -> None:
        with pytest.raises(InputRefused, match="cannot be given"):
            Allowance(amount, Unit.DAY)


class TestDue:
    @pytest.mark.parametrize(
        ("start", "amount", "unit", "due"),
        [
            pytest.param("2026-11-20T10:00", 4, "working_hour", "2026-11-20T16:30", id="over lunch"),
            pytest.param("2026-11-20T08:30", 3.5, "working_hour", "2026-11-20T12:00", id="at closing"),
            pytest.param("2026-11-20T17:00", 4, "working_hour", "2026-11-23T11:30", id="over a weekend"),
            pytest.param("2026-11-20T12:30", 1, "working_hour", "2026-11-20T15:30", id="reported over lunch"),
            pytest.param("2026-11-20T10:00", 1, "working_day", "2026-11-23T10:00", id="next day"),
            pytest.param("2026-11-19T22:00", 1, "working_day", "2026-11-20T18:00", id="reported at night"),
            pytest.param("2026-11-20T18:00", 0.5, "working_day", "2026-11-23T12:00", id="at the close"),
            pytest.param("2026-02-13T15:00", 2, "working_day", "2026-02-24T15:00", id="spring festival"),
            pytest.param("2026-11-20T22:00", 2, "hour", "2026-11-21T00:00", id="night"),
            pytest.param("2026-09-30T10:00", 1, "day", "2026-10-01T10:00", id="days run in holidays"),
            pytest.param("2026-11-20T22:00", 0, "hour", "2026-11-20T22:00", id="nothing"),
            pytest.param("2026-11-20T22:00", 0, "working_hour", "2026-11-23T08:30", id="nothing, working"),
            pytest.param("2026-12-31T17:00", 4, "working_hour", "2027-01-01T11:30", id="without notice"),
        ],
    )  # fmt: skip
    def test_due(self, start: str, amount: float, unit: str, due: str) -> None:
        assert find_due(CALENDAR, at(start), Allowance(amount, Unit(unit))) == at(due)

    def test_seconds_are_kept(self) -> None:
        due = find_due(CALENDAR, at("2026-11-20T11:59:58.250"), Allowance(1, Unit.WORKING_HOUR))
        assert due == at("2026-11-20T15:29:58.250")
        assert due.tzinfo is UTC

    def test_a_working_day_is_as_long_as_the_community_works(self) -> None:
        """The straight day has eight and a half hours, the default seven."""
        assert find_due(STRAIGHT, at("2026-11-20T10:00"), Allowance(1, Unit.WORKING_DAY)) == at(
            "2026-11-23T10:00"
        )
        assert find_due(STRAIGHT, at("2026-11-20T10:00"), Allowance(8, Unit.WORKING_HOUR)) == at(
            "2026-11-23T09:30"
        )

    def test_a_moment_without_a_zone_is_nobodys(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            find_due(CALENDAR, datetime(2026, 11, 20, 10), Allowance(1, Unit.HOUR))  # noqa: DTZ001 - the point

    def test_far_away_ends_with_the_calendar(self) -> None:
        due = find_due(CALENDAR, at("2199-12-01T10:00"), Allowance(10_000, Unit.WORKING_DAY))
        assert due.year == 2199


class TestJudgement:
    @pytest.mark.parametrize(
        ("moment", "share", "status"),
        [
            ("2026-11-19T10:00", 0.0, "in_time"),
            ("2026-11-20T10:00", 0.0, "in_time"),
            ("2026-11-20T15:29", pytest.approx(179 / 240), "in_time"),
            ("2026-11-20T15:30", 0.75, "amber"),
            ("2026-11-20T16:30", 1.0, "amber"),
            ("2026-11-20T16:31", pytest.approx(241 / 240), "over"),
        ],
    )
    def test_four_working_hours_over_lunch(self, moment: str, share: float, status: str) -> None:
        judged = judge_case(
            CALENDAR, at("2026-11-20T10:00"), at("2026-11-20T16:30"), at(moment), Unit.WORKING_HOUR
        )
        assert judged == Judgement(share, Status(status))

    def test_what_was_due_at_closing_is_over_at_night(self) -> None:
        """Although no more working time has passed."""
        judged = judge_case(
            CALENDAR, at("2026-11-20T08:30"), at("2026-11-20T18:00"), at("2026-11-20T18:01"), Unit.WORKING_DAY
        )
        assert judged == Judgement(1.0, Status.OVER)

    def test_without_a_limit(self) -> None:
        judged = judge_case(CALENDAR, at("2026-11-20T08:30"), None, at("2027-01-01T18:01"), Unit.HOUR)
        assert judged == Judgement(None, Status.NO_LIMIT)

    def test_no_time_at_all_is_all_used_when_it_is_due(self) -> None:
        due = at("2026-11-20T21:00")
        for moment, judged in (
            ("2026-11-20T20:59", Judgement(0.0, Status.IN_TIME)),
            ("2026-11-20T21:00", Judgement(1.0, Status.AMBER)),
            ("2026-11-20T21:01", Judgement(1.0, Status.OVER)),
        ):
            assert judge_case(CALENDAR, at("2026-11-20T20:00"), due, at(moment), Unit.WORKING_HOUR) == judged

    def test_amber_is_a_setting(self) -> None:
        judged = judge_case(
            CALENDAR, at("2026-11-20T10:00"), at("2026-11-20T14:00"), at("2026-11-20T12:00"), Unit.HOUR,
            amber_share=0.5,
        )  # fmt: skip
        assert judged.status == Status.AMBER

    def test_ten_thousand_cases_are_judged_in_a_moment(self) -> None:
        """All are right, too: every case is the first one, a whole number of weeks later."""
        weeks = np.arange(10_000) % 3
        starts = np.datetime64("2026-11-02T02:00", "us") + weeks * np.timedelta64(7, "D")
        dues = find_dues(CALENDAR, starts, np.full(10_000, 1.0), np.full(10_000, "working_day"))
        judged = judge_cases(CALENDAR, starts, dues, starts + np.timedelta64(6, "h"), np.full(10_000, True))
        assert (dues - starts == np.timedelta64(1, "D")).all()
        assert judged.share == pytest.approx(np.full(10_000, 3.5 / 7))


class TestPauses:
    START, DUE = at("2026-11-16T09:00"), at("2026-11-18T09:00")  # Monday to Wednesday

    def test_what_was_left_is_left(self) -> None:
        pause = Pause(at("2026-11-17T09:00"), at("2026-11-27T10:00"))
        due = resume_due(CALENDAR, self.DUE, Unit.WORKING_DAY, pause)
        assert due == at("2026-11-30T10:00")
        judged = judge_case(CALENDAR, self.START, due, at("2026-11-27T10:00"), Unit.WORKING_DAY, [pause])
        assert judged == Judgement(0.5, Status.IN_TIME)

    def test_what_was_over_stays_over(self) -> None:
        pause = Pause(at("2026-11-18T09:01"), at("2026-11-27T10:00"))
        assert resume_due(CALENDAR, self.DUE, Unit.WORKING_DAY, pause) == self.DUE
        judged = judge_case(CALENDAR, self.START, self.DUE, at("2026-11-27T10:00"), Unit.WORKING_DAY, [pause])
        assert judged.status == Status.OVER
        assert judged.share == pytest.approx(1 + 1 / 840)

    def test_a_case_does_not_run_over_while_it_is_paused(self) -> None:
        judged = judge_case(
            CALENDAR,
            self.START,
            self.DUE,
            at("2026-12-24T09:00"),
            Unit.WORKING_DAY,
            [Pause(at("2026-11-17T09:00"))],
        )
        assert judged == Judgement(0.5, Status.IN_TIME)

    @pytest.mark.parametrize(
        "again",
        [
            pytest.param(Pause(at("2026-11-27T10:00")), id="still standing"),
            pytest.param(Pause(at("2026-11-27T10:00"), at("2026-12-30T10:00")), id="ending later"),
        ],
    )
    def test_a_pause_that_begins_as_another_ends_leaves_what_was_used(self, again: Pause) -> None:
        first = Pause(at("2026-11-17T09:00"), again.started_at)
        due = resume_due(CALENDAR, self.DUE, Unit.WORKING_DAY, first)
        judged = judge_case(
            CALENDAR, self.START, due, at("2026-12-24T09:00"), Unit.WORKING_DAY, [first, again]
        )
        assert judged == Judgement(0.5, Status.IN_TIME)

    def test_a_pause_still_to_come_does_not_count(self) -> None:
        judged = judge_case(
            CALENDAR,
            self.START,
            self.DUE,
            at("2026-11-17T09:00"),
            Unit.WORKING_DAY,
            [Pause(at("2026-11-17T10:00"))],
        )
        assert judged == Judgement(0.5, Status.IN_TIME)

    def test_a_pause_without_end_does_not_move_the_due_time(self) -> None:
        assert resume_due(CALENDAR, self.DUE, Unit.DAY, Pause(self.START)) == self.DUE

    def test_pauses_one_in_another_count_once(self) -> None:
        pauses = [
            Pause(at("2026-11-16T14:30"), at("2026-11-17T12:00")),
            Pause(at("2026-11-16T15:00"), at("2026-11-16T16:00")),
            Pause(at("2026-11-17T12:00"), at("2026-11-17T15:00")),
        ]
        elapsed = measure_elapsed(CALENDAR, self.START, at("2026-11-17T16:00"), Unit.WORKING_HOUR, pauses)
        assert elapsed == timedelta(hours=4)

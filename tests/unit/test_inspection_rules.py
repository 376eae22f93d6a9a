"""Cycles of inspections, whose a place is, the walk, and the score of a month."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputRefused
from geo.model.inspection import USUAL_TEMPLATES, InspectedPlace, Look, Template
from geo.model.zone import ZoneKind
from geo.rules.inspections import (
    Completion,
    Holders,
    MonthOfInspections,
    find_cycles,
    find_keeper,
    find_running,
    list_due,
    order_walk,
    score_month,
    sum_month,
    verify_templates,
)
from geo.rules.periods import Period, find_month

JUNE = find_month(date(2025, 6, 1))
MONDAY = date(2025, 6, 9)
WEEKLY = Template("周巡", "week", "building", weight=60)
DAILY = Template("日查", "day", "three_no", weight=40)
MONTHLY = Template("月查", "month", "merchant", weight=100)
GRID = ZoneKind.GRID_WORKER


def is_workday(day: date) -> bool:
    return day.weekday() < 5


def place(
    id_: int, *, east: float = 0.0, subject: str = "building", building: int | None = None
) -> InspectedPlace:
    return InspectedPlace(subject, id_, f"{id_}栋", 120 + east, 32, ((building or id_, 30),))  # type: ignore[arg-type]


def look(id_: int, day: date, subject: str = "building") -> Look:
    return Look(subject, id_, day)  # type: ignore[arg-type]


class TestCycles:
    def test_working_days_alone(self) -> None:
        days = find_cycles("day", JUNE, is_workday)

        assert len(days) == 21
        assert find_running("day", date(2025, 6, 8), is_workday) is None

    def test_a_week_belongs_to_the_month_it_begins_in(self) -> None:
        """Were it cut at the month's end, a place seen on Monday would be missing on Tuesday the first."""
        weeks = find_cycles("week", JUNE, is_workday)

        assert [week.first for week in weeks] == [date(2025, 6, day) for day in (2, 9, 16, 23, 30)]
        assert weeks[-1].end == date(2025, 7, 7)

    def test_every_week_is_in_one_month(self) -> None:
        year = [find_month(date(2025, month, 1)) for month in range(1, 13)]
        weeks = [week for month in year for week in find_cycles("week", month, is_workday)]

        assert len(weeks) == len(set(weeks)) == 52


class TestKeeper:
    def test_of_a_compound_whoever_holds_most_households(self) -> None:
        yard = InspectedPlace("three_no", 1, "院", 120, 32, ((1, 10), (2, 10), (3, 15)))
        holders: Holders = {(MONDAY, GRID, 1): 7, (MONDAY, GRID, 2): 7, (MONDAY, GRID, 3): 8}

        assert find_keeper(yard, GRID, MONDAY, holders) == 7

    def test_of_another_day_or_kind_nobody(self) -> None:
        holders: Holders = {(MONDAY, GRID, 1): 7}

        assert find_keeper(place(1), GRID, MONDAY + timedelta(days=1), holders) is None
        assert find_keeper(place(1), ZoneKind.INSPECTION, MONDAY, holders) is None


class TestDue:
    def test_what_was_seen_in_the_cycle_is_done(self) -> None:
        week = Period(MONDAY, MONDAY + timedelta(days=7))
        looks = [look(1, MONDAY), look(2, MONDAY - timedelta(days=1)), look(3, MONDAY, "merchant")]

        due = list_due(WEEKLY, week, [place(1), place(2), place(3)], looks)

        assert {left.id for left in due.places} == {2, 3}
        assert (due.done, due.total) == (1, 3)

    def test_nothing_is_due_on_a_day_of_rest(self) -> None:
        due = list_due(DAILY, None, [place(1)], [])

        assert (due.places, due.total) == ((), 0)

    @given(st.lists(st.integers(0, 1000), unique=True, max_size=30))
    def test_a_walk_leaves_nothing_out(self, places: list[int]) -> None:
        walk = order_walk([place(n, east=n / 1000) for n in places])

        # Along a street: from one end to the other.
        assert [stop.id for stop in walk] == sorted(places)


class TestMonth:
    def sum(
        self, *looks: Look, today: date, templates: tuple[Template, ...] = (WEEKLY,)
    ) -> MonthOfInspections:
        holders: Holders = {
            (JUNE.first + timedelta(days=n), GRID, building): 7 for n in range(-1, 40) for building in (1,)
        }
        places = {"building": [place(1), place(2)], "three_no": [], "merchant": [], "home": []}
        return sum_month(JUNE, templates, places, looks, holders, today=today, is_workday=is_workday)  # type: ignore[arg-type]

    def test_by_hand(self) -> None:
        """Two weeks are over: two places each, three looks in all, one of them the second in a week."""
        looks = [look(1, date(2025, 6, 2)), look(1, date(2025, 6, 3)), look(1, MONDAY), look(2, MONDAY)]

        summed = self.sum(*looks, today=date(2025, 6, 16))

        assert summed.of_templates == (Completion(3, 4),)
        assert summed.of_parties == {7: (Completion(2, 2),), None: (Completion(1, 2),)}
        assert summed.running == (Completion(0, 2),)
        assert summed.score == 75

    def test_a_cycle_that_runs_is_nobodys_failure(self) -> None:
        summed = self.sum(today=date(2025, 6, 8))

        assert summed.of_templates == (Completion(),)
        assert summed.score is None

    def test_the_last_week_is_over_in_the_next_month(self) -> None:
        assert self.sum(today=date(2025, 7, 6)).of_templates == (Completion(0, 8),)
        assert self.sum(today=date(2025, 7, 7)).of_templates == (Completion(0, 10),)

    def test_what_is_off_is_not_asked_for(self) -> None:
        assert self.sum(today=date(2025, 7, 7), templates=(replace(WEEKLY, is_on=False),)).templates == ()


class TestScore:
    def test_by_hand(self) -> None:
        assert score_month([WEEKLY, DAILY], [Completion(3, 4), Completion(1, 4)]) == 60 * 0.75 + 40 * 0.25

    def test_what_was_not_due_weighs_nothing(self) -> None:
        assert score_month([WEEKLY, MONTHLY], [Completion(3, 4), Completion()]) == 75

    @given(
        st.lists(
            st.tuples(st.integers(0, 100), st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=6
        ),
        st.data(),
    )
    def test_one_look_more_never_lowers_it(
        self, terms: list[tuple[int, int, int]], data: st.DataObject
    ) -> None:
        templates = [
            Template(str(n), "week", "building", weight=weight) for n, (weight, _, _) in enumerate(terms)
        ]
        done = [Completion(done, done + missing) for _, done, missing in terms]
        before = score_month(templates, done)
        chosen = data.draw(st.integers(0, len(terms) - 1))
        one = done[chosen]
        done[chosen] = Completion(min(one.done + 1, one.due), one.due)
        after = score_month(templates, done)

        assert (before is None) == (after is None)
        if before is not None and after is not None:
            assert 0 <= before <= after + 1e-9 <= 100 + 1e-6


class TestTemplates:
    def test_the_usual_ones_make_sense(self) -> None:
        verify_templates(USUAL_TEMPLATES)

    @pytest.mark.parametrize(
        ("templates", "why"),
        [
            ((), "at least one"),
            ((replace(WEEKLY, name=" "),), "has a name"),
            ((WEEKLY, replace(DAILY, name="周巡 ")), "two inspections are called 周巡"),
            ((replace(WEEKLY, items=("x",) * 21),), "more than 20"),
            ((replace(WEEKLY, weight=101),), "out of its range"),
            ((replace(WEEKLY, is_on=False), replace(DAILY, weight=0)), "no inspection has a weight"),
        ],
    )
    def test_what_is_refused(self, templates: tuple[Template, ...], why: str) -> None:
        with pytest.raises(InputRefused, match=why):
            verify_templates(templates)

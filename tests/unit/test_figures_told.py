"""How figures are told: in their unit, of few cases as the fraction, of none as a dash."""

from datetime import date

import pytest

from dashboard.i18n import Text
from dashboard.models.figures import name_period, tell_trend, tell_value
from geo.model.indicator import Value
from geo.rules.indicators import INDICATORS, make_value
from geo.rules.periods import Period, parse_period

ON_TIME, RELAPSE = INDICATORS["on_time_rate"], INDICATORS["relapse_rate"]
PER_10K, OPEN = INDICATORS["incidents_per_10k"], INDICATORS["open_cases"]
ZH, EN = Text("zh"), Text("en")


@pytest.mark.parametrize(
    ("handled", "due", "told"),
    [
        (0, 0, "—"),
        (0, 4, "0/4"),
        (4, 4, "4/4"),
        (9, 9, "9/9"),
        (9, 10, "90 %"),
        (10, 10, "100 %"),
        (0, 10, "0 %"),
        (914, 1000, "91.4 %"),
        (99_999, 100_000, "99.9 %"),
        (1, 100_000, "0.1 %"),
    ],
)
def test_a_share_is_told_as_what_it_is(handled: int, due: int, told: str) -> None:
    assert tell_value(make_value(ON_TIME, handled, due), ON_TIME, ZH) == told


def test_a_count_is_told_however_small_and_nothing_is_not_nought() -> None:
    assert tell_value(make_value(OPEN, 0), OPEN, ZH) == "0"
    assert tell_value(make_value(OPEN, 1234), OPEN, ZH) == "1,234"
    assert tell_value(make_value(PER_10K, 0, 0), PER_10K, ZH) == "—"
    assert tell_value(make_value(PER_10K, 3, 8120), PER_10K, ZH) == "3/8,120"
    assert tell_value(make_value(PER_10K, 35, 35_000), PER_10K, EN) == "10"


def test_a_trend_says_which_way_the_number_went_and_whether_that_is_good() -> None:
    up = tell_trend(make_value(ON_TIME, 91, 100), make_value(ON_TIME, 80, 100), ON_TIME, ZH)
    assert (up.words, up.tone) == ("▲ 11 个百分点 变好", "better")
    more = tell_trend(make_value(RELAPSE, 91, 100), make_value(RELAPSE, 80, 100), RELAPSE, EN)
    assert (more.words, more.tone) == ("▲ 11 pts worse", "worse")
    fewer = tell_trend(make_value(OPEN, 70), make_value(OPEN, 110), OPEN, ZH)
    assert (fewer.words, fewer.tone) == ("▼ 40 变好", "better")


def test_what_chance_may_do_is_told_without_a_verdict() -> None:
    told = tell_trend(make_value(ON_TIME, 91, 100), make_value(ON_TIME, 88, 100), ON_TIME, ZH)
    assert (told.words, told.tone) == ("▲ 3 个百分点", "")


def test_where_neither_way_is_better_only_the_change_is_told() -> None:
    told = tell_trend(make_value(PER_10K, 40, 10_000), make_value(PER_10K, 30, 10_000), PER_10K, ZH)
    assert (told.words, told.tone) == ("▲ 10", "")


@pytest.mark.parametrize(
    ("now", "before"),
    [((9, 9), (50, 100)), ((50, 100), (9, 9)), ((0, 0), (50, 100)), ((50, 100), (0, 0)), ((50, 100), None)],
)
def test_of_few_cases_or_none_no_trend_is_told(now: tuple[int, int], before: tuple[int, int] | None) -> None:
    then = None if before is None else make_value(ON_TIME, *before)
    told = tell_trend(make_value(ON_TIME, *now), then, ON_TIME, ZH)
    assert (told.words, told.tone) == ("—", "quiet")


def test_what_rounds_to_nothing_is_as_before() -> None:
    told = tell_trend(Value(0.9001, 10_000, 9001, 10_000), Value(0.9, 1000, 900, 1000), ON_TIME, ZH)
    assert (told.words, told.tone) == ("持平", "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("2026-10", "2026年10月"),
        ("2026-11", "2026年11月至今"),
        ("2026-Q3", "2026年第3季度"),
        ("2026-Q4", "2026年第4季度至今"),
        ("2026-W46", "2026年第46周（11月9日–11月15日）"),
        ("2025-W46", "2025年第46周（2025年11月10日–11月16日）"),
        ("2026-11-21", "11月21日 周六"),
        ("2025-11-21", "2025年11月21日 周五"),
    ],
)
def test_a_period_is_called_by_its_name(words: str, told: str) -> None:
    period = parse_period(words)
    assert period is not None
    assert name_period(period, date(2026, 11, 22), ZH) == told


def test_a_part_of_a_period_is_called_by_its_days() -> None:
    part = Period(date(2026, 10, 1), date(2026, 10, 22))
    assert name_period(part, date(2026, 11, 22), ZH) == "10月1日–10月21日"

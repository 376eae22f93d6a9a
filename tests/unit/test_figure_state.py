"""The address of the page of figures, what is measured for a period, the paragraph and the score's words."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from dashboard.i18n import Text
from dashboard.models.bulletin import write_bulletin
from dashboard.models.figure_state import (
    FigureState,
    find_spans,
    format_state,
    list_choices,
    list_ignored,
    parse_state,
)
from dashboard.models.figures_page import build_card, build_page
from dashboard.models.score import build_row, list_scorable, tell_score
from geo.model.indicator import WHOLE
from geo.operations.indicators import Measured
from geo.rules.indicators import INDICATORS, USUAL_SCORE, make_value
from geo.rules.periods import Period, find_period, parse_period

TODAY = date(2026, 11, 22)
LONG_AGO = date(2020, 1, 1)
ZH, EN = Text("zh"), Text("en")
OCTOBER = Period(date(2026, 10, 1), date(2026, 11, 1))
NOVEMBER = Period(date(2026, 11, 1), date(2026, 12, 1))


@pytest.mark.parametrize(
    "state",
    [
        FigureState(NOVEMBER),
        FigureState(OCTOBER, figure="on_time_rate", part="rest"),
        FigureState(Period(date(2026, 11, 16), date(2026, 11, 23)), level="grid", by="relapse_rate"),
        FigureState(OCTOBER, level="category", figure="on_time_rate", key="E403"),
        FigureState(Period(date(2026, 7, 1), date(2026, 10, 1)), view="packs", party=17),
    ],
)
def test_what_is_written_into_the_address_is_read_again(state: FigureState) -> None:
    written = {name: value for name, value in format_state(state, TODAY).items() if value is not None}
    assert parse_state(written, TODAY) == state


@pytest.mark.parametrize(
    ("params", "ignored"),
    [
        ({}, ()),
        # The usual ones, written out: rightly given, though nobody need write them.
        ({"view": "figures", "period": "2026-11", "level": "community", "party": ""}, ()),
        ({"period": "2026-W99", "level": "galaxy", "by": "zzz"}, ("period", "level", "by")),
        ({"period": "2027-01"}, ("period",)),
        ({"view": "packs", "party": "17", "open": "nothing-3"}, ("open",)),
        ({"party": "-1"}, ("party",)),
    ],
)
def test_what_makes_no_sense_is_named(params: dict[str, str], ignored: tuple[str, ...]) -> None:
    assert list_ignored(params, parse_state(params, TODAY)) == ignored


def test_what_makes_no_sense_counts_as_not_given() -> None:
    nonsense = {
        "period": "2030-01", "level": "'; --", "by": "x", "view": "x", "open": "nothing-17", "part": "x",
        "party": "1e9",
    }  # fmt: skip
    assert parse_state(nonsense, TODAY) == FigureState(NOVEMBER)
    assert parse_state({"period": "9999-99"}, TODAY).period == NOVEMBER


def test_a_running_period_is_compared_with_as_many_days_before() -> None:
    spans = find_spans(NOVEMBER, LONG_AGO, TODAY)
    assert spans.before == Period(date(2026, 10, 1), date(2026, 10, 23))
    assert spans.year_before == Period(date(2025, 11, 1), date(2025, 11, 23))
    whole = find_spans(OCTOBER, LONG_AGO, TODAY)
    assert whole.before == Period(date(2026, 9, 1), date(2026, 10, 1))
    assert whole.year_before == Period(date(2025, 10, 1), date(2025, 11, 1))
    assert [period.first for period in whole.line][::12] == [date(2025, 10, 1), date(2026, 10, 1)]


def test_a_period_ending_today_is_over_when_the_day_is_counted() -> None:
    today = date(2026, 11, 30)
    assert find_spans(NOVEMBER, LONG_AGO, today).before == OCTOBER


def test_of_what_was_not_kept_yet_nothing_is_measured() -> None:
    spans = find_spans(OCTOBER, date(2026, 9, 3), TODAY)
    assert spans.before == Period(date(2026, 9, 1), date(2026, 10, 1)), "two quiet days are no gap"
    assert spans.year_before is None
    assert [period.first.month for period in spans.line] == [9, 10]
    assert find_spans(OCTOBER, date(2026, 9, 20), TODAY).before is None
    assert None not in spans.list_all()
    today = Period(TODAY, TODAY + timedelta(days=1))
    assert find_spans(today, TODAY, TODAY).before is None, "a day has no quiet days"


def test_periods_to_choose_reach_back_to_the_first_case() -> None:
    months = list_choices("month", date(2026, 9, 3), TODAY)
    assert [month.first.month for month in months] == [11, 10, 9]
    assert len(list_choices("day", LONG_AGO, TODAY)) == 31


def measured(**counts: tuple[tuple[float, float | None], ...]) -> Measured:
    spans = find_spans(OCTOBER, date(2026, 9, 1), TODAY)
    return Measured(
        tag="1",
        as_of=datetime(2026, 11, 22, tzinfo=UTC),
        periods=spans.list_all(),
        names={WHOLE: "甲社区"},
        values={
            id_: {WHOLE: tuple(make_value(INDICATORS[id_], *pair) for pair in pairs)}
            for id_, pairs in counts.items()
        },
    )


FOUND = measured(
    on_time_rate=((91, 100), (80, 100)), satisfaction_rate=((3, 4), (1, 2)), relapse_rate=((0, 0), (1, 50)),
    open_cases=((70, None), (110, None)),
)  # fmt: skip
SPANS = find_spans(OCTOBER, date(2026, 9, 1), TODAY)


def test_the_paragraph_tells_figures_with_n_and_changes_and_leaves_out_what_is_of_nothing() -> None:
    told = write_bulletin(FOUND, SPANS, "甲社区", TODAY, ZH)
    assert told.startswith("【甲社区】2026年10月：")
    assert "按期处置率 91 %（n=100，较上期 ▲ 11 个百分点 变好）" in told
    assert "满意率 3/4；" in told, "of few cases neither n nor change"
    assert "复发率" not in told
    assert "未结案件 70（较上期 ▼ 40 变好）" in told
    assert "数据截至 2026-11-22 08:00" in told
    assert "2026年9月" in told
    assert "Handled on time 91 % (n=100" in write_bulletin(FOUND, SPANS, "A", TODAY, EN)


def test_the_table_has_no_column_for_what_was_not_kept() -> None:
    page = build_page(FOUND, FigureState(OCTOBER), SPANS, TODAY, ZH)
    assert page.columns == ("指标", "2026年10月", "n", "2026年9月", "变化", "近 2 期")
    assert {len(row.earlier) for row in page.rows} == {1}
    row = next(row for row in page.rows if row.figure == "satisfaction_rate")
    assert (row.value, row.earlier[0][1].tone) == ("3/4", "quiet")
    assert row.line == (None, None), "no line leads through figures of few cases"


def test_the_card_tells_what_is_divided_by_what() -> None:
    card = build_card(FOUND, FigureState(OCTOBER, figure="on_time_rate"), SPANS, TODAY, ZH)
    assert card is not None
    assert "91 ÷ 100" in card.told
    assert card.parts == {"numerator": "计入 91", "rest": "未计入 9"}
    assert "÷" in card.formula
    assert build_card(FOUND, FigureState(OCTOBER, figure="rework_rate"), SPANS, TODAY, ZH) is None
    assert build_card(FOUND, FigureState(OCTOBER), SPANS, TODAY, ZH) is None


VALUES = {id_: make_value(INDICATORS[id_], 90, 100) for id_ in USUAL_SCORE.weights}


def test_the_score_is_told_only_of_weights_that_are_100_and_of_enough_cases() -> None:
    # 处置率 and 按期处置率 90 %, the rest 90 % where low is better: 50 × 0.9 + 50 × 0.1.
    assert tell_score(USUAL_SCORE.weights, VALUES, ZH) == "综合评分 50"
    less = dict(USUAL_SCORE.weights) | {"handle_rate": 20.0}
    assert tell_score(less, VALUES, ZH) == "权重合计 90，须为 100"
    few = VALUES | {"rework_rate": make_value(INDICATORS["rework_rate"], 1, 9)}
    assert "不足 10 件" in tell_score(USUAL_SCORE.weights, few, ZH)


def test_a_term_that_is_better_low_says_so() -> None:
    row = build_row("rework_rate", 20, VALUES, ZH)
    assert "1 −" in row.title
    assert row.points == "2 / 20"
    assert build_row("rework_rate", 20, {}, ZH).points == "—"


def test_only_shares_with_a_direction_can_be_scored() -> None:
    assert {"handle_rate", "relapse_rate"} <= set(list_scorable())
    assert not {"open_cases", "incidents_per_10k"} & set(list_scorable())


def test_every_kind_of_period_stays_what_it_is() -> None:
    for words in ("2026-11-22", "2026-W47", "2026-11", "2026-Q4"):
        period = parse_period(words)
        assert period is not None
        state = replace(FigureState(NOVEMBER), period=period)
        assert find_period(state.kind, TODAY) == period

"""The registry, how two values compare, and what a score may be made of."""

import re
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import InputRefused
from geo.model.indicator import LEVELS, Value
from geo.operations.indicator_facts import MEASURES
from geo.rules.indicators import (
    CORE,
    INDICATORS,
    USUAL_SCORE,
    Score,
    compare_values,
    make_empty,
    make_value,
)

RATE, RELAPSE, RESIDENTS = (INDICATORS[id_] for id_ in ("handle_rate", "relapse_rate", "incidents_per_10k"))
SCORABLE = sorted(id_ for id_, each in INDICATORS.items() if each.unit == "share" and each.better)


def read_queries() -> dict[str, str]:
    """Return the queries that count, by the name of their facts."""
    folder = files("geo.store") / "queries"
    text = "".join(
        (folder / f"{name}.sql").read_text(encoding="utf-8") for name in ("indicators", "indicators_places")
    )
    found = re.findall(r"-- name: measure_(\w+)\(.*?\)\n(.*?)(?=-- name:|\Z)", text, re.DOTALL)
    return dict(found)


@pytest.mark.parametrize("id_", INDICATORS)
def test_each_has_words_in_two_languages_and_a_query_that_gives_it(id_: str) -> None:
    indicator = INDICATORS[id_]
    assert re.search(r"[\u4e00-\u9fff]", indicator.zh + indicator.formula_zh)
    assert not re.search(r"[\u4e00-\u9fff]", indicator.en + indicator.formula_en)
    assert indicator.levels[0] == "community"
    assert set(indicator.levels) <= set(LEVELS)
    assert indicator.better in {None, "up", "down"}
    if indicator.facts in MEASURES:
        return
    query = read_queries()[indicator.facts]
    assert f"AS {id_}_numerator" in query
    assert (f"AS {id_}_denominator" in query) == (indicator.unit != "count")


def test_no_query_counts_what_is_not_in_the_registry() -> None:
    counted = {id_ for query in read_queries().values() for id_ in re.findall(r"AS (\w+)_numerator", query)}
    assert counted == {id_ for id_, each in INDICATORS.items() if each.facts not in MEASURES}
    assert set(CORE) <= set(INDICATORS)


def test_names_tell_indicators_apart() -> None:
    for words in ("zh", "en"):
        names = [getattr(each, words) for each in INDICATORS.values()]
        assert len(set(names)) == len(names)


def test_an_empty_denominator_is_no_nought() -> None:
    assert make_value(RATE, 0, 0) == Value(None, 0, 0.0, 0.0, is_small=True)
    assert make_empty(INDICATORS["first_response_p50"]) == Value(None, 0, is_small=True)
    assert make_empty(INDICATORS["open_cases"]).amount == 0


def test_nine_are_few_and_ten_are_not() -> None:
    assert make_value(RATE, 9, 9).is_small
    assert not make_value(RATE, 0, 10).is_small
    # Of a rate by people it is the cases that are few, however many people there are.
    assert make_value(RESIDENTS, 9, 5000) == Value(18.0, 9, 9.0, 5000.0, is_small=True)


def test_better_is_as_the_indicator_has_it() -> None:
    low, high = make_value(RATE, 50, 100), make_value(RATE, 70, 100)
    assert compare_values(high, low, RATE) == "better"
    assert compare_values(high, low, RELAPSE) == "worse"
    assert compare_values(low, high, RELAPSE) == "better"
    assert compare_values(low, low, RELAPSE) == "same"
    assert compare_values(high, low, RESIDENTS) is None


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        # 1.96 standard deviations of the difference are 13.8 points at 100 cases, and 1.4 at 10,000.
        ((63, 100), (50, 100), "same"),
        ((64, 100), (50, 100), "better"),
        ((5_200, 10_000), (5_000, 10_000), "better"),
        # All of few against all but one of few: nothing is sure.
        ((10, 10), (9, 10), "same"),
    ],
)
def test_a_share_is_better_only_by_more_than_chance(
    now: tuple[int, int], before: tuple[int, int], verdict: str
) -> None:
    assert compare_values(make_value(RATE, *now), make_value(RATE, *before), RATE) == verdict


@pytest.mark.parametrize(("now", "verdict"), [(100, "same"), (127, "same"), (130, "worse"), (72, "better")])
def test_a_count_is_better_only_by_more_than_chance(now: int, verdict: str) -> None:
    open_cases = INDICATORS["open_cases"]
    assert compare_values(make_value(open_cases, now), make_value(open_cases, 100), open_cases) == verdict


def test_a_count_beside_a_mean_is_judged_by_chance_and_not_by_a_tenth() -> None:
    overdue = INDICATORS["overdue_open_cases"]
    assert compare_values(make_value(overdue, 4), Value(2.0, 20), overdue) == "same"
    assert compare_values(make_value(overdue, 40), Value(20.0, 200), overdue) == "worse"


def test_of_places_every_one_is_counted() -> None:
    covered = INDICATORS["grid_coverage_buildings"]
    assert compare_values(make_value(covered, 339, 340), make_value(covered, 338, 340), covered) == "better"


def test_a_median_is_better_by_a_tenth() -> None:
    hours = INDICATORS["first_response_p50"]
    assert compare_values(Value(1.89, 500), Value(2.0, 500), hours) == "same"
    assert compare_values(Value(1.75, 500), Value(2.0, 500), hours) == "better"


@pytest.mark.parametrize("few", [make_value(RATE, 9, 9), make_value(RATE, 0, 0)])
def test_few_or_none_are_not_compared(few: Value) -> None:
    enough = make_value(RATE, 50, 100)
    assert compare_values(few, enough, RATE) is None
    assert compare_values(enough, few, RATE) is None


@st.composite
def scores(draw: st.DrawFn) -> Score:
    ids = draw(st.lists(st.sampled_from(SCORABLE), min_size=1, max_size=8, unique=True))
    parts = [draw(st.integers(1, 100)) for _ in ids]
    return Score({id_: 100 * part / sum(parts) for id_, part in zip(ids, parts, strict=True)})


@given(scores(), st.data())
def test_no_term_rewards_doing_worse(score: Score, data: st.DataObject) -> None:
    """The mistake of the field: a miss rate that is added, so that missing more scores higher."""
    values = {id_: make_value(INDICATORS[id_], data.draw(st.integers(0, 50)), 50) for id_ in score.weights}
    id_ = data.draw(st.sampled_from(sorted(values)))
    other = make_value(INDICATORS[id_], data.draw(st.integers(0, 50)), 50)
    before, after = score.add_up(values), score.add_up({**values, id_: other})
    assert before is not None
    assert after is not None
    assert -1e-9 <= before <= 100 + 1e-9
    verdict = compare_values(other, values[id_], INDICATORS[id_])
    if verdict == "same":
        # What chance may do moves the score no further than the figures did.
        assert abs(after - before) <= score.weights[id_] * 0.2 + 1e-9
    else:
        assert verdict == ("better" if after > before else "worse")


def test_the_usual_score_is_jinnius() -> None:
    values = {
        "handle_rate": make_value(INDICATORS["handle_rate"], 90, 100),
        "on_time_rate": make_value(INDICATORS["on_time_rate"], 80, 100),
        "rework_rate": make_value(INDICATORS["rework_rate"], 10, 100),
        "overdue_open_rate": make_value(INDICATORS["overdue_open_rate"], 5, 100),
        "extension_rate": make_value(INDICATORS["extension_rate"], 20, 100),
    }
    # 0.9 × 30 + 0.8 × 20 + (1 - 0.1) × 20 + (1 - 0.05) × 20 + (1 - 0.2) × 10
    assert USUAL_SCORE.add_up(values) == pytest.approx(27 + 16 + 18 + 19 + 8)
    assert USUAL_SCORE.add_up(values | {"rework_rate": make_value(INDICATORS["rework_rate"], 0, 9)}) is None


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"handle_rate": 60, "on_time_rate": 30}, "90 together"),
        ({"handle_rate": 110, "on_time_rate": -10}, "cannot be"),
        ({"handle_rate": 100, "on_time_rate": 0}, "cannot be"),
        ({"handle_rate": float("nan")}, "cannot be"),
        ({"open_cases": 100}, "cannot be scored"),
        ({"incidents_per_10k": 100}, "cannot be scored"),
        ({"first_response_p50": 100}, "cannot be scored"),
        ({"charm": 100}, "no indicator charm"),
        ({}, "0 together"),
    ],
)
def test_a_score_that_makes_no_sense_is_refused(weights: dict[str, float], said: str) -> None:
    with pytest.raises(InputRefused, match=said):
        Score(weights)

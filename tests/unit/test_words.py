"""Words that stand out: what is about something, nobody's name, and nothing that chance alone explains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from geo.rules.words import LEAST_CASES, Words, find_standing_out, find_words, propose_categories

MATTERS = ("E101", "E403", "E605", "E701")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("某女士反映楼下烧烤店油烟太大", {"楼下", "烧烤店", "油烟"}),
        ("电动车在楼道里飞线充电", {"电动车", "楼道", "飞线充电"}),
        ("138****1234 来电，3栋2单元***室漏水", {"漏水"}),
        ("", set()),
    ],
)
def test_what_a_text_is_about(text: str, words: set[str]) -> None:
    assert find_words(text) == words


@pytest.mark.parametrize(
    "text",
    [
        "群里王建国说电梯坏了",
        "联系人：覃小明，电梯坏了",
        "李阿姨说电梯坏了",
        "王建国 13812345678 电梯坏了",
        "我叫欧阳娜娜，电梯坏了",
    ],
)
def test_nobodys_name_is_a_word(text: str) -> None:
    words = find_words(text)
    assert "电梯" in words
    for name in (
        "王建国",
        "建国",
        "覃小明",
        "小明",
        "李阿姨",
        "阿姨",
        "欧阳",
        "娜娜",
        "欧阳娜娜",
        "13812345678",
    ):
        assert name not in words


def test_a_place_is_told_elsewhere() -> None:
    assert find_words("麒麟花园东区电梯坏了", ["麒麟花园", "麒麟花园东区"]) == {"电梯"}


def say(word: str, times: int, of: int) -> list[Words]:
    return [frozenset({word} if n < times else {"其余"}) for n in range(of)]


def test_the_score_is_the_log_likelihood_ratio_of_the_two_shares() -> None:
    (found,) = find_standing_out(say("油烟", 30, 200), say("油烟", 60, 1_200))
    table = [[30, 60], [170, 1_140]]
    expected = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic
    assert found.score == pytest.approx(expected)
    assert (found.now, found.then, found.expected) == (30, 60, 10)


def test_a_word_as_common_as_before_does_not_stand_out() -> None:
    # Twice the cases, twice the word.
    assert find_standing_out(say("油烟", 40, 400), say("油烟", 20, 200)) == []


def test_a_word_that_became_rarer_does_not_stand_out() -> None:
    found = find_standing_out(say("油烟", 10, 400), say("油烟", 200, 400))
    assert [keyword.word for keyword in found] == ["其余"]


def test_a_word_of_few_cases_is_not_told() -> None:
    for times, words in ((LEAST_CASES - 1, []), (LEAST_CASES, ["油烟"])):
        found = find_standing_out(say("油烟", times, 100), say("油烟", 0, 5_000))
        assert [keyword.word for keyword in found] == words


def test_a_letter_that_repeats_itself_counts_once() -> None:
    now = [find_words("油烟" + "，油烟" * 50), *(find_words("电梯坏了") for _ in range(100))]
    assert "油烟" not in {keyword.word for keyword in find_standing_out(now, say("电梯", 900, 1_000))}


def test_chance_alone_makes_hardly_any_word_stand_out() -> None:
    random = np.random.default_rng(5)
    vocabulary = np.array([f"词{n}" for n in range(80)])

    def draw(cases: int) -> list[Words]:
        return [frozenset(vocabulary[random.random(80) < 0.1].tolist()) for _ in range(cases)]

    runs = 100
    assert sum(bool(find_standing_out(draw(300), draw(1_500))) for _ in range(runs)) / runs <= 0.05


@given(st.integers(0, 50), st.integers(0, 50))
def test_nothing_stands_out_where_there_is_nothing_to_compare_with(times: int, more: int) -> None:
    assert find_standing_out(say("油烟", times, times + more), []) == []
    assert find_standing_out([], say("油烟", times, times + more)) == []


def propose(said: dict[int, str], others: list[str]) -> list[tuple[str | None, tuple[int, ...]]]:
    words = {case: find_words(text) for case, text in said.items()}
    found = propose_categories(said, words, [find_words(text) for text in others], MATTERS)
    return [(proposal.category_code, proposal.cases) for proposal in found]


def test_what_fits_a_category_after_all_is_proposed_for_it() -> None:
    said = {1: "电动车飞线充电", 2: "有人飞线充电", 3: "楼道飞线充电", 4: "电梯坏了", 5: "电梯又坏了"}
    # Two cases are no group.
    assert propose(said, ["路灯不亮"] * 200) == [("E403", (1, 2, 3))]


def test_what_fits_none_is_grouped_by_what_the_cases_share() -> None:
    said = dict.fromkeys(range(1, 6), "快递柜收费太贵") | {9: "想领养流浪猫"}
    words = {case: find_words(text) for case, text in said.items()}
    (found,) = propose_categories(said, words, [find_words("路灯不亮")] * 300, MATTERS)
    assert found.category_code is None
    assert found.cases == (1, 2, 3, 4, 5)
    assert "收费" in found.words


def test_what_all_cases_say_makes_no_group() -> None:
    said = dict.fromkeys(range(1, 6), "收费")
    assert propose(said, ["收费"] * 300) == []

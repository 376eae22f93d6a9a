"""Words in what people wrote: which stand out in a month, and which hold together what fits no category.

A text is cut into words by a dictionary, without a network. What looks like a person's name is never a word
here.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import rjieba
from scipy import stats

from geo.rules.chat import find_contacts
from geo.rules.keywords import guess_categories, list_spoken_words

LEAST_CASES: Final = 5
"""A word is told of only if so many cases of the month have it."""

LEAST_GROUP: Final = 3
"""So many cases make a group of what fits no category."""

_MOST_WORDS: Final = 40
_MOST_GROUPS: Final = 8
_MOST_TOLD: Final = 4
_SHORT: Final = 2
_FALSE_SHARE: Final = 0.05
# Often enough that the dictionary's own words do not cut ours to pieces.
_OWN_WORD: Final = 100_000
# By the dictionary's tags: nouns, verbs, qualities and set phrases; "nr" are names of people.
_CONTENT: Final = ("n", "v", "a", "l", "i", "j", "s")
_NOT_CONTENT: Final = ("nr", "nrt", "nrfg", "vd")
# What stands in any report, whatever it is about.
_MANNERS: Final = (
    "反映 投诉 举报 来电 市民 居民 业主 住户 诉求人 来电人 诉求 希望 要求 请求 处理 解决 "
    "协调 核实 尽快 社区 小区 物业 网格 工作人员 部门 相关 情况 问题 现场 附近 目前 位置 "
    "没有 出现 存在 进行 导致 造成 影响 发现 表示 认为 觉得 已经 可以 需要 女士 先生 阿姨 "
    "大爷 老人 电话 联系 联系人 一直 非常 严重 有人 时候 早上 上午 中午 下午 晚上 今天 昨天 "
    "路段 单元 号楼 有没有 不能 是不是 麻烦 谢谢 您好 请问 帮忙 看看"
)
_MANNER_WORDS: Final = frozenset(_MANNERS.split())

Words: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that stands out.

    Attributes:
        now: cases of the month that have it.
        then: cases of the time before that do.
        expected: cases of the month that would, if it were as usual as before.
        score: log-likelihood ratio, by which the words are ranked.
    """

    word: str
    now: int
    then: int
    expected: float
    score: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """Cases of no category that hold together.

    Attributes:
        category_code: the category their words speak for; None where no category has such words.
        words: what they have in common, the commonest first.
        cases: their ids, the oldest first.
    """

    category_code: str | None
    words: tuple[str, ...]
    cases: tuple[int, ...]


def find_words(text: str, places: Iterable[str] = ()) -> Words:
    """Find the words that say what a text is about: no names of people, no numbers, no words of manner.

    Args:
        text: as it was written; numbers may be masked.
        places: names that are told elsewhere and left out.
    """
    plain = unicodedata.normalize("NFKC", text)
    for contact in reversed(find_contacts(plain)):
        plain = f"{plain[: contact.start]}、{plain[contact.end :]}"
    for place in sorted(places, key=len, reverse=True):
        plain = plain.replace(place, "、")
    return frozenset(
        word
        for word, tag in _load_dictionary().tag(plain)
        if len(word) >= _SHORT
        and tag.startswith(_CONTENT)
        and tag not in _NOT_CONTENT
        and word not in _MANNER_WORDS
        and all("\u4e00" <= character <= "\u9fff" for character in word)
    )


def find_standing_out(
    now: Sequence[Words], then: Sequence[Words], *, least: int = LEAST_CASES
) -> list[Keyword]:
    """Find the words that more of the cases have now than had before, those that stand out most first.

    Cases are counted and not occurrences: one long letter does not make a word common. Each word's share of
    the cases is compared with that before by the log-likelihood ratio (Dunning), and of all words those are
    told that the procedure of Benjamini and Hochberg keeps at 5 % false among them.

    Args:
        now: words of each case of the month.
        then: words of each case it is compared with.
        least: so many cases must have a word.
    """
    found = Counter(word for words in now for word in words)
    words = sorted(word for word, count in found.items() if count >= least)
    if not words or not then:
        return []
    before = Counter(word for earlier in then for word in earlier)
    a = np.array([found[word] for word in words], float)
    b = np.array([before[word] for word in words], float)
    score = _score_shares(a, b, len(now), len(then))
    is_more = a * len(then) > b * len(now)
    is_sure = stats.false_discovery_control(np.where(is_more, stats.chi2.sf(score, 1), 1.0)) <= _FALSE_SHARE
    keywords = [
        Keyword(words[row], int(a[row]), int(b[row]), float(b[row] * len(now) / len(then)), float(score[row]))
        for row in np.flatnonzero(is_more & is_sure)
    ]
    return sorted(keywords, key=lambda keyword: (-keyword.score, keyword.word))[:_MOST_WORDS]


def propose_categories(
    texts: Mapping[int, str], words: Mapping[int, Words], others: Sequence[Words], categories: Collection[str]
) -> list[Proposal]:
    """Group cases of no category: by the category that their words speak for, else by the words they share.

    Args:
        texts: what people wrote, by case.
        words: the words of each.
        others: words of the cases that have a category, against which a shared word must stand out.
        categories: codes that may be proposed.

    Returns:
        The largest group first; a case is in one at most, and in none where nobody else says alike.
    """
    by_code: dict[str, list[int]] = {}
    spoken: dict[str, Counter[str]] = {}
    for case, text in sorted(texts.items()):
        guesses = guess_categories(text, categories)
        if guesses:
            by_code.setdefault(guesses[0].code, []).append(case)
            spoken.setdefault(guesses[0].code, Counter()).update(guesses[0].words)
    proposals = [
        Proposal(code, _list_common(spoken[code]), tuple(cases))
        for code, cases in by_code.items()
        if len(cases) >= LEAST_GROUP
    ]
    told = {case for proposal in proposals for case in proposal.cases}
    left = {case: words[case] for case in sorted(texts) if case not in told}
    while len(proposals) < _MOST_GROUPS:
        shared = find_standing_out(list(left.values()), others, least=LEAST_GROUP)
        if not shared:
            break
        cases = [case for case, said in left.items() if shared[0].word in said]
        common = Counter(word for case in cases for word in left[case])
        beside = _list_beside(shared[0].word, common, len(cases))
        proposals.append(Proposal(None, (shared[0].word, *beside), tuple(cases)))
        left = {case: said for case, said in left.items() if case not in cases}
    return sorted(proposals, key=lambda proposal: (-len(proposal.cases), proposal.cases))


def _score_shares(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], now: int, then: int
) -> npt.NDArray[np.float64]:
    """Return the log-likelihood ratio of each two shares, a of now and b of then."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total = now + then
        rows = (
            (a, now, a + b),
            (b, then, a + b),
            (now - a, now, total - a - b),
            (then - b, then, total - a - b),
        )
        parts = [
            np.where(seen > 0, seen * np.log(seen * total / (size * both)), 0.0) for seen, size, both in rows
        ]
    return np.asarray(2 * np.sum(parts, axis=0))


def _list_common(counted: Counter[str]) -> tuple[str, ...]:
    return tuple(word for word, _ in counted.most_common(_MOST_TOLD))


def _list_beside(word: str, counted: Counter[str], cases: int) -> tuple[str, ...]:
    """Return what at least half of the cases say beside a word."""
    beside = [other for other, count in counted.most_common() if other != word and 2 * count >= cases]
    return tuple(beside[: _MOST_TOLD - 1])


@lru_cache(maxsize=1)
def _load_dictionary() -> rjieba.Jieba:
    """Load the dictionary, with the words that speak for categories where it knows them as two or more words.

    What is left over of a word that was cut, as 乱 of 乱停, would take the beginning of the next with it.
    """
    dictionary = rjieba.Jieba()
    whole = [
        word for word in list_spoken_words() if all(len(part) >= _SHORT for part in dictionary.cut(word))
    ]
    for word in whole:
        dictionary.add_word(word, _OWN_WORD, "n")
    return dictionary

"""What people wrote in a month against the year before: words that stand out, and what fits no category.

Read as the acting reader may read it: whoever reads no texts is told none of their words.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from geo.operations.complaints import OTHER
from geo.rules.morning import find_day, start_of_day
from geo.rules.periods import Period, cut_period, go_back
from geo.rules.words import Keyword, Proposal, find_standing_out, find_words, propose_categories
from geo.store import complaints
from geo.store.choices import list_categories
from geo.store.engine import connect

_MONTHS_BEFORE: Final = 12
_LEAST_BEFORE: Final = 100
_MOST_CATEGORIES: Final = 3
_MOST_EXAMPLES: Final = 5


@dataclass(frozen=True, slots=True)
class ToldWord:
    """A word that stands out, the categories it stands in most, and some of its cases."""

    keyword: Keyword
    categories: tuple[str, ...]
    cases: tuple[int, ...]


@dataclass(frozen=True)
class MonthWords:
    """What the texts of a month tell.

    Attributes:
        texts: how many texts were read; 0 where the reader may read none.
        texts_before: how many of the year before they were compared with.
        words: those that stand out most first.
        proposals: what may become of the cases that fit no category, the largest group first.
    """

    texts: int
    texts_before: int
    words: tuple[ToldWord, ...]
    proposals: tuple[Proposal, ...]


def read_month_words(community_id: int, month: Period, now: datetime) -> MonthWords:
    """Find the words that stand out in a month, as far as its days are over.

    They are compared with the twelve months before; fewer than 100 texts there are too few.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    period = cut_period(month, until=find_day(now)) or Period(month.first, month.first)
    with connect() as connection:
        began_at, ended_at = start_of_day(period.first), start_of_day(period.end)
        texts = complaints.list_texts(connection, community_id, began_at, ended_at)
        before = start_of_day(go_back(period, _MONTHS_BEFORE).first)
        earlier = complaints.list_texts(connection, community_id, before, began_at)
        places = complaints.list_place_names(connection, community_id)
    said = {text.incident_id: find_words(text.words, places) for text in texts}
    code_of = {text.incident_id: text.category_code for text in texts}
    reference = [find_words(text.words, places) for text in earlier]
    keywords = find_standing_out(list(said.values()), reference) if len(earlier) >= _LEAST_BEFORE else []
    other = {text.incident_id: text.words for text in texts if text.category_code == OTHER}
    codes = [kind.code for kind in list_categories() if kind.parent_code and kind.code != OTHER]
    return MonthWords(
        texts=len(texts),
        texts_before=len(earlier),
        words=tuple(_tell(keyword, said, code_of) for keyword in keywords),
        proposals=tuple(
            propose_categories(
                other, said, [words for case, words in said.items() if case not in other], codes
            )
        ),
    )


def _tell(keyword: Keyword, said: dict[int, frozenset[str]], code_of: dict[int, str]) -> ToldWord:
    cases = sorted((case for case, words in said.items() if keyword.word in words), reverse=True)
    common = Counter(code_of[case] for case in cases).most_common(_MOST_CATEGORIES)
    return ToldWord(keyword, tuple(code for code, _ in common), tuple(cases[:_MOST_EXAMPLES]))

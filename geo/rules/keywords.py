"""Which category a text is about, by the words in it. The words are data, in ``keywords.toml``.

No guess is better than a wrong one: without a word that speaks for a category there is none.
"""

import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final

_LONGEST: Final = 2_000
_MOST_GUESSES: Final = 3
_LEAST_SCORE: Final = 2.0
_LEAST_SHARE: Final = 0.5
_SAYS_MORE: Final = 0.5
# Asking, proposing and thanking go with every report; they are what it is about only if nothing else is.
_MANNERS: Final = {"E1201": 0.5, "E1202": 0.75, "E1203": 0.75}


@dataclass(frozen=True)
class CategoryGuess:
    """A level-2 category and the words of the message that spoke for it, the loudest first."""

    code: str
    words: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class _Rule:
    include: tuple[tuple[str, ...], ...]
    exclude: tuple[tuple[str, ...], ...]


def guess_categories(text: str, categories: Collection[str]) -> tuple[CategoryGuess, ...]:
    """Guess which categories a text is about, at most three, the likeliest first."""
    plain = _simplify(text[:_LONGEST])
    sentences = re.split(r"[。!?;\n]", plain)
    rules, chatter = _load_rules()
    if any(word in plain for word in chatter):
        return ()
    guesses = []
    for code, rule in rules.items():
        if code not in categories or any(_stands_in(words, [plain]) for words in rule.exclude):
            continue
        spoken = _drop_parts(words for words in rule.include if _stands_in(words, sentences))
        if spoken:
            loudness = [float(sum(map(len, words))) for words in spoken]
            if code in _MANNERS:
                score = loudness[0] * _MANNERS[code]
            else:
                score = loudness[0] + _SAYS_MORE * sum(loudness[1:])
            guesses.append(CategoryGuess(code, tuple("…".join(words) for words in spoken), score))
    guesses.sort(key=lambda guess: -guess.score)
    least = max(_LEAST_SCORE, guesses[0].score * _LEAST_SHARE) if guesses else 0.0
    return tuple(guess for guess in guesses if guess.score >= least or guess.code in _MANNERS)[:_MOST_GUESSES]


@lru_cache(maxsize=1_024)
def speaks_of_anything(text: str) -> bool:
    """Whether any category's word stands in a text."""
    return bool(guess_categories(text, _load_rules()[0]))


def list_spoken_words() -> list[str]:
    """Return the words that speak for a category by themselves."""
    rules, _ = _load_rules()
    return sorted({words[0] for rule in rules.values() for words in rule.include if len(words) == 1})


@lru_cache(maxsize=1)
def _load_rules() -> tuple[dict[str, _Rule], tuple[str, ...]]:
    """Load the words of every category, and those of messages that report nothing."""
    tables = tomllib.loads((files("geo.rules") / "keywords.toml").read_text(encoding="utf-8"))
    chatter = tuple(_simplify(word) for word in tables.pop("chatter")["words"])
    rules = {
        code: _Rule(_split_words(table["include"]), _split_words(table.get("exclude", ())))
        for code, table in tables.items()
    }
    return rules, chatter


def _split_words(words: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_simplify(word).split("+")) for word in words)


def _simplify(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in plain if character == "\n" or not character.isspace())


def _stands_in(words: tuple[str, ...], texts: Iterable[str]) -> bool:
    return any(all(word in text for word in words) for text in texts)


def _drop_parts(spoken: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Drop what only repeats parts of louder words: 飞线 beside 飞线充电. The loudest come first."""
    kept: list[tuple[str, ...]] = []
    for words in sorted(spoken, key=lambda words: -sum(map(len, words))):
        if not all(any(word in other for louder in kept for other in louder) for word in words):
            kept.append(words)
    return kept

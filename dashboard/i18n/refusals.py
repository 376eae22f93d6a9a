"""Why something was refused, in the reader's language: tables have the Chinese of each sentence.

``refusals.toml`` is about what people do on the pages, ``imports.toml`` about what files bring.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Final

from dashboard.i18n import Text
from geo.errors import WanggeError
from geo.rules.indicators import INDICATORS
from geo.rules.workflow import MOVES

# Under which keys the catalogue has the words that stand in a place of that name.
_CATALOGUED: Final = {
    "move": ("move",),
    "made": ("move",),
    "state": ("state",),
    "role": ("role",),
    "reason": ("reason",),
    "choice": ("outcome", "source"),
    "layer": ("import_layer",),
    "import_field": ("import_field",),
}
_LISTS: Final = {
    "moves": "move",
    "reasons": "reason",
    "choices": "choice",
    "changes": "change",
    "layers": "layer",
    "import_fields": "import_field",
    "overlapped": "overlap",
    "accepted": "file_word",
    **dict.fromkeys(("declared", "read", "meant", "again", "same"), "crs"),
}
_TABLES: Final = ("refusals.toml", "imports.toml")
_MADE: Final = "|".join(sorted({re.escape(move.name.replace("_", " ")) for move in MOVES}, key=len)[::-1])

_Wordings = tuple[tuple[re.Pattern[str], str], ...]


def tell_refusal(refusal: WanggeError | str, text: Text) -> str:
    """Return the sentence of a refusal in the reader's language.

    Args:
        refusal: what was raised, or its sentence.
        text: the reader's language.

    Returns:
        In English the sentence as it is. In Chinese its wording, or where there is none a general sentence
        with the English after it.
    """
    sentence = str(refusal)
    if text.language == "en":
        return sentence
    return _reword(sentence, _load_wordings()["sentences"], text) or text("refused.input", detail=sentence)


def tell_note(note: str, text: Text) -> str:
    """Return what an import noticed in the reader's language, as far as it is known.

    Args:
        note: the English sentence.
        text: the reader's language.
    """
    return _tell_if_known(note, "sentences", text)


def tell_reason(reason: str, text: Text) -> str:
    """Return the clause by which a row of a file was refused in the reader's language, as far as it is known.

    Args:
        reason: the English clause.
        text: the reader's language.
    """
    return _tell_if_known(reason, "reasons", text)


def tell_file_word(code: str, text: Text) -> str:
    """Return the word that stands for a code in a file in the reader's language, one that an import reads."""
    return code if text.language == "en" else _tell_word("file_word", code, text)


def _tell_if_known(sentence: str, kind: str, text: Text) -> str:
    if text.language == "en":
        return sentence
    return _reword(sentence, _load_wordings()[kind], text) or sentence


def _reword(sentence: str, wordings: _Wordings, text: Text) -> str | None:
    for pattern, wording in wordings:
        found = pattern.fullmatch(sentence)
        if found is not None:
            return wording.format(
                **{name: _tell_value(name, value, text) for name, value in found.groupdict().items()}
            )
    return None


def _tell_value(name: str, value: str, text: Text) -> str:
    if name == "figure":
        return next((each.zh for each in INDICATORS.values() if each.en == value), value)
    if name in _LISTS:
        return "、".join(_tell_word(_LISTS[name], each, text) for each in value.split(", "))
    return _tell_word(name, value, text)


def _tell_word(kind: str, word: str, text: Text) -> str:
    """Return a word of the domain in the reader's language; names, numbers and codes stay as they are."""
    code = word.replace(" ", "_")
    # What somebody typed is not looked up: it could be anything.
    if re.fullmatch(r"[a-z0-9_]+", code):
        for family in _CATALOGUED.get(kind, ()):
            key = f"{family}.{code}"
            if (told := text(key)) != key:
                return told
    reworded = _reword(word.replace("_", " "), _load_wordings().get(kind, ()), text)
    return word if reworded is None else reworded


@lru_cache
def _load_wordings() -> Mapping[str, _Wordings]:
    """Read the tables: sentences, reasons, and words by the name of the place they stand in."""
    merged: dict[str, dict[str, str]] = defaultdict(dict)
    for name in _TABLES:
        table = tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))
        words = table.pop("words")
        for kind, wordings in (table | words).items():
            merged[kind].update(wordings)
    return {kind: _compile(wordings) for kind, wordings in merged.items()}


def _compile(wordings: Mapping[str, str]) -> _Wordings:
    # The sentence with the most words of its own comes first: others may fit it with more in a place.
    ordered = sorted(wordings, key=lambda template: -len(re.sub(r"\{\w+\}", "", template)))
    return tuple((re.compile(_to_pattern(template), re.DOTALL), wordings[template]) for template in ordered)


def _to_pattern(template: str) -> str:
    return "".join(
        re.escape(words) + (f"(?P<{name}>{_MADE if name == 'made' else '.*?'})" if name else "")
        for words, name, _, _ in Formatter().parse(template)
    )

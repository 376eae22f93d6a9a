"""Guessing the field of each column from its header and its values, for a person to confirm or correct."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from etl.importing.columns.evidence import find_pairs, is_of_persons, weigh_values
from etl.importing.columns.layers import Field, Layer, simplify
from etl.importing.columns.mapping import is_ours, is_personal, match_headers

# From here on a guess is taken as it is; below it is a question.
CERTAIN = 0.9

_EXACT, _SIMPLIFIED, _CUT, _CONTRADICTED = 1.0, 0.98, 0.92, 0.6
_MOST_UNCERTAIN = 0.89
_LEAST = 0.45
# A header of two Chinese characters, or of four letters, may be a part of another.
_LEAST_PART_BYTES = 4
_LEAST_RATIO = 75.0
_SPEAKS_FOR, _SPEAKS_AGAINST, _FEW_VALUES = 0.8, 0.2, 5
# Fields whose values are so much their own that they are known without a header.
_TOLD_BY_VALUES = {"lon": 0.55, "lat": 0.55, "lonlat": 0.6, "wkt": 0.7, "address": 0.5, "category": 0.6}
_MOST_COLUMNS = 400
_DECIMALS = re.compile(r"\.\d")
# The initials of a word in pinyin stand in any longer one by chance: dys in zdyls.
_INITIALS = re.compile(r"[b-df-hj-np-tv-z]{2,5}")
# The name of what something lies in is not its own.
_OTHERS = frozenset({
    "city", "province", "district", "county", "country", "area", "region", "street", "town", "agency",
    "company",
})  # fmt: skip


@dataclass(frozen=True)
class ColumnGuess:
    """What a column seems to be.

    Attributes:
        header: the file's column.
        field: the field of the layer; None for a column that is left out or that nothing is known of.
        confidence: from 0 to 1; from :data:`CERTAIN` on it is taken as it is.
        why: one clause for a person.
    """

    header: str
    field: str | None
    confidence: float
    why: str

    @property
    def is_question(self) -> bool:
        """Whether a person must say if it is so."""
        return self.field is not None and self.confidence < CERTAIN


def guess_mapping(
    columns: Sequence[str], samples: Mapping[str, Sequence[Any]], layer: Layer
) -> list[ColumnGuess]:
    """Guess the field of each column.

    Args:
        columns: the file's columns.
        samples: some values of each column, as the file has them; some hundred are plenty.
        layer: the layer the file is of.

    Returns:
        One guess a column, in their order; no field twice.
    """
    texts = {column: _list_texts(samples.get(column, ())) for column in columns}
    guesses: dict[str, ColumnGuess] = {}
    for column in columns:
        if is_ours(column):
            guesses[column] = ColumnGuess(column, None, 1.0, "was added by us")
        elif is_personal(column, layer) or is_of_persons(texts[column]):
            guesses[column] = ColumnGuess(column, None, 1.0, "is about persons and left out")
    left = [column for column in columns if column not in guesses]
    for name, column in match_headers(left, layer).items():
        guesses[column] = _judge_match(column, layer.fields[name], texts[column])
    _take_pairs(guesses, columns, texts, layer)
    taken = {guess.field for guess in guesses.values()}
    if "lonlat" in taken:
        taken |= {"lon", "lat"}
    left = [column for column in left if column not in guesses][:_MOST_COLUMNS]
    open_fields = [field for field in layer.fields.values() if field.name not in taken]
    candidates = [
        guess
        for column in left
        for field in open_fields
        if (guess := _guess_field(column, field, texts[column])) is not None
    ]
    for guess in sorted(candidates, key=lambda guess: -guess.confidence):
        if guess.header not in guesses and guess.field not in taken:
            guesses[guess.header] = guess
            taken.add(guess.field)
    return [
        guesses.get(column, ColumnGuess(column, None, 0.0, "no field is called like it"))
        for column in columns
    ]


def _take_pairs(
    guesses: dict[str, ColumnGuess],
    columns: Sequence[str],
    texts: Mapping[str, Sequence[str]],
    layer: Layer,
) -> None:
    """Take pairs of coordinates from where they are, if two columns of them are blank or there are none."""
    known = [guess for guess in guesses.values() if guess.field in {"lon", "lat", "lonlat", "wkt"}]
    if any(texts[guess.header] for guess in known) or "lonlat" not in layer.fields:
        return
    free = [column for column in columns if column not in guesses or guesses[column].field == "address"]
    found = find_pairs({column: texts[column] for column in free})
    if found is not None:
        for guess in known:
            del guesses[guess.header]
        guesses[found] = ColumnGuess(found, "lonlat", _SIMPLIFIED, "its values look like it")


def _list_texts(values: Sequence[Any]) -> list[str]:
    return [text for value in values if not pd.isna(value) and (text := str(value).strip())]


def _judge_match(column: str, field: Field, texts: Sequence[str]) -> ColumnGuess:
    """Judge a column that is known by its header; values that contradict make it a question."""
    share = weigh_values(field, texts)
    is_measured = field.kind not in {"text", "texts"}
    if share is not None and share <= _SPEAKS_AGAINST and len(set(texts)) >= _FEW_VALUES and is_measured:
        if field.name in {"lon", "lat"}:
            return ColumnGuess(column, field.name, _CONTRADICTED, "is called so, but holds no degrees")
        return ColumnGuess(column, field.name, _CONTRADICTED, "is called so, but holds other values")
    if column.strip().casefold() in field.headers:
        return ColumnGuess(column, field.name, _EXACT, "is called so")
    if simplify(column) in field.headers:
        return ColumnGuess(column, field.name, _SIMPLIFIED, "is called so")
    return ColumnGuess(column, field.name, _CUT, "is called so, cut to ten bytes")


def _guess_field(column: str, field: Field, texts: Sequence[str]) -> ColumnGuess | None:
    confidence, why = _compare_names(simplify(column), field)
    is_told = bool(confidence) or (field.name in _TOLD_BY_VALUES and _may_tell(field, texts))
    share = weigh_values(field, texts) if is_told else None
    if share is not None and share >= _SPEAKS_FOR:
        if confidence:
            confidence, why = confidence + 0.1, f"{why}, and its values fit"
        elif len(set(texts)) >= _FEW_VALUES:
            confidence, why = _TOLD_BY_VALUES.get(field.name, 0.0), "its values look like it"
    elif share is not None and share <= _SPEAKS_AGAINST:
        confidence *= 0.5
    if confidence < _LEAST:
        return None
    return ColumnGuess(column, field.name, round(min(confidence, _MOST_UNCERTAIN), 2), why)


def _may_tell(field: Field, texts: Sequence[str]) -> bool:
    """Whether values alone can show a field: whole numbers from 1 to 25 count rows, and are no latitudes."""
    if field.name not in {"lon", "lat"}:
        return True
    return sum(_DECIMALS.search(text) is not None for text in texts) >= _SPEAKS_FOR * len(texts)


def _compare_names(plain: str, field: Field) -> tuple[float, str]:
    """Compare a header with those of a field: how sure, and why."""
    parts = [
        header
        for header in field.headers
        if min(len(plain.encode()), len(header.encode())) >= _LEAST_PART_BYTES
        and (header in plain or plain in header)
        and not (_INITIALS.fullmatch(header) and header != plain)
        and plain.removesuffix(header) not in _OTHERS
    ]
    if parts:
        longest = max(parts, key=lambda part: min(len(part), len(plain)) / max(len(part), len(plain)))
        share = min(len(longest), len(plain)) / max(len(longest), len(plain))
        return 0.5 + 0.3 * share, f"it is called nearly so: “{longest}”"
    found = process.extractOne(plain, field.headers, scorer=fuzz.ratio, score_cutoff=_LEAST_RATIO)
    if found is None or len(plain) < 3 or (_INITIALS.fullmatch(found[0]) and found[0] != plain):
        return 0.0, ""
    return 0.3 + 0.4 * found[1] / 100, f"it is called nearly so: “{found[0]}”"

"""What kind of case an incident is: our code, its name in Chinese or English, or a national code."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etl.importing.columns.layers import simplify
from etl.importing.draft import Draft
from geo.rules.keywords import guess_categories

_OTHER = "E1299"
# A category that nobody knows refuses its row, unless half of a file speaks of such.
_FOREIGN_ROWS = 10
# A guess is taken if it is so much likelier than the next.
_CLEARLY = 1.5
# A text takes a millisecond.
_MOST_TEXTS = 10_000
_CODE_SYSTEMS = ("gbt47678", "gbt30428", "cjt214")


@dataclass(frozen=True)
class Category:
    """What an incident takes over from its category."""

    code: str
    name: str
    sensitivity: str


@dataclass(frozen=True)
class _Match:
    category: Category
    national: tuple[str, str, str] | tuple[None, None, None] = (None, None, None)
    is_coarse: bool = False
    is_guess: bool = False


class CategoryFinder:
    """Finds categories by the words and codes files use.

    Args:
        rows: as :func:`geo.store.imports.read_categories` gives them.
    """

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._by_code: dict[str, Category] = {}
        self._by_word: dict[str, Category] = {}
        self._fine = frozenset(code for code, parent, *_ in rows if parent is not None)
        self._by_national: dict[tuple[str, str, str], Category] = {}
        # The finer level first: a name that both levels have means the finer one.
        for code, _, name, name_en, identifier, sensitivity, national in sorted(
            rows, key=lambda row: row[1] is None
        ):
            category = Category(code, name, sensitivity)
            self._by_code[code] = category
            # 广场舞/社会生活 answers to either; 宠物 (犬吠、遛狗) to what stands before the brackets.
            for word in (name, *re.split("[/、]", name), name_en, identifier):
                self._by_word.setdefault(simplify(word), category)
            for entry in national:
                self._by_national.setdefault((entry["system"], entry["kind"], entry["code"]), category)
        for _, _, _, _, _, _, national in rows:
            for entry in national:
                if entry["name"]:
                    category = self._by_national[entry["system"], entry["kind"], entry["code"]]
                    self._by_word.setdefault(simplify(entry["name"]), category)

    @property
    def other(self) -> Category:
        """What is none of all these."""
        return self._by_code[_OTHER]

    def find(self, word: str, group: str, code_system: str) -> _Match | None:
        """Find the category a file means; empty strings stand for nothing said.

        Args:
            word: the smaller category, as a name or code of ours or a national code.
            group: the larger category, which decides where the smaller one is missing or unknown.
            code_system: the national system the code is of; else the newest system that has it.
        """
        match = self._find_word(word, code_system) or self.guess(word) if word else None
        if match is None and group:
            match = self._find_word(group, code_system)
            return match and replace(match, is_coarse=True)
        if match is None and not word:
            return _Match(self._by_code[_OTHER], is_coarse=True)
        return match

    def guess(self, text: str) -> _Match | None:
        """Guess what a text is about by the words in it; None where they leave a doubt."""
        guesses = guess_categories(text, self._fine)
        if not guesses or (len(guesses) > 1 and guesses[0].score < _CLEARLY * guesses[1].score):
            return None
        return _Match(self._by_code[guesses[0].code], is_guess=True)

    def find_larger(self, word: str) -> _Match | None:
        """Find the larger category that a field of work is."""
        match = self._find_word(word, "")
        return match and replace(match, is_coarse=True)

    def _find_word(self, word: str, code_system: str) -> _Match | None:
        plain = word.strip().upper()
        if plain in self._by_code:
            return _Match(self._by_code[plain])
        if simplify(word) in self._by_word:
            return _Match(self._by_word[simplify(word)])
        for system in (code_system,) if code_system else _CODE_SYSTEMS:
            for kind in ("matter", "component"):
                if (system, kind, plain) in self._by_national:
                    return _Match(self._by_national[system, kind, plain], (system, kind, plain))
        return None


def assign_categories(draft: Draft, finder: CategoryFinder) -> None:
    """Set category, sensitivity and national code of each incident.

    A row whose category we do not know, or that names none, is filed by what its text speaks of. Where that
    is not clear, one that names no category is filed as “other”, and one that names an unknown one is
    rejected, unless half of the file does: then it has another city's categories, and they are “other”.
    """
    smallest, doubtful = _take_middle(draft, finder)
    said = [smallest, draft.get("category_group"), draft.get("code_system")]
    codes, distinct = _factorize_together(said)
    matches: list[_Match | None] = [finder.find(*words) for words in distinct]
    unsaid = np.array([not (word or group) for word, group, _ in distinct], dtype=bool)
    assumed = unsaid[codes]
    unclear = np.array([match is None for match in matches], dtype=bool) | unsaid
    # A row takes the match of its words, or one of its own text.
    of_text: dict[_Match, int] = {}
    rows = np.flatnonzero(unclear[codes] | doubtful)
    for row, match in zip(rows, _read_texts(draft, finder, rows), strict=False):
        if match is not None:
            codes[row] = of_text.setdefault(match, len(matches) + len(of_text))
    _tell_filing(draft, distinct, matches, codes, of_text)
    matches += of_text

    def spread(values: list[Any]) -> pd.Series:
        return pd.Series(pd.array(values, dtype="str").take(codes))

    unknown = np.array([match is None for match in matches], dtype=bool)[codes]
    kept = int(draft.kept.sum())
    if _FOREIGN_ROWS <= kept <= 2 * int((unknown & draft.kept).sum()):
        # Another city's list of categories: nothing is gained by refusing its every row.
        words = [word or group for word, group, _ in distinct]
        named = {words[code]: 0 for code in np.unique(codes[unknown]) if code < len(words)}
        draft.warn(
            f"{int(unknown.sum()):,} rows name categories of another list than ours and were filed under "
            f"“other”: {_list_first(named)}."
        )
        matches = [match or _Match(finder.other) for match in matches]
        unknown = np.zeros(len(draft), dtype=bool)
    elif draft.has("category") or draft.has("category_group"):
        _tell_others(draft, matches, codes)
    draft.reject(
        unknown, "category “{}” is not one we know", "category" if draft.has("category") else "category_group"
    )
    draft.assumed["category_code"] = draft.assumed["sensitivity"] = assumed
    draft.values["category_code"] = spread([match and match.category.code for match in matches])
    draft.values["sensitivity"] = spread([match and match.category.sensitivity for match in matches])
    for position, column in enumerate(("national_code_system", "national_code_kind", "national_code")):
        values = [match and match.national[position] for match in matches]
        if any(values):
            draft.values[column] = spread(values)


def _take_middle(draft: Draft, finder: CategoryFinder) -> tuple[pd.Series, npt.NDArray[np.bool_]]:
    """Take the middle one of three levels where the smallest is missing, is “other”, or is not known.

    Returns:
        The words to go by, and which rows say “other” below a middle level that we do not know.
    """
    smallest = draft.get("category")
    if not draft.has("category_middle"):
        return smallest, np.zeros(len(draft), dtype=bool)
    middle = draft.get("category_middle").fillna("")
    is_vague, is_known = (
        words.map({word: is_it(finder.find(word, "", "")) for word in words.dropna().unique()})
        for words, is_it in ((smallest, _is_vague), (middle, lambda match: not _is_vague(match)))
    )
    is_vague = is_vague.fillna(value=True).astype(bool) & (middle != "")
    # Where neither is known, the smallest is what a person will look for.
    is_better = is_vague & (is_known.astype(bool) | smallest.isna())
    return smallest.mask(is_better, middle), (is_vague & ~is_better).to_numpy(bool)


def _is_vague(match: _Match | None) -> bool:
    return match is None or match.category.code == _OTHER


def _read_texts(draft: Draft, finder: CategoryFinder, rows: npt.NDArray[np.int64]) -> Iterator[_Match | None]:
    """Guess the category of some rows from what they say; only the first ten thousand texts are read."""
    fields = ("title", "description", "topic")
    if not any(map(draft.has, fields)):
        return
    told = [draft.get(name).iloc[rows].fillna("") for name in fields]
    known: dict[tuple[str, ...], _Match | None] = {}
    for title, description, topic in zip(*told, strict=True):
        words = (title, description, topic)
        if words not in known:
            if len(known) == _MOST_TEXTS:
                return
            known[words] = finder.guess(f"{title}\n{description}") or (
                finder.find_larger(topic) if topic else None
            )
        yield known[words]


def _tell_others(draft: Draft, matches: list[_Match | None], codes: npt.NDArray[np.int64]) -> None:
    """Tell if most of a file is filed where nobody will look for it, though it has a column of categories."""
    others = np.array([match is not None and match.category.code == _OTHER for match in matches], dtype=bool)
    count, kept = int((others[codes] & draft.kept).sum()), int(draft.kept.sum())
    if _FOREIGN_ROWS <= kept <= 2 * count:
        draft.warn(
            f"{count:,} of {kept:,} rows are filed under “other”, where nobody will look for them: "
            "if another column tells the category, name it with --map."
        )


def _tell_filing(
    draft: Draft,
    distinct: list[tuple[str, ...]],
    matches: list[_Match | None],
    codes: npt.NDArray[np.int64],
    of_text: Mapping[_Match, int],
) -> None:
    """Tell of the rows that were not filed under the very category they name."""
    counts = np.bincount(codes, minlength=len(matches) + len(of_text))
    unsaid = 0
    coarse: dict[str, int] = {}
    guessed: dict[str, int] = {}
    for (word, group, _), match, count in zip(distinct, matches, counts, strict=False):
        if not (word or group):
            unsaid += int(count)
        elif match is not None and count and (match.is_coarse or match.is_guess):
            kept = guessed if match.is_guess else coarse
            words = f"{word or group} → {match.category.name}"
            kept[words] = kept.get(words, 0) + int(count)
    if unsaid:
        draft.warn(
            f"{unsaid:,} rows name no category and were filed under “other”: if another column tells it, "
            "name it with --map."
        )
    if coarse:
        draft.warn(
            f"{sum(coarse.values()):,} rows were filed under a larger category: {_list_first(coarse)}."
        )
    if guessed:
        count = sum(guessed.values())
        draft.warn(f"{count:,} rows were filed under the category nearest to theirs: {_list_first(guessed)}.")
    if of_text:
        told = {f"{match.category.name} ({counts[code]})": 0 for match, code in of_text.items()}
        count = sum(int(counts[code]) for code in of_text.values())
        draft.warn(
            f"{count:,} rows that name no category we know were filed by what they say: {_list_first(told)}."
        )


def _list_first(words: Collection[str]) -> str:
    return "、".join(list(words)[:5]) + (" …" if len(words) > 5 else "")


def _factorize_together(columns: list[pd.Series]) -> tuple[npt.NDArray[np.int64], list[tuple[str, ...]]]:
    """Number the distinct combinations of several columns of text; null is an empty text."""
    combined = np.zeros(len(columns[0]), dtype=np.int64)
    words = []
    for column in columns:
        codes, distinct = pd.factorize(column)
        words.append([*distinct, ""])
        combined = combined * len(words[-1]) + np.where(codes < 0, len(distinct), codes)
    seen = np.unique(combined)
    positions = np.unravel_index(seen, [len(distinct) for distinct in words])
    combinations = list(
        zip(*(np.array(w, dtype=object)[p] for w, p in zip(words, positions, strict=True)), strict=True)
    )
    return np.searchsorted(seen, combined), combinations

"""What kind of case an incident is: our code, its name in Chinese or English, or a national code."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from etl.importing.draft import Draft
from etl.importing.layers import simplify

_OTHER = "E1299"
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


class CategoryFinder:
    """Finds categories by the words and codes files use.

    Args:
        rows: as :func:`geo.store.imports.read_categories` gives them.
    """

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._by_code: dict[str, Category] = {}
        self._by_word: dict[str, Category] = {}
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

    def find(self, word: str, group: str, code_system: str) -> _Match | None:
        """Find the category a file means; empty strings stand for nothing said.

        Args:
            word: the smaller category, as a name or code of ours or a national code.
            group: the larger category, which decides where the smaller one is missing or unknown.
            code_system: the national system the code is of; else the newest system that has it.
        """
        match = self._find_word(word, code_system) if word else None
        if match is None and group:
            match = self._find_word(group, code_system)
            return match and replace(match, is_coarse=True)
        if match is None and not word:
            return _Match(self._by_code[_OTHER], is_coarse=True)
        return match

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

    A row that names no category is filed as “other”; a row that names one we do not know is rejected.
    """
    said = [draft.get(name) for name in ("category", "category_group", "code_system")]
    codes, distinct = _factorize_together(said)
    matches = [finder.find(*words) for words in distinct]

    def spread(values: list[Any]) -> pd.Series:
        return pd.Series(pd.array(values, dtype="str").take(codes))

    unknown = np.array([match is None for match in matches], dtype=bool)[codes]
    draft.reject(
        unknown, "category “{}” is not one we know", "category" if draft.has("category") else "category_group"
    )
    is_coarse = np.array([match is not None and match.is_coarse for match in matches], dtype=bool)[codes]
    if is_coarse.any():
        filed = dict.fromkeys(
            f"{word or group or 'nothing'} → {match.category.name}"
            for (word, group, _), match in zip(distinct, matches, strict=True)
            if match is not None and match.is_coarse
        )
        shown = "、".join(list(filed)[:5]) + (" …" if len(filed) > 5 else "")
        draft.warn(f"{is_coarse.sum():,} rows were filed under a larger category: {shown}.")
    unsaid = np.array([not (word or group) for word, group, _ in distinct], dtype=bool)[codes]
    draft.assumed["category_code"] = draft.assumed["sensitivity"] = unsaid
    draft.values["category_code"] = spread([match and match.category.code for match in matches])
    draft.values["sensitivity"] = spread([match and match.category.sensitivity for match in matches])
    for position, column in enumerate(("national_code_system", "national_code_kind", "national_code")):
        values = [match and match.national[position] for match in matches]
        if any(values):
            draft.values[column] = spread(values)


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

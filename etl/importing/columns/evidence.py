"""What the values of a column show: whether a field may hold them, and whether they are of persons."""

import csv
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import pandas as pd

from etl.importing.columns.layers import Field, Kind, load_layers, simplify
from etl.importing.columns.values import read_pair, read_values
from geo.schema.scripts import FOLDER

_MOST_VALUES = 200
# Mainland China, to the whole degree.
_LONGITUDES, _LATITUDES = (73, 136), (3, 54)
_ADDRESS = re.compile(
    r"[路街巷弄道村里苑园]\S{0,12}\d|\d\s*[号栋幢弄室]|\d+ \w+ (?:street|road|avenue|st|rd|ave)\b", re.I
)
_SHAPE = re.compile(r"(?:SRID=\d+;\s*)?(?:MULTI)?(?:POINT|POLYGON|LINESTRING)\s*Z?M?\s*\(", re.I)

# What columns are called that are of addresses, or of pairs of coordinates.
_PLACE_HEADERS = frozenset({
    "location", "position", "位置", "地点", "地址", "address", "geo", "geocodedcolumn", "geolocation",
    "georeference", "incidentlocation",
})  # fmt: skip
_MOSTLY = 0.8

_MOBILE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_CITIZEN = re.compile(r"[1-9]\d{5}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_LEAST_NUMBERS, _PERSONAL_SHARE = 3, 0.6
_LEAST_STEP = 1_000


def weigh_values(field: Field, values: Sequence[str]) -> float | None:
    """Weigh how far values speak for a field.

    Args:
        field: the field they may be of.
        values: texts of one column, blanks left out.

    Returns:
        The share of values that such a field may hold; None where values cannot tell.
    """
    sample = list(dict.fromkeys(values))[:_MOST_VALUES]
    rule = _OWN_RULES.get(field.name) if field.kind in _LOOSE_KINDS else None
    if field.kind is Kind.CHOICE and field.otherwise is not None:
        if not field.otherwise:
            return _share(sample, lambda text: simplify(text) in field.choices)
        return _share(sample, lambda text: any(word in simplify(text) for word in field.choices))
    if rule is not None and sample:
        return _share(sample, rule)
    # A column of small numbers is one of days counted by a spreadsheet only if its header says so.
    is_small = field.kind in _TIMES and all(re.fullmatch(r"\d{1,7}", text) for text in sample)
    if not sample or is_small or field.kind in _LOOSE_KINDS:
        return None
    return 1 - float(read_values(pd.Series(sample), field).unread.mean())


def find_pairs(columns: Mapping[str, Sequence[str]]) -> str | None:
    """Find the column of pairs of coordinates, by what it is called and by what it holds.

    Args:
        columns: texts of each column, blanks left out.
    """
    for header, texts in columns.items():
        if simplify(header) in _list_pair_headers() and texts:
            sample = list(dict.fromkeys(texts))[:_MOST_VALUES]
            if _share(sample, lambda text: read_pair(text) is not None) >= _MOSTLY:
                return header
    return None


@cache
def _list_pair_headers() -> frozenset[str]:
    return _PLACE_HEADERS.union(load_layers()["merchants"].fields["lonlat"].headers)


def is_of_persons(values: Sequence[str]) -> bool:
    """Whether a column holds citizens' identity numbers or mobile phones, whatever its header says."""
    sample = [re.sub(r"[\s-]", "", text).upper() for text in dict.fromkeys(values)][:_MOST_VALUES]
    if len(sample) < _LEAST_NUMBERS:
        return False
    if _share(sample, is_citizen_number) >= _PERSONAL_SHARE:
        return True
    phones = [int(text[-11:]) for text in sample if _MOBILE.fullmatch(text)]
    # Numbers given out one after the other are of cases, not of people.
    is_spread = len(phones) > 1 and max(phones) - min(phones) > _LEAST_STEP * len(phones)
    return is_spread and len(phones) >= _PERSONAL_SHARE * len(sample)


def is_citizen_number(text: str) -> bool:
    """Whether a text is an identity number of 18 characters with the right check digit (GB 11643)."""
    if _CITIZEN.fullmatch(text) is None:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text, strict=False))
    return _CHECK_DIGITS[total % 11] == text[-1]


def _share(sample: Sequence[str], rule: Callable[[str], bool]) -> float:
    return sum(map(rule, sample)) / max(len(sample), 1)


def _is_within(text: str, limits: tuple[float, float]) -> bool:
    try:
        return limits[0] <= float(text) <= limits[1]
    except ValueError:
        return False


@cache
def _load_category_words() -> frozenset[str]:
    """Load the names of our categories, and what stands before and behind their slashes."""
    with (FOLDER / "seed" / "category.csv").open(encoding="utf-8") as rows:
        named = [(row["code"], row["name"], row["name_en"]) for row in csv.DictReader(rows)]
    words = (
        word for code, name, name_en in named for word in (code, *re.split("[/、]", name), name, name_en)
    )
    return frozenset(map(simplify, words))


_TIMES = {Kind.DAY, Kind.MOMENT}
_LOOSE_KINDS = {Kind.TEXT, Kind.TEXTS, Kind.LABEL, Kind.NUMBER}
# What only values of one field look like.
_OWN_RULES: dict[str, Callable[[str], bool]] = {
    "lon": lambda text: _is_within(text, _LONGITUDES),
    "lat": lambda text: _is_within(text, _LATITUDES),
    "lonlat": lambda text: read_pair(text) is not None,
    "wkt": lambda text: _SHAPE.match(text) is not None,
    "address": lambda text: _ADDRESS.search(text) is not None,
    "category": lambda text: simplify(text) in _load_category_words(),
}

"""Reading the values of a column: text, counts, days, moments, choices, in the ways people write them.

Each reader takes a column and gives a column of the store's type, null where nothing was written, and says
which values it could not read. Readers work on whole columns: a million rows take a fraction of a second.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.importing.columns.layers import Field, Kind, simplify
from etl.importing.columns.texts import MOST_EXACT, find_matches, to_text
from etl.importing.columns.times import CHINA_OFFSET, parse_times

_TRUE = {"是", "有", "true", "t", "y", "yes", "1", "√", "✓"}
_FALSE = {"否", "无", "没有", "false", "f", "n", "no", "0", "×", "x"}

# A number as a spreadsheet shows it when it has more than 15 digits; the digits behind are gone.
_SPOILT_NUMBER = r"^\d(?:\.\d+)?[eE]\+(?:0?[89]|[1-9]\d)$"

# A year outside is a slip of the pen, or of a spreadsheet that counts days from 1900.
_PLAUSIBLE_YEARS = (1950, 2099)
_NO_TIME = "“{}” is not a time we can read"
# What databases and programs keep where there is no time.
_NEVER = r"^0000-00-00|^0001-01-01[T ]00:00:00"
_ONLY_A_MONTH = r"^\d{4}(?:[-/.]\d\d?|年\d\d?月)$"

# Full-width ＷＧ－０１ and what else an input method leaves in a number or a code.
_NARROW = {
    wide: wide - 0xFEE0 for wide in [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]
}
_NARROW |= {ord("－"): ord("-"), ord("＃"): ord("#"), ord("\u00a0"): ord(" "), ord("\u3000"): ord(" ")}
_WIDE = "[０-９Ａ-Ｚａ-ｚ－＃\u00a0\u3000]"

# What a spreadsheet keeps of a number; beyond, its digits are made up.
_KEPT_DIGITS = 15
_FEW = 3

# 6/1 and 18+1 are floors above ground and below; 1998-06 and 2001.6 are days of which the year is asked.
_COUNTS_IN_WORDS = {
    "floors": (r"^(?:地上)?(\d{1,3})层?(?:[/+＋、，;；]|地下)\D*\d{0,2}层?$", r"\1"),
    "built_year": (r"^((?:18|19|20)\d\d)(?:[-/.年]\d.*|\.0)$", r"\1"),
}
# None, or known too roughly to be a number.
_NO_COUNT = r"无|没有|(?:上世纪)?(?:(?:19|20)?\d0|[五六七八九]十)年代[初中末]?(?:期)?"

_PAIR = re.compile(r"[(\[（]?\s*(-?\d{1,3}\.\d+)\s*[,，;；、\s]\s*(-?\d{1,3}\.\d+)\s*[)\]）]?")
# {"lng": 109.41, "lat": 24.32}; and below an address, as open data portals write it: (24.32, 109.41).
_NAMED = [
    re.compile(rf"(?:{word})[\"']?\s*[:：=]\s*[\"']?(-?\d{{1,3}}\.\d+)", re.IGNORECASE)
    for word in (r"lng|lon|longitude|经度|\bx", r"lat|latitude|纬度|\by")
]
_LAST = re.compile(r"\(\s*(-?\d{1,3}\.\d+)\s*[,，]\s*(-?\d{1,3}\.\d+)\s*\)$")
# Two numbers and no word but those of programs: POINT (109.41 24.32), 109.41|24.32, [null, "24.32", …].
_BARE = re.compile(
    r"[A-Za-z\s()\[\]{}\"':,;|/]*(-?\d{1,3}\.\d{3,})[\s\"',;|/]+(-?\d{1,3}\.\d{3,})[A-Za-z\s()\[\]{}\"',;|]*"
)
_MOST_AROUND = 1_000
_DEGREES = re.compile(
    r"[东西南北经纬EWNS\s]*(\d{1,3}(?:\.\d+)?)\s*[°度º]\s*"
    r"(?:(\d{1,2}(?:\.\d+)?)\s*['′’分]\s*)?(?:(\d{1,2}(?:\.\d+)?)\s*(?:[\"″”秒]|'')\s*)?[EWNS]?"
)
_NO_NUMBER = ("无", "没有")
_AXES = re.compile(r"(?:东经|北纬|[经纬]度|[EN])[:：]?", re.IGNORECASE)
_DIRECTED = re.compile(r"(?:东经|北纬|[EN])[:：]?\s*(\d{1,3}\.\d+)°?")


@dataclass(frozen=True)
class Reading:
    """A column as read.

    Attributes:
        values: shape (n,), of the store's type, null where nothing was written or nothing could be read.
        unread: shape (n,), True where something was written that could not be read.
        reason: what to tell a person about those; ``{}`` stands for the value.
        warnings: sentences about values that were read, but not as they stand.
    """

    values: pd.Series
    unread: npt.NDArray[np.bool_]
    reason: str = ""
    warnings: tuple[str, ...] = ()


def read_values(column: pd.Series, field: Field, *, from_1904: bool = False) -> Reading:
    """Read a column as the values of a field.

    Args:
        column: as the file has it.
        field: what it holds.
        from_1904: whether bare numbers in a column of times count the days from 1904.
    """
    if field.kind in {Kind.DAY, Kind.MOMENT}:
        return _TIME_READERS[field.kind](column, from_1904=from_1904)
    return _READERS[field.kind](column, field)


def read_pair(text: str) -> tuple[float, float] | None:
    """Read two coordinates in degrees from one cell, as (longitude, latitude); None if it holds none."""
    plain = _AXES.sub(" ", text).strip()
    found = _PAIR.fullmatch(re.sub(r"[°度]", "", plain))
    # E120°00′04.5″ N32°00′08.4″
    parts = [_DEGREES.fullmatch(part) for part in re.split(r"[\s,，;；、]+", plain)]
    if found is not None:
        one, other = float(found[1]), float(found[2])
    elif len(parts) == 2 and parts[0] is not None and parts[1] is not None:
        one, other = _join_degrees(parts[0]), _join_degrees(parts[1])
    elif (wrapped := _find_wrapped_pair(text.strip()[-_MOST_AROUND:])) is not None:
        one, other = wrapped
    else:
        return None
    if math.isnan(one + other):
        return None
    # In China no longitude may be a latitude.
    return (one, other) if abs(one) > abs(other) else (other, one)


def _find_wrapped_pair(text: str) -> tuple[float, float] | None:
    lon, lat = (mark.search(text) for mark in _NAMED)
    if lon is not None and lat is not None:
        return float(lon[1]), float(lat[1])
    found = _LAST.search(text) or _BARE.fullmatch(text)
    return None if found is None else (float(found[1]), float(found[2]))


def _read_text(column: pd.Series, _field: Field) -> Reading:
    text = to_text(column)
    spoilt = find_matches(text, lambda piece: pc.match_substring_regex(piece, _SPOILT_NUMBER))
    if pd.api.types.is_float_dtype(column):
        spoilt = spoilt | (column.abs() >= MOST_EXACT).to_numpy(bool)
    return Reading(
        text.mask(spoilt) if spoilt.any() else text,
        spoilt,
        "“{}” is a number that lost its last digits in a spreadsheet; enter it anew in a column of text",
    )


def _read_labels(column: pd.Series, field: Field) -> Reading:
    """Read what things are called or numbered: full-width letters and digits become plain ones."""
    reading = _read_text(column, field)
    at = find_matches(reading.values, _find_wide)
    if at.any():
        narrow = reading.values.copy()
        narrow[at] = np.array([value.translate(_NARROW) for value in narrow[at]], dtype=object)
        reading = replace(reading, values=narrow)
    return replace(reading, warnings=(*reading.warnings, *_doubt_zeros(reading.values)))


def _find_wide(labels: pa.Array) -> pa.Array:
    # Most numbers and codes are of plain signs alone, which is seen at once.
    is_ascii = pc.string_is_ascii(labels)
    return pc.invert(is_ascii) if pc.all(is_ascii).as_py() else pc.match_substring_regex(labels, _WIDE)


def _doubt_zeros(values: pd.Series) -> list[str]:
    """Doubt long numbers that all end in zeros from where a spreadsheet ceases to keep digits."""
    if not _has_lost_digits(values.iloc[:_FEW].dropna()) or not _has_lost_digits(values.dropna()):
        return []
    warning = (
        f"All numbers in “{values.name}” have nothing but zeros beyond their 15th digit, as if a spreadsheet "
        "had cut them: compare some with where they came from."
    )
    return [warning]


def _has_lost_digits(values: pd.Series) -> bool:
    return values.nunique() >= _FEW and bool(values.str.fullmatch(rf"\d{{{_KEPT_DIGITS}}}0+").all())


def _read_texts(column: pd.Series, _field: Field) -> Reading:
    return _read_distinct(column, _split_texts, "object", "“{}” is not a list")


def _read_numbers(column: pd.Series, _field: Field) -> Reading:
    if pd.api.types.is_numeric_dtype(column):
        return Reading(column.astype("float64"), np.zeros(len(column), dtype=bool))
    text = to_text(column)
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    text = text.mask(text.isin(_NO_NUMBER)) if values.isna().any() else text
    odd = text.notna() & values.isna()
    if odd.any():
        values[odd] = np.array([_read_odd_number(word) for word in text[odd]])
    return Reading(values, (text.notna() & values.isna()).to_numpy(bool), "“{}” is not a number")


def _read_odd_number(word: str) -> float:
    """Read ３６, 1,200 and 109°24′30″; NaN if it is none of these."""
    plain = unicodedata.normalize("NFKC", word).strip()
    if re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})*(?:\.\d+)?|[+-]?\d+(?:\.\d+)?", plain):
        return float(plain.replace(",", ""))
    if re.fullmatch(r"[+-]?\d{1,3},\d{4,}", plain):
        # No thousands are so long: where the decimals stand behind a comma, as in Europe.
        return float(plain.replace(",", "."))
    if directed := _DIRECTED.fullmatch(plain):
        return float(directed[1])
    # In the word itself: plain writes ″ as two ′.
    if degrees := _DEGREES.fullmatch(word.strip()):
        return _join_degrees(degrees)
    return float("nan")


def _join_degrees(found: "re.Match[str]") -> float:
    whole, minutes, seconds = (float(part or 0) for part in found.groups())
    # Programs round to 60 seconds; more is a slip, or no angle.
    return whole + minutes / 60 + seconds / 3600 if max(minutes, seconds) <= 60 else float("nan")


def _read_counts(column: pd.Series, field: Field) -> Reading:
    if not pd.api.types.is_numeric_dtype(column):
        # 36户, 约120, 2005年, 1,200
        column = to_text(column).str.replace(r"[,\s约]|[户人栋幢层个年]$", "", regex=True)
        if field.name in _COUNTS_IN_WORDS:
            column = column.str.replace(*_COUNTS_IN_WORDS[field.name], regex=True)
        column = column.mask(column.str.fullmatch(_NO_COUNT).fillna(value=False).astype(bool))
    numbers = _read_numbers(column, field)
    odd = ((numbers.values % 1 != 0) | (numbers.values.abs() >= 2**31)) & numbers.values.notna()
    unread = numbers.unread | odd.to_numpy(bool)
    return Reading(numbers.values.mask(unread).astype("Int64"), unread, "“{}” is not a whole number")


def _read_moments(column: pd.Series, *, from_1904: bool) -> Reading:
    """Read times at which something happened; those that name no zone are China's."""
    reading = _read_any_moments(column, from_1904=from_1904)
    plausible = reading.values.where(reading.values.dt.year.between(*_PLAUSIBLE_YEARS))
    return replace(
        reading,
        values=plausible,
        unread=reading.unread | (reading.values.notna() & plausible.isna()).to_numpy(bool),
    )


def _read_any_moments(column: pd.Series, *, from_1904: bool) -> Reading:
    if pd.api.types.is_datetime64_any_dtype(column):
        moments = column if column.dt.tz else (column - CHINA_OFFSET).dt.tz_localize("UTC")
        return Reading(
            moments.dt.tz_convert("UTC").dt.as_unit("us"), np.zeros(len(column), dtype=bool), _NO_TIME
        )
    text = to_text(column)
    text = text.mask(text.str.contains(_NEVER, regex=True).fillna(value=False).astype(bool))
    times = parse_times(text, from_1904=from_1904)
    unread = (text.notna() & times.local.isna()).to_numpy(bool)
    moments = (times.local - CHINA_OFFSET).dt.tz_localize("UTC").dt.as_unit("us")
    return Reading(moments, unread, _NO_TIME, times.warnings)


def _read_days(column: pd.Series, *, from_1904: bool) -> Reading:
    warnings: tuple[str, ...] = ()
    if not pd.api.types.is_datetime64_any_dtype(column):
        column = to_text(column)
        months = column.str.fullmatch(_ONLY_A_MONTH).fillna(value=False).astype(bool)
        if months.any():
            column = column.mask(months, column.str.replace("月", "", regex=False) + "-1")
            warning = f"{months.sum():,} days in “{column.name}” name only a month: taken as its first day."
            warnings = (warning,)
    # An end of 9999-12-31 means that there is none in sight.
    reading = _read_any_moments(column, from_1904=from_1904)
    days = (reading.values + CHINA_OFFSET).dt.tz_localize(None).dt.normalize()
    return Reading(days, reading.unread, "“{}” is not a date we can read", (*reading.warnings, *warnings))


def _read_flags(column: pd.Series, _field: Field) -> Reading:
    return _read_distinct(column, _read_flag, "boolean", "“{}” is neither yes (是, 有) nor no (否, 无)")


def _read_choices(column: pd.Series, field: Field) -> Reading:
    others: list[str] = []

    def read(word: str) -> str | None:
        plain = simplify(word)
        if plain in field.choices or field.otherwise is None:
            return field.choices.get(plain)
        # 餐饮服务;中餐厅;火锅店: the word that comes first. What may stay empty is not searched: 不紧急.
        known_words = field.choices.items() if field.otherwise else ()
        found = min(
            ((plain.find(known), code) for known, code in known_words if known in plain),
            default=None,
        )
        if found is None:
            others.append(word)
            return field.otherwise
        return found[1]

    codes = ", ".join(dict.fromkeys(field.choices.values()))
    reading = _read_distinct(column, read, "str", f"“{{}}” is not a {field.name} we know ({codes})")
    if not others:
        return reading
    shown = "、".join(others[:5]) + (" …" if len(others) > 5 else "")
    if not field.otherwise:
        warning = f"“{column.name}”: {shown} are none we know ({codes}) and were left out."
        return Reading(reading.values.mask(reading.values == ""), reading.unread, reading.reason, (warning,))
    warning = f"“{column.name}”: {shown} taken as “{field.otherwise}”."
    return Reading(reading.values, reading.unread, reading.reason, (warning,))


def _read_distinct(column: pd.Series, read: Callable[[str], Any], dtype: str, reason: str) -> Reading:
    """Read each distinct value once."""
    codes, words = pd.factorize(column)
    texts = to_text(pd.Series(words))
    known = {text: read(text) for text in texts.dropna().unique()}
    results = [*(known.get(text) for text in texts), None]
    unread = np.array([*(text in known and known[text] is None for text in texts), False])
    values = pd.Series(results, dtype=dtype).take(codes).set_axis(column.index)
    return Reading(values, unread[codes], reason)


def _split_texts(text: str) -> list[str]:
    for mark in "、；;，|/":
        text = text.replace(mark, ",")
    return [part.strip() for part in text.split(",") if part.strip()]


def _read_flag(word: str) -> bool | None:
    plain = simplify(word)
    return True if plain in _TRUE else False if plain in _FALSE else None


_TIME_READERS = {Kind.DAY: _read_days, Kind.MOMENT: _read_moments}
_READERS: dict[Kind, Callable[[pd.Series, Field], Reading]] = {
    Kind.TEXT: _read_text,
    Kind.LABEL: _read_labels,
    Kind.TEXTS: _read_texts,
    Kind.COUNT: _read_counts,
    Kind.NUMBER: _read_numbers,
    Kind.FLAG: _read_flags,
    Kind.CHOICE: _read_choices,
}

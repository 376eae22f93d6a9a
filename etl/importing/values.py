"""Reading the values of a column: text, counts, days, moments, choices, in the ways people write them.

Each reader takes a column and gives a column of the store's type, null where nothing was written, and says
which values it could not read. Readers work on whole columns: a million rows take a fraction of a second.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.importing.layers import Field, Kind, simplify
from geo.rules.inert import unquote_cell

_NOTHING = ["", "-", "--", "/", "\\", "null", "NULL", "None", "none", "nan", "NaN", "N/A", "#N/A", "<空>"]
_BLANKS = " \t\r\n\u00a0\u3000\ufeff"
_LONGEST_NOTHING = max(len(word.encode()) for word in _NOTHING)
_IS_BLANK_EDGE = np.zeros(256, dtype=bool)
_IS_BLANK_EDGE[[edge for blank in (*_BLANKS, "'") for edge in (blank.encode()[0], blank.encode()[-1])]] = True
_TRUE = {"是", "有", "true", "t", "y", "yes", "1", "√", "✓"}
_FALSE = {"否", "无", "没有", "false", "f", "n", "no", "0", "×", "x"}

# A number as a spreadsheet shows it when it has more than 15 digits; the digits behind are gone.
_SPOILT_NUMBER = r"^\d(?:\.\d+)?[eE]\+(?:0?[89]|[1-9]\d)$"

# China has one time and no summer time; only files from elsewhere name a zone.
_CHINA_OFFSET = pd.Timedelta(hours=8)
# A year outside is a slip of the pen, or of a spreadsheet that counts days from 1900.
_PLAUSIBLE_YEARS = (1950, 2099)
_NO_TIME = "“{}” is not a time we can read"
_ZONED = r"\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)$"
_EXCEL_DAY_ZERO = pd.Timestamp("1899-12-30")
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%m-%d-%Y %I:%M:%S %p",
    "%m-%d-%Y %I:%M %p",
)


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


def read_values(column: pd.Series, field: Field) -> Reading:
    """Read a column as the values of a field."""
    return _READERS[field.kind](column, field)


def to_text(column: pd.Series) -> pd.Series:
    """Write a column of any type as trimmed text, null where nothing was written."""
    if not pd.api.types.is_string_dtype(column):
        if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        column = column.astype("str").where(column.notna())
    text = pa.array(column, pa.large_string(), from_pandas=True)
    chunks = text.chunks if isinstance(text, pa.ChunkedArray) else [text]
    # Hardly any value of a million is blank or has a blank at its end: where none of those that may be is,
    # the column stands as it is, and no copy is made of it.
    likely = pa.chunked_array([chunk.take(_find_likely_blank(chunk)) for chunk in chunks], pa.large_string())
    return pd.Series(
        text if _clean(likely).equals(likely) else _clean(text), column.index, dtype="str", name=column.name
    )


def _clean(text: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    # Naming the blanks spares a table of all Unicode, which takes half a second to make.
    trimmed = _unquote(pc.utf8_trim(text, characters=_BLANKS))
    return pc.if_else(pc.is_in(trimmed, pa.array(_NOTHING, pa.large_string())), None, trimmed)


def _unquote(text: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Take away the apostrophe that keeps a spreadsheet from computing a text; hardly any text begins so."""
    quoted = pc.starts_with(text, "'")
    if not pc.any(quoted).as_py():
        return text
    plain = [word and unquote_cell(word) for word in text.to_pylist()]
    return (
        pa.chunked_array([plain], text.type)
        if isinstance(text, pa.ChunkedArray)
        else pa.array(plain, text.type)
    )


def _find_likely_blank(text: pa.LargeStringArray) -> pa.Array:
    """Find the values as short as a word for nothing, or whose first or last byte may be of a blank."""
    _, offsets, content = text.buffers()
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    likely = np.diff(ends) <= _LONGEST_NOTHING
    if content is not None and ends.any():
        letters = np.frombuffer(content, np.uint8)
        # Where nothing is written, first and last are bytes of the neighbours; such are likely anyway.
        first, last = np.minimum(ends[:-1], ends[-1] - 1), np.maximum(ends[1:], 1) - 1
        likely |= _IS_BLANK_EDGE[letters[first]] | _IS_BLANK_EDGE[letters[last]]
    return pa.array(np.flatnonzero(likely))


def _read_text(column: pd.Series, _field: Field) -> Reading:
    text = to_text(column)
    found = pc.match_substring_regex(pa.array(text, pa.large_string(), from_pandas=True), _SPOILT_NUMBER)
    spoilt = pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False)
    return Reading(
        text.mask(spoilt) if spoilt.any() else text,
        spoilt,
        "“{}” is a number that lost its last digits in a spreadsheet; enter it anew in a column of text",
    )


def _read_texts(column: pd.Series, _field: Field) -> Reading:
    return _read_distinct(column, _split_texts, "object", "“{}” is not a list")


def _read_numbers(column: pd.Series, _field: Field) -> Reading:
    if pd.api.types.is_numeric_dtype(column):
        return Reading(column.astype("float64"), np.zeros(len(column), dtype=bool))
    text = to_text(column)
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    return Reading(values, (text.notna() & values.isna()).to_numpy(bool), "“{}” is not a number")


def _read_counts(column: pd.Series, field: Field) -> Reading:
    if not pd.api.types.is_numeric_dtype(column):
        # 36户, 约120, 2005年, 1,200
        column = to_text(column).str.replace(r"[,\s约]|[户人栋幢层个年]$", "", regex=True)
    numbers = _read_numbers(column, field)
    odd = ((numbers.values % 1 != 0) | (numbers.values.abs() >= 2**31)) & numbers.values.notna()
    unread = numbers.unread | odd.to_numpy(bool)
    return Reading(numbers.values.mask(unread).astype("Int64"), unread, "“{}” is not a whole number")


def _read_moments(column: pd.Series, field: Field) -> Reading:
    """Read times at which something happened; those that name no zone are China's."""
    reading = _read_any_moments(column, field)
    plausible = reading.values.where(reading.values.dt.year.between(*_PLAUSIBLE_YEARS))
    return replace(
        reading,
        values=plausible,
        unread=reading.unread | (reading.values.notna() & plausible.isna()).to_numpy(bool),
    )


def _read_any_moments(column: pd.Series, _field: Field) -> Reading:
    if pd.api.types.is_datetime64_any_dtype(column):
        moments = column if column.dt.tz else (column - _CHINA_OFFSET).dt.tz_localize("UTC")
        return Reading(
            moments.dt.tz_convert("UTC").dt.as_unit("us"), np.zeros(len(column), dtype=bool), _NO_TIME
        )
    text = to_text(column)
    local = _parse_iso(text)
    warnings: tuple[str, ...] = ()
    if local is None:
        local = _parse_handwritten(text)
        if (text.str.endswith("Z").fillna(value=False) & local.notna()).any():
            warnings = (
                f"Times in “{column.name}” are marked as world time (Z): they read eight hours later.",
            )
    unread = (text.notna() & local.isna()).to_numpy(bool)
    moments = (local - _CHINA_OFFSET).dt.tz_localize("UTC").dt.as_unit("us")
    return Reading(moments, unread, _NO_TIME, warnings)


def _read_days(column: pd.Series, field: Field) -> Reading:
    # An end of 9999-12-31 means that there is none in sight.
    reading = _read_any_moments(column, field)
    days = (reading.values + _CHINA_OFFSET).dt.tz_localize(None).dt.normalize()
    return Reading(days, reading.unread, "“{}” is not a date we can read")


def _parse_iso(text: pd.Series) -> pd.Series | None:
    """Parse ISO times without a zone, as programs write them; None if any is written otherwise."""
    try:
        parsed = pa.array(text, pa.large_string(), from_pandas=True).cast(pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    return pd.Series(parsed.to_pandas().to_numpy(), text.index)


def _parse_handwritten(text: pd.Series) -> pd.Series:
    """Parse times as people and spreadsheets write them, each as China's wall clock."""
    plain = text.str.replace(r"^(\d{4})\.(\d\d?)\.(\d\d?)", r"\1-\2-\3", regex=True)
    for marks, mark in (("年月/", "-"), ("日号T", " "), ("时点分：", ":"), ("秒", "")):
        plain = plain.str.replace(f"[{marks}]", mark, regex=True)
    plain = plain.str.replace(r"\s+", " ", regex=True).str.strip(" :-")
    local = pd.Series(pd.NaT, text.index, dtype="datetime64[us]")
    zoned = text.str.contains(_ZONED, regex=True).fillna(value=False)
    if zoned.any():
        moments = pd.to_datetime(text[zoned], format="ISO8601", utc=True, errors="coerce")
        local[zoned] = (moments + _CHINA_OFFSET).dt.tz_localize(None).dt.as_unit("us")
    for form in _FORMATS:
        left = local.isna() & plain.notna() & ~zoned
        if not left.any():
            return local
        local[left] = pd.to_datetime(plain[left], format=form, errors="coerce").dt.as_unit("us")
    left = local.isna() & plain.notna() & ~zoned
    days = pd.to_numeric(plain[left], errors="coerce")
    days = days.where(days.between(*_EXCEL_DAYS))
    local[left] = (_EXCEL_DAY_ZERO + pd.to_timedelta(days, unit="D")).dt.round("s").dt.as_unit("us")
    return local


def _read_flags(column: pd.Series, _field: Field) -> Reading:
    return _read_distinct(column, _read_flag, "boolean", "“{}” is neither yes (是, 有) nor no (否, 无)")


def _read_choices(column: pd.Series, field: Field) -> Reading:
    others: list[str] = []

    def read(word: str) -> str | None:
        plain = simplify(word)
        if plain in field.choices or field.otherwise is None:
            return field.choices.get(plain)
        # 餐饮服务;中餐厅;火锅店: the word that comes first.
        found = min(
            ((plain.find(known), code) for known, code in field.choices.items() if known in plain),
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


_READERS: dict[Kind, Callable[[pd.Series, Field], Reading]] = {
    Kind.TEXT: _read_text,
    Kind.TEXTS: _read_texts,
    Kind.COUNT: _read_counts,
    Kind.NUMBER: _read_numbers,
    Kind.DAY: _read_days,
    Kind.MOMENT: _read_moments,
    Kind.FLAG: _read_flags,
    Kind.CHOICE: _read_choices,
}

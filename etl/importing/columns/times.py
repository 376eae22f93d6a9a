"""Reading days and times in the ways people, spreadsheets and programs write them: China's wall clock."""

import unicodedata
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.sources.shelf import look_through

# China has one time and no summer time; only files from elsewhere name a zone.
CHINA_OFFSET = pd.Timedelta(hours=8)

# 10:00-11:30 is from ten to half past eleven: who names a zone writes seconds, too, or the T of the standard.
_ZONED = r"\d\d:\d\d.*Z$|(?:\d\d:\d\d:\d\d(?:\.\d+)?|T\d\d:\d\d) ?[+-]\d\d(?::?\d\d)?$"
_WORLD_TIME = r"(?:Z|[+-]00(?::?00)?)$"
_EXCEL_DAY_ZERO, _MACINTOSH_DAY_ZERO = pd.Timestamp("1899-12-30"), pd.Timestamp("1904-01-01")
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%d %H",
    "%Y%m%d",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
    "%Y-%m-%d %p %I:%M:%S",
    "%Y-%m-%d %p %I:%M",
    "%Y%m%d %H:%M:%S",
    "%Y%m%d %H:%M",
    "%Y%m%d %H%M%S",
    "%Y%m%d%H%M",
    "%d-%b-%Y",
    "%d-%b-%Y %H:%M:%S",
    "%d-%b-%y",
    "%d-%b-%y %H:%M:%S",
    "%d-%b-%y %I:%M:%S %p",
    "%b %d %Y",
    "%B %d %Y",
    "%b %d %Y %H:%M:%S",
    "%b %d %Y %I:%M:%S %p",
    "%b %d %Y %I:%M %p",
)
# Read without regard to its length, 202508310930 is three minutes past nine.
_LENGTHS = {"%Y%m%d%H%M%S": 14, "%Y%m%d%H%M": 12}
# A month and a day that stand before the year: which is which, only a column can tell.
_TURNED = r"^(\d\d?)-(\d\d?)-(\d{4})(?: (\d\d?:\d\d)(:\d\d)?( [AP]M)?)?$"
_WORDS = (
    ("(?:星期|周)[一二三四五六日天]", " "),
    ("上午|早上|凌晨", " AM "),
    ("下午|晚上|中午", " PM "),
)
# How programs write times for themselves: Oracle, Java and JavaScript, .NET.
_OF_PROGRAMS = r"^\d\d?-\d\d?月 ?-|\d\.\d\d\.\d\d|^[A-Za-z]{3} [A-Za-z]{3} \d|^/Date\("
_AS_PEOPLE = (
    (r"^(\d\d?)-(\d\d?)月 ?-(\d\d) ", r"20\3-\2-\1 "),
    (r" (\d\d)\.(\d\d)\.(\d\d)(?:\.\d+)?", r" \1:\2:\3"),
    (
        r"^[A-Za-z]{3} ([A-Za-z]{3} \d\d?)( \d{4})? (\d\d:\d\d:\d\d) (?:CST|GMT\+08:?00)"
        r"(?: \(.*\))?( \d{4})?$",
        r"\1\2\4 \3",
    ),
    (r"^/Date\((\d{13})(?:[+-]\d{4})?\)/$", r"\1"),
)
_EPOCH = r"^1\d{9}(?:\d{3})?$"


@dataclass(frozen=True)
class Times:
    """A column of times.

    Attributes:
        local: shape (n,), China's wall clock without a zone, null where nothing could be read.
        warnings: sentences about values that were read, but not as they stand.
    """

    local: pd.Series
    warnings: tuple[str, ...] = ()


def parse_times(text: pd.Series, *, from_1904: bool = False) -> Times:
    """Parse a column of times.

    Args:
        text: trimmed texts, null where nothing was written.
        from_1904: whether bare numbers count the days from 1904, as in workbooks of old Macintoshes.
    """
    local = _parse_iso(text)
    return Times(local) if local is not None else _parse_handwritten(text, from_1904=from_1904)


def _parse_iso(text: pd.Series) -> pd.Series | None:
    """Parse ISO times without a zone, as programs write them; None if any is written otherwise."""
    try:
        pieces = look_through(pa.array(text, pa.large_string(), from_pandas=True))
        parsed = pa.chunked_array([piece.cast(pa.timestamp("us")) for piece in pieces])
    except pa.ArrowInvalid:
        return None
    return pd.Series(parsed.to_pandas().to_numpy(), text.index)


def _parse_handwritten(text: pd.Series, *, from_1904: bool) -> Times:
    plain, warnings = _write_plainly(text), []
    local = pd.Series(pd.NaT, text.index, dtype="datetime64[us]")
    zoned = text.str.contains(_ZONED, regex=True).fillna(value=False)
    if zoned.any():
        moments = pd.to_datetime(text[zoned], format="ISO8601", utc=True, errors="coerce")
        local[zoned] = (moments + CHINA_OFFSET).dt.tz_localize(None).dt.as_unit("us")
        if (text.str.contains(_WORLD_TIME, regex=True).fillna(value=False) & local.notna()).any():
            warning = f"Times in “{text.name}” are marked as world time (Z): they read eight hours later."
            warnings.append(warning)
    for form in _FORMATS:
        left = _find_left(local, plain, zoned)
        if not left.any():
            return Times(local, tuple(warnings))
        if form in _LENGTHS:
            left &= (plain.str.len() == _LENGTHS[form]).fillna(value=False).astype(bool)
        local[left] = pd.to_datetime(plain[left], format=form, errors="coerce").dt.as_unit("us")
    left = _find_left(local, plain, zoned)
    local[left] = _parse_turned(plain[left])
    left = _find_left(local, plain, zoned)
    counted = left & plain.str.match(_EPOCH).fillna(value=False)
    if counted.any():
        local[counted] = _parse_epoch(plain[counted])
        warning = f"Times in “{text.name}” are counted in seconds since 1970 and were read so."
        warnings.append(warning)
    left = _find_left(local, plain, zoned)
    days = pd.to_numeric(plain[left], errors="coerce")
    days = days.where(days.between(*_EXCEL_DAYS))
    day_zero = _MACINTOSH_DAY_ZERO if from_1904 else _EXCEL_DAY_ZERO
    local[left] = (day_zero + pd.to_timedelta(days, unit="D")).dt.round("s").dt.as_unit("us")
    return Times(local, tuple(warnings))


def _find_left(local: pd.Series, plain: pd.Series, zoned: pd.Series) -> pd.Series:
    return local.isna() & plain.notna() & ~zoned


def _write_plainly(text: pd.Series) -> pd.Series:
    """Write 2025年8月31日 下午2点5分 as 2025-8-31 PM 2:5."""
    plain = text
    if text.str.contains(_OF_PROGRAMS, regex=True).any():
        for written, as_people in _AS_PEOPLE:
            plain = plain.str.replace(written, as_people, regex=True)
    is_ascii = pc.all(pc.string_is_ascii(pa.array(text, pa.large_string(), from_pandas=True))).as_py()
    if not is_ascii:
        for words, mark in _WORDS:
            plain = plain.str.replace(words, mark, regex=True)
    plain = plain.str.replace(r"^(\d{4})[.。](\d\d?)[.。](\d\d?)", r"\1-\2-\3", regex=True)
    for marks, mark in (("年月/", "-"), ("日号,", " "), ("时点分：", ":"), ("秒", "")):
        plain = plain.str.replace(f"[{marks}]", mark, regex=True)
    plain = plain.str.replace(r"(\d)T(\d)", r"\1 \2", regex=True)
    if not is_ascii:
        odd = plain.notna() & ~plain.str.isascii().fillna(value=True).astype(bool)
        plain[odd] = np.array([_narrow_time(value) for value in plain[odd]], dtype=object)
    return plain.str.replace(r"\s+", " ", regex=True).str.strip(" :-")


def _narrow_time(value: str) -> str:
    # ２０２５．８．３１: the marks between full-width digits are told only once they are narrow.
    narrow = unicodedata.normalize("NFKC", value)
    return narrow.replace(".", "-", 2) if narrow[4:5] == "." else narrow.replace("/", "-")


def _parse_turned(plain: pd.Series) -> pd.Series:
    """Parse 8-31-2025 and 31-8-2025 where some value of the column shows which is the month.

    Where none does, the month is the first of those with AM or PM, as Americans write them.
    """
    parts = plain.str.extract(_TURNED)
    first, second = (pd.to_numeric(parts[column], errors="coerce") for column in (0, 1))
    if (first > 12).any() and (second > 12).any():
        return pd.Series(pd.NaT, plain.index, dtype="datetime64[us]")
    is_told = (first > 12).any() or (second > 12).any()
    month, day = (1, 0) if (first > 12).any() else (0, 1)
    written = parts[2] + "-" + parts[month] + "-" + parts[day] + " " + parts[3].fillna("0:00")
    written += parts[4].fillna(":00")
    turned = pd.to_datetime(written, format="%Y-%m-%d %H:%M:%S", errors="coerce").dt.as_unit("us")
    halved = parts[5].notna()
    turned[halved] = pd.to_datetime(
        (written + parts[5])[halved], format="%Y-%m-%d %I:%M:%S %p", errors="coerce"
    ).dt.as_unit("us")
    return turned if is_told else turned.where(halved)


def _parse_epoch(plain: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(plain)
    seconds = numbers.where(plain.str.len() == 10, numbers // 1000)
    return (pd.to_datetime(seconds, unit="s") + CHINA_OFFSET).dt.as_unit("us")

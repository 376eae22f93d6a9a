"""A column of any type as text: trimmed, and null where a word stands for nothing."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.sources.shelf import look_through
from geo.rules.inert import unquote_cell

# From here on two whole numbers may be one float.
MOST_EXACT = 2.0**53

_NOTHING = [
    "",
    "-",
    "--",
    "/",
    "\\",
    "null",
    "NULL",
    "None",
    "none",
    "nan",
    "NaN",
    "N/A",
    "#N/A",
    "<空>",
    "#REF!",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NUM!",
    "#NULL!",
    "无数据",
    "不详",
    "未知",
    "暂无",
    "－",
    "—",
    "——",
    "[]",
]
_BLANKS = " \t\r\n\u00a0\u3000\ufeff"
_LONGEST_NOTHING = max(len(word.encode()) for word in _NOTHING)
_IS_BLANK_EDGE = np.zeros(256, dtype=bool)
_IS_BLANK_EDGE[[edge for blank in (*_BLANKS, "'") for edge in (blank.encode()[0], blank.encode()[-1])]] = True

# Signs without a width, which come along when text is copied from a page or a chat; and the one that no
# database keeps.
_UNSEEN = "[\\x00\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
_SOFT_HYPHEN = "\u00ad".encode()
_SEARCHED_BYTES = 1 << 24


def to_text(column: pd.Series) -> pd.Series:
    """Write a column of any type as trimmed text, null where nothing was written."""
    if not pd.api.types.is_string_dtype(column):
        column = _write_plainly(column)
    text = pa.array(column, pa.large_string(), from_pandas=True)
    # Hardly any value of a million is blank or has a blank at its end: where none of those that may be is,
    # the column stands as it is, and no copy is made of it.
    likely, may_hold_unseen = [], False
    for piece in look_through(text):
        likely.append(piece.take(_find_likely_blank(piece)))
        may_hold_unseen |= _may_hold_unseen(piece)
    if any(not _clean(words).equals(words) for words in likely):
        text = _clean(text)
    if may_hold_unseen:
        text = _clean(pc.replace_substring_regex(text, _UNSEEN, ""))
    return pd.Series(text, column.index, dtype="str", name=column.name)


def find_matches(
    text: pd.Series, matches: Callable[[pa.LargeStringArray], pa.BooleanArray]
) -> npt.NDArray[np.bool_]:
    """Find the values of a column of text that match, shape (n,), some at a time; null never does."""
    pieces = look_through(pa.array(text, pa.large_string(), from_pandas=True))
    found = [pc.fill_null(matches(piece), fill_value=False) for piece in pieces]
    return np.concatenate([piece.to_numpy(zero_copy_only=False) for piece in found])


def _write_plainly(column: pd.Series) -> pd.Series:
    """Write what is no text: whole numbers without a point, those too large to be exact as they are."""
    written = column.astype("str")
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        is_exact = column.abs() < MOST_EXACT
        written = column.where(is_exact).astype("Int64").astype("str").where(is_exact, written)
    return written.where(column.notna())


def _may_hold_unseen(text: pa.LargeStringArray) -> bool:
    _, offsets, content = text.buffers()
    if content is None:
        return False
    ends = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    # Some at a time, for to search them they are copied; a sign cut in two is let be.
    for start in range(int(ends[0]), int(ends[-1]), _SEARCHED_BYTES):
        some = content[start : min(start + _SEARCHED_BYTES, int(ends[-1]))].to_pybytes()
        # A single byte is found ten times as quickly as two.
        if b"\0" in some or (b"\xe2" in some and _holds_format_sign(np.frombuffer(some, np.uint8))):
            return True
        if _SOFT_HYPHEN[:1] in some and _SOFT_HYPHEN in some:
            return True
    return False


def _holds_format_sign(letters: npt.NDArray[np.uint8]) -> bool:
    """Whether UTF-8 holds a sign of U+200B–200F, 202A–202E or 2060; quotation marks stand beside them."""
    at = np.flatnonzero(letters[:-2] == 0xE2)
    second, third = letters[at + 1], letters[at + 2]
    is_mark = (third >= 0x8B) & (third <= 0x8F) | (third >= 0xAA) & (third <= 0xAE)
    return bool(((second == 0x80) & is_mark | (second == 0x81) & (third == 0xA0)).any())


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

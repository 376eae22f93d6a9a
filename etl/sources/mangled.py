"""Text that some program misread and then saved: Ð¡Çø for 小区. What can be told for certain is put right."""

import html
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from etl.sources.table import Table

# In which encoding it was read, and in which it was written.
_MISREADINGS: Final = (
    # UTF-8 first: what was misread twice could also pass for rare characters of GB18030.
    ("latin-1", "utf-8"),
    ("cp1252", "utf-8"),
    ("latin-1", "gb18030"),
    ("cp1252", "gb18030"),
    ("gb18030", "utf-8"),
)
# As web pages and JSON write a sign that they cannot hold; several of JSON at once, for two may make one.
_CODE: Final = r"&(?:#\d{2,6}|#x[0-9a-fA-F]{2,5}|amp|lt|gt|quot|apos|nbsp);|(?:\\u[0-9a-fA-F]{4})+"
# The steps by which a text came to what it is, the last first.
_Misreading = tuple[tuple[str, str], ...]
_MOST_MISREADINGS: Final = 2
_GUARD: Final = r'^="(.*)"$'
_LOST: Final = "\ufffd"
_TORN: Final = re.compile(r"[^\x00-\x7f]\?")
# What stands for lost characters, and what may.
_DOUBTFUL: Final = "\ufffd|\\?\\?|锟斤拷"
_SEARCHED_ROWS: Final = 20_000
_LONGEST_SAMPLE: Final = 20
_SAMPLED_ROWS: Final = 200
_LEAST_WORDS: Final = 3
_MOST_SAMPLES: Final = 3


def mend_text(table: Table) -> Table:
    """Put right the names and values of a table if all of them were misread alike; a warning says so."""
    table = _spell_out(_drop_guards(table))
    columns = [name for name, values in table.rows.items() if pd.api.types.is_string_dtype(values)]
    samples = {name: _sample(table.rows[name].iloc[:_SAMPLED_ROWS].dropna()) for name in columns}
    headers = _sample(map(str, table.columns))
    of_all = _find_misreading(headers.union(*samples.values()))
    # Names may have been given to columns after their texts were misread.
    misread = {name: of_all or _find_misreading(sample) for name, sample in samples.items()}
    misread = {name: misreading for name, misreading in misread.items() if misreading}
    if not misread:
        return _tell_losses(table, columns)
    rows = table.rows.copy()
    for name, misreading in misread.items():
        words = rows[name].dropna().unique()
        rows[name] = rows[name].map({word: _mend(word, misreading) or word for word in words})
    names: Mapping[str, str] = {name: _mend(str(name), of_all) or str(name) for name in table.columns}
    if len(set(names.values())) < len(names):
        names = {name: f"{word} ({number})" for number, (name, word) in enumerate(names.items(), start=1)}
    told = {(word, misread[name]) for name in misread for word in samples[name]}
    told |= {(word, of_all) for word in headers if of_all}
    mended = sorted(filter(None, (_mend(*each) for each in told if not _is_torn(each[0]))))
    shown = "、".join(mended[:_MOST_SAMPLES])
    warnings = [
        f"The text had been read in a wrong encoding before it was saved, and was put right: {shown}."
    ]
    torn = sorted(filter(None, (_mend(*each) for each in told if _is_torn(each[0]))))
    if torn:
        gaps = "、".join(torn[:_MOST_SAMPLES])
        warning = (
            f"{len(torn)} texts had lost characters for good when they were misread, and keep a gap: {gaps}."
        )
        warnings.append(warning)
    return replace(
        table,
        rows=rows.rename(columns=names),
        found=tuple(names[name] for name in table.found),
        warnings=(*table.warnings, *warnings),
    )


def _tell_losses(table: Table, columns: Iterable[Hashable]) -> Table:
    """Tell of texts in whose place some program wrote question marks: nothing brings them back."""
    lost: list[str] = []
    for name in columns:
        values = table.rows[name].iloc[:_SEARCHED_ROWS]
        doubtful = values[values.str.contains(_DOUBTFUL, regex=True).fillna(value=False).astype(bool)]
        lost += [word for word in doubtful if _is_lost(word)]
    if not lost:
        return table
    shown = "、".join(dict.fromkeys(word[:_LONGEST_SAMPLE] for word in lost[:_MOST_SAMPLES]))
    warning = (
        f"{len(lost):,} texts lost characters for good before the file was saved ({shown}): "
        "export it again from where it came."
    )
    return replace(table, warnings=(*table.warnings, warning))


def _is_lost(word: str) -> bool:
    marks, letters = word.count("?"), sum(sign.isalpha() for sign in word)
    # Marks of what was lost, written in UTF-8 and read as GBK, are always these three.
    return _LOST in word or "锟斤拷" in word or (word.isascii() and marks > 1 and marks >= letters)


def _drop_guards(table: Table) -> Table:
    """Take numbers out of ``="001"``, as systems write them to keep a spreadsheet from reading them."""
    guarded = [
        name
        for name, values in table.rows.items()
        if pd.api.types.is_string_dtype(values)
        and values.iloc[:_SAMPLED_ROWS].str.startswith('="').fillna(value=False).any()
    ]
    if not guarded:
        return table
    rows = table.rows.copy()
    for name in guarded:
        rows[name] = rows[name].str.replace(_GUARD, r"\1", regex=True)
    return replace(table, rows=rows)


def _spell_out(table: Table) -> Table:
    """Write out signs that stand as codes of web pages or of JSON: &#23567; for 小."""
    coded = [
        name
        for name, values in table.rows.items()
        if pd.api.types.is_string_dtype(values)
        and values.iloc[:_SEARCHED_ROWS].str.contains(_CODE, regex=True).fillna(value=False).any()
    ]
    if not coded:
        return table
    rows = table.rows.copy()
    for name in coded:
        rows[name] = rows[name].str.replace(_CODE, _read_code, regex=True)
    return replace(table, rows=rows)


def _read_code(found: re.Match[str]) -> str:
    code = found[0]
    if code.startswith("&"):
        return html.unescape(code)
    # What two codes make together is one sign.
    halves = code.encode().decode("unicode_escape").encode("utf-16", "surrogatepass")
    return halves.decode("utf-16", "replace")


def _sample(words: Iterable[str]) -> set[str]:
    return {word for word in words if not word.isascii()}


def _find_misreading(sample: Iterable[str], depth: int = _MOST_MISREADINGS) -> _Misreading:
    """Find how all words of a sample were misread, be it twice in turn; empty where that is not certain."""
    # What has lost a byte cannot be read back, and speaks neither for nor against.
    words = [word for word in sample if not _is_torn(word)]
    if len(words) < _LEAST_WORDS:
        return ()
    for step in _MISREADINGS:
        # Of true words some cannot be read so, or make no Chinese.
        mended = [word for word in (_mend_once(word, *step) for word in words) if word is not None]
        if len(mended) < len(words):
            continue
        if all(map(_is_chinese, mended)):
            return (step,)
        if depth > 1 and (further := _find_misreading(mended, depth - 1)):
            return (step, *further)
    return ()


def _mend(word: str, misreading: _Misreading) -> str | None:
    mended: str | None = word
    for step in misreading:
        mended = None if mended is None else _mend_once(mended, *step)
    return mended


def _mend_once(word: str, misread: str, written: str) -> str | None:
    try:
        # What Windows calls GBK reads the byte 80 as the sign of the euro.
        parts = word.split("€") if misread == "gb18030" else [word]
        raw = b"\x80".join(part.replace(_LOST, "?").encode(misread) for part in parts)
    except UnicodeEncodeError:
        return None
    if _is_torn(word):
        return raw.decode(written, "replace").replace(f"{_LOST}?", _LOST)
    try:
        return raw.decode(written)
    except UnicodeDecodeError as fault:
        # Cut to the width of a column, which may be inside a character.
        return raw[: fault.start].decode(written) if fault.start and fault.end >= len(raw) - 1 else None


def _is_torn(word: str) -> bool:
    """Whether a byte was lost where a text was misread: a mark stands for it."""
    return _LOST in word or _TORN.search(word) is not None


def _is_chinese(word: str) -> bool:
    odd = [character for character in word if not character.isascii()]
    return bool(odd) and all(
        "\u3000" <= character <= "\u9fff" or "\uff00" <= character <= "\uffef" for character in odd
    )

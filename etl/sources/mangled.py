"""Text that some program misread and then saved: Ð¡Çø for 小区. What can be told for certain is put right."""

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import pandas as pd

from etl.sources.table import Table

# In which encoding it was read, and in which it was written.
_MISREADINGS: Final = (
    ("latin-1", "gb18030"),
    ("cp1252", "gb18030"),
    ("latin-1", "utf-8"),
    ("cp1252", "utf-8"),
    ("gb18030", "utf-8"),
)
_GUARD: Final = r'^="(.*)"$'
_LOST: Final = "\ufffd"
_TORN: Final = re.compile(r"[^\x00-\x7f]\?")
# What stands for lost characters, and what may.
_DOUBTFUL: Final = "\ufffd|\\?\\?"
_SEARCHED_ROWS: Final = 20_000
_LONGEST_SAMPLE: Final = 20
_SAMPLED_ROWS: Final = 200
_LEAST_WORDS: Final = 3
_MOST_SAMPLES: Final = 3


def mend_text(table: Table) -> Table:
    """Put right the names and values of a table if all of them were misread alike; a warning says so."""
    table = _drop_guards(table)
    columns = [name for name, values in table.rows.items() if pd.api.types.is_string_dtype(values)]
    values = (word for name in columns for word in table.rows[name].iloc[:_SAMPLED_ROWS].dropna())
    sample = {word for word in (*map(str, table.columns), *values) if not word.isascii()}
    misreading = _find_misreading(sample)
    if misreading is None:
        return _tell_losses(table, columns)
    rows = table.rows.copy()
    for name in columns:
        words = rows[name].dropna().unique()
        rows[name] = rows[name].map({word: _mend(word, *misreading) or word for word in words})
    names: Mapping[str, str] = {name: _mend(str(name), *misreading) or str(name) for name in table.columns}
    if len(set(names.values())) < len(names):
        names = {name: f"{word} ({number})" for number, (name, word) in enumerate(names.items(), start=1)}
    mended = sorted(filter(None, (_mend(word, *misreading) for word in sample if not _is_torn(word))))
    shown = "、".join(mended[:_MOST_SAMPLES])
    warnings = [
        f"The text had been read in a wrong encoding before it was saved, and was put right: {shown}."
    ]
    torn = sorted(filter(None, (_mend(word, *misreading) for word in sample if _is_torn(word))))
    if torn:
        told = "、".join(torn[:_MOST_SAMPLES])
        warning = (
            f"{len(torn)} texts had lost characters for good when they were misread, and keep a gap: {told}."
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
    return _LOST in word or (word.isascii() and marks > 1 and marks >= letters)


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


def _find_misreading(sample: Iterable[str]) -> tuple[str, str] | None:
    # What has lost a byte cannot be read back, and speaks neither for nor against.
    words = [word for word in sample if not _is_torn(word)]
    if len(words) < _LEAST_WORDS:
        return None
    for misreading in _MISREADINGS:
        mended = [_mend(word, *misreading) for word in words]
        # Of true words some cannot be read so, or make no Chinese.
        if all(word is not None and _is_chinese(word) for word in mended):
            return misreading
    return None


def _mend(word: str, misread: str, written: str) -> str | None:
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

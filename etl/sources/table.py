"""What every loader yields: one table of one file."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.sources.shelf import Shapes, Shelf, look_through
from geo.errors import InputRefused, UnreadableFile
from geo.rules.inert import strip_controls

# From a table's name and its columns to those worth reading.
ChooseColumns = Callable[[str, list[str]], Collection[str]]

UNNAMED_COLUMN = "column {}"

# A table of more is something else, and every step would take its time over it.
MOST_COLUMNS = 1_000

# Of the layers of a file that are offered in a sentence.
_MOST_NAMES = 20
_LONGEST_NAME = 60

# Columns in which other programs say it, and how: 奥维 writes g and b.
_TELLING_COLUMNS = ("坐标系", "坐标类型", "坐标系类型", "坐标系统", "coord_type", "coordtype")
_TOLD_SYSTEMS = {
    "gcj02": re.compile(r"^g$|gcj|火星|高德|腾讯|amap"),
    "bd09": re.compile(r"^b$|bd-?09(?!mc)|^百度(?:坐标系?|经纬度)?$"),
    "4490": re.compile(r"^(?:wgs-?_?84|gps|cgcs-?_?2000|4490|4326|epsg:4490|epsg:4326)(?:坐标系?|经纬度)?$"),
}
_CENTRAL_MERIDIAN = re.compile(r"(?:cm_?|中央经线|中央子午线|central meridian)\D{0,4}(\d{2,3})(?!\d)")

# In what we write ourselves: exports, and refused rows to be corrected.
_CRS_COLUMN = "crs"


@dataclass(frozen=True)
class Rejection:
    """One row that did not land, and why.

    Attributes:
        row: the row's number as a person sees it in the file.
        column: the file's name of the column at fault, if one is.
        reason: one clause for a person.
    """

    row: int
    column: str | None
    reason: str


@dataclass(frozen=True)
class SourceLayer:
    """One of the tables a file holds, before any of them is read.

    Attributes:
        name: what ``read_source`` knows it by.
        rows: how many rows it has, as the file says; None where only reading would tell.
        kind: ``points``, ``lines``, ``outlines``, ``mixed`` for shapes of several kinds, ``table`` for none.
    """

    name: str
    rows: int | None
    kind: str


@dataclass(frozen=True)
class Table:
    """One table of a file, before anything is made of it.

    Attributes:
        name: name of the layer or sheet, or of the file where it has only one.
        rows: the values under the file's own column names; text where the format knows only text.
        row_numbers: shape (n,), each row's number as a person sees it: line of a sheet, rank of a feature.
        points: shape (n, 2), the positions of a layer of nothing but points, NaN where one is missing.
        shapes: shape (n,) of shapely geometries and None, for a layer of any other shapes.
        declared_crs: what the file says of its coordinates, as WKT or ``EPSG:…``; None where it says nothing.
        encoding: the encoding the text was in; None where the format fixes it.
        unreadable: rows that could not be split into columns and are not in ``rows``.
        warnings: sentences a person should read.
        found: the file's columns in its order, where ``rows`` holds only those asked for.
        counts_from_1904: whether bare numbers of days count from 1904, as in workbooks of old Macintoshes.
        shelf: where the text of a large table lies.
    """

    name: str
    rows: pd.DataFrame
    row_numbers: npt.NDArray[np.int64]
    points: npt.NDArray[np.float64] | None = None
    shapes: Shapes | None = None
    declared_crs: str | None = None
    encoding: str | None = None
    unreadable: tuple[Rejection, ...] = ()
    warnings: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    counts_from_1904: bool = False
    shelf: Shelf = field(default_factory=Shelf)

    @property
    def geometry(self) -> npt.NDArray[Any] | None:
        """All shapes at once, however many."""
        return None if self.shapes is None else self.shapes[:]

    @property
    def columns(self) -> list[str]:
        """The file's columns, read or not."""
        return list(self.found or map(str, self.rows.columns))


def choose_one(file_name: str, kind: str, names: Sequence[str], wanted: str | None) -> str:
    """Choose the layer or sheet to read.

    Args:
        file_name: for the message.
        kind: ``layer`` or ``sheet``.
        names: what the file holds, in its order.
        wanted: what was asked for; may be None if there is only one.

    Raises:
        UnreadableFile: the file holds none.
        InputRefused: the one asked for is missing, or there are several to choose from.
    """
    if not names:
        message = f"{file_name} holds no {kind} with data."
        raise UnreadableFile(message)
    shown = [f"“{' '.join(strip_controls(name).split())[:_LONGEST_NAME]}”" for name in names[:_MOST_NAMES]]
    listed = ", ".join(shown) + (" …" if len(names) > _MOST_NAMES else "")
    if wanted is None and len(names) > 1:
        message = f"{file_name} holds {len(names)} {kind}s: {listed}; name one with --source-layer."
        raise InputRefused(message)
    if wanted is not None and wanted not in names:
        message = f"{file_name} has no {kind} “{wanted}”; it holds {listed}."
        raise InputRefused(message)
    return wanted or names[0]


def refuse_columns(count: int, file_name: str) -> None:
    """Refuse a table of more columns than any list of places or cases has.

    Raises:
        InputRefused: that is the case.
    """
    if count > MOST_COLUMNS:
        message = (
            f"{file_name} has {count:,} columns, and at most {MOST_COLUMNS:,} are read: "
            "it is no list of places or cases."
        )
        raise InputRefused(message)


def heed_crs_column(table: Table, file_name: str) -> Table:
    """Take what a column ``crs`` says for what the file declares: it is there where nothing else could say.

    Raises:
        InputRefused: the column names several coordinate systems.
    """
    if _CRS_COLUMN not in table.rows:
        told = [_read_told_crs(table.rows[name]) for name in _TELLING_COLUMNS if name in table.rows]
        crs = next(filter(None, told), None)
        return replace(table, declared_crs=crs) if crs and table.declared_crs is None else table
    column = table.rows[_CRS_COLUMN].astype("str").str.strip()
    named = sorted(set(column.dropna()) - {"", "None", "nan"})
    if len(named) > 1:
        crs = ", ".join(named[:5])
        message = (
            f"The column crs of {file_name} names several coordinate systems ({crs}); import each by itself."
        )
        raise InputRefused(message)
    return replace(table, declared_crs=named[0]) if named else table


def keep_rows(table: Table, kept: npt.NDArray[np.bool_]) -> Table:
    """Keep some rows; where they follow one another, as without a total below, no copy is made of them.

    Args:
        table: without geometry.
        kept: shape (n,).
    """
    first, last = int(kept.argmax()), len(kept) - int(kept[::-1].argmax())
    stretch = slice(first, last)
    rows = table.rows.iloc[stretch] if kept[stretch].all() else table.rows[kept]
    return replace(table, rows=rows.reset_index(drop=True), row_numbers=table.row_numbers[kept])


def _read_told_crs(column: pd.Series) -> str | None:
    """Read the one coordinate system that map programs and surveyors name in a column; None if unclear."""
    words = {word for word in column.dropna().astype("str").str.strip().str.lower().unique() if word}
    named = {_name_told_crs(word) for word in words}
    return named.pop() if len(named) == 1 else None


def _name_told_crs(word: str) -> str | None:
    if found := _CENTRAL_MERIDIAN.search(word):
        zone, rest = divmod(int(found[1]) - 75, 3)
        is_of_china = "2000" in word and not rest and 0 <= zone <= 20
        return f"EPSG:{4534 + zone}" if is_of_china else None
    return next((crs for crs, mark in _TOLD_SYSTEMS.items() if mark.search(word)), None)


def drop_blanks(table: Table) -> Table:
    """Leave out rows and unnamed columns of text without a character; row numbers stay those of the file."""
    filled = np.zeros(len(table.rows), dtype=bool)
    blank = []
    for name, values in table.rows.items():
        is_unnamed = re.fullmatch(UNNAMED_COLUMN.format(r"\d+"), str(name)) is not None
        # Most rows have something in the first of their columns.
        if is_unnamed or not filled.all():
            has_text = _find_filled(values)
            filled |= has_text
            if is_unnamed and not has_text.any():
                blank.append(name)
    table = replace(table, rows=table.rows.drop(columns=blank)) if blank else table
    return table if filled.all() else keep_rows(table, filled)


def _find_filled(text: pd.Series) -> npt.NDArray[np.bool_]:
    pieces = look_through(pa.array(text, pa.large_string(), from_pandas=True))
    filled = [pc.not_equal(pc.utf8_trim_whitespace(piece), "") for piece in pieces]
    return np.concatenate([pc.fill_null(own, True).to_numpy(zero_copy_only=False) for own in filled])

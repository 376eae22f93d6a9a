"""Coordinates that stand in columns of degrees, minutes and seconds: 经度度, 经度分, 经度秒."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pandas as pd

from etl.importing.columns.texts import to_text
from etl.sources.table import Table

_AXES: Final = {
    "lon": re.compile(r"东经|经度?|longitude|long|lon|lng"),
    "lat": re.compile(r"北纬|纬度?|latitude|lat"),
}
_PARTS: Final = {
    "degrees": re.compile(r"度|°|deg(?:ree)?s?|d"),
    "minutes": re.compile(r"分|′|'|min(?:ute)?s?|m"),
    "seconds": re.compile(r"秒|′′|''|\"|sec(?:ond)?s?|s"),
}
_HEADERS: Final = {"lon": "经度", "lat": "纬度"}
_SIGNS: Final = {"degrees": "°", "minutes": "′", "seconds": "″"}
_NO_LETTER: Final = re.compile(r"[\s_\-./:()\[\]【】]+")
_REPEATED: Final = re.compile(r" \(\d+\)$")
_DRESS: Final = r"^[东西南北经纬EWNS\s]+|[\s°度º'′’分\"″”秒EWNS]+$"
# Degrees of a longitude in China are no latitude there.
_LEAST_LONGITUDE: Final = 60
_SAMPLED_ROWS: Final = 500


@dataclass
class _Group:
    """Columns that follow one another and make one coordinate; ``axis`` is None where no header names it."""

    axis: str | None
    columns: dict[str, str] = field(default_factory=dict)


def join_angles(table: Table) -> Table:
    """Write degrees, minutes and seconds of two or three columns into one, and tell of it."""
    if table.points is not None or table.shapes is not None or table.found:
        return table
    names = [str(name) for name in table.rows.columns]
    found: dict[str, _Group] = {}
    for group in _find_groups(names):
        pieces = {part: _undress(table.rows[column]) for part, column in group.columns.items()}
        axis = group.axis or _tell_axis(pieces)
        if axis not in found and _are_parts(pieces):
            found[axis] = group
    taken = {column for group in found.values() for column in group.columns.values()}
    if len(found) < len(_AXES) or any(
        header in names and header not in taken for header in _HEADERS.values()
    ):
        return table
    joined, warnings = {}, list(table.warnings)
    for axis, group in found.items():
        header, parts = _HEADERS[axis], group.columns
        joined[parts["degrees"]] = _join({part: _undress(table.rows[name]) for part, name in parts.items()})
        columns = ", ".join(f"“{name}”" for name in parts.values())
        warning = f"{columns} are parts of one coordinate and were read as “{header}”."
        warnings.append(warning)
    rows = table.rows.assign(**joined).drop(columns=sorted(taken.difference(joined)))
    headers = {group.columns["degrees"]: _HEADERS[axis] for axis, group in found.items()}
    return replace(table, rows=rows.rename(columns=headers), warnings=tuple(warnings))


def _find_groups(names: Sequence[str]) -> list[_Group]:
    """Find the columns that belong together: of one axis by their names, or following one that is."""
    groups: list[_Group] = []
    bare: dict[str, str] = {}
    for name in names:
        axis, part = _read_name(name)
        if axis is not None and part is None:
            bare[axis] = name
        if axis is None and (part is None or (part != "degrees" and not groups)):
            continue
        own = next((group for group in groups if axis is not None and group.axis == axis), None)
        if axis is None and part != "degrees":
            own = groups[-1]
        if own is None:
            groups.append(own := _Group(axis))
        if part is not None:
            own.columns.setdefault(part, name)
    for group in groups:
        # 经度, 经分, 经秒: the column that is called like the axis holds its degrees.
        if group.axis in bare:
            group.columns.setdefault("degrees", bare[group.axis])
        group.columns = {part: group.columns[part] for part in _PARTS if part in group.columns}
    return [group for group in groups if {"degrees", "minutes"} <= group.columns.keys()]


def _read_name(name: str) -> tuple[str | None, str | None]:
    """Read which axis and which part a header names; None for what it does not."""
    plain = unicodedata.normalize("NFKC", _REPEATED.sub("", name)).casefold()
    plain = _NO_LETTER.sub("", plain)
    if part := _match_part(plain):
        return None, part
    for axis, mark in _AXES.items():
        if mark.fullmatch(plain):
            return axis, None
        found = mark.match(plain)
        # 经度 alone is an axis; 经度度 its degrees, and so is 经分 of 经.
        if found and (part := _match_part(plain[found.end() :])):
            return axis, part
    return None, None


def _match_part(plain: str) -> str | None:
    return next((part for part, mark in _PARTS.items() if mark.fullmatch(plain)), None)


def _undress(column: pd.Series) -> pd.Series:
    """Take the signs off numbers: 东经120°, 04′."""
    return to_text(column).str.replace(_DRESS, "", regex=True)


def _tell_axis(pieces: Mapping[str, pd.Series]) -> str:
    degrees = pd.to_numeric(pieces["degrees"].iloc[:_SAMPLED_ROWS], errors="coerce")
    return "lon" if degrees.median() > _LEAST_LONGITUDE else "lat"


def _are_parts(pieces: Mapping[str, pd.Series]) -> bool:
    """Whether degrees are whole, and minutes as well where there are seconds."""
    whole = list(pieces.values())[:-1]
    numbers = [pd.to_numeric(piece.iloc[:_SAMPLED_ROWS], errors="coerce").dropna() for piece in whole]
    return all(len(own) and (own % 1 == 0).mean() > 0.5 for own in numbers)


def _join(pieces: Mapping[str, pd.Series]) -> pd.Series:
    """Write 120°00′04.5″; where a part is blank a gap stays, which no coordinate has."""
    filled = pd.concat([piece.notna() for piece in pieces.values()], axis=1).any(axis=1)
    joined = pd.Series("", index=filled.index, dtype="str")
    for part, piece in pieces.items():
        joined = joined + piece.fillna("").str.removesuffix(".0") + _SIGNS[part]
    return joined.where(filled, "")

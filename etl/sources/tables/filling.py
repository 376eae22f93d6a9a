"""Filling downward what people write once for several rows: the compound of its buildings."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from etl.importing.columns.layers import simplify
from etl.sources.table import Table

# From the larger place to the smaller; a column of one holds what lies in the one before.
_LEVELS = (
    ("街道", "乡镇", "镇街"),
    ("社区", "居委会", "村"),
    ("网格", "片区"),
    ("小区", "院落", "楼盘", "compound", "estate"),
    ("楼栋", "楼号", "栋", "幢", "楼", "building"),
    ("单元", "门洞", "entrance"),
    ("户", "室", "房号", "房间", "room"),
)
_NOT_PLACES = ("数", "人", "类型", "性质", "情况", "面积", "长", "员", "状态", "时间", "日期")
HEADING_COLUMN = "分组"
_SERIAL = {"序号", "序", "no", "number", "编号序", "行号"}
# Of a column of groups a good part is blank; where nearly every row says its own, a blank is a blank.
_LEAST_BLANK_SHARE = 0.3


def fill_groups(table: Table, merged: Collection[str] = ()) -> Table:
    """Fill blanks below the name of a larger place, where the column is plainly one of groups.

    It is one if nothing but serial numbers and larger places stand left of it, a smaller place stands in
    every row that it leaves blank, the first row names one, and no name comes twice within a larger place.
    What looks alike but is not all of this stays blank, and is told.

    Args:
        table: of text, without its totals.
        merged: columns in which cells are merged; their blanks are blanks.
    """
    levels = {position: _find_level(header) for position, header in enumerate(map(str, table.rows.columns))}
    rows, warnings = table.rows, list(table.warnings)
    parents: list[str] = []
    for position, header in enumerate(map(str, table.rows.columns)):
        level = levels[position]
        if level is None:
            if simplify(header) in _SERIAL:
                continue
            break
        smaller = [
            str(rows.columns[other]) for other, its in levels.items() if its is not None and its > level
        ]
        blank = (rows[header] == "").to_numpy(bool)
        if header not in merged and smaller and blank.any() and not blank.all():
            count = int(blank.sum())
            if _is_of_groups(rows, header, blank, smaller, parents):
                rows = rows.assign(**{header: rows[header].mask(blank).ffill()})
                warning = f"“{header}” is named once for several rows: filled downward in {count:,} rows."
            else:
                warning = f"“{header}” is blank in {count:,} rows and was left so; fill in what is meant."
            warnings.append(warning)
        parents.append(header)
    return replace(table, rows=rows, warnings=tuple(warnings))


def take_headings(table: Table, alone: Collection[int]) -> Table:
    """Take rows that hold a heading alone, over the rows below it, as a column of what they say.

    Args:
        table: of text, without its totals and notes.
        alone: numbers of the rows that are one cell merged across the table.
    """
    at = np.isin(table.row_numbers, list(alone))
    own = np.flatnonzero(~at)
    if not at.any() or not len(own):
        return table
    said = table.rows[at].apply(lambda row: next((cell for cell in row if cell), ""), axis=1)
    said = said.reindex(table.rows.index).ffill()
    rows, warnings = table.rows, list(table.warnings)
    below = np.arange(len(at)) > own[-1]
    if below.any():
        first = said[below].iloc[0][:20]
        warning = f"{below.sum():,} rows of notes below the table were left out, beginning with “{first}”."
        warnings.append(warning)
    # Rows above the first of them are under none: then they are no headings, but rows like any other.
    above = at & ~below
    if above.any() and at[0]:
        rows = rows.assign(**{HEADING_COLUMN: said.astype("str")})
        warning = f"{above.sum():,} headings between the rows were read as a column “{HEADING_COLUMN}”."
        warnings.append(warning)
    gone = below | above if at[0] else below
    return replace(
        table,
        rows=rows[~gone].reset_index(drop=True),
        row_numbers=table.row_numbers[~gone],
        warnings=tuple(warnings),
    )


def _find_level(header: str) -> int | None:
    plain = simplify(header)
    if any(word in plain for word in _NOT_PLACES):
        return None
    found = [level for level, words in enumerate(_LEVELS) if any(word in plain for word in words)]
    return max(found, default=None)


def _is_of_groups(
    rows: pd.DataFrame,
    header: str,
    blank: npt.NDArray[np.bool_],
    smaller: list[str],
    parents: list[str],
) -> bool:
    if blank[0] or blank.mean() < _LEAST_BLANK_SHARE:
        return False
    if not (rows.loc[blank, smaller] != "").any(axis=1).all():
        return False
    return not rows.loc[~blank, [*parents, header]].duplicated().any()

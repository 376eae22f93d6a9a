"""Days and times of day that stand in two columns: 日期 and 时间."""

import re
from dataclasses import replace
from typing import Final

import pandas as pd

from etl.sources.table import Table

_CLOCK: Final = (
    r"(?:[上下]午|凌晨|早上|晚上|中午)?\s*\d{1,2}\s*[:：时点]"
    r"\s*(?:\d{1,2}\s*(?:[:：分]\s*(?:\d{1,2}\s*秒?)?)?)?\s*(?:[AaPp][Mm])?"
)
_DAY: Final = (
    r"(?:\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}\s*日?|\d{8}|\d{1,2}/\d{1,2}/\d{4})"
    r"(?:[ T]00?:00(?::00)?)?"
)
_MIDNIGHT: Final = r"[ T]00?:00(?::00)?\s*$"
# What is left of the two headers without these words is the same.
_DAY_WORD, _CLOCK_WORD = (
    re.compile(r"日期|day|date", re.IGNORECASE),
    re.compile(r"时间|时刻|time", re.IGNORECASE),
)
_SAMPLED_ROWS: Final = 500
_LONGEST: Final = 60


def join_days(table: Table) -> Table:
    """Write the day before the time of day where a column holds no more than that, and tell of it."""
    rows, warnings = table.rows, []
    text = [name for name, values in rows.items() if pd.api.types.is_string_dtype(values)]
    days = {_DAY_WORD.sub("", str(name)): name for name in text if _DAY_WORD.search(str(name))}
    for name in text:
        day = days.get(_CLOCK_WORD.sub("", str(name))) if _CLOCK_WORD.search(str(name)) else None
        if day is None or not (_are_all(rows[name], _CLOCK) and _are_all(rows[day], _DAY)):
            continue
        dated = rows[day].str.replace(_MIDNIGHT, "", regex=True).str.strip()
        rows = rows.assign(**{str(name): (dated + " " + rows[name].str.strip()).str.strip()})
        warning = f"“{name}” holds times of day alone: the day was taken from “{day}”."
        warnings.append(warning)
    return replace(table, rows=rows, warnings=(*table.warnings, *warnings)) if warnings else table


def _are_all(values: pd.Series, pattern: str) -> bool:
    said = values.iloc[:_SAMPLED_ROWS].dropna()
    said = said.str.strip()
    said = said[said != ""]
    # Nobody writes a time so long; blanks without end would take the square of their number to look at.
    return bool(len(said) and said.str.len().max() <= _LONGEST and said.str.fullmatch(pattern).all())

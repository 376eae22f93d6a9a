"""Tables that lie otherwise than rows below one header: on their side, or two beside each other."""

import re
from dataclasses import replace
from typing import Final

from etl.sources.table import Table
from etl.sources.tables.headers import count_known
from geo.errors import UnreadableFile

_MOST_ROWS: Final = 40
_LEAST_NAMES: Final = 3
_REPEATED: Final = re.compile(r"(.+) \(2\)")


def check_layout(table: Table, file_name: str) -> Table:
    """Refuse a table that lies on its side, and tell of columns that stand twice.

    Raises:
        UnreadableFile: its first column holds the names of columns.
    """
    first = table.columns[0] if table.columns else ""
    if first in table.rows and len(table.rows) <= _MOST_ROWS:
        names = [first, *map(str, table.rows[first].dropna())]
        if len(set(names)) == len(names) == count_known(names) >= _LEAST_NAMES:
            shown = "、".join(names[:_LEAST_NAMES])
            message = (
                f"{file_name} lies on its side: its first column holds the names of columns ({shown} …); "
                "turn it in the spreadsheet (copy, then paste transposed)."
            )
            raise UnreadableFile(message)
    repeated = [found[1] for column in table.columns if (found := _REPEATED.fullmatch(column))]
    if count_known(repeated) < _LEAST_NAMES:
        return table
    shown = "、".join(repeated[:_LEAST_NAMES])
    warning = (
        f"{len(repeated)} columns stand twice, as where two tables lie beside each other, and the first of "
        f"each was read ({shown} …): move the second table below the first if it is meant, too."
    )
    return replace(table, warnings=(*table.warnings, warning))

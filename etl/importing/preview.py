"""A few of a file's rows on a map: what is new, changed, as it was, or refused."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.draft import Draft
from etl.importing.identity import NEW
from geo.store.updating import find_changed

_MOST: Final = 500
# A metre: nobody sees more on a map of a community.
_STATES: Final = ("refused", "updated", "new", "unchanged")
_REFUSED, _UPDATED, _NEW, _UNCHANGED = range(4)
_COARSE_DEGREES: Final = 1e-5
_SHOWN_DEGREES: Final = 1e-7


def map_rows(
    connection: PostgresConnection, draft: Draft, ids: npt.NDArray[np.int64], batch: int | None
) -> dict[str, Any]:
    """Return a feature collection of up to 500 rows that have a place, those at fault and changed ones first.

    Args:
        connection: the import's transaction, in which the batch has changed its rows.
        draft: the rows, judged.
        ids: shape (n,), the stored row of each row, -1 for new ones.
        batch: the batch's number; None where no row landed.
    """
    states = np.where(draft.kept, np.where(ids == NEW, _NEW, _UNCHANGED), _REFUSED).astype(np.int8)
    changed = find_changed(connection, batch) if batch is not None and (ids != NEW).any() else ()
    if len(changed):
        states[draft.kept & np.isin(ids, changed)] = _UPDATED
    shown = _choose(states, draft.located)
    shapes = np.full(len(shown), None, dtype=object)
    if draft.shapes is None:
        shapes[:] = shapely.points(draft.points[shown])
    else:
        shapes[:] = shapely.simplify(draft.shapes[shown], _COARSE_DEGREES)
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": shapely.geometry.mapping(shapely.set_precision(shape, _SHOWN_DEGREES)),
                "properties": {
                    "row": int(draft.row_numbers[row]),
                    "state": _STATES[states[row]],
                    "name": name,
                },
            }
            for row, shape, name in zip(shown, shapes, _name(draft, shown), strict=True)
        ],
    }


def _choose(states: npt.NDArray[Any], located: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Choose up to so many rows, each state evenly over the file, what matters most first."""
    chosen: list[int] = []
    for state in range(len(_STATES)):
        rows = np.flatnonzero(located & (states == state))
        room = _MOST - len(chosen)
        spread = np.linspace(0, len(rows) - 1, min(len(rows), room), dtype=np.int64)
        chosen += rows[np.unique(spread)].tolist()
    return np.array(sorted(chosen), dtype=np.int64)


def _name(draft: Draft, rows: npt.NDArray[np.int64]) -> list[str]:
    column = draft.get("external_id" if draft.layer.name == "incidents" else "name").iloc[rows]
    return ["" if value is None or value != value else str(value) for value in column]  # noqa: PLR0124 - NaN

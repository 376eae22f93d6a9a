"""New outlines that lie on stored ones: mostly the same thing under another code."""

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from etl.importing.draft import Draft
from etl.importing.identity import NEW
from geo.store.imports import Places

# A share of the smaller of the two.
_COVERED: Final = 0.5
# Of so many new rows, evenly over the file, it is found out; a file of more is wrong as a whole, or not.
_MOST_ROWS: Final = 50_000


def warn_of_doubles(draft: Draft, ids: npt.NDArray[np.int64], places: Places) -> None:
    """Warn of new buildings or compounds that stand on one that is stored already.

    Args:
        draft: its rows are judged; receives the warning.
        ids: shape (n,), the stored row of each row, -1 for new ones.
        places: the stored ones.
    """
    stored = {"buildings": places.buildings, "compounds": places.compounds}.get(draft.layer.name)
    if stored is None or draft.shapes is None or stored.empty:
        return
    rows = np.flatnonzero(draft.kept & draft.located & (ids == NEW))
    rows = rows[:: -(-len(rows) // _MOST_ROWS) or 1]
    outlines, known = draft.shapes[rows], stored["geom"].to_numpy()
    # One that stands on another has a place in common with it, be it where a pin would be stuck into either.
    by_new = shapely.STRtree(known).query(shapely.points(draft.points[rows]), predicate="within")
    by_known = shapely.STRtree(outlines).query(shapely.point_on_surface(known), predicate="within")[::-1]
    new, old = np.unique(np.hstack([by_new, by_known]), axis=1)
    # Of two outlines side by side, degrees give the same shares as metres.
    common = shapely.area(shapely.intersection(outlines[new], known[old]))
    smaller = np.minimum(shapely.area(outlines[new]), shapely.area(known[old]))
    doubled = np.zeros(len(draft), dtype=bool)
    doubled[rows[new[common > _COVERED * smaller]]] = True
    if doubled.any():
        count, layer, rows_doubled = int(doubled.sum()), draft.layer.name, draft.list_rows(doubled)
        draft.warn(
            f"{count:,} of the new {layer} stand on {layer} that are here already: {rows_doubled}; "
            "give them the codes of those, or leave them out."
        )

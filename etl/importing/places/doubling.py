"""New rows where stored ones are, by outline or by name: mostly the same thing under another code."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from scipy.spatial import KDTree

from etl.importing.draft import Draft
from etl.importing.identity import NEW
from geo.crs import LocalPlane
from geo.store.imports import Places, read_identities, read_positions

# A share of the smaller of the two.
_COVERED: Final = 0.5
# Of so many new rows, evenly over the file, it is found out; a file of more is wrong as a whole, or not.
_MOST_ROWS: Final = 50_000
# Lists put a shop at its door, at its building's middle or across the street; a chain's next one is farther.
_SAME_SHOP_M: Final = 100.0


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


def warn_of_namesakes(
    connection: PostgresConnection,
    draft: Draft,
    ids: npt.NDArray[np.int64],
    community_id: int,
    plane: LocalPlane,
) -> None:
    """Warn of new merchants near a stored one of the same name.

    Args:
        connection: the import's transaction.
        draft: its rows are judged; receives the warning.
        ids: shape (n,), the stored row of each row, -1 for new ones.
        community_id: whose merchants count.
        plane: metres around the community.
    """
    if draft.layer.name != "merchants":
        return
    rows = np.flatnonzero(draft.kept & draft.located & (ids == NEW))
    rows = rows[:: -(-len(rows) // _MOST_ROWS) or 1]
    stored = read_identities(connection, draft.layer.table, community_id, ["name"])
    if not len(rows) or stored.empty:
        return
    names = pd.Index(stored["name"].unique())
    of_new = names.get_indexer(pd.Index(draft.get("name").iloc[rows]))
    rows, of_new = rows[of_new >= 0], of_new[of_new >= 0]
    stored = stored[stored["name"].isin(names[of_new])]
    known = read_positions(connection, draft.layer.table, stored["id"].to_numpy(np.int64))
    of_known, has_place = names.get_indexer(pd.Index(stored["name"])), ~np.isnan(known).any(axis=1)
    if not has_place.any():
        return
    # Names lie so far apart that only namesakes are near each other.
    tree = KDTree(_spread(plane, known[has_place], of_known[has_place]))
    apart_m, _ = tree.query(_spread(plane, draft.points[rows], of_new), distance_upper_bound=_SAME_SHOP_M)
    doubled = np.zeros(len(draft), dtype=bool)
    doubled[rows[np.isfinite(apart_m)]] = True
    if doubled.any():
        draft.warn(
            f"{int(doubled.sum()):,} of the new merchants have the name of one that is here already, not "
            f"{_SAME_SHOP_M:.0f} m away: {draft.list_rows(doubled)}; give them the codes of those, or leave "
            "them out."
        )


def _spread(
    plane: LocalPlane, points: npt.NDArray[np.float64], names: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    return np.column_stack([plane.to_metres(points), 2 * _SAME_SHOP_M * names])

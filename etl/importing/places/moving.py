"""Whether the rows that are stored already all move alike, as when a file is read in a wrong datum."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.draft import Draft, Mask
from etl.importing.identity import NEW
from etl.importing.places.datum import DATUMS
from etl.sources.shelf import Shapes, walk_rows
from geo.crs import Coordinates, LocalPlane, SourceCrs, parse_crs, wgs84_to_bd09, wgs84_to_gcj02
from geo.errors import DatumContradicted
from geo.store.imports import read_positions

# Fewer rows prove nothing, and a survey corrects by less.
_LEAST_ROWS = 5
_LEAST_SHARE = 0.6
_LEAST_M = 100.0

# Within 20 km of a place the shift of GCJ-02 varies by up to 40 m, that of BD-09 by up to 70 m.
_ALIKE_M = 75.0

# The shifts that may be meant are hundreds of metres apart.
_EXACT_M = 30.0

_DISTORT: Mapping[str, Callable[[Coordinates], Coordinates]] = {
    "4490": lambda xy: xy,
    "gcj02": wgs84_to_gcj02,
    "bd09": wgs84_to_bd09,
}
_DIRECTIONS = ("east", "north-east", "north", "north-west", "west", "south-west", "south", "south-east")


def warn_of_shift(
    connection: PostgresConnection,
    draft: Draft,
    ids: npt.NDArray[np.int64],
    source: SourceCrs,
    plane: LocalPlane,
    batch: int | None,
    *,
    asked: bool,
) -> None:
    """Warn if most of the rows that are stored already move the same way, and far.

    Where nobody has said the coordinate system, and another would leave them in place, the file is refused.

    Args:
        connection: where they are stored, still as they were before the batch.
        draft: located and matched; receives the warning.
        ids: shape (n,), the stored row of each row, or -1.
        source: the coordinate system the file was read in.
        plane: metres around the community.
        batch: the batch by which the import can be undone; None in a dry run.
        asked: whether a person has said the coordinate system.

    Raises:
        DatumContradicted: nobody has, and the stored rows say another.
    """
    rows = np.flatnonzero(draft.kept & draft.located & (ids != NEW))
    if len(rows) < _LEAST_ROWS:
        return
    before = read_positions(connection, draft.layer.table, ids[rows])
    # A centroid, unlike a point on the surface, moves as its outline does.
    after = draft.points[rows] if draft.shapes is None else _find_centroids(draft.shapes, rows)
    placed = ~np.isnan(before[:, 0])
    before, after = before[placed], after[placed]
    moves_m = plane.to_metres(after) - plane.to_metres(before)
    alike = find_alike(moves_m)
    if not alike.any():
        return
    explanation, meant = _explain(source, plane, before[alike], after[alike])
    # Shops that move with the mall they are all stored at are one move.
    if not explanation and len(np.unique(before[alike], axis=0)) < _LEAST_ROWS:
        return
    east_m, north_m = np.median(moves_m[alike], axis=0)
    if meant and not asked:
        count, rows_known, crs, whose = f"{alike.sum():,}", f"{len(alike):,}", source.name, DATUMS[meant]
        metres = f"{np.hypot(east_m, north_m):,.0f}"
        message = (
            f"Read as {crs}, {count} of {rows_known} rows that are stored already would move about "
            f"{metres} m, all alike, and read as {meant} ({whose}) they would stay: import the file again "
            f"with --crs {meant}, or with --crs {crs} if the stored places are wrong."
        )
        raise DatumContradicted(message)
    direction = _DIRECTIONS[round(np.arctan2(north_m, east_m) / (np.pi / 4)) % 8]
    advice = f"run wangge import undo {batch} and " if batch else ""
    advice += (
        f"import the file with --crs {meant}" if meant else "find out what its coordinates are in (--crs)"
    )
    draft.warnings.insert(
        0,
        f"{alike.sum():,} of {len(alike):,} rows that are stored already {'move' if batch else 'would move'} "
        f"about {np.hypot(east_m, north_m):,.0f} m to the {direction}, all alike{explanation}. "
        f"If they were in the right place before, {advice}.",
    )


def find_alike(moves_m: npt.NDArray[np.float64]) -> Mask:
    """Find the rows that move far and all the same way, if they are most of the rows.

    Args:
        moves_m: shape (n, 2), metres east and north that each row moves.

    Returns:
        Shape (n,): True for those rows; all False where they are few, or fewer than the others.
    """
    least = max(_LEAST_ROWS, _LEAST_SHARE * len(moves_m))
    far: Mask = np.hypot(*moves_m.T) >= _LEAST_M
    if far.sum() < least:
        return np.zeros_like(far)
    # Where most rows agree, their median is one they agree on; where they do not, it does not matter.
    common_m = np.median(moves_m[far], axis=0)
    alike: Mask = far & (np.hypot(*(moves_m - common_m).T) <= _ALIKE_M)
    return alike if alike.sum() >= least else np.zeros_like(far)


def _find_centroids(shapes: Shapes, rows: npt.NDArray[np.int64]) -> Coordinates:
    lots = (shapes[rows[lot]] for lot in walk_rows(len(rows)))
    return np.concatenate([shapely.get_coordinates(shapely.centroid(lot)) for lot in lots])


def _explain(
    source: SourceCrs, plane: LocalPlane, before: Coordinates, after: Coordinates
) -> tuple[str, str | None]:
    """Explain a move by two datums.

    Returns:
        What to say of it, empty where no two datums explain it; and the datum that the file must be in if the
        stored places are right, None where none is.
    """

    def leads_there(expected: Coordinates) -> bool:
        error_m = np.hypot(*(plane.to_metres(after) - plane.to_metres(expected)).T)
        return bool(np.median(error_m) <= _EXACT_M)

    if source.is_geographic:
        for name, distort in _DISTORT.items():
            if leads_there(source.to_stored(distort(before))):
                return f", as when a file in {name} ({DATUMS[name]}) is read as {source.name}", name
    for name in ("gcj02", "bd09"):
        if leads_there(_DISTORT[name](before)) or leads_there(parse_crs(name).to_stored(before)):
            return f", as far as {name} ({DATUMS[name]}) lies from WGS-84 here", None
    return "", None

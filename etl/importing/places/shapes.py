"""Sound outlines and points from whatever shapes a file holds: repaired with a note, or refused with a place.

Checks run over whole columns; only rows at fault are looked at one by one.
"""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from etl.importing.draft import Draft, Mask
from geo.crs import LocalPlane

Shapes = npt.NDArray[Any]
Row = int | np.signedinteger[Any]

_POLYGONS = (3, 6)
_LINES = (1, 5)

# Repairing a sound shape changes nothing; a change beyond this share means the repair had to guess.
_REPAIR_SHARE = 1e-3

# Ends of a line this near to each other were meant to meet.
_GAP_M = 1.0
_GAP_SHARE = 0.005

# Less is no place but what is left between two drawn lines.
_SLIVER_M2 = 1.0

# To take an outline apart that crosses itself so often would fill the memory; no survey draws one. Of fewer
# corners none can.
_MOST_CROSSINGS = 1_000
_LEAST_TANGLE = 50
_SEARCHED_SEGMENTS = 64

# What GEOS calls a fault, for a person.
_FAULTS = {
    "Self-intersection": "it crosses itself",
    "Ring Self-intersection": "it touches itself",
    "Hole lies outside shell": "a hole lies outside it",
    "Holes are nested": "a hole lies in a hole",
    "Interior is disconnected": "holes cut it apart",
    "Nested shells": "one part lies in another",
    "Duplicate Rings": "two rings are the same",
    "Too few points in geometry component": "it has fewer than three corners",
    "Invalid Coordinate": "a coordinate is not a number",
    "Ring is not closed": "it is not closed",
}
_REASON = re.compile(r"(.*?)\[(\S+) (\S+)")


def place_shapes(draft: Draft, shapes: Shapes, plane: LocalPlane) -> None:
    """Set points of a point layer, sound outlines of a polygon layer, or lines and outlines of one of any.

    Args:
        draft: receives ``points``, ``shapes`` if its layer is of polygons, and a note for every repair.
        shapes: shape (n,), EPSG:4490, of any type, None where a row has none.
        plane: metres around the community.
    """
    present = ~shapely.is_missing(shapes)
    if shapely.has_z(shapes).any() or shapely.has_m(shapes).any():
        shapes = shapely.force_2d(shapes)
        draft.warn("The shapes carry heights or measures, which were left out.")
    if draft.layer.shape == "point":
        draft.points[present] = _find_inner_points(shapes[present])
        return
    shapes = shapes.copy()
    mender = _Mender(draft, shapes, plane)
    is_area = np.isin(shapely.get_type_id(shapes), _POLYGONS)
    is_line = np.isin(shapely.get_type_id(shapes), _LINES) & (draft.layer.shape == "any")
    if (present & ~is_area & ~is_line).any():
        mender.make_outlines(present & ~is_area & ~is_line)
        is_area = np.isin(shapely.get_type_id(shapes), _POLYGONS)
    broken = is_area & ~shapely.is_valid(shapes)
    if broken.any():
        mender.mend(broken)
    mender.drop_slivers(draft.kept & present & ~is_line)
    sound = draft.kept & present
    draft.shapes = np.full(len(draft), None, dtype=object)
    draft.shapes[sound] = shapes[sound]
    draft.points[sound] = _find_inner_points(shapes[sound])


def _find_inner_points(shapes: Shapes) -> npt.NDArray[np.float64]:
    """Find a point of each shape: the middle of its frame, where that lies in it."""
    west, south, east, north = shapely.bounds(shapes).T
    xy = np.column_stack([(west + east) / 2, (south + north) / 2])
    astray = ~shapely.intersects_xy(shapes, xy[:, 0], xy[:, 1])
    if astray.any():
        xy[astray] = shapely.get_coordinates(shapely.point_on_surface(shapes[astray]))
    return xy


def _is_tangle(shape: Any) -> bool:
    if shapely.get_num_coordinates(shape) < _LEAST_TANGLE:
        return False
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shape)]
    segments = np.concatenate(
        [shapely.linestrings(np.stack([ring[:-1], ring[1:]], axis=1)) for ring in rings]
    )
    tree = shapely.STRtree(segments)
    crossings = 0
    for start in range(0, len(segments), _SEARCHED_SEGMENTS):
        searched = segments[start : start + _SEARCHED_SEGMENTS]
        # Each meets itself and its neighbours, and is met again by each that it crosses.
        crossings += tree.query(searched, predicate="intersects").shape[1] - 3 * len(searched)
        if crossings > 2 * _MOST_CROSSINGS:
            return True
    return False


class _Mender:
    """Mends the shapes of a draft in place, noting each, and rejects those that only a guess would mend."""

    def __init__(self, draft: Draft, shapes: Shapes, plane: LocalPlane) -> None:
        self._draft, self._shapes, self._plane = draft, shapes, plane
        scale = plane.to_metres(np.array([[plane.lon + 1.0, plane.lat + 1.0]]))[0]
        self._m2 = float(scale[0] * scale[1])

    def make_outlines(self, chosen: Mask) -> None:
        """Make outlines of lines that close, and of collections that hold outlines or such lines."""
        rows = np.flatnonzero(chosen)
        refused = np.zeros(len(self._draft), dtype=bool)
        reasons = []
        for row in rows:
            outline, what = self._make_outline(self._shapes[row])
            if outline is None:
                refused[row] = True
                reasons.append(what)
            else:
                self._shapes[row] = outline
                self._note(row, what)
        self._draft.reject(refused, reasons)

    def _make_outline(self, shape: Any) -> tuple[Any, str]:
        """Make an outline; None where there is none in the shape. And what was done, or why not."""
        parts = shapely.get_parts(shape)
        while (shapely.get_type_id(parts) > 3).any():
            parts = shapely.get_parts(parts)
        kinds = shapely.get_type_id(parts)
        if (kinds == 3).any():
            what = "points and lines beside its outline were left out"
            return shapely.MultiPolygon(list(parts[kinds == 3])), what
        reason = "its shape is not an outline but points or lines"
        lines = parts[np.isin(kinds, (1, 2))]
        if not len(lines) or not np.isfinite(shapely.get_coordinates(lines)).all():
            return None, reason
        lines = shapely.get_parts(shapely.line_merge(shapely.MultiLineString(list(lines))))
        if (shapely.get_num_coordinates(lines) < 3).any():
            return None, reason
        gap_m = 0.0
        rings = []
        for line in lines:
            metres = self._plane.to_metres(shapely.get_coordinates(line))
            own_gap_m = float(np.hypot(*(metres[-1] - metres[0])))
            if own_gap_m > max(_GAP_M, _GAP_SHARE * float(np.hypot(*np.diff(metres, axis=0).T).sum())):
                lon, lat = line.coords[-1][:2]
                reason = (
                    f"its line does not close: the ends lie {own_gap_m:,.1f} m apart, "
                    f"one at longitude {lon:.6f}, latitude {lat:.6f}"
                )
                return None, reason
            rings.append(shapely.LinearRing(line.coords))
            gap_m = max(gap_m, own_gap_m)
        what = "its closed line was taken as an outline"
        if gap_m:
            what = f"its line was closed over a gap of {gap_m:,.2f} m and taken as an outline"
        outline = (
            shapely.Polygon(rings[0])
            if len(rings) == 1
            else shapely.build_area(shapely.MultiLineString(rings))
        )
        return (None, reason) if outline.is_empty else (outline, what)

    def mend(self, broken: Mask) -> None:
        """Mend outlines that touch, repeat or hardly cross themselves."""
        tangled = np.zeros(len(self._draft), dtype=bool)
        tangled[broken] = [_is_tangle(shape) for shape in self._shapes[broken]]
        self._draft.reject(
            tangled, f"its outline is not sound: it crosses itself more than {_MOST_CROSSINGS:,} times"
        )
        broken = broken & ~tangled
        repaired = shapely.make_valid(self._shapes[broken], method="structure")
        before, after = shapely.area(self._shapes[broken]), shapely.area(repaired)
        with np.errstate(invalid="ignore"):
            is_faithful = (
                np.isin(shapely.get_type_id(repaired), _POLYGONS)
                & (np.abs(after - before) <= _REPAIR_SHARE * after)
                & (after > 0)
            )
        rows = np.flatnonzero(broken)
        mended = np.zeros(len(self._draft), dtype=bool)
        mended[rows[is_faithful]] = True
        if is_faithful.any():
            for row, change in zip(rows[is_faithful], (after - before)[is_faithful] * self._m2, strict=True):
                fault, area = self._explain(row), f"{abs(change):,.1f}"
                what = f"{fault}; it was put right, which changed its area by {area} m²"
                self._note(row, what)
            self._shapes[mended] = repaired[is_faithful]
            self._draft.warn(
                f"The outline of {self._draft.list_rows(mended)} touched or repeated itself "
                "and was put right."
            )
        hopeless = broken & ~mended
        self._draft.reject(
            hopeless,
            [f"its outline is not sound: {self._explain(row)}" for row in np.flatnonzero(hopeless)],
        )

    def drop_slivers(self, chosen: Mask) -> None:
        """Drop the tiny parts of large outlines, and reject outlines that are nothing else."""
        area_m2 = shapely.area(self._shapes) * self._m2
        tiny = chosen & (area_m2 < _SLIVER_M2)
        self._draft.reject(tiny, [f"its outline is a sliver of {area:,.2f} m²" for area in area_m2[tiny]])
        several = chosen & ~tiny & (shapely.get_num_geometries(self._shapes) > 1)
        if not several.any():
            return
        rows = np.flatnonzero(several)
        parts, owners = shapely.get_parts(self._shapes[rows], return_index=True)
        is_tiny = shapely.area(parts) * self._m2 < _SLIVER_M2
        for owner in np.unique(owners[is_tiny]):
            left = parts[(owners == owner) & ~is_tiny]
            if len(left):
                dropped = int((is_tiny & (owners == owner)).sum())
                self._shapes[rows[owner]] = shapely.MultiPolygon(list(left))
                what = f"{dropped} slivers of less than 1 m² beside it were left out"
                self._note(rows[owner], what)

    def _note(self, row: Row, what: str) -> None:
        self._draft.repairs.append((int(self._draft.row_numbers[row]), what))

    def _explain(self, row: Row) -> str:
        """What is wrong with a shape, and where."""
        reason = shapely.is_valid_reason(self._shapes[row])
        found = _REASON.match(reason)
        fault = found[1] if found else reason
        words = _FAULTS.get(fault, fault)
        if found is None or fault == "Invalid Coordinate":
            return words
        lon, lat = float(found[2]), float(found[3].rstrip("]"))
        return f"{words} at longitude {lon:.6f}, latitude {lat:.6f}"

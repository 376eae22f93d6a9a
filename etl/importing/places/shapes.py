"""Sound outlines and points from whatever shapes a file holds: repaired with a note, or refused with a place.

Checks run over some ten thousand rows at a time; only rows at fault are looked at one by one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from etl.importing.draft import Draft, Mask
from etl.importing.places.ground import is_in_china
from etl.sources.shelf import Shapes, ShelvedShapes, find_present, walk_rows
from geo.crs import LocalPlane

Made = npt.NDArray[Any]
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


def place_shapes(
    draft: Draft, shapes: Shapes, plane: LocalPlane, bring: Callable[[Made], Made] = lambda shapes: shapes
) -> Mask:
    """Set points of a point layer, sound outlines of a polygon layer, or lines and outlines of one of any.

    Args:
        draft: receives ``points``, ``shapes`` if its layer is not of points, and a note for every repair.
        shapes: shape (n,), of any type, None where a row has none.
        plane: metres around the community.
        bring: brings shapes to EPSG:4490.

    Returns:
        Which rows' shapes reach out of China, shape (n,).
    """
    mender, present = _Mender(draft, plane), find_present(shapes)

    def place() -> Iterator[Shapes]:
        """Yield the shapes, unless all are as they were read: those need not be written anew."""
        unchanged = 0
        for rows in walk_rows(len(shapes)):
            as_read = shapes[rows]
            sound = mender.place(rows, bring(as_read), present[rows])
            if isinstance(shapes, ShelvedShapes) and mender.note_unclosed(shapes.unclosed[rows]):
                sound = sound.copy()
            if sound is as_read and unchanged == rows.start:
                unchanged = rows.stop
                continue
            if unchanged == rows.start:
                yield _take(shapes, slice(0, unchanged))
            yield _take(shapes, rows) if sound is as_read else sound

    placed = place()
    if draft.layer.shape == "point":
        for _ in placed:
            pass
    elif (first := next(placed, None)) is None:
        draft.shapes = _take(shapes, slice(None))
    else:
        draft.shapes = draft.shelf.lay_down_shapes(chain([first], placed))
    mender.tell()
    return mender.reaches_abroad


def _take(shapes: Shapes, rows: slice) -> Shapes:
    """Take some shapes, so that what is done to them later is not done to what was read."""
    return shapes.take(rows) if isinstance(shapes, ShelvedShapes) else shapes[rows].copy()


def _find_inner_points(shapes: Made, bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Find a point of each shape: the middle of its frame, where that lies in it."""
    west, south, east, north = bounds.T
    xy = np.column_stack([(west + east) / 2, (south + north) / 2])
    astray = ~shapely.intersects_xy(shapes, xy[:, 0], xy[:, 1])
    if astray.any():
        xy[astray] = shapely.get_coordinates(shapely.point_on_surface(shapes[astray]))
    return xy


def _is_tangle(shape: Any) -> bool:
    if shapely.get_num_coordinates(shape) < _LEAST_TANGLE:
        return False
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(shapely.get_parts(shape))]
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
    """Mends the shapes of a draft, noting each, and rejects those that only a guess would mend."""

    def __init__(self, draft: Draft, plane: LocalPlane) -> None:
        self._draft, self._plane = draft, plane
        scale = plane.to_metres(np.array([[plane.lon + 1.0, plane.lat + 1.0]]))[0]
        self._m2 = float(scale[0] * scale[1])
        self._first, self._had_heights = 0, False
        self._mended: list[npt.NDArray[np.int64]] = []
        self.reaches_abroad = np.zeros(len(draft), dtype=bool)

    def place(self, rows: slice, shapes: Made, present: Mask) -> Made:
        """Set the points of some rows; return their sound shapes, the very ones given if nothing was amiss.

        Args:
            rows: which they are.
            shapes: in EPSG:4490, None where a row has none.
            present: which of them have a shape in the file.
        """
        self._first = rows.start
        self._reject(present & shapely.is_missing(shapes), "the shape is damaged or of a kind we do not read")
        if shapely.has_z(shapes).any() or shapely.has_m(shapes).any():
            shapes, self._had_heights = shapely.force_2d(shapes), True
        sound = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
        if self._draft.layer.shape != "point":
            shapes, sound = self._make_sound(rows, shapes, sound)
        bounds = shapely.bounds(shapes[sound])
        self._draft.points[rows][sound] = _find_inner_points(shapes[sound], bounds)
        self.reaches_abroad[rows][sound] = ~(is_in_china(bounds[:, :2]) & is_in_china(bounds[:, 2:]))
        return shapes

    def _make_sound(self, rows: slice, shapes: Made, present: Mask) -> tuple[Made, Mask]:
        """Mend what can be mended; return the sound shapes, and which rows have one."""
        kind = shapely.get_type_id(shapes)
        is_area = np.isin(kind, _POLYGONS)
        is_line = np.isin(kind, _LINES) & (self._draft.layer.shape == "any")
        is_valid, several = shapely.is_valid(shapes), shapely.get_num_geometries(shapes) > 1
        if not (is_area & is_valid & ~several).all():
            shapes = shapes.copy()
            if (present & ~is_area & ~is_line).any():
                self._make_outlines(shapes, present & ~is_area & ~is_line)
                is_area, is_valid = np.isin(shapely.get_type_id(shapes), _POLYGONS), shapely.is_valid(shapes)
            self._mend(shapes, is_area & ~is_valid)
        kept = self._draft.kept[rows]
        self._drop_slivers(shapes, kept & present & ~is_line)
        sound = kept & present
        if not sound.all():
            shapes = shapes.copy()
            shapes[~sound] = None
        return shapes, sound

    def tell(self) -> None:
        """Warn of what was left out and put right in all."""
        if self._had_heights:
            self._draft.warn("The shapes carry heights or measures, which were left out.")
        if self._mended:
            mended = np.zeros(len(self._draft), dtype=bool)
            mended[np.concatenate(self._mended)] = True
            self._draft.warn(
                f"The outline of {self._draft.list_rows(mended)} touched or repeated itself "
                "and was put right."
            )

    def note_unclosed(self, unclosed: Mask) -> bool:
        """Note of which rows rings were closed as they were made; return whether there were any."""
        for row in np.flatnonzero(unclosed):
            what = "its ring was not closed, which it is now"
            self._note(row, what)
        return bool(unclosed.any())

    def _reject(self, at_fault: Mask, reasons: str | Sequence[str]) -> None:
        if at_fault.any():
            everywhere = np.zeros(len(self._draft), dtype=bool)
            everywhere[self._first : self._first + len(at_fault)] = at_fault
            self._draft.reject(everywhere, reasons)

    def _make_outlines(self, shapes: Made, chosen: Mask) -> None:
        """Make outlines of lines that close, and of collections that hold outlines or such lines."""
        refused = np.zeros(len(shapes), dtype=bool)
        reasons = []
        for row in np.flatnonzero(chosen):
            outline, what = self._make_outline(shapes[row])
            if outline is None:
                refused[row] = True
                reasons.append(what)
            else:
                shapes[row] = outline
                self._note(row, what)
        self._reject(refused, reasons)

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

    def _mend(self, shapes: Made, broken: Mask) -> None:
        """Mend outlines that touch, repeat or hardly cross themselves."""
        if not broken.any():
            return
        tangled = np.zeros(len(shapes), dtype=bool)
        tangled[broken] = [_is_tangle(shape) for shape in shapes[broken]]
        self._reject(
            tangled, f"its outline is not sound: it crosses itself more than {_MOST_CROSSINGS:,} times"
        )
        rows = np.flatnonzero(broken & ~tangled)
        repaired = shapely.make_valid(shapes[rows], method="structure")
        before, after = shapely.area(shapes[rows]), shapely.area(repaired)
        with np.errstate(invalid="ignore"):
            is_faithful = (
                np.isin(shapely.get_type_id(repaired), _POLYGONS)
                & (np.abs(after - before) <= _REPAIR_SHARE * after)
                & (after > 0)
            )
        for row, change in zip(rows[is_faithful], (after - before)[is_faithful] * self._m2, strict=True):
            fault, area = self._explain(shapes[row]), f"{abs(change):,.1f}"
            what = f"{fault}; it was put right, which changed its area by {area} m²"
            self._note(row, what)
        if is_faithful.any():
            self._mended.append(rows[is_faithful] + self._first)
        hopeless = np.zeros(len(shapes), dtype=bool)
        hopeless[rows[~is_faithful]] = True
        self._reject(
            hopeless, [f"its outline is not sound: {self._explain(shape)}" for shape in shapes[hopeless]]
        )
        shapes[rows[is_faithful]] = repaired[is_faithful]

    def _drop_slivers(self, shapes: Made, chosen: Mask) -> None:
        """Drop the tiny parts of large outlines, and reject outlines that are nothing else."""
        area_m2 = shapely.area(shapes) * self._m2
        tiny = chosen & (area_m2 < _SLIVER_M2)
        self._reject(tiny, [f"its outline is a sliver of {area:,.2f} m²" for area in area_m2[tiny]])
        several = chosen & ~tiny & (shapely.get_num_geometries(shapes) > 1)
        if not several.any():
            return
        rows = np.flatnonzero(several)
        parts, owners = shapely.get_parts(shapes[rows], return_index=True)
        is_tiny = shapely.area(parts) * self._m2 < _SLIVER_M2
        for owner in np.unique(owners[is_tiny]):
            left = parts[(owners == owner) & ~is_tiny]
            if len(left):
                dropped = int((is_tiny & (owners == owner)).sum())
                shapes[rows[owner]] = shapely.MultiPolygon(list(left))
                what = f"{dropped} slivers of less than 1 m² beside it were left out"
                self._note(rows[owner], what)

    def _note(self, row: Row, what: str) -> None:
        self._draft.repairs.append((int(self._draft.row_numbers[self._first + row]), what))

    def _explain(self, shape: Any) -> str:
        """What is wrong with a shape, and where."""
        reason = shapely.is_valid_reason(shape)
        found = _REASON.match(reason)
        fault = found[1] if found else reason
        words = _FAULTS.get(fault, fault)
        if found is None or fault == "Invalid Coordinate":
            return words
        lon, lat = float(found[2]), float(found[3].rstrip("]"))
        return f"{words} at longitude {lon:.6f}, latitude {lat:.6f}"

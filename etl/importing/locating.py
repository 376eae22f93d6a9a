"""Where rows are: coordinates from shapes or columns, their coordinate system, and doubts about it."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from etl.datum import DatumTest
from etl.importing.draft import Draft, Mask
from etl.importing.ground import Ground, is_in_china
from etl.sources.table import Table
from geo.crs import Coordinates, SourceCrs, parse_crs
from geo.errors import UnknownDatum

# Beyond this a row is somebody else's, or misplaced.
_FAR_M = 1_000.0

# Repairing a sound shape changes nothing; a change beyond this share means the repair had to guess.
_REPAIR_SHARE = 1e-6


def locate_rows(
    draft: Draft, table: Table, wanted_crs: str | None, ground: Ground, file_name: str
) -> SourceCrs | None:
    """Find the place of every row, in EPSG:4490; rows without a sound one are rejected, doubts are warned of.

    Args:
        draft: receives ``points``, and ``shapes`` if its layer is of polygons.
        table: the file's geometry, unless columns of the draft hold coordinates.
        wanted_crs: the coordinate system as a person says, which goes before what the file declares.
        ground: what the places are held against.
        file_name: for messages.

    Returns:
        The coordinate system, None where the file has no coordinates.

    Raises:
        UnknownDatum: nothing says which coordinate system the numbers are in.
    """
    shapes = table.geometry
    given = table.points
    if given is None and shapes is None and draft.has("wkt"):
        texts = [text if isinstance(text, str) else None for text in draft.values["wkt"]]
        shapes = shapely.from_wkt(texts, on_invalid="ignore")
        lost = shapely.is_missing(shapes) & draft.values["wkt"].notna().to_numpy(bool)
        draft.reject(lost, "its shape is not well-known text", "wkt")
    elif given is None and shapes is None and draft.has("lon") and draft.has("lat"):
        given = np.column_stack([draft.values[name].to_numpy(float) for name in ("lon", "lat")])
        half = np.isnan(given).sum(axis=1) == 1
        draft.reject(half & draft.kept, "has only one of the two coordinates")
    if shapes is not None:
        shapes = shapely.force_2d(shapes)
        shapes[shapely.is_empty(shapes)] = None
        sample = shapely.get_coordinates(shapes)
    elif given is not None:
        sample = given[~np.isnan(given).any(axis=1)]
    else:
        return None
    if not len(sample):
        return None

    test = DatumTest(sample, ground)
    source = _choose_crs(draft, table, wanted_crs, test, file_name)
    if test.is_swapped(source):
        draft.warn("The two coordinates were the other way round (latitude first) and were exchanged.")
        test = test.exchange()
        shapes = None if shapes is None else shapely.transform(shapes, _swap)
        given = None if given is None else _swap(given)
    if source.is_approximate:
        draft.warn(f"{source.name} has no public tie to CGCS2000: places may be off by tens of metres.")
    doubt = test.find_better(source)
    if doubt:
        draft.warnings.insert(0, doubt)

    if shapes is not None:
        shapes = source.geometry_to_stored(shapes)
        _place_shapes(draft, shapes)
    elif given is not None:
        draft.points = source.to_stored(given)
        if draft.layer.shape == "polygon":
            draft.reject(draft.located, "has a point; an outline is needed")
    _reject_abroad(draft)
    _compare_with_community(draft, ground)
    return source


def _swap(xy: Coordinates) -> Coordinates:
    return xy[:, ::-1]


def _choose_crs(draft: Draft, table: Table, wanted: str | None, test: DatumTest, file_name: str) -> SourceCrs:
    if wanted is not None:
        source = parse_crs(wanted)
        if table.declared_crs and parse_crs(table.declared_crs).name != source.name:
            declared = parse_crs(table.declared_crs).name
            draft.warn(f"{file_name} says it is in {declared}; it was read as {source.name}, as asked.")
        return source
    if table.declared_crs is not None:
        return parse_crs(table.declared_crs)
    if file_name.lower().endswith((".geojson", ".json")) and test.is_degrees():
        draft.warn(
            f"{file_name} names no coordinate system and was read as WGS-84; files from Chinese map services "
            "are often GCJ-02 and then lie some 500 m off: add --crs gcj02 if it is one."
        )
        return parse_crs("4490")
    message = f"{file_name} does not say which coordinate system its numbers are in; {test.advise()}."
    raise UnknownDatum(message)


def _place_shapes(draft: Draft, shapes: npt.NDArray[Any]) -> None:
    """Set points of a point layer, or sound outlines of a polygon layer."""
    present = ~shapely.is_missing(shapes)
    if draft.layer.shape == "point":
        draft.points[present] = shapely.get_coordinates(shapely.point_on_surface(shapes[present]))
        return
    is_area = np.isin(shapely.get_type_id(shapes), (3, 6))
    draft.reject(present & ~is_area, "its shape is not an outline but points or lines")
    broken = present & is_area & ~shapely.is_valid(shapes)
    if broken.any():
        _repair(draft, shapes, broken)
    sound = draft.kept & present
    draft.shapes = np.full(len(draft), None, dtype=object)
    draft.shapes[sound] = [
        shape if shape.geom_type == "MultiPolygon" else shapely.MultiPolygon([shape])
        for shape in shapes[sound]
    ]
    draft.points[sound] = shapely.get_coordinates(shapely.point_on_surface(draft.shapes[sound]))


def _as_multipolygon(shape: shapely.Polygon | shapely.MultiPolygon) -> shapely.MultiPolygon:
    return shape if isinstance(shape, shapely.MultiPolygon) else shapely.MultiPolygon([shape])


def _repair(draft: Draft, shapes: npt.NDArray[Any], broken: Mask) -> None:
    repaired = shapely.make_valid(shapes[broken], method="structure")
    before, after = shapely.area(shapes[broken]), shapely.area(repaired)
    is_faithful = np.isin(shapely.get_type_id(repaired), (3, 6)) & (
        np.abs(after - before) <= _REPAIR_SHARE * after
    )
    rows = np.flatnonzero(broken)
    shapes[rows[is_faithful]] = repaired[is_faithful]
    if is_faithful.any():
        fixed = np.zeros(len(draft), dtype=bool)
        fixed[rows[is_faithful]] = True
        draft.warn(f"The outline of {draft.list_rows(fixed)} touched or repeated itself and was put right.")
    hopeless = np.zeros(len(draft), dtype=bool)
    hopeless[rows[~is_faithful]] = True
    reasons = [
        f"its outline is not sound: {shapely.is_valid_reason(shapes[row])}"
        for row in np.flatnonzero(hopeless)
    ]
    draft.reject(hopeless, reasons)


def _reject_abroad(draft: Draft) -> None:
    abroad = draft.located & ~is_in_china(draft.points)
    if draft.shapes is not None:
        bounds = shapely.bounds(draft.shapes)
        abroad |= draft.located & ~(is_in_china(bounds[:, :2]) & is_in_china(bounds[:, 2:]))
    reason = "lies at longitude {:.4f}, latitude {:.4f}, which is not in China"
    draft.reject(abroad, [reason.format(lon, lat) for lon, lat in draft.points[abroad]])


def _compare_with_community(draft: Draft, ground: Ground) -> None:
    """Reject rows far from the community, and say how many lie just outside it."""
    located = draft.kept & draft.located
    outside = located.copy()
    outside[located] = ~ground.contains(draft.points[located])
    distance_m = np.zeros(len(draft))
    distance_m[outside] = ground.measure_distance_m(draft.points[outside])
    far = distance_m > _FAR_M
    reason = "lies {:,.1f} km outside {}"
    draft.reject(far, [reason.format(distance / 1000, ground.name) for distance in distance_m[far]])
    near = outside & ~far
    if near.any():
        count, share, most_m = near.sum(), near.sum() / located.sum(), distance_m[near].max()
        draft.warn(
            f"{count:,} rows ({share:.0%}) lie up to {most_m:,.0f} m outside {ground.name}: "
            f"{draft.list_rows(near)}."
        )

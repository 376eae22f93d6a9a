"""Where rows are: coordinates from shapes or columns, their coordinate system, and doubts about it."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from etl.importing.draft import Draft, Mask
from etl.importing.places.datum import Evidence, weigh_hypotheses
from etl.importing.places.fitting import Sample, is_on_earth, sample_points, sample_shapes
from etl.importing.places.ground import Ground, is_in_china
from etl.importing.places.homes import find_homes
from etl.importing.places.shapes import place_shapes
from etl.importing.places.writing import read_shapes
from etl.sources.shelf import Shapes, find_present
from etl.sources.table import Table
from geo.crs import Coordinates, SourceCrs, parse_crs
from geo.errors import DatumContradicted, UnknownDatum

# Beyond this a row is somebody else's, or misplaced.
_FAR_M = 1_000.0

# No system in metres has numbers that are degrees of China when divided by one of these.
_SCALES = (1e6, 1e7)

_STANDARD_ENDINGS = (".geojson", ".json", ".geojsonl", ".geojsons", ".geojsonseq", ".ndjson", ".jsonl")
_MAP_ENDINGS = (".kml", ".kmz", ".ovkml", ".ovkmz")


def locate_rows(
    draft: Draft,
    table: Table,
    wanted_crs: str | None,
    ground: Ground,
    file_name: str,
    *,
    is_confirmed: bool = False,
) -> SourceCrs | None:
    """Find the place of every row, in EPSG:4490; rows without a sound one are rejected, doubts are warned of.

    Args:
        draft: receives ``points``, and ``shapes`` if its layer is of polygons.
        table: the file's geometry, unless columns of the draft hold coordinates.
        wanted_crs: the coordinate system as a person says, which goes before what the file declares.
        ground: what the places are held against.
        file_name: for messages.
        is_confirmed: whether such a file was taken in before, so that nobody need be told again what cannot
            be known of it.

    Returns:
        The coordinate system, None where the file has no coordinates.

    Raises:
        UnknownDatum: nothing says which coordinate system the numbers are in.
        DatumContradicted: the file declares one, nobody else has said it, and its places say otherwise.
    """
    shapes, given = _find_coordinates(draft, table)
    sample = _take_sample(draft, shapes, given, ground)
    if sample is None:
        return None
    source, is_swapped = _choose_crs(
        draft, table, wanted_crs, sample, ground, file_name, is_confirmed=is_confirmed
    )
    if is_swapped:
        draft.warn("The two coordinates were the other way round (latitude first) and were exchanged.")
        given = None if given is None else _swap(given)
    if source.is_approximate:
        draft.warn(f"{source.name} has no public tie to CGCS2000: places may be off by tens of metres.")

    reaches_abroad = None
    if shapes is not None:
        bring = partial(_bring, source, is_swapped)
        reaches_abroad = place_shapes(draft, shapes, ground.plane, bring)
    elif given is not None:
        draft.points = source.to_stored(given)
        if draft.layer.shape != "point":
            draft.reject(draft.located, "has a point; an outline is needed")
    _reject_abroad(draft, reaches_abroad)
    _compare_with_community(draft, ground)
    return source


def weigh_rows(draft: Draft, table: Table, ground: Ground) -> Evidence | None:
    """Weigh which coordinate system a file is in; None where it has no coordinates.

    Args:
        draft: its values are looked at, nothing is changed.
        table: the file's geometry, unless columns of the draft hold coordinates.
        ground: what the places are held against.
    """
    sample = _take_sample(draft, *_find_coordinates(draft, table, reject=False), ground)
    return None if sample is None else weigh_hypotheses(sample, ground, table.declared_crs)


def show_rows(draft: Draft, table: Table, crs: str, ground: Ground, at_most: int = 200) -> dict[str, Any]:
    """Show some rows as they would lie under a hypothesis, as a FeatureCollection in EPSG:4490.

    Args:
        draft: its values are looked at, nothing is changed.
        table: the file's geometry, unless columns of the draft hold coordinates.
        crs: the hypothesis's coordinate system.
        ground: what the places are held against.
        at_most: how many rows to show, evenly from the whole file.
    """
    shapes, given = _find_coordinates(draft, table, reject=False)
    sample = _take_sample(draft, shapes, given, ground)
    if sample is None:
        return {"type": "FeatureCollection", "features": []}
    reading = weigh_hypotheses(sample, ground, crs).reading
    if shapes is None and given is not None:
        shapes = np.asarray(shapely.points(given[np.isfinite(given).all(axis=1)]))
    assert shapes is not None  # noqa: S101 - there is a sample of one of them
    present = np.flatnonzero(find_present(shapes))
    some = shapely.force_2d(shapes[present[:: max(1, -(-len(present) // at_most))]])
    if reading is not None and reading.is_swapped:
        some = shapely.transform(some, _swap)
    lying = parse_crs(crs).geometry_to_stored(some)
    lying = lying[np.isfinite(shapely.bounds(lying)).all(axis=1)]
    features = [
        {"type": "Feature", "properties": {}, "geometry": orjson.loads(text)}
        for text in shapely.to_geojson(lying)
    ]
    return {"type": "FeatureCollection", "features": features}


def _find_coordinates(
    draft: Draft, table: Table, *, reject: bool = True
) -> tuple[Shapes | None, Coordinates | None]:
    """Find the shapes or else the points of a file, in its own numbers."""
    shapes, given = table.shapes, table.points
    if given is None and shapes is None and draft.has("wkt"):
        shapes = read_shapes(draft.values["wkt"].to_list())
        lost = shapely.is_missing(shapes) & draft.values["wkt"].notna().to_numpy(bool)
        if reject:
            draft.reject(lost, "its shape is neither well-known text nor a list of corners", "wkt")
    elif given is None and shapes is None and draft.has("lon") and draft.has("lat"):
        given = np.column_stack([draft.values[name].to_numpy(float) for name in ("lon", "lat")])
        half = np.isnan(given).sum(axis=1) == 1
        scale = _find_scale(given)
        given = given / scale if scale != 1 else given
        if reject:
            draft.reject(half & draft.kept, "has only one of the two coordinates")
            if scale != 1:
                times = f"{scale:,.0f}"
                draft.warn(
                    f"The coordinates are whole numbers, {times} times those in degrees, and were read so."
                )
    elif given is None and shapes is None and reject:
        _tell_half(draft)
    if given is not None:
        absurd = ~is_on_earth(given) & ~np.isnan(given).any(axis=1)
        if absurd.any():
            given = np.where(absurd[:, None], np.nan, given)
        if reject:
            draft.reject(absurd, "has a coordinate that is no place on Earth")
    return shapes, given


def _tell_half(draft: Draft) -> None:
    """Tell of a column of one of the two coordinates without one of the other."""
    for name, other in (("lon", "lat"), ("lat", "lon")):
        if draft.has(name) and not draft.has(other):
            column = draft.columns.fields[name]
            draft.warn(
                f"“{column}” was taken as {name}, and no column as {other}: "
                "the rows have no place on the map; name the other with --map."
            )


def _find_scale(given: Coordinates) -> float:
    """By what the numbers are larger than degrees: maps on phones keep them as millionths."""
    known = given[~np.isnan(given).any(axis=1)]
    if not len(known):
        return 1.0
    middle = np.median(known, axis=0)
    in_china = (is_in_china(np.array([way / scale])) for scale in _SCALES for way in (middle, middle[::-1]))
    scales = (scale for scale in _SCALES for _ in range(2))
    return next((scale for scale, found in zip(scales, in_china, strict=True) if found[0]), 1.0)


def _take_sample(
    draft: Draft, shapes: Shapes | None, given: Coordinates | None, ground: Ground
) -> Sample | None:
    if shapes is not None:
        sample = sample_shapes(shapes)
    elif given is not None:
        sample = sample_points(given)
    else:
        return None
    if not len(sample.xy):
        return None
    return sample.name_homes(*find_homes(draft, sample.rows, ground.places))


def _bring(source: SourceCrs, is_swapped: bool, shapes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Bring shapes from a file's numbers to EPSG:4490."""
    return source.geometry_to_stored(shapely.transform(shapes, _swap) if is_swapped else shapes)


def _swap(xy: Coordinates) -> Coordinates:
    return xy[:, ::-1]


def _choose_crs(
    draft: Draft,
    table: Table,
    wanted: str | None,
    sample: Sample,
    ground: Ground,
    file_name: str,
    *,
    is_confirmed: bool,
) -> tuple[SourceCrs, bool]:
    """Choose the coordinate system, and say whether the coordinates are to be exchanged."""
    is_silent = table.declared_crs is None
    # The standard of GeoJSON says WGS-84; of coordinates in columns none says anything.
    has_shapes = table.shapes is not None or table.points is not None
    by_standard = has_shapes and file_name.lower().endswith(_STANDARD_ENDINGS) and sample.is_degrees()
    said = wanted or table.declared_crs or ("4490" if by_standard else None)
    # KML is WGS-84 by its standard, too, and what map programs here write of it is often GCJ-02 all the same.
    is_map = file_name.lower().endswith(_MAP_ENDINGS) and not is_confirmed
    is_presumed = wanted is None and (is_silent or is_map)
    evidence = weigh_hypotheses(sample, ground, said, is_presumed=is_presumed)
    reading = evidence.reading
    if said is None or reading is None:
        flags = evidence.advise()
        message = f"{file_name} does not say which coordinate system its numbers are in; {flags}."
        raise UnknownDatum(message)
    source = parse_crs(said)
    if wanted is None:
        _refuse_contradicted(evidence, source, file_name)
    elif table.declared_crs and parse_crs(table.declared_crs).name != source.name:
        declared = parse_crs(table.declared_crs).name
        draft.warn(f"{file_name} says it is in {declared}; it was read as {source.name}, as asked.")
    doubts = _doubt(draft, evidence, source)
    if evidence.is_sure or doubts:
        return source, reading.is_swapped
    if is_presumed:
        draft.warn(
            f"{file_name} names no coordinate system and was read as WGS-84; files from Chinese map services "
            "are often GCJ-02 and then lie some 500 m off: add --crs gcj02 if it is one."
        )
    elif not is_confirmed and evidence.proposed is not None:
        # Of every other sound file nothing known can tell: what is warned of each time is read by nobody.
        crs = source.name
        draft.notes.append(
            f"Nothing known here tells whether the places lie some 500 m off, as they would if {file_name} "
            f"were not in {crs}: compare some with the map."
        )
    return source, reading.is_swapped


def _refuse_contradicted(evidence: Evidence, source: SourceCrs, file_name: str) -> None:
    rival, reading, community = evidence.rival, evidence.reading, evidence.community
    if rival is None or reading is None:
        return
    crs, other, whose = source.name, rival.crs, rival.label
    share, more = f"{reading.share_inside:.0%}", f"{rival.share_inside:.0%}"
    message = (
        f"{file_name} counts as {crs}, but so read {share} of its coordinates lie in {community}, and as "
        f"{other} ({whose}) {more}: import it again with --crs {other}, or with --crs {crs} if it is right."
    )
    if not evidence.is_told_by_share:
        message = (
            f"{file_name} counts as {crs}, but so read its places do not lie where what is known in "
            f"{community} says, and as {other} ({whose}) they would: import it again with --crs {other}, "
            f"or with --crs {crs} if it is right."
        )
    raise DatumContradicted(message)


def _doubt(draft: Draft, evidence: Evidence, source: SourceCrs) -> bool:
    """Warn of what speaks against the system chosen, and say whether anything does."""
    rival, reading, community = evidence.rival, evidence.reading, evidence.community
    if rival is not None and reading is not None:
        crs, other, whose = source.name, rival.crs, rival.label
        share, more = f"{reading.share_inside:.0%}", f"{rival.share_inside:.0%}"
        warning = (
            f"Read as {crs}, {share} of the coordinates lie in {community}; as {other} ({whose}) it would be "
            f"{more}. If the file is from there, import it again with --crs {other}."
        )
        if not evidence.is_told_by_share:
            warning = (
                f"Read as {crs}, the places do not lie where what is known in {community} says; as {other} "
                f"({whose}) they would. If the file is from there, import it again with --crs {other}."
            )
        draft.warnings.insert(0, warning)
    elif evidence.drift is not None:
        direction = evidence.drift
        warning = (
            f"The places would fit {community} far better some 500 m to the {direction}: compare some with "
            "the map before relying on them."
        )
        draft.warnings.insert(0, warning)
    return rival is not None or evidence.drift is not None


def _reject_abroad(draft: Draft, reaches_abroad: Mask | None) -> None:
    abroad = draft.located & ~is_in_china(draft.points)
    if draft.shapes is not None and reaches_abroad is not None:
        abroad |= draft.located & reaches_abroad
    reason = "lies at longitude {:.8g}, latitude {:.8g}, which is not in China"
    draft.reject(abroad, [reason.format(lon, lat) for lon, lat in draft.points[abroad]])
    # Nor is it shown: a map of it would be one of the world, or have no end.
    draft.points[abroad] = np.nan
    if draft.shapes is not None:
        draft.shapes[abroad] = None


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

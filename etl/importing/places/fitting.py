"""How well positions fit a community: in it rather than beside it, and on the known places they belong to.

The measure is a likelihood: the density of the positions under a model whose shares are fitted to them. Of
two ways to read a file, the one under which its positions are sorted more sharply (inside from outside,
buildings from streets) is the likelier, however the rows are spread over the community.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from etl.importing.places.ground import Ground
from etl.sources.shelf import Shapes, find_present
from geo.crs import Coordinates

Weights = npt.NDArray[np.float64]

# More rows than this tell nothing new.
_MOST_POINTS = 1_000
_MOST_SHAPES = 300

# Rows nearer to each other than this are one witness: a market with a hundred cases stands or falls as one. A
# quarter has a few of them, and a block has a few of who is in a building.
_QUARTER_M = 500.0
_BLOCK_M = 150.0
_HOUSE_M = 50.0
_A_FEW = 3.0
_METRES_PER_DEGREE = 111_000.0

# An outline is a witness for each hectare of it, up to some.
_HECTARE_M2 = 10_000.0
_MOST_WITNESSES = 9.0
_CORNERS = 8
_STEPS = 8

# No system has larger numbers, not even in millimetres of a zone with its prefix.
_FARTHEST = 1e12

# Farther out it does not matter how far: anywhere in a land many times as large as the community.
_FAR_KM = 3.0
_ANYWHERE = 10_000.0
_DECAYS_KM = np.array([0.03, 0.06, 0.12, 0.25, 0.5, 1.0, 2.0, 4.0])

# A row that names a known place lies there, or nearby; one in five is wrong.
_HOME_DECAY_KM = 0.05
_HOME_SHARE = 0.8


@dataclass(frozen=True)
class Sample:
    """Some positions of a file, in the file's own numbers.

    Attributes:
        xy: shape (n, 2), finite.
        weights: shape (n,), how many witnesses each is of what ground it lies on.
        fine_weights: shape (n,), how many it is of whether it lies in a building.
        rows: shape (n,), the row each belongs to.
        count: how many rows with a place the file has.
        edges: shape (m, 2), positions along outlines; none for points.
        homes: shape (n,), the known place that the row names, as a position in ``home_shapes``; -1 for none.
        home_shapes: shapes of known places, EPSG:4490.
    """

    xy: Coordinates
    weights: Weights
    fine_weights: Weights
    rows: npt.NDArray[np.int64]
    count: int
    edges: Coordinates
    homes: npt.NDArray[np.int64]
    home_shapes: npt.NDArray[np.object_]

    def name_homes(self, homes: npt.NDArray[np.int64], shapes: npt.NDArray[np.object_]) -> "Sample":
        """The same sample, of whose rows some name a known place.

        Args:
            homes: for every row of the file, a position in ``shapes``, or -1.
            shapes: the known places, EPSG:4490.
        """
        return replace(self, homes=homes[self.rows], home_shapes=shapes)

    def exchange(self) -> "Sample":
        """The same sample with x and y exchanged."""
        return replace(self, xy=self.xy[:, ::-1], edges=self.edges[:, ::-1])

    def is_degrees(self) -> bool:
        """Whether the numbers can be degrees."""
        return bool((np.abs(self.xy) <= 180).all())


def sample_points(points: Coordinates) -> Sample:
    """Sample points of shape (n, 2); those that are not finite are no points."""
    present = np.flatnonzero(is_on_earth(points))
    rows = _thin(present, _MOST_POINTS)
    xy = np.asarray(points[rows], dtype=np.float64)
    return _make_sample(xy, _share_witnesses(xy), rows, len(present))


def sample_shapes(shapes: Shapes) -> Sample:
    """Sample shapes of any type, None allowed: their inside where they have one, and their outlines."""
    present = np.flatnonzero(find_present(shapes))
    rows = _thin(present, _MOST_SHAPES)
    chosen = shapes[rows]
    # Of a corner that is not a number the bounds say nothing; a shape without any has no bounds.
    corners, owners = shapely.get_coordinates(chosen, return_index=True)
    is_sound = is_on_earth(shapely.bounds(chosen))
    is_sound[owners[~np.isfinite(corners).all(axis=1)]] = False
    rows, chosen = rows[is_sound], shapely.force_2d(chosen[is_sound])
    middles = shapely.get_coordinates(shapely.centroid(chosen))
    corners, owners = shapely.get_coordinates(chosen, return_index=True)
    # Evenly some corners of each, drawn a little inwards.
    order = np.arange(len(owners)) - np.searchsorted(owners, owners)
    step = np.maximum(1, np.bincount(owners, minlength=len(rows)) // _CORNERS)
    picked = order % step[owners] == 0
    corners, owners = corners[picked], owners[picked]
    is_area = shapely.area(chosen) > 0
    inwards = np.where(is_area[owners, None], 0.3, 0.0)
    xy = np.vstack([middles, corners + inwards * (middles[owners] - corners)])
    owner = np.concatenate([np.arange(len(rows)), owners])
    scale = _METRES_PER_DEGREE if (np.abs(xy) <= 180).all() else 1.0
    hectares = shapely.area(chosen) * scale**2 / _HECTARE_M2
    witnesses = np.where(is_area, hectares.clip(1.0, _MOST_WITNESSES), 1.0)
    witnesses /= np.bincount(owner, minlength=len(rows))
    weights, fine_weights = ((witnesses * share)[owner] for share in _share_witnesses(middles))
    outlines = shapely.boundary(chosen[is_area])
    steps = np.linspace(0, 1, _STEPS, endpoint=False)
    along = shapely.line_interpolate_point(outlines[:, None], steps[None, :], normalized=True).ravel()
    edges = shapely.get_coordinates(along)
    return _make_sample(xy, (weights, fine_weights), rows[owner], len(present), edges)


def is_on_earth(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether the numbers of each row, degrees or metres, may be of a place; shape (n, any) to (n,)."""
    with np.errstate(invalid="ignore"):
        return np.asarray((np.abs(numbers) < _FARTHEST).all(axis=1))


def _thin(rows: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    return rows[:: max(1, -(-len(rows) // most))]


def _make_sample(
    xy: Coordinates,
    weights: tuple[Weights, Weights],
    rows: npt.NDArray[np.int64],
    count: int,
    edges: Coordinates | None = None,
) -> Sample:
    return Sample(
        xy=xy,
        weights=weights[0],
        fine_weights=weights[1],
        rows=rows,
        count=count,
        edges=np.empty((0, 2)) if edges is None else edges,
        homes=np.full(len(xy), -1, dtype=np.int64),
        home_shapes=np.empty(0, dtype=object),
    )


def _share_witnesses(xy: Coordinates) -> tuple[Weights, Weights]:
    """Let the positions in one place share the weight of its witnesses: of the ground, and of buildings."""
    scale = _METRES_PER_DEGREE if (np.abs(xy) <= 180).all() else 1.0

    def share(within_m: float) -> Weights:
        cells = np.floor(xy * scale / within_m)
        _, which, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        shares: Weights = 1.0 / counts[which.ravel()]
        return shares

    of_ground = np.minimum(share(_BLOCK_M), _A_FEW * share(_QUARTER_M))
    return of_ground, np.minimum(share(_HOUSE_M), _A_FEW * of_ground)


@dataclass(frozen=True)
class Fit:
    """How well a sample fits the ground.

    Attributes:
        log_likelihood: natural logarithm, of positions per km²; only differences mean anything.
        share_inside: the share of the sample in the community or at its edge, 0 to 1.
        share_near: the share of the sample within 3 km of it, 0 to 1.
    """

    log_likelihood: float
    share_inside: float
    share_near: float


def measure_fit(sample: Sample, to_metres: Callable[[Coordinates], Coordinates], ground: Ground) -> Fit:
    """Measure how well a sample fits the ground.

    Args:
        sample: positions in a file's own numbers.
        to_metres: from those to metres of the ground's plane; what cannot be anywhere becomes infinite.
        ground: the community, and what is known there.
    """
    metres, weights = to_metres(sample.xy), sample.weights
    metres = np.where(np.isfinite(metres), metres, 1e9)
    inside = shapely.intersects_xy(ground.area_with_edge, metres[:, 0], metres[:, 1])
    total, within = float(weights.sum()), float(weights[inside].sum())
    distance_km = np.zeros(len(metres))
    distance_km[~inside] = shapely.distance(ground.area_with_edge, shapely.points(metres[~inside])) / 1000
    fit = _measure_outside(distance_km[~inside], weights[~inside], total, ground)
    if within:
        fit += within * np.log(within / total) + _sort_inside(sample, metres, inside, ground)
    if len(sample.edges) and ground.landmarks is not None:
        fit += _cut_buildings(to_metres(sample.edges), weights.sum(), ground)
    fit += _measure_homes(sample, metres, ground)
    return Fit(float(fit), within / total, float((weights * (distance_km < _FAR_KM)).sum()) / total)


def _measure_outside(distance_km: Weights, weights: Weights, total: float, ground: Ground) -> float:
    """The likelihood of what lies outside: thinning out, or even up to some distance, as fits best."""
    around = distance_km < _FAR_KM
    lost = float(weights[~around].sum())
    fit = lost * np.log(lost / total / (_ANYWHERE * ground.area_with_edge.area / 1e6)) if lost else 0.0
    if not around.any():
        return float(fit)
    distance_km, weights = distance_km[around], weights[around]
    beyond, sum_km = float(weights.sum()), float((weights * distance_km).sum())
    round_km, area_km2 = ground.area_with_edge.length / 1000, ground.area_with_edge.area / 1e6
    reach_km = max(float(distance_km.max()), _DECAYS_KM[0])
    thinning_km2 = round_km * _DECAYS_KM + 2 * np.pi * _DECAYS_KM**2
    even_km2 = round_km * reach_km + np.pi * reach_km**2
    # However near they lie together, they are no denser than if all were inside: a border draws nobody.
    least_km2 = area_km2 * beyond / total
    thinning = -beyond * np.log(np.maximum(thinning_km2, least_km2)) - sum_km / _DECAYS_KM
    even = -beyond * np.log(max(even_km2, least_km2))
    return float(fit + beyond * np.log(beyond / total) + max(thinning.max(), even))


def _sort_inside(sample: Sample, metres: Coordinates, inside: npt.NDArray[np.bool_], ground: Ground) -> float:
    """The likelihood of what lies inside: evenly spread over each kind of ground."""
    weights = sample.weights[inside]
    if ground.landmarks is None:
        return float(-weights.sum() * np.log(ground.area_with_edge.area / 1e6))
    kinds, areas_m2 = ground.landmarks.classify(metres[inside]), ground.landmarks.areas_m2
    held = np.bincount(np.minimum(kinds, 2), weights, minlength=3)
    built = np.bincount(kinds, sample.fine_weights[inside], minlength=4)[2:]
    return _sort(held, np.array([*areas_m2[:2], areas_m2[2:].sum()])) + _split(built, areas_m2[2:])


def _sort(held: npt.NDArray[Any], areas_m2: Weights) -> float:
    some = held > 0
    return float((held[some] * np.log(held[some] / held.sum() / (areas_m2[some] / 1e6))).sum())


def _split(held: npt.NDArray[Any], areas_m2: Weights) -> float:
    """What the sorting alone adds, wherever the whole lies."""
    return _sort(held, areas_m2) + float(held.sum() * np.log(areas_m2.sum() / 1e6))


def _cut_buildings(metres: Coordinates, witnesses: float, ground: Ground) -> float:
    """The likelihood of outlines that lead around known buildings rather than through them."""
    landmarks = ground.landmarks
    metres = metres[np.isfinite(metres).all(axis=1)]
    if landmarks is None or not len(metres):
        return 0.0
    kinds = landmarks.classify(metres)
    held = np.bincount(kinds, minlength=4)[1:] * (witnesses / len(metres))
    areas_m2 = landmarks.areas_m2[1:]
    held, areas_m2 = np.array([held[:2].sum(), held[2]]), np.array([areas_m2[:2].sum(), areas_m2[2]])
    return _split(held, areas_m2)


def _measure_homes(sample: Sample, metres: Coordinates, ground: Ground) -> float:
    """The likelihood, against anywhere in the community, of rows at the known places they name."""
    named = sample.homes >= 0
    if not named.any():
        return 0.0
    shapes = ground.plane.geometry_to_metres(sample.home_shapes)
    homes = shapes[sample.homes[named]]
    distance_km = shapely.distance(homes, shapely.points(metres[named])) / 1000
    room_km2 = (
        shapely.area(homes) / 1e6
        + shapely.length(homes) / 1000 * _HOME_DECAY_KM
        + 2 * np.pi * _HOME_DECAY_KM**2
    )
    near = np.exp(-distance_km / _HOME_DECAY_KM) / room_km2 * (ground.area_with_edge.area / 1e6)
    return float((sample.weights[named] * np.log(_HOME_SHARE * near + 1 - _HOME_SHARE)).sum())

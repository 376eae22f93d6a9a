"""Which cells count together: sparse matrices of ones. A cell is always its own neighbour."""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from scipy.sparse import coo_array, csr_array
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
# n × n, 1.0 where two cells count together, else empty; symmetric, the diagonal full.
Neighbours = csr_array[np.float64, tuple[int, int]]


def link_pairs(
    first: npt.NDArray[np.integer[Any]], second: npt.NDArray[np.integer[Any]], size: int
) -> Neighbours:
    """Link cells that somebody knows to touch.

    Args:
        first: one cell of each pair; each pair once, no cell with itself.
        second: the other.
        size: n, the number of cells.
    """
    self_ = np.arange(size)
    row, column = np.concatenate([first, second, self_]), np.concatenate([second, first, self_])
    return csr_array(coo_array((np.ones(len(row)), (row, column)), shape=(size, size)))


def link_within(x_m: Floats, y_m: Floats, distance_m: float) -> Neighbours:
    """Link cells whose middles are no farther apart than a distance.

    The six around a hexagon are met by 1.1 times the distance of two middles.

    Args:
        x_m: n eastings of the middles, in metres.
        y_m: n northings, in metres.
        distance_m: how far neighbours may be apart.
    """
    middles = np.column_stack([x_m, y_m])
    pairs = cKDTree(middles).query_pairs(distance_m, output_type="ndarray")
    return link_pairs(pairs[:, 0], pairs[:, 1], len(middles))


def link_touching(shapes: npt.NDArray[Any]) -> Neighbours:
    """Link polygons that share at least a corner.

    Args:
        shapes: n polygons.
    """
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = left < right
    return link_pairs(left[once], right[once], len(shapes))


def link_nobody(size: int) -> Neighbours:
    """Return the neighbours of cells that stand alone.

    Args:
        size: n, the number of cells.
    """
    nobody = np.empty(0, dtype=np.int64)
    return link_pairs(nobody, nobody, size)


def sum_around(neighbours: Neighbours, values: Floats) -> Floats:
    """Return the sums over each cell and its neighbours.

    Args:
        neighbours: n × n, or some rows of it.
        values: n, or n × m, each column for itself.
    """
    return np.asarray(neighbours @ values, dtype=np.float64)

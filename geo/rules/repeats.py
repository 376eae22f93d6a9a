"""What is reported again from the same place: points with several cases of a category within thirty days."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from geo.model.repeats import PlacedCase, RepeatPoint

WINDOW_DAYS: Final = 30
THRESHOLDS: Final = (3, 5)
"""From so many cases in :data:`WINDOW_DAYS` days on a point is a repeat point, and a stubborn one."""

_SPOT_M: Final = 50.0
_METRES_A_DEGREE: Final = 111_320.0
_DAY_S: Final = 86_400.0


def find_repeats(cases: list[PlacedCase], since_s: float) -> list[RepeatPoint]:
    """Find the points with at least three cases of a category in thirty days, the fullest first.

    Out of doors a point is a circle of 50 m around a case; each case belongs to one.

    Args:
        cases: of the month and the thirty days before it.
        since_s: when the month began; the last case of a point is not before.
    """
    found = []
    for code, building_id, at_place in _group_by_place(cases):
        fullest = _find_fullest(sorted(at_place, key=lambda case: (case.at_s, case.id)), since_s)
        if len(fullest) >= THRESHOLDS[0]:
            ids = tuple(case.id for case in fullest)
            found.append(RepeatPoint(code, building_id, len(ids), ids))
    return sorted(found, key=lambda point: (-point.count, point.category_code, point.cases))


def _find_fullest(cases: list[PlacedCase], since_s: float) -> list[PlacedCase]:
    """Find the most cases within thirty days of which the last is in the month; of as many, the latest."""
    best: list[PlacedCase] = []
    first = 0
    for last, case in enumerate(cases):
        while case.at_s - cases[first].at_s >= WINDOW_DAYS * _DAY_S:
            first += 1
        if case.at_s >= since_s and last - first + 1 >= len(best):
            best = cases[first : last + 1]
    return best


def _group_by_place(cases: list[PlacedCase]) -> Iterator[tuple[str, int | None, list[PlacedCase]]]:
    inside: dict[tuple[str, int], list[PlacedCase]] = {}
    outside: dict[str, list[PlacedCase]] = {}
    for case in cases:
        if case.building_id is not None:
            inside.setdefault((case.category_code, case.building_id), []).append(case)
        elif case.longitude is not None:
            outside.setdefault(case.category_code, []).append(case)
    for (code, building_id), there in inside.items():
        yield code, building_id, there
    for code, there in outside.items():
        for spot in _group_spots(there):
            yield code, None, spot


def _group_spots(cases: list[PlacedCase]) -> Iterator[list[PlacedCase]]:
    """Group cases out of doors: around the one with most others within reach first, so that none chain."""
    tree = cKDTree(_to_metres(cases))
    near = tree.query_ball_tree(tree, _SPOT_M)
    is_left = np.ones(len(cases), bool)
    for centre in sorted(range(len(cases)), key=lambda row: (-len(near[row]), row)):
        rows = [row for row in near[centre] if is_left[row]]
        if is_left[centre]:
            is_left[rows] = False
            yield [cases[row] for row in rows]


def _to_metres(cases: list[PlacedCase]) -> npt.NDArray[np.float64]:
    """Return places as metres on a plane that touches their middle: in a community, exact to centimetres."""
    degrees = np.array([(case.longitude or 0.0, case.latitude or 0.0) for case in cases])
    return degrees * (_METRES_A_DEGREE * np.array([np.cos(np.radians(degrees[:, 1].mean())), 1.0]))

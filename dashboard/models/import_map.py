"""Where the map of an import opens."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dashboard.models.map_page import enclose
from dashboard.models.map_state import View, fit_view
from geo.store.places import Community

# What the map has beside the questions on a desk of 1366 × 768.
MAP_PX: Final = (620, 360)
# What lies so far off is another place: the map stays where the community is.
_NEAR_DEGREES: Final = 0.15
# Beside what is looked at, its neighbours: some 300 m.
_MARGIN_DEGREES: Final = 0.003


def fit_features(community: Community, drawn: Sequence[Mapping[str, Any]]) -> View:
    """Return the view on those features that lie in or near a community; without any, on the community.

    Args:
        community: the community.
        drawn: GeoJSON feature collections in EPSG:4490 degrees.
    """
    west, south, east, north = enclose([community])
    near = [
        (x, y)
        for collection in drawn
        for feature in collection.get("features", ())
        for x, y in _list_positions((feature.get("geometry") or {}).get("coordinates"))
        if west - _NEAR_DEGREES < x < east + _NEAR_DEGREES
        and south - _NEAR_DEGREES < y < north + _NEAR_DEGREES
    ]
    if near:
        xs, ys = zip(*near, strict=True)
        west, south = min(xs) - _MARGIN_DEGREES, min(ys) - _MARGIN_DEGREES
        east, north = max(xs) + _MARGIN_DEGREES, max(ys) + _MARGIN_DEGREES
    return fit_view(west, south, east, north, width_px=MAP_PX[0], height_px=MAP_PX[1])


def _list_positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not coordinates:
        return
    if isinstance(coordinates[0], int | float):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _list_positions(part)

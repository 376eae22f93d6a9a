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


def fit_features(community: Community, drawn: Sequence[Mapping[str, Any]]) -> View:
    """Return the view on a community and those features that lie near it.

    Args:
        community: the community.
        drawn: GeoJSON feature collections in EPSG:4490 degrees.
    """
    west, south, east, north = enclose([community])
    for collection in drawn:
        for feature in collection.get("features", ()):
            for x, y in _list_positions((feature.get("geometry") or {}).get("coordinates")):
                if (
                    community.west - _NEAR_DEGREES < x < community.east + _NEAR_DEGREES
                    and community.south - _NEAR_DEGREES < y < community.north + _NEAR_DEGREES
                ):
                    west, south, east, north = min(west, x), min(south, y), max(east, x), max(north, y)
    return fit_view(west, south, east, north, width_px=MAP_PX[0], height_px=MAP_PX[1])


def _list_positions(coordinates: Any) -> Iterator[tuple[float, float]]:
    if not coordinates:
        return
    if isinstance(coordinates[0], int | float):
        yield float(coordinates[0]), float(coordinates[1])
        return
    for part in coordinates:
        yield from _list_positions(part)

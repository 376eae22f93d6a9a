"""What lies in a layer, as GeoJSON made by the database; whatever is in it may be shown to anybody."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from geo.errors import NotFound
from geo.store.engine import connect, load_queries
from geo.store.versions import LAYER_SOURCES

ZONE_KINDS: Final = ("grid_worker", "party_branch", "volunteer", "property", "inspection")


def find_features(
    layer: str,
    *,
    community_id: int | None,
    on_day: date,
    most: int,
    zone_kind: str = "grid_worker",
    is_open: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    categories: Sequence[str] | None = None,
) -> str:
    """Return a layer as one GeoJSON FeatureCollection in EPSG:4490 degrees, longitude first.

    Where there are more features than asked for, its member ``truncated`` is true.

    Args:
        layer: a layer of the map; ``LAYER_SOURCES`` names them.
        community_id: whose rows; None for all communities.
        on_day: the day in China whose grids, zones and holders count.
        most: the largest number of features to return; of incidents the newest.
        zone_kind: which kind of plan the zones are of.
        is_open: only open or only settled incidents.
        since: only incidents reported at or after this time.
        until: only incidents reported before this time.
        categories: only incidents of these category codes, or of categories below them.

    Raises:
        NotFound: there is no such layer.
        DatabaseUnavailable: the database does not answer.
    """
    if layer not in LAYER_SOURCES:
        msg = f"there is no layer '{layer}': ask for one of {', '.join(LAYER_SOURCES)}"
        raise NotFound(msg)
    find = getattr(load_queries("features"), f"find_{layer}")
    with connect() as connection:
        return str(
            find(
                connection,
                community_id=community_id,
                on_day=on_day,
                most=most,
                kind=zone_kind,
                is_open=is_open,
                since=since,
                until=until,
                categories=list(categories) if categories else None,
            )
        )

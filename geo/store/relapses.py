"""A community's cases as columns to look for returns in; the places, campaigns and parties they name.

What is sensitive or personal never enters; of the rest, what the acting reader may see. Moments are UTC,
places metres of the community's Gauss-Krüger system.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyproj
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import NotFound
from geo.store.engine import load_queries

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Moments = npt.NDArray[np.datetime64]

_STORE_EPSG: Final = 4490
# PostgreSQL counts microseconds from there.
_EPOCH: Final = np.datetime64("2000-01-01", "us")
_COPY_HEADER: Final = 19
_WIRE: Final = (
    ("id", ">i8"), ("longitude", ">f8"), ("latitude", ">f8"), ("building", ">i8"), ("category", ">i2"),
    ("party", ">i8"), ("campaign", ">i8"), ("parent", ">i8"), ("reported", ">i8"), ("closed", ">i8"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class CaseColumns:
    """Cases in the order of reporting; n rows.

    Attributes:
        ids: row ids.
        x_m, y_m: where; ``nan`` where nobody knows.
        longitude, latitude: the same in EPSG:4490 degrees.
        building, party, campaign: row ids, 0 for none.
        category: the number of its code, 403 of E403; -1 of what people come and ask for.
        linked_to: position of the case it was linked to by hand, -1 for none.
        reported_at, closed_at: NaT where it is not closed.
    """

    ids: Ints
    x_m: Floats
    y_m: Floats
    longitude: Floats
    latitude: Floats
    building: Ints
    category: Ints
    party: Ints
    campaign: Ints
    linked_to: Ints
    reported_at: Moments
    closed_at: Moments

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class WatchedBuilding:
    """A building cases may come back to; outside of compounds ``compound_id`` is 0 and ``kind`` empty."""

    id: int
    name: str
    longitude: float
    latitude: float
    households: int
    compound_id: int
    kind: str


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign, what it was against, and the buildings it went to."""

    id: int
    name: str
    category_codes: tuple[str, ...]
    starts_on: date
    ends_on: date
    buildings: frozenset[int]


def read_case_columns(connection: PostgresConnection, community_id: int) -> CaseColumns:
    """Read the cases of a community that the acting reader may see.

    Raises:
        NotFound: there is no such community, or it is not for whoever acts.
    """
    queries = load_queries("relapses")
    epsg = queries.find_relapse_system(connection, community_id=community_id)
    if epsg is None:
        msg = f"there is no community {community_id}, or its cases are not yours to see"
        raise NotFound(msg)
    written = BytesIO()
    with connection.cursor() as cursor:
        # COPY takes no parameters; the driver writes them into the text.
        asked = cursor.mogrify(queries.copy_relapse_cases.sql, {"community_id": community_id})
        cursor.copy_expert(asked, written)
    buffer = written.getbuffer()
    rows = np.frombuffer(buffer, _ROW, (len(buffer) - _COPY_HEADER) // _ROW.itemsize, _COPY_HEADER)
    longitude, latitude = (rows[name].astype(np.float64) for name in ("longitude", "latitude"))
    x_m, y_m = _find_system(epsg).transform(longitude, latitude)
    whole: dict[str, Ints] = {
        name: rows[name].astype(np.int64) for name in ("id", "building", "category", "party", "campaign")
    }
    never = rows["closed"] == np.iinfo(np.int64).max
    return CaseColumns(
        ids=whole["id"],
        x_m=np.where(np.isfinite(x_m), x_m, np.nan),
        y_m=np.where(np.isfinite(y_m), y_m, np.nan),
        longitude=longitude,
        latitude=latitude,
        building=whole["building"],
        category=whole["category"],
        party=whole["party"],
        campaign=whole["campaign"],
        linked_to=_locate(whole["id"], rows["parent"].astype(np.int64)),
        reported_at=_EPOCH + rows["reported"].astype("timedelta64[us]"),
        closed_at=np.where(
            never, np.datetime64("NaT"), _EPOCH + np.where(never, 0, rows["closed"]).astype("timedelta64[us]")
        ),
    )


def list_watched_buildings(connection: PostgresConnection, community_id: int) -> list[WatchedBuilding]:
    """Return the buildings of a community, in order of their ids."""
    rows = load_queries("relapses").list_relapse_buildings(connection, community_id=community_id)
    return [WatchedBuilding(*row) for row in rows]


def list_campaigns(connection: PostgresConnection, community_id: int) -> list[Campaign]:
    """Return the campaigns of a community, the latest first."""
    rows = load_queries("relapses").list_relapse_campaigns(connection, community_id=community_id)
    return [
        Campaign(id_, name, tuple(codes), starts_on, ends_on, frozenset(buildings))
        for id_, name, codes, starts_on, ends_on, buildings in rows
    ]


def list_party_names(connection: PostgresConnection, community_id: int) -> dict[int, str]:
    """Return the names of a community's parties by id."""
    return dict(load_queries("relapses").list_relapse_parties(connection, community_id=community_id))


@lru_cache
def _find_system(epsg: int) -> Any:
    return pyproj.Transformer.from_crs(_STORE_EPSG, epsg, always_xy=True)


def _locate(ids: Ints, asked: Ints) -> Ints:
    """Return the positions of the asked ids, -1 of those that are not there."""
    order = np.argsort(ids)
    at = np.minimum(np.searchsorted(ids, asked, sorter=order), max(len(ids) - 1, 0))
    found = order[at] if len(ids) else at
    return np.where(ids[found] == asked, found, -1) if len(ids) else found


def _lay_out_row() -> np.dtype[np.void]:
    """Return how COPY writes a row: the number of fields, then for each its length and itself."""
    fields = [("fields", ">i2")]
    for name, kind in _WIRE:
        fields += [(f"{name}_length", ">i4"), (name, kind)]
    return np.dtype(fields)


_ROW: Final = _lay_out_row()

"""Where rows are that give an address and no coordinates: taken where it is certain, else left to a person.

A file of a million rows has few spellings of few buildings: each spelling is read once, and of those that
differ in entrance, floor and room alone only one.
"""

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import shapely
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.draft import Draft, Mask
from etl.importing.identity import NEW
from etl.importing.places.placing import NOWHERE, ToldPlaces
from etl.sources.shelf import look_through
from geo.model.gazetteer import Gazetteer
from geo.rules.address import prepare_address, read_prepared
from geo.rules.matching import Match, match_place
from geo.rules.naming import index_places
from geo.store.addresses import read_gazetteer, read_told_places
from geo.store.imports import Places

# What follows a building in these forms says entrance, floor and flat, and nothing of the place: of all that
# differ in it alone one is read. Not so A-1-501, where there is an A1.
_FLAT: Final = r"([0-9]{3,4}(?:室|房间?|号房?|户)?)?"
_MARK: Final = "(?:栋|幢|座|号楼|#)(?:楼(?![道梯顶下上内]))?-?"
_OF_BUILDING: Final = re.compile(
    rf"(.*?[0-9A-Z]){_MARK}(?:[0-9]{{1,2}}(单元|门|梯)-?)?(?:[0-9]{{1,2}}[楼层F]-?)?{_FLAT}"
)
_OF_NUMBERS: Final = re.compile(r"(.*[^-0-9A-Z#])([0-9]{1,3})(?:栋|#|-)-?[0-9]{1,2}-[0-9]{3,4}室?")
_OF_HOUSE: Final = re.compile(rf"(.*[0-9]号){_FLAT}")


def place_by_address(
    connection: PostgresConnection,
    draft: Draft,
    ids: npt.NDArray[np.int64],
    places: Places,
    community_id: int,
) -> ToldPlaces | None:
    """Place rows without coordinates by their address, where it leaves no doubt; others wait in the queue.

    Args:
        connection: the import's transaction.
        draft: receives ``points``, and ``building_id`` where its layer has one of its own; and a warning of
            stored rows that stay where their old address was.
        ids: shape (n,), the stored row of each row, -1 for new ones. A stored row is placed anew only where
            it has no place, or where its address has changed and nobody has shown its place by hand.
        places: of the community.
        community_id: whose names count.

    Returns:
        What was found, for :class:`~etl.importing.places.placing.IncidentPlacer`; None where no row was to be
        placed.
    """
    if draft.layer.shape != "point" or not draft.has("address"):
        return None
    asked = draft.kept & ~draft.located & draft.values["address"].notna().to_numpy(bool)
    moved = np.zeros(len(draft), dtype=bool)
    if asked.any():
        movable, moved = _find_movable(connection, draft, ids, asked)
        asked &= (ids == NEW) | movable
    if not asked.any():
        _warn_of_staying(draft, moved)
        return None
    rows = np.flatnonzero(asked)
    told = match_addresses(
        pa.array(draft.values["address"].iloc[rows], pa.large_string(), from_pandas=True),
        read_gazetteer(connection, community_id),
        places,
    )
    draft.points[rows] = told.points
    _warn_of_staying(draft, moved & ~draft.located)
    if draft.layer.name != "incidents":
        buildings = pd.array([*places.buildings["id"], None], dtype="Int64").take(told.building)
        placed = draft.values["building_id"].copy()
        placed.iloc[rows] = buildings
        draft.values["building_id"] = placed
        return None
    return _spread(told, rows, len(draft))


@dataclass(frozen=True)
class MatchedPlaces(ToldPlaces):
    """What addresses say, with ``points``: shape (n, 2), EPSG:4490 degrees, NaN where there is none."""

    points: npt.NDArray[np.float64]


def match_addresses(
    addresses: pa.Array | pa.ChunkedArray, gazetteer: Gazetteer, places: Places
) -> MatchedPlaces:
    """Match addresses, each spelling once.

    Args:
        addresses: shape (n,), strings.
        gazetteer: the names of the community's places.
        places: the places themselves.

    Returns:
        Shape (n,) each.
    """
    which, spellings = _number_spellings(addresses)
    matches = _match_spellings(spellings, gazetteer)
    building_at = {identity: position for position, identity in enumerate(places.buildings["id"])}
    compound_at = {identity: position for position, identity in enumerate(places.compounds["id"])}
    building = np.array([building_at.get(each.building_id, NOWHERE) for each in matches], dtype=np.int32)
    compound = np.array([compound_at.get(each.compound_id, NOWHERE) for each in matches], dtype=np.int32)
    quality = np.array([each.quality for each in matches], dtype=object)
    anchors = shapely.get_coordinates(shapely.point_on_surface(places.buildings["geom"].to_numpy()))
    points = np.vstack([anchors, [[np.nan, np.nan]]])[building]
    for position, each in enumerate(matches):
        if each.point is not None:
            points[position] = each.point
    return MatchedPlaces(building[which], compound[which], quality[which], points[which])


def _number_spellings(addresses: pa.Array | pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Number the spellings as they first come: which each row has, and what they are."""
    numbers: dict[str, int] = {}
    which = []
    for piece in look_through(addresses):
        encoded = piece.dictionary_encode()
        own = [numbers.setdefault(spelling, len(numbers)) for spelling in encoded.dictionary.to_pylist()]
        which.append(np.array(own, dtype=np.int32)[encoded.indices.to_numpy(zero_copy_only=False)])
    return np.concatenate(which), list(numbers)


def _match_spellings(spellings: list[str], gazetteer: Gazetteer) -> list[Match]:
    index = index_places(gazetteer)
    known: dict[str, Match] = {}
    matches = []
    for spelling in spellings:
        like = _write_like(prepare_address(spelling))
        found = known.get(like)
        if found is None:
            found = known[like] = match_place(read_prepared(like), index, is_asking=False)
        matches.append(found)
    return matches


def _write_like(address: str) -> str:
    """Write an address as all are written that differ from it in entrance, floor and flat alone."""
    if found := _OF_BUILDING.fullmatch(address):
        return f"{found[1]}栋{'1单元' if found[2] else ''}{'101' if found[3] else ''}"
    if found := _OF_NUMBERS.fullmatch(address):
        return f"{found[1]}{found[2]}-1-101"
    if found := _OF_HOUSE.fullmatch(address):
        return f"{found[1]}{'101' if found[2] else ''}"
    return address


def _find_movable(
    connection: PostgresConnection, draft: Draft, ids: npt.NDArray[np.int64], asked: Mask
) -> tuple[Mask, Mask]:
    """Find the rows stored already whose place may follow their address, and those that have another now."""
    rows = np.flatnonzero(asked & (ids != NEW))
    movable, moved = (np.zeros(len(draft), dtype=bool) for _ in range(2))
    if not len(rows):
        return movable, moved
    stored = read_told_places(connection, draft.layer.table, ids[rows]).reindex(ids[rows])
    has_changed = (stored["address"].to_numpy() != draft.values["address"].iloc[rows].to_numpy()).astype(bool)
    is_placed = stored["is_placed"].to_numpy(bool)
    movable[rows] = ~is_placed | (has_changed & (stored["geocode_quality"] != "manual").to_numpy(bool))
    moved[rows] = is_placed & has_changed
    return movable, moved


def _warn_of_staying(draft: Draft, staying: Mask) -> None:
    """Warn of stored rows that have another address now, of which nobody knows where it is."""
    if staying.any():
        count, rows = int(staying.sum()), draft.list_rows(staying)
        draft.warn(
            f"{count:,} rows that are stored already have another address now, which leads to no certain "
            f"place: they stay where the old one was ({rows}); show their place by hand if that is wrong."
        )


def _spread(told: ToldPlaces, rows: npt.NDArray[np.int64], count: int) -> ToldPlaces:
    """Lay what was told of some rows out over all."""
    building, compound = (np.full(count, NOWHERE, dtype=np.int32) for _ in range(2))
    quality = np.full(count, "", dtype=object)
    building[rows], compound[rows], quality[rows] = told.building, told.compound, told.quality
    return ToldPlaces(building, compound, quality)

"""Rosters that call buildings and compounds by name: which stored one a row without code and outline means.

The outlines came from a survey, with its codes; the roster is from the property company, which has none.
"""

import re

import numpy as np
import numpy.typing as npt
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.draft import Draft
from etl.importing.identity import NEW
from geo.rules.address import prepare_address, read_prepared
from geo.rules.matching import match_place
from geo.rules.naming import PlaceIndex, index_places
from geo.store.addresses import read_gazetteer

_ONLY_A_NUMBER = re.compile(r"[A-Za-z]?[0-9]{1,3}|[A-Za-z]")


def recognise_rows(
    connection: PostgresConnection, draft: Draft, ids: npt.NDArray[np.int64], community_id: int
) -> npt.NDArray[np.int64]:
    """Find the stored building or compound of rows that only name it, where the name leaves no doubt.

    Args:
        connection: the import's transaction.
        draft: receives a note; rejects a row that means the same stored one as another row.
        ids: shape (n,), the stored row of each row by its code, -1 for none.
        community_id: whose names count.

    Returns:
        ``ids``, with those found by name.
    """
    if draft.layer.name not in {"buildings", "compounds"}:
        return ids
    is_named = draft.assumed["code"] & draft.get("name").notna().to_numpy(bool)
    asked = np.flatnonzero(draft.kept & (ids == NEW) & ~draft.located & is_named)
    if not len(asked):
        return ids
    index = index_places(read_gazetteer(connection, community_id))
    names, compounds = draft.get("name").iloc[asked], draft.get("compound").iloc[asked]
    found = ids.copy()
    if draft.layer.name == "buildings":
        found[asked] = [
            _find_building(name, compound if isinstance(compound, str) else "", index)
            for name, compound in zip(names, compounds, strict=True)
        ]
    else:
        found[asked] = [_find_compound(name, index) for name in names]
    recognised = found != ids
    claimed = set(ids[ids != NEW].tolist())
    repeated = np.zeros(len(draft), dtype=bool)
    for row in np.flatnonzero(recognised):
        repeated[row] = found[row] in claimed
        claimed.add(int(found[row]))
    draft.reject(repeated, "means the same stored row as another row of the file")
    count, layer = int((recognised & ~repeated).sum()), draft.layer.name
    if count:
        draft.notes.append(f"{count:,} of the {layer} have no code and were recognised by their names.")
    return found


def _find_building(name: str, compound: str, index: PlaceIndex) -> int:
    words = f"{name}栋" if _ONLY_A_NUMBER.fullmatch(name) else name
    words = words if words.startswith(compound) else compound + words
    match = match_place(read_prepared(prepare_address(words)), index, is_asking=False)
    return match.building_id if match.building_id is not None and match.quality == "building" else NEW


def _find_compound(name: str, index: PlaceIndex) -> int:
    match = match_place(read_prepared(prepare_address(name)), index, is_asking=False)
    is_sure = match.quality == "compound" and not match.candidates
    return match.compound_id if match.compound_id is not None and is_sure else NEW

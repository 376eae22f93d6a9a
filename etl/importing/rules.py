"""What a row of each layer must be like, and what follows from what it says."""

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.columns.layers import simplify
from etl.importing.draft import Draft
from etl.importing.identity import NEW
from etl.importing.places.ground import Ground
from etl.importing.places.placing import Points, place_in_buildings, place_in_compounds
from etl.importing.places.seams import find_overlaps
from etl.sources.shelf import find_present
from geo.store.imports import Places, reserve_ids

# A grid without a date has been there as long as the records go, so that past incidents find their grid.
_GRIDS_SINCE = pd.Timestamp("2000-01-01")
_CHINA_OFFSET = pd.Timedelta(hours=8)
# A grid above that comes in the same file has no number yet: until it has, its row stands for it.
_FIRST_ROW = -2
_BUILDING_RANGES = (
    ("floors", 1, 200),
    ("entrances", 0, 1_000),
    ("households", 0, 100_000),
    ("residents", 0, 100_000),
    ("elderly", 0, 100_000),
    ("built_year", 1800, 2200),
)


def check_grids(draft: Draft, places: Places, ground: Ground) -> None:
    """Complete kind, dates and parent of grids; reject those that overlap another of their kind."""
    draft.assume("kind", "community")
    _date_grids(draft, places)
    backwards = (draft.get_dates("valid_to") <= draft.values["valid_from"]).to_numpy(bool)
    draft.reject(backwards, "ends before it begins", "valid_to")
    _find_parents(draft, places)
    _reject_overlaps(draft, places, ground)


def _date_grids(draft: Draft, places: Places) -> None:
    since = draft.get_dates("valid_from")
    missing = since.isna().to_numpy(bool)
    if not missing.any():
        draft.values["valid_from"] = since
        return
    stored = places.grids.sort_values("valid_from").groupby(["kind", "code"])["valid_from"].last()
    keys = pd.MultiIndex.from_arrays([draft.values["kind"], draft.values["code"]])
    known = pd.Series(pd.to_datetime(stored.reindex(keys)).to_numpy(), dtype="datetime64[us]")
    new = missing & known.isna().to_numpy(bool)
    if new.any():
        draft.warn(
            f"{new.sum():,} grids do not say since when they are in force: taken as {_GRIDS_SINCE:%Y-%m-%d}, "
            "so that past incidents find their grid."
        )
    draft.values["valid_from"] = since.fillna(known).fillna(_GRIDS_SINCE)


def _find_parents(draft: Draft, places: Places) -> None:
    """Find the community grid above each micro grid, by its code or name, or by where it lies."""
    micro = (draft.values["kind"] == "micro").to_numpy(bool)
    if not micro.any():
        return
    grids = _list_grids_above(draft, places)
    named = _find_by_name(draft.get("parent"), grids)
    lying = pd.Series(
        pd.array([*grids["id"], None], dtype="Int64").take(
            Points(draft.points).find_containing(grids["geom"].to_numpy())
        )
    )
    parents = named.fillna(lying)
    draft.values["parent_id"] = parents.where(micro)
    draft.reject(
        micro & parents.isna().to_numpy(bool),
        "is a micro grid without a community grid above it; import the community grids first",
        "parent",
    )


def _list_grids_above(draft: Draft, places: Places) -> pd.DataFrame:
    """List the community grids, the stored ones first; of those that the file brings ``id`` tells the row."""
    stored = places.grids.loc[places.grids["kind"] == "community", ["id", "code", "name", "geom"]]
    brought = (draft.values["kind"] == "community").to_numpy(bool) & draft.kept
    if draft.shapes is None or not brought.any():
        return stored
    brought &= find_present(draft.shapes)
    own = pd.DataFrame(
        {
            "id": _FIRST_ROW - np.arange(len(draft)),
            "code": draft.values["code"],
            "name": draft.values["name"],
            "geom": draft.shapes[:],
        }
    )[brought]
    return pd.concat([stored, own[~own["code"].isin(stored["code"])]], ignore_index=True)


def settle_parents(connection: PostgresConnection, draft: Draft, ids: npt.NDArray[np.int64]) -> None:
    """Give numbers to the new grids of a file in which some lie in others of it, and to those their parents'.

    Args:
        connection: the import's transaction.
        draft: grids; receives ``id`` where that is so.
        ids: shape (n,), the stored row of each row, -1 for those that are new.
    """
    if not draft.has("parent_id"):
        return
    parents = draft.values["parent_id"]
    inside = (parents <= _FIRST_ROW).fillna(value=False).to_numpy(bool)
    if not inside.any():
        return
    rows = _FIRST_ROW - parents[inside].to_numpy(np.int64)
    lost = np.zeros(len(draft), dtype=bool)
    lost[np.flatnonzero(inside)[~draft.kept[rows]]] = True
    draft.reject(lost & draft.kept, "is a micro grid whose community grid was refused", "parent")
    numbers = np.array(reserve_ids(connection, draft.layer.table, len(draft)), dtype=np.int64)
    numbers = np.where(ids == NEW, numbers, ids)
    draft.values["id"] = pd.Series(numbers, dtype="Int64")
    settled = parents.copy()
    settled[inside] = numbers[rows]
    draft.values["parent_id"] = settled


def _find_by_name(words: pd.Series, places: pd.DataFrame) -> pd.Series:
    """Find the id of each place named by code, name or alias; null where none is."""
    known: dict[str, int] = {}
    aliases = places["aliases"] if "aliases" in places else [()] * len(places)
    for identity, code, name, others in zip(
        places["id"], places["code"], places["name"], aliases, strict=True
    ):
        for word in (code, name, *others):
            known.setdefault(simplify(word), identity)
    return words.map(lambda word: known.get(simplify(word)), na_action="ignore").astype("Int64")


def _reject_overlaps(draft: Draft, places: Places, ground: Ground) -> None:
    """Reject grids that overlap another of their kind and time by more than 1 m², naming both."""
    if draft.shapes is None:
        return
    found = [
        overlap
        for overlap in find_overlaps(draft, places, ground, draft.kept & draft.located)
        if not overlap.is_sliver
    ]
    for row, clashes in itertools.groupby(found, key=lambda overlap: overlap.row):
        listed = list(clashes)
        name, names = (
            listed[0].one,
            ", ".join(f"{clash.other} by {clash.area_m2:,.1f} m²" for clash in listed),
        )
        at_fault = np.zeros(len(draft), dtype=bool)
        at_fault[row] = True
        draft.reject(at_fault, f"{name} overlaps {names}")


def check_compounds(draft: Draft, _places: Places, _ground: Ground) -> None:
    """Reject reviews of three-no that do not say by which definition."""
    reviewed = draft.get("three_no_reviewed_on").notna() & draft.get("three_no_definition").isna()
    draft.reject(
        reviewed.to_numpy(bool),
        "is reviewed as three-no but says not by which definition",
        "three_no_reviewed_on",
    )


def check_buildings(draft: Draft, places: Places, _ground: Ground) -> None:
    """Find each building's compound, by name or by where it lies; reject impossible counts."""
    for column, least, most in _BUILDING_RANGES:
        if draft.has(column):
            counts = draft.get(column)
            odd = ((counts < least) | (counts > most)).fillna(value=False).to_numpy(bool)
            draft.reject(odd, f"“{{}}” is not between {least:,} and {most:,}", column)
    if draft.has("elderly") and draft.has("residents"):
        more = (draft.get("elderly") > draft.get("residents")).fillna(value=False).to_numpy(bool)
        draft.reject(more, "has more elderly than residents", "elderly")
    lying = place_in_compounds(draft, places)
    if not draft.has("compound"):
        draft.values["compound_id"] = lying
        return
    words = draft.get("compound")
    named = _find_by_name(words, places.compounds)
    lost = words.notna() & named.isna()
    if lost.any():
        names = "、".join(words[lost].unique()[:5])
        draft.warn(
            f"{lost.sum():,} buildings name a compound we do not have ({names}); placed by where they lie."
        )
    draft.values["compound_id"] = named.fillna(lying)


def settle_elderly(draft: Draft, ids: npt.NDArray[np.int64], places: Places) -> None:
    """Leave out the elderly of buildings where fewer residents are known than that, or refuse the residents.

    Args:
        draft: buildings; those that say both themselves are judged already.
        ids: shape (n,), the stored row of each row, -1 for those that are new.
        places: the stored ones.
    """
    if draft.layer.name != "buildings" or not (draft.has("elderly") or draft.has("residents")):
        return
    stored = places.buildings.set_index("id")
    said, known = {}, {}
    for name in ("residents", "elderly"):
        assumed = draft.assumed.get(name, np.zeros(len(draft), dtype=bool))
        said[name] = draft.get(name).astype("Float64").mask(assumed)
        known[name] = said[name].fillna(pd.Series(ids).map(stored[name]).astype("Float64")).fillna(0)
    over = (known["elderly"] > known["residents"]).to_numpy(bool) & draft.kept
    told = said["elderly"].notna().to_numpy(bool)
    draft.reject(over & ~told, "has fewer residents than elderly are known there", "residents")
    over &= told
    if over.any():
        count, rows = int(over.sum()), draft.list_rows(over)
        draft.warn(
            f"{count:,} buildings have more elderly than residents are known, which were left out ({rows}): "
            "bring in the number of residents, too."
        )
        draft.values["elderly"] = draft.values["elderly"].mask(over, 0)
        draft.assumed["elderly"] |= over


def check_merchants(draft: Draft, places: Places, ground: Ground) -> None:
    """Find the building each merchant is in."""
    place_in_buildings(draft, places, ground.plane)


def check_ground(draft: Draft, _places: Places, _ground: Ground) -> None:
    """Reject what does not say whether it is water, a road or green, and widths that are none."""
    reason = "does not say what it is: road, water, green, square or rail"
    draft.reject(draft.get("kind").isna().to_numpy(bool) & draft.kept, reason, "kind")
    if draft.has("width_m"):
        odd = (draft.values["width_m"] <= 0).fillna(value=False).to_numpy(bool)
        draft.reject(odd, "“{}” is not more than 0", "width_m")


def check_incidents(draft: Draft) -> None:
    """Bring states and times of incidents into order, as far as the file says enough."""
    if not draft.has("reported_at"):
        draft.warn(
            "No column says when the cases were reported: taken as the earliest time a row names, or now."
        )
        times = [draft.get_moments(name) for name in ("due_at", "handled_at", "closed_at")]
        now = pd.Series(pd.Timestamp.now("UTC").floor("s").as_unit("us"), index=range(len(draft)))
        draft.assume("reported_at", pd.concat([*times, now], axis=1).min(axis=1))
    reported = draft.values["reported_at"]
    draft.reject(
        reported.isna().to_numpy(bool) & draft.kept, "does not say when it was reported", "reported_at"
    )
    # Whole days of China's calendar: a clock that is fast is no mistake of the file's.
    today = (pd.Timestamp.now("UTC") + _CHINA_OFFSET).normalize()
    future = (reported >= today + pd.Timedelta(days=2) - _CHINA_OFFSET).to_numpy(bool) & draft.kept
    if future.any():
        first = draft.row_numbers[future][0]
        draft.warn(f"{future.sum():,} rows say they were reported in the future, first at row {first}.")
    for column in ("due_at", "handled_at", "closed_at"):
        if draft.has(column):
            early = (draft.values[column] < reported).to_numpy(bool) & draft.kept
            draft.reject(early, "“{}” is before the case was reported", column)
    if draft.has("handled_at") and draft.has("closed_at"):
        late = (draft.values["closed_at"] < draft.values["handled_at"]).to_numpy(bool) & draft.kept
        draft.reject(late, "“{}” is before the case was handled", "closed_at")
    if draft.has("due_at"):
        draft.assume("original_due_at", draft.values["due_at"])
    draft.assume("source", "other")
    _settle_states(draft)


def _settle_states(draft: Draft) -> None:
    closed_at = draft.get_moments("closed_at")
    is_timed = closed_at.notna()
    unsaid = draft.get("state").isna()
    if (unsaid & is_timed).any():
        draft.values["state"] = draft.get("state").mask(unsaid & is_timed, "closed")
    draft.assume("state", "reported")
    state = draft.values["state"]
    is_closed = state.isin(["closed", "rated"])
    untimed = is_closed & ~is_timed
    if untimed.any():
        draft.warn(
            f"{untimed.sum():,} cases are closed but do not say since when: they await verification (待核查)."
        )
        state = state.mask(untimed, "verifying")
    reopened = ~is_closed & is_timed
    if reopened.any():
        draft.warn(f"{reopened.sum():,} cases have a closing time but are not closed: the time was left out.")
        draft.values["closed_at"] = closed_at.mask(reopened)
    draft.values["state"] = state

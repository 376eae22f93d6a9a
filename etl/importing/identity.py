"""Which stored row a row of the file is: by its external id, its code, or a key derived from what it says."""

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from etl.importing.columns.layers import Layer, simplify
from etl.importing.columns.texts import find_matches
from etl.importing.draft import Draft, Mask

NEW = -1
_HOTLINE = "12345"
_FILE = "file"
_TOTALS = {"合计", "小计", "总计", "共计"}
# Two of them, in characters of four bytes, still fit into an index.
_LONGEST_KEY = 300


def reject_totals(draft: Draft) -> None:
    """Reject the rows that only add up the rows above them."""
    for column in ("external_id", "code", "name"):
        if not draft.has(column):
            continue
        words = draft.values[column]
        # All of them have 计 in them: of a million numbers hardly any is looked at closer.
        likely = np.flatnonzero(find_matches(words, lambda piece: pc.match_substring(piece, "计")))
        totals = np.zeros(len(draft), dtype=bool)
        totals[likely] = [simplify(word) in _TOTALS for word in words.iloc[likely]]
        draft.reject(totals & draft.kept, "is a total, not a row", column)


def name_rows(draft: Draft) -> None:
    """Give every row of a layer of places a code and a name, deriving what the file does not say."""
    code, name, external = draft.get("code"), draft.get("name"), draft.get("external_id")
    around = _find_around(draft.layer)
    order = 1 if around == "address" else -1
    if not draft.has("code") and not draft.has("external_id"):
        source = f"name and {around}" if draft.has(around) else "name"
        draft.warn(f"No column holds a code or an external id: rows are known by their {source}.")
    stand_in = code
    if not draft.has("code") or code.hasnans:
        parts = [name, draft.get(around)][::order]
        by_name = parts[0].str.cat(parts[1], sep="-").fillna(name)
        stand_in = external.fillna(by_name)
    draft.assume("code", stand_in)
    if draft.layer.name != "ground":  # a street may have no name, and a number is none
        draft.assume("name", code.fillna(external))
    draft.reject(draft.values["code"].isna().to_numpy(bool), "has neither a code nor a name")


def key_incidents(draft: Draft) -> None:
    """Give every incident the number it is known by; where the file has none, one follows from its words."""
    header = draft.columns.fields.get("external_id", "")
    default = _HOTLINE if "办件" in header or "工单" in header or "流水" in header else _FILE
    draft.assume("source_system", default)
    given = draft.get("external_id")
    missing = given.isna().to_numpy(bool)
    if not missing.any():
        return
    if draft.has("external_id"):
        draft.warn(f"{missing.sum():,} rows have no number: they are known by what they say.")
    else:
        draft.warn("No column holds a number: rows are known by what they say, and change into new ones.")
    parts = [draft.get(name) for name in ("reported_at", "category_code", "address", "title", "description")]
    parts += [pd.Series(axis.round(6)) for axis in draft.points.T]
    said = zip(*(part[missing].astype("str").fillna("") for part in parts), strict=True)
    derived = [hashlib.blake2b("\x1f".join(words).encode(), digest_size=10).hexdigest() for words in said]
    keys = given.copy()
    keys[missing] = derived
    draft.values["external_id"] = keys


def match_rows(draft: Draft, existing: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Find the stored row of each row; rows that come twice, or claim another row's code, are rejected.

    Args:
        draft: its rows have codes, or numbers if they are incidents.
        existing: ``id`` and what identifies the rows of the community.

    Returns:
        Shape (n,): ids of stored rows, -1 for rows that are new.
    """
    by = identify_by(draft.layer)
    _reject_endless(draft, by)
    if "code" in by and "external_id" in by:
        by_code, by_external = _look_up(draft, existing, ["code"]), _look_up(draft, existing, ["external_id"])
        ids = np.where(by_external == NEW, by_code, by_external)
        _reject_repeats(draft, ["code"])
        _reject_repeats(draft, ["external_id"])
        _reject_usurpers(draft, existing, by_code)
    else:
        ids = _look_up(draft, existing, by)
        _reject_repeats(draft, by)
    # A row that was rejected claims no stored row.
    claimed = pd.Series(ids, dtype="Int64").mask((ids == NEW) | ~draft.kept)
    repeated = (claimed.duplicated() & claimed.notna()).to_numpy(bool)
    draft.reject(repeated, "means the same stored row as another row of the file")
    return ids


def identify_by(layer: Layer) -> list[str]:
    """The columns that identify a row of a layer within its community."""
    if layer.name == "incidents":
        return ["source_system", "external_id"]
    if layer.name == "grids":
        return ["kind", "code", "valid_from"]
    return ["code", "external_id"]


def _reject_endless(draft: Draft, by: list[str]) -> None:
    """Reject rows known by a text that is no code or number, and that no index takes."""
    for name in by:
        if pd.api.types.is_string_dtype(draft.get(name)):
            lengths = pc.utf8_length(pa.array(draft.get(name), pa.large_string(), from_pandas=True))
            endless = pc.fill_null(pc.greater(lengths, _LONGEST_KEY), fill_value=False)
            reason = f"is known by more than {_LONGEST_KEY} characters; a code or a number has fewer"
            draft.reject(endless.to_numpy(zero_copy_only=False) & draft.kept, reason, name)


def _look_up(draft: Draft, existing: pd.DataFrame, by: list[str]) -> npt.NDArray[np.int64]:
    known = existing.dropna(subset=by)
    if "valid_from" in by:
        known = known.astype({"valid_from": "datetime64[us]"})
    if known.empty:
        return np.full(len(draft), NEW, dtype=np.int64)
    if len(by) == 1:
        words = pa.array(known[by[0]], pa.large_string())
        at = pc.index_in(pa.array(draft.get(by[0]), pa.large_string(), from_pandas=True), words)
        ids: npt.NDArray[np.int64] = pc.fill_null(pc.take(pa.array(known["id"]), at), NEW).to_numpy()
        return ids
    wanted = pd.DataFrame({name: draft.get(name) for name in by})
    found = wanted.merge(known[["id", *by]], on=by, how="left")["id"]
    return found.fillna(NEW).to_numpy(np.int64)


def _reject_repeats(draft: Draft, by: list[str]) -> None:
    keys = pd.DataFrame({name: draft.get(name) for name in by})
    compared = draft.kept & keys.notna().all(axis=1).to_numpy(bool)
    keys = keys if compared.all() else keys[compared]  # a copy
    if any(_always_rises(keys[name]) for name in reversed(by)):
        return
    repeats = keys.duplicated().to_numpy(bool)
    if not repeats.any():
        return
    first = keys[~repeats].assign(row=draft.row_numbers[keys.index[~repeats]])
    rows = keys[repeats].merge(first, on=by, how="left")["row"]
    at_fault = np.zeros(len(draft), dtype=bool)
    at_fault[keys.index[repeats]] = True
    column = next((name for name in reversed(by) if name in draft.raw), None)
    draft.reject(at_fault, _explain_repeats(draft, by, at_fault, rows), column)


def _always_rises(values: pd.Series) -> bool:
    """Whether no value comes twice because each is above the one before: exports mostly come in order."""
    column = pa.array(values)
    return bool(pc.all(pc.greater(column[1:], column[:-1])).as_py())


def _explain_repeats(draft: Draft, by: list[str], at_fault: Mask, rows: pd.Series) -> list[str]:
    """Say of each repeat which row came first, and what would tell it apart if only its name is known."""
    reasons = [f"says the same as row {row}, which came first" for row in rows]
    if "code" not in by:
        return reasons
    around, fields = _find_around(draft.layer), draft.layer.fields
    by_name = draft.assumed["code"] & draft.get("external_id").isna().to_numpy(bool)
    said = draft.get(around).notna().to_numpy(bool)
    for position in np.flatnonzero(by_name[at_fault]):
        same = f"name and {around}" if said[at_fault][position] else "name"
        other = f" or the {around}" if same == "name" and around in fields else ""
        reasons[position] = (
            f"has the same {same} as row {rows.iloc[position]} and no code: "
            f"a column of codes ({fields['code'].headers[0]}){other} tells them apart"
        )
    return reasons


def _find_around(layer: Layer) -> str:
    """Find what tells rows of one name apart: 3栋 is in every compound, a chain in several streets."""
    return "address" if layer.name == "merchants" else "compound"


def _reject_usurpers(draft: Draft, existing: pd.DataFrame, by_code: npt.NDArray[np.int64]) -> None:
    """Reject rows whose code belongs to a stored row of another external id."""
    owner = pd.Series(by_code).map(existing.set_index("id")["external_id"])
    given = draft.get("external_id")
    usurps = (owner.notna() & given.notna() & (owner != given)).to_numpy(bool) & draft.kept
    draft.reject(usurps, "has a code that belongs to a stored row of another external id", "code")

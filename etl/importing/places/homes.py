"""Which known place a row names: its own stored outline, its compound, or one its address speaks of."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from etl.importing.columns.layers import simplify
from etl.importing.draft import Draft
from geo.store.imports import Places

if TYPE_CHECKING:
    import pandas as pd

# Shorter names stand in many an address by chance.
_LEAST_LETTERS = 3
_NOBODY = -1


def find_homes(
    draft: Draft, rows: npt.NDArray[np.int64], places: Places | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.object_]]:
    """Find the known place that each of some rows names.

    Args:
        draft: the file's rows as read so far.
        rows: which rows to look at, repeats allowed.
        places: what is known; None where nobody has looked.

    Returns:
        For every row of the draft a position in the second array, -1 for none; and the places' shapes.
    """
    homes = np.full(len(draft), _NOBODY, dtype=np.int64)
    if places is None:
        return homes, np.empty(0, dtype=object)
    own = {"grids": places.grids, "buildings": places.buildings}.get(draft.layer.name, places.compounds)
    looked_at = np.unique(rows)
    start = len(own)
    by_code = _index(own["code"], range(start))
    names = [
        (name, *others)
        for name, others in zip(places.compounds["name"], places.compounds["aliases"], strict=True)
    ]
    by_name = {simplify(word): start + number for number, words in enumerate(names) for word in words if word}
    by_name |= {
        code: start + number for code, number in _index(places.compounds["code"], range(len(names))).items()
    }
    found = [_NOBODY] * len(looked_at)
    fields = [("code", by_code)] if draft.layer.name in {"grids", "compounds", "buildings"} else []
    fields.append(("name" if draft.layer.name == "compounds" else "compound", by_name))
    for field, known in fields:
        if draft.has(field) and known:
            words = draft.values[field].iloc[looked_at]
            found = [
                known.get(simplify(word), _NOBODY) if home == _NOBODY and isinstance(word, str) else home
                for home, word in zip(found, words, strict=True)
            ]
    if draft.has("address"):
        told = [(name, home) for name, home in by_name.items() if len(name) >= _LEAST_LETTERS]
        found = [
            _find_told(address, told) if home == _NOBODY else home
            for home, address in zip(found, draft.values["address"].iloc[looked_at], strict=True)
        ]
    homes[looked_at] = found
    return homes, np.concatenate([own["geom"].to_numpy(), places.compounds["geom"].to_numpy()])


def _index(words: "pd.Series", numbers: Iterable[int]) -> dict[str, int]:
    return {simplify(word): number for word, number in zip(words, numbers, strict=True)}


def _find_told(address: object, told: list[tuple[str, int]]) -> int:
    if not isinstance(address, str):
        return _NOBODY
    text = simplify(address)
    return next((home for name, home in told if name in text), _NOBODY)

"""Seams of grids: where they overlap, and what of the community they leave to nobody."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from etl.importing.draft import Draft, Mask
from etl.importing.places.ground import Ground
from etl.sources.shelf import find_present
from geo.store.imports import Places

# Less is the rounding of coordinates.
_ROUNDING_M2 = 0.01
# What two drawn lines leave between them is narrow, or small: nobody meant it.
_SLIVER_M2 = 1.0
_SLIVER_GAP_M2 = 10.0
_SLIVER_WIDTH_M = 1.0
_MOST_SHOWN = 100


@dataclass(frozen=True)
class Overlap:
    """Two grids of one kind and time that cover the same ground.

    Attributes:
        row: the position of the first in the draft.
        one: the first, with its code.
        other: the second, of the file or stored.
        area_m2: how much they both cover.
        is_sliver: whether it is so little that nobody meant it.
    """

    row: int
    one: str
    other: str
    area_m2: float
    is_sliver: bool


@dataclass(frozen=True)
class Gap:
    """Ground of the community that is in no grid.

    Attributes:
        area_m2: how much it is.
        shape: a polygon in EPSG:4490.
        is_sliver: whether it is so small or so narrow that nobody meant it.
    """

    area_m2: float
    shape: Any
    is_sliver: bool


@dataclass(frozen=True)
class Seams:
    """Overlaps and gaps, the largest first."""

    overlaps: tuple[Overlap, ...]
    gaps: tuple[Gap, ...]

    def to_dict(self) -> dict[str, Any]:
        """Describe the seams in JSON's types; of each kind the hundred largest."""
        return {
            "overlaps": [
                {
                    "a": overlap.one,
                    "b": overlap.other,
                    "area_m2": round(overlap.area_m2, 2),
                    "sliver": overlap.is_sliver,
                }
                for overlap in self.overlaps[:_MOST_SHOWN]
            ],
            "gaps": [
                {
                    "area_m2": round(gap.area_m2, 2),
                    "geometry": orjson.loads(shapely.to_geojson(gap.shape)),
                    "sliver": gap.is_sliver,
                }
                for gap in self.gaps[:_MOST_SHOWN]
            ],
        }


def find_seams(draft: Draft, places: Places, ground: Ground) -> Seams | None:
    """Find the seams that the community's grids would have, and warn of gaps; None where no outlines come in.

    Args:
        draft: grids whose kind and dates are known; rejected ones count, for they will come again.
        places: the stored grids; one that the file brings anew counts with its new outline.
        ground: the community.
    """
    if draft.layer.name != "grids" or draft.shapes is None:
        return None
    outlined = find_present(draft.shapes)
    seen: set[frozenset[str]] = set()
    overlaps = []
    for overlap in sorted(
        find_overlaps(draft, places, ground, outlined), key=lambda overlap: -overlap.area_m2
    ):
        pair = frozenset((overlap.one, overlap.other))
        if pair not in seen:
            overlaps.append(overlap)
        seen.add(pair)
    gaps = _find_gaps(draft, places, ground, outlined)
    meant = [gap.area_m2 for gap in gaps if not gap.is_sliver]
    if meant:
        count, area, community = len(meant), f"{sum(meant):,.0f}", ground.name
        draft.warn(f"The grids leave {count} gaps in {community}, {area} m² in all.")
    return Seams(tuple(overlaps), tuple(gaps))


def find_overlaps(draft: Draft, places: Places, ground: Ground, counted: Mask) -> list[Overlap]:
    """Find every grid of the file that covers ground of another of its kind and time, by row.

    Args:
        draft: grids whose kind and dates are known.
        places: the stored grids; one that the file brings anew counts with its new outline.
        ground: the community.
        counted: shape (n,), which rows of the draft count.
    """
    own, everything = _collect(draft, places, counted)
    if own.empty:
        return []
    shapes = ground.plane.geometry_to_metres(everything["geom"].to_numpy())
    one, other = shapely.STRtree(shapes).query(shapes[: len(own)], predicate="intersects")
    kind = everything["kind"].to_numpy()
    since, until = everything["valid_from"].to_numpy(), everything["until"].to_numpy()
    rivals = (
        (one != other)
        & (kind[one] == kind[other])
        & (since[one] < until[other])
        & (since[other] < until[one])
    )
    one, other = one[rivals], other[rivals]
    area_m2 = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    names = (everything["name"] + " (" + everything["code"] + ")").to_list()
    rows = own.index.to_numpy()
    return [
        Overlap(int(rows[first]), names[first], names[second], float(area), bool(area <= _SLIVER_M2))
        for first, second, area in zip(one, other, area_m2, strict=True)
        if area > _ROUNDING_M2
    ]


def _collect(draft: Draft, places: Places, counted: Mask) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The file's grids that have an outline, by row; and these followed by the stored ones that stay."""
    assert draft.shapes is not None  # noqa: S101 - who asks has looked
    shapes = draft.shapes[:]
    own = pd.DataFrame({name: draft.get(name) for name in ("kind", "code", "name", "valid_from")})
    own = own.assign(valid_to=draft.get_dates("valid_to"), geom=shapes)[counted & ~shapely.is_missing(shapes)]
    stored = places.grids.astype({"valid_from": "datetime64[us]", "valid_to": "datetime64[us]"})
    renewed = pd.MultiIndex.from_frame(stored[["kind", "code", "valid_from"]]).isin(
        pd.MultiIndex.from_frame(own[["kind", "code", "valid_from"]])
    )
    everything = pd.concat([own, stored.loc[~renewed, list(own)]], ignore_index=True)
    everything["until"] = everything["valid_to"].fillna(pd.Timestamp.max.as_unit("us"))
    return own, everything


def _find_gaps(draft: Draft, places: Places, ground: Ground, counted: Mask) -> list[Gap]:
    own, everything = _collect(draft, places, counted)
    if not (own["kind"] == "community").any():
        return []
    # The day on which all that the file brings is in force.
    day = max(own["valid_from"].max(), pd.Timestamp.now().normalize())
    in_force = (
        (everything["kind"] == "community") & (everything["valid_from"] <= day) & (everything["until"] > day)
    )
    covered = ground.plane.geometry_to_metres(everything.loc[in_force, "geom"].to_numpy())
    parts = shapely.get_parts(shapely.difference(ground.area, shapely.union_all(covered)))
    areas_m2 = shapely.area(parts)
    order = np.argsort(-areas_m2)[: int((areas_m2 > _ROUNDING_M2).sum())]
    shown = shapely.transform(parts[order], ground.plane.to_degrees)
    widths_m: npt.NDArray[np.float64] = 2 * areas_m2 / np.maximum(shapely.length(parts), 1e-9)
    return [
        Gap(
            area_m2=float(areas_m2[part]),
            shape=shape,
            is_sliver=bool(areas_m2[part] < _SLIVER_GAP_M2 or widths_m[part] < _SLIVER_WIDTH_M),
        )
        for part, shape in zip(order, shown, strict=True)
    ]

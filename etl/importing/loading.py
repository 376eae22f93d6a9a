"""From a draft to the store: the rows of a batch, some at a time, and what became of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.draft import Draft, Mask
from etl.importing.identity import NEW
from etl.importing.places.placing import IncidentPlacer
from geo.rules.inert import strip_controls
from geo.store.bulk import encode_outlines, encode_points
from geo.store.imports import RowCounts, close_batch, insert_rows
from geo.store.updating import Difference, list_differences, tell_events, update_rows

Progress = Callable[[str, int, int], None]

# What is found out from a row's place, and changes with it.
_FOLLOWING_PLACE = {"geocode_quality", "building_id", "compound_id", "grid_id"}
_BATCH_ROWS = 65_536
_MOST_DIFFERENCES = 200


@dataclass(frozen=True)
class Loaded:
    """What a batch did to what is stored.

    Attributes:
        counts: how many rows landed, how, and how many did not.
        difference_counts: store column → in how many stored rows it was changed.
        differences: the first of those changes.
    """

    counts: RowCounts
    difference_counts: Mapping[str, int] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()


def load_rows(
    connection: PostgresConnection,
    draft: Draft,
    ids: npt.NDArray[np.int64],
    placer: IncidentPlacer | None,
    community_id: int,
    batch: int,
    total: int,
    on_progress: Progress,
    *,
    may_lock: bool = True,
) -> Loaded:
    """Insert the rows that are new and update the others, and close the batch.

    Args:
        connection: the import's transaction.
        draft: its kept rows land; receives a warning where rows keep what was done here, and rejects rows
            that contradict what is stored.
        ids: shape (n,), the stored row of each row, -1 for those that are new.
        placer: finds out where incidents are; None for places.
        community_id: whose rows they are.
        batch: the batch's number.
        total: how many rows the file has, those included that could not be read.
        on_progress: called with the step's name, rows done and rows in all.
        may_lock: whether readers may be kept waiting where that makes a large batch faster.
    """
    rows, table = _make_rows(draft), draft.layer.table
    new, stored = draft.kept & (ids == NEW), draft.kept & (ids != NEW)
    count = int(new.sum())
    constants = {"community_id": community_id, "import_batch_id": batch}
    if count:
        insert_rows(
            connection,
            table,
            _make_batches(draft, rows, new, placer, constants),
            community_id=community_id,
            count=count,
            columns={
                *rows.column_names,
                *constants,
                *(placer.columns if placer else ()),
                *(["geom"] if _has_places(draft) else []),
            },
            on_progress=lambda done: on_progress("loading", done, count),
            may_lock=may_lock,
        )
    updated = kept = compared = 0
    differing: Counter[str] = Counter()
    for lot in _make_updates(draft, rows, ids, stored, placer):
        updates = update_rows(connection, table, batch, lot, _FOLLOWING_PLACE)
        updated, kept, compared = updated + updates.changed, kept + updates.kept, compared + lot.num_rows
        differing.update(updates.counts)
        if len(updates.torn):
            reason = "has times that contradict those already known of the case"
            draft.reject(np.isin(ids, updates.torn) & stored, reason)
        on_progress("comparing", compared, int(stored.sum()))
    if updated and table == "incident":
        tell_events(connection, batch)
    if kept:
        draft.warn(
            f"{kept:,} cases have been worked on here, and the file says otherwise: their state, holder and "
            "times stay as they are."
        )
    with connection.cursor() as cursor:
        # What the database checks at commit is checked now, while it can still be told in a sentence.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    counts = RowCounts(
        total=total,
        inserted=count,
        updated=updated,
        unchanged=int((stored & draft.kept).sum()) - updated,
        rejected=total - int(draft.kept.sum()),
    )
    close_batch(connection, batch, counts, _tabulate_rejections(draft))
    differences = list_differences(connection, table, batch, _MOST_DIFFERENCES) if updated else ()
    return Loaded(counts, +differing, tuple(differences))


def _make_updates(
    draft: Draft, rows: pa.Table, ids: npt.NDArray[np.int64], stored: Mask, placer: IncidentPlacer | None
) -> Iterator[pa.Table]:
    if stored.any():
        known = _forget_assumptions(rows, draft)
        known = known.drop_columns(["id"] if "id" in draft.values else []).append_column("id", pa.array(ids))
        yield from _make_batches(draft, known, stored, placer, {})


def _make_batches(
    draft: Draft,
    rows: pa.Table,
    chosen: Mask,
    placer: IncidentPlacer | None,
    constants: Mapping[str, int],
) -> Iterator[pa.Table]:
    """Make the chosen rows ready for the store, some at a time: one lot is placed while another is sent."""
    positions = np.flatnonzero(chosen)
    if "reported_at" in draft.values:
        # What happened at one time lies together: indexes on time build faster, and so do reports later.
        moments = draft.values["reported_at"].astype("int64").to_numpy()[positions]
        positions = positions[np.argsort(moments, kind="stable")]
    if (np.diff(positions) < 0).any():
        # In one piece each: taking rows out of columns in pieces would join the pieces every time.
        rows = rows.combine_chunks()
    for start in range(0, len(positions), _BATCH_ROWS):
        lot = positions[start : start + _BATCH_ROWS]
        is_stretch = lot[-1] - lot[0] == len(lot) - 1 and bool((np.diff(lot) == 1).all())
        batch = rows.slice(lot[0], len(lot)) if is_stretch else rows.take(pa.array(lot))
        if _has_places(draft):
            batch = batch.append_column("geom", _encode_places(draft, lot))
        if placer is not None:
            placed = placer.place(draft.points[lot], draft.values["reported_at"].iloc[lot], lot)
            for name, values in placed.items():
                batch = batch.append_column(name, pa.array(values, from_pandas=True))
        for name, value in constants.items():
            batch = batch.append_column(name, pa.array(np.full(batch.num_rows, value)))
        yield batch
        draft.shelf.let_go()


def _has_places(draft: Draft) -> bool:
    return draft.shapes is not None or draft.layer.shape == "point"


def _encode_places(draft: Draft, rows: npt.NDArray[np.int64]) -> pa.Array:
    return encode_points(draft.points[rows]) if draft.shapes is None else encode_outlines(draft.shapes[rows])


def _make_rows(draft: Draft) -> pa.Table:
    """Make the store's columns of all rows of a draft, but their places."""
    stand_ins = {name for name, field in draft.layer.fields.items() if not field.is_stored}
    return pa.table(
        {
            name: pa.array(values, from_pandas=True)
            for name, values in draft.values.items()
            if name not in stand_ins
        }
    )


def _forget_assumptions(rows: pa.Table, draft: Draft) -> pa.Table:
    """Of a row that is stored already, a file changes only what it says."""
    for name, assumed in draft.assumed.items():
        if name in rows.column_names and assumed.any():
            said = pa.array(~assumed)
            position = rows.column_names.index(name)
            rows = rows.set_column(position, name, pc.if_else(said, rows.column(name), None))
    return rows


def _tabulate_rejections(draft: Draft) -> pa.Table:
    return pa.table(
        {
            "row_number": pa.array([rejection.row for rejection in draft.rejections], pa.int32()),
            "column_name": pa.array(
                [rejection.column and strip_controls(rejection.column) for rejection in draft.rejections],
                pa.string(),
            ),
            # It may quote what stands in the file.
            "reason": pa.array(
                [strip_controls(rejection.reason) for rejection in draft.rejections], pa.string()
            ),
        }
    )

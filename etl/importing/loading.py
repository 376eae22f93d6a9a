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
from etl.sources.shelf import encode_shapes
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
    rows, table = _Rows(draft), draft.layer.table
    new, stored = draft.kept & (ids == NEW), draft.kept & (ids != NEW)
    count = int(new.sum())
    constants = {"community_id": community_id, "import_batch_id": batch}
    if count:
        on_progress("loading", 0, count)
        insert_rows(
            connection,
            table,
            _make_batches(draft, rows, new, placer, constants),
            community_id=community_id,
            count=count,
            columns={
                *rows.columns,
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
    draft: Draft, rows: "_Rows", ids: npt.NDArray[np.int64], stored: Mask, placer: IncidentPlacer | None
) -> Iterator[pa.Table]:
    if stored.any():
        yield from _make_batches(draft, rows.identify(ids), stored, placer, {})


def _make_batches(
    draft: Draft,
    rows: "_Rows",
    chosen: Mask,
    placer: IncidentPlacer | None,
    constants: Mapping[str, int],
) -> Iterator[pa.Table]:
    """Make the chosen rows ready for the store, some at a time: one lot is placed while another is sent."""
    positions = np.flatnonzero(chosen)
    if "reported_at" in draft.values:
        # What happened at one time lies together: indexes on time build faster, and so do reports later.
        moments = draft.values["reported_at"].astype("int64").to_numpy()[positions]
        positions = draft.shelf.lay_down(positions[np.argsort(moments, kind="stable")])
        del moments
    for start in range(0, len(positions), _BATCH_ROWS):
        lot = positions[start : start + _BATCH_ROWS]
        batch = rows.take(lot)
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
    if draft.shapes is None:
        return encode_points(draft.points[rows])
    return encode_outlines(encode_shapes(draft.shapes, rows))


class _Rows:
    """The store's columns of a draft's rows, but their places; made of some rows at a time.

    Args:
        draft: the rows.
        ids: shape (n,), which stored rows they are; None for new ones.
    """

    def __init__(self, draft: Draft, ids: npt.NDArray[np.int64] | None = None) -> None:
        self._ids, self._assumed = ids, {} if ids is None else draft.assumed
        left_out = {name for name, field in draft.layer.fields.items() if not field.is_stored}
        self._columns = {
            # In one piece each: taking rows out of columns in pieces would join the pieces every time.
            name: _join(pa.array(values, from_pandas=True))
            for name, values in draft.values.items()
            if name not in left_out | ({"id"} if ids is not None else set())
        }
        self._draft = draft

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return (*self._columns, *(["id"] if self._ids is not None else []))

    def identify(self, ids: npt.NDArray[np.int64]) -> "_Rows":
        """Return them as rows that are stored already, of which a file changes only what it says."""
        return _Rows(self._draft, ids)

    def take(self, lot: npt.NDArray[np.int64]) -> pa.Table:
        """Make some rows."""
        is_stretch = lot[-1] - lot[0] == len(lot) - 1 and bool((np.diff(lot) == 1).all())
        taken = {
            name: values.slice(lot[0], len(lot)) if is_stretch else values.take(pa.array(lot))
            for name, values in self._columns.items()
        }
        for name, assumed in self._assumed.items():
            if name in taken and assumed[lot].any():
                taken[name] = pc.if_else(pa.array(~assumed[lot]), taken[name], None)
        return pa.table(taken if self._ids is None else {**taken, "id": pa.array(self._ids[lot])})


def _join(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


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

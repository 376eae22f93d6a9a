"""One file into one layer, as one transaction: the batch lands whole, or not at all."""

import gc
import glob
import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psycopg2
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.categories import CategoryFinder, assign_categories
from etl.importing.columns.layers import load_layers
from etl.importing.columns.mapping import is_ours
from etl.importing.columns.memory import keep_source, open_source
from etl.importing.draft import Draft, draft_rows
from etl.importing.identity import NEW, identify_by, key_incidents, match_rows, name_rows, reject_totals
from etl.importing.loading import Loaded, Progress, load_rows
from etl.importing.places.addressing import place_by_address
from etl.importing.places.doubling import warn_of_doubles, warn_of_namesakes
from etl.importing.places.ground import Ground
from etl.importing.places.locating import locate_rows
from etl.importing.places.moving import warn_of_shift
from etl.importing.places.placing import IncidentPlacer
from etl.importing.places.seams import find_seams
from etl.importing.preview import map_rows
from etl.importing.recognising import recognise_rows
from etl.importing.refused import collect_refused_rows
from etl.importing.report import ImportReport
from etl.importing.rules import (
    check_buildings,
    check_compounds,
    check_grids,
    check_ground,
    check_incidents,
    check_merchants,
    settle_elderly,
    settle_parents,
)
from geo.errors import InputRefused
from geo.operations.refused_rows import RefusedRows
from geo.store.engine import transaction
from geo.store.imports import (
    Places,
    RowCounts,
    find_community,
    lock_imports,
    note_import,
    open_batch,
    read_categories,
    read_identities,
    read_places,
)
from geo.store.undo import UndoneBatch
from geo.store.undo import undo_batch as undo_stored_batch

_PLACE_CHECKS = {
    "grids": check_grids,
    "compounds": check_compounds,
    "buildings": check_buildings,
    "merchants": check_merchants,
    "ground": check_ground,
}
_NEEDS_SHAPE = {"grids", "compounds", "buildings", "ground"}


def import_file(
    connection_or_url: PostgresConnection | str | None,
    path: Path | str,
    *,
    layer: str | None = None,
    community: str | None = None,
    crs: str | None = None,
    mapping: Mapping[str, str] | None = None,
    source_layer: str | None = None,
    dry_run: bool = False,
    keep_refused: Callable[[RefusedRows], None] | None = None,
    account: int | None = None,
    on_progress: Progress = lambda _step, _done, _total: None,
) -> ImportReport:
    """Import a file: every row lands, updates the row it already is, or is reported with its reason.

    Args:
        connection_or_url: a connection, whose transaction its owner ends; or a database URL, None being the
            installation's own, where the batch is committed here.
        path: a file of any kind :func:`etl.sources.reading.read_source` reads.
        layer: grids, compounds, buildings, merchants, ground or incidents; None where the file tells.
        community: code of the community; may be None where there is only one.
        crs: the coordinate system; None where the file says.
        mapping: the file's column → field, for columns whose names we would not understand.
        source_layer: the layer or sheet of the file, where it has several.
        dry_run: do everything, then take it back.
        keep_refused: called with the rows that are refused, if any are, before anything is committed.
        account: whoever brings it in, by the number of his account; None from the command line.
        on_progress: called with the step's name, rows done and rows in all.

    Raises:
        InputRefused: the file, or the batch as a whole, cannot be taken in; nothing has changed.
        NotFound: there is no such community.
        DatabaseUnavailable: the database cannot be reached.
    """
    path = Path(path)
    on_progress("reading", 0, 0)
    with (
        _look_through_new_objects_only(),
        ThreadPoolExecutor(max_workers=1) as beside,
        _open(connection_or_url) as connection,
        _savepoint(connection, keep=not dry_run),
    ):
        home = find_community(connection, community)
        opened = open_source(
            connection,
            home.id,
            path,
            layer=layer,
            crs=crs,
            mapping=dict(mapping or {}),
            source_layer=source_layer,
        )
        table, chosen, columns = opened.table, opened.layer, opened.columns
        total = len(table.row_numbers) + len(table.unreadable)
        # Reading keeps two processors busy, checking not always.
        hashing = beside.submit(hash_file, path)
        lock_imports(connection)
        on_progress("checking", 0, total)
        draft = draft_rows(table, chosen, columns, crs=crs, given=mapping or {})
        columns = draft.columns
        read_as = {header: field for field, header in columns.fields.items()}
        places = read_places(connection, home.id)
        ground = Ground(home, places)
        source = locate_rows(draft, table, crs, ground, path.name, is_confirmed=opened.is_confirmed)
        source_crs = None if source is None else source.name
        draft.shelf.let_go()
        _check_rows(connection, draft, places, ground)
        draft.shelf.let_go()
        seams = find_seams(draft, places, ground)
        known = read_identities(connection, chosen.table, home.id, identify_by(chosen))
        ids = recognise_rows(connection, draft, match_rows(draft, known), home.id)
        _require_shapes(draft, ids)
        settle_parents(connection, draft, ids)
        settle_elderly(draft, ids, places)
        warn_of_doubles(draft, ids, places)
        warn_of_namesakes(connection, draft, ids, home.id, ground.plane)
        draft.shelf.let_go()
        batch, loaded = None, Loaded(RowCounts(total, inserted=0, updated=0, unchanged=0, rejected=total))
        if draft.kept.any():
            batch = open_batch(
                connection,
                community_id=home.id,
                layer=chosen.name,
                file_name=path.name,
                file_sha256=hashing.result(),
                source_crs=source_crs,
                encoding=table.encoding,
                mapping=read_as,
                account=account,
            )
            if source is not None:
                undoable = None if dry_run else batch
                warn_of_shift(connection, draft, ids, source, ground.plane, undoable, asked=crs is not None)
            with _explain_refusal(path.name):
                on_progress("placing", 0, total)
                told = place_by_address(connection, draft, ids, places, home.id)
                draft.shelf.let_go()
                placer = IncidentPlacer(places, ground.plane, told) if chosen.name == "incidents" else None
                loaded = load_rows(
                    connection,
                    draft,
                    ids,
                    placer,
                    home.id,
                    batch,
                    total,
                    on_progress,
                    # While somebody brings a file in from a page, all others go on working.
                    may_lock=account is None,
                )
            if not dry_run:
                note_import(connection, batch, account, loaded.counts.inserted + loaded.counts.updated)
            keep_source(connection, home.id, path, table.columns, opened.chosen)
        shown = map_rows(connection, draft, ids, batch)
        rejections = tuple(sorted(draft.rejections, key=lambda rejection: rejection.row))
        if keep_refused is not None and rejections:
            keep_refused(
                collect_refused_rows(
                    path, source_layer, rejections, left_out=columns.personal, crs=source_crs
                )
            )
    return ImportReport(
        batch=None if dry_run else batch,
        dry_run=dry_run,
        file_name=path.name,
        layer=chosen.name,
        community=home.code,
        rows=loaded.counts,
        rejections=rejections,
        warnings=tuple(draft.warnings),
        notes=tuple(draft.notes),
        crs=source_crs,
        encoding=table.encoding,
        mapping=read_as,
        personal_columns=columns.personal,
        unknown_columns=tuple(column for column in columns.unknown if not is_ours(column)),
        unplaced=int((draft.kept & ~draft.located & (ids == NEW)).sum()),
        remembered=opened.told,
        differences=_number_differences(draft, ids, loaded),
        difference_counts=loaded.difference_counts,
        map=shown,
        seams=None if seams is None else seams.to_dict(),
        repairs=tuple(sorted(draft.repairs)),
        refused_file=keep_refused is not None and bool(rejections),
    )


def _number_differences(
    draft: Draft, ids: npt.NDArray[np.int64], loaded: Loaded
) -> tuple[dict[str, Any], ...]:
    """Tell changes to stored rows by the rows of the file that brought them."""
    stored = draft.kept & (ids != NEW)
    rows = dict(zip(ids[stored].tolist(), draft.row_numbers[stored].tolist(), strict=True))
    return tuple(
        {"row": rows[difference.id], **{key: value for key, value in vars(difference).items() if key != "id"}}
        for difference in loaded.differences
    )


def _check_rows(connection: PostgresConnection, draft: Draft, places: Places, ground: Ground) -> None:
    """Find out all about the rows but which stored rows they are."""
    reject_totals(draft)
    if draft.layer.name == "incidents":
        check_incidents(draft)
        assign_categories(draft, CategoryFinder(read_categories(connection)))
        key_incidents(draft)
    else:
        name_rows(draft)
        _PLACE_CHECKS[draft.layer.name](draft, places, ground)


def undo_import(
    connection_or_url: PostgresConnection | str | None,
    batch: int,
    *,
    community: str | None = None,
    account: int | None = None,
) -> UndoneBatch:
    """Bring back the exact state before a batch.

    Args:
        connection_or_url: as for :func:`import_file`.
        batch: the batch's number.
        community: code of the community that it must be of; None for any.
        account: whoever takes it back, by the number of his account; None from the command line.

    Raises:
        NotFound: there is no such batch.
        Conflict: it is undone already, or something built on it since stands in the way.
    """
    tables = {name: layer.table for name, layer in load_layers().items()}
    with _open(connection_or_url) as connection:
        undone = undo_stored_batch(connection, batch, tables, community)
        note_import(connection, batch, account, undone.deleted + undone.restored)
        return undone


@contextmanager
def _look_through_new_objects_only() -> Iterator[None]:
    """Spare the garbage collector what was there before: it would look through all of it for a few shapes."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _open(connection_or_url: PostgresConnection | str | None) -> Iterator[PostgresConnection]:
    if isinstance(connection_or_url, PostgresConnection):
        yield connection_or_url
        return
    with transaction(connection_or_url) as connection:
        yield connection


@contextmanager
def _savepoint(connection: PostgresConnection, *, keep: bool) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT import_file")
        try:
            yield
        except BaseException:
            if not connection.closed:
                cursor.execute("ROLLBACK TO SAVEPOINT import_file")
            raise
        cursor.execute("RELEASE SAVEPOINT import_file" if keep else "ROLLBACK TO SAVEPOINT import_file")


@contextmanager
def _explain_refusal(file_name: str) -> Iterator[None]:
    """Turn what the database's constraints refuse into a sentence; they are the net below our own checks."""
    try:
        yield
    except psycopg2.IntegrityError as refusal:
        detail = (refusal.diag.message_primary or str(refusal)).strip()
        message = f"{file_name} was not imported, and nothing has changed: {detail}."
        raise InputRefused(message) from refusal


def _require_shapes(draft: Draft, ids: npt.NDArray[np.int64]) -> None:
    if draft.layer.name in _NEEDS_SHAPE:
        reason = "is new and has no outline; only rows that are stored already can come without one"
        draft.reject((ids == NEW) & draft.kept & ~draft.located, reason)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file; of one in several parts, a Shapefile or FileGDB, that of all by name."""
    parts = [path]
    if path.is_dir():
        parts = sorted(part for part in path.rglob("*") if part.is_file())
    elif path.suffix.lower() == ".shp":
        parts = sorted(part for part in path.parent.glob(f"{glob.escape(path.stem)}.*") if part.is_file())
    hashes = []
    for part in parts:
        with part.open("rb") as file:
            hashes.append(hashlib.file_digest(file, "sha256").hexdigest())
    if parts == [path]:
        return hashes[0]
    named = zip((part.relative_to(path.parent) for part in parts), hashes, strict=True)
    return hashlib.sha256("".join(f"{name}\0{own}\0" for name, own in named).encode()).hexdigest()

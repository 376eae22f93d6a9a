"""Jobs that bring a file in, the history of imports, and what is remembered of a source.

The pages make jobs and read them, each account its own. The process that reads the file acts as the owner; it
holds a lock named by the job for as long as it lives, so that a job without one is known to be dead.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.store.engine import connect, load_queries, transaction

Step = Literal["look", "try", "commit", "undo"]
# What a job is while a step is taken, and after it.
DOING: Final[Mapping[Step, str]] = {
    "look": "looking",
    "try": "trying",
    "commit": "committing",
    "undo": "undoing",
}
DONE: Final[Mapping[Step, str]] = {"look": "looked", "try": "tried", "commit": "committed", "undo": "undone"}

# A process has so long to start before a job without one is given up.
_GRACE: Final = "60 seconds"


@dataclass(frozen=True)
class ImportJob:
    """A file on its way in, or a batch on its way out.

    Attributes:
        id: the job's name.
        community_id: whose rows they are.
        file_name: as it was called where it comes from.
        state: waiting, looking, looked, trying, tried, committing, committed, undoing, undone, failed or
            discarded.
        options: what was chosen; see :class:`geo.operations.importing.Options`.
        look: what the file holds, after the first step.
        preview: what an import would do, after the second.
        report: what the import did, or the undoing.
        problem: one sentence, where the last step failed.
        progress: ``step``, ``done`` and ``total`` of the step that goes on.
        batch: the batch that came of it, or was undone.
        created_at: when the file came.
        changed_at: when anything of this last changed.
    """

    id: str
    community_id: int
    file_name: str
    state: str
    options: Mapping[str, Any]
    look: Mapping[str, Any] | None
    preview: Mapping[str, Any] | None
    report: Mapping[str, Any] | None
    problem: str | None
    progress: Mapping[str, Any] | None
    batch: int | None
    created_at: datetime
    changed_at: datetime

    @property
    def is_busy(self) -> bool:
        """Whether a step goes on."""
        return self.state in DOING.values()


@dataclass(frozen=True)
class ImportOrder:
    """What the process beside the server is to do: a job as it needs it."""

    community_id: int
    community: str
    account_id: int
    file_name: str
    state: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class ImportedBatch:
    """One batch of the history; ``imported_by`` is None where it came from the command line."""

    id: int
    layer: str
    file_name: str
    source_crs: str | None
    encoding: str | None
    total: int
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    imported_at: datetime
    undone_at: datetime | None
    imported_by: str | None


@dataclass(frozen=True)
class RememberedSource:
    """What was chosen for a file of the same columns the last time."""

    layer: str
    crs: str | None
    mapping: Mapping[str, str]


def insert_job(
    job_id: str, community_id: int, file_name: str, options: Mapping[str, Any], state: str = "waiting"
) -> None:
    """Make a job of whoever acts.

    Raises:
        psycopg2.errors.InsufficientPrivilege: he may not bring files into that community.
    """
    with transaction() as connection:
        load_queries("import_jobs").open_job(
            connection,
            job_id=job_id,
            community_id=community_id,
            file_name=file_name,
            state=state,
            options=_write(options),
        )


def find_job(job_id: str) -> tuple[ImportJob, bool] | None:
    """Return a job of whoever acts, and whether its process is gone; None where he has no such job."""
    with connect() as connection:
        row = load_queries("import_jobs").read_job(connection, job_id=job_id, grace=_GRACE)
    if row is None:
        return None
    *values, is_dead = row
    return ImportJob(str(values[0]), *values[1:]), bool(is_dead)


def list_open_jobs(community_id: int) -> list[str]:
    """Return the jobs of whoever acts that are not over, the last one first."""
    with connect() as connection:
        return [
            str(row[0])
            for row in load_queries("import_jobs").list_jobs(connection, community_id=community_id)
        ]


def begin_step(job_id: str, step: Step, options: Mapping[str, Any]) -> bool:
    """Turn to a step; return whether the job was there and at rest."""
    with transaction() as connection:
        changed = load_queries("import_jobs").start_step(
            connection, job_id=job_id, state=DOING[step], options=_write(options)
        )
    return bool(changed)


def await_turn(job_id: str, step: Step) -> bool:
    """Write of a job of whoever acts that it waits for others to end; return whether it is still wanted."""
    with transaction() as connection:
        return tell_progress(connection, job_id, step, {"step": "waiting", "done": 0, "total": 0})


def fail_step(job_id: str, problem: str) -> None:
    """Give up the step that goes on, if one does."""
    with transaction() as connection:
        load_queries("import_jobs").fail_step(connection, job_id=job_id, problem=problem)


def close_job(job_id: str) -> bool:
    """Discard a job; return whether it was there and not over."""
    with transaction() as connection:
        return bool(load_queries("import_jobs").discard_job(connection, job_id=job_id))


def list_batches(community_id: int, most: int = 200) -> list[ImportedBatch]:
    """Return the last imports into a community, the newest first."""
    with connect() as connection:
        rows = load_queries("import_jobs").list_batches(connection, community_id=community_id, most=most)
        return [ImportedBatch(*row) for row in rows]


def claim_job(connection: PostgresConnection, job_id: str) -> bool:
    """Hold a job for as long as a connection lives; False where another process does."""
    return bool(load_queries("import_jobs").claim_job(connection, job_id=job_id))


def get_order(connection: PostgresConnection, job_id: str) -> ImportOrder | None:
    """Return what is to be done, as the owner."""
    row = load_queries("import_jobs").get_order(connection, job_id=job_id)
    return None if row is None else ImportOrder(*row)


def tell_progress(
    connection: PostgresConnection, job_id: str, step: Step, progress: Mapping[str, Any]
) -> bool:
    """Write how far a step is; return whether it is still wanted."""
    return bool(
        load_queries("import_jobs").tell_progress(
            connection, job_id=job_id, state=DOING[step], progress=_write(progress)
        )
    )


def finish_step(
    connection: PostgresConnection,
    job_id: str,
    step: Step,
    *,
    look: Mapping[str, Any] | None = None,
    preview: Mapping[str, Any] | None = None,
    report: Mapping[str, Any] | None = None,
    batch: int | None = None,
) -> bool:
    """Write what a step found, in the caller's transaction; return whether it is still wanted."""
    return bool(
        load_queries("import_jobs").finish_step(
            connection,
            job_id=job_id,
            before=DOING[step],
            state=DONE[step],
            look=look and _write(look),
            preview=preview and _write(preview),
            report=report and _write(report),
            batch_id=batch,
        )
    )


def forget_jobs(connection: PostgresConnection, before: datetime) -> None:
    """Delete the jobs that nothing has changed since a moment; their batches stay."""
    load_queries("import_jobs").forget_jobs(connection, before=before)


def find_sources(
    connection: PostgresConnection, community_id: int, kind: str, fingerprint: str
) -> list[RememberedSource]:
    """Return what was chosen for files of the same kind and columns, the last choice first."""
    rows = load_queries("import_jobs").find_sources(
        connection, community_id=community_id, kind=kind, fingerprint=fingerprint
    )
    return [RememberedSource(*row) for row in rows]


def remember_source(
    connection: PostgresConnection, community_id: int, kind: str, fingerprint: str, source: RememberedSource
) -> None:
    """Keep what was chosen, for the next file of the same kind and columns."""
    load_queries("import_jobs").remember_source(
        connection,
        community_id=community_id,
        layer=source.layer,
        kind=kind,
        fingerprint=fingerprint,
        crs=source.crs,
        mapping=_write(source.mapping),
    )


def _write(value: Mapping[str, Any]) -> str:
    return json.dumps(_make_storable(value), ensure_ascii=False)


def _make_storable(value: Any) -> Any:
    """Leave out what PostgreSQL cannot keep: a damaged file has NUL characters and halves of characters."""
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {_make_storable(str(key)): _make_storable(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_make_storable(entry) for entry in value]
        case _:
            return value

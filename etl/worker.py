"""The process that reads an upload, beside the server: ``python -m etl.worker JOB STEP``.

It acts as the database's owner, into the community of the job and nowhere else. Memory and processor time are
limited, for nobody knows what is in the file. It ends when its standard input does, which the server holds
open, and when the job is no longer wanted. What it finds and how far it is, it writes into the job, without
anything personal.
"""

import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, cast, get_args

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file, undo_import
from etl.importing.looking import look_at_file
from etl.limits import end_with_parent, explain_failure, limit_process
from geo.operations.importing import REFUSED_ROWS, clear_spool, find_folder
from geo.operations.refused_rows import keep_refused_rows
from geo.store.engine import get_engine, transaction
from geo.store.import_jobs import (
    ImportOrder,
    Step,
    claim_job,
    fail_step,
    finish_step,
    forget_jobs,
    get_order,
    tell_progress,
)

_TELL_EVERY_S: Final = 0.5
_KEPT: Final = timedelta(days=7)


class _NotWanted(Exception):
    """The job was discarded meanwhile."""


def main() -> None:
    """Take a step of a job; exit code 0 means that the job says what came of it."""
    job_id, step = sys.argv[1:]
    if step not in get_args(Step):
        sys.exit(f"there is no step {step}")
    end_with_parent()
    try:
        _take_step(job_id, cast("Step", step))
    except _NotWanted:
        pass
    except Exception as failure:  # noqa: BLE001 - the process boundary: the reader is told a sentence
        fail_step(job_id, explain_failure(failure))


def _take_step(job_id: str, step: Step) -> None:
    # One connection holds the job and tells how far it is, for the import's own tells nothing before its end.
    with closing(get_engine().raw_connection()) as pooled:
        teller = cast("PostgresConnection", pooled.driver_connection)
        teller.autocommit = True
        if not claim_job(teller, job_id):
            return
        order = get_order(teller, job_id)
        if order is None:
            raise _NotWanted
        clear_spool()
        forget_jobs(teller, datetime.now(UTC) - _KEPT)
        tell = _make_teller(teller, job_id, step)
        tell("starting", 0, 0)
        if step == "undo":
            tell("undoing", 0, 0)
            _undo(job_id, order)
            return
        path = find_folder(job_id) / order.file_name
        limit_process(path)
        if step == "look":
            _look(job_id, order, path, tell)
        else:
            _import(job_id, order, path, tell, is_trial=step == "try")


def _look(job_id: str, order: ImportOrder, path: Path, tell: Callable[[str, int, int], None]) -> None:
    with transaction() as connection:
        look = look_at_file(connection, path, community=order.community, on_progress=tell, **order.options)
        _require(finish_step(connection, job_id, "look", look=look))


def _import(
    job_id: str,
    order: ImportOrder,
    path: Path,
    tell: Callable[[str, int, int], None],
    *,
    is_trial: bool,
) -> None:
    refused = path.with_name(REFUSED_ROWS)
    refused.unlink(missing_ok=True)
    with transaction() as connection:
        report = import_file(
            connection,
            path,
            community=order.community,
            dry_run=is_trial,
            keep_refused=lambda rows: keep_refused_rows(refused, rows),
            on_progress=tell,
            account=order.account_id,
            **order.options,
        )
        told = report.to_dict()
        # Within the import's own transaction: the batch and the word of it are there both, or neither is.
        if is_trial:
            done = finish_step(connection, job_id, "try", preview=told)
        else:
            done = finish_step(connection, job_id, "commit", report=told, batch=report.batch)
        _require(done)
    if not is_trial:
        path.unlink()


def _undo(job_id: str, order: ImportOrder) -> None:
    batch = int(order.options["batch"])
    with transaction() as connection:
        undone = undo_import(connection, batch, community=order.community, account=order.account_id)
        _require(finish_step(connection, job_id, "undo", report=vars(undone), batch=batch))


def _require(is_wanted: bool) -> None:
    if not is_wanted:
        raise _NotWanted


def _make_teller(connection: PostgresConnection, job_id: str, step: Step) -> Callable[[str, int, int], None]:
    told_at, said = -_TELL_EVERY_S, ""

    def tell(what: str, done: int, total: int) -> None:
        nonlocal told_at, said
        now = monotonic()
        if what == said and now - told_at < _TELL_EVERY_S:
            return
        told_at, said = now, what
        _require(tell_progress(connection, job_id, step, {"step": what, "done": done, "total": total}))

    return tell


if __name__ == "__main__":
    main()

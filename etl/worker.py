"""The process that reads an upload, beside the server: ``python -m etl.worker JOB STEP``.

It acts as the database's owner, into the community of the job and nowhere else. Memory and processor time are
limited, for nobody knows what is in the file. It ends when its standard input does, which the server holds
open, and when the job is no longer wanted. What it finds and how far it is, it writes into the job, without
anything personal.
"""

import os
import resource
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final, cast, get_args

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file, undo_import
from etl.importing.looking import look_at_file
from geo.errors import WanggeError
from geo.operations.importing import REFUSED_ROWS, clear_spool, find_folder
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

# Beside what the libraries occupy before they have read anything.
_MEMORY_BYTES: Final = 1 << 30
# A small file takes seconds; a hundred megabytes take a minute or two.
_LEAST_CPU_S: Final = 30
_CPU_S_PER_MB: Final = 3
_TELL_EVERY_S: Final = 0.5
_MEBIBYTE: Final = 1 << 20
_KEPT: Final = timedelta(days=7)


class _NotWanted(Exception):
    """The job was discarded meanwhile."""


def main() -> None:
    """Take a step of a job; exit code 0 means that the job says what came of it."""
    job_id, step = sys.argv[1:]
    if step not in get_args(Step):
        sys.exit(f"there is no step {step}")
    _end_with_server()
    try:
        _take_step(job_id, cast("Step", step))
    except _NotWanted:
        pass
    except WanggeError as refusal:
        fail_step(job_id, str(refusal))
    except MemoryError:
        sentence = "the file takes more memory than a file may: leave out what is not needed, or split it"
        fail_step(job_id, sentence)
    except Exception as failure:  # noqa: BLE001 - the process boundary: the reader is told a sentence
        # Its kind and place only, for its message may repeat what is in the file.
        last = traceback.extract_tb(failure.__traceback__)[-1]
        place = f"{type(failure).__name__}, {Path(last.filename).name} line {last.lineno}"
        sentence = (
            f"the file could not be brought in for a reason nobody foresaw ({place}): nothing has changed; "
            "tell whoever looks after Wangge, and try it saved anew or as another kind of file"
        )
        fail_step(job_id, sentence)


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
            _undo(job_id, order)
            return
        path = find_folder(job_id) / order.file_name
        _limit(path)
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
            refused=refused,
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
        undone = undo_import(connection, batch, community=order.community)
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


def _limit(path: Path) -> None:
    """Limit memory and processor time; what goes beyond raises MemoryError, or ends the process."""
    with Path("/proc/self/status").open() as status:
        held_kib = next(int(line.split()[1]) for line in status if line.startswith("VmData:"))
    most = held_kib * 1024 + _MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    used_s = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    size_mb = path.stat().st_size / _MEBIBYTE
    most_s = int(used_s + _LEAST_CPU_S + _CPU_S_PER_MB * size_mb)
    resource.setrlimit(resource.RLIMIT_CPU, (most_s, most_s + 5))
    # A process that is ended leaves no picture of its memory, in which the file is.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_server() -> None:
    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    main()

"""Files brought in from a page: a job for each, whose steps a process beside the server takes.

The server never reads an upload: a damaged file can end the process that does, not the server. That process
is ``etl.worker``; it acts as the database's owner, as a command does, but only into the community of a job
that whoever acts was allowed to make. It ends when the server does, when the job is discarded, and when it
takes too long.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import BoundedSemaphore, Lock, Thread
from time import time
from typing import Any, BinaryIO, Final

import psycopg2.errors

from geo.errors import Conflict, DatabaseUnavailable, Forbidden, InputRefused, NotFound
from geo.model.actor import Actor
from geo.operations.refused_rows import load_refused_rows, write_workbook
from geo.settings import get_settings
from geo.store.engine import acting_as, get_actor
from geo.store.import_jobs import (
    ImportedBatch,
    ImportJob,
    Step,
    await_turn,
    begin_step,
    close_job,
    fail_step,
    find_job,
    insert_job,
    list_batches,
    list_open_jobs,
)

__all__ = ["ImportJob", "ImportedBatch", "Options", "list_batches", "list_open_jobs"]

MOST_BYTES: Final = 2 * 2**30
REFUSED_ROWS: Final = "refused.jsonl"
# What the process lays down while it reads; it may be killed, and cannot clear up after itself then.
_SCRATCH: Final = "scratch"
# How many files are read at once; the others wait.
_AT_ONCE: Final = 2
_TURN_S: Final = 20.0
# A step that has not ended by itself after so long is ended.
_PATIENCE_S: Final = 3600.0
_KEPT_S: Final = 24 * 3600.0
_LONGEST_NAME: Final = 120
_COPY_BYTES: Final = 1 << 20
# In one word why a process ended: what it is told to the reader is a sentence.
_ENDINGS: Final[Mapping[int, str]] = {
    signal.SIGXCPU: "the file takes too long to read: leave out what is not needed, or split it",
    signal.SIGKILL: "the import was stopped from outside, perhaps for want of memory: nothing has changed; "
    "try again, or with a smaller file",
    signal.SIGTERM: "the import was stopped from outside: nothing has changed; try again",
}
_BROKEN: Final = (
    "the file is damaged in a way that ends the program reading it: nothing has changed; "
    "open it where it comes from and save it anew"
)
_CUT_OFF: Final = "the import was cut off when the server ended: nothing has changed; try again"
_NOT_UNDONE: Final = "taking the import back was stopped before its end: nothing has changed; try again"
_STUCK: Final = "the import did not end in an hour and was stopped: nothing has changed; try again"
_STEPS_OF_A_FILE: Final = frozenset({"look", "try", "commit"})

_slots = BoundedSemaphore(_AT_ONCE)
_processes: dict[str, "subprocess.Popen[bytes]"] = {}
_processes_lock = Lock()


@dataclass(frozen=True)
class Options:
    """What is chosen for a file.

    Attributes:
        layer: the layer its rows go to; None where the file tells.
        source_layer: layer or sheet of the file, where it has several.
        crs: the coordinate system; None where the file says.
        mapping: the file's column → field, for columns that are not understood by themselves; the empty field
            leaves a column out.
    """

    layer: str | None = None
    source_layer: str | None = None
    crs: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)


def open_job(community_id: int, file_name: str, content: bytes | BinaryIO) -> str:
    """Keep an upload and make a job of it; return the job's name.

    Args:
        community_id: whose rows the file holds.
        file_name: as it is called where it comes from; its ending says its kind.
        content: what is in it.

    Raises:
        InputRefused: the file has no name, no content, or too much of it.
        Forbidden: whoever acts may not bring files into that community.
    """
    name = _clean_name(file_name)
    job_id = str(uuid.uuid4())
    folder = find_folder(job_id)
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)
    try:
        size = _write_upload(folder / name, content)
        if not size:
            msg = f"{name} is empty: choose a file with rows in it"
            raise InputRefused(msg)
        _insert(job_id, community_id, name, {})
    except OSError as failure:
        shutil.rmtree(folder, ignore_errors=True)
        msg = f"{name} could not be kept: see that there is room on the server's disk"
        raise InputRefused(msg) from failure
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return job_id


def start_step(job_id: str, step: Step, options: Options | None = None) -> None:
    """Let a process take a job's next step; how it gets on, :func:`read_job` tells.

    Args:
        job_id: the job.
        step: ``look`` at what the file holds, ``try`` the import and take it back, or ``commit`` it.
        options: what is chosen by now; None leaves what was chosen before.

    Raises:
        NotFound: whoever acts has no such job.
        Conflict: another step goes on, or the job is over.
    """
    job = read_job(job_id)
    if step not in _STEPS_OF_A_FILE or "batch" in job.options:
        msg = "a batch that is being undone takes no other step: look at the history of imports"
        raise Conflict(msg)
    _begin(job, step, job.options if options is None else vars(options))


def undo_batch(community_id: int, batch: int) -> str:
    """Let a process undo a batch; return the name of the job that does.

    Raises:
        NotFound: there is no such batch in the community.
        Forbidden: whoever acts may not take imports back.
    """
    found = next((entry for entry in list_batches(community_id) if entry.id == batch), None)
    if found is None:
        msg = f"there is no import {batch} in this community"
        raise NotFound(msg)
    job_id, options = str(uuid.uuid4()), {"batch": batch}
    _insert(job_id, community_id, found.file_name[:_LONGEST_NAME], options)
    _begin(read_job(job_id), "undo", options)
    return job_id


def read_job(job_id: str) -> ImportJob:
    """Return a job as it is now; one whose process is gone has failed.

    Raises:
        NotFound: whoever acts has no such job.
    """
    found = find_job(_parse(job_id))
    if found is None:
        raise _no_such_job()
    job, is_dead = found
    if is_dead:
        _clear_scratch(job_id)
        fail_step(job_id, _NOT_UNDONE if "batch" in job.options else _CUT_OFF)
        return read_job(job_id)
    return job


def discard_job(job_id: str) -> None:
    """Give a job up: what goes on ends, and the upload is deleted. Of a job that is over nothing changes.

    Raises:
        NotFound: whoever acts has no such job.
    """
    read_job(job_id)
    if close_job(job_id):
        with _processes_lock:
            process = _processes.get(job_id)
        if process is not None:
            process.kill()
        shutil.rmtree(find_folder(job_id), ignore_errors=True)


def read_refused_rows(job_id: str, tell: Callable[[str], str] = str) -> bytes | None:
    """Return a workbook of the rows that a job's last step refused, or None where there are none.

    Args:
        job_id: the job.
        tell: from the clause by which a row was refused to the reader's language.

    Raises:
        NotFound: whoever acts has no such job.
    """
    read_job(job_id)
    kept = find_folder(job_id) / REFUSED_ROWS
    with suppress(FileNotFoundError), TemporaryDirectory() as folder:
        book = Path(folder) / "refused.xlsx"
        write_workbook(book, load_refused_rows(kept), tell)
        return book.read_bytes()
    return None


def find_folder(job_id: str) -> Path:
    """Return where the upload of a job lies, and what is made of it."""
    return get_settings().data_dir / "imports" / _parse(job_id)


def clear_spool() -> None:
    """Delete the uploads that nothing was done with for a day."""
    for folder in (get_settings().data_dir / "imports").glob("*-*-*-*-*"):
        with suppress(FileNotFoundError):
            if time() - folder.stat().st_mtime > _KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)


def _begin(job: ImportJob, step: Step, options: Mapping[str, Any]) -> None:
    if step in _STEPS_OF_A_FILE and not (find_folder(job.id) / job.file_name).exists():
        msg = f"{job.file_name} is kept for a day only: choose the file again"
        raise Conflict(msg)
    if not begin_step(job.id, step, options):
        msg = "another step of this import goes on, or it is over: look at it again"
        raise Conflict(msg)
    Thread(target=_supervise, args=(job.id, step, get_actor()), daemon=True).start()


def _supervise(job_id: str, step: Step, actor: Actor | None) -> None:
    """Take a step as whoever asked for it, once it is its turn: he may write of his job that it failed."""
    with acting_as(actor) if actor else nullcontext(), suppress(NotFound, DatabaseUnavailable):
        while not _slots.acquire(timeout=_TURN_S):
            if not await_turn(job_id, step):
                return
        try:
            if read_job(job_id).is_busy:
                problem = _run_worker(job_id, step)
                if problem is not None:
                    fail_step(job_id, problem)
                _forget_upload(job_id)
        finally:
            _slots.release()


def _forget_upload(job_id: str) -> None:
    """Delete the upload of an import that is done, whose process may have ended before it could."""
    job = read_job(job_id)
    if job.state == "committed":
        (find_folder(job_id) / job.file_name).unlink(missing_ok=True)


def _run_worker(job_id: str, step: Step) -> str | None:
    """Wait for a process to take a step; return why it ended, unless it could say so itself."""
    scratch = _clear_scratch(job_id)
    with suppress(FileNotFoundError):  # An undoing has no folder, and needs none.
        scratch.mkdir(mode=0o700)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "etl.worker", job_id, step],
        env=os.environ | ({"TMPDIR": str(scratch)} if scratch.exists() else {}),
        # The process ends when this is closed, as it is if the server dies.
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        # What libraries say of a damaged file may repeat what is in it.
        stderr=subprocess.DEVNULL,
    )
    with _processes_lock:
        _processes[job_id] = process
    try:
        status = process.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        return _NOT_UNDONE if step == "undo" else _STUCK
    finally:
        with _processes_lock:
            # The next step may have begun already.
            if _processes.get(job_id) is process:
                del _processes[job_id]
        process.kill()
        process.communicate()
        _clear_scratch(job_id)
    if status == 0:
        return None
    return _NOT_UNDONE if step == "undo" else _ENDINGS.get(-status, _BROKEN)


def _clear_scratch(job_id: str) -> Path:
    scratch = find_folder(job_id) / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    return scratch


def _insert(job_id: str, community_id: int, name: str, options: Mapping[str, Any]) -> None:
    try:
        insert_job(job_id, community_id, name, options)
    except psycopg2.errors.InsufficientPrivilege as refusal:
        msg = "files are brought in by the secretary or an administrator of the community"
        raise Forbidden(msg) from refusal


def _write_upload(path: Path, content: bytes | BinaryIO) -> int:
    size = 0
    with path.open("xb") as file:
        if isinstance(content, bytes):
            pieces = iter((content,))
        else:
            pieces = iter(lambda: content.read(_COPY_BYTES), b"")
        for piece in pieces:
            size += len(piece)
            if size > MOST_BYTES:
                msg = f"{path.name} has more than {MOST_BYTES // 2**30} GB: split it, or use wangge import"
                raise InputRefused(msg)
            file.write(piece)
    return size


def _clean_name(file_name: str) -> str:
    """Make what somebody calls a file a name without folders, that any file system takes."""
    name = re.sub(r"[\x00-\x1f\x7f-\x9f]", "", re.split(r"[/\\]", file_name)[-1]).strip()
    name = name.encode("utf-8", "replace").decode("utf-8")
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem.strip(".") or not ending:
        msg = "the file has no name with an ending such as .xlsx or .csv, by which its kind is known: name it"
        raise InputRefused(msg)
    # A character takes up to four bytes, a name on disk has 255.
    while len(stem.encode()) + len(ending.encode()) > _LONGEST_NAME:
        if len(stem) <= 1:
            msg = "the ending of the file's name is too long for one: name the file anew"
            raise InputRefused(msg)
        stem = stem[:-1]
    return f"{stem}.{ending}"


def _parse(job_id: str) -> str:
    try:
        return str(uuid.UUID(job_id))
    except ValueError:
        raise _no_such_job() from None


def _no_such_job() -> NotFound:
    msg = "there is no such import of yours"
    return NotFound(msg)

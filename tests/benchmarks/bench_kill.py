"""Imports and undoings that are killed: each is whole or absent, and leaves nothing behind.

``python -m tests.benchmarks kill 50`` says how many. The moments are spread over all that an import does. A
command brings in one list of cases, a newer one that changes them all and adds to their histories, and undoes
both, over and over; it tells where it is, and is killed there, a moment later by chance. The process behind
the page is killed at any moment of looking, trying, committing and undoing. Then whatever is stored must
belong to a batch that stands, a batch that stands must have all of it, and no lock, no transaction, no busy
job and no copy of the file may be left. The share of kills after which that is so is compared with the
target, which is all of them.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg2
from psycopg2 import sql

from etl.importing.importer import import_file, undo_import
from geo.operations import importing
from geo.operations.importing import REFUSED_ROWS, Options
from geo.settings import get_settings
from geo.store.engine import acting_as
from tests.actors import make_actor
from tests.import_town import ImportTown, ask, place, write_csv

_TIMES: Final = 100
_CASES: Final = 2_000
_PATIENCE_S: Final = 120.0
_STEPS: Final = ("reading", "checking", "placing", "loading", "comparing", "committing", "undoing")
_PAGE_STEPS: Final = ("look", "try", "commit", "undo")
_LOOP: Final = """
import sys
from etl.importing.importer import import_file, undo_import
from geo.store.engine import transaction

url, *paths = sys.argv[1:]
told = None

def tell(step, *_):
    global told
    if step != told:
        told = step
        print(step, flush=True)

while True:
    batches = []
    for path in paths:
        with transaction(url) as connection:
            batches.append(import_file(connection, path, crs="4490", on_progress=tell).batch)
            tell("committing")
    for batch in reversed(batches):
        tell("undoing")
        undo_import(url, batch)
"""
# What there is, beside what the batches that stand say there should be.
_SUMS: Final = """
SELECT
    (SELECT count(*) FROM incident),
    (SELECT coalesce(sum(rows_inserted), 0) FROM import_batch WHERE undone_at IS NULL),
    (SELECT count(*) FROM incident_event),
    (SELECT coalesce(sum(rows_updated), 0) FROM import_batch WHERE undone_at IS NULL),
    (SELECT count(*) FROM incident AS i JOIN import_batch AS b ON b.id = i.import_batch_id
     WHERE b.undone_at IS NOT NULL),
    (SELECT count(*) FROM pg_index WHERE indrelid = CAST('incident' AS regclass))
"""
_HELD: Final = """
SELECT
    (SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database
     WHERE d.datname = current_database() AND l.pid <> pg_backend_pid()
         AND (l.locktype = 'advisory' OR l.relation = CAST('incident' AS regclass))),
    (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
         AND backend_type = 'client backend' AND state <> 'idle'),
    (SELECT count(*) FROM import_job WHERE state IN ('looking', 'trying', 'committing', 'undoing'))
"""


class _Killing:
    """A town whose imports are killed, and what is found after each kill."""

    def __init__(self, url: str, folder: Path) -> None:
        with closing(psycopg2.connect(url)) as connection:
            self._community = ImportTown(connection).id
            _slow_commits(connection)
            self._indexes = _look(connection)[-1]
        self._url = url
        self._older, self._newer = (_write_cases(folder, state) for state in ("已受理", "办理中"))
        self._moments = random.Random(1)
        self._usual_s = self._time_command()
        for step in _PAGE_STEPS:
            self._usual_s[step] = self._take_page_step(step)
        self.clear()

    def kill_command(self, step: str) -> str:
        """Kill a command some time after it has come to a step; return where it was."""
        process = self._start_command()
        assert process.stdout is not None
        while process.stdout.readline().strip() != step:
            assert process.poll() is None
        time.sleep(self._moments.uniform(0, self._usual_s[step]))
        process.kill()
        rest = process.communicate()[0].split()
        return rest[-1] if rest else step

    def kill_page_step(self, step: str) -> str:
        """Kill the process behind the page at any moment of a step; return which step."""
        self._take_page_step(step, self._moments.uniform(0, self._usual_s[step]))
        return f"page: {step}"

    def find_faults(self) -> list[str]:
        """Find what is neither whole nor absent, and what was left behind."""
        faults = []
        with closing(psycopg2.connect(self._url)) as connection:
            deadline = time.monotonic() + _PATIENCE_S
            # The server notices that a client is gone when it next reads from it.
            while left := _find_left(connection):
                if time.monotonic() > deadline:
                    faults.append(left)
                    break
                time.sleep(0.02)
            cases, inserted, events, updated, orphans, indexes = _look(connection)
        if (cases, events, orphans, indexes) != (inserted, updated, 0, self._indexes):
            faults.append(f"{cases} cases of {inserted}, {events} events of {updated}, {orphans} of none")
        return faults

    def clear(self) -> None:
        """Undo what stands, so that the next begins where the first did."""
        with closing(psycopg2.connect(self._url)) as connection:
            standing = ask(connection, "SELECT id FROM import_batch WHERE undone_at IS NULL ORDER BY id DESC")
        for (batch,) in standing:
            undo_import(self._url, int(str(batch)))

    def _start_command(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", _LOOP, self._url, str(self._older), str(self._newer)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def _time_command(self) -> dict[str, float]:
        """Time the steps of a command that nobody kills; the last round counts, when all is warm."""
        process = self._start_command()
        assert process.stdout is not None
        usual_s: dict[str, float] = {}
        step, began = "", time.monotonic()
        for _ in range(4 * len(_STEPS)):
            line = process.stdout.readline().strip()
            usual_s[step], step, began = time.monotonic() - began, line, time.monotonic()
        process.kill()
        process.communicate()
        return usual_s

    def _take_page_step(self, step: str, kill_after_s: float | None = None) -> float:
        """Let the process behind the page take a step, or kill it; return how long it took."""
        batch = self._import_once() if step == "undo" else 0
        with acting_as(make_actor(self._community)):
            if step == "undo":
                began = time.monotonic()
                job_id = importing.undo_batch(self._community, batch)
            else:
                job_id = importing.open_job(self._community, self._older.name, self._older.read_bytes())
                began = time.monotonic()
                importing.start_step(job_id, step, Options(crs="4490"))  # type: ignore[arg-type]
            while kill_after_s is not None and job_id not in importing._processes:
                time.sleep(0.001)
            if kill_after_s is not None:
                process = importing._processes[job_id]
                time.sleep(kill_after_s)
                process.kill()
            while (job := importing.read_job(job_id)).is_busy:
                assert time.monotonic() - began < _PATIENCE_S, job
                time.sleep(0.01)
            took_s = time.monotonic() - began
            assert job.state != "failed" or "stopped" in (job.problem or ""), job
            assert job.state != "failed" or kill_after_s is not None, job
            # Gone from the page, with all that was kept for it: nothing of a failed step stands in the way.
            importing.discard_job(job_id)
            return took_s

    def _import_once(self) -> int:
        with closing(psycopg2.connect(self._url)) as connection:
            standing = ask(connection, "SELECT max(id) FROM import_batch WHERE undone_at IS NULL")
        if standing[0][0] is not None:
            return int(str(standing[0][0]))
        batch = import_file(self._url, self._older, crs="4490").batch
        assert batch is not None
        return batch


def run(url: str, times: int = _TIMES) -> list[dict[str, object]]:
    """Measure on a migrated, empty database."""
    killed, sound = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"WANGGE_DATABASE_URL": url, "WANGGE_DATA_DIR": folder}
        get_settings.cache_clear()
        killing = _Killing(url, Path(folder))
        for number in range(times):
            step = (*_STEPS, *_PAGE_STEPS)[number % (len(_STEPS) + len(_PAGE_STEPS))]
            where = killing.kill_command(step) if step in _STEPS else killing.kill_page_step(step)
            faults = killing.find_faults()
            killed[where] += 1
            sound[where] += not faults
            print(f"{number + 1} of {times}, {where}: {'; '.join(faults) or 'whole or absent'}", flush=True)
            killing.clear()
    return [
        {
            "name": f"whole or absent after a kill: {where}", "n": count, "ours": sound[where] / count,
            "peer": 1.0, "peer_name": "target", "ratio": sound[where] / count, "unit": "share",
        }
        for where, count in killed.items()
    ]  # fmt: skip


def _write_cases(folder: Path, state: str) -> Path:
    lon, lat = place(150, 130)
    row = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01", "办件状态": state, "经度": lon, "纬度": lat}
    return write_csv(folder / f"{state}.csv", [{"办件编号": f"GZ{n}"} | row for n in range(_CASES)])


def _slow_commits(connection: psycopg2.extensions.connection) -> None:
    """Let every commit to come take a tenth of a second, or hardly any would be hit."""
    (name,) = ask(connection, "SELECT current_database()")[0]
    with connection.cursor() as cursor:
        for setting, value in (("commit_delay", 100_000), ("commit_siblings", 0)):
            cursor.execute(
                sql.SQL("ALTER DATABASE {} SET {} = {}").format(
                    sql.Identifier(str(name)), sql.Identifier(setting), sql.Literal(value)
                )
            )
    connection.commit()


def _find_left(connection: psycopg2.extensions.connection) -> str:
    """Say what of an import is left that is over; empty where nothing is."""
    locks, transactions, jobs = ask(connection, _HELD)[0]
    spool = get_settings().data_dir / "imports"
    files = [str(path) for path in spool.glob("*/*") if path.name != REFUSED_ROWS]
    if not any((locks, transactions, jobs, files)):
        return ""
    return f"left: {locks} locks, {transactions} transactions, {jobs} busy jobs, {files[:5]}"


def _look(connection: psycopg2.extensions.connection) -> tuple[int, ...]:
    (found,) = ask(connection, _SUMS)
    return tuple(int(str(number)) for number in found)

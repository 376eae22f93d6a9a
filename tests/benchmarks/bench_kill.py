"""Imports and undoings that are killed at a random moment, a hundred times: each is whole or absent.

A process brings in one list of cases, a newer one that changes them all and adds to their histories, and
undoes both, over and over, until it is killed. Then whatever is stored must belong to a batch that stands,
and a batch that stands must have all of it. The share of kills after which that is so is compared with the
target, which is all of them.
"""

import random
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

import psycopg2

from etl.importing.importer import undo_import
from tests.import_town import ImportTown, ask, place, write_csv

_TIMES: Final = 100
_CASES: Final = 2_000
_LONGEST_S: Final = 2.5
_LOOP: Final = """
import sys
from etl.importing.importer import import_file, undo_import

url, older, newer = sys.argv[1:]
import_file(url, older, crs="4490", dry_run=True)
print("begun", flush=True)
while True:
    batches = [import_file(url, path, crs="4490").batch for path in (older, newer)]
    for batch in reversed(batches):
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


def run(url: str, times: int = _TIMES) -> list[dict[str, object]]:
    """Measure on a migrated, empty database."""
    with closing(psycopg2.connect(url)) as connection:
        ImportTown(connection)
        indexes = _look(connection)[-1]
    whole, moments = 0, random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        older, newer = (_write_cases(Path(folder), state) for state in ("已受理", "办理中"))
        for _ in range(times):
            _kill_once(url, older, newer, moments.uniform(0, _LONGEST_S))
            with closing(psycopg2.connect(url)) as connection:
                cases, inserted, events, updated, orphans, left = _look(connection)
                whole += cases == inserted and events == updated and orphans == 0 and left == indexes
                standing = ask(
                    connection, "SELECT id FROM import_batch WHERE undone_at IS NULL ORDER BY id DESC"
                )
            for (batch,) in standing:
                undo_import(url, int(str(batch)))
    return [
        {
            "name": "whole or absent after a kill at a random moment", "n": times, "ours": whole / times,
            "peer": 1.0, "peer_name": "target", "ratio": whole / times, "unit": "share",
        }
    ]  # fmt: skip


def _write_cases(folder: Path, state: str) -> Path:
    lon, lat = place(150, 130)
    row = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01", "办件状态": state, "经度": lon, "纬度": lat}
    return write_csv(folder / f"{state}.csv", [{"办件编号": f"GZ{n}"} | row for n in range(_CASES)])


def _kill_once(url: str, older: Path, newer: Path, after_s: float) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _LOOP, url, str(older), str(newer)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(after_s)
    process.kill()
    process.wait()
    with closing(psycopg2.connect(url)) as connection:
        # The server notices that a client is gone when it next reads from it.
        while ask(
            connection,
            "SELECT FROM pg_locks WHERE relation = CAST('incident' AS regclass) AND pid <> pg_backend_pid()",
        ):
            time.sleep(0.02)


def _look(connection: psycopg2.extensions.connection) -> tuple[int, ...]:
    (found,) = ask(connection, _SUMS)
    return tuple(int(str(number)) for number in found)

"""An import or an undoing that is killed, or whose database is, has happened wholly or not at all."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2
import pytest

from etl.importing.importer import import_file, undo_import
from geo.cluster import Cluster
from geo.schema.migrate import migrate
from geo.store.engine import forget_engine
from tests.import_town import ImportTown, ask, place, write_csv
from tests.patience import PATIENCE_S

# Says where it is and stays there: while rows are being copied, or when all is done but the commit.
IMPORT_AND_WAIT = """
import sys, time
from geo.store import imports
from etl.importing import importer, loading

imports._BULK_ROWS = int(sys.argv[4])

def wait(*_):
    print("waiting", flush=True)
    time.sleep(600)

if sys.argv[3] == "commit":
    loading.close_batch = wait
importer.import_file(sys.argv[1], sys.argv[2], crs="4490",
                     on_progress=lambda step, done, total: step == sys.argv[3] and wait())
"""

# Has undone everything but the commit.
UNDO_AND_WAIT = """
import sys, time
from geo.store import undo
from etl.importing.importer import undo_import

def wait(*_):
    print("waiting", flush=True)
    time.sleep(600)

undo.UndoneBatch = wait
undo_import(sys.argv[1], int(sys.argv[2]))
"""

# Imports and undoes without an end.
IMPORT_AND_UNDO = """
import sys
from etl.importing.importer import import_file, undo_import

import_file(sys.argv[1], sys.argv[2], crs="4490", dry_run=True)
print("begun", flush=True)
while True:
    undo_import(sys.argv[1], import_file(sys.argv[1], sys.argv[2], crs="4490").batch)
"""


@pytest.fixture(scope="module")
def own_cluster(reachable_path: Path) -> Iterator[Cluster]:
    """A cluster that may be killed, durable as a person's is."""
    cluster = Cluster(reachable_path / "killed")
    migrate(cluster.start())
    with closing(psycopg2.connect(cluster.url())) as connection:
        ImportTown(connection)
    yield cluster
    cluster.stop()


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    lon, lat = place(150, 130)
    row = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01", "经度": lon, "纬度": lat}
    return write_csv(tmp_path / "工单.csv", [{"办件编号": f"GZ{n}"} | row for n in range(500)])


def start_import(cluster: Cluster, orders: Path, stage: str, bulk_rows: int) -> "subprocess.Popen[str]":
    arguments = [cluster.url(), str(orders), stage, str(bulk_rows)]
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORT_AND_WAIT, *arguments], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    return process


def count_rows(cluster: Cluster) -> dict[str, object]:
    """Rows, and what the schema needs to be whole, as a new connection sees them."""
    with closing(psycopg2.connect(cluster.url())) as connection:
        return {
            what: ask(connection, query)[0][0]
            for what, query in {
                "incidents": "SELECT count(*) FROM incident",
                "batches": "SELECT count(*) FROM import_batch",
                "indexes": "SELECT count(*) FROM pg_index WHERE indrelid = CAST('incident' AS regclass)",
                "constraints": "SELECT count(*) FROM pg_constraint"
                " WHERE conrelid = CAST('incident' AS regclass)",
                "triggers": "SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O' AND NOT tgisinternal"
                " AND tgrelid = CAST('incident' AS regclass)",
            }.items()
        }


def kill_server(cluster: Cluster) -> None:
    pid = cluster.status().pid
    assert pid is not None
    server = psutil.Process(pid)
    server.kill()
    server.wait(10)


def wait_for(cluster: Cluster, before: dict[str, object]) -> None:
    wait_for_end(cluster)
    assert count_rows(cluster) == before


def wait_for_end(cluster: Cluster) -> None:
    # The server notices that a client is gone when it next reads from it.
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        with closing(psycopg2.connect(cluster.url())) as connection:
            if ask(connection, "SELECT count(*) FROM pg_locks WHERE relation = CAST('incident' AS regclass)"
                   " AND pid <> pg_backend_pid()") == [(0,)]:  # fmt: skip
                break
        time.sleep(0.05)


@pytest.mark.parametrize("bulk_rows", [1, 1_000_000], ids=["indexes afterwards", "indexes kept"])
@pytest.mark.parametrize("stage", ["loading", "commit"])
def test_killed_import_leaves_nothing(own_cluster: Cluster, orders: Path, stage: str, bulk_rows: int) -> None:
    before = count_rows(own_cluster)
    process = start_import(own_cluster, orders, stage, bulk_rows)
    process.kill()
    process.wait()
    wait_for(own_cluster, before)


@pytest.mark.parametrize("stage", ["loading", "commit"])
def test_killed_database_recovers_without_the_batch_and_takes_it_again(
    own_cluster: Cluster, orders: Path, stage: str
) -> None:
    before = count_rows(own_cluster)
    process = start_import(own_cluster, orders, stage, 1)
    kill_server(own_cluster)
    process.kill()
    process.wait()
    own_cluster.start()
    assert count_rows(own_cluster) == before
    report = import_file(own_cluster.url(), orders, crs="4490", dry_run=True)
    forget_engine(own_cluster.url())
    assert report.rows.inserted == 500


def test_committed_batch_survives_a_killed_database(own_cluster: Cluster, orders: Path) -> None:
    import_file(own_cluster.url(), orders, crs="4490")
    forget_engine(own_cluster.url())
    before = count_rows(own_cluster)
    kill_server(own_cluster)
    own_cluster.start()
    assert count_rows(own_cluster) == before
    assert before["incidents"] == 500


@pytest.mark.parametrize("victim", ["process", "database"])
def test_killed_undoing_leaves_the_batch(own_cluster: Cluster, orders: Path, victim: str) -> None:
    if count_rows(own_cluster)["incidents"] == 0:
        import_file(own_cluster.url(), orders, crs="4490")
        forget_engine(own_cluster.url())
    before = count_rows(own_cluster)
    with closing(psycopg2.connect(own_cluster.url())) as connection:
        ((batch,),) = ask(connection, "SELECT max(id) FROM import_batch WHERE undone_at IS NULL")
    process = subprocess.Popen(
        [sys.executable, "-c", UNDO_AND_WAIT, own_cluster.url(), str(batch)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    if victim == "database":
        kill_server(own_cluster)
    process.kill()
    process.wait()
    own_cluster.start()
    wait_for(own_cluster, before)
    with closing(psycopg2.connect(own_cluster.url())) as connection:
        assert ask(connection, "SELECT undone_at FROM import_batch WHERE id = %s", batch) == [(None,)]


def test_whatever_is_killed_whenever_is_whole_or_absent(own_cluster: Cluster, orders: Path) -> None:
    with closing(psycopg2.connect(own_cluster.url())) as connection:
        standing = ask(connection, "SELECT id FROM import_batch WHERE undone_at IS NULL ORDER BY id DESC")
    for (batch,) in standing:
        undo_import(own_cluster.url(), int(str(batch)))
    forget_engine(own_cluster.url())
    moments = random.Random(7)
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", IMPORT_AND_UNDO, own_cluster.url(), str(orders)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(moments.uniform(0, 0.5))
        process.kill()
        process.wait()
        wait_for_end(own_cluster)
        with closing(psycopg2.connect(own_cluster.url())) as connection:
            ((cases, told),) = ask(
                connection,
                "SELECT (SELECT count(*) FROM incident),"
                " (SELECT coalesce(sum(rows_inserted), 0) FROM import_batch WHERE undone_at IS NULL)",
            )
        assert cases == told
        assert cases in {0, 500}

"""The jobs behind the import page: what the process beside the server does, and what if it dies."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict, Forbidden, InputRefused, NotFound
from geo.operations import importing
from geo.operations.importing import Options, open_job, read_job, start_step
from geo.store.engine import acting_as
from geo.store.import_jobs import ImportJob
from tests.actors import make_actor
from tests.import_town import ImportTown, ask, place, write_csv
from tests.patience import PATIENCE_S

NOBODYS = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def town(connection: PostgresConnection) -> Iterator[ImportTown]:
    town = ImportTown(connection)
    with acting_as(make_actor(town.id)):
        yield town


def wait(job_id: str, until: Callable[[ImportJob], bool] = lambda job: not job.is_busy) -> ImportJob:
    """Wait for a job to come to rest, or to something else."""
    deadline = time.monotonic() + PATIENCE_S
    while not until(job := read_job(job_id)):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def write_orders(folder: Path, count: int = 3, **words: Any) -> Path:
    lon, lat = place(150, 130)
    row = {
        "事项小类": "暴露垃圾", "派发时间": "2025-03-01", "诉求人": "张三丰",
        "诉求内容": "请联系13812341234", "经度": lon, "纬度": lat,
    } | words  # fmt: skip
    return write_csv(folder / "工单.csv", [{"办件编号": f"GZ{n}"} | row for n in range(count)])


def upload(town: ImportTown, path: Path) -> str:
    return open_job(town.id, path.name, path.read_bytes())


def test_file_is_looked_at_tried_and_committed(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    job_id = upload(town, write_orders(tmp_path))
    assert read_job(job_id).state == "waiting"
    start_step(job_id, "look")
    job = wait(job_id)
    assert (job.state, job.problem) == ("looked", None)
    assert job.look is not None
    assert job.look["chosen"]["layer"] == "incidents"
    columns = {column["header"]: column for column in job.look["columns"]}
    assert columns["办件编号"]["field"] == "external_id"
    assert columns["诉求人"]["personal"]
    assert columns["诉求人"]["samples"] == ["●●●", "●●●", "●●●"]
    assert job.look["datum"]["needed"]
    assert job.look["datum"]["proposed"] == "4490"
    assert len(job.look["datum"]["map"]["4490"]["features"]) == 3
    start_step(job_id, "try", Options(crs="4490"))
    job = wait(job_id)
    assert (job.state, job.problem) == ("tried", None)
    assert job.preview is not None
    assert job.preview["rows"]["inserted"] == 3
    assert ask(connection, "SELECT count(*) FROM incident") == [(0,)]
    start_step(job_id, "commit")
    job = wait(job_id)
    assert (job.state, job.problem) == ("committed", None)
    assert ask(connection, "SELECT id, account_id FROM import_batch") == [(job.batch, 1)]
    assert ask(connection, "SELECT count(*) FROM incident") == [(3,)]
    assert not (importing.find_folder(job_id) / job.file_name).exists()
    ((kept,),) = ask(connection, "SELECT CAST(import_job.* AS text) FROM import_job")
    assert "张三丰" not in str(kept)
    assert "13812341234" not in str(kept)
    with pytest.raises(Conflict, match=r"it is over|kept for a day"):
        start_step(job_id, "commit")

    undoing = importing.undo_batch(town.id, job.batch or 0)
    assert (wait(undoing).state, read_job(undoing).report["deleted"]) == ("undone", 3)  # type: ignore[index]
    assert ask(connection, "SELECT count(*) FROM incident") == [(0,)]
    (batch,) = importing.list_batches(town.id)
    assert (batch.id, batch.inserted, batch.undone_at is not None) == (job.batch, 3, True)


@contextmanager
def hold_imports(url: str) -> Iterator[None]:
    """Let no import go on inside the block: it waits before it has written anything."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('import', 0))")
        yield


def wait_until_it_works(job_id: str) -> "subprocess.Popen[bytes]":
    """Wait until a job's process has told how far it is, and return it."""
    wait(job_id, lambda job: (job.progress or {}).get("step") == "reading")
    return importing._processes[job_id]


def test_killed_process_leaves_data_whole_and_a_sentence(
    town: ImportTown, connection: PostgresConnection, database_url: str, tmp_path: Path
) -> None:
    job_id = upload(town, write_orders(tmp_path))
    with hold_imports(database_url):
        start_step(job_id, "commit", Options(crs="4490"))
        process = wait_until_it_works(job_id)
        scratch = Path(psutil.Process(process.pid).environ()["TMPDIR"])
        assert scratch.parent == importing.find_folder(job_id)
        (scratch / "copy").write_text("张三丰", encoding="utf-8")
        process.kill()
        job = wait(job_id)
    # Of what it was reading no copy stays.
    assert not scratch.exists()
    assert job.state == "failed"
    assert "stopped from outside" in (job.problem or "")
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(0,)]
    start_step(job_id, "commit")
    assert wait(job_id).state == "committed"
    assert ask(connection, "SELECT count(*) FROM incident") == [(3,)]


def test_killed_undoing_speaks_of_the_undoing_and_leaves_the_batch(
    town: ImportTown, connection: PostgresConnection, database_url: str, tmp_path: Path
) -> None:
    job_id = upload(town, write_orders(tmp_path))
    start_step(job_id, "commit", Options(crs="4490"))
    batch = wait(job_id).batch or 0
    with hold_imports(database_url):
        undoing = importing.undo_batch(town.id, batch)
        wait(undoing, lambda job: (job.progress or {}).get("step") == "undoing")
        importing._processes[undoing].kill()
        job = wait(undoing)
    assert job.problem == "taking the import back was stopped before its end: nothing has changed; try again"
    assert ask(connection, "SELECT count(*) FROM incident") == [(3,)]


def test_discarding_ends_the_process_and_deletes_the_upload(
    town: ImportTown, connection: PostgresConnection, database_url: str, tmp_path: Path
) -> None:
    job_id = upload(town, write_orders(tmp_path))
    with hold_imports(database_url):
        start_step(job_id, "commit", Options(crs="4490"))
        process = wait_until_it_works(job_id)
        importing.discard_job(job_id)
        process.wait(PATIENCE_S)
    assert read_job(job_id).state == "discarded"
    assert not importing.find_folder(job_id).exists()
    assert importing.list_open_jobs(town.id) == []
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(0,)]
    with pytest.raises(Conflict):
        start_step(job_id, "commit")


def test_job_of_a_server_that_is_gone_has_failed(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path
) -> None:
    job_id = upload(town, write_orders(tmp_path))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE import_job SET state = 'committing', changed_at = now()")
    connection.commit()
    # Its process may be about to start.
    assert read_job(job_id).state == "committing"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE import_job SET changed_at = now() - interval '2 minutes'")
    connection.commit()
    with closing(psycopg2.connect(connection.dsn)) as process, process.cursor() as cursor:
        # It lives as long as it holds the job, however long it has told nothing.
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('import job ' || %s, 0))", (job_id,))
        assert read_job(job_id).state == "committing"
    job = wait(job_id)
    assert (job.state, "server ended" in (job.problem or "")) == ("failed", True)


def test_what_cannot_be_read_is_told_in_a_sentence(town: ImportTown, tmp_path: Path) -> None:
    job_id = upload(town, write_orders(tmp_path))
    start_step(job_id, "commit")
    job = wait(job_id)
    assert job.state == "failed"
    assert "does not say which coordinate system" in (job.problem or "")
    damaged = open_job(town.id, "坏.xlsx", b"PK\x03\x04 not a workbook")
    start_step(damaged, "look")
    job = wait(damaged)
    assert job.state == "failed"
    assert "damaged" in (job.problem or "")


def test_refused_rows_are_handed_back(town: ImportTown, tmp_path: Path) -> None:
    job_id = upload(town, write_orders(tmp_path, 2, 事项小类="外星人"))
    start_step(job_id, "try", Options(crs="4490"))
    job = wait(job_id)
    assert job.preview is not None
    assert job.preview["refused_file"]
    book = importing.read_refused_rows(job_id, lambda clause: clause.replace("category", "类别"))
    assert book is not None
    assert book.startswith(b"PK")


def test_only_whoever_may_makes_jobs_and_sees_his_own(town: ImportTown, tmp_path: Path) -> None:
    content = write_orders(tmp_path).read_bytes()
    spool = importing.find_folder(NOBODYS).parent
    before = set(spool.glob("*-*"))
    for role in ("grid_worker", "leader", "property_company", "wall"):
        with acting_as(make_actor(town.id, role=role)), pytest.raises(Forbidden):
            open_job(town.id, "a.csv", content)
    with acting_as(make_actor(town.id + 1)), pytest.raises(Forbidden):
        open_job(town.id, "a.csv", content)
    assert set(spool.glob("*-*")) == before
    job_id = open_job(town.id, "a.csv", content)
    with acting_as(replace(make_actor(town.id), account_id=2)), pytest.raises(NotFound):
        read_job(job_id)
    with pytest.raises(NotFound):
        read_job("../../etc/passwd")
    with pytest.raises(NotFound):
        importing.undo_batch(town.id, 999)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/工单.csv", "工单.csv"), (r"C:\用户\工单.csv", "工单.csv"), ("工\x00单\n.csv", "工单.csv"),
        ("名" * 300 + ".csv", "名" * 39 + ".csv"), (".csv", None), ("工单", None), ("", None), ("..", None),
    ],
)  # fmt: skip
def test_upload_is_kept_by_a_name_without_folders(town: ImportTown, name: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(InputRefused, match="name"):
            open_job(town.id, name, b"x")
    else:
        job_id = open_job(town.id, name, b"x")
        assert read_job(job_id).file_name == kept
        assert [path.name for path in importing.find_folder(job_id).iterdir()] == [kept]


@pytest.mark.parametrize(
    ("what", "ending"),
    [("np.ones(3 << 27)", "MemoryError"), ("[None for _ in iter(int, 1)]", str(-signal.SIGXCPU))],
)
def test_process_is_held_in_memory_and_time(what: str, ending: str) -> None:
    script = (
        "import sys; from pathlib import Path; import numpy as np; from etl import limits\n"
        f"limits._LEAST_CPU_S = 1; limits.limit_process(Path(sys.executable))\n{what}"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ending in (done.stderr + str(done.returncode))

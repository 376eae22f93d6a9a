"""The jobs behind the import page: what the process beside the server does, and what if it dies."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import Conflict
from geo.operations import importing
from geo.operations.importing import Options, open_job, read_job, start_step
from geo.store.engine import acting_as
from geo.store.import_jobs import ImportJob
from tests.actors import make_actor
from tests.import_town import ImportTown, ask, place, write_csv
from tests.patience import PATIENCE_S


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

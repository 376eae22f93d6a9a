"""A watched folder: what comes into it is brought in once, whatever ends in between, and put away."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.importer import import_file
from etl.watching import Outcome, watch_folder
from geo.errors import Conflict, DatabaseUnavailable
from geo.settings import get_settings
from tests.import_town import ImportTown, ask, place, write_csv
from tests.patience import PATIENCE_S

WATCH = """
import sys
from pathlib import Path
from etl.watching import watch_folder
watch_folder(Path(sys.argv[1]), community=None, every_s=0.1, once=False, on_outcome=print)
"""


@pytest.fixture
def town(connection: PostgresConnection) -> ImportTown:
    return ImportTown(connection)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "夜间"
    folder.mkdir()
    return folder


def write_orders(path: Path, *orders: dict[str, Any]) -> Path:
    lon, lat = place(150, 130)
    ordinary = {"事项小类": "暴露垃圾", "派发时间": "2025-03-01", "诉求内容": "甲", "经度": lon, "纬度": lat}
    rows = [{"办件编号": f"GZ{n}"} | ordinary | order for n, order in enumerate(orders)]
    return write_csv(path, rows)


def watch_once(folder: Path) -> list[Outcome]:
    outcomes: list[Outcome] = []
    watch_folder(folder, community=None, every_s=0.05, once=True, on_outcome=outcomes.append)
    return outcomes


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != ".wangge-watch")


def test_files_are_brought_in_by_what_is_remembered_and_put_away(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path, folder: Path
) -> None:
    import_file(None, write_orders(tmp_path / "first.csv", {}), crs="4490")
    write_orders(folder / "工单.csv", {"诉求内容": "乙"}, {}, {"事项小类": "外星人"})
    (folder / "坏.xlsx").write_bytes(b"PK\x03\x04 not a workbook")
    (folder / "写到一半.csv.part").write_text("x")
    outcomes = {outcome.file_name: outcome for outcome in watch_once(folder)}
    assert outcomes["工单.csv"].is_done
    assert not outcomes["坏.xlsx"].is_done
    assert list_names(folder) == [
        "写到一半.csv.part", "坏.xlsx", "坏.xlsx.txt", "工单.csv", "工单.csv.refused.xlsx", "工单.csv.txt",
    ]  # fmt: skip
    assert (folder / "refused" / "坏.xlsx").exists()
    word = (folder / "done" / "工单.csv.txt").read_text(encoding="utf-8")
    assert "1 are new, 1 updated, 0 unchanged, 1 refused" in word
    sheet = openpyxl.load_workbook(folder / "done" / "工单.csv.refused.xlsx").active
    assert sheet is not None
    assert sheet.max_row == 2
    assert ask(connection, "SELECT description FROM incident ORDER BY external_id") == [("乙",), ("甲",)]
    # The same content again is the same batch; what was put away before stays.
    write_orders(folder / "工单.csv", {"诉求内容": "乙"}, {}, {"事项小类": "外星人"})
    (again,) = watch_once(folder)
    assert (again.is_done, again.batch) == (True, outcomes["工单.csv"].batch)
    assert len(list((folder / "done").glob("工单*.csv"))) == 2
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(2,)]


def test_content_of_the_day_before_yesterday_is_brought_in_anew(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path, folder: Path
) -> None:
    import_file(None, write_orders(tmp_path / "first.csv", {}), crs="4490")
    for words in ("甲", "乙", "甲"):
        write_orders(folder / "工单.csv", {"诉求内容": words})
        (outcome,) = watch_once(folder)
        assert outcome.is_done
    assert ask(connection, "SELECT description FROM incident") == [("甲",)]


def test_file_waits_where_the_database_is_away(
    town: ImportTown, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_orders(folder / "工单.csv", {})
    monkeypatch.setenv("WANGGE_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    get_settings.cache_clear()
    with pytest.raises(DatabaseUnavailable):
        watch_once(folder)
    assert list_names(folder) == ["工单.csv"]


def test_folder_is_watched_once(town: ImportTown, folder: Path) -> None:
    first = subprocess.Popen([sys.executable, "-c", WATCH, str(folder)], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not (folder / ".wangge-watch").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(Conflict, match="watched already"):
            watch_once(folder)
    finally:
        first.kill()
        first.wait()


def test_killed_watch_leaves_each_file_untouched_or_brought_in_once(
    town: ImportTown, connection: PostgresConnection, tmp_path: Path, folder: Path
) -> None:
    import_file(None, write_orders(tmp_path / "first.csv", *[{}] * 3), crs="4490")
    write_orders(folder / "工单.csv", *[{"诉求内容": "乙"}] * 3, *[{}] * 400)
    # Wherever it is then: the child starts, reads, loads, has committed, or the file is being put away.
    for lived_s in (0.6, 1.5):
        process = subprocess.Popen([sys.executable, "-c", WATCH, str(folder)], stdout=subprocess.DEVNULL)
        time.sleep(lived_s)
        children = psutil.Process(process.pid).children()
        process.kill()
        process.wait()
        psutil.wait_procs(children, PATIENCE_S)
        ((batches, cases),) = ask(
            connection, "SELECT (SELECT count(*) FROM import_batch), (SELECT count(*) FROM incident)"
        )
        assert (batches, cases) in {(1, 3), (2, 403)}
    watch_once(folder)
    assert ask(connection, "SELECT count(*) FROM import_batch") == [(2,)]
    assert ask(connection, "SELECT count(*), count(*) FILTER (WHERE description = '乙') FROM incident") == [
        (403, 3)
    ]
    assert (folder / "done" / "工单.csv").exists()
    assert not (folder / "工单.csv").exists()


def test_links_are_left_alone(town: ImportTown, tmp_path: Path, folder: Path) -> None:
    secret = write_orders(tmp_path / "别处.csv", {})
    (folder / "事件.csv").symlink_to(secret)
    (folder / "楼栋.shp").write_bytes(b"\0\0\x27\x0a")
    (folder / "楼栋.dbf").symlink_to(secret)
    assert watch_once(folder) == []
    assert list_names(folder) == ["事件.csv", "楼栋.dbf", "楼栋.shp"]

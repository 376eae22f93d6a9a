"""``wangge db`` as a person uses it, on a private cluster and on a server of one's own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import psycopg2
import pytest

from etl.cli import main
from geo.cluster import Cluster
from geo.programs import find_programs
from geo.schema.migrate import current_revision, head_revision, migrate
from geo.settings import get_settings


class Installation:
    """A data folder with the command that works on it."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.cluster = Cluster(data_dir, durable=False)
        self._environment = {"WANGGE_DATA_DIR": str(data_dir), **environment}

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the command in this process, which spares each of them half a second of imports."""
        command = ["wangge", "db", *map(str, arguments)]
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(StringIO()) as output,
            redirect_stderr(StringIO()) as errors,
        ):
            patch.setattr(sys, "argv", command)
            patch.delenv("WANGGE_DATABASE_URL", raising=False)
            for name, value in self._environment.items():
                patch.setenv(name, value)
            get_settings.cache_clear()
            try:
                main()
            except SystemExit as end:
                code = end.code
        get_settings.cache_clear()
        assert isinstance(code, int)
        return subprocess.CompletedProcess(command, code, output.getvalue(), errors.getvalue())

    def report(self, *arguments: str | Path) -> dict[str, object]:
        result = self.run(*arguments, "--json")
        assert result.returncode == 0, result.stderr
        report = json.loads(result.stdout)
        assert isinstance(report, dict)
        return report

    def refuse(self, *arguments: str | Path) -> str:
        """Run what must be refused and return the sentence."""
        result = self.run(*arguments)
        assert result.returncode == 1
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1
        assert result.stderr.startswith("wangge: ")
        return result.stderr


@pytest.fixture(scope="module")
def _module_installation(reachable_path: Path) -> Iterator[Installation]:
    installation = Installation(reachable_path / "commands")
    installation.cluster.start()
    yield installation
    installation.cluster.stop()


@pytest.fixture
def installation(_module_installation: Installation) -> Installation:
    """A private cluster that runs, with an empty database."""
    cluster = _module_installation.cluster
    _execute(cluster.url("postgres"), "DROP DATABASE IF EXISTS wangge WITH (FORCE)")
    _execute(cluster.url("postgres"), "DROP DATABASE IF EXISTS wangge_before_restore WITH (FORCE)")
    cluster.start()
    return _module_installation


@pytest.fixture
def migrated(installation: Installation) -> Installation:
    """A private cluster with a migrated database that holds one import batch and one layer version."""
    migrate(installation.cluster.url())
    _execute(
        installation.cluster.url(),
        "INSERT INTO layer_version (layer, community_id, version) VALUES ('grids', 1, 7);"
        "CREATE TABLE note (words text); INSERT INTO note VALUES ('before')",
    )
    return installation


def _execute(url: str, statement: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def _read_notes(installation: Installation) -> list[tuple[object, ...]]:
    return _execute(installation.cluster.url(), "SELECT words FROM note")


def _list_databases(cluster: Cluster) -> set[object]:
    rows = _execute(cluster.url("postgres"), "SELECT datname FROM pg_database WHERE NOT datistemplate")
    return {name for (name,) in rows}


def test_start_status_and_stop(reachable_path: Path) -> None:
    installation = Installation(reachable_path / "start-stop")
    cluster = installation.cluster
    assert installation.report("status") == {
        "private": True,
        "head": head_revision(),
        "folder": str(cluster.folder),
        "running": False,
        "pid": None,
    }
    assert not cluster.folder.exists()
    try:
        started = installation.report("start")
        assert started == {"running": True, "pid": cluster.status().pid} == installation.report("start")
        status = installation.report("status")
        assert (status["running"], status["database"], status["revision"]) == (True, "wangge", None)
    finally:
        assert installation.report("stop") == {"running": False, "was_running": True}
    assert installation.report("stop") == {"running": False, "was_running": False}


def test_the_url_is_one_for_psql(installation: Installation) -> None:
    url = installation.run("url").stdout.strip()
    assert _execute(url, "SELECT current_database()") == [("wangge",)]


def test_migrate_says_whether_there_was_anything_to_do(installation: Installation) -> None:
    assert installation.report("migrate") == {"revision": head_revision(), "migrated": True}
    assert installation.report("migrate") == {"revision": head_revision(), "migrated": False}
    status = installation.report("status")
    assert status["revision"] == head_revision()
    assert str(status["postgis"]) >= "3.3"


def test_a_database_of_a_newer_program_is_not_migrated(migrated: Installation) -> None:
    _execute(migrated.cluster.url(), "UPDATE alembic_version SET version_num = '9999'")
    assert "newer Wangge (schema revision 9999): update this program" in migrated.refuse("migrate")


def test_a_backup_brings_everything_back(migrated: Installation, tmp_path: Path) -> None:
    file = tmp_path / "社区 1.backup"
    assert migrated.report("backup", file) == {
        "file": str(file),
        "bytes": file.stat().st_size,
        "photos": 0,
    }
    assert file.stat().st_mode & 0o77 == 0
    assert list(tmp_path.iterdir()) == [file]

    _execute(migrated.cluster.url(), "UPDATE note SET words = 'after'; UPDATE layer_version SET version = 9")
    with closing(psycopg2.connect(migrated.cluster.url())):  # somebody looks at the map meanwhile
        report = migrated.report("restore", file)

    assert report == {
        "file": str(file),
        "revision": head_revision(),
        "migrated": False,
        "kept": "wangge_before_restore",
        "photos": 0,
    }
    assert _read_notes(migrated) == [("before",)]
    assert _execute(migrated.cluster.url("wangge_before_restore"), "SELECT words FROM note") == [("after",)]
    assert _list_databases(migrated.cluster) == {"postgres", "wangge", "wangge_before_restore"}


def test_no_layer_version_comes_twice(migrated: Installation, tmp_path: Path) -> None:
    # A browser that cached version 9 of a layer must not take it for the data of the backup, nor may a layer
    # the backup does not know begin again at a number that was in use.
    file = tmp_path / "backup"
    migrated.report("backup", file)
    _execute(
        migrated.cluster.url(),
        "UPDATE layer_version SET version = 9; INSERT INTO layer_version VALUES ('grids', 2, 5)",
    )
    migrated.report("restore", file)
    rows = _execute(migrated.cluster.url(), "SELECT community_id, version FROM layer_version ORDER BY 1")
    assert [community_id for community_id, _ in rows] == [1, 2]
    assert all(version > 9 for _, version in rows)  # type: ignore[operator]  # a bigint


def test_photos_are_saved_beside_the_file_and_come_back(migrated: Installation, tmp_path: Path) -> None:
    file, copies = tmp_path / "backup", tmp_path / "backup.photos"
    photos = migrated.cluster.data_dir / "photos"
    try:
        for name, content in (
            ("aa" * 32, b"one"),
            ("bb" * 32, b"two"),
            (f"{'aa' * 32}.thumbnail.jpg", b"small"),
        ):
            (photos / name[:2]).mkdir(parents=True, exist_ok=True)
            (photos / name[:2] / name).write_bytes(content)
        assert migrated.report("backup", file)["photos"] == 2
        assert {copy.name: copy.read_bytes() for copy in copies.glob("*/*")} == {
            "aa" * 32: b"one",
            "bb" * 32: b"two",
        }
        assert all(folder.stat().st_mode & 0o77 == 0 for folder in copies.iterdir())
        (photos / "bb" / ("bb" * 32)).unlink()
        (photos / "cc").mkdir()
        (photos / "cc" / ("cc" * 32)).write_bytes(b"later")
        assert migrated.report("restore", file)["photos"] == 3
        assert (photos / "bb" / ("bb" * 32)).read_bytes() == b"two"
        assert migrated.report("backup", file)["photos"] == 3
        shutil.rmtree(copies)
        copies.write_text("no folder")
        assert "photos cannot be copied" in migrated.refuse("backup", file)
    finally:
        shutil.rmtree(photos)


def test_a_backup_of_an_older_schema_is_migrated(installation: Installation, tmp_path: Path) -> None:
    url = installation.cluster.url()
    migrate(url, "0001")
    file = tmp_path / "backup"
    installation.report("backup", file)
    report = installation.report("restore", file)
    assert (report["revision"], report["migrated"]) == ("0001", True)
    assert current_revision(url) == head_revision()


def test_a_backup_of_a_newer_program_is_refused(migrated: Installation, tmp_path: Path) -> None:
    _execute(migrated.cluster.url(), "UPDATE alembic_version SET version_num = '9999'")
    file = tmp_path / "backup"
    migrated.report("backup", file)
    assert "was made by a newer Wangge (schema revision 9999)" in migrated.refuse("restore", file)
    assert _list_databases(migrated.cluster) == {"postgres", "wangge"}


@pytest.mark.parametrize("damage", ["cut in the middle", "cut at the end", "bits flipped", "head only"])
def test_a_damaged_backup_changes_nothing(migrated: Installation, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "backup"
    migrated.report("backup", file)
    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(
        {
            "cut in the middle": whole[:middle],
            "cut at the end": whole[:-20],
            "bits flipped": whole[:-2000] + bytes(b ^ 0x55 for b in whole[-2000:]),
            "head only": whole[:5],
        }[damage]
    )
    sentence = migrated.refuse("restore", file)
    assert str(file) in sentence
    assert "nothing has been changed" in sentence
    assert _read_notes(migrated) == [("before",)]
    assert _list_databases(migrated.cluster) == {"postgres", "wangge"}


def test_a_file_of_something_else_is_refused(migrated: Installation, tmp_path: Path) -> None:
    text = tmp_path / "roster.csv"
    text.write_text("姓名,电话\n")
    assert "is not a backup made by 'wangge db backup'" in migrated.refuse("restore", text)
    assert "cannot be read (No such file or directory)" in migrated.refuse("restore", tmp_path / "missing")
    foreign = tmp_path / "foreign"
    pg_dump = find_programs().path("pg_dump")
    url = migrated.cluster.url("postgres")
    subprocess.run([pg_dump, "--format=custom", f"--file={foreign}", url], check=True)
    assert "but not of a Wangge database" in migrated.refuse("restore", foreign)
    assert _read_notes(migrated) == [("before",)]


def test_a_backup_that_fails_leaves_the_one_before(migrated: Installation, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("PGDMP: the one before")
    _execute(migrated.cluster.url(), "DROP TABLE alembic_version")
    assert "there is nothing to back up" in migrated.refuse("backup", file)
    assert file.read_text() == "PGDMP: the one before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_backup_into_a_folder_that_is_not_there_is_refused(migrated: Installation, tmp_path: Path) -> None:
    assert "cannot be written" in migrated.refuse("backup", tmp_path / "no-such-folder" / "backup")


def test_a_server_of_ones_own_is_restored_into_only_while_it_is_empty(
    empty_database_url: str, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    filled = Installation(tmp_path / "data", WANGGE_DATABASE_URL=database_url)
    empty = Installation(tmp_path / "data", WANGGE_DATABASE_URL=empty_database_url)
    _execute(database_url, "CREATE TABLE note AS SELECT 'before' AS words")
    filled.report("backup", file)
    assert "is not empty: create an empty database" in filled.refuse("restore", file)
    assert _execute(database_url, "SELECT words FROM note") == [("before",)]

    damaged = tmp_path / "damaged"
    damaged.write_bytes(file.read_bytes()[:-3000])
    empty.refuse("restore", damaged)
    report = empty.report("restore", file)  # for the damaged one left nothing behind
    assert (report["revision"], report["kept"]) == (head_revision(), None)
    assert _execute(empty_database_url, "SELECT words FROM note") == [("before",)]


def test_a_server_of_ones_own_is_not_started_or_stopped(database_url: str, tmp_path: Path) -> None:
    own = Installation(tmp_path / "data", WANGGE_DATABASE_URL=database_url)
    for action in ("start", "stop"):
        assert f"is not Wangge's to {action}: unset it" in own.refuse(action)
    status = own.report("status")
    assert (status["private"], status["running"], status["revision"]) == (False, True, head_revision())
    assert not (tmp_path / "data").exists()


def test_an_unmigrated_server_of_ones_own_is_migrated_on_request(
    empty_database_url: str, tmp_path: Path
) -> None:
    own = Installation(tmp_path / "data", WANGGE_DATABASE_URL=empty_database_url)
    assert own.report("migrate") == {"revision": head_revision(), "migrated": True}


def test_a_server_that_does_not_answer_is_refused_without_its_password(tmp_path: Path) -> None:
    own = Installation(
        tmp_path / "data", WANGGE_DATABASE_URL="postgresql://clerk:s3cret@127.0.0.1:15401/wangge"
    )
    for action in ("status", "migrate"):
        sentence = own.refuse(action)
        assert "the database wangge on 127.0.0.1 does not answer" in sentence
        assert "s3cret" not in sentence

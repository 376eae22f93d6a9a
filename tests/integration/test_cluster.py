"""The private cluster: shared, private, found again after every kind of crash."""

import multiprocessing
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg2
import pytest

from geo import programs
from geo.cluster import Cluster
from geo.errors import ConfigurationError, PostgisMissing, WanggeError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can drop rights or act as somebody else")


@pytest.fixture
def data_dir(reachable_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A data folder whose cluster is stopped when the test is over."""
    folder = reachable_path / f"data-{abs(hash(request.node.nodeid)):x}"
    yield folder
    Cluster(folder).stop()


def _ask(url: str, query: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        rows = cursor.fetchall() if cursor.description else []
        connection.commit()
        return rows


def _find_postmaster(cluster: Cluster) -> psutil.Process:
    pid = cluster.status().pid
    assert pid is not None
    return psutil.Process(pid)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def test_nothing_is_touched_by_looking(data_dir: Path) -> None:
    status = Cluster(data_dir).status()
    assert not status.running
    assert status.postgresql is None
    assert Cluster(data_dir).stop() is False
    assert not data_dir.exists()


def test_start_outlives_a_server_that_is_still_dying(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    dying = _find_postmaster(cluster)
    dying.suspend()  # It takes connections no more, and is still there to be found.
    killing = threading.Timer(0.5, dying.kill)
    killing.start()
    try:
        assert _ask(cluster.start(), "SELECT 1") == [(1,)]
    finally:
        killing.join()
    assert _find_postmaster(cluster).pid != dying.pid


def test_a_cluster_is_private_durable_and_sorts_by_code_point(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    url = cluster.start()
    assert url == cluster.url() == cluster.start()
    settings = {str(name): setting for name, setting in _ask(url, "SELECT name, setting FROM pg_settings")}
    assert settings["listen_addresses"] == ""
    assert (settings["fsync"], settings["full_page_writes"], settings["synchronous_commit"]) == ("on",) * 3
    assert settings["data_checksums"] == "on"
    assert settings["jit"] == "off"
    assert _ask(
        url, "SELECT datcollate, pg_encoding_to_char(encoding) FROM pg_database WHERE datname='wangge'"
    ) == [("C.UTF-8", "UTF8")]
    assert _ask(url, "SELECT string_agg(x, '' ORDER BY x) FROM unnest(ARRAY['区','a','网','B']) x") == [
        ("Ba区网",)
    ]
    assert _find_postmaster(cluster).net_connections("inet") == []
    assert cluster.folder.stat().st_mode & 0o77 == 0


@needs_root
def test_root_drops_its_rights(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    postmaster = _find_postmaster(cluster)
    assert postmaster.uids().effective == postmaster.uids().saved == cluster.folder.stat().st_uid != 0
    groups = re.search(r"^Groups:(.*)$", Path(f"/proc/{postmaster.pid}/status").read_text(), re.MULTILINE)
    assert groups is not None
    assert 0 not in {*postmaster.gids(), *map(int, groups[1].split())}


def _run_as_nobody(action: Callable[[], object]) -> int:
    """Run ``action`` as nobody in a forked process; exit code 3 says it was refused for its configuration."""

    def become_nobody() -> None:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
        try:
            action()
        except ConfigurationError:
            os._exit(3)

    child = multiprocessing.get_context("fork").Process(target=become_nobody)
    child.start()
    child.join(30)
    assert child.exitcode is not None
    return child.exitcode


@needs_root
def test_an_ordinary_user_runs_the_server_himself_and_root_respects_it(data_dir: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    data_dir.mkdir()
    os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
    cluster = Cluster(data_dir, durable=False)
    assert _run_as_nobody(cluster.start) == 0
    assert _find_postmaster(cluster).username() == "nobody"
    cluster.stop()
    url = cluster.start()
    assert _find_postmaster(cluster).username() == "nobody"
    assert _ask(url, "SELECT 1") == [(1,)]


@needs_root
def test_somebody_elses_cluster_is_refused(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    assert _run_as_nobody(cluster.start) == 3
    assert _run_as_nobody(cluster.status) == 3
    assert _run_as_nobody(cluster.stop) == 3
    assert cluster.status().running


@needs_root
def test_a_folder_the_server_cannot_reach_is_refused_in_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigurationError, match=r"cannot reach .* set WANGGE_DATA_DIR to"):
        Cluster(tmp_path / "inside", durable=False).start()


def test_stop_is_clean_and_may_be_repeated(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    url = cluster.start()
    postmaster = _find_postmaster(cluster)
    processes = [postmaster, *postmaster.children()]
    with closing(psycopg2.connect(url)):  # an open connection does not hold it up
        assert cluster.stop() is True
    assert not any(_is_alive(process) for process in processes)
    assert cluster.stop() is False
    cluster.start()
    assert "was not properly shut down" not in cluster.log.read_text("utf-8")


def test_a_killed_server_recovers_what_was_committed_while_an_orphan_still_runs(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    url = cluster.start()
    _ask(url, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    busy = psycopg2.connect(url)

    def compute_for_ever() -> None:
        # A loop that never waits does not notice that the postmaster is gone.
        with suppress(psycopg2.Error), busy.cursor() as cursor:
            cursor.execute("INSERT INTO kept VALUES (0); DO 'BEGIN LOOP PERFORM 1; END LOOP; END'")

    orphan = psutil.Process(busy.get_backend_pid())
    thread = threading.Thread(target=compute_for_ever)
    thread.start()
    _wait_until(lambda: orphan.cpu_times().user > 0.05)
    _find_postmaster(cluster).kill()
    _wait_until(lambda: not cluster.status().running)
    assert _is_alive(orphan)

    cluster.start()
    thread.join(10)
    assert not thread.is_alive()
    assert not _is_alive(orphan)
    assert _ask(url, "SELECT count(*), min(n) FROM kept") == [(1000, 1)]
    busy.close()


def test_a_pid_file_that_names_somebody_else_is_stale(data_dir: Path) -> None:
    cluster = Cluster(data_dir)
    url = cluster.start()
    _ask(url, "CREATE TABLE kept ()")
    _find_postmaster(cluster).kill()
    _wait_until(lambda: not cluster.status().running)
    # The same user's, as PostgreSQL itself takes such a process for its own server. The path in its
    # command line belongs to a bystander, too.
    owner = cluster.folder.stat()
    bystander = subprocess.Popen(
        ["tail", "-f", "/dev/null", cluster.folder / "data"],
        user=owner.st_uid if os.geteuid() == 0 else None,
        group=owner.st_gid if os.geteuid() == 0 else None,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for lock in (cluster.folder / "data/postmaster.pid", *(cluster.folder / "run").glob("*.lock")):
            _, *rest = lock.read_text().split("\n")
            lock.write_text("\n".join([str(bystander.pid), *rest]))
        assert not cluster.status().running
        cluster.start()
        assert _ask(url, "SELECT count(*) FROM kept") == [(0,)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_two_programs_that_start_at_once_share_one_server(data_dir: Path) -> None:
    program = (
        "import sys, pathlib; from geo.cluster import Cluster;"
        "c = Cluster(pathlib.Path(sys.argv[1]), durable=False); c.start(); print(c.status().pid)"
    )
    starters = [
        subprocess.Popen([sys.executable, "-c", program, data_dir], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    pids = {starter.communicate(timeout=60)[0] for starter in starters}
    assert [starter.returncode for starter in starters] == [0, 0, 0]
    assert pids == {f"{Cluster(data_dir).status().pid}\n"}


def test_the_server_outlives_who_started_it(data_dir: Path) -> None:
    program = (
        "import sys, pathlib; from geo.cluster import Cluster; Cluster(pathlib.Path(sys.argv[1])).start()"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, data_dir], start_new_session=True)
    assert starter.wait(60) == 0
    with suppress(ProcessLookupError):
        os.killpg(starter.pid, signal.SIGINT)  # Ctrl-C in the terminal it was started from
    assert _ask(Cluster(data_dir).url(), "SELECT 1") == [(1,)]


def test_a_folder_reached_through_a_link_is_the_same_cluster(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    link = data_dir.with_name(f"{data_dir.name}-link")
    link.symlink_to(data_dir)
    assert Cluster(link).url() == cluster.url()
    assert Cluster(link).status() == cluster.status()


def test_a_folder_copied_or_moved_while_its_server_runs(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    copy = data_dir.with_name(f"{data_dir.name}-copy")
    (copy / "postgres/data").mkdir(parents=True)
    for name in ("postmaster.pid", "PG_VERSION"):
        shutil.copy(cluster.folder / "data" / name, copy / "postgres/data" / name)
    assert not Cluster(copy).status().running
    moved = data_dir.with_name(f"{data_dir.name}-moved")
    data_dir.rename(moved)
    assert Cluster(moved).status().running
    moved.rename(data_dir)


def test_a_half_made_cluster_is_made_anew(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    program = (
        "import sys, pathlib; from geo.cluster import Cluster; Cluster(pathlib.Path(sys.argv[1])).start()"
    )
    starter = subprocess.Popen([sys.executable, "-c", program, data_dir])
    _wait_until(lambda: any(cluster.folder.glob("data.new-*/base/1")))
    starter.kill()
    starter.wait()
    assert not (cluster.folder / "data").exists()
    assert _ask(cluster.start(), "SELECT 1") == [(1,)]
    _wait_until(
        lambda: not any("data.new-" in str(p.info["cmdline"]) for p in psutil.process_iter(["cmdline"]))
    )
    cluster.stop()
    assert list(cluster.folder.glob("data.new-*")) == []


def test_a_long_path_gets_a_short_socket_of_its_own(data_dir: Path) -> None:
    deep = [data_dir / ("深" * 30) / name for name in ("one", "two")]
    urls = set()
    for folder in deep:
        cluster = Cluster(folder, durable=False)
        try:
            urls.add(cluster.start())
            assert _ask(cluster.url(), "SHOW data_directory") == [(str(cluster.folder / "data"),)]
        finally:
            cluster.stop()
    assert len(urls) == 2
    for url in urls:
        assert not Path(unquote(url).split("host=")[1].split("&")[0]).exists()


def test_a_socket_folder_somebody_else_could_enter_is_refused(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    cluster.stop()
    (cluster.folder / "run").mkdir(mode=0o755)
    with pytest.raises(ConfigurationError, match="nobody else can enter"):
        cluster.start()


def test_data_of_a_version_that_is_gone_are_not_opened_with_another(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    cluster.stop()
    version = cluster.folder / "data/PG_VERSION"
    version.write_text("9\n")
    with pytest.raises(PostgisMissing, match="apt-get install postgresql-9-postgis-3"):
        cluster.start()


def test_a_server_that_cannot_start_says_why(data_dir: Path) -> None:
    cluster = Cluster(data_dir, durable=False)
    cluster.start()
    cluster.stop()
    with (cluster.folder / "data/postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = 'plenty'\n")
    with pytest.raises(
        WanggeError, match=r"did not start: configuration file .* contains errors; its log is"
    ) as refusal:
        cluster.start()
    assert "\n" not in str(refusal.value)


def test_without_postgis_the_exact_command_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = programs.find_programs().major
    monkeypatch.setattr(programs, "_has_postgis", lambda *_: False)
    with pytest.raises(PostgisMissing, match=f"apt-get install postgresql-{newest}-postgis-3"):
        programs.find_programs()
    monkeypatch.setattr(programs, "_list_programs", lambda: iter(()))
    with pytest.raises(PostgisMissing, match="apt-get install postgresql-postgis "):
        programs.find_programs()

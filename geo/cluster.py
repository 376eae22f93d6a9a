"""A private PostgreSQL with PostGIS in the data folder, apart from every other server of the machine.

::

    DATA_DIR/postgres.lock      held while somebody starts or stops the server
    DATA_DIR/postgres/          belongs to the user the server runs as; nobody else but root may enter
        data/                   the database
        run/                    its Unix socket, the only way in: no TCP port is ever opened
        server.log

The server is started by whoever needs it first and shared by all who come later. It outlives them: only
``wangge db stop`` or the machine going down stops it, so nobody loses the database under their feet because
somebody else closed a window. A machine that goes down without asking costs a crash recovery, no data.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg2

from geo.data_dir import make_data_dir
from geo.errors import ConfigurationError, DatabaseUnavailable
from geo.programs import Programs, find_programs
from geo.settings import Settings
from geo.tuning import choose_server_settings

DATABASE = "wangge"
_SUPERUSER = "wangge"
# Made by the migrations; owns nothing.
APPLICATION_ROLE = "wangge_app"
_PORT = 5432  # Names the socket file; no such TCP port is opened.
_SOCKET_PATH_LIMIT_BYTES = 107
_START_TIMEOUT_S = 300  # Crash recovery of a large import may take minutes on an old disk.
_STOP_TIMEOUT_S = 60
_RELOAD_TIMEOUT_S = 10
_ORPHAN_PATIENCE_S = 5
_LOG_LIMIT_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """What can be said about a cluster from outside.

    Attributes:
        running: whether the server is up.
        folder: where the cluster lives.
        url: how to connect once it is up.
        pid: process number of the server, None while it is down.
        postgresql: major version the data were made with, None before the first start.
    """

    running: bool
    folder: Path
    url: str
    pid: int | None
    postgresql: int | None


class Cluster:
    """The private cluster of one data folder.

    Args:
        data_dir: the installation's data folder; the cluster takes ``postgres`` inside it.
        durable: False for a throw-away cluster that trades safety for speed; for tests only.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()  # One folder, one name, whatever links lead to it.
        self.folder = self.data_dir / "postgres"
        self.log = self.folder / "server.log"
        self._data = self.folder / "data"
        self._durable = durable
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        # Part of the title of every server process, which anybody may read: it tells ours from others.
        self._name = f"wangge-{digest}"
        self._socket_dir = self.folder / "run"
        if len(os.fsencode(self._socket_dir / f".s.PGSQL.{_PORT}")) > _SOCKET_PATH_LIMIT_BYTES:
            self._socket_dir = Path("/tmp") / self._name  # noqa: S108 - owner and mode are checked at every start

    def url(self, database: str = DATABASE) -> str:
        """Return the libpq URL of a database of this cluster, whether or not the server runs."""
        host = quote(str(self._socket_dir), safe="")
        return f"postgresql://{_SUPERUSER}@/{database}?host={host}&port={_PORT}"

    def start(self) -> str:
        """Make sure the server runs, making or recovering the cluster where needed, and return its URL.

        Raises:
            PostgisMissing: PostgreSQL or PostGIS is not installed.
            ConfigurationError: the folder cannot be used by the user the server runs as.
            DatabaseUnavailable: the server does not come up; the log says why.
        """
        with self._lock():
            if self._find_postmaster() is not None:
                try:
                    if self._write_access_rules():
                        self._reload()
                    self._create_database()
                except DatabaseUnavailable:
                    # A server that was killed is found until it is dead: then a new one takes its place.
                    if self._find_postmaster() is not None:
                        raise
                else:
                    return self.url()
            self._prepare_folder()
            self._clear_remains()
            programs = find_programs(self._read_major())
            if not self._data.exists():
                self._initialise(programs)
            self._launch(programs)
            self._create_database()
        return self.url()

    def stop(self) -> bool:
        """Stop the server after rolling back what is under way; return whether it was running."""
        if not self.folder.exists():
            return False
        with self._lock():
            running = self._find_postmaster() is not None
            if running:
                pg_ctl = find_programs(self._read_major()).path("pg_ctl")
                result = self._run(pg_ctl, "stop", "-D", self._data, "-m", "fast", "-t", _STOP_TIMEOUT_S)
                if result.returncode != 0:
                    msg = f"the private database did not stop in {_STOP_TIMEOUT_S} s; its log is {self.log}"
                    raise DatabaseUnavailable(msg)
            self._clear_remains()
            with suppress(FileNotFoundError):
                self._socket_dir.rmdir()
            return running

    def status(self) -> ClusterStatus:
        """Look without touching anything."""
        with self._explain_refusals():
            postmaster = self._find_postmaster()
            return ClusterStatus(
                running=postmaster is not None,
                folder=self.folder,
                url=self.url(),
                pid=postmaster.pid if postmaster else None,
                postgresql=self._read_major(),
            )

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self._explain_refusals():
            make_data_dir(self.data_dir)
            with (self.data_dir / "postgres.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield

    @contextmanager
    def _explain_refusals(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as refusal:
            msg = (
                f"you may not use {refusal.filename or self.folder}: run as the user who owns it, "
                f"or set WANGGE_DATA_DIR to a folder of your own"
            )
            raise ConfigurationError(msg) from refusal

    def _choose_user(self) -> pwd.struct_passwd:
        """Return who runs the server: the caller; for root the folder's owner, postgres or nobody."""
        uid = os.geteuid()
        if uid == 0 and self.folder.exists():
            uid = self.folder.stat().st_uid
        if uid != 0:
            try:
                return pwd.getpwuid(uid)
            except KeyError:
                msg = f"PostgreSQL needs a user with a name, and user number {uid} has none in /etc/passwd"
                raise ConfigurationError(msg) from None
        try:
            return pwd.getpwnam("postgres")
        except KeyError:
            return pwd.getpwnam("nobody")

    def _run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a program as the server's user, free of the caller's PG… variables."""
        user = self._choose_user()
        drop: dict[str, Any] = (
            {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        return subprocess.run(
            [str(argument) for argument in arguments],
            cwd=self.folder,
            env={"PATH": os.defpath, "HOME": str(self.folder), "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **drop,
        )

    def _prepare_folder(self) -> None:
        user = self._choose_user()
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        with suppress(FileExistsError):
            self._socket_dir.mkdir(mode=0o700)
            os.chown(self._socket_dir, user.pw_uid, user.pw_gid)
        for folder in (self.folder, self._socket_dir):
            details = folder.lstat()
            if details.st_uid != user.pw_uid or details.st_mode & 0o77 or folder.is_symlink():
                msg = (
                    f"{folder} must be a folder of {user.pw_name} that nobody else can enter: "
                    f"run as its owner, or set WANGGE_DATA_DIR to another folder"
                )
                raise ConfigurationError(msg)
        if self._run("test", "-w", self.folder).returncode != 0:
            msg = (
                f"PostgreSQL does not run as root, and {user.pw_name} cannot reach {self.folder}: set "
                f"WANGGE_DATA_DIR to a folder every user may pass through, such as /var/lib/wangge"
            )
            raise ConfigurationError(msg)

    def _read_major(self) -> int | None:
        try:
            return int((self._data / "PG_VERSION").read_text(encoding="ascii"))
        except FileNotFoundError:
            return None

    def _find_postmaster(self) -> psutil.Process | None:
        """Return our running server; the number in a pid file may be another program's by now."""
        try:
            number, folder = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[:2]
            process = psutil.Process(int(number))
            program, *arguments = process.cmdline()
        except (FileNotFoundError, ValueError, psutil.Error):
            return None
        if Path(program).name != "postgres" or folder not in arguments:
            return None
        # A copy of a folder whose server runs has the same pid file; a folder that was moved is still ours.
        is_copy = Path(folder).exists() and not self._data.samefile(folder)
        return None if is_copy else process

    def _clear_remains(self) -> None:
        """Remove what a dead server left: processes on its shared memory, lock files, half-made data."""
        title = f"postgres: {self._name}: "
        uid = self._choose_user().pw_uid
        orphans = [
            process
            for process in psutil.process_iter(["cmdline", "uids"])
            if " ".join(process.info["cmdline"] or []).startswith(title) and process.info["uids"].real == uid
        ]
        for orphan in orphans:
            with suppress(psutil.NoSuchProcess):
                orphan.send_signal(signal.SIGQUIT)  # What the server itself would send after a crash.
        _, stubborn = psutil.wait_procs(orphans, timeout=_ORPHAN_PATIENCE_S)
        for orphan in stubborn:
            with suppress(psutil.NoSuchProcess):
                orphan.kill()
        psutil.wait_procs(stubborn, timeout=_ORPHAN_PATIENCE_S)

        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for left_over in self._socket_dir.glob(".s.PGSQL.*"):
            left_over.unlink(missing_ok=True)
        for half_made in self.folder.glob("data.new-*"):
            shutil.rmtree(half_made, ignore_errors=True)

    def _initialise(self, programs: Programs) -> None:
        """Make the cluster under another name and rename it, so that ``data`` is whole or absent."""
        user = self._choose_user()
        new = Path(tempfile.mkdtemp(prefix="data.new-", dir=self.folder))
        os.chown(new, user.pw_uid, user.pw_gid)
        # C.UTF-8 sorts by code point: alike on every machine and after every upgrade of its locales.
        options = ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--auth=peer"]
        if not self._durable:
            options.append("--no-sync")
        result = self._run(programs.path("initdb"), "-D", new, "-U", _SUPERUSER, *options)
        if result.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            msg = f"the private database could not be made in {self.folder}: {_last_line(result.stderr)}"
            raise DatabaseUnavailable(msg)
        with (new / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            configuration.write("\ninclude = 'wangge.conf'\n# Settings below this line win over Wangge's.\n")
        new.rename(self._data)

    def _launch(self, programs: Programs) -> None:
        self._write_access_rules()
        settings = choose_server_settings(durable=self._durable) | {
            "cluster_name": self._name,
            "unix_socket_directories": str(self._socket_dir),
            "port": str(_PORT),
        }
        quoted = {name: value.replace("'", "''") for name, value in settings.items()}
        self._write(
            self._data / "wangge.conf",
            "# Written by Wangge at every start; put your own settings at the end of postgresql.conf.\n"
            + "".join(f"{name} = '{value}'\n" for name, value in quoted.items()),
        )
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        logged_before_bytes = self.log.stat().st_size if self.log.exists() else 0
        pg_ctl = programs.path("pg_ctl")
        result = self._run(pg_ctl, "start", "-D", self._data, "-l", self.log, "-t", _START_TIMEOUT_S)
        if result.returncode != 0:
            report = self.log.read_bytes()[logged_before_bytes:] if self.log.exists() else b""
            reason = _last_line(report.decode("utf-8", "replace") or result.stderr)
            msg = f"the private database did not start: {reason}; its log is {self.log}"
            raise DatabaseUnavailable(msg)

    def _write_access_rules(self) -> bool:
        """Let the server's user and root in, as owner or application; return whether that was not yet so."""
        roles = (_SUPERUSER, APPLICATION_ROLE)
        users = dict.fromkeys((self._choose_user().pw_name, "root"))
        rules = {
            "pg_hba.conf": f"local all {','.join(roles)} peer map=wangge\n",
            "pg_ident.conf": "".join(f'wangge "{user}" {role}\n' for user in users for role in roles),
        }
        outdated = [name for name in rules if (self._data / name).read_text(encoding="utf-8") != rules[name]]
        for name in outdated:
            self._write(self._data / name, rules[name])
        return bool(outdated)

    def _reload(self) -> None:
        """Let a running server, which an earlier version of this program started, read its rules again."""
        loaded = self._ask("SELECT pg_conf_load_time()")
        self._ask("SELECT pg_reload_conf()")
        deadline_s = time.monotonic() + _RELOAD_TIMEOUT_S
        while self._ask("SELECT pg_conf_load_time()") == loaded and time.monotonic() < deadline_s:
            time.sleep(0.02)

    def _ask(self, question: str) -> object:
        with closing(self._connect_when_ready()) as connection, connection.cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()

    def _create_database(self) -> None:
        connection = self._connect_when_ready()
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.rowcount == 0:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()

    def _connect_when_ready(self) -> "psycopg2.extensions.connection":
        """Connect; a server that somebody started a moment ago may still be recovering."""
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while True:
            try:
                return psycopg2.connect(self.url("postgres"))
            except psycopg2.OperationalError as failure:
                if self._find_postmaster() is None or time.monotonic() > deadline_s:
                    reason = _last_line(str(failure))
                    msg = f"the private database does not answer: {reason}; its log is {self.log}"
                    raise DatabaseUnavailable(msg) from failure
                time.sleep(0.1)

    def _write(self, path: Path, text: str) -> None:
        """Write a file that the server's user, and nobody else, can read."""
        user = self._choose_user()
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        os.chown(path, user.pw_uid, user.pw_gid)


def database_url(settings: Settings) -> str:
    """Return the URL of the installation's database, starting the private cluster where there is no other.

    Raises:
        DatabaseUnavailable, ConfigurationError: as :meth:`Cluster.start` does.
    """
    return settings.database_url or Cluster(settings.data_dir).start()


def _last_line(text: str) -> str:
    """Return the last line that names a failure, else the last line, without PostgreSQL's prefixes."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    failures = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "error:" in line]
    line = (failures or lines or ["no reason given"])[-1]
    for prefix in ("FATAL:", "PANIC:", "error:"):
        line = line.split(prefix, 1)[-1]
    return line.strip()

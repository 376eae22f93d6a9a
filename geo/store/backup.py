"""The database in one file, and back: a failed restore loses nothing."""

import os
import subprocess
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg2.errors
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from psycopg2.extensions import make_dsn

from geo.cluster import APPLICATION_ROLE, DATABASE, Cluster
from geo.errors import Conflict, DatabaseUnavailable, MigrationPending, UnreadableFile
from geo.programs import find_client
from geo.schema.migrate import current_revision, is_known
from geo.store.engine import (
    connect,
    forget_engine,
    load_queries,
    migrate_database,
    transaction,
    verify_postgis,
)
from geo.store.url import describe, parse_url

_RESTORING = "wangge_restoring"
_KEPT = "wangge_before_restore"
_SWAP_ATTEMPTS = 5
_OUR_TABLES = ("alembic_version", "layer_version")
_MAGIC = b"PGDMP"
# Any number does, so long as nothing else in the cluster uses it for an advisory lock.
_RESTORE_LOCK = 4490_2027


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        url: the database that now holds the data.
        revision: schema revision of the backup.
        migrated: whether it was older than this program and has been migrated.
        kept: the database that holds what was there before, None where nothing was.
    """

    url: str
    revision: str
    migrated: bool
    kept: str | None


def back_up(url: str, file: Path) -> int:
    """Write the database to ``file`` in PostgreSQL's custom format and return its size in bytes.

    The file is whole or absent, replaces one of the same name, and only its owner may read it.

    Raises:
        DatabaseUnavailable: the server does not answer, has no Wangge tables, or breaks off.
        UnreadableFile: the folder cannot be written to, or something else than a backup bears that name.
    """
    _refuse_other_file(file)
    verify_postgis(url)
    if current_revision(url) is None:
        msg = f"{describe(url)} has no Wangge tables yet: there is nothing to back up"
        raise MigrationPending(msg)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)
    except OSError as failure:
        msg = f"{file} cannot be written ({failure.strerror}): name a file in a folder of your own"
        raise UnreadableFile(msg) from failure
    os.close(descriptor)
    part = Path(name)
    try:
        result = _run_client("pg_dump", url, "--format=custom", f"--file={part}")
        if result.returncode != 0:
            msg = f"{describe(url)} was not backed up: {_name_reason(result.stderr)}"
            raise DatabaseUnavailable(msg)
        size_bytes = part.stat().st_size
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return size_bytes


def _refuse_other_file(file: Path) -> None:
    """Refuse to write over anything but an earlier backup."""
    if not file.exists() and not file.is_symlink():
        return
    if file.is_file() and not file.is_symlink():
        with file.open("rb") as present:
            if present.read(len(_MAGIC)) == _MAGIC:
                return
    msg = f"{file} is there already and is no backup: choose another name"
    raise UnreadableFile(msg)


def restore_cluster(cluster: Cluster, file: Path) -> Restored:
    """Put a backup in the place of the private cluster's database.

    The backup is read into a new database and migrated there; only then do the two change names. Whoever is
    connected is disconnected at that moment, and the data that were there stay as ``wangge_before_restore``
    until the next restore.

    Raises:
        UnreadableFile: the file is no backup of Wangge's, or damaged; nothing has changed.
        MigrationPending: a newer Wangge made the backup; nothing has changed.
        Conflict: another restore is running.
    """
    archive = _open_archive(file)
    cluster.start()
    new = cluster.url(_RESTORING)
    with closing(psycopg2.connect(cluster.url("postgres"))) as administrator:
        administrator.autocommit = True
        with administrator.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", (_RESTORE_LOCK,))
            if cursor.fetchone() != (True,):
                msg = "another restore is running: wait until it is done"
                raise Conflict(msg)
            cursor.execute(f"DROP DATABASE IF EXISTS {_RESTORING} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {_RESTORING} TEMPLATE template0")
        try:
            migrated = _fill(new, archive, f"--jobs={os.cpu_count() or 1}")
            _raise_versions(cluster.url(), new)
            forget_engine(new)
            _swap(administrator)
        finally:
            forget_engine(new)
            with administrator.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {_RESTORING} WITH (FORCE)")
    return Restored(cluster.url(), archive.revision, migrated, _KEPT)


def restore_server(url: str, file: Path) -> Restored:
    """Read a backup into an empty database of one's own server, in one transaction.

    A database with tables is left alone: only its owner can say what may be lost, and an empty one beside
    it costs nothing.

    Raises:
        DatabaseUnavailable: the database is not empty, or the server will not do.
        UnreadableFile: the file is no backup of Wangge's, or damaged; nothing has changed.
        MigrationPending: a newer Wangge made the backup; nothing has changed.
    """
    archive = _open_archive(file)
    verify_postgis(url, installed=False)
    with connect(url) as connection:
        tables = load_queries("database").count_tables(connection)
    if tables:
        msg = (
            f"{describe(url)} is not empty: create an empty database, let WANGGE_DATABASE_URL name it and "
            f"restore there, so that nothing is lost"
        )
        raise DatabaseUnavailable(msg)
    migrated = _fill(url, archive, "--single-transaction")
    return Restored(url, archive.revision, migrated, None)


@dataclass(frozen=True, slots=True)
class _Archive:
    """A backup that is one of ours, as far as its head tells."""

    file: Path
    revision: str
    contents: list[str]


def _open_archive(file: Path) -> _Archive:
    if file.exists() and not file.is_file():
        msg = f"{file} is not a file"
        raise UnreadableFile(msg)
    try:
        with file.open("rb") as head:
            magic = head.read(len(_MAGIC))
    except OSError as failure:
        msg = f"{file} cannot be read ({failure.strerror})"
        raise UnreadableFile(msg) from failure
    if magic != _MAGIC:
        msg = f"{file} is not a backup made by 'wangge db backup'"
        raise UnreadableFile(msg)
    entries = [line for line in _read_archive(file, "--list") if line and not line.startswith(";")]
    if not all(any(f" TABLE DATA public {table} " in entry for entry in entries) for table in _OUR_TABLES):
        msg = f"{file} is a PostgreSQL backup, but not of a Wangge database"
        raise UnreadableFile(msg)
    revisions = _read_archive(file, "--data-only", "--table=alembic_version", "--file=-")
    start = next(number for number, line in enumerate(revisions) if line.startswith("COPY "))
    revision = revisions[start + 1]
    if not is_known(revision):
        msg = f"{file} was made by a newer Wangge (schema revision {revision}): update this program first"
        raise MigrationPending(msg)
    # Only an extension's owner may comment on it, and the comment comes with the extension anyway.
    return _Archive(file, revision, [entry for entry in entries if " COMMENT - EXTENSION " not in entry])


def _read_archive(file: Path, *options: str) -> list[str]:
    result = subprocess.run(
        [find_client("pg_restore", 0), *options, file],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if result.returncode != 0:
        raise _refuse_damaged(file, result.stderr)
    return result.stdout.splitlines()


def _fill(url: str, archive: _Archive, option: str) -> bool:
    """Read the archive into an empty database; return whether it had to be migrated."""
    queries = load_queries("database")
    try:
        with transaction(url) as connection:
            queries.make_application_role(connection)
    except psycopg2.errors.InsufficientPrivilege as refusal:
        msg = (
            f"{describe(url)} is on a server without the role {APPLICATION_ROLE}: let a user who may create "
            f"roles run CREATE ROLE {APPLICATION_ROLE} LOGIN NOINHERIT, then restore again"
        )
        raise DatabaseUnavailable(msg) from refusal
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as chosen:
        chosen.write("\n".join(archive.contents))
        chosen.flush()
        options = ["--exit-on-error", "--no-owner", f"--use-list={chosen.name}", option]
        result = _run_client("pg_restore", url, *options, str(archive.file))
    if result.returncode != 0:
        raise _refuse_damaged(archive.file, result.stderr)
    migrated = migrate_database(url)
    with transaction(url) as connection, connection.cursor() as cursor:
        queries.make_overlaps_leakproof(connection)
        queries.close_temporary_objects(connection)
        cursor.execute("ANALYZE")
    return migrated


def _raise_versions(before: str, restored: str) -> None:
    """Give every layer a version nobody has seen: caches know data by it, and the data have changed."""
    queries = load_queries("database")
    with connect(before) as connection:
        if not queries.has_table(connection, name="layer_version"):
            return
        seen = [
            {"layer": layer, "community_id": community_id, "version": version}
            for layer, community_id, version in queries.list_versions(connection)
        ]
    with transaction(restored) as connection:
        queries.raise_version(connection, seen)


def _swap(administrator: PostgresConnection) -> None:
    """Let the restored database and the one in use change names, both or neither."""
    with administrator.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {_KEPT} WITH (FORCE)")
        for _ in range(_SWAP_ATTEMPTS):
            list(load_queries("database").terminate_connections(administrator, name=DATABASE))
            with suppress(psycopg2.errors.ObjectInUse):
                # Sent together, the two are one transaction.
                cursor.execute(
                    f"ALTER DATABASE {DATABASE} RENAME TO {_KEPT};"
                    f"ALTER DATABASE {_RESTORING} RENAME TO {DATABASE}"
                )
                return
    msg = (
        "the database is in use by a program that connects again at once: stop 'wangge up' and restore again"
    )
    raise Conflict(msg)


def _run_client(name: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pg_dump or pg_restore on a database; its password stays out of the list of processes."""
    with connect(url) as connection:
        program = find_client(name, connection.server_version // 10_000)
    forget_engine(url)
    address = parse_url(url)
    _, parameters = address.get_dialect()().create_connect_args(address)
    environment = dict(os.environ)
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    return subprocess.run(
        [program, f"--dbname={make_dsn(**parameters)}", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def _refuse_damaged(file: Path, report: str) -> UnreadableFile:
    return UnreadableFile(f"{file} cannot be restored ({_name_reason(report)}); nothing has been changed")


def _name_reason(report: str) -> str:
    """Return the first error a client program reported."""
    lines = report.splitlines() or ["no reason given"]
    first = next((line for line in lines if "error:" in line), lines[0])
    return first.split("error:", 1)[-1].strip()

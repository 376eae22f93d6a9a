"""Connections to the database, and the queries that run on them.

Every function that takes ``url`` uses the installation's own database where none is given: the server that
``WANGGE_DATABASE_URL`` names, or else the private cluster, started and migrated by whoever needs it first.

Commands act as the database's owner. Inside :func:`acting_as`, and everywhere once :func:`serve_application`
has been called, connections are those of the role ``wangge_app``, which owns nothing, and every transaction
tells the database who acts: what a page forgot to ask, row-level security still refuses.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import aiosql
import psycopg2.errors
import psycopg2.extensions
from psycopg2.extras import wait_select
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import PoolProxiedConnection

from geo.cluster import APPLICATION_ROLE, Cluster
from geo.errors import ConfigurationError, DatabaseUnavailable, MigrationPending, PostgisMissing
from geo.model.actor import NOBODY, Actor
from geo.programs import OLDEST_POSTGIS, OLDEST_POSTGRESQL
from geo.schema.migrate import current_revision, head_revision, is_known, migrate
from geo.settings import Settings, get_settings
from geo.store.url import application_url, describe, explain_failure, parse_url

_CONNECT_TIMEOUT_S = 10
_actor: ContextVar[Actor | None] = ContextVar("actor", default=None)
_shared: ContextVar[tuple[Actor | None, psycopg2.extensions.connection] | None] = ContextVar(
    "shared", default=None
)
_find_actor: Callable[[], Actor] | None = None


def serve_application(find_actor: Callable[[], Actor] = lambda: NOBODY) -> None:
    """From now on this process acts as the application: whoever has not signed in is nobody.

    Args:
        find_actor: asked who acts wherever no actor was set, so that a page's callbacks and fragments, which
            run apart from its script, act as whoever looks at the page.
    """
    global _find_actor  # noqa: PLW0603 - a process is a server or a command, and never turns back
    _find_actor = find_actor


def get_actor() -> Actor | None:
    """Return who acts in this context; None for a command, which acts as the database's owner."""
    return _actor.get() or (_find_actor() if _find_actor else None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Let an actor act inside the block: each transaction begun in it is his."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def prepare_database(settings: Settings) -> str:
    """Return the URL of the installation's database, ready for use.

    The private cluster is started and migrated, for nobody else looks after it. A server of one's own is
    only looked at: migrating it is its owner's decision.

    Raises:
        DatabaseUnavailable: it cannot be used as it stands; the message says what to do.
        ConfigurationError: a setting or a folder is wrong.
    """
    if settings.database_url:
        verify_server(settings.database_url)
        return settings.database_url
    url = Cluster(settings.data_dir).start()
    try:
        verify_schema(url)
    except MigrationPending:
        migrate_database(url)
    return url


def migrate_database(url: str) -> bool:
    """Bring a database to this program's schema; return whether there was anything to do.

    Raises:
        DatabaseUnavailable: it does not answer, or the user may not change it.
        PostgisMissing: PostgreSQL or PostGIS is missing or too old.
        MigrationPending: the database was made by a newer program.
    """
    verify_postgis(url, installed=False)
    before = current_revision(url)
    if before is not None and not is_known(before):
        _refuse_newer(url, before)
    try:
        migrate(url)
    except psycopg2.errors.InsufficientPrivilege as refusal:
        reason = str(refusal).splitlines()[0]
        msg = (
            f"{describe(url)} was not migrated ({reason}): "
            f"let its owner, or a user who may create extensions, run 'wangge db migrate'"
        )
        raise DatabaseUnavailable(msg) from refusal
    return before != head_revision()


def verify_server(url: str) -> None:
    """Refuse a server on which Wangge cannot work, saying what to do about it.

    Raises:
        DatabaseUnavailable: it does not answer.
        PostgisMissing: PostgreSQL or PostGIS is missing or too old.
        MigrationPending: the schema is older or newer than this program.
        ConfigurationError: the URL is not one of a PostgreSQL database.
    """
    verify_postgis(url)
    verify_schema(url)


def verify_application_role(url: str) -> None:
    """Refuse to serve pages by a user that may not log in, or that row-level security does not hold.

    Raises:
        DatabaseUnavailable: it may not log in, or the server does not answer.
        ConfigurationError: it may do more than the application must.
    """
    with acting_as(NOBODY), connect(url) as connection:
        excess = load_queries("database").find_excess_rights(connection)
    if excess:
        msg = (
            f"the dashboard would use {describe(url)} as a user who {excess}, so that everybody would see "
            f"everything: let WANGGE_APP_DATABASE_URL name {APPLICATION_ROLE}"
        )
        raise ConfigurationError(msg)


def verify_postgis(url: str, *, installed: bool = True) -> None:
    """Refuse a server whose PostgreSQL or PostGIS will not do.

    Args:
        url: the database.
        installed: False where it is enough that PostGIS could be installed, as before the first migration.

    Raises:
        DatabaseUnavailable: it does not answer.
        PostgisMissing: PostgreSQL or PostGIS is missing or too old.
    """
    place = describe(url)
    with connect(url) as connection:
        if connection.server_version < OLDEST_POSTGRESQL * 10_000:
            major = connection.server_version // 10_000
            msg = f"{place} runs PostgreSQL {major}: Wangge needs {OLDEST_POSTGRESQL} or newer"
            raise PostgisMissing(msg)
        row = load_queries("database").get_postgis_versions(connection)
    oldest = ".".join(map(str, OLDEST_POSTGIS))
    if row is None:
        msg = f"{place} has no PostGIS: install PostGIS {oldest} or newer on that server"
        raise PostgisMissing(msg)
    in_database, on_server = row
    if in_database is None and installed:
        msg = f"{place} has no PostGIS yet: run 'wangge db migrate' as a user who may create extensions"
        raise PostgisMissing(msg)
    version = in_database or on_server
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_POSTGIS:
        msg = f"{place} has PostGIS {version}: install {oldest} or newer, then ALTER EXTENSION postgis UPDATE"
        raise PostgisMissing(msg)


def verify_schema(url: str) -> None:
    """Refuse a database whose schema is not the one this program works on.

    Raises:
        MigrationPending: it is older, or newer.
    """
    current = current_revision(url)
    if current == head_revision():
        return
    if current is not None and not is_known(current):
        _refuse_newer(url, current)
    found = f"is at schema revision {current}" if current else "has no Wangge tables yet"
    msg = f"{describe(url)} {found}: run 'wangge db migrate'"
    raise MigrationPending(msg)


def _refuse_newer(url: str, revision: str) -> None:
    msg = f"{describe(url)} was written by a newer Wangge (schema revision {revision}): update this program"
    raise MigrationPending(msg)


@contextmanager
def transaction(url: str | None = None) -> Iterator[psycopg2.extensions.connection]:
    """Yield a psycopg2 connection; all is committed when the block ends, nothing when it raises.

    Raises:
        DatabaseUnavailable: the server cannot be reached, or went away inside the block.
    """
    with _borrow(url) as connection:
        yield connection
        connection.commit()


@contextmanager
def connect(url: str | None = None) -> Iterator[psycopg2.extensions.connection]:
    """Yield a psycopg2 connection for reading in one transaction; the database refuses to be written to.

    Raises:
        DatabaseUnavailable: the server cannot be reached, or went away inside the block.
    """
    shared = _shared.get()
    if url is None and shared is not None and shared[0] == _actor.get():
        yield shared[1]
        return
    with _borrow(url, is_read_only=True) as connection:
        yield connection


@contextmanager
def reading_together() -> Iterator[None]:
    """Let everything that is read inside the block be read in one transaction: many small ones cost more.

    For a few questions asked in a row. Nobody writes inside the block, or lets somebody else act in it: that
    would take a second connection while the first is held.

    Raises:
        DatabaseUnavailable: the server cannot be reached, or went away inside the block.
    """
    actor = get_actor()
    with acting_as(actor) if actor else nullcontext(), connect() as connection:
        token = _shared.set((actor, connection))
        try:
            yield
        finally:
            _shared.reset(token)


def _begin(connection: psycopg2.extensions.connection, actor: Actor | None, *, is_read_only: bool) -> None:
    """Begin a transaction: tell the database who acts until it ends, and whether anything may be written."""
    if actor is None:
        if is_read_only:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION READ ONLY")
        return
    load_queries("actor").introduce(
        connection,
        account=str(actor.account_id or ""),
        role=actor.role or "",
        party=str(actor.party_id or ""),
        communities=_write_array(actor.community_ids),
        grids=_write_array(actor.grid_ids),
        is_read_only="on" if is_read_only else "off",
    )


def _write_array(numbers: tuple[int, ...]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


@contextmanager
def _borrow(url: str | None, *, is_read_only: bool = False) -> Iterator[psycopg2.extensions.connection]:
    engine = get_engine(url)
    pooled = _check_out(engine, is_read_only=is_read_only)
    connection = _get_driver_connection(pooled)
    try:
        yield connection
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as failure:
        if connection.closed:
            raise explain_failure(engine.url, failure) from failure
        raise
    finally:
        _give_back(pooled)


def _check_out(engine: Engine, *, is_read_only: bool) -> PoolProxiedConnection:
    """Take a connection from the pool and begin a transaction on it.

    That is also how one of the application's is found to be dead, as after a restart of the server; then all
    that lie in the pool are made anew.
    """
    actor = get_actor()
    for is_last in (False, True):
        try:
            pooled = engine.raw_connection()
        except (psycopg2.OperationalError, PoolTimeout) as failure:
            raise explain_failure(engine.url, failure) from None
        connection = _get_driver_connection(pooled)
        try:
            _begin(connection, actor, is_read_only=is_read_only)
        except psycopg2.Error as failure:
            is_dead = bool(connection.closed)
            _give_back(pooled)
            if not is_dead:
                raise
            if is_last:
                raise explain_failure(engine.url, failure) from failure
            engine.dispose()
        else:
            return pooled
    raise AssertionError


def _give_back(pooled: PoolProxiedConnection) -> None:
    if _get_driver_connection(pooled).closed:
        pooled.invalidate()  # The pool would log a page of traces over a rollback nobody can do any more.
    pooled.close()  # Back to the pool, which rolls back whatever was not committed.


def _get_driver_connection(pooled: PoolProxiedConnection) -> psycopg2.extensions.connection:
    return cast("psycopg2.extensions.connection", pooled.driver_connection)


def open_asynchronous_connection(url: str | None = None) -> psycopg2.extensions.connection:
    """Open a connection outside the pool, in autocommit, for an event loop that polls it and closes it.

    Raises:
        DatabaseUnavailable: the server cannot be reached.
    """
    engine = get_engine(url)
    _, parameters = engine.dialect.create_connect_args(engine.url)
    try:
        connection: psycopg2.extensions.connection = psycopg2.connect(
            **{**parameters, **_choose_parameters(engine.url)}, async_=True
        )
        wait_select(connection)
    except psycopg2.OperationalError as failure:
        raise explain_failure(engine.url, failure) from None
    return connection


def get_engine(url: str | None = None) -> Engine:
    """Return the one engine this process keeps for a database: the owner's, or the application's."""
    if url is None:
        settings = get_settings()
        url = _prepare_once(settings.database_url, settings.data_dir)
    return _make_engine(url if get_actor() is None else application_url(url))


def forget_engine(url: str) -> None:
    """Close the idle connections to a database that is about to go."""
    _make_engine(url).dispose()
    _make_engine(application_url(url)).dispose()


@lru_cache
def _prepare_once(database_url: str | None, data_dir: Path) -> str:
    return prepare_database(
        get_settings().model_copy(update={"database_url": database_url, "data_dir": data_dir})
    )


@lru_cache
def _make_engine(url: str) -> Engine:
    address = parse_url(url)
    size = get_settings().pool_size
    return create_engine(
        address,
        # In a rush twice as many, and they are kept: to open one takes longer than most questions, and it has
        # planned nothing yet. Those used last are used next, so that some are warm rather than all lukewarm.
        pool_size=2 * size,
        max_overflow=0,
        pool_use_lifo=True,
        # The application says who acts before anything else and so finds out by itself, without asking twice.
        pool_pre_ping=address.username != APPLICATION_ROLE,
        connect_args=_choose_parameters(address),
    )


def _choose_parameters(address: URL) -> dict[str, Any]:
    return {
        "application_name": "wangge",
        "options": " ".join([*address.normalized_query.get("options", ()), "-c timezone=UTC"]),
        "connect_timeout": address.query.get("connect_timeout", _CONNECT_TIMEOUT_S),
    }


@lru_cache
def load_queries(name: str) -> Any:
    """Load ``geo/store/queries/<name>.sql``: each query becomes a method that takes a connection first."""
    return aiosql.from_str(
        (files("geo.store") / "queries" / f"{name}.sql").read_text(encoding="utf-8"), "psycopg2"
    )

"""The role that pages use: let in by older clusters, made on new servers, refused where it may do more."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from geo.cluster import Cluster
from geo.errors import ConfigurationError, DatabaseUnavailable
from geo.model.actor import NOBODY
from geo.schema.migrate import migrate
from geo.settings import get_settings
from geo.store.backup import back_up, restore_cluster, restore_server
from geo.store.engine import acting_as, connect, forget_engine, verify_application_role
from geo.store.url import application_url

LEAKPROOF = "SELECT proleakproof FROM pg_proc WHERE proname = 'geometry_overlaps' AND pronargs = 2 LIMIT 1"

TEMPORARY = "CREATE TEMPORARY TABLE mine (x int)"


def ask(url: str, query: str) -> list[tuple[object, ...]]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []


@pytest.fixture
def fresh(reachable_path: Path, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster that no migration has run on."""
    cluster = Cluster(reachable_path / f"fresh-{abs(hash(request.node.nodeid)):x}", durable=False)
    cluster.start()
    yield cluster
    cluster.stop()


def test_a_running_cluster_of_an_earlier_program_lets_the_application_in(fresh: Cluster) -> None:
    rules = fresh.folder / "data" / "pg_hba.conf"
    rules.write_text("local all wangge peer map=wangge\n")
    (fresh.folder / "data" / "pg_ident.conf").write_text('wangge "root" wangge\nwangge "postgres" wangge\n')
    ask(fresh.url(), "SELECT pg_reload_conf()")
    migrate(fresh.url())
    pid = fresh.status().pid
    fresh.start()
    for _ in range(2):
        assert ask(application_url(fresh.url()), "SELECT current_user") == [("wangge_app",)]
        changed_at = rules.stat().st_mtime_ns
        assert fresh.start() == fresh.url()
        assert rules.stat().st_mtime_ns == changed_at
    assert fresh.status().pid == pid


def test_a_backup_is_restored_where_the_role_is_unknown(
    database_url: str, fresh: Cluster, tmp_path: Path
) -> None:
    back_up(database_url, tmp_path / "saved")
    restore_cluster(fresh, tmp_path / "saved")
    application = application_url(fresh.url())
    assert ask(application, "SELECT count(*) FROM incident") == [(0,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(application, "SELECT * FROM sign_in")
    assert ask(fresh.url(), LEAKPROOF) == [(True,)]
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(application, TEMPORARY)
    assert ask(fresh.url(), TEMPORARY) == []
    verify_application_role(fresh.url())
    forget_engine(fresh.url())


def test_restoring_without_the_right_to_make_the_role_says_what_to_do(
    database_url: str, fresh: Cluster, tmp_path: Path
) -> None:
    back_up(database_url, tmp_path / "saved")
    ask(fresh.url("postgres"), "CREATE DATABASE mine")
    # The cluster lets in its owner alone, who therefore gives up his rights for as long.
    ask(fresh.url("postgres"), "CREATE ROLE clerk; ALTER ROLE wangge IN DATABASE mine SET role = clerk")
    with pytest.raises(DatabaseUnavailable, match="CREATE ROLE wangge_app LOGIN NOINHERIT"):
        restore_server(fresh.url("mine"), tmp_path / "saved")
    assert ask(fresh.url(), "SELECT FROM pg_roles WHERE rolname = 'wangge_app'") == []
    forget_engine(fresh.url("mine"))


def test_an_owner_without_other_rights_migrates_where_extensions_and_role_are_made(fresh: Cluster) -> None:
    ask(fresh.url("postgres"), "CREATE ROLE clerk")
    ask(fresh.url("postgres"), "CREATE ROLE wangge_app LOGIN NOINHERIT")
    ask(fresh.url("postgres"), "CREATE DATABASE mine OWNER clerk")
    for extension in ("postgis", "btree_gist", "pg_trgm"):
        ask(fresh.url("mine"), f"CREATE EXTENSION {extension}")
    ask(fresh.url("postgres"), "ALTER ROLE wangge IN DATABASE mine SET role = clerk")
    migrate(fresh.url("mine"))
    owner_of = "SELECT CAST(relowner AS regrole) FROM pg_class WHERE relname = 'incident'"
    assert ask(fresh.url("mine"), owner_of) == [("clerk",)]
    verify_application_role(fresh.url("mine"))
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        ask(application_url(fresh.url("mine")), TEMPORARY)
    assert ask(fresh.url("mine"), TEMPORARY) == []
    forget_engine(fresh.url("mine"))


def test_the_role_as_it_is_made_is_accepted(database_url: str) -> None:
    verify_application_role(database_url)


def test_an_owner_is_not_accepted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANGGE_APP_DATABASE_URL", database_url)
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match=r"is a superuser.*WANGGE_APP_DATABASE_URL"):
        verify_application_role(database_url)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("ALTER ROLE wangge_app BYPASSRLS", "bypasses row-level security"),
        ("ALTER ROLE wangge_app CREATEROLE", "may create roles"),
        ("GRANT wangge TO wangge_app", "owner of the tables"),
    ],
)
def test_a_role_that_was_given_more_is_not_accepted(database_url: str, change: str, complaint: str) -> None:
    ask(database_url, change)
    try:
        with pytest.raises(ConfigurationError, match=complaint):
            verify_application_role(database_url)
    finally:
        ask(database_url, "ALTER ROLE wangge_app NOBYPASSRLS NOCREATEROLE; REVOKE wangge FROM wangge_app")


def test_a_role_that_may_not_log_in_is_told_in_a_sentence(database_url: str) -> None:
    ask(database_url, "ALTER ROLE wangge_app NOLOGIN")
    try:
        with (
            pytest.raises(DatabaseUnavailable, match="wangge_app may log in, or set WANGGE_APP_DATABASE_URL"),
            acting_as(NOBODY),
            connect(),
        ):
            pass
    finally:
        ask(database_url, "ALTER ROLE wangge_app LOGIN")

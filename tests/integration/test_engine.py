"""What connections promise, and which servers are refused."""

import psycopg2.errors
import pytest
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import ConfigurationError, DatabaseUnavailable, MigrationPending, PostgisMissing
from geo.model.actor import NOBODY, Actor
from geo.schema.migrate import head_revision
from geo.settings import get_settings
from geo.store.engine import (
    acting_as,
    connect,
    migrate_database,
    reading_together,
    transaction,
    verify_server,
)


def _count_rows(url: str) -> int:
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM layer_version")
        return int(cursor.fetchall()[0][0])


def _insert_row(connection: PostgresConnection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO layer_version (layer, community_id) VALUES ('test', 1)")


def _insert_row_and_fail(connection: PostgresConnection) -> None:
    _insert_row(connection)
    msg = "half way"
    raise RuntimeError(msg)


def _terminate(connection: PostgresConnection, pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        assert cursor.fetchone() == (True,)


def test_a_transaction_is_committed_at_its_end(database_url: str) -> None:
    with transaction(database_url) as connection:
        _insert_row(connection)
        assert _count_rows(database_url) == 0
    assert _count_rows(database_url) == 1


def test_a_transaction_that_raises_leaves_nothing_and_gives_its_connection_back(database_url: str) -> None:
    more_than_the_pool_holds = 2 * get_settings().pool_size + 1
    for _ in range(more_than_the_pool_holds):
        with pytest.raises(RuntimeError, match="half way"), transaction(database_url) as connection:
            _insert_row_and_fail(connection)
    assert _count_rows(database_url) == 0


def test_a_reading_connection_refuses_to_write(database_url: str) -> None:
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction), connect(database_url) as connection:
        _insert_row(connection)
    with transaction(database_url) as connection:  # the same pooled connection may write again
        _insert_row(connection)
    assert _count_rows(database_url) == 1


def test_what_is_read_together_is_read_in_one_transaction_of_one_actor(database_url: str) -> None:
    somebody = Actor(None, "leader", (1,))
    with acting_as(somebody), reading_together():
        with connect() as first, connect() as second:
            assert first is second
        with acting_as(NOBODY), connect() as of_nobody, of_nobody.cursor() as cursor:
            assert of_nobody is not first
            cursor.execute("SELECT current_setting('wangge.role')")
            assert cursor.fetchone() == ("",)
        with connect() as again, again.cursor() as cursor:
            cursor.execute("SELECT current_setting('wangge.role'), current_setting('transaction_read_only')")
            assert cursor.fetchone() == ("leader", "on")
            with transaction() as writing:
                assert writing is not again
    with acting_as(somebody), connect() as one, connect() as other:
        assert one is not other, "only inside the block"


def test_connections_are_named_and_keep_utc(database_url: str) -> None:
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('TimeZone'), current_setting('application_name')")
        assert cursor.fetchone() == ("UTC", "wangge")


def test_a_connection_lost_in_the_pool_is_replaced(database_url: str, connection: PostgresConnection) -> None:
    with connect(database_url) as pooled:
        lost = pooled.get_backend_pid()
    _terminate(connection, lost)
    with connect(database_url) as pooled:
        assert pooled.get_backend_pid() != lost


def test_all_connections_of_the_application_lost_in_the_pool_are_replaced(
    database_url: str, connection: PostgresConnection
) -> None:
    with acting_as(NOBODY):
        with connect(database_url) as one, transaction(database_url) as other:
            lost = {one.get_backend_pid(), other.get_backend_pid()}
        for pid in lost:
            _terminate(connection, pid)
        with connect(database_url) as one, transaction(database_url) as other:
            assert len({one.get_backend_pid(), other.get_backend_pid()} - lost) == 2


def test_the_application_reads_and_writes_by_turns_on_one_connection(database_url: str) -> None:
    with acting_as(NOBODY):
        for begin, is_read_only in ((connect, "on"), (transaction, "off"), (connect, "on")):
            with begin(database_url) as pooled, pooled.cursor() as cursor:
                cursor.execute("SHOW transaction_read_only")
                assert cursor.fetchone() == (is_read_only,)


def test_a_connection_lost_inside_the_block_makes_the_database_unavailable(
    database_url: str, connection: PostgresConnection
) -> None:
    def lose_connection() -> None:
        with transaction(database_url) as pooled:
            _terminate(connection, pooled.get_backend_pid())
            _insert_row(pooled)

    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        lose_connection()
    assert _count_rows(database_url) == 0


def test_a_migrated_server_is_accepted(database_url: str) -> None:
    verify_server(database_url)


def test_a_server_without_postgis_is_refused(empty_database_url: str) -> None:
    with pytest.raises(PostgisMissing, match="has no PostGIS yet: run 'wangge db migrate'"):
        verify_server(empty_database_url)


def test_a_database_without_tables_is_refused(empty_database_url: str) -> None:
    with transaction(empty_database_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION postgis")
    with pytest.raises(MigrationPending, match="has no Wangge tables yet: run 'wangge db migrate'"):
        verify_server(empty_database_url)


@pytest.mark.parametrize(
    ("revision", "advice"),
    [("0001", "run 'wangge db migrate'"), ("9999", "newer Wangge .* update this program")],
)
def test_another_schema_revision_is_refused(database_url: str, revision: str, advice: str) -> None:
    assert head_revision() not in {"0001", "9999"}
    with transaction(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = %s", (revision,))
    with pytest.raises(MigrationPending, match=advice):
        verify_server(database_url)


def test_a_postgis_too_old_is_refused(database_url: str) -> None:
    with transaction(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE pg_extension SET extversion = '3.2.9' WHERE extname = 'postgis'")
    with pytest.raises(PostgisMissing, match=r"has PostGIS 3\.2\.9: install 3\.3 or newer"):
        verify_server(database_url)


def test_migrating_without_the_right_to_is_refused_in_a_sentence(empty_database_url: str) -> None:
    with transaction(empty_database_url) as connection, connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS clerk; CREATE ROLE clerk; GRANT CREATE ON SCHEMA public TO clerk")
    as_clerk = f"{empty_database_url}&options=-c%20role%3Dclerk"
    with pytest.raises(
        DatabaseUnavailable, match=r"was not migrated \(permission denied .*\): let its owner"
    ):
        migrate_database(as_clerk)
    with pytest.raises(PostgisMissing):  # nothing of it was left behind
        verify_server(empty_database_url)


def test_a_server_that_does_not_answer_is_refused_without_its_password() -> None:
    with pytest.raises(
        DatabaseUnavailable, match=r"the database wangge on 127\.0\.0\.1 does not answer"
    ) as refusal:
        verify_server("postgresql://clerk:s3cret@127.0.0.1:15400/wangge")
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["mysql://clerk:s3cret@host/wangge", "s3cret", "postgresql://u:s3cret@h:port/d"]
)
def test_a_url_of_something_else_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="must look like") as refusal:
        verify_server(url)
    assert "s3cret" not in str(refusal.value)

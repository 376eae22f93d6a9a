"""A throw-away PostGIS cluster for the whole run, and a fresh migrated database for every test that asks."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.scheduler.protocol import Scheduling

from geo.cluster import Cluster
from geo.schema.migrate import migrate
from geo.settings import get_settings
from geo.store import engine
from geo.store.engine import forget_engine
from tests.actors import find_secretary

# How long an example takes says nothing where three processes share two cores. Examples are the same ones
# every time, so that a change is judged by what it changes; `make explore` draws new ones.
settings.register_profile(
    "beside_others", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("explore", settings.get_profile("beside_others"), derandomize=False)
settings.load_profile("beside_others")

_TEMPLATE = "template_migrated"
# A run copies thousands of databases of a thousand files each: in memory that takes a twentieth of the time.
_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - what lies there is in a folder of its own
_ROOM_BYTES = 8 << 30
_numbers = itertools.count(1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Of several processes, let one have all browsers, which need a core each, and a file stay in one."""
    return _ByFile(config, log)


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid.partition("::")[0]


@pytest.fixture(scope="session")
def reachable_path() -> Iterator[Path]:
    """A temporary folder that the database's user can pass through, which pytest's own are not."""
    has_room = _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES
    folder = Path(tempfile.mkdtemp(prefix="wangge-", dir=_IN_MEMORY if has_room else None))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session", autouse=True)
def _own_installation(reachable_path: Path) -> Iterator[None]:
    """Keep every test away from the installation of the machine it runs on."""
    data_dir = reachable_path / "installation"
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("WANGGE_"):
                environment.delenv(name)
        environment.setenv("WANGGE_DATA_DIR", str(data_dir))
        get_settings.cache_clear()
        yield
        Cluster(data_dir).stop()


@pytest.fixture(scope="session")
def cluster(reachable_path: Path) -> Iterator[Cluster]:
    """A running cluster of this test run alone."""
    cluster = Cluster(reachable_path / "cluster", durable=False)
    cluster.start()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def migrated_template(cluster: Cluster) -> str:
    """The name of a migrated database to clone."""
    _administer(cluster, f"CREATE DATABASE {_TEMPLATE}")
    migrate(cluster.url(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def empty_database_url(cluster: Cluster) -> Iterator[str]:
    """The URL of a database without PostGIS and without tables."""
    with clone_database(cluster, "template1") as url:
        yield url


@pytest.fixture
def database_url(cluster: Cluster, migrated_template: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a migrated database of this test alone, which is the installation's for as long."""
    with clone_database(cluster, migrated_template) as url:
        monkeypatch.setenv("WANGGE_DATABASE_URL", url)
        get_settings.cache_clear()
        yield url
        get_settings.cache_clear()


@pytest.fixture
def connection(database_url: str) -> Iterator[PostgresConnection]:
    """A psycopg2 connection to ``database_url``; what a test does not commit is rolled back."""
    with closing(psycopg2.connect(database_url, options="-c timezone=UTC")) as connection:
        yield connection


class _Undone(PostgresConnection):
    def commit(self) -> None:
        """Check what a commit checks, and go on."""
        with self.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture(scope="session")
def _shared_url(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    with clone_database(cluster, migrated_template) as url:
        yield url


@pytest.fixture
def undone(_shared_url: str) -> Iterator[PostgresConnection]:
    """A psycopg2 connection like ``connection``, for tests of one transaction: they share a database."""
    with closing(
        psycopg2.connect(_shared_url, options="-c timezone=UTC", connection_factory=_Undone)
    ) as connection:
        yield connection


@pytest.fixture
def secretary(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever asks the database in this test, in any thread, asks for a secretary of all its communities."""
    monkeypatch.setattr(engine, "_find_actor", lambda: find_secretary(database_url))


@contextmanager
def clone_database(cluster: Cluster, template: str) -> Iterator[str]:
    """Yield the URL of a new database copied from a template, and drop it afterwards."""
    name = f"test_{next(_numbers)}"
    # Copying files takes a tenth of the time that copying through the log does.
    strategy = "STRATEGY file_copy" if (cluster.status().postgresql or 0) >= 15 else ""
    _administer(cluster, f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
    url = cluster.url(name)
    try:
        yield url
    finally:
        forget_engine(url)
        _administer(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(cluster: Cluster, statement: str) -> None:
    with closing(psycopg2.connect(cluster.url("postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)

"""Bring a database to the schema this program needs."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Engine, create_engine, make_url, text

# Any number does, so long as nothing else in the database uses it for an advisory lock.
_MIGRATION_LOCK = 4490_2026


def _make_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _make_engine(url: str) -> Engine:
    return create_engine(make_url(url).set(drivername="postgresql+psycopg2"))


def head_revision() -> str:
    """Return the newest revision this program knows."""
    head = ScriptDirectory.from_config(_make_config()).get_current_head()
    if head is None:
        msg = "the program has no migrations"
        raise RuntimeError(msg)
    return head


def is_known(revision: str) -> bool:
    """Whether this program has the revision; a database at an unknown one was made by a newer program."""
    try:
        return ScriptDirectory.from_config(_make_config()).get_revision(revision) is not None
    except CommandError:
        return False


def current_revision(url: str) -> str | None:
    """Return the revision of the database at ``url``, or None where no migration has run."""
    engine = _make_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    finally:
        engine.dispose()


def migrate(url: str, revision: str = "head") -> None:
    """Run the migrations up to ``revision`` in one transaction; two callers at once run them once."""
    engine = _make_engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
            config = _make_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()

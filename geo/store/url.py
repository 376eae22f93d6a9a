"""Where a database is: its URL read, named for messages, and as the application's role reaches it."""

from functools import lru_cache

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from geo.cluster import APPLICATION_ROLE
from geo.errors import ConfigurationError, DatabaseUnavailable
from geo.settings import get_settings


def parse_url(url: str | URL) -> URL:
    """Read a PostgreSQL URL.

    Raises:
        ConfigurationError: it is not one; the message does not repeat it, for it may hold a password.
    """
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    if address is None or address.get_backend_name() not in {"postgresql", "postgres"}:
        msg = "WANGGE_DATABASE_URL must look like postgresql://user:password@host:5432/database"
        raise ConfigurationError(msg)
    return address.set(drivername="postgresql+psycopg2")


def describe(url: str | URL) -> str:
    """Name a database for a message, without user or password."""
    address = parse_url(url)
    host = address.host or address.query.get("host")
    return f"the database {address.database} on {host}" if host else f"the database {address.database}"


def application_url(url: str) -> str:
    """Return the URL by which the application reaches a database: as a role that owns nothing."""
    settings = get_settings()
    if url == settings.database_url and settings.app_database_url:
        return settings.app_database_url
    return _name_application(url)


@lru_cache
def _name_application(url: str) -> str:
    # Asked with every transaction; each new URL leaves what only the collector frees.
    address = parse_url(url).set(drivername="postgresql", username=APPLICATION_ROLE, password=None)
    return address.render_as_string(hide_password=False)


def explain_failure(address: URL, failure: Exception) -> DatabaseUnavailable:
    """Say that a database does not answer, and what to look at; a password in the reason is blotted out."""
    text = str(failure)
    if address.password:
        text = text.replace(str(address.password), "***")
    reason = " ".join(text.split()) or "the connection was lost"
    advice = "WANGGE_DATABASE_URL is right"
    if address.username == APPLICATION_ROLE:
        advice = (
            f"the role {APPLICATION_ROLE} may log in, or set WANGGE_APP_DATABASE_URL, its password included"
        )
    msg = f"{describe(address)} does not answer ({reason}): see that it runs and {advice}"
    return DatabaseUnavailable(msg)

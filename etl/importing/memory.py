"""What is remembered of a source: files of one kind and the same columns come from one desk."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.layers import simplify
from geo.store.import_jobs import RememberedSource, find_sources, remember_source


def recall_source(
    connection: PostgresConnection, community_id: int, path: Path, headers: Collection[str], layer: str | None
) -> RememberedSource | None:
    """Return what was chosen for such a file the last time.

    Args:
        connection: the caller's transaction.
        community_id: whose file it is.
        path: its name's ending is part of what it is known by.
        headers: its columns, in any order.
        layer: the layer its rows go to; None where nobody has said, and then only one may be remembered.
    """
    found = find_sources(connection, community_id, path.suffix.lower(), _take_fingerprint(headers))
    fitting = [source for source in found if layer in {None, source.layer}]
    return fitting[0] if len(fitting) == 1 else None


def keep_source(
    connection: PostgresConnection,
    community_id: int,
    path: Path,
    headers: Collection[str],
    source: RememberedSource,
) -> None:
    """Remember what was chosen for a file, in the import's own transaction."""
    fingerprint = _take_fingerprint(headers)
    remember_source(connection, community_id, path.suffix.lower(), fingerprint, source)


def _take_fingerprint(headers: Collection[str]) -> str:
    words = sorted({simplify(header) for header in headers})
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()

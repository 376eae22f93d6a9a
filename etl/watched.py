"""The process that brings in one file of a watched folder: ``python -m etl.watched FILE COMMUNITY REFUSED``.

A file that is broken in a way that ends the process ends this one, and not the watch. It prints one JSON
object: ``problem`` with the file, ``trouble`` with anything else, or ``report`` and ``batch``; a file that
was brought in already is not brought in twice.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from etl.importing.importer import hash_file, import_file
from etl.limits import end_with_parent, explain_failure, limit_process
from geo.errors import ConfigurationError, DatabaseUnavailable, NotFound
from geo.operations.refused_rows import write_workbook
from geo.store.engine import transaction
from geo.store.imports import find_community, find_same, lock_imports


def main() -> None:
    """Bring the file in and tell what came of it."""
    name, community, refused = sys.argv[1:]
    end_with_parent()
    try:
        told = _bring_in(Path(name), community or None, Path(refused))
    except (DatabaseUnavailable, ConfigurationError, NotFound) as trouble:
        told = {"trouble": str(trouble)}
    except Exception as failure:  # noqa: BLE001 - the process boundary: the office is told a sentence
        told = {"problem": explain_failure(failure)}
    sys.stdout.buffer.write(orjson.dumps(told))


def _bring_in(path: Path, community: str | None, refused: Path) -> dict[str, Any]:
    digest = hash_file(path)
    arrived_at = datetime.fromtimestamp(path.stat().st_ctime, UTC)
    with transaction() as connection:
        # What a watch that was killed has begun is over before anybody looks.
        lock_imports(connection)
        home = find_community(connection, community)
        limit_process(path)
        same = find_same(connection, home.id, digest, arrived_at)
        report = import_file(
            connection,
            path,
            community=home.code,
            # Only to know the rows that are refused, where the batch is there already.
            dry_run=same is not None,
            keep_refused=lambda rows: write_workbook(refused, rows),
        )
        if report.rows.rejected == report.rows.total:
            connection.rollback()
            return {"problem": f"no row of {path.name} could be taken in"}
    told = report.to_dict()
    return {"batch": same or report.batch, "was_there": same is not None, "report": told | {"map": None}}


if __name__ == "__main__":
    main()

"""How a revision runs its SQL file and loads its seed rows."""

from pathlib import Path
from typing import cast

from alembic import op
from psycopg2.extensions import cursor

FOLDER = Path(__file__).parent


def _open_cursor() -> cursor:
    # The driver's own cursor: SQLAlchemy would read colons and percent signs in the scripts as parameters.
    return cast("cursor", op.get_bind().connection.cursor())


def run_script(name: str) -> None:
    """Run ``sql/<name>`` in the revision's transaction."""
    with _open_cursor() as target:
        target.execute((FOLDER / "sql" / name).read_text(encoding="utf-8"))


def load_seed(table: str) -> None:
    """Copy ``seed/<table>.csv`` into the table of that name; the header names the columns."""
    with (FOLDER / "seed" / f"{table}.csv").open(encoding="utf-8") as rows, _open_cursor() as target:
        columns = rows.readline().strip()
        target.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)", rows)

"""``python -m geo.schema.dump``: write schema.sql, the sum of the migrations, for people to read."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from geo.cluster import Cluster
from geo.programs import find_programs
from geo.schema.migrate import migrate

SCHEMA_FILE = Path(__file__).parent / "schema.sql"

_HEADER = """\
-- The schema as the migrations leave it, for reading: change the migrations, then run `make schema`.

-- Procedures name tables that come further down.
SET check_function_bodies = false;
"""
# What pg_dump says about itself, the session and the names it is about to create.
_NOISE = re.compile(
    r"^--\n-- (?:PostgreSQL database dump|Name: ).*\n--\n"
    r"|^-- Dumped (?:from|by) .*\n"
    r"|^SET .*;\n"
    r"|^SELECT pg_catalog\.set_config\('search_path', .*\n"
    r"|^\\(?:un)?restrict .*\n",
    re.MULTILINE,
)


def dump_schema(url: str) -> str:
    """Return the schema of the database at ``url`` as SQL, the same text for the same schema.

    Raises:
        PostgisMissing: PostgreSQL's programs are not on this machine.
    """
    programs = find_programs()
    command = [
        str(programs.path("pg_dump")),
        "--schema-only",
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        url,
    ]
    dumped = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return _HEADER + re.sub(r"\n{3,}", "\n\n", "\n" + _NOISE.sub("", dumped)).rstrip() + "\n"


def main() -> None:
    """Migrate an empty database of a throw-away cluster and write down what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="wangge-schema-"))
    folder.chmod(0o711)  # The server runs as another user when root starts it.
    cluster = Cluster(folder, durable=False)
    try:
        url = cluster.start()
        migrate(url)
        SCHEMA_FILE.write_text(dump_schema(url), encoding="utf-8")
    finally:
        cluster.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""A place costs less to bring in: fewer entries in indexes, and one comparison of its frame."""

from geo.schema.scripts import run_script

revision = "0039"
down_revision = "0038"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0039_cheaper_rows.sql")

"""Only the owner makes temporary tables and functions."""

from geo.schema.scripts import run_script

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0019_no_temporary.sql")

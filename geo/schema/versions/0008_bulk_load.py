"""What makes a million rows land quickly."""

from geo.schema.scripts import run_script

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0008_bulk_load.sql")

"""What the page of cases needs: words looked for, views kept by name, and indexes for its filters."""

from geo.schema.scripts import run_script

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0017_worklist.sql")

"""What came back is found by an index by everybody."""

from geo.schema.scripts import run_script

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0022_relapse_by_index.sql")

"""Chat groups, and what a community counts as how much work."""

from geo.schema.scripts import run_script

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0025_workload.sql")

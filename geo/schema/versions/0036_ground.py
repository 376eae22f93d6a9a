"""Streets, water and green that files bring: known again, and undone with their batch."""

from geo.schema.scripts import run_script

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0036_ground.sql")

"""Who keeps the duty matrix and the working time of a community, and what is noted of it."""

from geo.schema.scripts import run_script

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0018_duties.sql")

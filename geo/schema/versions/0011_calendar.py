"""A community's own working time and clocks; duty rules led by a compound's property company."""

from geo.schema.scripts import run_script

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0011_calendar.sql")

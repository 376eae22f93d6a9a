"""What coverage is counted from, and the templates of inspections."""

from geo.schema.scripts import run_script

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0031_coverage.sql")

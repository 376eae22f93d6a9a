"""Looking again at what was settled: what a community asks for, and the move."""

from geo.schema.scripts import run_script

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0029_recheck.sql")

"""What a morning asks of the cases: relapses, bounces, unanswered whistles, and the indexes for them."""

from geo.schema.scripts import run_script

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0016_morning.sql")

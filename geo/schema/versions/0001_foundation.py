"""Extensions, sound geometry and layer versions."""

from geo.schema.scripts import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0001_foundation.sql")

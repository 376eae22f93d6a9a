"""Absences, who stands in, and leaving for good."""

from geo.schema.scripts import run_script

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0027_absence.sql")

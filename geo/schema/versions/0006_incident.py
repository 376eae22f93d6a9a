"""Incidents, visits, campaigns and duty rules."""

from geo.schema.scripts import run_script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0006_incident.sql")

"""Parties, posts and memberships."""

from geo.schema.scripts import run_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0003_party.sql")

"""Zone plans and who holds which building."""

from geo.schema.scripts import run_script

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0004_responsibility.sql")

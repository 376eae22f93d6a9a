"""What figures are counted from, and what a community's score is made of."""

from geo.schema.scripts import run_script

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0032_indicators.sql")

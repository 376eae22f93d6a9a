"""Communities and the places in them."""

from geo.schema.scripts import run_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0002_place.sql")

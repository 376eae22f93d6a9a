"""What lies near a place and is of one category is found by an index."""

from geo.schema.scripts import run_script

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0033_place_index.sql")

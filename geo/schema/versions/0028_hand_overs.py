"""Cases that come back to whoever was away, and a supervision phone for each community."""

from geo.schema.scripts import run_script

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0028_hand_overs.sql")

"""The photos of a sealed case are opened with its words."""

from geo.schema.scripts import run_script

revision = "0021"
down_revision = "0019"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0021_sealed_photos.sql")

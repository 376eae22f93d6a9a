"""What the shared map may show, and the hexagons of its low zooms."""

from geo.schema.scripts import run_script

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0007_pyramid.sql")

"""A screen on a wall reads no row of any community."""

from geo.schema.scripts import run_script

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0030_wall.sql")

"""Let the application have hexagons derived without seeing or writing what they count."""

from geo.schema.scripts import run_script

revision = "0015"
down_revision = "0011"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0015_hexagons.sql")

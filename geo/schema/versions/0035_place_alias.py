"""What places are called besides their names, and cases that nobody could place."""

from geo.schema.scripts import run_script

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0035_place_alias.sql")

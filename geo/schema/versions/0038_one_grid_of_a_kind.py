"""A building in one grid of a kind at any time, without an index dearer than all else of a building."""

from geo.schema.scripts import run_script

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0038_one_grid_of_a_kind.sql")

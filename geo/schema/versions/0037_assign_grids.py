"""Which grid a building is in, found without comparing every building with every other."""

from geo.schema.scripts import run_script

revision = "0037"
down_revision = "0036"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0037_assign_grids.sql")

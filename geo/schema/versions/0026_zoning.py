"""Zone plans are drawn in drafts with a journal; what was published stays as it is."""

from geo.schema.scripts import run_script

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0026_zoning.sql")

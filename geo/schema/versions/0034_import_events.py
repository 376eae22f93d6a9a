"""What an import told of a case is known as such, so that undoing the import takes it back."""

from geo.schema.scripts import run_script

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0034_import_events.sql")

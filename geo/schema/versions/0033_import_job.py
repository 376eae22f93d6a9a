"""Files on their way in: the jobs behind the import page, and what is remembered of a source."""

from geo.schema.scripts import run_script

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0033_import_job.sql")

"""What row-level security asks is planned once a session."""

from geo.schema.scripts import run_script

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0023_policies_plan_once.sql")

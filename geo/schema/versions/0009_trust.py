"""Who may see what: accounts, grants, row-level security, masks and the log."""

from geo.schema.scripts import run_script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0009_masks.sql")
    run_script("0009_trust.sql")
    run_script("0009_accounts.sql")

"""The post taken last comes first at the next sign-in."""

from geo.schema.scripts import run_script

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("0024_last_post.sql")

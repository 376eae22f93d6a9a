"""${message}."""

from geo.schema.scripts import run_script

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Run the revision's SQL file."""
    run_script("${up_revision}_${slug}.sql")

"""What may happen to a case: the table of moves, and the trigger that applies them."""

from geo.schema.scripts import load_seed, run_script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Run the revision's SQL file and load the table of moves."""
    run_script("0010_workflow.sql")
    load_seed("workflow_move")

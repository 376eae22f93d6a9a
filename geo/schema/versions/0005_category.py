"""Categories and national codes."""

from geo.schema.scripts import load_seed, run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables and fill them with the tree we propose; every value stays editable."""
    run_script("0005_category.sql")
    for table in ("category", "national_code", "category_national_code"):
        load_seed(table)

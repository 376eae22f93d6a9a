"""The ``wangge`` command: exit 0 done, 1 refused with reasons, 2 usage.

With ``--json`` a command prints one JSON object on standard output; everything else goes to standard error.
"""

import sys

import click

from etl.commands.account import account
from etl.commands.check import check
from etl.commands.community import community
from etl.commands.db import db
from etl.commands.demo import demo
from etl.commands.export import export
from etl.commands.hotspots import hotspots
from etl.commands.imports import imports
from etl.commands.indicators import indicators
from etl.commands.up import up
from etl.commands.zones import zones
from geo.errors import WanggeError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="wangge")
def cli() -> None:
    """Wangge 网格: community grid governance on a map."""


cli.add_command(account)
cli.add_command(check)
cli.add_command(community)
cli.add_command(db)
cli.add_command(demo)
cli.add_command(export)
cli.add_command(hotspots)
cli.add_command(imports)
cli.add_command(indicators)
cli.add_command(up)
cli.add_command(zones)


def main() -> None:
    """Run the command line; a refusal is one sentence on standard error and exit code 1."""
    try:
        cli(prog_name="wangge")
    except WanggeError as refusal:
        click.echo(f"wangge: {refusal}", err=True)
        sys.exit(1)

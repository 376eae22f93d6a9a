"""``wangge demo``: synthetic communities to try everything on."""

import sys
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from etl.demo.load import DemoReport


@click.group()
def demo() -> None:
    """Synthetic communities: geography, people and a year of incidents that nobody lived."""


@demo.command("load")
@click.option(
    "--community", type=click.Choice(["D", "Y"]), default="D", show_default=True, help="Large or small."
)
@click.option(
    "--scale", type=click.IntRange(min=1), default=1, show_default=True, help="Communities side by side."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Same seed, same data."
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="History ends before this day.  [default: today]",
)
@click.option("--json", "as_json", is_flag=True, help="Print totals and planted truth as one JSON object.")
def load_command(community: str, scale: int, seed: int, as_of: datetime | None, *, as_json: bool) -> None:
    """Load a demo community, replacing the demo communities of the same kind; real ones are never touched."""
    from etl.demo.load import load_demo  # noqa: PLC0415 - its libraries take long to import, and this is rare

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task("communities", total=scale)
        report = load_demo(
            community=community,
            scale=scale,
            seed=seed,
            as_of=as_of.date() if as_of else None,
            on_progress=lambda code, _incidents: progress.update(task, advance=1, description=code),
        )
    if as_json:
        click.echo(orjson.dumps(_describe(report)))
    else:
        totals = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in report.totals.items())
        click.echo(
            f"loaded {', '.join(report.codes[:3])}{' …' if len(report.codes) > 3 else ''}: {totals}", err=True
        )


def _describe(report: "DemoReport") -> dict[str, object]:
    return {
        "community": report.community,
        "seed": report.seed,
        "as_of": report.as_of.isoformat(),
        "codes": report.codes,
        "totals": report.totals,
        "truth": asdict(report.truth),
    }

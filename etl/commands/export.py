"""``wangge export``: a whole layer into a file that an import reads back."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click
import orjson
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from etl.commands.zones import choose_community
from geo.model.zone import ZoneKind
from geo.operations.layer_export import SYSTEMS, export_layer
from geo.settings import get_settings
from geo.store.layer_rows import LAYERS

_TIME_ZONE: Final = ZoneInfo("Asia/Shanghai")


@click.command("export")
@click.argument("layer", type=click.Choice(LAYERS))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--community", metavar="CODE", help="Whose rows, where there are several communities.")
@click.option(
    "--crs", type=click.Choice(list(SYSTEMS)), default="cgcs2000", show_default=True,
    help="Coordinate system; gcj02 only where the installation permits it.",
)  # fmt: skip
@click.option(
    "--language", type=click.Choice(["zh", "en"]), help="Of the headers.  [default: that of the pages]"
)
@click.option(
    "--kind", type=click.Choice([kind.value for kind in ZoneKind]), default="grid_worker", show_default=True,
    help="Which zones.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what was taken out as one JSON object.")
def export(
    layer: str,
    file: Path,
    *,
    community: str | None,
    crs: str,
    language: str | None,
    kind: str,
    as_json: bool,
) -> None:
    """Write a LAYER to FILE, with everything that is stored of it; the ending says the format.

    .gpkg, .geojson, .csv, .xlsx, .kml, or .zip for a Shapefile. What is there already is replaced, and
    wangge import reads it back.
    """
    chosen = choose_community(community)
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("writing", total=None)
        taken = export_layer(
            layer,
            file,
            chosen,
            on_day=datetime.now(_TIME_ZONE).date(),
            crs=crs,
            language=language or get_settings().language,
            zone_kind=kind,
            on_progress=lambda rows: progress.update(task, completed=rows),
        )
    if as_json:
        told = {"layer": layer, "community": chosen.code, "file": str(file), "crs": SYSTEMS[crs]}
        click.echo(orjson.dumps(told | {"rows": taken.rows, "left_out": taken.left_out}))
        return
    click.echo(f"{file}: {taken.rows:,} {layer} of {chosen.code}, in {SYSTEMS[crs]}", err=True)
    if taken.left_out:
        click.echo(
            f"  {taken.left_out:,} values are longer than the format holds and were left out", err=True
        )

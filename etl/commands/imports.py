"""``wangge import``: files in, and out again."""

import sys
from pathlib import Path
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from etl.importing.columns.layers import load_layers
from etl.importing.folder import FolderOutcome, import_folder
from etl.importing.importer import import_file, undo_import
from etl.importing.report import ImportReport
from etl.scratch import hold_scratch
from etl.watching import Outcome, watch_folder
from geo.errors import InputRefused
from geo.operations.refused_rows import write_workbook

_MOST_SHOWN = 20


class _FileFirst(click.Group):
    """``wangge import FILE`` is ``wangge import file FILE``, as long as no command has that name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["file", *args]
        return super().parse_args(ctx, args)


@click.group("import", cls=_FileFirst, subcommand_metavar="FILE|FOLDER [OPTIONS] | undo BATCH | watch FOLDER")
def imports() -> None:
    """Bring a file in, or take an import back: wangge import FILE, wangge import undo BATCH.

    Of a folder every file is brought in, grids first and cases last: wangge import FOLDER.

    wangge import watch FOLDER brings in whatever comes into a folder.

    The options for a file are listed by wangge import file --help.
    """


@imports.command("file")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--layer", type=click.Choice(list(load_layers())), help="What the rows are, if the file does not tell."
)
@click.option("--community", metavar="CODE", help="Whose rows they are, if there are several communities.")
@click.option("--crs", metavar="C", help="Coordinate system: gcj02, bd09, wgs84, or an EPSG number.")
@click.option(
    "--map", "mapping", metavar="COLUMN=FIELD", multiple=True, help="What a column is; may be repeated."
)
@click.option("--source-layer", metavar="NAME", help="Layer or sheet to read, if the file has several.")
@click.option(
    "--refused",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT.xlsx",
    help="Write the rows that are refused into a workbook, to be corrected and imported.",
)
@click.option("--dry-run", is_flag=True, help="Do everything, then take it back.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def file_command(
    file: Path,
    layer: str | None,
    community: str | None,
    crs: str | None,
    mapping: tuple[str, ...],
    source_layer: str | None,
    refused: Path | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Import FILE: each row lands, updates the row it already is, or is reported with its reason.

    Of a folder every file is brought in by itself, grids first and cases last; --crs is then said of those
    files that name no coordinate system, or a wrong one.
    """
    if file.is_dir() and file.suffix.lower() != ".gdb":
        if layer or mapping or source_layer or refused:
            message = "--layer, --map, --source-layer and --refused are said of one file, and not of a folder"
            raise click.UsageError(message)
        _bring_in_folder(file, community, crs, dry_run=dry_run, as_json=as_json)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f}"),
        TimeElapsedColumn(),
    )
    with hold_scratch(), Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("reading", total=None)
        report = import_file(
            None,
            file,
            layer=layer,
            community=community,
            crs=crs,
            mapping=dict(_split_mapping(entry) for entry in mapping),
            source_layer=source_layer,
            dry_run=dry_run,
            keep_refused=None if refused is None else lambda rows: write_workbook(refused, rows),
            on_progress=lambda step, done, total: progress.update(
                task, description=step, completed=done, total=total or None
            ),
        )
    if as_json:
        # The map is for the page: a program has the file.
        click.echo(orjson.dumps({name: told for name, told in report.to_dict().items() if name != "map"}))
    else:
        _print_report(report)
    if report.rows.rejected == report.rows.total:
        message = f"no row of {report.file_name} could be taken in"
        raise InputRefused(message)


def _bring_in_folder(
    folder: Path, community: str | None, crs: str | None, *, dry_run: bool, as_json: bool
) -> None:
    outcomes: list[FolderOutcome] = []

    def tell(outcome: FolderOutcome) -> None:
        outcomes.append(outcome)
        if outcome.report is not None:
            _print_report(outcome.report)
        else:
            click.echo(f"{outcome.name}: {outcome.problem}", err=True)

    with hold_scratch():
        import_folder(None, folder, community=community, crs=crs, dry_run=dry_run, on_outcome=tell)
    if as_json:
        click.echo(orjson.dumps({"files": [_describe(outcome) for outcome in outcomes]}))
    lost = [outcome.name for outcome in outcomes if not outcome.has_landed]
    if lost:
        message = f"{len(lost)} of {len(outcomes)} could not be taken in: {', '.join(lost)}"
        raise InputRefused(message)


def _describe(outcome: FolderOutcome) -> dict[str, Any]:
    report = {} if outcome.report is None else outcome.report.to_dict()
    # The map is for the page: a program has the file.
    told = {name: value for name, value in report.items() if name != "map"}
    return {"name": outcome.name, "problem": outcome.problem, "report": told or None}


@imports.command("watch")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--community", metavar="CODE", help="Whose files they are, if there are several communities.")
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--once", is_flag=True, help="Bring in what is there and end.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object, with --once.")
def watch_command(folder: Path, community: str | None, *, every: float, once: bool, as_json: bool) -> None:
    """Bring in every file that comes into FOLDER, as a nightly export does.

    What was brought in is moved to done, what was not to refused, each with a text that says why and the rows
    that were refused. Layer, columns and coordinate system are those of the last file of the same columns.
    """
    if as_json and not once:
        message = "--json goes with --once: a watch has no end at which to print"
        raise click.UsageError(message)
    outcomes: list[Outcome] = []

    def tell(outcome: Outcome) -> None:
        outcomes.append(outcome)
        click.echo(f"{outcome.file_name}: {outcome.sentence}", err=True)

    with hold_scratch():
        watch_folder(folder, community=community, every_s=every, once=once, on_outcome=tell)
    if as_json:
        click.echo(orjson.dumps({"files": [vars(outcome) for outcome in outcomes]}))


@imports.command("undo")
@click.argument("batch", type=click.IntRange(min=1))
@click.option("--json", "as_json", is_flag=True, help="Print what was undone as one JSON object.")
def undo_command(batch: int, *, as_json: bool) -> None:
    """Bring back the exact state before an import."""
    undone = undo_import(None, batch)
    if as_json:
        click.echo(orjson.dumps(vars(undone)))
    else:
        click.echo(
            f"undid batch {undone.batch} ({undone.file_name}): {undone.deleted:,} {undone.layer} deleted, "
            f"{undone.restored:,} brought back to what they were",
            err=True,
        )


def _split_mapping(entry: str) -> tuple[str, str]:
    column, mark, field = entry.rpartition("=")
    if not mark or not column or not field:
        message = f"--map wants COLUMN=FIELD, not “{entry}”"
        raise click.UsageError(message)
    return column, field


def _print_report(report: ImportReport) -> None:
    rows = report.rows
    landed = "dry run, nothing was kept" if report.dry_run else f"batch {report.batch or 'none'}"
    lines = [
        f"{report.file_name} → {report.layer} of {report.community} ({landed})",
        f"  {rows.total:,} rows: {rows.inserted:,} new, {rows.updated:,} updated, "
        f"{rows.unchanged:,} unchanged, {rows.rejected:,} rejected"
        + (f"; {report.unplaced:,} without a place" if report.unplaced else ""),
        f"  read as {report.crs or 'rows without coordinates'}"
        + (f", {report.encoding}" if report.encoding else ""),
        "  columns: " + ", ".join(f"{column} → {field}" for column, field in report.mapping.items()),
    ]
    if report.personal_columns:
        lines.append(f"  left out, being about persons: {', '.join(report.personal_columns)}")
    if report.unknown_columns:
        lines.append(
            f"  not taken in: {', '.join(report.unknown_columns)} (name one with --map COLUMN=FIELD)"
        )
    lines += [f"  {sentence}" for sentence in report.remembered]
    lines += [f"  ! {warning}" for warning in report.warnings]
    lines += [f"  {note}" for note in report.notes]
    lines += [
        f"  row {rejection.row}{f', {rejection.column}' if rejection.column else ''}: {rejection.reason}"
        for rejection in report.rejections[:_MOST_SHOWN]
    ]
    if report.difference_counts:
        counts = sorted(report.difference_counts.items(), key=lambda entry: -entry[1])
        lines.append("  changed: " + ", ".join(f"{name} in {count:,} rows" for name, count in counts))
    if len(report.rejections) > _MOST_SHOWN:
        lines.append(f"  … and {len(report.rejections) - _MOST_SHOWN:,} more; --json lists a hundred")
    if report.refused_file:
        lines.append("  the rejected rows are in the workbook: put them right there and import it")
    click.echo("\n".join(lines), err=True)

"""A folder as an office has it: each table of it brought in by itself, in the order in which they build up.

Grids come before the compounds that lie in them, those before their buildings, and cases last, for a case is
placed by what is known then.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.columns.layers import load_layers
from etl.importing.columns.mapping import choose_layer
from etl.importing.importer import import_file
from etl.importing.report import ImportReport
from etl.sources.archive import MAPINFO_PARTS, SHAPEFILE_PARTS
from etl.sources.reading import list_source_layers, read_source
from etl.sources.table import Table
from etl.sources.tables.excel import ALL_SHEETS, SHEET_COLUMN
from geo.errors import DatumContradicted, InputRefused, UnknownDatum
from geo.store.engine import transaction

# What belongs to the file of the same name that leads, and what programs leave lying about.
_LEADING: Final = frozenset({".shp", ".tab", ".mif"})
_PARTS: Final = {*SHAPEFILE_PARTS, *MAPINFO_PARTS, ".sbn", ".sbx", ".qix", ".qmd", ".qpj"} - _LEADING
_NEVER_READ: Final = (".shp.xml", ".aux.xml", ".tab.xml", ".tmp", ".part", "~", "thumbs.db", "desktop.ini")
_HIDDEN: Final = (".", "~$", "__MACOSX")
# Micro grids lie in the grids of another file.
_MICRO: Final = ("微", "micro")


@dataclass(frozen=True)
class FolderTable:
    """One table of a folder.

    Attributes:
        path: the file.
        source_layer: its layer or sheet, where it has several.
        layer: what its rows become; None where it does not tell.
    """

    path: Path
    source_layer: str | None
    layer: str | None

    @property
    def rank(self) -> tuple[int, bool, str, str]:
        """Where it stands in the order."""
        order = list(load_layers())
        place = order.index(self.layer) if self.layer in order else len(order)
        is_micro = self.layer == "grids" and any(word in self.path.name.lower() for word in _MICRO)
        return place, is_micro, str(self.path), self.source_layer or ""


@dataclass(frozen=True)
class FolderOutcome:
    """What became of a table of a folder: a report, or the sentence by which it was refused.

    Attributes:
        name: the file, and its layer or sheet where it has several.
        report: what became of its rows; None where it was refused as a whole.
        problem: why it was; None where it was not.
    """

    name: str
    report: ImportReport | None
    problem: str | None

    @property
    def has_landed(self) -> bool:
        """Whether a row of it was taken in, or was there already."""
        return self.report is not None and self.report.rows.rejected < self.report.rows.total


def import_folder(
    url: str | None,
    folder: Path,
    *,
    community: str | None,
    crs: str | None,
    dry_run: bool,
    on_outcome: Callable[[FolderOutcome], None],
) -> None:
    """Bring in every table of a folder, each as a batch of its own.

    Args:
        url: the database; None for the installation's own.
        folder: the folder; folders in it count.
        community: code of the community; may be None where there is only one.
        crs: the coordinate system of the files that name none, or one that their places contradict.
        dry_run: do everything, one after the other, then take it all back.
        on_outcome: called after each table.

    Raises:
        InputRefused: there is nothing in it to read.
        NotFound: there is no such community.
        DatabaseUnavailable: the database cannot be reached.
    """
    tables = list_tables(folder)
    if not tables:
        message = f"There is nothing to import in {folder.name}: it holds no file that we read."
        raise InputRefused(message)
    if not dry_run:
        for table in tables:
            on_outcome(_take(url, table, folder, community, crs))
        return
    with transaction(url) as connection:
        for table in tables:
            outcome = _take(connection, table, folder, community, crs)
            report = outcome.report and replace(outcome.report, batch=None, dry_run=True)
            on_outcome(replace(outcome, report=report))
        connection.rollback()


def list_tables(folder: Path) -> list[FolderTable]:
    """List the tables of a folder in the order in which they are to be brought in."""
    tables = [table for path in _list_files(folder) for table in _look_into(path)]
    return sorted(tables, key=lambda table: table.rank)


def _list_files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if not path.name.startswith(_HIDDEN))
    leading = {path.stem.lower() for path in found if path.suffix.lower() in _LEADING}
    files = []
    for path in found:
        is_part = path.suffix.lower() in _PARTS and path.stem.lower() in leading
        if path.is_dir() and path.suffix.lower() != ".gdb":
            files += _list_files(path)
        elif not is_part and not path.name.lower().endswith(_NEVER_READ):
            files.append(path)
    return files


def _look_into(path: Path) -> list[FolderTable]:
    """Find the tables of a file and what they are of; what cannot be read is told when it is brought in."""
    whole = [FolderTable(path, None, None)]
    try:
        names = [layer.name for layer in list_source_layers(path)]
        if len(names) < 2:
            return [FolderTable(path, None, _find_layer(path, read_source(path)))]
        tables = {name: read_source(path, name) for name in names}
    except InputRefused:
        return whole
    if ALL_SHEETS in tables:
        # Sheets of one header are one roster.
        alike = set(tables[ALL_SHEETS].columns) - {SHEET_COLUMN}
        tables = {
            name: table for name, table in tables.items() if name == ALL_SHEETS or set(table.columns) != alike
        }
    found = [FolderTable(path, name, _find_layer(path, table)) for name, table in tables.items()]
    return found if any(table.layer for table in found) else whole


def _find_layer(path: Path, table: Table) -> str | None:
    try:
        return choose_layer(None, path.name, table.name, table.columns).name
    except InputRefused:
        return None


def _take(
    connection_or_url: PostgresConnection | str | None,
    table: FolderTable,
    folder: Path,
    community: str | None,
    crs: str | None,
) -> FolderOutcome:
    name = str(table.path.relative_to(folder))
    if table.source_layer is not None:
        name += f" / {table.source_layer}"

    def bring_in(said: str | None) -> ImportReport:
        return import_file(
            connection_or_url,
            table.path,
            layer=table.layer,
            community=community,
            crs=said,
            source_layer=table.source_layer,
        )

    try:
        try:
            report = bring_in(None)
        except (UnknownDatum, DatumContradicted):
            if crs is None:
                raise
            report = bring_in(crs)
    except InputRefused as refusal:
        return FolderOutcome(name, None, str(refusal))
    return FolderOutcome(name, report, None)

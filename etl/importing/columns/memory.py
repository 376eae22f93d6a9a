"""What is remembered of a source: files of one kind and the same columns come from one desk.

What was chosen for the last one is taken over where nobody says otherwise, and told. A coordinate system that
is remembered counts as if the file declared it: where the rows say otherwise, it is doubted like any other.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.columns.layers import Layer, load_layers
from etl.importing.columns.mapping import ColumnMap, choose_layer, map_columns
from etl.importing.columns.marks import name_datum, simplify_marked
from etl.sources.reading import read_source
from etl.sources.table import Table
from geo.errors import InputRefused
from geo.store.import_jobs import RememberedSource, find_sources, remember_source


@dataclass(frozen=True)
class OpenedSource:
    """A file that has been read, and what its table is of.

    Attributes:
        table: the table; it declares the coordinate system that is remembered, if that is used.
        layer: the layer its rows go to.
        columns: which column is which field.
        chosen: what is to be remembered of it.
        told: what was taken over from the last file of its kind, as sentences.
        is_confirmed: whether such a file was taken in before, and is read in the same coordinate system now.
    """

    table: Table
    layer: Layer
    columns: ColumnMap
    chosen: RememberedSource
    told: tuple[str, ...]
    is_confirmed: bool


def open_source(
    connection: PostgresConnection,
    community_id: int,
    path: Path,
    *,
    layer: str | None,
    crs: str | None,
    mapping: dict[str, str],
    source_layer: str | None,
) -> OpenedSource:
    """Read a file's table, as far as its columns are of use, and find out what it is of.

    Args:
        connection: the caller's transaction.
        community_id: whose file it is.
        path: the file.
        layer: the layer its rows go to, as a person says.
        crs: the coordinate system, as a person says.
        mapping: column → field, as a person says; goes before what is remembered.
        source_layer: layer or sheet of the file.

    Raises:
        InputRefused: the file cannot be read, or does not tell what it is of.
    """

    def understand(
        table_name: str, headers: list[str]
    ) -> tuple[Layer, ColumnMap, RememberedSource | None, dict[str, str]]:
        try:
            found = choose_layer(layer, path.name, table_name, headers)
        except InputRefused:
            last = recall_source(connection, community_id, path, headers, layer)
            if last is None or layer is not None:
                raise
            found = load_layers()[last.layer]
        last = recall_source(connection, community_id, path, headers, found.name)
        meant = last.mapping if last else {}
        given = {header: field for header, field in meant.items() if header in headers} | mapping
        return found, map_columns(headers, found, given, path.name), last, given

    table = read_source(path, source_layer, lambda *named: understand(*named)[1].fields.values())
    found, columns, last, given = understand(table.name, table.columns)
    told = []
    if table.declared_crs is None and (named := name_datum(columns.fields)) is not None:
        table = replace(table, declared_crs=named)
    if last is not None and crs is None and last.crs is not None and last.crs != table.declared_crs:
        table = replace(table, declared_crs=last.crs)
        note = f"Read as {last.crs}, as the last file with these columns was."
        told.append(note)
    if last is not None and any(mapping.get(header) != field for header, field in last.mapping.items()):
        note = "The columns were understood as those of the last such file were."
        told.append(note)
    kept_crs = crs or (last.crs if last else None)
    is_confirmed = last is not None and (crs is None or crs == last.crs)
    return OpenedSource(
        table, found, columns, RememberedSource(found.name, kept_crs, given), tuple(told), is_confirmed
    )


def recall_source(
    connection: PostgresConnection, community_id: int, path: Path, headers: Collection[str], layer: str | None
) -> RememberedSource | None:
    """Return what was chosen for such a file the last time.

    Args:
        connection: the caller's transaction.
        community_id: whose file it is.
        path: its name's ending is part of what it is known by.
        headers: its columns, in any order.
        layer: the layer its rows go to; None where nobody has said, and then only one may be remembered.
    """
    found = find_sources(connection, community_id, path.suffix.lower(), _take_fingerprint(headers))
    fitting = [source for source in found if layer in {None, source.layer}]
    return fitting[0] if len(fitting) == 1 else None


def keep_source(
    connection: PostgresConnection,
    community_id: int,
    path: Path,
    headers: Collection[str],
    source: RememberedSource,
) -> None:
    """Remember what was chosen for a file, in the import's own transaction."""
    fingerprint = _take_fingerprint(headers)
    remember_source(connection, community_id, path.suffix.lower(), fingerprint, source)


def _take_fingerprint(headers: Collection[str]) -> str:
    words = sorted({simplify_marked(header) for header in headers})
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).hexdigest()

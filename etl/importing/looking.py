"""What a file holds, before anything of it is taken in: layers, columns, samples, and where it may lie."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.layers import Layer, load_layers
from etl.importing.mapping import ColumnMap, choose_layer, map_columns
from etl.importing.memory import recall_source
from etl.importing.values import to_text
from etl.sources.reading import read_source
from etl.sources.table import Table
from geo.errors import InputRefused
from geo.store.imports import find_community, mask_texts

_SAMPLES: Final = 3
_SAMPLED_ROWS: Final = 500
_LONGEST_SAMPLE: Final = 60
_BLOTTED: Final = "●●●"


def look_at_file(
    connection: PostgresConnection,
    path: Path,
    *,
    community: str | None = None,
    layer: str | None = None,
    source_layer: str | None = None,
    crs: str | None = None,
    mapping: Mapping[str, str] | None = None,
    on_progress: Callable[[str, int, int], None] = lambda _step, _done, _total: None,
) -> dict[str, Any]:
    """Tell what a file holds, and what would be made of it; nothing is refused that a choice can mend.

    Args:
        connection: the caller's transaction; nothing is written.
        path: the file.
        community: code of the community; may be None where there is only one.
        layer: the layer its rows go to, as chosen; None where the file tells.
        source_layer: the layer or sheet to look at.
        crs: the coordinate system, as chosen.
        mapping: the file's column → field, as chosen.
        on_progress: called with the step's name.

    Returns:
        JSON's types: ``layers``, ``chosen``, ``remembered``, ``columns`` with samples in which nobody is
        named, ``fields``, ``datum``, ``notes``.

    Raises:
        InputRefused: the file cannot be read.
        NotFound: there is no such community.
    """
    on_progress("reading", 0, 0)
    home = find_community(connection, community)
    table = read_source(path, source_layer)
    layers = [{"name": table.name, "rows": len(table.row_numbers)}]
    notes = list(table.warnings)

    on_progress("checking", 0, len(table.row_numbers))
    remembered = recall_source(connection, home.id, path, table.columns, layer)
    chosen_layer = _choose_layer(layer, path, table, notes)
    if chosen_layer is None and remembered is not None:
        chosen_layer = load_layers()[remembered.layer]
    if remembered is not None and chosen_layer is not None and remembered.layer != chosen_layer.name:
        remembered = None
    given = dict(mapping or {}) or dict(remembered.mapping if remembered else {})
    columns = _map_columns(chosen_layer, path, table, given, notes)
    chosen_crs = crs or (remembered.crs if remembered else None)
    return {
        "layers": layers,
        "chosen": {
            "source_layer": source_layer or table.name,
            "layer": chosen_layer and chosen_layer.name,
            "crs": chosen_crs,
            "mapping": {} if columns is None else {header: name for name, header in columns.fields.items()},
        },
        "remembered": remembered is not None,
        "columns": _show_columns(connection, table, columns),
        "fields": [] if chosen_layer is None else _list_fields(chosen_layer),
        "datum": {
            "needed": False,
            "declared": table.declared_crs,
            "chosen": chosen_crs,
            "challenge": None,
            "hypotheses": [],
        },
        "notes": notes,
    }


def _choose_layer(wanted: str | None, path: Path, table: Table, notes: list[str]) -> Layer | None:
    try:
        return choose_layer(wanted, path.name, table.name, table.columns)
    except InputRefused as refusal:
        notes.append(str(refusal))
        return None


def _map_columns(
    layer: Layer | None, path: Path, table: Table, given: Mapping[str, str], notes: list[str]
) -> ColumnMap | None:
    if layer is None:
        return None
    try:
        return map_columns(table.columns, layer, given, path.name)
    except InputRefused as refusal:
        notes.append(str(refusal))
        return None


def _list_fields(layer: Layer) -> list[dict[str, Any]]:
    return [
        {"name": field.name, "zh": "", "en": "", "required": field.name in layer.needs}
        for field in layer.fields.values()
    ]


def _show_columns(
    connection: PostgresConnection, table: Table, columns: ColumnMap | None
) -> list[dict[str, Any]]:
    personal = set() if columns is None else set(columns.personal)
    fields = {} if columns is None else {header: name for name, header in columns.fields.items()}
    samples = {
        header: [] if header in personal else _take_samples(table.rows[header].iloc[:_SAMPLED_ROWS])
        for header in map(str, table.rows.columns)
    }
    # What people wrote may name anybody, whatever its column is called.
    masked = iter(mask_texts(connection, [word for words in samples.values() for word in words]))
    return [
        {
            "header": header,
            "field": fields.get(header),
            "personal": header in personal,
            "samples": [_BLOTTED] * _SAMPLES if header in personal else [next(masked) for _ in words],
        }
        for header, words in samples.items()
    ]


def _take_samples(values: pd.Series) -> list[str]:
    words = to_text(values).dropna()
    return [word[:_LONGEST_SAMPLE] for word in words[words != ""].unique()[:_SAMPLES]]

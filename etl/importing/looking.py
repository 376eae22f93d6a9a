"""What a file holds, before anything of it is taken in: layers, columns, samples, and where it may lie."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from etl.importing.columns.guessing import ColumnGuess, guess_mapping
from etl.importing.columns.layers import Field, Kind, Layer, load_layers
from etl.importing.columns.mapping import ColumnMap, choose_layer, map_columns
from etl.importing.columns.marks import name_datum
from etl.importing.columns.memory import recall_source
from etl.importing.columns.texts import to_text
from etl.importing.columns.values import read_values
from etl.importing.draft import draft_rows
from etl.importing.places.ground import Ground
from etl.importing.places.locating import show_rows, weigh_rows
from etl.sources.reading import list_source_layers, read_source
from etl.sources.table import SourceLayer, Table
from geo.errors import InputRefused
from geo.store.import_jobs import RememberedSource
from geo.store.imports import ImportCommunity, find_community, mask_texts, read_places

_SAMPLES: Final = 3
_SAMPLED_ROWS: Final = 500
_LONGEST_SAMPLE: Final = 60
_MOST_LAYERS: Final = 200
_MOST_HYPOTHESES: Final = 4
_BLOTTED: Final = "●●●"
_DECIMAL: Final = re.compile(r"-?\d{1,9}\.\d+")


@dataclass(frozen=True)
class _Chosen:
    """What is chosen of a file by now, by a person, by memory, or by what the file tells."""

    layer: Layer | None
    crs: str | None
    columns: ColumnMap | None
    guesses: Mapping[str, ColumnGuess]
    last: RememberedSource | None


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
        source_layer: the layer or sheet to look at; None for the largest.
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
    layers = list_source_layers(path)
    if source_layer is None and len(layers) > 1:
        source_layer = max(layers, key=lambda found: found.rows or 0).name
    table = read_source(path, source_layer)
    on_progress("checking", 0, len(table.row_numbers))
    notes = list(table.warnings)
    chosen = _choose(connection, home, path, table, layer, crs, dict(mapping or {}), notes)
    if table.declared_crs is None and chosen.columns is not None:
        table = replace(table, declared_crs=name_datum(chosen.columns.fields))
    return {
        "layers": [_describe(found, table, len(layers)) for found in layers[:_MOST_LAYERS]],
        "chosen": {
            "source_layer": source_layer or table.name,
            "layer": chosen.layer and chosen.layer.name,
            "crs": chosen.crs,
            "mapping": _list_mapping(chosen),
        },
        "remembered": chosen.last is not None,
        "columns": _show_columns(connection, table, chosen),
        "fields": [] if chosen.layer is None else _list_fields(chosen.layer),
        "datum": _weigh_datum(connection, home, table, chosen),
        "notes": notes,
    }


def _describe(found: SourceLayer, table: Table, count: int) -> dict[str, Any]:
    is_read = count == 1 or found.name == table.name
    return {"name": found.name, "rows": len(table.row_numbers) if is_read else found.rows, "kind": found.kind}


def _choose(
    connection: PostgresConnection,
    home: ImportCommunity,
    path: Path,
    table: Table,
    layer: str | None,
    crs: str | None,
    mapping: dict[str, str],
    notes: list[str],
) -> _Chosen:
    try:
        found: Layer | None = choose_layer(layer, path.name, table.name, table.columns)
    except InputRefused as refusal:
        last = recall_source(connection, home.id, path, table.columns, layer)
        found = None if last is None else load_layers()[last.layer]
        if found is None:
            notes.append(str(refusal))
    if found is None:
        return _Chosen(None, crs, None, {}, None)
    last = recall_source(connection, home.id, path, table.columns, found.name)
    guesses = guess_mapping(table.columns, _take_values(table), found)
    given = {guess.header: guess.field for guess in guesses if guess.field is not None}
    meant = last.mapping if last else {}
    given |= {header: name for header, name in meant.items() if header in table.columns}
    given |= mapping
    try:
        columns: ColumnMap | None = map_columns(table.columns, found, given, path.name)
    except InputRefused as refusal:
        columns = None
        notes.append(str(refusal))
    by_header = {guess.header: guess for guess in guesses}
    return _Chosen(found, crs or (last.crs if last else None), columns, by_header, last)


def _take_values(table: Table) -> dict[str, list[Any]]:
    return {str(name): values.iloc[:_SAMPLED_ROWS].to_list() for name, values in table.rows.items()}


def _list_mapping(chosen: _Chosen) -> dict[str, str]:
    if chosen.columns is not None:
        return {header: name for name, header in chosen.columns.fields.items()}
    return {header: guess.field for header, guess in chosen.guesses.items() if guess.field is not None}


def _list_fields(layer: Layer) -> list[dict[str, Any]]:
    # What they are called in which language is the page's business.
    return [
        {"name": field.name, "zh": "", "en": "", "required": field.name in layer.needs}
        for field in layer.fields.values()
    ]


def _show_columns(connection: PostgresConnection, table: Table, chosen: _Chosen) -> list[dict[str, Any]]:
    fields = _list_mapping(chosen)
    headers = [str(header) for header in table.rows.columns]
    personal = {header for header in headers if _is_personal(header, chosen)}
    samples = {
        header: []
        if header in personal
        else _take_samples(table.rows[header].iloc[:_SAMPLED_ROWS], _find_field(chosen, fields.get(header)))
        for header in headers
    }
    # What people wrote may name anybody, whatever its column is called; a number with decimals names nobody.
    told = [word for words in samples.values() for word in words]
    masked = iter(
        word if _DECIMAL.fullmatch(word) else blotted
        for word, blotted in zip(told, mask_texts(connection, told), strict=True)
    )
    return [
        {
            "header": header,
            "field": fields.get(header),
            "personal": header in personal,
            "samples": [_BLOTTED] * _SAMPLES if header in personal else [next(masked) for _ in words],
            **_describe_guess(chosen.guesses.get(header), fields.get(header)),
        }
        for header, words in samples.items()
    ]


def _is_personal(header: str, chosen: _Chosen) -> bool:
    if chosen.columns is not None and header in chosen.columns.fields.values():
        return False
    guess = chosen.guesses.get(header)
    is_by_name = chosen.columns is not None and header in chosen.columns.personal
    return is_by_name or (guess is not None and guess.why == "is about persons and left out")


def _describe_guess(guess: ColumnGuess | None, name: str | None) -> dict[str, Any]:
    """Tell how sure a field is: what a person or memory has chosen is no question."""
    if guess is None or guess.field != name:
        return {"confidence": None if name is None else 1.0, "question": False, "why": ""}
    return {"confidence": guess.confidence, "question": guess.is_question, "why": guess.why}


def _find_field(chosen: _Chosen, name: str | None) -> Field | None:
    return chosen.layer.fields.get(name) if chosen.layer is not None and name is not None else None


def _take_samples(values: pd.Series, field: Field | None) -> list[str]:
    words = to_text(values).dropna()
    samples = pd.Series(words[words != ""].unique()[:_SAMPLES])
    if field is not None and field.kind == Kind.MOMENT and len(samples) and samples.map(_is_number).all():
        # The days of a spreadsheet, counted from 1900, tell nobody when it was.
        moments = read_values(samples, field).values.dt.tz_convert("Asia/Shanghai")
        samples = moments.dt.strftime("%Y-%m-%d %H:%M").fillna(samples)
    return [word[:_LONGEST_SAMPLE] for word in samples]


def _is_number(word: str) -> bool:
    return _DECIMAL.fullmatch(word) is not None or word.isdecimal()


def _weigh_datum(
    connection: PostgresConnection, home: ImportCommunity, table: Table, chosen: _Chosen
) -> dict[str, Any]:
    """Say what the file's coordinates are likely to be in, and how its rows would lie under the likeliest."""
    declared = table.declared_crs
    if chosen.layer is not None and chosen.columns is not None:
        ground = Ground(home, read_places(connection, home.id))
        draft = draft_rows(table, chosen.layer, chosen.columns, crs=chosen.crs)
        read_as = chosen.crs or declared
        evidence = weigh_rows(draft, replace(table, declared_crs=read_as), ground)
        if evidence is not None:
            told = evidence.to_dict()
            likeliest: Sequence[str] = [way["crs"] for way in told["hypotheses"][:_MOST_HYPOTHESES]]
            shown = dict.fromkeys([*likeliest, *([read_as] if read_as else [])])
            return {
                **told,
                "needed": read_as is None,
                "declared": declared,
                "chosen": read_as or (told["proposed"] if told["hypotheses"][0]["share_inside"] else None),
                "map": {name: show_rows(draft, table, name, ground) for name in shown},
            }
    return {
        "needed": False,
        "declared": declared,
        "chosen": chosen.crs,
        "challenge": None,
        "hypotheses": [],
        "map": {},
    }

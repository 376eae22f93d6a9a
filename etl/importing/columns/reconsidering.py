"""Second thoughts about the columns of a file, once their values are seen: what is not what it is called."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from etl.importing.columns.evidence import find_pairs, is_of_persons, weigh_values
from etl.importing.columns.guessing import guess_mapping
from etl.importing.columns.layers import Kind, Layer, load_layers, simplify
from etl.importing.columns.mapping import ColumnMap, match_headers
from etl.importing.columns.texts import to_text
from etl.importing.columns.values import read_values
from etl.sources.table import Table

if TYPE_CHECKING:
    import pandas as pd

_SAMPLED_ROWS = 500
# A city's own plane has its origin in the city; every national one has its own hundreds of kilometres off.
_CITY_RADIUS_M = 200_000
_LEAST_PAIRS = 0.5
# A few odd values are mistakes of their rows; where all are odd, the column is another.
_LEAST_VALUES = 5
_OPTIONAL_KINDS = {Kind.CHOICE, Kind.COUNT, Kind.FLAG, Kind.DAY}
_WORTH_ASKING, _MOST_QUESTIONS = 0.6, 5
# Without these, rows are placed by their address or not at all.
_PLACES = frozenset({"lon", "lat", "lonlat", "wkt"})


def reconsider_columns(
    columns: ColumnMap, table: Table, layer: Layer, crs: str | None = None, given: Collection[str] = ()
) -> tuple[ColumnMap, list[str]]:
    """Take back columns whose values are not what their names say, or are about persons.

    Args:
        columns: as their names tell.
        table: the file's values.
        layer: the layer the file is of.
        crs: the coordinate system, where a person says; then whatever numbers there are, are in it.
        given: columns that a person has named by hand, which stand.

    Returns:
        The columns, and sentences a person should read.
    """
    warnings = []
    samples = {
        name: to_text(table.rows[column].iloc[:_SAMPLED_ROWS]).dropna()
        for name, column in columns.fields.items()
        if column not in given
    }
    text_kinds = {Kind.TEXT, Kind.LABEL}
    persons = [
        columns.fields[name]
        for name, sample in samples.items()
        if layer.fields[name].kind in text_kinds and is_of_persons(sample.to_list())
    ]
    if persons:
        columns = columns.leave_out(persons)
        names = "、".join(persons)
        warning = f"{names} held identity numbers or phones of persons and were left out."
        warnings.append(warning)
    if layer.shape == "point" and table.points is None and table.shapes is None:
        columns, told = _find_pairs(columns, table, layer, given)
        warnings += told
        samples = {name: sample for name, sample in samples.items() if name in columns.fields}
    elif "lonlat" in samples:
        # The places are known without it.
        columns = columns.forget(["lonlat"])
        del samples["lonlat"]
    if (
        "lonlat" in samples
        and (weigh_values(layer.fields["lonlat"], samples["lonlat"].to_list()) or 0) < _LEAST_PAIRS
    ):
        warning = f"“{columns.fields['lonlat']}” holds no pairs of coordinates in degrees and was not taken."
        warnings.append(warning)
        columns = columns.forget(["lonlat"])
    foreign = [name for name, sample in samples.items() if _is_foreign(sample, layer, name)]
    for name in foreign:
        column = columns.fields[name]
        columns = columns.forget([name])
        # Request Type: in one city a question or a complaint, in another what it is about.
        if other := match_headers([column], layer, {*columns.fields, name}):
            columns = columns.take(next(iter(other)), column)
            continue
        warning = (
            f"“{column}” holds nothing that {name} can be and was not taken: name another column with --map."
        )
        warnings.append(warning)
    if crs is None and table.declared_crs is None and {"lon", "lat"} <= columns.fields.keys():
        x, y = (_read_numbers(table, columns, layer, name) for name in ("lon", "lat"))
        if _are_of_a_city(x, y):
            warning = (
                f"“{columns.fields['lon']}” and “{columns.fields['lat']}” are of a city's own plane, which "
                "nothing ties to the map, and were not read: the rows are placed by their address, or by "
                "hand."
            )
            warnings.append(warning)
            columns = columns.forget(["lon", "lat"])
    return columns, [*warnings, *_ask(columns, table, layer, given)]


def _find_pairs(
    columns: ColumnMap, table: Table, layer: Layer, given: Collection[str]
) -> tuple[ColumnMap, list[str]]:
    """Pass over blank columns of places where others are filled; take pairs where there are no others."""
    blank = [
        name
        for name in sorted(_PLACES)
        if name in columns.fields and _is_blank(table.rows[columns.fields[name]])
    ]
    if len({"lon", "lat"}.intersection(blank)) == 1:
        # Half of a place is a fault of its row.
        blank = [name for name in blank if name not in {"lon", "lat"}]
    fields = {name: column for name, column in columns.fields.items() if name not in blank}
    if not _PLACES.isdisjoint(fields):
        return columns.forget(blank), []
    if "lonlat" not in layer.fields:
        return columns, []
    address = fields.get("address")
    asked = [*columns.unknown, *([address] if address and address not in given else [])]
    column = find_pairs({
        column: to_text(table.rows[column].iloc[:_SAMPLED_ROWS]).dropna().to_list()
        for column in asked
        if column in table.rows
    })  # fmt: skip
    if column is None:
        return columns, []
    found = columns.forget([*blank, *(["address"] if column == address else [])])
    warning = f"“{column}” holds pairs of coordinates and was read so."
    return found.take("lonlat", column), [warning]


def _is_blank(column: "pd.Series") -> bool:
    # Of a large column that is not blank the first rows tell.
    return bool(to_text(column.iloc[:_SAMPLED_ROWS]).isna().all() and to_text(column).isna().all())


def _is_foreign(sample: "pd.Series", layer: Layer, name: str) -> bool:
    """Whether not one value of a column can be what its name says, and rows are sound without it."""
    field = layer.fields[name]
    if field.kind not in _OPTIONAL_KINDS or field.otherwise or name in {*layer.needs, "state"}:
        return False
    return len(sample) >= _LEAST_VALUES and bool(read_values(sample, field).values.isna().all())


def _ask(columns: ColumnMap, table: Table, layer: Layer, given: Collection[str]) -> list[str]:
    """Ask about columns that may be a field; nobody may be there to answer, so they are not taken."""
    asked = [column for column in columns.unknown if column not in given]
    samples = {
        column: table.rows[column].iloc[:_SAMPLED_ROWS].to_list() for column in asked if column in table.rows
    }
    warnings = []
    has_shapes = table.points is not None or table.shapes is not None
    is_placed = has_shapes or not _PLACES.isdisjoint(columns.fields)
    if layer.shape == "polygon" and not is_placed and _hold_points(columns.unknown):
        warning = (
            f"Each row gives a single point, and {layer.name} are outlines: only rows that are stored "
            "already are brought up to date; bring the outlines in first, or draw them on the map."
        )
        warnings.append(warning)
    for guess in guess_mapping(table.columns, samples, layer) if asked else ():
        is_open = guess.header in asked and guess.field not in columns.fields
        is_needed = guess.confidence >= _WORTH_ASKING or (guess.field in _PLACES and not is_placed)
        if is_placed and guess.field in _PLACES:
            continue
        if is_open and guess.is_question and is_needed:
            warning = f"“{guess.header}” may be {guess.field} and was not taken: say so with --map if it is."
            warnings.append(warning)
    return warnings[:_MOST_QUESTIONS]


def _hold_points(columns: Collection[str]) -> bool:
    """Whether two columns, or one, are called as the coordinates of a point are."""
    fields = load_layers()["merchants"].fields
    named = {
        name
        for name in ("lon", "lat", "lonlat")
        for column in columns
        if simplify(column) in fields[name].headers
    }
    return "lonlat" in named or {"lon", "lat"} <= named


def _read_numbers(table: Table, columns: ColumnMap, layer: Layer, name: str) -> npt.NDArray[np.float64]:
    sample = table.rows[columns.fields[name]].iloc[:_SAMPLED_ROWS]
    return read_values(sample, layer.fields[name]).values.to_numpy(np.float64, na_value=np.nan)


def _are_of_a_city(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> bool:
    """Whether coordinates are neither degrees nor metres of any plane that has a name."""
    known = ~(np.isnan(x) | np.isnan(y))
    if not known.any():
        return False
    x, y = np.abs(x[known]), np.abs(y[known])
    are_degrees = np.median(x) <= 180 and np.median(y) <= 180
    return bool(not are_degrees and max(np.median(x), np.median(y)) < _CITY_RADIUS_M)

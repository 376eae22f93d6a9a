"""Which layer a file is of, and which column is which field: what names say for certain."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from etl.importing.columns.layers import (
    Layer,
    load_ignored_headers,
    load_layers,
    load_personal_headers,
    load_personal_parts,
    simplify,
)
from etl.importing.columns.marks import match_marked
from etl.sources.table import UNNAMED_COLUMN
from geo.errors import InputRefused
from geo.rules.inert import strip_controls

# The columns of a .dbf have names of at most ten bytes: three characters in UTF-8, five in GB18030.
_CUT_BYTES = {"utf-8": range(8, 11), "gb18030": range(9, 11)}
_LEAST_BYTES = 8
_SMALLEST_FIRST = ("merchants", "buildings", "compounds", "grids")
# Of so many columns that one layer knows, so many must be known to none other, to tell that a file is of it.
_LEAST_KNOWN, _LEAST_OWN = 3, 2
_MOST_LISTED = 20
_LONGEST_LISTED = 40


@dataclass(frozen=True)
class ColumnMap:
    """What becomes of each column of a file.

    Attributes:
        fields: field name → the file's column.
        personal: columns about persons, left out on purpose.
        unknown: columns that no field takes.
    """

    fields: Mapping[str, str]
    personal: tuple[str, ...]
    unknown: tuple[str, ...]

    def leave_out(self, columns: Collection[str]) -> "ColumnMap":
        """Leave out columns that turn out to be about persons."""
        gone = set(columns) - set(self.personal)
        return replace(
            self,
            fields={name: column for name, column in self.fields.items() if column not in gone},
            personal=(*self.personal, *sorted(gone)),
            unknown=tuple(column for column in self.unknown if column not in gone),
        )

    def forget(self, names: Collection[str]) -> "ColumnMap":
        """Read the columns of some fields as nothing we know."""
        columns = tuple(self.fields[name] for name in self.fields if name in names)
        kept = {name: column for name, column in self.fields.items() if name not in names}
        return replace(self, fields=kept, unknown=(*self.unknown, *columns))

    def take(self, name: str, column: str) -> "ColumnMap":
        """Read a column that nothing was known of as a field."""
        unknown = tuple(each for each in self.unknown if each != column)
        return replace(self, fields={**self.fields, name: column}, unknown=unknown)


def choose_layer(wanted: str | None, file_name: str, table_name: str, columns: Sequence[str]) -> Layer:
    """Choose the layer a file is of: the one asked for, or the one its headers and names tell of.

    Raises:
        InputRefused: there is no such layer, or the file tells of none, or of several alike.
    """
    layers = load_layers()
    names = ", ".join(layers)
    if wanted is not None:
        if wanted not in layers:
            message = f"There is no layer “{wanted}”; choose from {names}."
            raise InputRefused(message)
        return layers[wanted]
    headers, titles = {simplify(column) for column in columns}, simplify(f"{file_name} {table_name}")
    cut = {simplify(column) for column in columns if _may_be_cut(column)}

    def is_header(word: str) -> bool:
        return word in headers or any(begins(plain, word) for plain in cut)

    # A header tells more than a name that merely contains a word, and less than a table called so.
    scores = {
        layer.name: sum(2 * is_header(word) + (word in titles) for word in layer.telling)
        + 3 * (table_name == layer.name)
        for layer in layers.values()
    }
    best = max(scores.values())
    chosen = [name for name, score in scores.items() if score == best]
    if best > 1 and len(chosen) > 1:
        # A roster of houses names their compounds, and one of shops their houses: of what is smallest it is.
        chosen = [name for name in _SMALLEST_FIRST if name in chosen][:1] or chosen
    if best == 0:
        chosen = _find_all_knowing(headers)
    if len(chosen) != 1:
        _refuse_values(columns, file_name)
        message = f"{file_name} does not tell which layer it is of; say so with --layer: {names}."
        raise InputRefused(message)
    return layers[chosen[0]]


def _find_all_knowing(headers: Collection[str]) -> list[str]:
    """Find the layer that knows every column that any layer knows, and some of them alone."""
    known = {
        layer.name: {word for field in layer.fields.values() for word in field.headers} & set(headers)
        for layer in load_layers().values()
    }
    times = Counter(plain for own in known.values() for plain in own)
    return [
        name
        for name, own in known.items()
        if len(own) == len(times) >= _LEAST_KNOWN and sum(times[plain] == 1 for plain in own) >= _LEAST_OWN
    ]


def map_columns(columns: Sequence[str], layer: Layer, given: Mapping[str, str], file_name: str) -> ColumnMap:
    """Find the field of each column.

    Args:
        columns: the file's columns.
        layer: the layer the file is of.
        given: column → field as a person says, which goes before anything found; an empty text leaves the
            column out.
        file_name: for the message.

    Raises:
        InputRefused: a given column is not in the file, a given field is not in the layer, or the file has
            nothing that the layer needs.
    """
    fields: dict[str, str] = {}
    for column, name in given.items():
        if column not in columns:
            message = f"{file_name} has no column “{column}”; it has {_list_columns(columns)}."
            raise InputRefused(message)
        if not name:
            continue
        if name not in layer.fields:
            message = f"{layer.name} have no field “{name}”; they have {', '.join(layer.fields)}."
            raise InputRefused(message)
        fields[name] = column
    own = tuple(column for column in columns if column not in given and is_ours(column))
    personal = tuple(
        column for column in columns if column not in (*given, *own) and is_personal(column, layer)
    )
    left = [column for column in columns if column not in (*given, *own, *personal)]
    fields |= match_headers(left, layer, fields)
    if not any(name in fields for name in layer.needs):
        if columns and all(re.fullmatch(UNNAMED_COLUMN.format(r"\d+"), column) for column in columns):
            message = f"{file_name} has no header; say with --map what its numbered columns are."
            raise InputRefused(message)
        _refuse_values(columns, file_name)
        if not columns:
            message = f"{file_name} holds shapes and no column: give each a name or a code first, as in QGIS."
            raise InputRefused(message)
        wanted, found = ", ".join(layer.needs), _list_columns(columns)
        message = f"{file_name} has no column for {wanted}; it has {found}: name one with --map COLUMN=FIELD."
        raise InputRefused(message)
    taken = {*fields.values(), *personal, *own}
    return ColumnMap(
        fields={name: fields[name] for name in layer.fields if name in fields},
        personal=personal,
        unknown=tuple(column for column in columns if column not in taken),
    )


def match_headers(columns: Sequence[str], layer: Layer, settled: Collection[str] = ()) -> dict[str, str]:
    """Find the column of each field by its header alone, where that leaves no doubt.

    Args:
        columns: the columns to choose from.
        layer: the layer the file is of.
        settled: fields that have their column already.

    Returns:
        Field name → column.
    """
    fields: dict[str, str] = {}
    # Where one column is known to hold both coordinates, others of one each are not read.
    passed = {*settled, *(("lon", "lat") if "lonlat" in settled else ())}
    left = {simplify(column): column for column in reversed(columns)}
    # The most telling header of any field first: 小区名称 is the name of a compound before 名称 may be.
    ranks = range(max(len(field.headers) for field in layer.fields.values()))
    ranked = [
        (field.name, field.headers[rank])
        for rank in ranks
        for field in layer.fields.values()
        if rank < len(field.headers) and field.name not in passed
    ]
    for name, header in ranked:
        if name not in fields and header in left:
            fields[name] = left.pop(header)
    if {"lon", "lat", "lonlat"}.isdisjoint((*fields, *settled)):
        fields |= match_marked(left, layer)
        left = {plain: column for plain, column in left.items() if column not in fields.values()}
    # What no header equals may be one that a .dbf has cut to ten bytes: 网格编 is 网格编号.
    left = {plain: column for plain, column in left.items() if _may_be_cut(column)}
    for name, header in ranked:
        found = None if name in fields else next((plain for plain in left if begins(plain, header)), None)
        if found is not None:
            fields[name] = left.pop(found)
    return fields


def is_ours(column: str) -> bool:
    """Whether a column is one that we added to a file of refused rows."""
    return simplify(column) in load_ignored_headers()


def is_personal(column: str, layer: Layer) -> bool:
    """Whether a header is of a column about persons, which is never taken in."""
    plain, headers = simplify(column), load_personal_headers()
    if plain in headers or any(begins(plain, header) for header in headers):
        return True
    known = any(plain in field.headers for field in layer.fields.values())
    return not known and any(part in plain for part in load_personal_parts())


def begins(plain: str, header: str) -> bool:
    """Whether a simplified name may be the beginning of a header."""
    return len(plain.encode()) >= _LEAST_BYTES and header.startswith(plain)


def _list_columns(columns: Sequence[str]) -> str:
    named = [" ".join(strip_controls(column).split())[:_LONGEST_LISTED] for column in columns[:_MOST_LISTED]]
    listed = ", ".join(named)
    return f"{listed} …" if len(columns) > _MOST_LISTED else listed


def _refuse_values(columns: Sequence[str], file_name: str) -> None:
    if _are_values(columns):
        message = (
            f"{file_name} has no header: its first row holds values ({_list_columns(columns)}); "
            "write above it what each column is."
        )
        raise InputRefused(message)


def _are_values(columns: Sequence[str]) -> bool:
    """Whether what should be names of columns are numbers, as those of coordinates or days."""
    return sum(re.fullmatch(r"-?\d+\.\d{3,}|\d{4}-\d\d-\d\d.*", column) is not None for column in columns) > 0


def _may_be_cut(column: str) -> bool:
    if column.isascii():
        # Only a character of several bytes leaves some of the ten unused.
        return len(column) == _CUT_BYTES["utf-8"][-1]
    return any(len(column.encode(encoding, "replace")) in lengths for encoding, lengths in _CUT_BYTES.items())

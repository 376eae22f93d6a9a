"""Which column of a file is which field of a layer, and which layer a file is of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from etl.importing.layers import Layer, load_layers, load_personal_headers, simplify
from geo.errors import InputRefused

# The columns of a .dbf have names of at most ten bytes: three characters in UTF-8, five in GB18030.
_CUT_BYTES = 8


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
    # A header tells more than a name that merely contains a word.
    scores = {
        layer.name: sum(2 * (word in headers) + (word in titles) for word in layer.telling)
        for layer in layers.values()
    }
    best = max(scores.values())
    chosen = [name for name, score in scores.items() if score == best]
    if best == 0 or len(chosen) > 1:
        message = f"{file_name} does not tell which layer it is of; say so with --layer: {names}."
        raise InputRefused(message)
    return layers[chosen[0]]


def map_columns(columns: Sequence[str], layer: Layer, given: Mapping[str, str], file_name: str) -> ColumnMap:
    """Find the field of each column.

    Args:
        columns: the file's columns.
        layer: the layer the file is of.
        given: column → field as a person says, which goes before anything found.
        file_name: for the message.

    Raises:
        InputRefused: a given column is not in the file, a given field is not in the layer, or the file has
            nothing that the layer needs.
    """
    fields: dict[str, str] = {}
    for column, name in given.items():
        if column not in columns:
            message = f"{file_name} has no column “{column}”; it has {', '.join(columns) or 'none'}."
            raise InputRefused(message)
        if name not in layer.fields:
            message = f"{layer.name} have no field “{name}”; they have {', '.join(layer.fields)}."
            raise InputRefused(message)
        fields[name] = column
    personal = tuple(column for column in columns if column not in given and _is_personal(column))
    left = {simplify(column): column for column in reversed(columns) if column not in (*given, *personal)}
    # The most telling header of any field first: 小区名称 is the name of a compound before 名称 may be.
    # What no header equals may be one that a .dbf has cut to ten bytes: 网格编 is 网格编号.
    for matches in (str.__eq__, _is_cut):
        for rank in range(max(len(field.headers) for field in layer.fields.values())):
            for field in layer.fields.values():
                if field.name in fields or rank >= len(field.headers):
                    continue
                found = next((plain for plain in left if matches(plain, field.headers[rank])), None)
                if found is not None:
                    fields[field.name] = left.pop(found)
    if not any(name in fields for name in layer.needs):
        wanted, found = ", ".join(layer.needs), ", ".join(columns) or "no column at all"
        message = f"{file_name} has no column for {wanted}; it has {found}: name one with --map COLUMN=FIELD."
        raise InputRefused(message)
    taken = {*fields.values(), *personal}
    return ColumnMap(
        fields={name: fields[name] for name in layer.fields if name in fields},
        personal=personal,
        unknown=tuple(column for column in columns if column not in taken),
    )


def _is_personal(column: str) -> bool:
    plain, headers = simplify(column), load_personal_headers()
    return plain in headers or any(_is_cut(plain, header) for header in headers)


def _is_cut(plain: str, header: str) -> bool:
    return len(plain.encode()) >= _CUT_BYTES and header.startswith(plain)

"""The records in a piece of JSON, however they are wrapped.

They are a list of objects, rows below the names of their columns, columns of values, or an object a line.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from etl.sources.table import Rejection

Record = dict[str, Any]

_NO_VALUE: Final = re.compile(r"(?<=[:\[,\s])(?:NaN|-?Infinity|undefined)(?=\s*[,\]}])")
_LAST_COMMA: Final = re.compile(r",(\s*[\]}])")
_SCRIPT: Final = re.compile(
    r"^(?:(?:var|let|const)\s)?\s*[\w.$]*\s*[=(]\s*([\[{].*[\]}])\s*\)?\s*;?$", re.DOTALL
)
_DEEPEST_ENVELOPE: Final = 3
# A record above others says its name, its code, and little else.
_MOST_HEADINGS: Final = 4
_LEAST_MEMBERS: Final = 4
_LEAST_COLUMNS: Final = 2
# What the description of a column calls its name, the most telling first.
_NAME_KEYS: Final = ("fieldName", "field", "name", "id", "key", "column", "title", "label")
# Columns by which an open data portal keeps its own books.
_OWN_MARK: Final = ":"
# How MongoDB writes what JSON has no word for: {"$date": "2026-03-05T07:20:11Z"}.
_TYPED_MARK: Final = "$"
# How Elasticsearch gives what it holds, among books of its own, and the lines that tell it to take it in.
_HELD: Final = "_source"
_KEY_OF_HELD: Final = "_id"
_ACTIONS: Final = {"index", "create", "update", "delete"}


def list_records(content: Any) -> list[Record] | None:
    """List the records in JSON; None where there is no one list of them.

    Args:
        content: what the JSON says.
    """
    found = _find_records(content)
    return None if found is None else [_lift_members(record) for record in _unfold(found)]


def read_lines(text: str) -> tuple[list[Record], list[int], list[Rejection]] | None:
    """Read JSON of an object a line.

    Returns:
        The objects, the line of each, and the lines that hold none; None where most do.
    """
    records: list[Record] = []
    numbers: list[int] = []
    broken: list[Rejection] = []
    for number, line in enumerate(text.split("\n"), start=1):
        plain = line.strip(" \t\r\x1e,")
        if not plain:
            continue
        try:
            content = orjson.loads(plain)
        except orjson.JSONDecodeError:
            content = None
        if isinstance(content, dict) and _is_action(content):
            continue
        if isinstance(content, dict):
            records.append(_lift_members(content))
            numbers.append(number)
        else:
            reason = "is no JSON object, or is cut off"
            broken.append(Rejection(number, None, reason))
    return (records, numbers, broken) if len(records) > len(broken) else None


def _is_action(content: Record) -> bool:
    (name, said), *others = content.items() or [("", None)]
    return not others and name in _ACTIONS and isinstance(said, dict) and all(key[:1] == "_" for key in said)


def tidy(text: str) -> str:
    """Make JSON of what programs write nearly so: NaN, a comma before the end, a script around it."""
    text = _SCRIPT.sub(r"\1", text.strip())
    return _LAST_COMMA.sub(r"\1", _NO_VALUE.sub("null", text))


def is_empty(content: Any, depth: int = _DEEPEST_ENVELOPE) -> bool:
    """Whether JSON holds nothing but what stands around a list, and that is empty."""
    if isinstance(content, list):
        return not content
    return (
        isinstance(content, dict)
        and depth > 0
        and any(is_empty(each, depth - 1) for each in content.values())
    )


def count_lists(content: Any, depth: int = 2 * _DEEPEST_ENVELOPE) -> int:
    """Count the lists of objects in JSON, down to some depth."""
    if not isinstance(content, dict | list) or depth < 0:
        return 0
    inner = content.values() if isinstance(content, dict) else content
    return _is_list_of(content, dict) + sum(count_lists(each, depth - 1) for each in inner)


def _find_records(content: Any) -> list[Record] | None:
    if isinstance(content, list):
        if _is_list_of(content, dict):
            return content
        return _name_cells(content[1:], content[0]) if _is_list_of(content, list) else None
    if not isinstance(content, dict):
        return None
    return _find_rows(content) or _find_list(content) or _find_columns(content)


def _find_list(answer: Record) -> list[Record] | None:
    """Find the list of records in an answer, where it may lie in an envelope: ``{"data": {"list": […]}}``."""
    level = [answer]
    for _ in range(_DEEPEST_ENVELOPE):
        lists = [value for each in level for value in each.values() if _is_list_of(value, dict)]
        if lists:
            own = [each for each in lists if not any(_describes(each, other) for other in lists)]
            return own[0] if len(own) == 1 else None
        level = [value for each in level for value in each.values() if isinstance(value, dict)]
    return None


def _describes(fields: list[Any], records: list[Any]) -> bool:
    """Whether one list only says what the columns of another are: ``{"fields": […], "records": […]}``."""
    if fields is records:
        return False
    said = ([field.get(key) for field in fields] for key in fields[0])
    columns = set(records[0])
    return any(_is_list_of(names, str) and (columns <= set(names) or columns >= set(names)) for names in said)


def _find_rows(answer: Record) -> list[Record] | None:
    """Find rows of bare cells, and what beside or above them names their columns."""
    lists = list(_iterate_lists(answer, _DEEPEST_ENVELOPE))
    for rows in lists:
        if _is_list_of(rows, list) and len(rows[0]) >= _LEAST_COLUMNS:
            for named in lists:
                if named is not rows and len(named) == len(rows[0]) and (names := _name_columns(named)):
                    return _name_cells(rows, names)
            return _name_cells(rows[1:], rows[0])
    return None


def _iterate_lists(content: Record, depth: int) -> Iterator[list[Any]]:
    for value in content.values():
        if isinstance(value, list) and value:
            yield value
        elif isinstance(value, dict) and depth:
            yield from _iterate_lists(value, depth - 1)


def _name_columns(fields: list[Any]) -> list[str] | None:
    if _is_list_of(fields, str):
        return fields
    if not _is_list_of(fields, dict):
        return None
    key = next((key for key in _NAME_KEYS if all(isinstance(field.get(key), str) for field in fields)), None)
    names = [] if key is None else [field[key] for field in fields]
    return names if key is not None and len(set(names)) == len(names) else None


def _name_cells(rows: list[Any], names: list[Any]) -> list[Record] | None:
    if not rows or not _is_list_of(names, str) or any(len(row) > len(names) for row in rows):
        return None
    kept = [(at, name) for at, name in enumerate(names) if not name.startswith(_OWN_MARK)]
    return [{name: row[at] for at, name in kept if at < len(row)} for row in rows]


def _find_columns(content: Record, depth: int = _DEEPEST_ENVELOPE) -> list[Record] | None:
    """Find records in ``{"name": {"0": …}}``, ``{"name": […]}``, or by a key of their own."""
    values = list(content.values())
    if len(values) < _LEAST_COLUMNS:
        is_envelope = bool(values) and isinstance(values[0], dict) and depth > 0
        return _find_columns(values[0], depth - 1) if is_envelope else None
    if _is_list_of(values, list) and len({len(column) for column in values}) == 1:
        return [dict(zip(content, row, strict=True)) for row in zip(*values, strict=True)]
    if not _is_list_of(values, dict) or not values[0]:
        return None
    if all(str(key).isdecimal() for column in values for key in column):
        keys = dict.fromkeys(key for column in values for key in column)
        return [{name: column.get(key) for name, column in content.items()} for key in keys]
    is_alike = len(set(values[0]).intersection(*values)) >= max(_LEAST_COLUMNS, len(values[0]) // 2)
    return values if is_alike else None


def _unfold(records: list[Record]) -> list[Record]:
    """Take records out of others that only stand above them: a district with the list of its compounds."""
    for _ in range(_DEEPEST_ENVELOPE):
        lists = {
            name for record in records for name, value in record.items() if value and _is_list_of(value, dict)
        }
        if len(lists) != 1 or any(len(record) > _MOST_HEADINGS for record in records):
            break
        (inner,) = lists
        # A shop with its photos is a record, and so is what says more of itself than what stands above it.
        first = next(record for record in records if record.get(inner) and _is_list_of(record[inner], dict))
        if len(_lift_members(first[inner][0])) < len(first):
            break
        records = [
            {**{name: value for name, value in record.items() if name != inner}, **each}
            for record in records
            for each in record.get(inner) or [{}]
        ]
    return records


def _is_list_of(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, kind) for each in value)


def _lift_members(record: Record) -> Record:
    """Take the members out of an object in a record; two or three together are a place, and stay together."""
    if isinstance(held := record.get(_HELD), dict):
        record = {name: record[name] for name in (_KEY_OF_HELD,) if name in record} | held
    lifted: Record = {}
    for name, value in record.items():
        if isinstance(value, dict) and len(value) >= _LEAST_MEMBERS:
            for inner, each in value.items():
                lifted[f"{name}.{inner}" if inner in record or inner in lifted else inner] = each
        elif isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith(_TYPED_MARK):
            lifted[name] = next(iter(value.values()))
        else:
            lifted[name] = value
    return lifted

"""Lists of records as databases and open data portals write them in XML: ``<RECORDS><RECORD><name>…``."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from etl.sources.open311 import tabulate
from etl.sources.table import Table
from etl.sources.tables.text import read_whole
from etl.sources.xml import iterate_elements, read_text
from geo.errors import InputRefused, UnreadableFile

_DEEPEST: Final = 4
_LEAST_FIELDS: Final = 2
_MAP_SPACE: Final = "opengis.net/gml"


def read_record_xml(path: Path) -> Table:
    """Read the records of an XML file: elements of one name side by side, each of which holds some values.

    Raises:
        UnreadableFile: it is damaged, or holds no such list.
        InputRefused: it is a map in GML.
    """
    text, encoding = read_text(read_whole(path), path.name)
    root = None
    for _, element, _ in iterate_elements(text, path.name):
        root = element if root is None else root
        if _MAP_SPACE in element.tag:
            message = f"{path.name} is a map in GML, which is not read; export it as GeoJSON or GeoPackage."
            raise InputRefused(message)
    records = [] if root is None else _find_records(root)
    if not records:
        message = f"{path.name} is XML but no list of records that is read: export it as .csv or .xlsx."
        raise UnreadableFile(message)
    return tabulate([dict(_list_fields(record)) for record in records], path, encoding)


def _find_records(root: Any) -> list[Any]:
    level = [root]
    for _ in range(_DEEPEST):
        children = [_list_children(element) for element in level]
        named = Counter(child.tag for siblings in children for child in siblings if _is_record(child))
        if named:
            ((tag, _),) = named.most_common(1)
            return [child for siblings in children for child in siblings if child.tag == tag]
        level = [child for siblings in children for child in siblings]
    return []


def _is_record(element: Any) -> bool:
    """Whether an element holds values under several names, be it beside other things."""
    leaves = {child.tag for child in _list_children(element) if not _list_children(child)}
    return len(leaves | set(element.attrib)) >= _LEAST_FIELDS


def _list_children(element: Any) -> list[Any]:
    return [child for child in element if isinstance(child.tag, str)]


def _list_fields(record: Any) -> Iterator[tuple[str, str]]:
    for name, value in record.attrib.items():
        yield _name(name), value.strip()
    for child in _list_children(record):
        if _list_children(child):
            yield from _list_fields(child)
        else:
            yield _name(child.tag), "".join(child.itertext()).strip()


def _name(tag: str) -> str:
    return tag.rpartition("}")[2].rpartition(":")[2]

"""Requests as Open311 (GeoReport v2) gives them in JSON or XML, and other lists of flat JSON records."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from etl.sources.json_records import count_lists, is_empty, list_records, read_lines, tidy
from etl.sources.maps.gdal import damaged
from etl.sources.table import Table, refuse_columns
from etl.sources.tables.text import decode, read_whole
from etl.sources.xml import iterate_elements, read_text
from geo.errors import InputRefused, UnreadableFile

# By this an answer to GET requests is known; a list of services has only the other.
REQUEST_KEY = "service_request_id"
_SERVICE_KEY = "service_code"


def read_open311_xml(path: Path) -> Table:
    """Read the requests of a GeoReport v2 answer in XML; an empty element is an empty cell.

    Raises:
        UnreadableFile: it is damaged, or no list of requests.
    """
    text, encoding = read_text(read_whole(path), path.name)
    records: list[dict[str, str]] = []
    for event, element, tag in iterate_elements(text, path.name):
        if event == "end" and tag == "request":
            fields = (child for child in element if isinstance(child.tag, str))
            records.append(
                {field.tag.rpartition("}")[2]: "".join(field.itertext()).strip() for field in fields}
            )
            element.clear()
        elif event == "end" and tag == "service":
            records.append({_SERVICE_KEY: ""})
    return tabulate(records, path, encoding)


def read_records(path: Path) -> Table:
    """Read a JSON list of flat objects, be it in an envelope, as rows of cells, or an object a line.

    What is nested stays JSON.

    Raises:
        UnreadableFile: it is damaged, or holds no list of objects, or an empty one.
    """
    text, encoding = decode(read_whole(path), path.name)
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            content = orjson.loads(tidy(text))
        except orjson.JSONDecodeError:
            return _read_record_lines(text, path, encoding)
    if isinstance(content, dict) and isinstance(content.get("elements"), list) and "generator" in content:
        message = (
            f"{path.name} is an answer of Overpass in its own JSON, which is not read; "
            "ask for it in XML and save it as .osm, or export it as GeoJSON."
        )
        raise UnreadableFile(message)
    if isinstance(content, dict) and REQUEST_KEY in content:
        content = [content]
    records = list_records(content)
    if records is None:
        message = f"{path.name} is JSON but no list of records and no GeoJSON."
        if is_empty(content):
            message = f"{path.name} is an answer that holds not one record."
        elif count_lists(content) > 1:
            message = (
                f"{path.name} holds several lists of records, within one another or side by side, and "
                "nothing tells which is meant: save the one as a file of its own, or as .csv."
            )
        raise UnreadableFile(message)
    return tabulate(_write_all(records, path), path, encoding)


def _read_record_lines(text: str, path: Path, encoding: str) -> Table:
    if not text.strip():
        message = f"{path.name} is empty."
        raise UnreadableFile(message)
    read = read_lines(text)
    if read is None:
        raise damaged(path.name)
    records, numbers, broken = read
    table = tabulate(_write_all(records, path), path, encoding)
    return replace(table, row_numbers=np.array(numbers, dtype=np.int64), unreadable=tuple(broken))


def _write_all(records: list[dict[str, Any]], path: Path) -> list[dict[str, str]]:
    try:
        return [{name: _write_as_text(value) for name, value in record.items()} for record in records]
    except RecursionError:
        message = f"{path.name} holds a value nested a thousand times, which no program writes of a place."
        raise UnreadableFile(message) from None


def _write_as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def tabulate(records: list[dict[str, str]], path: Path, encoding: str) -> Table:
    """Make a table of records; where they are requests of Open311, their places are WGS-84.

    Raises:
        UnreadableFile: there are none.
        InputRefused: they are services, or have more columns than any list of places or cases.
    """
    columns = dict.fromkeys(name for record in records for name in record)
    if not records:
        message = f"{path.name} holds no records."
        raise UnreadableFile(message)
    if _SERVICE_KEY in columns and REQUEST_KEY not in columns:
        message = (
            f"{path.name} lists the services that can be asked for, not requests; there is nothing to import."
        )
        raise InputRefused(message)
    refuse_columns(len(columns), path.name)
    rows = pd.DataFrame(
        {name: pd.Series([record.get(name, "") for record in records], dtype="str") for name in columns}
    )
    # The standard says WGS-84; whether that is so, the importer holds against the community.
    points = _read_points(rows, columns) if REQUEST_KEY in columns else None
    return Table(
        name=path.stem,
        rows=rows.drop(columns=["lat", "long"], errors="ignore") if points is not None else rows,
        row_numbers=np.arange(1, len(rows) + 1, dtype=np.int64),
        points=points,
        declared_crs=None if points is None else "EPSG:4326",
        encoding=encoding,
    )


def _read_points(rows: pd.DataFrame, columns: Iterable[str]) -> npt.NDArray[np.float64] | None:
    if not {"lat", "long"} <= set(columns):
        return None
    pairs = [pd.to_numeric(rows[name], errors="coerce").to_numpy(float) for name in ("long", "lat")]
    points = np.column_stack(pairs)
    points[~np.isfinite(points).all(axis=1) | (points == 0).all(axis=1)] = np.nan
    return points


def is_open311(root: str | None) -> bool:
    """Whether an XML file of this outermost element answers as GeoReport v2 does."""
    return root in {"service_requests", "requests", "services", "errors", "service_definition"}

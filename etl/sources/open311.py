"""Requests as Open311 (GeoReport v2) gives them in JSON or XML, and other lists of flat JSON records."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from etl.sources.maps.gdal import damaged
from etl.sources.table import Table, refuse_columns
from etl.sources.tables.text import decode, read_whole
from etl.sources.xml import iterate_elements, read_text
from geo.errors import InputRefused, UnreadableFile

# By this an answer to GET requests is known; a list of services has only the other.
REQUEST_KEY = "service_request_id"
_SERVICE_KEY = "service_code"
_DEEPEST_ENVELOPE = 3
# A record above others says its name, its code, and little else.
_MOST_HEADINGS = 4
_LEAST_MEMBERS = 4


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
    return _tabulate(records, path, encoding)


def read_records(path: Path) -> Table:
    """Read a JSON list of flat objects, or an object with one such list in it; what is nested stays JSON.

    Raises:
        UnreadableFile: it is damaged, or holds no list of objects.
    """
    text, encoding = decode(read_whole(path), path.name)
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise damaged(path.name) from None
    if isinstance(content, dict) and isinstance(content.get("elements"), list) and "generator" in content:
        message = (
            f"{path.name} is an answer of Overpass in its own JSON, which is not read; "
            "ask for it in XML and save it as .osm, or export it as GeoJSON."
        )
        raise UnreadableFile(message)
    if isinstance(content, dict):
        content = [content] if REQUEST_KEY in content else _find_list(content)
    if not isinstance(content, list) or not all(isinstance(record, dict) for record in content):
        message = f"{path.name} is JSON but no list of records and no GeoJSON."
        raise UnreadableFile(message)
    unfolded = (_lift_members(record) for record in _unfold(content))
    records = [{name: _write_as_text(value) for name, value in record.items()} for record in unfolded]
    return _tabulate(records, path, encoding)


def _find_list(answer: dict[str, Any]) -> list[Any] | None:
    """Find the list of records in an answer, where it may lie in an envelope: ``{"data": {"list": […]}}``."""
    level = [answer]
    for _ in range(_DEEPEST_ENVELOPE):
        lists = [value for each in level for value in each.values() if isinstance(value, list) and value]
        if lists:
            return lists[0] if len(lists) == 1 else None
        level = [value for each in level for value in each.values() if isinstance(value, dict)]
    return None


def _unfold(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take records out of others that only stand above them: a district with the list of its compounds."""
    for _ in range(_DEEPEST_ENVELOPE):
        lists = {name for record in records for name, value in record.items() if _is_list_of_records(value)}
        if len(lists) != 1 or any(len(record) > _MOST_HEADINGS for record in records):
            break
        (inner,) = lists
        # A shop with its photos is a record, and so is what says more of itself than what stands above it.
        first = next(record for record in records if _is_list_of_records(record.get(inner)))
        if len(_lift_members(first[inner][0])) < len(first):
            break
        records = [
            {**{name: value for name, value in record.items() if name != inner}, **each}
            for record in records
            for each in record.get(inner) or [{}]
        ]
    return records


def _is_list_of_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def _lift_members(record: dict[str, Any]) -> dict[str, Any]:
    """Take the members out of an object in a record; two or three together are a place, and stay together."""
    lifted: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict) and len(value) >= _LEAST_MEMBERS:
            for inner, each in value.items():
                lifted[f"{name}.{inner}" if inner in record or inner in lifted else inner] = each
        else:
            lifted[name] = value
    return lifted


def _write_as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool | dict | list):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


def _tabulate(records: list[dict[str, str]], path: Path, encoding: str) -> Table:
    columns = dict.fromkeys(name for record in records for name in record)
    if not records:
        message = f"{path.name} holds no requests."
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

"""How PostgreSQL carries out what the application asks: every plan, as the server itself logs it."""

import json
import re
import textwrap
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2

from geo.cluster import APPLICATION_ROLE

_SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "auto_explain.log_nested_statements": "on",
}
_LOGGED = re.compile(r"duration: [\d.]+ ms  plan:\n((?:\t.*\n)+)")

Plan = dict[str, Any]


@contextmanager
def log_plans(url: str) -> Iterator[list[Plan]]:
    """Yield a list that holds, after the block, the plans of the application's sessions begun in it.

    Args:
        url: a database of a private cluster, as its superuser.
    """
    plans: list[Plan] = []
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("SHOW data_directory")
        ((data,),) = cursor.fetchall()
        log = Path(data).with_name("server.log")
        begin = log.stat().st_size
        for name, value in _SETTINGS.items():
            cursor.execute(f"ALTER ROLE {APPLICATION_ROLE} SET {name} = '{value}'")
        try:
            yield plans
        finally:
            cursor.execute(f"ALTER ROLE {APPLICATION_ROLE} RESET ALL")
    time.sleep(0.5)
    written = log.read_bytes()[begin:].decode()
    plans += [json.loads(textwrap.dedent(found[1])) for found in _LOGGED.finditer(written)]


def find_scans(plan: Plan, table: str) -> bool:
    """Whether a plan reads a table from its first row to its last."""
    return _scans(plan["Plan"], table)


def _scans(node: Plan, table: str) -> bool:
    is_scan = node["Node Type"] == "Seq Scan" and node["Relation Name"] == table
    return is_scan or any(_scans(below, table) for below in node.get("Plans", ()))

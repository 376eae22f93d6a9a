"""Filters that somebody has given a name: query parameters of the page of cases."""

import json
from collections.abc import Mapping
from typing import Final

from geo.errors import InputRefused
from geo.store.engine import connect, load_queries, transaction

_LONGEST_NAME: Final = 40
_MOST_VIEWS: Final = 30


def list_views() -> dict[str, dict[str, str]]:
    """Return the acting account's views: parameters by name, in order of name."""
    with connect() as connection:
        return dict(load_queries("saved_views").list_views(connection))


def save_view(name: str, params: Mapping[str, str]) -> None:
    """Keep parameters by a name; one of the same name gives way.

    Raises:
        InputRefused: the name is empty or too long, or there are enough views.
    """
    title = " ".join(name.split())
    if not 1 <= len(title) <= _LONGEST_NAME:
        msg = f"a view needs a name of 1 to {_LONGEST_NAME} characters"
        raise InputRefused(msg)
    queries = load_queries("saved_views")
    with transaction() as connection:
        if queries.count_views(connection) >= _MOST_VIEWS:
            msg = f"you have kept {_MOST_VIEWS} views: delete one before keeping another"
            raise InputRefused(msg)
        queries.save_view(connection, name=title, params=json.dumps(dict(params), ensure_ascii=False))


def delete_view(name: str) -> None:
    """Forget a view of the acting account."""
    with transaction() as connection:
        load_queries("saved_views").delete_view(connection, name=name)

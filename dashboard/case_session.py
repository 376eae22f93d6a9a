"""What this reader has chosen on the page of cases. The address is the truth, as in ``dashboard.session``.

Each message of the browser brings the address it knows. One that was on its way while the address was changed
here, as when the map comes to rest, would take the change back: :func:`keep_changes` puts it right.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

import streamlit as st

from dashboard import session
from dashboard.models.incident_filters import (
    Filters,
    find_usual,
    format_address,
    parse_address,
    parse_around,
    split_words,
)
from geo.store.worklist import Around, Cursor

_WORDS: Final = "private_words"
_CURSORS: Final = "case_cursors"
_SPOT: Final = "new_spot"
_CHANGES: Final = "address_changes"
# By then the browser knows.
_KNOWN_AFTER_S: Final = 3


def keep_changes() -> None:
    """Change the address again where a message from before has taken a change of late back."""
    now = time.monotonic()
    for name, (before, after, changed_at) in st.session_state.get(_CHANGES, {}).items():
        if now - changed_at < _KNOWN_AFTER_S and st.query_params.get(name) == before != after:
            session.change_address(**{name: after})


def read_filters(known_codes: Collection[str]) -> tuple[Filters, tuple[str, ...]]:
    """Return the filters of the address, and the parameters that make no sense."""
    filters, ignored = parse_address(st.query_params.to_dict(), known_codes, session.get_actor())
    if st.query_params.get("case") and read_selected() is None:
        ignored += ("case",)
    return filters, ignored


def change_filters(filters: Filters, **changes: Any) -> None:
    """Put other filters into the address; the list begins again at its first page."""
    _change(**format_address(replace(filters, **changes), session.get_actor()))
    st.session_state.pop(_CURSORS, None)


def clear_filters() -> None:
    """List what is usual again."""
    st.session_state.pop(_WORDS, None)
    change_filters(find_usual(session.get_actor()))


def change_words(filters: Filters, words: str, names: Collection[str]) -> None:
    """Look for words: those that may stand in the address there, the others in this session only."""
    harmless, private = split_words(words, names)
    st.session_state[_WORDS] = private
    change_filters(filters, words=harmless)


def read_private_words() -> str:
    """Return the words that are looked for but do not stand in the address."""
    return str(st.session_state.get(_WORDS, ""))


def read_selected() -> int | None:
    """Return the case that is open."""
    number = st.query_params.get("case", "")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None


def open_case(case: int) -> None:
    """Open a case."""
    _change(case=str(case), new=None)
    st.session_state.pop(_SPOT, None)


def close_case() -> None:
    """Close the case that is open."""
    _change(case=None)


def is_reporting() -> bool:
    """Whether the form for a new case was asked for; on a phone it takes the list's place."""
    return st.query_params.get("new") == "1"


def begin_report() -> None:
    """Turn to the form for a new case."""
    _change(case=None, new="1")


def end_report() -> None:
    """Turn back to the list."""
    _change(new=None)


def point_at(place: str) -> None:
    """Keep where the map was clicked."""
    st.session_state[_SPOT] = parse_around(place)


def read_spot() -> Around | None:
    """Return where the map was clicked, for the case that is being reported."""
    spot: Around | None = st.session_state.get(_SPOT)
    return spot


def forget_spot() -> None:
    """Forget where the map was clicked."""
    st.session_state.pop(_SPOT, None)


def read_cursors() -> list[Cursor]:
    """Return where the pages before this one ended."""
    cursors: list[Cursor] = st.session_state.get(_CURSORS, [])
    return cursors


def turn_page(following: Cursor | None) -> None:
    """Turn to the next page, or back where there is none given."""
    cursors = read_cursors()
    st.session_state[_CURSORS] = [*cursors, following] if following else cursors[:-1]


def select_on_map() -> None:
    """Open the case that was clicked on the map."""
    objects = st.session_state["case_map"].selection.objects
    clicked: Mapping[str, Any] = next(
        (found["properties"] for of_layer in objects.values() for found in of_layer), {}
    )
    if clicked.get("layer") in {"cases", "incidents"}:
        open_case(int(clicked["id"]))


def _change(**params: str | None) -> None:
    now = time.monotonic()
    changes = st.session_state.setdefault(_CHANGES, {})
    for name, value in params.items():
        changes[name] = (st.query_params.get(name), value, now)
    session.change_address(**params)

"""The number by which residents complain about whoever answers for a zone; its public card names it."""

import re
from typing import Final

from psycopg2.extensions import connection as PostgresConnection  # noqa: N812 - the driver names it so

from geo.errors import InputRefused, NotFound
from geo.operations.duties import keep_to_keepers
from geo.store import communities
from geo.store.duties import record_change
from geo.store.engine import connect, transaction

_NUMBER: Final = re.compile(r"[0-9][0-9 -]{2,19}")


def read_supervision_phone(community_id: int) -> str:
    """Return the number of a community; the line that anybody may call anywhere in China if it has set none.

    Raises:
        NotFound: there is no such community, or whoever asks does not see it.
    """
    with connect() as connection:
        return _read_phone(connection, community_id)


def set_supervision_phone(community_id: int, phone: str) -> None:
    """Give a community a number to print on the cards of its zones.

    Raises:
        InputRefused: it is no telephone number.
        NotFound: there is no such community, or whoever asks does not see it.
        Forbidden: whoever acts does not keep the duties of that community.
    """
    kept = " ".join(phone.split())
    if not _NUMBER.fullmatch(kept):
        msg = "a telephone number has 3 to 20 digits, spaces and hyphens: write it like 0571-12345"
        raise InputRefused(msg)
    with keep_to_keepers(), transaction() as connection:
        before = _read_phone(connection, community_id)
        if kept == before:
            return
        communities.set_supervision_phone(connection, community_id, kept)
        change = {"supervision_phone": {"from": before, "to": kept}}
        record_change(connection, "community_changed", community_id, "community", community_id, change)


def _read_phone(connection: PostgresConnection, community_id: int) -> str:
    phone = communities.find_supervision_phone(connection, community_id)
    if phone is None:
        msg = "there is no such community: choose one of the list"
        raise NotFound(msg)
    return phone

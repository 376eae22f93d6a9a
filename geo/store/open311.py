"""Cases as other systems may read them: facts, and words only masked and only for roles that read words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from geo.store.engine import connect, load_queries


@dataclass(frozen=True, slots=True)
class Service:
    """A category that anybody may report.

    Attributes:
        code: our category code.
        name: in Chinese.
        name_en: in English.
        group: the category above it, in Chinese.
        group_en: the same in English.
        call_first: the emergency number to call before reporting, where there is one.
        synonyms: what national standards call it.
    """

    code: str
    name: str
    name_en: str
    group: str
    group_en: str
    call_first: str | None
    synonyms: list[str]


@dataclass(frozen=True, slots=True)
class ServiceRequest:
    """A case as other systems see it.

    Attributes:
        id: the incident.
        category_code: its category.
        category: the category's name in Chinese.
        category_en: the same in English.
        state: the state of the workflow.
        is_open: whether something is still to be done.
        outcome: how it ended, where it did.
        reported_at: when it was reported.
        updated_at: when it was closed, or else last changed.
        due_at: when it is to be done.
        agency: who has to do it.
        address: where, in words: masked as written, or the name of the place.
        address_id: the building's code.
        longitude: EPSG:4490 degrees.
        latitude: EPSG:4490 degrees.
        description: what was written, masked; none where the acting role reads no words.
    """

    id: int
    category_code: str
    category: str
    category_en: str
    state: str
    is_open: bool
    outcome: str | None
    reported_at: datetime
    updated_at: datetime
    due_at: datetime | None
    agency: str | None
    address: str | None
    address_id: str | None
    longitude: float | None
    latitude: float | None
    description: str | None


def list_services() -> list[Service]:
    """Return the categories that anybody may report, by code.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        return [Service(*row) for row in load_queries("open311").list_services(connection)]


def find_requests(
    community_id: int,
    *,
    ids: Sequence[int] | None = None,
    codes: Sequence[str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    is_open: bool | None = None,
    most: int,
    skipped: int = 0,
) -> list[ServiceRequest]:
    """Return cases of a community that the acting role sees, the newest first; none is sealed or sensitive.

    Args:
        community_id: whose cases.
        ids: only these.
        codes: only of these categories or of those below them.
        since: only those reported at or after this time.
        until: only those reported at or before this time.
        is_open: only open or only settled ones.
        most: the largest number to return.
        skipped: how many of the newest to leave out.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        rows = load_queries("open311").find_requests(
            connection,
            community_id=community_id,
            ids=None if ids is None else list(ids),
            codes=None if codes is None else list(codes),
            since=since,
            until=until,
            is_open=is_open,
            most=most,
            skipped=skipped,
        )
        return [ServiceRequest(*row) for row in rows]


def find_building(community_id: int, code: str) -> int | None:
    """Return the building of a code, or None.

    Raises:
        DatabaseUnavailable: the database does not answer.
    """
    with connect() as connection:
        found: int | None = load_queries("open311").find_building(
            connection, community_id=community_id, code=code
        )
        return found

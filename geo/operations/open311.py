"""Open311 GeoReport v2: what a client asks for, read from its parameters, and a case made from a report.

Parameters come as text by name; those that the standard does not know are passed over. The role of the key
decides: everything here runs as its actor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from geo.errors import Forbidden, InputRefused, NotFound
from geo.model.actor import Actor
from geo.model.incident import NewIncident, Requester
from geo.operations.addresses import find_places_by_address
from geo.operations.incidents import report_incident
from geo.rules.inert import strip_controls
from geo.store import open311, places
from geo.store.engine import connect
from geo.store.open311 import Service, ServiceRequest

MOST_REQUESTS: Final = 1000
LONGEST_SPAN: Final = timedelta(days=90)
_CHINA: Final = ZoneInfo("Asia/Shanghai")
_LONGEST_DESCRIPTION: Final = 4000
_LONGEST_TEXT: Final = 200
# With what marks it as this account's it must fit into the 200 characters that a case keeps.
_LONGEST_CLIENT_ID: Final = 150
_LONGEST_URL: Final = 2000
_NUMBER: Final = re.compile(r"[+-]?\d{1,3}(\.\d{1,15})?", re.ASCII)
_ID: Final = re.compile(r"\d{1,18}", re.ASCII)
# A + that was not escaped in an address arrives as a blank.
_BARE_OFFSET: Final = re.compile(r" (?=\d\d:?\d\d$)")
_STATUS: Final = {"open": True, "closed": False}


@dataclass(frozen=True, slots=True)
class RequestQuery:
    """Which cases are asked for."""

    ids: tuple[int, ...] | None
    codes: tuple[str, ...] | None
    since: datetime | None
    until: datetime | None
    is_open: bool | None
    page: int
    page_size: int


def narrow_actor(actor: Actor, given: Mapping[str, str]) -> Actor:
    """Return the actor as one of the community that ``jurisdiction_id`` names, or of its only one.

    The actor must be acting.

    Raises:
        InputRefused: it is not given and the key is for several communities.
        NotFound: the key is for no such community.
    """
    communities = places.list_communities()
    code = given.get("jurisdiction_id")
    if code is None and len(communities) > 1:
        some = ", ".join(community.code for community in communities[:5])
        msg = f"jurisdiction_id was not provided: give the code of a community, such as {some}"
        raise InputRefused(msg)
    chosen = [community for community in communities if code in {None, community.code}]
    if not chosen:
        asked = f"jurisdiction_id '{code[:40]}'" if code else "a community for this key"
        msg = f"{asked} was not found: give the code of one that the key's account was granted"
        raise NotFound(msg)
    return replace(actor, community_ids=(chosen[0].id,))


def get_service(code: str) -> Service:
    """Return the service of a code.

    Raises:
        NotFound: nothing of that code can be reported.
    """
    for service in open311.list_services():
        if service.code == code:
            return service
    msg = f"service_code '{code[:40]}' was not found: take one from the service list"
    raise NotFound(msg)


def read_query(given: Mapping[str, str], now: datetime) -> RequestQuery:
    """Read what cases a client asks for; ids override everything else.

    Raises:
        InputRefused: a parameter makes no sense.
    """
    page = _read_count("page", given.get("page", "1"), most=1_000_000)
    size = _read_count("page_size", given.get("page_size", str(MOST_REQUESTS)), most=MOST_REQUESTS)
    if "service_request_id" in given:
        ids = _read_list(given["service_request_id"])
        return RequestQuery(tuple(read_request_id(text) for text in ids), None, None, None, None, page, size)
    since, until = _read_span(given, now)
    status = {_read_status(text) for text in _read_list(given.get("status", "open,closed"))}
    codes = _read_list(given["service_code"]) if "service_code" in given else None
    return RequestQuery(
        ids=None,
        codes=codes,
        since=since,
        until=until,
        is_open=status.pop() if len(status) == 1 else None,
        page=page,
        page_size=size,
    )


def find_requests(community_id: int, query: RequestQuery) -> list[ServiceRequest]:
    """Return the cases that a query asks for, the newest first."""
    return open311.find_requests(
        community_id,
        ids=query.ids,
        codes=query.codes,
        since=query.since,
        until=query.until,
        is_open=query.is_open,
        most=query.page_size,
        skipped=(query.page - 1) * query.page_size,
    )


def get_request(community_id: int, text: str) -> ServiceRequest:
    """Return one case.

    Raises:
        InputRefused: the text is no number.
        NotFound: there is no such case, or it is not for this key.
    """
    for request in open311.find_requests(community_id, ids=[read_request_id(text)], most=1):
        return request
    msg = f"service_request_id {text} was not found: take one from the request list"
    raise NotFound(msg)


def create_request(actor: Actor, given: Mapping[str, str], client_id: str | None) -> int:
    """Report a case and return its id; the same client id again returns the first one's.

    ``media_url`` is never fetched: it is kept as text in the description for whoever works on the case.

    Args:
        actor: whose key it is, narrowed to one community; must be acting.
        given: the parameters.
        client_id: what the client calls this report, unique among those made by the same account.

    Raises:
        InputRefused: something is missing or makes no sense.
        NotFound: there is no such service or building.
        Forbidden: the key's role may not report.
    """
    if actor.account_id is None:
        msg = "a key is needed to report: send it as api_key"
        raise Forbidden(msg)
    if "service_code" not in given:
        msg = "service_code was not provided: take one from the service list"
        raise InputRefused(msg)
    (community_id,) = actor.community_ids
    service = get_service(given["service_code"])
    longitude, latitude = _read_position(given)
    address = _read_text(given, "address_string")
    building_id, compound_id = _find_building(community_id, given.get("address_id")), None
    if longitude is None and building_id is None:
        if address is None:
            msg = "the place was not provided: give lat and long, or address_string, or address_id"
            raise InputRefused(msg)
        building_id, compound_id = _find_place(community_id, address)
    new = NewIncident(
        community_id=community_id,
        category_code=service.code,
        source="other",
        description=_describe(given) or service.name,
        address=address,
        longitude=longitude,
        latitude=latitude,
        building_id=building_id,
        compound_id=compound_id,
        requester=_read_requester(given),
        client_id=_read_client_id(actor.account_id, client_id),
    )
    return report_incident(new)


def read_request_id(text: str) -> int:
    """Read the id of a case.

    Raises:
        InputRefused: it is no number.
    """
    if not _ID.fullmatch(text):
        msg = f"service_request_id must be whole numbers joined by commas, not '{text[:40]}'"
        raise InputRefused(msg)
    return int(text)


def _read_list(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _read_status(text: str) -> bool:
    if text not in _STATUS:
        msg = f"status must be open or closed, not '{text[:40]}'"
        raise InputRefused(msg)
    return _STATUS[text]


def _read_count(name: str, text: str, *, most: int) -> int:
    if not _ID.fullmatch(text) or not 1 <= int(text) <= most:
        msg = f"{name} must be a whole number from 1 to {most}"
        raise InputRefused(msg)
    return int(text)


def _read_span(given: Mapping[str, str], now: datetime) -> tuple[datetime, datetime]:
    """Return the first and the last moment asked for, 90 days at most; the last 90 where neither is given."""
    since = _read_time("start_date", given.get("start_date"))
    until = _read_time("end_date", given.get("end_date"))
    if since is None:
        until = until or now
        return until - LONGEST_SPAN, until
    until = until or since + LONGEST_SPAN
    if until < since:
        msg = "end_date must not be before start_date"
        raise InputRefused(msg)
    if until - since > LONGEST_SPAN:
        msg = f"start_date and end_date must not be more than {LONGEST_SPAN.days} days apart: ask in parts"
        raise InputRefused(msg)
    return since, until


def _read_time(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(_BARE_OFFSET.sub("+", text))
    except ValueError:
        at = None
    if at is not None and len(text) == len("2026-11-22"):
        at = at.replace(tzinfo=_CHINA)
    if at is None or at.tzinfo is None or not 1900 <= at.year <= 9000:
        msg = f"{name} must be a time with its zone such as 2026-11-22T08:00:00+08:00, not '{text[:40]}'"
        raise InputRefused(msg)
    return at.astimezone(UTC)


def _read_position(given: Mapping[str, str]) -> tuple[float | None, float | None]:
    if ("lat" in given) != ("long" in given):
        msg = "lat and long must be given together"
        raise InputRefused(msg)
    if "lat" not in given:
        return None, None
    latitude, longitude = _read_degrees("lat", given["lat"], 90), _read_degrees("long", given["long"], 180)
    return longitude, latitude


def _read_degrees(name: str, text: str, most: int) -> float:
    if not _NUMBER.fullmatch(text) or abs(float(text)) > most:
        msg = f"{name} must be WGS84 degrees from -{most} to {most}, not '{text[:40]}'"
        raise InputRefused(msg)
    return float(text)


def _read_text(given: Mapping[str, str], name: str, most: int = _LONGEST_TEXT) -> str | None:
    text = strip_controls(given.get(name, "")).strip()
    if len(text) > most:
        msg = f"{name} must not be longer than {most:,} characters"
        raise InputRefused(msg)
    return text or None


def _describe(given: Mapping[str, str]) -> str:
    url = _read_text(given, "media_url", _LONGEST_URL)
    if url and not re.match(r"https?://\S+$", url):
        msg = "media_url must be an address that begins with http:// or https://"
        raise InputRefused(msg)
    parts = (_read_text(given, "description", _LONGEST_DESCRIPTION), url)
    return "\n".join(part for part in parts if part)


def _read_requester(given: Mapping[str, str]) -> Requester | None:
    first, last, phone = (_read_text(given, name) for name in ("first_name", "last_name", "phone"))
    if first is None and last is None and phone is None:
        return None
    is_western = all(part is None or part.isascii() for part in (first, last))
    order = (first, last) if is_western else (last, first)
    name = (" " if is_western else "").join(part for part in order if part)
    return Requester(name=name or None, phone=phone)


def _find_building(community_id: int, code: str | None) -> int | None:
    if code is None:
        return None
    building_id = open311.find_building(community_id, code)
    if building_id is None:
        msg = f"address_id '{code[:40]}' was not found: give the code of a building"
        raise NotFound(msg)
    return building_id


def _find_place(community_id: int, address: str) -> tuple[int | None, int | None]:
    """Return the building or the compound that an address means for certain."""
    with connect() as connection:
        for place in find_places_by_address(connection, community_id, address):
            if place.is_certain:
                return place.building_id, place.compound_id
    return None, None


def _read_client_id(account_id: int, client_id: str | None) -> str | None:
    if client_id is None:
        return None
    if len(client_id) > _LONGEST_CLIENT_ID:
        msg = f"client_id must not be longer than {_LONGEST_CLIENT_ID} characters"
        raise InputRefused(msg)
    return f"open311:{account_id}:{client_id}"

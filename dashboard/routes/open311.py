"""``/open311/v2/…``: GeoReport v2, for other systems to read cases and to report some.

``discovery``, ``services``, ``services/CODE``, ``requests``, ``requests/ID`` and ``tokens/ID``, each ending
in ``.xml`` or ``.json``; ``requests`` also takes POST. All but discovery ask for a key, as ``api_key`` or as
``Authorization: Bearer KEY``. Refusals are the standard's lists of errors: 400; 403 where the key is missing,
wrong or may not do this; 404. A report that carries ``Idempotency-Key`` or ``client_id`` is made only once.
"""

import logging
from collections import defaultdict
from datetime import UTC, datetime
from time import perf_counter
from typing import Final
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from dashboard.i18n import Text
from dashboard.models import open311 as answers
from dashboard.models.open311 import Value
from dashboard.routes import metrics
from dashboard.routes.replies import find_header
from geo.errors import DatabaseUnavailable, Forbidden, InputRefused, NotFound, NotSignedIn, WanggeError
from geo.model.actor import NOBODY, Actor
from geo.operations import open311
from geo.operations.accounts import find_api_actor
from geo.settings import get_settings
from geo.store.engine import acting_as
from geo.store.open311 import list_services

ROOT: Final = "/open311/v2"
LARGEST_BODY: Final = 64 * 1024
_LONGEST_QUERY: Final = 16 * 1024
_FORM: Final = b"application/x-www-form-urlencoded"
_LISTS: Final = {"service_request_id", "service_code", "status"}
_STATUS: Final = {NotFound: 404, Forbidden: 403, NotSignedIn: 403, DatabaseUnavailable: 503}
_log = logging.getLogger(__name__)

# Status, name of the XML's root, content.
Answer = tuple[int, str, Value]


class GeoReport:
    """The ASGI endpoint of everything below ``/open311/v2/``."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = perf_counter()
        name, _, ending = scope["path_params"]["path"].rpartition(".")
        try:
            if ending not in answers.MEDIA_TYPES:
                msg = "there is nothing at this address: end it in .xml or .json"
                raise NotFound(msg)
            status, root, content = await _answer(name, Request(scope, receive))
        except ClientDisconnect:
            return
        except WanggeError as refusal:
            status, root, content = _refuse(refusal)
        if ending not in answers.MEDIA_TYPES:
            ending = "xml"
        body = answers.write_answer(ending, root, content)
        headers = [
            (b"content-type", f"{answers.MEDIA_TYPES[ending]}; charset=utf-8".encode()),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
        metrics.observe_request("open311", "", status, perf_counter() - started)


async def _answer(name: str, request: Request) -> Answer:
    given = _read_parameters(request.scope["query_string"], _LONGEST_QUERY)
    text = Text(get_settings().language)
    if request.method == "POST":
        if name != "requests":
            msg = "nothing can be posted here: post service requests to /requests"
            raise InputRefused(msg)
        given |= _read_parameters(await _read_body(request), LARGEST_BODY)
        client_id = request.headers.get("idempotency-key") or given.get("client_id")
        return await run_in_threadpool(_create, _find_key(request.scope, given), given, client_id, text)
    if request.method not in {"GET", "HEAD"}:
        msg = f"{request.method} is not possible here: use GET, or POST to report"
        raise InputRefused(msg)
    if name == "discovery":
        # Not what the request calls us: through a gateway's cache anybody could tell others another.
        address = (get_settings().public_url or "").rstrip("/") + ROOT
        return 200, "discovery", answers.describe_discovery(address, text)
    return await run_in_threadpool(_read, name, _find_key(request.scope, given), given, text)


def _read(name: str, key: str, given: dict[str, str], text: Text) -> Answer:
    actor = _find_actor(key, given)
    with acting_as(actor):
        (community_id,) = actor.community_ids
        match name.split("/"):
            case ["services"]:
                return 200, "services", [answers.describe_service(s, text) for s in list_services()]
            case ["services", code]:
                return 200, "service_definition", answers.describe_definition(open311.get_service(code))
            case ["requests"]:
                found = open311.find_requests(community_id, open311.read_query(given, datetime.now(UTC)))
                return 200, "service_requests", [answers.describe_request(r, text) for r in found]
            case ["requests", request_id]:
                only = open311.get_request(community_id, request_id)
                return 200, "service_requests", [answers.describe_request(only, text)]
            case ["tokens", _]:
                msg = "token was not found: reports are answered with their service_request_id at once"
                raise NotFound(msg)
            case _:
                msg = "there is nothing at this address: use discovery, services or requests"
                raise NotFound(msg)


def _create(key: str, given: dict[str, str], client_id: str | None, text: Text) -> Answer:
    actor = _find_actor(key, given)
    with acting_as(actor):
        request_id = open311.create_request(actor, given, client_id)
        notice = answers.describe_notice(open311.get_service(given["service_code"]), text)
    made: Value = {"service_request_id": str(request_id), "service_notice": notice, "account_id": None}
    return 201, "service_requests", [made]


def _find_actor(key: str, given: dict[str, str]) -> Actor:
    with acting_as(NOBODY):
        actor = find_api_actor(key)
    if actor is None:
        msg = "api_key is not valid: ask the administrator for another"
        raise NotSignedIn(msg)
    with acting_as(actor):
        return open311.narrow_actor(actor, given)


def _find_key(scope: Scope, given: dict[str, str]) -> str:
    kind, _, key = find_header(scope, b"authorization").decode("latin-1").partition(" ")
    found = given.get("api_key") or (key.strip() if kind.lower() == "bearer" else "")
    if not found:
        msg = "api_key was not provided: ask the administrator for one"
        raise NotSignedIn(msg)
    return found


async def _read_body(request: Request) -> bytes:
    kind = find_header(request.scope, b"content-type").partition(b";")[0].strip().lower()
    if kind != _FORM:
        msg = f"the report cannot be read: send it as {_FORM.decode()}"
        raise InputRefused(msg)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            break
    return body


def _read_parameters(encoded: bytes, most: int) -> dict[str, str]:
    if len(encoded) > most:
        msg = f"the parameters are too long: send no more than {most // 1024} kB"
        raise InputRefused(msg)
    try:
        given = parse_qsl(encoded.decode(), errors="strict", max_num_fields=200)
    except ValueError:
        msg = "the parameters cannot be read: write them as name=value, joined by &, in UTF-8"
        raise InputRefused(msg) from None
    values = defaultdict(list)
    for name, value in given:
        if "\0" in value:
            msg = f"{name[:40]} contains a zero byte: leave it out"
            raise InputRefused(msg)
        if clean := value.strip():
            values[name].append(clean)
    return {name: ",".join(many) if name in _LISTS else many[-1] for name, many in values.items()}


def _refuse(refusal: WanggeError) -> Answer:
    status = next((status for kind, status in _STATUS.items() if isinstance(refusal, kind)), 400)
    sentence = str(refusal)
    if status == 503:
        _log.warning("%s", refusal)
        sentence = (
            "the database does not answer: try again in a minute, and tell the administrator if it lasts"
        )
    return status, "errors", [{"code": status, "description": sentence}]


def routes() -> list[BaseRoute]:
    """Return everything below ``/open311/v2/``."""
    return [Route(f"{ROOT}/{{path:path}}", GeoReport())]

"""Sheets of paper: who may print one, about which community, in which language, and how it is sent.

A sheet's HTML extends ``print_base.html``, a list's ``print_list.html``, and one's that begins with figures
``print_figures.html``; maps are from ``print_sketch.html``.
Every word on a sheet is escaped by its template; a sheet may load nothing, and run nothing but its own line.
The name of whoever prints and the time lie across it.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from starlette.concurrency import run_in_threadpool
from starlette.types import Scope

from dashboard.i18n import LANGUAGES, Text
from dashboard.models.map_page import choose_community
from dashboard.routes.replies import DataEndpoint, Reply
from geo.errors import Forbidden, NotFound, NotSignedIn
from geo.model.actor import NOBODY, Actor
from geo.rules.access import is_allowed
from geo.settings import get_settings
from geo.store.engine import get_actor
from geo.store.places import Community, list_communities


@dataclass(frozen=True, slots=True)
class SheetRequest:
    """What is to be printed.

    Attributes:
        given: the parameters of the address.
        community: the community it is about.
        text: the language.
        now: the time that stands on it.
    """

    given: Mapping[str, str]
    community: Community
    text: Text
    now: datetime


def make_sheet_endpoint(
    resource: str, template: str, fill: Callable[[SheetRequest], Mapping[str, Any]]
) -> DataEndpoint:
    """Return what answers with a sheet, to stand behind whatever says who asks.

    Args:
        resource: what a reader must be allowed to open, as ``geo.rules.access`` lists it.
        template: file name of the sheet's HTML beside this module.
        fill: finds out what stands on the sheet, in a worker thread as whoever asks.
    """

    def print_sheet(query: bytes) -> Reply:
        reader = _find_reader(resource)
        asked = _read_request(query)
        nonce = secrets.token_urlsafe(16)
        words = {
            "language": "zh-CN" if asked.text.language == "zh" else asked.text.language,
            "watermark": asked.text(
                "morning.printed_by", name=reader.name or reader.role, at=asked.text.moment(asked.now)
            ),
            "nonce": nonce,
        }
        body = _load_template(template).render(words | dict(fill(asked))).encode()
        policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; base-uri 'none'"
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ]
        return Reply(200, headers, body)

    async def answer(scope: Scope) -> Reply:
        return await run_in_threadpool(print_sheet, scope["query_string"])

    return DataEndpoint("print", answer)


def _find_reader(resource: str) -> Actor:
    actor = get_actor()
    if actor is None or actor == NOBODY:
        msg = "nobody is signed in here: sign in, then print again"
        raise NotSignedIn(msg)
    if not is_allowed(actor.role, resource):
        msg = "this is not open to your role: ask an administrator if you need it"
        raise Forbidden(msg)
    return actor


def _read_request(query: bytes) -> SheetRequest:
    given = dict(parse_qsl(query.decode("latin-1")))
    language = given.get("lang", "")
    return SheetRequest(
        given=given,
        community=_find_community(given.get("community")),
        text=Text(language if language in LANGUAGES else get_settings().language),
        now=datetime.now(UTC),
    )


def _find_community(code: str | None) -> Community:
    community = choose_community(list_communities(), code)
    if community is None or code not in {None, community.code}:
        msg = f"there is no community '{(code or '')[:40]}': print from the page of the one you want"
        raise NotFound(msg)
    return community


@lru_cache
def _load_template(name: str) -> Template:
    folder = files("dashboard.routes")
    return Environment(
        autoescape=True,
        loader=FunctionLoader(lambda other: (folder / other).read_text(encoding="utf-8")),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    ).get_template(name)

"""``/print/cases?community=CODE&lang=zh&…``: the filtered cases on paper, in the order of a walk.

The other parameters are the filters of the page of cases. Every word is escaped by the template; the sheet
may load nothing, and run nothing but its own line. The name of whoever prints and the time are on each page.
"""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from itertools import groupby
from typing import Any, Final
from urllib.parse import parse_qsl

from jinja2 import Environment, StrictUndefined, Template
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from dashboard.i18n import LANGUAGES, Text
from dashboard.models.incident_filters import CHINA, parse_filters, pick_marked, to_asked
from dashboard.models.incident_list import build_rows
from dashboard.models.map_page import choose_community
from dashboard.routes.replies import DataEndpoint, Reply
from geo.errors import Forbidden, NotFound, NotSignedIn
from geo.model.actor import NOBODY, Actor
from geo.operations.marks import list_marks
from geo.rules.access import is_allowed
from geo.settings import get_settings
from geo.store.choices import list_categories
from geo.store.engine import get_actor
from geo.store.places import Community, list_communities
from geo.store.worklist import list_cases

_MOST: Final = 300


def routes() -> list[BaseRoute]:
    """Return the sheet, to stand behind whatever says who asks."""
    return [Route("/print/cases", DataEndpoint("print", _answer))]


async def _answer(scope: Scope) -> Reply:
    return await run_in_threadpool(_print_cases, scope["query_string"])


def _print_cases(query: bytes) -> Reply:
    given = dict(parse_qsl(query.decode("latin-1"), max_num_fields=30))
    actor = _find_reader()
    community = _find_community(given.get("community"))
    language = given.get("lang", "")
    text = Text(language if language in LANGUAGES else get_settings().language)
    now = datetime.now(UTC)
    rows, is_cut = _read_rows(given, community, now, text)
    nonce = secrets.token_urlsafe(16)
    body = (
        _load_template()
        .render(
            language="zh-CN" if text.language == "zh" else text.language,
            title=text("walk.title", community=community.name),
            counted=text("list.cases", n=len(rows)) + (f" · {text('walk.cut')}" if is_cut else ""),
            columns=[text("walk.case"), text("column.title"), text("fact.due_at"), text("walk.done")],
            groups=[(place, list(cases)) for place, cases in groupby(rows, key=lambda row: row["place"])],
            watermark=text("morning.printed_by", name=actor.name or actor.role, at=text.moment(now)),
            note=text("watermark.note"),
            print_word=text("export.print"),
            nonce=nonce,
        )
        .encode()
    )
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; base-uri 'none'"
    return Reply(
        200,
        [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"content-security-policy", policy.encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
        ],
        body,
    )


def _read_rows(
    given: Mapping[str, str], community: Community, now: datetime, text: Text
) -> tuple[Sequence[Mapping[str, Any]], bool]:
    categories = list_categories()
    by_code = {category.code: category for category in categories}
    filters, _ = parse_filters({"sort": "place"} | dict(given), by_code)
    asked = to_asked(filters, community.id, now.astimezone(CHINA).date(), categories)
    marks = list_marks(community.id, now)
    page = list_cases(asked, now, most=_MOST, ids=pick_marked(filters, marks))
    return build_rows(page.cases, marks, by_code, text, now), page.next is not None


def _find_reader() -> Actor:
    actor = get_actor()
    if actor is None or actor == NOBODY:
        msg = "nobody is signed in here: sign in, then print again"
        raise NotSignedIn(msg)
    if not is_allowed(actor.role, "incidents"):
        msg = "the list of cases is not open to your role: ask an administrator if you need it"
        raise Forbidden(msg)
    return actor


def _find_community(code: str | None) -> Community:
    community = choose_community(list_communities(), code)
    if community is None or code not in {None, community.code}:
        msg = f"there is no community '{(code or '')[:40]}': print from the page of the one you want"
        raise NotFound(msg)
    return community


@lru_cache
def _load_template() -> Template:
    source = (files("dashboard.routes") / "print_cases.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)

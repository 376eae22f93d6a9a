"""Signing in and out: ``/login``, ``/logout``, ``/password``, ``/post``, and ``/wall?token=…`` for screens.

A form carries a token that goes with a cookie of its browser, so that no other site can send it. Where the
sign-in succeeds its cookie says so from then on to pages and routes alike; signing out ends it for both.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from anyio import CapacityLimiter, to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from dashboard.i18n import LANGUAGES, Text
from dashboard.models.incident_words import name_role
from dashboard.routes import oidc
from dashboard.routes.cookies import (
    SIGN_IN,
    find_cookie,
    is_form_token,
    make_form_token,
    read_token,
    sign_token,
    write_cookie,
)
from dashboard.routes.door_page import Door, show_door
from dashboard.routes.sign_ins import find_actor, forget_actors
from geo.errors import DatabaseUnavailable, Forbidden, InputRefused, NotFound, NotSignedIn
from geo.model.actor import NOBODY, ROLES
from geo.operations import accounts
from geo.settings import get_settings
from geo.store.engine import acting_as

_FORM: Final = "wangge_form"
_FORM_KEPT_S: Final = 3600
_LONGEST_FORM_BYTES: Final = 8192
# A path of ours: no other site, not the door itself, nothing a header could be split with.
_LOCAL_PATH: Final = re.compile(r"/(?![/\\])(?!(?:login|logout|password|post)(?:[/?]|$))[!-~]*")
# Passwords take computing on purpose; the map must not wait for those who try many.
_hashing = CapacityLimiter(1)
_WHY: Final = {
    "ended": "door.ended",
    "out": "door.signed_out",
    "database": "app.no_database",
    "oidc": "door.oidc_failed",
    "unknown": "door.oidc_unknown",
}
_CALM: Final = frozenset({"out"})


def read_next(given: str | None) -> str:
    """Return where to go after the door: a path of ours, or the first page."""
    return given if given is not None and _LOCAL_PATH.fullmatch(given) else "/"


async def _open_login(request: Request) -> Response:
    if request.method == "POST":
        return await _sign_in(request)
    if await _is_signed_in(request):
        return RedirectResponse(read_next(request.query_params.get("next")), 303)
    text = _read_language(request.query_params)
    why = request.query_params.get("why", "")
    sentence = text(_WHY[why]) if why in _WHY else ""
    return await _show_login(request, text, request.query_params, sentence=sentence, is_calm=why in _CALM)


async def _is_signed_in(request: Request) -> bool:
    cookie = find_cookie(request.scope, SIGN_IN)
    try:
        return bool(cookie) and await to_thread.run_sync(find_actor, cookie) is not None
    except DatabaseUnavailable:
        return False


async def _show_login(
    request: Request,
    text: Text,
    given: Mapping[str, str],
    *,
    sentence: str,
    is_calm: bool = False,
    status: int = 200,
) -> Response:
    """Show the login page; ``given`` is the address's or the form's."""
    try:
        demo = await _ask(accounts.list_demo_accounts)
    except DatabaseUnavailable:
        demo, sentence, is_calm, status = [], text("app.no_database"), False, 503
    # One community after the other, and in each the secretary first.
    demo.sort(key=lambda account: (account[0].partition("-")[0], ROLES.index(account[2]), account[0]))
    wanted = read_next(given.get("next"))
    cookie = find_cookie(request.scope, _FORM) or secrets.token_urlsafe(16)
    response = show_door(
        "login",
        text,
        hidden={"next": wanted, "lang": text.language, "form": make_form_token(cookie)},
        sentence=sentence,
        is_calm=is_calm,
        status=status,
        login=given.get("login", "")[:64],
        demo=[(login, name, text.join([name_role(role, text), login])) for login, _, role, name in demo],
        oidc=f"/login/oidc?{urlencode({'next': wanted, 'lang': text.language})}"
        if oidc.is_configured()
        else None,
    )
    response.headers.append("Set-Cookie", write_cookie(request.scope, _FORM, cookie, kept_s=_FORM_KEPT_S))
    return response


async def _sign_in(request: Request) -> Response:
    form = await _read_form(request)
    text = _read_language(form)
    cookie = find_cookie(request.scope, _FORM)
    if not cookie or not is_form_token(form.get("form", ""), cookie):
        return await _show_login(request, text, form, sentence=text("door.try_again"), status=403)
    try:
        login, password = form.get("login", ""), form.get("password", "")
        if "demo" in form:
            known = {login: password for login, password, _, _ in await _ask(accounts.list_demo_accounts)}
            login, password = form["demo"], known.get(form["demo"], "")
        address = request.client.host if request.client else ""
        token = await _ask(accounts.sign_in, login, password, address, limiter=_hashing)
        return await enter(request, token, form.get("next"), text)
    except NotSignedIn:
        settings = get_settings()
        sentence = text(
            "door.refused", most=settings.most_sign_in_attempts, minutes=settings.sign_in_lock_minutes
        )
        return await _show_login(request, text, form, sentence=sentence, status=401)
    except DatabaseUnavailable:
        return await _show_login(request, text, form, sentence=text("app.no_database"), status=503)


async def enter(request: Request, token: str, wanted: str | None, text: Text) -> Response:
    """Give a browser the cookie of a sign-in and send it on: where it wanted to go, or to choose a post."""
    address = read_next(wanted)
    if text.language != get_settings().language and "lang=" not in address:
        address += f"{'&' if '?' in address else '?'}lang={text.language}"
    if len(await _ask(accounts.list_grants, token)) > 1:
        address = f"/post?{urlencode({'next': address, 'lang': text.language})}"
    return _give_cookie(request, address, token, kept_s=get_settings().sign_in_hours * 3600)


def _give_cookie(request: Request, address: str, token: str, *, kept_s: int) -> Response:
    response = RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})
    response.headers.append(
        "Set-Cookie", write_cookie(request.scope, SIGN_IN, sign_token(token), kept_s=kept_s)
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


async def _open_wall(request: Request) -> Response:
    try:
        token = await _ask(accounts.sign_in_with_wall_token, request.query_params.get("token", ""))
    except NotSignedIn:
        text = _read_language({})
        return await _show_login(request, text, {}, sentence=text("door.wall_refused"), status=401)
    except DatabaseUnavailable:
        text = _read_language({})
        return await _show_login(request, text, {}, sentence=text("app.no_database"), status=503)
    # What the screen is to show stays in the address; the token does not.
    shown = {
        name: request.query_params[name] for name in ("lang", "community") if name in request.query_params
    }
    address = f"/wall?{urlencode(shown)}" if shown else "/wall"
    return _give_cookie(request, address, token, kept_s=get_settings().wall_sign_in_days * 86_400)


async def _sign_out(request: Request) -> Response:
    if request.method != "POST":
        return RedirectResponse("/", 303)
    form = await _read_form(request)
    cookie = find_cookie(request.scope, SIGN_IN)
    token = read_token(cookie)
    lang = {"lang": form["lang"]} if form.get("lang") in LANGUAGES else {}
    response = RedirectResponse(f"/login?{urlencode({'why': 'out', **lang})}", 303)
    if token is not None:
        if not is_form_token(form.get("form", ""), cookie):
            raise HTTPException(403, "this did not come from a page of yours: go back and sign out there")
        await _ask(accounts.sign_out, token)
        forget_actors()
    response.headers.append("Set-Cookie", write_cookie(request.scope, SIGN_IN, "", kept_s=0))
    return response


async def _open_password(request: Request) -> Response:
    form = await _read_form(request) if request.method == "POST" else {}
    text = _read_language(form or request.query_params)
    if not form:
        return _show_signed_in(request, "password", text, request.query_params)
    if not _is_ours(request, form):
        return _show_signed_in(request, "password", text, form, text("door.try_again"), 403)
    sentence = await _change_password(request, form, text)
    if sentence is not None:
        return _show_signed_in(request, "password", text, form, sentence, 400)
    forget_actors()
    return RedirectResponse(read_next(form.get("next")), 303)


async def _change_password(request: Request, form: Mapping[str, str], text: Text) -> str | None:
    """Change the password as the form says; return why not where it cannot be done."""
    token = read_token(find_cookie(request.scope, SIGN_IN)) or ""
    old, new = form.get("old", ""), form.get("new", "")
    if new != form.get("again"):
        return text("door.passwords_differ")
    try:
        await _ask(accounts.change_password, token, old, new, limiter=_hashing)
    except InputRefused:
        return text("door.password_unfit")
    except NotSignedIn:
        limits = get_settings()
        return text(
            "door.password_wrong", most=limits.most_sign_in_attempts, minutes=limits.sign_in_lock_minutes
        )
    except Forbidden:
        return text("door.password_elsewhere")
    return None


async def _open_post(request: Request) -> Response:
    form = await _read_form(request) if request.method == "POST" else {}
    text = _read_language(form or request.query_params)
    token = read_token(find_cookie(request.scope, SIGN_IN)) or ""
    if form and _is_ours(request, form) and re.fullmatch(r"\d{1,18}", form.get("post", ""), re.ASCII):
        try:
            await _ask(accounts.switch_grant, token, int(form["post"]))
        except NotFound:
            pass  # It ended while the page was open: show those that are left.
        else:
            forget_actors()
            return RedirectResponse(read_next(form.get("next")), 303)
    posts = [
        (
            post.id,
            name_role(post.role, text),
            text.join(
                [
                    part
                    for part in (post.community_name or text("door.all_communities"), post.party_name)
                    if part
                ]
            ),
        )
        for post in await _ask(accounts.list_grants, token)
    ]
    return _show_signed_in(request, "post", text, form or request.query_params, posts=posts)


def _show_signed_in(
    request: Request,
    door: Door,
    text: Text,
    given: Mapping[str, str],
    sentence: str = "",
    status: int = 200,
    *,
    posts: Sequence[tuple[int, str, str]] = (),
) -> Response:
    hidden = {
        "next": read_next(given.get("next")),
        "lang": text.language,
        "form": make_form_token(find_cookie(request.scope, SIGN_IN)),
    }
    return show_door(door, text, hidden=hidden, sentence=sentence, status=status, posts=posts)


def _is_ours(request: Request, form: Mapping[str, str]) -> bool:
    return is_form_token(form.get("form", ""), find_cookie(request.scope, SIGN_IN))


async def _ask(ask: Callable[..., Any], *given: object, limiter: CapacityLimiter | None = None) -> Any:
    """Ask the database in a thread as nobody: these questions carry their own proof."""

    def run() -> Any:
        with acting_as(NOBODY):
            return ask(*given)

    return await to_thread.run_sync(run, limiter=limiter)


async def _read_form(request: Request) -> dict[str, str]:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST_FORM_BYTES:
            raise HTTPException(413, "this form is too long")
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=20)
        )
    except ValueError:
        raise HTTPException(400, "this form cannot be read: send it from the page") from None


def _read_language(given: Mapping[str, str]) -> Text:
    language = given.get("lang", "")
    if language not in LANGUAGES:
        # A page that sends here says its language in its own address.
        asked = dict(parse_qsl(given.get("next", "").partition("?")[2])).get("lang", "")
        language = asked if asked in LANGUAGES else get_settings().language
    return Text(language)


async def _refuse(_request: Request) -> Response:
    # Without this the address would fall through to the pages.
    raise HTTPException(404)


def routes() -> list[BaseRoute]:
    """Return the doors; the guard lets everybody through to ``/login`` and ``/logout``."""
    return [
        Route("/login", _open_login, methods=["GET", "POST"]),
        Route("/login/wall", _open_wall),
        *oidc.routes(enter),
        Route("/login/{path:path}", _refuse),
        Route("/logout", _sign_out, methods=["GET", "POST"]),
        Route("/password", _open_password, methods=["GET", "POST"]),
        Route("/post", _open_post, methods=["GET", "POST"]),
    ]

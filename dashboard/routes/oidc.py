"""Signing in by the organisation's sign-on: ``/login/oidc`` sends there, ``/login/oidc/callback`` comes back.

OpenID Connect by authlib: discovery, the authorization code with PKCE, state and nonce, and a signed identity
token. What a browser needs between going and coming is in a short-lived signed cookie of its own. Who the
organisation knows but nobody prepared an account for stays outside.
"""

import logging
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlencode

import httpx
from anyio import to_thread
from authlib.common.errors import AuthlibBaseError
from joserfc.errors import JoseError
from starlette.datastructures import URL
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from dashboard.i18n import LANGUAGES, Text
from dashboard.routes.cookies import derive_secret, is_https
from geo.errors import DatabaseUnavailable, NotSignedIn
from geo.model.actor import NOBODY
from geo.operations import accounts
from geo.settings import get_settings
from geo.store.engine import acting_as

Enter = Callable[[Request, str, str | None, Text], Awaitable[Response]]

_KEPT_S: Final = 600
_TIMEOUT_S: Final = 10
# Whatever a provider that is down, misconfigured or not what it says it is makes of the exchange.
_FAILURES: Final = (
    AuthlibBaseError,
    JoseError,
    httpx.HTTPError,
    ValueError,
    KeyError,
    TypeError,
    RuntimeError,
)
_log = logging.getLogger(__name__)


def is_configured() -> bool:
    """Whether this installation has a sign-on of an organisation."""
    return bool(get_settings().oidc_issuer)


def routes(enter: Enter) -> list[BaseRoute]:
    """Return both routes; ``enter`` lets in whoever holds a token, to where he wanted to go."""

    async def go(request: Request) -> Response:
        lang = request.query_params.get("lang", "")
        request.session["lang"] = lang if lang in LANGUAGES else get_settings().language
        request.session["next"] = request.query_params.get("next", "/")[:1000]
        if not is_configured():
            return _send_back(request, "oidc")
        callback = URL(scope=request.scope).replace(path="/login/oidc/callback", query="")
        if is_https(request.scope):
            callback = callback.replace(scheme="https")
        try:
            response: Response = await _get_provider().authorize_redirect(request, str(callback))
        except _FAILURES as failure:
            _log.warning("the organisation's sign-on cannot be reached: %s", failure)
            return _send_back(request, "oidc")
        return response

    async def come_back(request: Request) -> Response:
        if not is_configured():
            return _send_back(request, "oidc")
        try:
            claims = await _read_claims(request)
            token = await to_thread.run_sync(_sign_in, claims)
        except _FAILURES as failure:
            _log.warning("the organisation's sign-on let nobody in: %s", failure)
            return _send_back(request, "oidc")
        except NotSignedIn:
            return _send_back(request, "unknown")
        except DatabaseUnavailable:
            return _send_back(request, "database")
        text = Text(request.session.get("lang", get_settings().language))
        wanted = request.session.get("next")
        request.session.clear()
        return await enter(request, token, wanted, text)

    kept = [Middleware(_OwnSession)]
    return [
        Route("/login/oidc", go, middleware=kept),
        Route("/login/oidc/callback", come_back, middleware=kept),
    ]


class _OwnSession:
    """The session of the exchange, signed with the installation's secret, which is read when first needed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = SessionMiddleware(
            self._app,
            secret_key=derive_secret("oidc"),
            session_cookie="wangge_oidc",
            max_age=_KEPT_S,
            path="/login",
            same_site="lax",
            https_only=is_https(scope),
        )
        await session(scope, receive, send)


async def _read_claims(request: Request) -> dict[str, Any]:
    """Return what the organisation says about whoever came back, after everything about it was verified."""
    provider = _get_provider()
    token = await provider.authorize_access_token(request)
    claims: dict[str, Any] = dict(token["userinfo"])
    metadata = await provider.load_server_metadata()
    if claims["iss"] != get_settings().oidc_issuer:
        msg = f"it calls itself {claims['iss']}, which WANGGE_OIDC_ISSUER does not say"
        raise ValueError(msg)
    if not claims.get("preferred_username") and metadata.get("userinfo_endpoint"):
        more: dict[str, Any] = dict(await provider.userinfo(token=token))
        if more["sub"] == claims["sub"]:
            return more | claims
    return claims


def _sign_in(claims: dict[str, Any]) -> str:
    login = claims.get("preferred_username") or claims.get("email") or ""
    with acting_as(NOBODY):
        return accounts.sign_in_with_oidc(
            str(claims["iss"]), str(claims["sub"]), str(login), str(claims.get("name") or "")
        )


def _send_back(request: Request, why: str) -> Response:
    known: dict[str, str] = {
        name: request.session.pop(name) for name in ("next", "lang") if name in request.session
    }
    return RedirectResponse(f"/login?{urlencode(known | {'why': why})}", 303)


def _get_provider() -> Any:
    settings = get_settings()
    return _make_provider(settings.oidc_issuer or "", settings.oidc_client_id, settings.oidc_client_secret)


@lru_cache(maxsize=1)
def _make_provider(issuer: str, client_id: str, client_secret: str) -> Any:
    # Only where there is an organisation: it complains at every start about a library that we too must name.
    from authlib.integrations.starlette_client import OAuth  # noqa: PLC0415

    return OAuth().register(
        "organisation",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid profile email",
            "code_challenge_method": "S256",
            "timeout": _TIMEOUT_S,
        },
    )
